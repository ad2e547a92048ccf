"""What is done to several campaigns at once, after their number and the filter were confirmed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from tearoff.accounts.rights import Right
from tearoff.api.v4 import campaigns as v4
from tearoff.api.v4 import campaigns_together as together
from tearoff.coupons.campaigns.listing import STATES
from tearoff.coupons.campaigns.many import MOST, ListChanged
from tearoff.coupons.rules import CampaignNotFound
from tearoff.errors import Conflict, Invalid
from tearoff.kit.words import Words
from tearoff.web.dashboard import sure
from tearoff.web.dashboard.campaigns import AT, STATE_NAMES, back_to_list, count_of, list_address
from tearoff.web.dashboard.forms import whole_number
from tearoff.web.dashboard.saying import problems_of
from tearoff.web.dashboard.screens import Screen
from tearoff.web.dashboard.visit import Visit
from tearoff.web.paper.html import Answer

_NAMED = 12
_DOES = ("paused", "archived")


class Unreadable(Exception):
    """The filter that the list had counted is missing, or is none: never read as "all"."""


async def change(visit: Visit) -> Answer:
    """What was ticked, or all that the list's filter finds. Asks once more, with the number."""
    words, typed = visit.words, visit.typed
    status = typed.text("status")
    if status not in _DOES:
        return back_to_list(visit, words("Choose what is to be done."))
    if typed.is_ticked("all"):
        return await _change_all(visit, status)
    found = map(whole_number, typed.texts("campaigns")[:MOST])
    ids = [one for one in found if one is not None]
    if not ids:
        return back_to_list(visit, words("Tick the campaigns that it is about."))
    given = {"status": status, "campaigns": ids}
    if typed.text(sure.YES):
        return await _done(visit, given)
    values = [("campaigns", one) for one in ids]
    return await _ask(visit, status, len(ids), "", values, names=await _names(visit, ids))


async def _change_all(visit: Visit, status: str) -> Answer:
    words, typed = visit.words, visit.typed
    try:
        filters = _filters(typed.text("matching"))
    except Unreadable:
        text = words("The filter of this list could not be read. Nothing was changed: try again.")
        return back_to_list(visit, text)
    count = whole_number(typed.text("count"))
    if typed.text(sure.YES) and count is not None:
        given = {"status": status, "matching": filters, "count": count}
        try:
            return await _done(visit, given)
        except ListChanged as error:
            note = words("The list has changed meanwhile. It finds another number now.")
            return await _ask_all(visit, status, filters, error.found, note)
    return await _ask_all(visit, status, filters, await count_of(visit, filters))


def _filters(text: str) -> dict[str, str]:
    """Raises `Unreadable`."""
    try:
        found = msgspec.json.decode(text, type=dict[str, str])
    except msgspec.DecodeError:
        raise Unreadable from None
    if not found.keys() <= {"state", "search"} or found.get("state") not in (*STATES, v4.LIVE):
        raise Unreadable
    return found


async def _ask_all(
    visit: Visit, status: str, filters: dict[str, str], count: int, note: str = ""
) -> Answer:
    values = [("all", "1"), ("matching", visit.typed.text("matching")), ("count", count)]
    told = f"{note} {_filter_in_words(visit.words, filters)}".strip()
    return await _ask(visit, status, count, told, values, status_code=409 if note else 200)


def _filter_in_words(words: Words, filters: dict[str, str]) -> str:
    """What the confirmation repeats."""
    name = STATE_NAMES[filters["state"]]
    state = words(name)
    if "search" in filters:
        return words(
            "These are all that match “{search}” under “{state}”.",
            search=filters["search"], state=state,
        )  # fmt: skip
    return words("These are all under “{state}”.", state=state)


async def _ask(
    visit: Visit,
    status: str,
    count: int,
    filter: str,
    values: Sequence[tuple[str, object]],
    *,
    names: list[str] | None = None,
    status_code: int = 200,
) -> Answer:
    words = visit.words
    if status == "paused":
        title = words.ngettext("Pause {n} campaign?", "Pause {n} campaigns?", count)
        text = words("Their coupons cannot be used until you resume them. Nobody is told.")
        button = words.ngettext("Pause {n}", "Pause {n}", count)
    else:
        title = words.ngettext("Archive {n} campaign?", "Archive {n} campaigns?", count)
        text = words(
            "Their coupons cannot be used any more, and they leave the list. You find them under"
            " Archived. Nobody is told."
        )
        button = words.ngettext("Archive {n}", "Archive {n}", count)
    return await sure.ask(
        visit,
        title=title,
        text=f"{filter} {text}".strip(),
        button=button,
        action=f"{AT}/chosen",
        back=list_address(visit),
        at=AT,
        names=names or (),
        values=[("status", status), *values],
        status=status_code,
    )


async def _names(visit: Visit, ids: list[int]) -> list[str]:
    """Of so few that they can be read."""
    if len(ids) > _NAMED:
        return []
    try:
        return [(await visit.read(v4.GET, id=one)).name for one in ids]
    except CampaignNotFound:
        return []


async def _done(visit: Visit, given: dict[str, Any]) -> Answer:
    words = visit.words
    try:
        done = await visit.do(together.TOGETHER, given, once=visit.typed.text("once"))
    except ListChanged:
        raise
    except (Invalid, Conflict) as error:
        return back_to_list(visit, problems_of(words, error).without())
    if done is None:  # the same form, sent again
        return back_to_list(visit, "")
    n = len(done.changed)
    if given["status"] == "paused":
        said = words.ngettext("{n} campaign is paused.", "{n} campaigns are paused.", n)
    else:
        said = words.ngettext("{n} campaign is archived.", "{n} campaigns are archived.", n)
    if done.unchanged:
        said += " " + words.ngettext(
            "{n} stayed as it was: it does not fit.", "{n} stayed as they were: it does not fit.",
            done.unchanged,
        )  # fmt: skip
    return back_to_list(visit, said)


SCREENS = (Screen(method="POST", path="/campaigns/chosen", right=Right.EDIT, act=change),)
