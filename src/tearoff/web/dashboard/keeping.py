"""How long people are remembered: the days, what would go now, and how far it is."""

from __future__ import annotations

from typing import Any

from tearoff.accounts.rights import Right
from tearoff.api.v4 import account
from tearoff.api.v4 import keeping as v4
from tearoff.api.v4.fields import BadFields
from tearoff.errors import TearoffError
from tearoff.web.dashboard import sure
from tearoff.web.dashboard.forms import whole_number
from tearoff.web.dashboard.moments import Moments
from tearoff.web.dashboard.pages import page, to
from tearoff.web.dashboard.saying import Problems, problems_of
from tearoff.web.dashboard.screens import Screen
from tearoff.web.dashboard.visit import Visit
from tearoff.web.paper.html import Answer

PATH = "/settings/keeping"
_DAYS = "retention_days"


async def show(visit: Visit) -> Answer:
    asked = visit.query.get("days", "").strip()
    if not asked:
        return await _page(visit)
    try:
        return await _page(visit, looked=await visit.read(v4.RETENTION, days=asked))
    except BadFields as error:
        told = problems_of(visit.words, error).of("days")
        return await _page(visit, Problems({"days": told}), 422, days=asked[:20])


async def save(visit: Visit) -> Answer:
    """A shorter time empties something that cannot come back: it is asked for once more, with what
    would go."""
    typed, words = visit.typed, visit.words
    text = typed.text(_DAYS).strip()
    days = whole_number(text) if text else None
    before = visit.account.retention_days
    is_shorter = days is not None and (before is None or days < before)
    try:
        if is_shorter and not typed.text(sure.YES):
            return await _ask(visit, await visit.read(v4.RETENTION, days=text))
        await visit.do(account.UPDATE, {_DAYS: text if text and days is None else days})
    except TearoffError as error:
        found = problems_of(words, error)
        told = found.of("days") or found.of(_DAYS)
        return await _page(visit, Problems({_DAYS: told} if told else {}, found.page), 422)
    said = words("Saved.") if is_shorter or days is not None else words(
        "Saved. Nothing is forgotten from now on."
    )  # fmt: skip
    return to(visit, PATH, said=said)


async def _ask(visit: Visit, found: v4.Retention) -> Answer:
    words, number = visit.words, _number(visit, found)
    return await sure.ask(
        visit,
        title=words.ngettext(
            "Forget people after {n} day?", "Forget people after {n} days?", found.days
        ),
        text=words(
            "The work begins at once and cannot be taken back. Coupons keep their code, state and"
            " times, and all counts stay. So much is old enough now:"
        ),
        names=[
            words("Coupons whose person is forgotten: {n}", n=number(found.coupons)),
            words("Messages whose text and receiver are forgotten: {n}", n=number(found.messages)),
            words("Answers that are deleted: {n}", n=number(found.replies)),
            words("Reports of services that are deleted: {n}", n=number(found.reports)),
        ],
        values=[(_DAYS, found.days)],
        button=words("Forget them"),
        action=PATH,
        back=visit.address(PATH),
        at="/settings",
    )


def _number(visit: Visit, found: v4.Retention) -> Any:
    """A count as it is shown."""
    moments = Moments(visit.words, visit.account.timezone, visit.now)

    def number(n: int) -> str:
        told = moments.number(n)
        return visit.words("{n} or more", n=told) if found.is_partial else told

    return number


async def _page(
    visit: Visit,
    problems: Problems | None = None,
    status: int = 200,
    looked: v4.Retention | None = None,
    days: str = "",
) -> Answer:
    """`days`: those that were typed and cannot be looked for."""
    found = looked or await visit.read(v4.RETENTION)
    return await page(
        visit,
        "keeping",
        title=visit.words("Keeping and forgetting"),
        at="/settings",
        status=status,
        problems=problems,
        found=found,
        looked=looked,
        days=days or (looked.days if looked else found.retention_days or 365),
        number=_number(visit, found),
    )


SCREENS = (
    Screen(path=PATH, right=Right.SETTINGS, act=show),
    Screen(method="POST", path=PATH, right=Right.SETTINGS, act=save),
)
