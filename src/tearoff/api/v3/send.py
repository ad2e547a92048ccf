"""`POST /v3/send/sms`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from tearoff.accounts import idempotency
from tearoff.api.v3 import parameters as p
from tearoff.api.v3.endpoint import (
    NOT_STORED,
    Call,
    Endpoint,
    Told,
    error_body,
    success_body,
)
from tearoff.api.v3.errors import Failure, failure_of
from tearoff.coupons.models import UTM_NAMES, NewSession
from tearoff.distribution.send import (
    Keyed,
    NotSent,
    OutcomeUnknown,
    SendRequest,
    Sent,
)
from tearoff.errors import TearoffError
from tearoff.messages import queries as messages
from tearoff.messages.connections import NoRoute
from tearoff.people.optouts import OptedOut

NO_ROUTE = (
    "No SMS integration has been setup in your {product} account. Go to 'integrations' and"
    " 'SMS marketing' to setup a SMS provider."
)
BLACKLISTED = "This number is on the blacklist or opt-out list."


async def send_sms(call: Call) -> tuple[int, bytes]:
    interrupted = await _interrupted(call)
    if interrupted is not None:
        return interrupted
    request = _request(call.given)
    keyed = Keyed(call.key, lambda result: _stored(call, result)) if call.key else None
    try:
        sent = await call.doors.sender.send(call.caller, request, call.now, keyed)
    except (NotSent, OptedOut, NoRoute) as error:
        raise _told(call, error) from None
    return 200, success_body(_fields(call.given["campaign"], sent))


def _request(given: Mapping[str, Any]) -> SendRequest:
    new = new_session(given)
    return SendRequest(
        campaign_id=given["campaign"],
        phone=given["phone"][1],
        body=given["body"],
        session_code=given["couponsession"],
        sender=given["sender"],
        new=new,
        local_expiry=given["expiry_date"],
        unique_by=unique_by(given["duplicate_check"], {**given, "phone": given["phone"][0]}),
    )


def new_session(given: Mapping[str, Any]) -> NewSession:
    """The consumer's fields as they were given, without those that need the campaign."""
    fields = tuple(given[f"customfield{i}"] for i in range(1, 8))
    utm = tuple(given[name] for name in UTM_NAMES)
    return NewSession(
        firstname=given["firstname"],
        lastname=given["lastname"],
        email=given["email"],
        customid=given["customid"],
        customfields=fields if any(fields) else None,
        utm=utm if any(utm) else None,
    )


def unique_by(check: str | None, given: Mapping[str, Any]) -> str | None:
    """The field of the duplicate check; for the flag form the first one that was given."""
    if check == "any":
        return next((n for n in ("email", "phone", "customid") if given.get(n)), None)
    return check or None


def _fields(campaign_id: int, sent: Sent) -> dict[str, Any]:
    return {
        "campaign": f"cam_{campaign_id}",
        "message": sent.asked_text,
        "phone": sent.recipient.removeprefix("+"),
        "single_use_code": sent.session_code,
        "single_use_url": sent.url,
        "action": "sms_sent",
        "message_id": f"msg_{sent.message_id}",
        "segments": sent.segments,
        "encoding": sent.encoding,
    }


def _told(call: Call, error: TearoffError) -> Told:
    """The texts of this endpoint, which name the phone as it was given."""
    if isinstance(error, NoRoute):
        product = call.doors.services.settings.product_name
        return Told(Failure(422, [(103, NO_ROUTE.format(product=product))]), {})
    code, reason = (605, BLACKLISTED) if isinstance(error, OptedOut) else (602, str(error))
    text = f"SMS not sent to '{call.given['phone'][0]}'. Reason: {reason}"
    more = {"message_id": f"msg_{error.message_id}"} if isinstance(error, OutcomeUnknown) else {}
    return Told(Failure(failure_of(error).http, [(code, text)]), more)


def _stored(call: Call, result: Sent | TearoffError) -> idempotency.Answer | None:
    """The answer to keep under the call's key."""
    if isinstance(result, Sent):
        return idempotency.Answer(200, success_body(_fields(call.given["campaign"], result)))
    status, body = error_body(_told(call, result))
    return None if status in NOT_STORED else idempotency.Answer(status, body)


async def _interrupted(call: Call) -> tuple[int, bytes] | None:
    """A send with this key died before it had an answer: tell how its message stands."""
    if call.key is None:
        return None
    services = call.doors.services
    known = await idempotency.look(services.db, services.vault, call.key, call.now)
    if not isinstance(known, idempotency.Interrupted):
        return None
    await messages.settle_overdue(services.db, call.now, services.settings.open_guard)
    message = await messages.message(services.db, known.message_id, call.account.id)
    if message is None or message.state in ("submitting", "unknown"):
        raise _told(call, OutcomeUnknown(known.message_id))
    if message.state == "failed":
        raise _told(call, NotSent(message.reason_text or "The SMS provider refused the message."))
    sent = await call.doors.sender.describe(call.account, message)
    return 200, success_body(_fields(call.given["campaign"], sent))


def _optional(parameter: p.Parameter) -> p.Parameter:
    return msgspec.structs.replace(parameter, required=False)


SEND_SMS = Endpoint(
    path="/v3/send/sms",
    summary="Text a coupon to one person.",
    parameters=(
        p.CAMPAIGN,
        p.string(
            "phone",
            p.phone,
            "Receiver, E.164. Spaces, dashes, dots and parentheses are removed, 00 is read as +,"
            " digits alone as an international number.",
            "+32470001234",
            required=True,
        ),
        p.string(
            "body",
            p.text(2000, lines=True),
            "The text. {link} stands for the coupon's address, which is appended otherwise."
            " Default: the campaign's message text.",
            "Here is your coffee: {link}",
        ),
        _optional(p.SESSION),
        p.string(
            "sender", p.text(16), "Overrides the sender where the provider allows it.", "BEANLEAF"
        ),
        *p.CONSUMER,
        *p.CUSTOM,
        p.EXPIRY,
        p.DUPLICATE_CHECK,
        *p.UTM,
    ),
    act_alone=send_sms,
    from_memory=True,
    errors=(103, 200, 301, 302, 303, 305, 502, 513, 602, 605),
    example={
        "status": {"status": "OK"},
        "campaign": "cam_100001",
        "message": "Here is your coffee: {link}",
        "phone": "32470001234",
        "single_use_code": "ac6s7u3g8a25ja7x9qg87",
        "single_use_url": "https://coupons.example.com/p/vuhykb/ac6s7u3g8a25ja7x9qg87",
        "action": "sms_sent",
        "message_id": "msg_62391478206464001",
        "segments": 1,
        "encoding": "GSM-7",
    },
)

ENDPOINTS = (SEND_SMS,)
