"""What people wrote, in our words: who it was, what it asks for, and what follows from it."""

from __future__ import annotations

from datetime import datetime

from tearoff.hooks import bodies, outbox
from tearoff.kit import clock
from tearoff.kit.db import Handle
from tearoff.kit.phone import read_sender, spellings
from tearoff.messages import replies
from tearoff.messages.models import Connection
from tearoff.people import optouts
from tearoff.people.keywords import Keyword, read_keyword
from tearoff.providers.base import Reply


async def take_in(db: Handle, connection: Connection, reply: Reply, received_at: datetime) -> str:
    """STOP is obeyed at once, for all senders of the account; START takes back what STOP set."""
    arriving, now = await understand(db, connection, reply, received_at), clock.now()
    await replies.keep(db, arriving)
    await _announce_reply(db, arriving, now)
    number = arriving.phone
    if number is None:
        return "reply_from_no_number"
    if arriving.keyword is Keyword.STOP:
        await optouts.add(
            db, arriving.account_id, number, source="reply", now=now, evidence=arriving.evidence
        )
    elif arriving.keyword is Keyword.START:
        await optouts.lift(db, arriving.account_id, number, now=now, evidence=arriving.evidence)
    return f"reply_{arriving.keyword.value}"


def _storable(text: str) -> str:
    """Without what the database cannot keep: a text from outside must not stop its reading."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()


async def understand(
    db: Handle, connection: Connection, reply: Reply, received_at: datetime
) -> replies.Arriving:
    """Who wrote it and what it asks for, by today's rules."""
    text = _storable(reply.text)
    keyword = read_keyword(text)
    if reply.is_part:  # "…and please never " + "stop": the whole may say something else
        is_stop = keyword in (Keyword.STOP, Keyword.MAYBE_STOP)
        keyword = Keyword.MAYBE_STOP if is_stop else Keyword.NONE
    return replies.Arriving(
        account_id=connection.account_id,
        connection_id=connection.id,
        sender=_storable(reply.written or reply.sender),
        phone=await _sender(db, connection, reply),
        received_by=_storable(reply.to),
        text=text,
        keyword=keyword,
        provider_ref=_storable(reply.provider_id),
        received_at=received_at,
    )


async def _sender(db: Handle, connection: Connection, reply: Reply) -> str | None:
    """Who wrote it, E.164. Where the digits can be read in two ways, it is the one that the
    account knows, else the likelier one."""
    country = connection.country or await country_of(db, connection.account_id)
    found = read_sender(reply.written or reply.sender, ton=reply.ton, country=country)
    if len(found) < 2:
        return found[0] if found else None
    known = await db.fetchval(
        "SELECT phone FROM sessions WHERE account_id = $1 AND phone = ANY($2)"
        " UNION ALL SELECT phone FROM contacts WHERE account_id = $1 AND phone = ANY($2) LIMIT 1",
        connection.account_id,
        [one for number in found for one in spellings(number)],
    )
    return next((n for n in found if known in spellings(n)), found[0])


async def country_of(db: Handle, account_id: int) -> str | None:
    country: str | None = await db.fetchval(
        "SELECT country FROM accounts WHERE id = $1", account_id
    )
    return country


async def _announce_reply(db: Handle, arriving: replies.Arriving, now: datetime) -> None:
    phone = (arriving.phone or "").removeprefix("+")
    message = bodies.Message(
        status="received",
        phone=phone or arriving.sender,
        text=arriving.text,
        keyword=arriving.keyword.value,
    )
    body = bodies.Body(customer=bodies.Customer(phone=phone), message=message)
    listener = await outbox.listener_of(db, arriving.account_id)
    thread = arriving.phone or message.phone
    await outbox.announce(db, listener, "message_received", at=now, thread=thread, body=body)
