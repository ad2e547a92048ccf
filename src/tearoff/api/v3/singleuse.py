"""`/v3/singleuse/create`, `/v3/singleuse/remove` and `/v3/multiplesingleuse/create`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

import msgspec

from tearoff.accounts.rights import Right
from tearoff.api.call import Call
from tearoff.api.v3 import parameters as p
from tearoff.api.v3.endpoint import Body, Endpoint, once, success_body
from tearoff.api.v3.send_shared import new_session, unique_by
from tearoff.api.v3.shapes import session_url
from tearoff.coupons.campaigns.campaigns import campaign
from tearoff.coupons.models import Campaign
from tearoff.coupons.rules import CampaignNotFound
from tearoff.coupons.sessions import actions, limits, queries
from tearoff.coupons.sessions.events import announce_session
from tearoff.coupons.sessions.minting import (
    ALPHABETS,
    STATUSES,
    Batch,
    Minted,
    ValidationCodes,
    mint,
    read_batch,
    take_turn,
    turn,
)
from tearoff.distribution.draft import to_utc
from tearoff.kit.db import Handle

DEFAULT_AMOUNT, MOST = 10, 100_000


async def create_single_use(call: Call, db: Handle) -> dict[str, Any]:
    given = call.given
    found = await campaign(db, call.account.id, given["campaign"])
    if found is None:
        raise CampaignNotFound
    new = msgspec.structs.replace(
        new_session(given),
        phone=given["phone"][1].e164 if given["phone"] else None,
        validation_code=given["customvalcode"],
        expires_at=to_utc(given["expiry_date"], found.timezone),
    )
    issued = await actions.issue_session(
        db,
        found,
        new,
        now=call.now,
        unique_by=unique_by(given["duplicate_check"], given),
        automatic_code=given["autovalcode"],
    )
    if call.listener is not None and not issued.is_duplicate:
        made = await actions.find_session(db, call.account.id, issued.code)
        await announce_session(db, call.listener, "coupon_distributed", made, call.now)
    return {
        "campaign": found.ref,
        "action": "single_use_code_created",
        "single_use_code": issued.code,
        "single_use_url": session_url(call, found, issued.code),
        "widget_validation_code": issued.code[:6],
        "custom_validation_code": issued.validation_code or "",
        "customid": issued.customid or "",
        "duplicate": "1" if issued.is_duplicate else "0",
    }


def _both_codes(found: Mapping[str, Any]) -> p.Problem | None:
    if found["autovalcode"] and found["customvalcode"]:
        return 300, "Use either customvalcode or autovalcode, not both."
    return None


_AUTOMATIC = p.string(
    "autovalcode",
    p.one_of("6digits", "8digits", "10digits"),
    "Let a validation code of so many digits be made.",
    "8digits",
)

CREATE_SINGLE_USE = Endpoint(
    path="/v3/singleuse/create",
    right=Right.SEND,
    summary="Make one session of a campaign and get its link.",
    parameters=(
        p.CAMPAIGN,
        *p.CONSUMER,
        p.string("phone", p.phone, "Phone number of the consumer, E.164.", "+32470001234"),
        *p.CUSTOM,
        p.string(
            "customvalcode",
            p.seen(100),
            "Your own validation code, at most 100 characters; not together with autovalcode.",
        ),
        msgspec.structs.replace(_AUTOMATIC, also=_both_codes),
        p.DUPLICATE_CHECK,
        p.EXPIRY,
        *p.UTM,
    ),
    act=create_single_use,
    errors=(200, 300, 301, 302, 303, 305, 502, 516),
    example={
        "status": {"status": "OK"},
        "campaign": "cam_100001",
        "action": "single_use_code_created",
        "single_use_code": "ac6s7u3g8a25ja7x9qg87",
        "single_use_url": "https://coupons.example.com/p/vuhykb/ac6s7u3g8a25ja7x9qg87",
        "widget_validation_code": "ac6s7u",
        "custom_validation_code": "",
        "customid": "42",
        "duplicate": "0",
    },
)


async def create_many(call: Call) -> tuple[int, Body]:
    """Everything is made and committed first; then the answer is read back in lots, so that a
    large one needs no memory."""
    async with turn(call.account.id, call.given["amount"] or DEFAULT_AMOUNT):
        made = await once(call, lambda db: _mint(call, db))
    return 200, await stream_batch(call, made)


async def stream_batch(call: Call, made: bytes) -> Body:
    """The answer to a minting, from the batch it made (which is also what its key stores)."""
    batch = msgspec.json.decode(made, type=Batch)
    db = call.doors.services.db
    found = await campaign(db, call.account.id, call.given["campaign"])
    if found is None:
        raise CampaignNotFound
    return _many(call, found, read_batch(db, batch))


async def _mint(call: Call, db: Handle) -> bytes:
    given = call.given
    found = await campaign(db, call.account.id, given["campaign"])
    if found is None:
        raise CampaignNotFound
    validation = _validation_codes(given)
    amount = given["amount"] or DEFAULT_AMOUNT
    status = given["status"] or "normal"
    await take_turn(db, call.account.id, amount)
    found = await queries.hold_limits(db, found)
    claims = limits.of_claim(found, amount) if status == "activated" else []
    await limits.count(db, found, [*limits.of_session(found, amount), *claims], call.now)
    batch = await mint(db, found, amount, call.now, status=status, validation=validation)
    return msgspec.json.encode(batch)


def _validation_codes(given: Mapping[str, Any]) -> ValidationCodes | None:
    if not given["automated_codes"]:
        return None
    return ValidationCodes(given["code_prefix"], given["code_length"], given["code_type"])


async def _many(
    call: Call, found: Campaign, lots: AsyncIterator[list[Minted]]
) -> AsyncIterator[bytes]:
    head = success_body({"campaign": found.ref, "action": "multiple_single_use_codes_created"})
    yield head[:-1] + b',"data":['
    comma = b""
    async for lot in lots:
        rows = (msgspec.json.encode(_single_use(call, found, minted)) for minted in lot)
        yield comma + b",".join(rows)
        comma = b","
    yield b"]}"


def _single_use(call: Call, found: Campaign, minted: Minted) -> dict[str, Any]:
    return {
        "single_use_code": minted.code,
        "sequence_id": minted.id,
        "single_use_url": session_url(call, found, minted.code),
        "widget_validation_code": minted.code[:6],
        "custom_validation_code": minted.validation_code or "",
    }


async def remove_single_use(call: Call, db: Handle) -> dict[str, Any]:
    found = await actions.find_session(db, call.account.id, call.given["single_use_code"])
    if await campaign(db, call.account.id, call.given["campaign"]) is None:
        raise CampaignNotFound
    if found.campaign.id != call.given["campaign"]:
        raise actions.SessionNotFound
    await actions.remove_session(db, found, call.now)
    return {
        "campaign": found.campaign.ref,
        "action": "single_use_code_removed",
        "single_use_code": found.session.code,
    }


def _makes_codes(found: Mapping[str, Any]) -> bool:
    return found["automated_codes"] is True


_OF_CODES = (
    p.string("code_prefix", p.seen(50), "What these codes begin with.", "AUTUMN-"),
    p.whole("code_length", 10, 25, "Length after the prefix, 10 to 25.", 10),
    p.string("code_type", p.one_of(*ALPHABETS), "Their letters.", "alphanumeric"),
)

CREATE_MANY = Endpoint(
    path="/v3/multiplesingleuse/create",
    right=Right.SEND,
    summary="Make up to 100,000 sessions of a campaign at once.",
    parameters=(
        p.CAMPAIGN,
        p.whole("amount", 1, MOST, f"How many; {DEFAULT_AMOUNT} unless given.", 2),
        p.string("status", p.one_of(*STATUSES), "State of the new sessions: `voided` ones must be"
                 " unvoided first, `activated` ones are claimed already.", "normal"),
        p.yes_or_no("automated_codes", "Whether validation codes are made too; the next three are"
                    " required then."),
        *(p.needed_when(each, _makes_codes) for each in _OF_CODES),
    ),
    act_alone=create_many,
    replay=stream_batch,
    errors=(200, 300, 301, 302, 502, 516),
    example={
        "status": {"status": "OK"},
        "campaign": "cam_100001",
        "action": "multiple_single_use_codes_created",
        "data": [
            {
                "single_use_code": "ac6s7u3g8a25ja7x9qg87",
                "sequence_id": 18001837,
                "single_use_url": "https://coupons.example.com/p/vuhykb/ac6s7u3g8a25ja7x9qg87",
                "widget_validation_code": "ac6s7u",
                "custom_validation_code": "",
            }
        ],
    },
)  # fmt: skip

REMOVE_SINGLE_USE = Endpoint(
    path="/v3/singleuse/remove",
    right=Right.SEND,
    summary="Remove a session that was not taken in; its link leads nowhere from then on.",
    parameters=(
        p.CAMPAIGN,
        p.string("single_use_code", p.session_code, p.SESSION.help, "ac6s7u3g8a25ja7x9qg87",
                 required=True),
    ),
    act=remove_single_use,
    errors=(200, 301, 502, 505, 506),
    example={
        "status": {"status": "OK"},
        "campaign": "cam_100001",
        "action": "single_use_code_removed",
        "single_use_code": "ac6s7u3g8a25ja7x9qg87",
    },
)  # fmt: skip

ENDPOINTS = (CREATE_SINGLE_USE, CREATE_MANY, REMOVE_SINGLE_USE)
