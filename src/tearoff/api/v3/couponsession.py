"""`/v3/couponsession/data`, `update` and `updatemultiple`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tearoff.accounts import locations
from tearoff.accounts.models import Location
from tearoff.accounts.rights import Right
from tearoff.api.call import Call
from tearoff.api.v3 import parameters as p
from tearoff.api.v3.endpoint import Endpoint, Told
from tearoff.api.v3.errors import Failure, failure_of
from tearoff.api.v3.shapes import SESSION_EXAMPLE, session_object
from tearoff.coupons import rules
from tearoff.coupons.models import Doer, Session, SessionAndCampaign
from tearoff.coupons.sessions import actions, changing_many, events, queries
from tearoff.coupons.sessions.status import utc
from tearoff.errors import TearoffError
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
_PERSON = ("firstname", "lastname", "email", "gender", "customid", "language", "value",
           "validation_value")  # fmt: skip


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
    found = await actions.find_session(db, call.account.id, call.given["couponsession"])
    return await _updated(call, db, await apply(call, db, found))


async def update_sessions(call: Call, db: Handle) -> dict[str, Any]:
    """Each in a savepoint of its own, so that a bad one harms no other; one session is one,
    whether its code comes whole or short."""
    asked = call.given["couponsessions"]
    known = await queries.sessions_of_codes(db, call.account.id, asked)
    plan = changing_many.Plan(
        _changed_fields(call.given),
        call.given["operation"],
        call.given["redeem_location"],
        call.now,
    )
    results: dict[str, dict[str, Any]] = {}
    for found in await changing_many.hold_all(db, call.account.id, known, plan):
        result = await _update_one(call, db, found)
        results[found.session.code] = results[found.session.short_code] = result
    unknown = await _refused(call, db, actions.SessionNotFound())
    return {
        "action": f"session_{call.given['operation'] or 'updated'}",
        "data": [{"session": code, **results.get(code, unknown)} for code in asked],
    }


async def _update_one(call: Call, db: Handle, found: SessionAndCampaign) -> dict[str, Any]:
    try:
        async with db.transaction():
            await apply(call, db, found)
    except TearoffError as error:
        return await _refused(call, db, error)
    return {"result": "ok", "error_code": None}


async def _refused(call: Call, db: Handle, error: TearoffError) -> dict[str, Any]:
    number, text = failure_of(error).problems[0]
    where = await _where(db, call, error)
    return {"result": f"{number} {text}{where}", "error_code": number}


async def apply(call: Call, db: Handle, found: SessionAndCampaign) -> SessionAndCampaign:
    """Set the fields that were given and do the operation, if there is one."""
    session, operation = found.session, call.given["operation"]
    fields = _changed_fields(call.given)
    if fields:
        session = await _set_fields(call, db, found, fields)
    if operation is not None:
        session = await _operate(call, db, found, operation)
    return SessionAndCampaign(session, found.campaign)


async def update_at_once(call: Call) -> dict[str, Any] | None:
    """An operation alone is one guarded update; fields beside it, or a limit that counts with
    it, need a transaction."""
    operation = call.given["operation"]
    if operation is None or _changed_fields(call.given):
        return None
    if call.account.has_hook(*events.kinds_of(operation)):
        return None
    db = call.doors.services.db
    found = await actions.find_session(db, call.account.id, call.given["couponsession"])
    if actions.needs_transaction(found.campaign, operation):
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
    if operation == "unvalidated":
        call.caller.check(Right.UNDO)
    session, _ = await actions.change(
        db, found, operation, doer=doer_of(call), now=call.now, listener=call.listener
    )
    return session


def doer_of(call: Call, location_id: int | None = None) -> Doer:
    """Whoever calls: a program, or a person in the dashboard, with the reason they gave."""
    return Doer(
        actor=call.caller.name,
        channel="dashboard" if call.caller.key is None else "api",
        reason=call.given.get("reason") or "",
        location_id=location_id,
    )


async def _validate(call: Call, db: Handle, found: SessionAndCampaign) -> Session:
    doer = await till_of(call, db, found)
    return await actions.validate(
        db, found, doer=doer, now=call.now, value=call.given["validation_value"],
        if_uses=call.given.get("if_uses"), listener=call.listener,
    )  # fmt: skip


async def till_of(call: Call, db: Handle, found: SessionAndCampaign) -> Doer:
    """Who takes a session in by this call, at which place."""
    place = await _place(db, call, found)
    return doer_of(call, place.id if place else None)


async def _place(db: Handle, call: Call, found: SessionAndCampaign) -> Location | None:
    """The location that was named; it must be one of the campaign's."""
    asked = call.given["redeem_location"]
    if asked is None:
        return None
    places = await locations.of_campaign(db, call.account.id, found.campaign.id)
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
    return await explain_refusal(call, db, error, current)


async def explain_refusal(
    call: Call, db: Handle, error: rules.CannotUse, current: SessionAndCampaign
) -> Told:
    """The refusal with when and where in its text, and the session's status beside it."""
    data = await session_object(call, db, current)
    failure = failure_of(error)
    code, text = failure.problems[0]
    told = Failure(failure.http, [(code, text + await _where(db, call, error))])
    return Told(told, {"data": {"status": data["status"]}})


async def _where(db: Handle, call: Call, error: Exception) -> str:
    if not isinstance(error, rules.CannotUse):
        return ""
    when = f" {utc(error.at)} UTC" if error.at else ""
    if error.where is None:
        return when
    known = await locations.of_ids(db, call.account.id, [error.where])
    return f"{when}, {known[error.where].name}" if error.where in known else when


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


async def _set_fields(
    call: Call, db: Handle, found: SessionAndCampaign, fields: dict[str, Any]
) -> Session:
    if "customfields" in fields:
        old = (*(found.session.customfields or ()), *[None] * 7)[:7]
        new = fields["customfields"]
        merged = [old[i - 1] if new[i] is None else new[i] for i in range(1, 8)]
        fields = {**fields, "customfields": merged}
    return await actions.set_fields(db, found, fields, doer_of(call), call.now)


def session_codes(name: str, given: Any) -> tuple[str, ...]:
    """Up to 1,000 session codes, each once."""
    items = p.words(MOST_AT_ONCE, 64)(name, given)
    return tuple(dict.fromkeys(p.session_code(name, item) for item in items))


SESSION_DATA = Endpoint(
    path="/v3/couponsession/data",
    right=Right.LOOK,
    summary="Everything about one session.",
    parameters=(p.SESSION,),
    act=session_data,
    writes=False,
    errors=(200, 301, 505),
    example={
        "status": {"status": "OK"},
        "campaign": "cam_100001",
        "action": "retrieve_all_session_data",
        "session": "ac6s7u3g8a25ja7x9qg87",
        "session_url": "https://coupons.example.com/p/vuhykb/ac6s7u3g8a25ja7x9qg87",
        "sequenceid": "19878460",
        "customid": "42",
        "data": SESSION_EXAMPLE,
    },
)


def _asks_nothing(found: Mapping[str, Any]) -> bool:
    names = (*_PERSON, "phone", *(f"customfield{i}" for i in range(1, 8)))
    return all(found[name] is None for name in names)


_OPERATION = p.string(
    "operation", p.one_of(*OPERATIONS), "What is done to the session.", "validated"
)
_CHANGES = (
    p.needed_when(_OPERATION, _asks_nothing),
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
)
_REFUSALS = (506, 508, 511, 512, 516, 517, 518, 519, 520)

UPDATE_SESSION = Endpoint(
    path="/v3/couponsession/update",
    right=Right.REDEEM,
    summary="Change the state or the data of one session: take it in, void it, and so on.",
    parameters=(p.SESSION, *_CHANGES),
    act=update_session,
    quick=update_at_once,
    explain=explain,
    errors=(200, 300, 301, 302, 305, 505, *_REFUSALS),
    example={
        "status": {"status": "OK"},
        "campaign": "cam_100001",
        "action": "session_validated",
        "session": "ac6s7u3g8a25ja7x9qg87",
        "data": SESSION_EXAMPLE,
    },
)

MOST_AT_ONCE = 1_000

UPDATE_SESSIONS = Endpoint(
    path="/v3/couponsession/updatemultiple",
    right=Right.REDEEM,
    summary="The same for up to 1,000 sessions; one that cannot be changed harms no other.",
    parameters=(
        p.string(
            "couponsessions",
            session_codes,
            "The sessions' codes: an array, or one text with commas.",
            "ac6s7u3g8a25ja7x9qg87",
            required=True,
        ),
        *_CHANGES,
    ),
    act=update_sessions,
    errors=(200, 300, 301, 302, 305),
    example={
        "status": {"status": "OK"},
        "action": "session_validated",
        "data": [{"session": "ac6s7u3g8a25ja7x9qg87", "result": "ok", "error_code": None}],
    },
)

ENDPOINTS = (SESSION_DATA, UPDATE_SESSION, UPDATE_SESSIONS)
