"""What is announced of messages: how each stands, with the coupon that it carried."""

from __future__ import annotations

from datetime import datetime

from tearoff.coupons.sessions import queries as coupons
from tearoff.coupons.sessions.events import announce_session
from tearoff.hooks import bodies, outbox
from tearoff.hooks.models import Listener
from tearoff.kit.db import Handle
from tearoff.kit.services import Services
from tearoff.messages import queries as messages
from tearoff.messages.models import Message
from tearoff.messages.news import Change

_NOT_YET_SENT = ("queued", "submitting", "unknown")


async def tell(services: Services, db: Handle, change: Change) -> None:
    """Announce what a receipt or a look-up has changed."""
    host = services.settings.link_host
    listener = await outbox.listener_of(db, change.account_id, host)
    await announce_message(db, listener, change)


async def announce_message(db: Handle, listener: Listener | None, change: Change) -> None:
    """In the transaction of the change."""
    kinds = kinds_of(change.old, change.new)
    if listener is None or not listener.wants(*kinds):
        return
    message = await messages.message(db, change.message_id, change.account_id)
    if message is None:
        return
    for kind in kinds:
        await _announce(db, listener, kind, message, change.at)


def kinds_of(old: str, new: str) -> tuple[str, ...]:
    """The kinds of events that a change of state is. A message that arrived was sent too, even
    when its receipt was the first that was heard of it."""
    found = []
    if old in _NOT_YET_SENT and new in ("accepted", "sent", "delivered"):
        found.append("message_sent")
    if new in ("delivered", "failed"):
        found.append(f"message_{new}")
    return tuple(found)


async def _announce(
    db: Handle, listener: Listener, kind: str, message: Message, now: datetime
) -> None:
    told = _told(message, kind)
    # Held, so that the events of a session tell its states in the order of their sequence.
    found = message.about and await coupons.hold_session(db, message.account_id, message.about)
    if found:
        await announce_session(db, listener, kind, found, now, message=told)
        return
    body = bodies.Body(customer=bodies.Customer(phone=told.phone, email=told.email), message=told)
    await outbox.announce(db, listener, kind, at=now, thread=message.ref, body=body)


def _told(message: Message, kind: str) -> bodies.Message:
    is_email = message.channel == "email"
    return bodies.Message(
        id=message.ref,
        status=kind.removeprefix("message_"),
        channel=message.channel,
        phone="" if is_email else message.recipient.removeprefix("+"),
        email=message.recipient if is_email else "",
        reason=(message.reason_text or "") if kind == "message_failed" else "",
    )
