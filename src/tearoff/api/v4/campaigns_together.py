"""`/v4/campaigns/together`: one thing done to several campaigns, or to all that a list finds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from tearoff.accounts.rights import Right
from tearoff.api.call import Call
from tearoff.api.v3 import parameters as p
from tearoff.api.v4 import campaigns as one
from tearoff.api.v4 import fields as f
from tearoff.api.v4.operation import Operation
from tearoff.coupons.campaigns import listing, many
from tearoff.coupons.campaigns.many import MOST, ListChanged
from tearoff.coupons.sessions import events
from tearoff.kit.db import Handle

_PAGING = ("limit", "cursor", "sort")
FILTERS = tuple(field for field in one.LIST.query if field.name not in _PAGING)


class Matching(msgspec.Struct, frozen=True):
    """How many campaigns a list finds, on all of its pages."""

    count: int


class Together(msgspec.Struct, frozen=True):
    """The campaigns that were changed, and how many stayed as they were because it does not fit
    their status."""

    changed: list[int]
    unchanged: int


async def count_matching(call: Call, db: Handle) -> Matching:
    return Matching(len(await _matching(call, db, call.given)))


async def change_together(call: Call, db: Any) -> Together:
    ids = await _chosen(call, db)
    by = call.caller.member.name if call.caller.member else one.BY
    done = await many.set_status(db, call.account.id, ids, call.given["status"], call.now, by=by)
    for entry in done:
        await events.announce_campaign(
            db, call.listener, "coupon_updated", entry.campaign, call.now
        )
    return Together([entry.campaign.id for entry in done], len(ids) - len(done))


async def _chosen(call: Call, db: Handle) -> list[int]:
    """Those named, or those that the filter finds, if they are as many as whoever asks for it has
    seen. Without either, none: what is missing is never taken for all."""
    given = call.given
    if ("campaigns" in given) == ("matching" in given):
        raise f.wrong("campaigns", 200, "Give either campaigns or matching.")
    if "campaigns" in given:
        return list(given["campaigns"])
    if "count" not in given:
        raise f.wrong("count", 200, "Missing parameter: count")
    found = await _matching(call, db, given["matching"])
    if len(found) != given["count"]:
        raise ListChanged(len(found))
    if len(found) > MOST:
        text = f"Value too high in parameter: count. At most {MOST} at once."
        raise f.wrong("count", 300, text)
    return found


async def _matching(call: Call, db: Handle, given: Mapping[str, Any]) -> list[int]:
    return await listing.matching(db, call.account.id, one.asked(given), now=call.now)


def _filter(name: str, given: Any) -> dict[str, Any]:
    """The list's own filters, at least one of them."""
    if not isinstance(given, dict) or not given:
        text = f"Invalid value in parameter: {name}. Use an object with at least one filter."
        raise p.WrongValue(301, text)
    try:
        texts = {key: str(v) if isinstance(v, int) else v for key, v in given.items()}
        return f.read_fields(FILTERS, texts)
    except f.BadFields as bad:
        told = f"Invalid value in parameter: {name}. {bad.problems[0].detail}"
        raise p.WrongValue(bad.problems[0].code, told) from None


def _ids(name: str, given: Any) -> tuple[int, ...]:
    if not isinstance(given, list) or not 1 <= len(given) <= MOST:
        text = f"Invalid value in parameter: {name}. Use an array of 1 to {MOST} ids."
        raise p.WrongValue(301, text)
    return tuple(dict.fromkeys(f.integer(1, 2**53 - 1)(name, item) for item in given))


COUNT = Operation(
    method="GET",
    path="/v4/campaigns/matching",
    tag=one.TAG,
    right=Right.LOOK,
    summary="How many campaigns a list finds.",
    query=FILTERS,
    act=count_matching,
    errors=(201, 300, 301, 302),
    answers={200: ("Their number.", Matching)},
    example=Matching(88),
)
TOGETHER = Operation(
    method="POST",
    path="/v4/campaigns/together",
    tag=one.TAG,
    right=Right.EDIT,
    verb="campaign.change_together",
    summary="Pause, resume or archive several campaigns, all of them or none. Those whose status it"
    " does not fit stay as they are.",
    body=(
        f.words_field("status", tuple(listing.FROM), "What they become: paused (those that are"
                      " active), active (those that are paused) or archived.", "paused",
                      required=True),
        f.Field(name="campaigns", read=_ids, help="Which ones.", example=[100001],
                schema={"type": "array", "minItems": 1, "maxItems": MOST,
                        "items": {"type": "integer", "minimum": 1}}),
        f.Field(name="matching", read=_filter,
                help="In place of campaigns: all that a list with these filters finds. It has at"
                " least one, by the names of the list's query.",
                schema={"type": "object", "minProperties": 1}),
        f.integer_field("count", f"With matching: how many it finds (at most {MOST}). When it finds"
                        " others by now, nothing is changed: 409.", least=0),
    ),
    act=change_together,
    errors=(200, 201, 300, 301, 302, 409, 422, 502, 515, 521, 542),
    answers={200: ("What was changed.", Together)},
    example=Together([100001], 0),
)  # fmt: skip
OPERATIONS = (COUNT, TOGETHER)
