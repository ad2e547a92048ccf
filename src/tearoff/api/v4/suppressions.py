"""`/v4/suppressions`: addresses that get nothing."""

from __future__ import annotations

from typing import Any

import msgspec

from tearoff.accounts.rights import Right
from tearoff.api.call import Call
from tearoff.api.v3 import parameters as p
from tearoff.api.v4 import fields as f
from tearoff.api.v4 import shapes
from tearoff.api.v4.lists import ASKED, MOST_BYTES, asked_of
from tearoff.api.v4.operation import Answered, File, Operation, encode
from tearoff.api.v4.pages import DEFAULT_LIMIT, LIMIT, Page, cursor_field, page_of
from tearoff.kit.db import Handle
from tearoff.kit.spool import Upload
from tearoff.kit.tables.models import Reading
from tearoff.kit.tables.reading import opened
from tearoff.people import optout_lists, optouts

TAG = "Suppressions"
SOURCE = "shop"


async def list_suppressions(call: Call, db: Handle) -> Page[shapes.Suppression]:
    if "address" in call.given:
        found = await optouts.reasons_of(db, call.account.id, call.given["address"])
        return Page([shapes.show_suppression(one) for one in found])
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


async def import_suppressions(call: Call, upload: Upload) -> tuple[int, bytes]:
    asked = msgspec.structs.replace(asked_of(call), numeric=True)  # zeros in front mean nothing

    async def noted(db: Handle, n: int) -> None:
        await call.note(db, "suppression.import", after={"addresses": n})

    async with opened(upload.path, optout_lists.COLUMN, asked) as table:
        done = await optout_lists.import_list(
            call.doors.services.db,
            call.account.id,
            table,
            country=call.account.country,
            reason=call.given.get("reason") or "",
            now=call.now,
            noted=noted,
        )
    return 200, encode(done)


async def remove_suppression(call: Call, db: Handle) -> None:
    reason = call.given.get("reason") or ""
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

_REASON = f.text_field("reason", p.text(200), "Why.", "Asked by phone")

LIST = Operation(
    method="GET",
    path="/v4/suppressions",
    tag=TAG,
    right=Right.LOOK,
    summary="Who gets nothing, in the order of addresses.",
    query=(
        LIMIT,
        cursor_field("suppressions", str, str),
        f.text_field("address", address, "Only why this one stands there, oldest first: a phone"
                     " number in E.164, or an e-mail address.", "+32470001234"),
    ),
    act=list_suppressions,
    errors=(201, 300, 301, 305),
    answers={200: ("A page of suppressions.", Page[shapes.Suppression])},
    example=Page([shapes.SUPPRESSION], None),
)  # fmt: skip

REMOVE = Operation(
    method="DELETE",
    path="/v4/suppressions/{address}",
    tag=TAG,
    right=Right.PEOPLE,
    verb="suppression.remove",
    personal=True,
    noted=("reason",),
    summary="Take an address off the list, for whatever reasons it stands there.",
    path_fields=(_ADDRESS,),
    query=(_REASON,),
    act=remove_suppression,
    errors=(201, 300, 301, 305, 501),
    answers={204: ("It is on the list no more.", None)},
)

OPERATIONS = (
    LIST,
    Operation(
        method="POST",
        path="/v4/suppressions",
        tag=TAG,
        right=Right.PEOPLE,
        verb="suppression.add",
        personal=True,
        summary="Send nothing to an address any more.",
        body=(_ADDRESS, _REASON),
        act=add_suppression,
        errors=(200, 201, 300, 301, 305),
        answers={
            201: ("It is on the list.", shapes.Suppression),
            200: ("The shop had put it there before; nothing was changed.", shapes.Suppression),
        },
        example=shapes.SUPPRESSION,
    ),
    Operation(
        method="POST",
        path="/v4/suppressions/import",
        tag=TAG,
        right=Right.PEOPLE,
        verb="suppression.import",
        personal=True,
        summary="Put up to 100,000 addresses on the list: one a line, or a CSV or XLSX with a"
        " column of them, as any program writes it. National numbers are read as those of the"
        " account's country. Lines that cannot be read are named, the others are taken.",
        query=(*ASKED, _REASON),
        takes=File(
            optout_lists.COLUMN.field,
            "text/csv",
            MOST_BYTES,
            "phone\n+32470001234\nann@example.com\n",
        ),
        act_on_upload=import_suppressions,
        errors=(201, 300, 301),
        answers={
            200: (
                "What is on the list now, and what could not be read.",
                optout_lists.ImportedOptouts,
            )
        },
        example=optout_lists.ImportedOptouts(
            3,
            1,
            1,
            1,
            [optout_lists.BadLine(4, "not an international number")],
            Reading(
                "csv",
                "utf-8",
                "",
                "",
                True,
                "phone",
                "first line read as header: column 'phone' taken",
            ),
        ),
    ),
    REMOVE,
)
