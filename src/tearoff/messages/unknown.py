"""Messages of which nobody knows whether they left: when one becomes `unknown`, and how its service
is asked what became of it."""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog

from tearoff.kit.phone import PhoneInvalid
from tearoff.kit.services import Services
from tearoff.messages import connections, queries, rules
from tearoff.messages.models import Message
from tearoff.messages.news import Change, Tell
from tearoff.messages.open_connections import Links
from tearoff.providers.base import Outgoing, ReceiptState

log = structlog.get_logger()

LOOK_UP_FOR = timedelta(hours=72)


async def settle_overdue(services: Services, now: datetime) -> None:
    """Sends whose process died become `unknown`."""
    lost = await queries.settle_overdue(services.db, now, services.settings.open_guard)
    if lost:
        log.warning("messages.interrupted", count=lost)


async def look_up_unknown(services: Services, now: datetime, *, tell: Tell) -> None:
    """Ask services what became of messages whose answer was lost."""
    found = await queries.unknown_since(services.db, now - LOOK_UP_FOR, now - timedelta(minutes=1))
    await queries.forget_settled(services.db, now - LOOK_UP_FOR)
    links = Links(services)
    try:
        for message in found:
            await _look_up(services, links, message, now, tell)
    finally:
        await links.close()


async def _look_up(
    services: Services, links: Links, message: Message, now: datetime, tell: Tell
) -> None:
    connection = await connections.connection(services.db, message.connection_id)
    if connection is None or not connection.active or connection.kind == "smpp":
        return
    outgoing = Outgoing(id=message.id, to=message.recipient, text=message.text)
    try:
        receipt = await links.provider(connection).look_up(
            outgoing, message.provider_id or "", message.created_at
        )
    except (OSError, TimeoutError, PhoneInvalid) as error:
        log.warning("messages.look_up_failed", message=message.ref, error=str(error))
        return
    state = rules.next_state(message.state, receipt.state) if receipt else None
    if receipt is None or state is None:
        return
    text = receipt.text if receipt.state is ReceiptState.FAILED else None
    reason = str(receipt.reason) if receipt.reason and text else None
    change = Change(message.account_id, message.id, message.state, state, now)
    async with services.db.transaction() as db:
        if await queries.climb(
            db, message.id, message.state, state, now=now, reason=reason, text=text
        ):
            await tell(services, db, change)
