"""`/v4/suppressions`: addresses that get nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from tearoff.accounts.rights import Right
from tearoff.api.call import Call
from tearoff.api.v3 import parameters as p
from tearoff.api.v4 import fields as f
from tearoff.api.v4 import shapes
from tearoff.api.v4.operation import Answered, Operation
from tearoff.api.v4.pages import DEFAULT_LIMIT, LIMIT, Page, cursor_field, write_cursor
from tearoff.coupons.sessions import last_coupons
from tearoff.kit.db import Handle
from tearoff.people import optout_pages, optouts
from tearoff.people.sought import sought

TAG = "Suppressions"
SOURCE = "shop"


async def list_suppressions(call: Call, db: Handle) -> Page[shapes.Suppression]:
    if "address" in call.given:
        found = await optouts.reasons_of(db, call.account.id, call.given["address"])
        return Page(await _shown(call, db, found))
    limit = call.given.get("limit", DEFAULT_LIMIT)
    is_newest = call.given.get("order") == "newest"
    listed = optout_pages.newest if is_newest else optout_pages.by_address
    after = optout_pages.Place(*call.given["cursor"]) if "cursor" in call.given else None
    rows = await listed(db, call.account.id, asked_of(call), after, limit + 1)
    shown = await _shown(call, db, rows[:limit])
    last = rows[limit - 1] if len(rows) > limit else None
    cursor = last and write_cursor("suppressions", (last.created_at, last.address, last.source))
    return Page(shown, cursor)


def asked_of(call: Call) -> optout_pages.Asked:
    """Raises `TooShort`."""
    text = call.given.get("search")
    return optout_pages.Asked(
        sought(text, call.account.country) if text else None,
        call.given.get("source"),
        call.given.get("channel"),
    )


async def _shown(
    call: Call, db: Handle, found: Sequence[optouts.OptOut]
) -> list[shapes.Suppression]:
    asked = [last_coupons.Asked(one.address, one.created_at) for one in found]
    about = await last_coupons.last_coupons(db, call.account.id, asked)
    return [shapes.show_suppression(one, of) for one, of in zip(found, about, strict=True)]


class Count(msgspec.Struct, frozen=True):
    """`at_least`: there are more than were counted."""

    count: int
    at_least: bool


async def count_suppressions(call: Call, db: Handle) -> Count:
    n = await optout_pages.count(db, call.account.id, asked_of(call))
    return Count(min(n, optout_pages.MOST_COUNTED), n > optout_pages.MOST_COUNTED)


async def add_suppression(call: Call, db: Handle) -> shapes.Suppression | Answered:
    address, account_id = call.given["address"], call.account.id
    added = await optouts.add(
        db,
        account_id,
        address,
        source=SOURCE,
        now=call.now,
        reason=call.given.get("reason") or "",
    )
    found = await optouts.of_address(db, account_id, address, SOURCE)
    if found is None:  # somebody took it off at this moment
        raise optouts.NotOptedOut
    shown = shapes.show_suppression(found)
    return shown if added else Answered(200, shown)


async def remove_suppression(call: Call, db: Handle) -> None:
    """A program has its own records; of a person it is asked why."""
    reason = (call.given.get("reason") or "").strip()
    if call.caller.member is not None and not reason:
        raise f.wrong("reason", 200, "Missing parameter: reason.")
    await optouts.remove(db, call.account.id, call.given["address"], now=call.now, reason=reason)


def address(name: str, given: Any) -> str:
    """A phone number (E.164) or an e-mail address, lower-case."""
    if "@" in given:
        return p.email(name, given).lower()
    return p.any_phone(name, given)


_ADDRESS = f.text_field(
    "address", address, "A phone number in E.164, or an e-mail address.", "+32470001234",
    required=True,
)  # fmt: skip

REASON = f.text_field("reason", p.text(200), "Why.", "Asked by phone")

_FILTERS = (
    f.text_field("search", p.text(100), "Only these: a number in any spelling, an e-mail address,"
                 " or the end of one (four characters or more).", "0470 00 12 34"),
    f.words_field("source", optout_pages.SOURCES, "Only those that came so.", "shop"),
    f.words_field("channel", optout_pages.CHANNELS, "Only numbers, or only e-mail addresses.",
                  "sms"),
)  # fmt: skip

LIST = Operation(
    method="GET",
    path="/v4/suppressions",
    tag=TAG,
    right=Right.LOOK,
    summary="Who gets nothing, in the order of addresses or the newest first.",
    query=(
        LIMIT,
        cursor_field("suppressions", datetime, str, str),
        *_FILTERS,
        f.words_field("order", ("address", "newest"), "`address` if left out."),
        f.text_field("address", address, "Only why this one stands there, oldest first: a phone"
                     " number in E.164, or an e-mail address.", "+32470001234"),
    ),
    act=list_suppressions,
    errors=(201, 300, 301, 305),
    answers={200: ("A page of suppressions.", Page[shapes.Suppression])},
    example=Page([shapes.SUPPRESSION], None),
)  # fmt: skip

COUNT = Operation(
    method="GET",
    path="/v4/suppressions/count",
    tag=TAG,
    right=Right.LOOK,
    summary="How many entries of that list there are, up to ten thousand.",
    query=_FILTERS,
    act=count_suppressions,
    errors=(201, 300, 301),
    answers={200: ("How many.", Count)},
    example=Count(12, at_least=False),
)

REMOVE = Operation(
    method="DELETE",
    path="/v4/suppressions/{address}",
    tag=TAG,
    right=Right.LIFT,
    verb="suppression.remove",
    personal=True,
    noted=("reason",),
    summary="Take an address off the list, for whatever reasons it stands there. Only where its"
    " owner has asked for that.",
    path_fields=(_ADDRESS,),
    query=(REASON,),
    act=remove_suppression,
    errors=(201, 300, 301, 305, 501),
    answers={204: ("It is on the list no more.", None)},
)

ADD = Operation(
    method="POST",
    path="/v4/suppressions",
    tag=TAG,
    right=Right.PEOPLE,
    verb="suppression.add",
    personal=True,
    summary="Send nothing to an address any more.",
    body=(_ADDRESS, REASON),
    act=add_suppression,
    errors=(200, 201, 300, 301, 305),
    answers={
        201: ("It is on the list.", shapes.Suppression),
        200: ("The shop had put it there before; nothing was changed.", shapes.Suppression),
    },
    example=shapes.SUPPRESSION,
)

OPERATIONS = (LIST, COUNT, ADD, REMOVE)
