"""`/v4/suppressions/import`: many addresses that get nothing, from a file."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

import msgspec

from tearoff.accounts.rights import Right
from tearoff.api.call import Call
from tearoff.api.v4 import fields as f
from tearoff.api.v4.lists import ASKED, MOST_BYTES, asked_of
from tearoff.api.v4.operation import File, Operation, encode
from tearoff.api.v4.suppressions import REASON, TAG
from tearoff.kit.db import Handle
from tearoff.kit.spool import Upload
from tearoff.kit.tables.models import Reading
from tearoff.kit.tables.reading import Table, opened
from tearoff.people import optout_lists
from tearoff.people.optout_lists import CheckedOptouts, ImportedOptouts, OptoutLine, OtherColumn


@contextlib.asynccontextmanager
async def _opened(call: Call, upload: Upload) -> AsyncIterator[Table]:
    """Zeros in front of a number mean nothing."""
    asked = msgspec.structs.replace(asked_of(call), numeric=True)
    async with opened(upload.path, optout_lists.COLUMN, asked) as table:
        yield table


async def import_suppressions(call: Call, upload: Upload) -> tuple[int, bytes]:
    async def noted(db: Handle, n: int) -> None:
        await call.note(db, "suppression.import", after={"addresses": n})

    async with _opened(call, upload) as table:
        done = await optout_lists.import_list(
            call.doors.services.db,
            call.account.id,
            table,
            country=call.account.country,
            reason=call.given.get("reason") or "",
            now=call.now,
            noted=noted,
            named=call.given.get("named", optout_lists.NAMED),
        )
    return 200, encode(done)


async def check_suppressions(call: Call, upload: Upload) -> tuple[int, bytes]:
    async with _opened(call, upload) as table:
        found = await optout_lists.check_list(
            call.doors.services.db,
            call.account.id,
            table,
            country=call.account.country,
            named=call.given.get("named", optout_lists.NAMED),
        )
    return 200, encode(found)


_NAMED = f.query_integer(
    "named", "So many lines of each kind that did not come in are named; 1000 if left out.", 1000,
    least=1, most=optout_lists.MOST,
)  # fmt: skip
_FILE = File(
    optout_lists.COLUMN.field, "text/csv", MOST_BYTES, "phone\n+32470001234\nann@example.com\n"
)
_BAD = [OptoutLine(4, "not an international number", "12")]
_KNOWN = [
    OptoutLine(3, optout_lists.ALREADY, "+32470001234"),
    OptoutLine(5, optout_lists.TWICE, "+32470001234"),
]
_READING = Reading(
    "csv", "utf-8", "", "", True, "phone", "first line read as header: column 'phone' taken"
)
_OTHERS = [OtherColumn(2, "email", 3)]

IMPORT = Operation(
    method="POST",
    path="/v4/suppressions/import",
    tag=TAG,
    right=Right.PEOPLE,
    verb="suppression.import",
    personal=True,
    summary="Put up to 100,000 addresses on the list: one a line, or a CSV or XLSX with a"
    " column of them, as any program writes it. National numbers are read as those of the"
    " account's country. Lines that cannot be read are named, the others are taken."
    " `added`, `already`, `twice` and `bad` are together all `rows`."
    " One column is taken: `others` are those with addresses in them that are not on the list.",
    query=(*ASKED, REASON, _NAMED),
    takes=_FILE,
    act_on_upload=import_suppressions,
    errors=(201, 300, 301),
    answers={200: ("What is on the list now, and what could not be read.", ImportedOptouts)},
    example=ImportedOptouts(4, 1, 1, 1, 1, _BAD, _KNOWN, _READING, _OTHERS),
)

CHECK = Operation(
    method="POST",
    path="/v4/suppressions/import/check",
    tag=TAG,
    right=Right.PEOPLE,
    summary="Look at such a list and put nobody on the opt-out list.",
    query=(*ASKED, _NAMED),
    takes=_FILE,
    act_on_upload=check_suppressions,
    errors=(201, 300, 301),
    answers={200: ("What importing it would do.", CheckedOptouts)},
    example=CheckedOptouts(4, 1, 1, 1, 1, _BAD, _KNOWN, _READING, _OTHERS),
)

OPERATIONS = (IMPORT, CHECK)
