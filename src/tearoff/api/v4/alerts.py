"""`/v4/alerts`: what the account is told of without having asked."""

from __future__ import annotations

from datetime import datetime

import msgspec

from tearoff.accounts.rights import Right
from tearoff.alerts import queries
from tearoff.alerts.models import KINDS, POOL_LOW, RIGHTS, Facts
from tearoff.alerts.models import Alert as AlertRow
from tearoff.api.call import Call
from tearoff.api.v4 import fields as f
from tearoff.api.v4 import shapes
from tearoff.api.v4.operation import Operation
from tearoff.api.v4.pages import DEFAULT_LIMIT, LIMIT, Page, cursor_field, page_of
from tearoff.kit.db import Handle

TAG = "Alerts"
STATES = ("standing", "over")


class Alert(msgspec.Struct, frozen=True):
    """`subject`: the id of what it is about, or the name of a budget (`spend-day`), or the
    beginning of numbers. `facts`: `name` of it; `n` of `of`, such as codes left; `at`: since or
    until when; `reason` in the words of the other side. `put_away_at`: somebody has read it."""

    id: int
    kind: str
    subject: str
    facts: Facts
    began_at: datetime
    ended_at: datetime | None
    put_away_at: datetime | None


async def list_alerts(call: Call, db: Handle) -> Page[Alert]:
    limit = call.given.get("limit", DEFAULT_LIMIT)
    (before,) = call.given.get("cursor", (None,))
    is_standing = call.given.get("state", STATES[0]) == STATES[0]
    rows = await queries.page(
        db, call.account.id, _kinds(call), is_standing=is_standing, before=before, limit=limit + 1
    )
    return page_of("alerts", rows, limit, show, lambda row: (row.id,))


async def put_away(call: Call, db: Handle) -> Alert:
    return show(
        await queries.put_away(db, call.account.id, call.given["id"], _kinds(call), call.now)
    )


def _kinds(call: Call) -> list[str]:
    """Whoever can do nothing about it is not told of it."""
    return [kind for kind in KINDS if call.caller.may(RIGHTS[kind])]


def show(row: AlertRow) -> Alert:
    return Alert(
        row.id, row.kind, row.subject, row.facts, row.began_at, row.ended_at, row.put_away_at
    )


_ID = f.path_id("id", "ale", "Id of the alert.", 100001)
_EXAMPLE = Alert(
    100001, POOL_LOW, "100001", Facts("Summer", n=12, of=50), shapes.AT, None, None
)  # fmt: skip

LIST = Operation(
    method="GET",
    path="/v4/alerts",
    tag=TAG,
    right=Right.LOOK,
    summary="What somebody should look at: services that fail, pools that run low, budgets that are"
    " nearly spent. Newest first; only kinds that the caller could do something about. What is over"
    " is kept for 90 days.",
    query=(
        LIMIT,
        cursor_field("alerts", int),
        f.words_field("state", STATES, "Those that stand, or those that are over; `standing` if"
                      " left out.", "standing"),
    ),
    act=list_alerts,
    errors=(201, 300, 301, 302),
    answers={200: ("A page of alerts.", Page[Alert])},
    example=Page([_EXAMPLE], None),
)  # fmt: skip

PUT_AWAY = Operation(
    method="POST",
    path="/v4/alerts/{id}/put-away",
    tag=TAG,
    right=Right.LOOK,
    verb="alert.put_away",
    summary="Somebody has read it: it counts no more at the bell, for nobody. It stands until it is"
    " over.",
    path_fields=(_ID,),
    act=put_away,
    errors=(404,),
    answers={200: ("The alert.", Alert)},
    example=msgspec.structs.replace(_EXAMPLE, put_away_at=shapes.AT),
)

OPERATIONS = (LIST, PUT_AWAY)
