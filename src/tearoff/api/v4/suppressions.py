"""`/v4/suppressions`: addresses that get nothing."""

from __future__ import annotations

from typing import Any

from tearoff.api.call import Call
from tearoff.api.v3 import parameters as p
from tearoff.api.v4 import fields as f
from tearoff.api.v4 import shapes
from tearoff.api.v4.operation import Answered, Operation
from tearoff.api.v4.pages import DEFAULT_LIMIT, LIMIT, Page, cursor_field, page_of
from tearoff.kit.db import Handle
from tearoff.people import optouts

TAG = "Suppressions"
SOURCE = "shop"


async def list_suppressions(call: Call, db: Handle) -> Page[shapes.Suppression]:
    limit = call.given.get("limit", DEFAULT_LIMIT)
    after = call.given.get("cursor", ("", ""))
    return page_of(
        "suppressions",
        await optouts.page(db, call.account.id, after, limit + 1),
        limit,
        shapes.show_suppression,
        lambda found: (found.address, found.source),
    )


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
    await optouts.remove(db, call.account.id, call.given["address"], now=call.now)


def address(name: str, given: Any) -> str:
    """A phone number (E.164) or an e-mail address, lower-case."""
    if "@" in given:
        return p.email(name, given).lower()
    return p.any_phone(name, given)


_ADDRESS = f.text_field(
    "address", address, "A phone number in E.164, or an e-mail address.", "+32470001234",
    required=True,
)  # fmt: skip

OPERATIONS = (
    Operation(
        method="GET",
        path="/v4/suppressions",
        tag=TAG,
        summary="Who gets nothing, in the order of addresses.",
        query=(LIMIT, cursor_field("suppressions", str, str)),
        act=list_suppressions,
        errors=(201, 300, 301),
        answers={200: ("A page of suppressions.", Page[shapes.Suppression])},
        example=Page([shapes.SUPPRESSION], None),
    ),
    Operation(
        method="POST",
        path="/v4/suppressions",
        tag=TAG,
        summary="Send nothing to an address any more.",
        body=(_ADDRESS, f.text_field("reason", p.text(200), "Why.", "Asked by phone")),
        act=add_suppression,
        errors=(200, 201, 300, 301, 305),
        answers={
            201: ("It is on the list.", shapes.Suppression),
            200: ("The shop had put it there before; nothing was changed.", shapes.Suppression),
        },
        example=shapes.SUPPRESSION,
    ),
    Operation(
        method="DELETE",
        path="/v4/suppressions/{address}",
        tag=TAG,
        summary="Take an address off the list, for whatever reasons it stands there.",
        path_fields=(_ADDRESS,),
        act=remove_suppression,
        errors=(301, 305, 501),
        answers={204: ("It is on the list no more.", None)},
    ),
)
