"""`/v3/couponsession/reserve`, `confirm` and `release`: a till holds a coupon while it rings up."""

from __future__ import annotations

from typing import Any

from tearoff.accounts.rights import Right
from tearoff.api.call import Call
from tearoff.api.v3 import parameters as p
from tearoff.api.v3.couponsession import explain_refusal, till_of
from tearoff.api.v3.endpoint import Endpoint
from tearoff.api.v3.shapes import SESSION_EXAMPLE, session_object
from tearoff.coupons import rules
from tearoff.coupons.models import SessionAndCampaign
from tearoff.coupons.sessions import actions, reservations
from tearoff.coupons.sessions.reservations import DEFAULT_SECONDS, SECONDS
from tearoff.coupons.sessions.status import utc
from tearoff.kit.db import Handle

_FOR_HOW_LONG = f"For how long, {SECONDS[0]} to {SECONDS[1]}; {DEFAULT_SECONDS} unless given."


async def reserve(call: Call, db: Handle) -> dict[str, Any]:
    found = await actions.find_session(db, call.account.id, call.given["couponsession"])
    till = await till_of(call, db, found)  # the place must be one of the campaign's
    held = await reservations.reserve(
        db,
        found,
        seconds=call.given["seconds"] or DEFAULT_SECONDS,
        holder=call.caller.name,
        now=call.now,
        location_id=till.location_id,
    )
    return {
        "campaign": found.campaign.ref,
        "action": "session_reserved",
        "session": found.session.code,
        "reservation": held.id,
        "expires_utc": utc(held.until),
    }


async def confirm(call: Call, db: Handle) -> dict[str, Any]:
    reservation = call.given["reservation"]
    found = await reservations.find_reservation(db, call.account.id, reservation, call.now)
    session = await actions.validate(
        db,
        found,
        doer=await till_of(call, db, found),
        now=call.now,
        value=call.given["validation_value"],
        reservation=reservation,
        listener=call.listener,
    )
    return {
        "campaign": found.campaign.ref,
        "action": "session_validated",
        "session": session.code,
        "data": await session_object(call, db, SessionAndCampaign(session, found.campaign)),
    }


async def release(call: Call, db: Handle) -> dict[str, Any]:
    await reservations.release(db, call.account.id, call.given["reservation"], call.now)
    return {"action": "session_released", "reservation": call.given["reservation"]}


async def _explain(call: Call, error: Exception) -> Exception:
    """A refusal with when and where."""
    if not isinstance(error, rules.CannotUse):
        return error
    db = call.doors.services.db
    if call.given.get("couponsession") is not None:
        current = await actions.find_session(db, call.account.id, call.given["couponsession"])
    else:
        reservation = call.given["reservation"]
        current = await reservations.find_reservation(db, call.account.id, reservation, call.now)
    return await explain_refusal(call, db, error, current)


_LOCATION = p.string(
    "redeem_location", p.reference("loc"), "Id of the location of the till.", "loc_100001"
)
_RESERVATION = p.string(
    "reservation",
    p.session_code,
    "What `reserve` gave.",
    "k3v8mqz0a1b2c3d4e5f6g",
    required=True,
)
_REFUSALS = (508, 511, 512, 517, 518, 519)
_OK = {"status": {"status": "OK"}}

ENDPOINTS = (
    Endpoint(
        path="/v3/couponsession/reserve",
        right=Right.REDEEM,
        summary="Hold a session, and its place in the limits, for one till.",
        parameters=(
            p.SESSION,
            p.whole("seconds", *SECONDS, _FOR_HOW_LONG, DEFAULT_SECONDS),
            _LOCATION,
        ),
        act=reserve,
        explain=_explain,
        errors=(200, 300, 301, 505, 506, 516, *_REFUSALS, 520),
        example={
            **_OK,
            "campaign": "cam_100001",
            "action": "session_reserved",
            "session": "ac6s7u3g8a25ja7x9qg87",
            "reservation": "k3v8mqz0a1b2c3d4e5f6g",
            "expires_utc": "2026-11-23 10:02:00",
        },
    ),
    Endpoint(
        path="/v3/couponsession/confirm",
        right=Right.REDEEM,
        summary="Take in the session that a reservation holds.",
        parameters=(
            _RESERVATION,
            p.string("validation_value", p.text(50), "Money spent.", "12.50"),
            _LOCATION,
        ),
        act=confirm,
        explain=_explain,
        errors=(200, 301, 516, *_REFUSALS, 522),
        example={
            **_OK,
            "campaign": "cam_100001",
            "action": "session_validated",
            "session": "ac6s7u3g8a25ja7x9qg87",
            "data": SESSION_EXAMPLE,
        },
    ),
    Endpoint(
        path="/v3/couponsession/release",
        right=Right.REDEEM,
        summary="Give a reservation back; one that is over frees itself.",
        parameters=(_RESERVATION,),
        act=release,
        errors=(200, 301, 522),
        example={
            **_OK,
            "action": "session_released",
            "reservation": "k3v8mqz0a1b2c3d4e5f6g",
        },
    ),
)
