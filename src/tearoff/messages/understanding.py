"""What people wrote, in our words: who it was, what it asks for, and what follows from it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from tearoff.hooks import bodies, outbox
from tearoff.kit import clock
from tearoff.kit.db import Handle
from tearoff.kit.phone import read_sender, spellings
from tearoff.messages import replies
from tearoff.messages.models import Connection
from tearoff.people import optouts
from tearoff.people.keywords import Keyword, read_keyword
from tearoff.providers.base import Reply

SAME_WITHIN = timedelta(minutes=10)
"""Without an id of the service, the same words again within this time, and nothing else of that
person between, are a repetition: the answer to the first was lost."""


async def take_turns(db: Handle, connection: Connection, given: Sequence[Reply]) -> None:
    """Of everybody who wrote, until this transaction ends: in one order, so that no two wait for
    each other in a ring."""
    people = {f"reply:{connection.id}:{_name_of(reply)}" for reply in given}
    if people:
        await db.execute(
            "SELECT pg_advisory_xact_lock(turn) FROM (SELECT DISTINCT hashtextextended(who, 0)"
            " AS turn FROM unnest($1::text[]) AS who ORDER BY 1) turns",
            list(people),
        )


async def is_news(db: Handle, connection: Connection, reply: Reply, now: datetime) -> bool:
    """Of a reply that came before in the same words: whether it was written once more."""
    if reply.provider_id:
        return False
    last = await replies.last_of(db, connection.id, _name_of(reply))
    is_same = last is not None and last.text == storable(reply.text)[: replies.LONGEST]
    return last is None or not is_same or now - last.received_at > SAME_WITHIN


async def take_in(db: Handle, connection: Connection, reply: Reply, received_at: datetime) -> str:
    """STOP is obeyed at once, for all senders of the account; START takes back what STOP set. What
    the service has told under the same id is left out, however it tells it now."""
    arriving, now = await understand(db, connection, reply, received_at), clock.now()
    if arriving.provider_ref and await replies.is_told(db, arriving):
        return "reply_again"
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


def _name_of(reply: Reply) -> str:
    """Who wrote it, as the service calls them."""
    return storable(reply.written or reply.sender)[:100]


def storable(text: str) -> str:
    """Without what the database cannot keep: a text from outside must not stop its reading."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()


async def understand(
    db: Handle, connection: Connection, reply: Reply, received_at: datetime
) -> replies.Arriving:
    """Who wrote it and what it asks for, by today's rules."""
    text = storable(reply.text)
    keyword = Keyword(reply.keyword) if reply.keyword else read_keyword(text)
    if reply.is_part:  # "…and please never " + "stop": the whole may say something else
        is_stop = keyword in (Keyword.STOP, Keyword.MAYBE_STOP)
        keyword = Keyword.MAYBE_STOP if is_stop else Keyword.NONE
    return replies.Arriving(
        account_id=connection.account_id,
        connection_id=connection.id,
        sender=_name_of(reply),
        phone=await _sender(db, connection, reply),
        received_by=storable(reply.to),
        text=text,
        keyword=keyword,
        provider_ref=storable(reply.provider_id),
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
