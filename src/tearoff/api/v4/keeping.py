"""`/v4/retention`, `/v4/people` and a session's person: how long people are remembered, and how
one of them is erased."""

from __future__ import annotations

from datetime import datetime

import msgspec

from tearoff.accounts.account_settings import LEAST_KEPT, MOST_KEPT
from tearoff.accounts.rights import Right
from tearoff.api.call import Call
from tearoff.api.v4 import fields as f
from tearoff.api.v4.operation import Operation
from tearoff.api.v4.sessions import CODE
from tearoff.api.v4.suppressions import address
from tearoff.coupons.sessions import actions
from tearoff.keeping import erasing, finding, retention
from tearoff.keeping.models import Counts, Found, counts_of
from tearoff.kit.db import Handle

TAG = "Keeping and forgetting"


class Run(msgspec.Struct, frozen=True):
    """The last time that old data was gone through: what was emptied in it. `finished_at` is null
    while it goes on. `others`: answers, reports, events and scans."""

    before: datetime
    started_at: datetime
    finished_at: datetime | None
    coupons: int
    messages: int
    others: int


class Retention(msgspec.Struct, frozen=True):
    """What would be emptied now if everything older than `days` forgot its people. `is_partial`:
    it may be more, as not all of a large account was looked at. `retention_days` is what is set."""

    retention_days: int | None
    days: int
    before: datetime
    coupons: int
    messages: int
    replies: int
    reports: int
    events: int
    is_partial: bool
    last_run: Run | None


async def get_retention(call: Call, db: Handle) -> Retention:
    account = call.account
    days = call.given.get("days") or account.retention_days or MOST_KEPT
    before = retention.before(call.now, days)
    old = await retention.preview(db, account.id, before)
    run = await retention.last_run(db, account.id)
    return Retention(
        account.retention_days, days, before, old.sessions, old.messages, old.replies,
        old.arrivals, old.events, old.is_partial,
        None if run is None else Run(*msgspec.structs.astuple(run)),
    )  # fmt: skip


async def look_at_session(call: Call, db: Handle) -> Counts:
    return counts_of(await _of_session(call, db))


async def erase_session(call: Call, db: Handle) -> Counts:
    return await _erase(call, db, await _of_session(call, db))


async def look_at_person(call: Call, db: Handle) -> Counts:
    return counts_of(await _of_address(call, db))


async def erase_person(call: Call, db: Handle) -> Counts:
    return await _erase(call, db, await _of_address(call, db))


async def _of_session(call: Call, db: Handle) -> Found:
    found = await actions.find_session(db, call.account.id, call.given["code"])
    return await finding.of_session(db, call.account.id, found.session.id, call.now)


async def _of_address(call: Call, db: Handle) -> Found:
    given = finding.addresses_of([call.given["address"]])
    return await finding.of_addresses(db, call.account.id, given, call.now)


async def _erase(call: Call, db: Handle, found: Found) -> Counts:
    if not found.is_nothing:
        await erasing.erase(call.doors.services, db, call.account.id, found, call.now)
    return counts_of(found)


_ADDRESS = f.text_field(
    "address", address, "A phone number in E.164, or an e-mail address.", "+32470001234",
    required=True,
)  # fmt: skip
_COUNTS = Counts(1, 2, 1, 0, 3, 2, opted_out=False)
_SAID = (
    " Everything under their number and mail address, in whatever spelling, is emptied: coupons"
    " keep their code, state and times, messages their state and price; contacts and answers are"
    " deleted. On the opt-out list a keyed mark stays. It cannot be taken back."
)

RETENTION = Operation(
    method="GET",
    path="/v4/retention",
    tag=TAG,
    right=Right.SETTINGS,
    summary="What would be emptied if people were forgotten after so many days, and what was.",
    query=(
        f.query_integer("days", "Days; what is set if left out.", 365, least=LEAST_KEPT,
                        most=MOST_KEPT),
    ),
    act=get_retention,
    errors=(201, 300, 301),
    answers={200: ("What is old.", Retention)},
    example=Retention(
        365, 365, datetime.fromisoformat("2025-11-23T11:30:00Z"), 812, 790, 0, 0, 0,
        False, None,
    ),
)  # fmt: skip
LOOK_AT_SESSION = Operation(
    method="GET",
    path="/v4/sessions/{code}/person",
    tag=TAG,
    right=Right.ERASE,
    summary="How much is known of the person who has this coupon.",
    path_fields=(CODE,),
    act=look_at_session,
    errors=(404, 505),
    answers={200: ("What erasing them would empty.", Counts)},
    example=_COUNTS,
)
ERASE_SESSION = Operation(
    method="DELETE",
    path="/v4/sessions/{code}/person",
    tag=TAG,
    right=Right.ERASE,
    verb="person.erase",
    personal=True,
    summary="Erase the person who has this coupon." + _SAID,
    path_fields=(CODE,),
    act=erase_session,
    errors=(404, 503, 505),
    answers={200: ("What was emptied.", Counts)},
    example=_COUNTS,
)
LOOK_AT_PERSON = Operation(
    method="POST",
    path="/v4/people/find",
    tag=TAG,
    right=Right.ERASE,
    summary="How much is known under a number or mail address.",
    body=(_ADDRESS,),
    act=look_at_person,
    errors=(200, 201, 300, 301, 305),
    answers={200: ("What erasing them would empty.", Counts)},
    example=_COUNTS,
)
ERASE_PERSON = Operation(
    method="POST",
    path="/v4/people/erase",
    tag=TAG,
    right=Right.ERASE,
    verb="person.erase",
    personal=True,
    summary="Erase a person by their number or mail address." + _SAID,
    body=(_ADDRESS,),
    act=erase_person,
    errors=(200, 201, 300, 301, 305, 503),
    answers={200: ("What was emptied.", Counts)},
    example=_COUNTS,
)

OPERATIONS = (RETENTION, LOOK_AT_SESSION, ERASE_SESSION, LOOK_AT_PERSON, ERASE_PERSON)
