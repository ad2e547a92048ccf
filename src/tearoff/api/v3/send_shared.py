"""What `send/sms` and `send/email` have in common: a send, its answers, and those that are
kept for a repeated call."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from tearoff.accounts import idempotency
from tearoff.api.call import NOT_KEPT, Call, interrupted
from tearoff.api.v3 import parameters as p
from tearoff.api.v3.endpoint import Told, error_body, success_body
from tearoff.api.v3.errors import Failure, failure_of
from tearoff.coupons.models import UTM_NAMES, NewSession
from tearoff.distribution.send import (
    AlreadyReceived,
    Keyed,
    NotSent,
    OutcomeUnknown,
    SendRequest,
    Sent,
)
from tearoff.errors import TearoffError
from tearoff.messages import queries as messages
from tearoff.messages.connections import NoRoute
from tearoff.messages.template import BadText, tidy
from tearoff.people.optouts import OptedOut


class Way(msgspec.Struct, frozen=True):
    """One of the two. `receiver` is the address as it was given, `fields` make the answer."""

    channel: str
    name: str
    no_route: tuple[int, str]
    receiver: Callable[[Mapping[str, Any]], str]
    request: Callable[[Mapping[str, Any]], SendRequest]
    fields: Callable[[Mapping[str, Any], Sent], dict[str, Any]]


async def send(call: Call, way: Way) -> tuple[int, bytes]:
    message_id = await interrupted(call)
    if message_id is not None:
        return await _resumed(call, way, message_id)
    request = way.request(call.given)
    keyed = Keyed(call.key, lambda result: _stored(call, way, result)) if call.key else None
    try:
        sent = await call.doors.sender.send(call.caller, request, call.now, keyed)
    except (NotSent, OptedOut, NoRoute, AlreadyReceived) as error:
        raise _told(call, way, error) from None
    return 200, success_body(way.fields(call.given, sent))


def fillable(read: Callable[[str, Any], str]) -> Callable[[str, Any], str]:
    """A text that is filled with the receiver's fields: a `{word}` that is none of them is told
    together with the other problems of the call."""

    def read_words(name: str, given: Any) -> str:
        value = read(name, given)
        try:
            tidy(value)
        except BadText as bad:
            raise p.WrongValue(301, f"Invalid character in parameter: {name}. {bad}") from None
        return value

    return read_words


def new_session(given: Mapping[str, Any]) -> NewSession:
    """The consumer's fields as they were given, without those that need the campaign."""
    fields = tuple(given[f"customfield{i}"] for i in range(1, 8))
    utm = tuple(given[name] for name in UTM_NAMES)
    return NewSession(
        firstname=given["firstname"],
        lastname=given["lastname"],
        email=given["email"],
        customid=given["customid"],
        language=given["language"],
        customfields=fields if any(fields) else None,
        utm=utm if any(utm) else None,
    )


def unique_by(check: str | None, given: Mapping[str, Any]) -> str | None:
    """The field of the duplicate check; for the flag form the first one that was given."""
    if check == "any":
        return next((n for n in ("email", "phone", "customid") if given.get(n)), None)
    return check or None


def _told(call: Call, way: Way, error: TearoffError) -> Told:
    """The texts of this endpoint, which name the receiver as it was given."""
    if isinstance(error, NoRoute):
        code, text = way.no_route
        product = call.doors.services.settings.product_name
        return Told(Failure(422, [(code, text.format(product=product))]), {})
    code = 602
    if isinstance(error, OptedOut):
        code = 605
    elif isinstance(error, AlreadyReceived):
        code = 604
    text = f"{way.name} not sent to '{way.receiver(call.given)}'. Reason: {error}"
    more = {"message_id": f"msg_{error.message_id}"} if isinstance(error, OutcomeUnknown) else {}
    return Told(Failure(failure_of(error).http, [(code, text)]), more)


def _stored(call: Call, way: Way, result: Sent | TearoffError) -> idempotency.Answer | None:
    """The answer to keep under the call's key."""
    if isinstance(result, Sent):
        return idempotency.Answer(200, success_body(way.fields(call.given, result)))
    status, body = error_body(_told(call, way, result))
    return None if status in NOT_KEPT else idempotency.Answer(status, body)


async def _resumed(call: Call, way: Way, message_id: int) -> tuple[int, bytes]:
    """A send with this key died before it had an answer: tell how its message stands."""
    db = call.doors.services.db
    message = await messages.message(db, message_id, call.account.id)
    if message is None or message.state in ("submitting", "unknown"):
        raise _told(call, way, OutcomeUnknown(message_id, way.channel))
    if message.state == "failed":
        reason = message.reason_text or "The provider refused the message."
        raise _told(call, way, NotSent(reason))
    sent = await call.doors.sender.describe(call.account, message)
    return 200, success_body(way.fields(call.given, sent))
