"""`/v3/couponsession/data` and `/v3/couponsession/update`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tearoff.accounts import queries as accounts
from tearoff.accounts.models import Location
from tearoff.api.v3 import parameters as p
from tearoff.api.v3.endpoint import Call, Endpoint, Told
from tearoff.api.v3.errors import Failure, failure_of
from tearoff.api.v3.shapes import session_object, utc
from tearoff.coupons import actions, rules
from tearoff.coupons.models import Doer, Session, SessionAndCampaign
from tearoff.kit.db import Handle

OPERATIONS = (
    "opened",
    "claimed",
    "unclaimed",
    "validated",
    "unvalidated",
    "voided",
    "unvoided",
    "locked",
    "unlocked",
)
_PERSON = ("firstname", "lastname", "email", "gender", "customid", "value", "validation_value")


async def session_data(call: Call, db: Handle) -> dict[str, Any]:
    found = await actions.find_session(db, call.account.id, call.given["couponsession"])
    data = await session_object(call, db, found)
    return {
        "campaign": found.campaign.ref,
        "action": "retrieve_all_session_data",
        "session": data["session"],
        "session_url": data["session_url"],
        "sequenceid": data["sequenceid"],
        "customid": data["customid"],
        "data": data,
    }


async def update_session(call: Call, db: Handle) -> dict[str, Any]:
    operation = call.given["operation"]
    fields = _changed_fields(call.given)
    if operation is None and not fields:
        raise p.BadParameters([(200, "Missing parameter: operation")])
    found = await actions.find_session(db, call.account.id, call.given["couponsession"])
    session = found.session
    if fields:
        session = await _set_fields(db, found, fields)
    if operation is not None:
        session = await _operate(call, db, found, operation)
    return await _updated(call, db, SessionAndCampaign(session, found.campaign))


async def update_at_once(call: Call) -> dict[str, Any] | None:
    """An operation alone is one guarded update; fields beside it, or a limit that counts with
    it, need a transaction."""
    operation = call.given["operation"]
    if operation is None or _changed_fields(call.given):
        return None
    if operation != "validated" and actions.takes_back(operation):
        return None
    db = call.doors.services.db
    found = await actions.find_session(db, call.account.id, call.given["couponsession"])
    if found.campaign.limit_validations is not None:
        return None
    session = await _operate(call, db, found, operation)
    return await _updated(call, db, SessionAndCampaign(session, found.campaign))


async def _updated(call: Call, db: Handle, found: SessionAndCampaign) -> dict[str, Any]:
    return {
        "campaign": found.campaign.ref,
        "action": f"session_{call.given['operation'] or 'updated'}",
        "session": found.session.code,
        "data": await session_object(call, db, found),
    }


async def _operate(call: Call, db: Handle, found: SessionAndCampaign, operation: str) -> Session:
    if operation == "validated":
        return await _validate(call, db, found)
    doer = Doer(actor=call.caller.key.client_id, channel="api")
    session, _ = await actions.change(db, found, operation, doer=doer, now=call.now)
    return session


async def _validate(call: Call, db: Handle, found: SessionAndCampaign) -> Session:
    place = await _place(db, call, found)
    doer = Doer(
        actor=call.caller.key.client_id,
        channel="api",
        location_id=place.id if place else None,
    )
    value = call.given["validation_value"]
    return await actions.validate(db, found, doer=doer, now=call.now, value=value)


async def _place(db: Handle, call: Call, found: SessionAndCampaign) -> Location | None:
    """The location that was named; it must be one of the campaign's."""
    asked = call.given["redeem_location"]
    if asked is None:
        return None
    places = await accounts.locations_of_campaign(db, call.account.id, found.campaign.id)
    for place in places:
        if place.id == asked:
            return place
    raise rules.WrongLocation


async def explain(call: Call, error: Exception) -> Exception:
    """A refusal with when and where."""
    if not isinstance(error, rules.CannotUse):
        return error
    db = call.doors.services.db
    current = await actions.find_session(db, call.account.id, call.given["couponsession"])
    data = await session_object(call, db, current)
    failure = failure_of(error)
    code, text = failure.problems[0]
    when = f" {utc(error.at)} UTC" if error.at else ""
    name = data["location"]["name"]
    where = f", {name}" if name and isinstance(error, rules.AlreadyValidated) else ""
    told = Failure(failure.http, [(code, f"{text}{when}{where}")])
    return Told(told, {"data": {"status": data["status"]}})


def _changed_fields(given: Mapping[str, Any]) -> dict[str, Any]:
    changed = {name: given[name] for name in _PERSON if given[name] is not None}
    if given["operation"] == "validated":
        changed.pop("validation_value", None)  # validating writes it
    if given["phone"] is not None:
        changed["phone"] = given["phone"][1].e164
    custom = {i: given[f"customfield{i}"] for i in range(1, 8)}
    if any(value is not None for value in custom.values()):
        changed["customfields"] = custom
    return changed


async def _set_fields(db: Handle, found: SessionAndCampaign, fields: dict[str, Any]) -> Session:
    if "customfields" in fields:
        old = (*(found.session.customfields or ()), *[None] * 7)[:7]
        new = fields["customfields"]
        merged = [old[i - 1] if new[i] is None else new[i] for i in range(1, 8)]
        fields = {**fields, "customfields": merged}
    return await actions.set_fields(db, found.session, fields)


SESSION_DATA = Endpoint(
    path="/v3/couponsession/data",
    summary="Everything about one session.",
    parameters=(p.SESSION,),
    act=session_data,
    writes=False,
    errors=(200, 301, 505),
)

UPDATE_SESSION = Endpoint(
    path="/v3/couponsession/update",
    summary="Change the state or the data of one session: take it in, void it, and so on.",
    parameters=(
        p.SESSION,
        p.string("operation", p.one_of(*OPERATIONS), "What is done to the session.", "validated"),
        p.string("validation_value", p.text(50), "Money spent, kept with the validation.", "12.50"),
        p.string(
            "redeem_location",
            p.reference("loc"),
            "Id of the location where it is taken in.",
            "loc_100001",
        ),
        p.string("gender", p.text(20), "Gender of the consumer."),
        *p.CONSUMER,
        p.string("phone", p.phone, "Phone number of the consumer, E.164.", "+32470001234"),
        *p.CUSTOM,
        p.string("value", p.text(100), "Value of this coupon, instead of the campaign's."),
    ),
    act=update_session,
    quick=update_at_once,
    explain=explain,
    errors=(200, 301, 302, 305, 505, 506, 508, 511, 512, 516, 517, 518, 519),
)

ENDPOINTS = (SESSION_DATA, UPDATE_SESSION)
