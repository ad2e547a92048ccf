"""The bell: what somebody should look at, and which of it each person gets by mail."""

from __future__ import annotations

from typing import Any

from tearoff.accounts.rights import Right
from tearoff.alerts import models, queries
from tearoff.alerts.models import Alert as AlertRow
from tearoff.alerts.sentences import KIND_NAMES, PAGES, Sayer
from tearoff.api.v4 import alerts as v4
from tearoff.errors import Invalid
from tearoff.kit import mail
from tearoff.web.dashboard.needs import Need
from tearoff.web.dashboard.pages import page, to
from tearoff.web.dashboard.screens import Screen
from tearoff.web.dashboard.visit import Visit
from tearoff.web.paper.html import Answer
from tearoff.web.paper.reading import patiently

AT = "/alerts"
PAGE = 50
_AT_HOME = (
    models.RECEIPTS_MISSING,
    models.BUDGET_NEAR,
    models.CAMPAIGN_ENDS,
    models.PREFIX_SILENT,
)
"""What Home does not see for itself."""
_MOST = 5


async def show(visit: Visit) -> Answer:
    """Those that stand, then what is over."""
    may = queries.kinds_of(visit.membership.role, visit.who.scopes)
    standing = (await visit.read(v4.LIST, limit=100)).data if may else []
    try:
        over = await _over(visit) if may else None
    except Invalid:  # a cursor of another list
        return to(visit, AT)
    db, person = visit.services.db, visit.who.person_id
    chosen = await patiently(queries.chosen(db, visit.account.id, person))
    return await page(
        visit,
        "alerts",
        title=visit.words("Alerts"),
        at=AT,
        fresh=[_row(visit, one) for one in standing if one.put_away_at is None],
        read=[_row(visit, one) for one in standing if one.put_away_at is not None],
        over=[_row(visit, one) for one in over.data] if over else [],
        first=visit.address(AT) if visit.query.get("cursor") else "",
        next=visit.address(AT, cursor=over.next_cursor) if over and over.next_cursor else "",
        kinds=[(kind, visit.words(KIND_NAMES[kind])) for kind in may],
        chosen=chosen,
        can_mail=mail.can_send(visit.services.settings),
        email=visit.who.email,
    )


async def _over(visit: Visit) -> Any:
    cursor = visit.query.get("cursor") or None
    return await visit.read(v4.LIST, state="over", limit=PAGE, cursor=cursor)


async def needs(visit: Visit) -> list[Need]:
    """For Home: what stands and is told there by nothing else."""
    found = (await visit.read(v4.LIST, limit=100)).data
    told = [_row(visit, a) for a in found if a.kind in _AT_HOME and a.put_away_at is None]
    look = visit.words("Look at it")
    return [Need("warn", one["title"], one["line"], one["link"], look) for one in told[:_MOST]]


def _row(visit: Visit, one: v4.Alert) -> dict[str, Any]:
    account = visit.account
    sayer = Sayer(visit.words, account.timezone, account.currency)
    row = AlertRow(
        one.id, account.id, one.kind, one.subject, one.facts, one.began_at, one.ended_at,
        one.put_away_at,
    )  # fmt: skip
    link = visit.address(PAGES[one.kind].format(one.subject))
    return {"alert": one, "title": sayer.title(row), "line": sayer.line(row), "link": link}


async def put_away(visit: Visit) -> Answer:
    await visit.do(v4.PUT_AWAY, {"id": visit.path["id"]})
    return to(visit, AT, said=visit.words("Put away. It stands below until it is over."))


async def choose(visit: Visit) -> Answer:
    """Somebody's own choice: no right is needed, and only kinds of their role count."""
    may = queries.kinds_of(visit.membership.role, visit.who.scopes)
    kinds = [kind for kind in visit.typed.texts("kinds") if kind in may]
    db, person = visit.services.db, visit.who.person_id
    await patiently(queries.choose(db, visit.account.id, person, kinds))
    return to(visit, f"{AT}#mails", said=visit.words("Saved."))


SCREENS = (
    Screen(path=AT, right=None, act=show),
    Screen(method="POST", path="/alerts/{id:int}/put-away", right=Right.LOOK, act=put_away),
    Screen(method="POST", path="/alerts/mails", right=None, act=choose),
)
