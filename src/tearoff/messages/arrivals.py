"""What services report: stored raw, told "got it", and read into our words.

What a person wrote is read before the service is told: after that, nothing goes out to whoever
said STOP. Receipts are read by a job. The service's own key makes repeats harmless. A receipt can
be faster than the answer to the send; so one that fits no message yet waits a minute for it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta

import asyncpg
import msgspec
import structlog

from tearoff.jobs.queue import enqueue
from tearoff.kit import clock, metrics
from tearoff.kit.db import BUSY, NOT_NOW, Handle
from tearoff.kit.phone import read_sender, spellings
from tearoff.kit.services import Services
from tearoff.messages import connections, queries, replies, rules, standing, understanding
from tearoff.messages.models import Connection, Message
from tearoff.messages.news import Change, Tell
from tearoff.messages.open_connections import surroundings_of
from tearoff.people import optouts
from tearoff.providers import registry
from tearoff.providers.base import Arrived, Callback, Reason, Receipt, ReceiptState, Reply

log = structlog.get_logger()

READ = "messages.read_arrivals"
WAITS = (2, 5, 15, 40)
"""Seconds after which a receipt without its message is looked at again."""
UNKNOWN_LIVES = timedelta(hours=72)

UNREAD = frozenset({"unreadable", "broken"})
"""Results of what a person should look at."""

_notes = standing.Notes()


class Stored(msgspec.Struct, frozen=True):
    id: int
    account_id: int
    connection_id: int
    kind: str
    raw: bytes
    received_at: datetime


class Arrival(msgspec.Struct, frozen=True):
    """As a service sent it, with the replies that are in it. `has_more`: there are receipts too,
    or what is in it could not be read yet."""

    key: str
    raw: bytes
    replies: Sequence[Reply] = ()
    has_more: bool = True


def of_link(arrived: Arrived) -> Arrival:
    """What came over a standing link."""
    return Arrival(
        key=arrived.key,
        raw=msgspec.json.encode(arrived),
        replies=[arrived.reply] if arrived.reply else [],
        has_more=arrived.reply is None or arrived.receipt is not None,
    )


class ToRead(msgspec.Struct, frozen=True):
    """The job: which arrivals, and how often they were looked at before."""

    ids: list[int]
    tries: int = 0


async def store(
    db: asyncpg.Connection,
    connection: Connection,
    kind: str,
    items: Sequence[Arrival],
    now: datetime,
) -> int:
    """Keep what arrived, take in its replies, and enqueue the reading of the rest, in this
    transaction. What was stored before is left out; gives how many were new. What a person writes
    is taken in one by one, in whatever processes it arrives."""
    await understanding.take_turns(db, connection, [r for item in items for r in item.replies])
    rows = await db.fetch(
        "INSERT INTO arrivals (account_id, connection_id, key, kind, raw, received_at)"
        " SELECT $1, $2, i.key, $3, i.raw, $4 FROM unnest($5::text[], $6::bytea[]) AS i (key, raw)"
        " ON CONFLICT (connection_id, key) DO NOTHING RETURNING key, id",
        connection.account_id,
        connection.id,
        kind,
        now,
        [item.key for item in items],
        [item.raw for item in items],
    )
    new, left = dict(map(tuple, rows)), []
    for item in items:
        arrival_id = new.pop(item.key, None)
        if arrival_id is None:
            await _meet_again(db, connection, kind, item, now)
        elif not await _settle(db, connection, arrival_id, item, now):
            left.append(arrival_id)
    if left:
        await enqueue(db, READ, ToRead(left))
    return len(rows)


async def _meet_again(
    db: asyncpg.Connection, connection: Connection, kind: str, item: Arrival, now: datetime
) -> None:
    """What came before in the same words. It is a repetition, unless somebody has written the same
    once more: "STOP" a second time, after START, where the service gives no id."""
    news = [r for r in item.replies if await understanding.is_news(db, connection, r, now)]
    if not news:
        return
    key = f"{item.key} {now.isoformat()}"
    arrival_id = await db.fetchval(
        "INSERT INTO arrivals (account_id, connection_id, key, kind, raw, received_at)"
        " VALUES ($1, $2, $3, $4, $5, $6) RETURNING id",
        connection.account_id,
        connection.id,
        key,
        kind,
        item.raw,
        now,
    )
    again = Arrival(key, item.raw, news, has_more=False)
    if not await _settle(db, connection, arrival_id, again, now):
        await enqueue(db, READ, ToRead([arrival_id]))


async def _settle(
    db: asyncpg.Connection, connection: Connection, arrival_id: int, item: Arrival, now: datetime
) -> bool:
    """Whether nothing of it is left to the job, which has what cannot be taken in now."""
    if not item.replies:
        return False
    try:
        async with db.transaction():  # a savepoint: what is stored stays
            results = [await understanding.take_in(db, connection, r, now) for r in item.replies]
            if item.has_more:
                await db.execute(
                    "UPDATE arrivals SET result = $2 WHERE id = $1", arrival_id, _joined(results)
                )
            else:
                await _close(db, arrival_id, results)
    except (*NOT_NOW, *BUSY):
        raise
    except Exception:
        log.exception("arrivals.left", arrival=arrival_id)
        return False
    return not item.has_more


async def read_arrivals(services: Services, payload: bytes, *, tell: Tell) -> None:
    """Read stored arrivals into our words, and tell what they changed. Each is done in a
    transaction of its own, once."""
    job = msgspec.json.decode(payload, type=ToRead)
    later = []
    is_last = job.tries >= len(WAITS)
    for stored in await _unhandled(services.db, job.ids):
        try:
            async with services.db.transaction() as db:
                is_done = await _take(db, stored, services, tell, is_last=is_last)
        except NOT_NOW:
            raise
        except Exception:  # one that breaks must not keep back the others
            log.exception("arrivals.broken", arrival=stored.id)
            is_done = is_last
            if is_last:
                await _close(services.db, stored.id, ["broken"])
        if not is_done:
            later.append(stored.id)
    if later:
        wait = timedelta(seconds=WAITS[min(job.tries, len(WAITS) - 1)])
        async with services.db.transaction() as db:
            await enqueue(db, READ, ToRead(later, job.tries + 1), after=wait)


async def read_forgotten(services: Services, now: datetime) -> None:
    """Enqueue again what no job has read: its worker died."""
    rows = await services.db.fetch(
        "SELECT id FROM arrivals WHERE handled_at IS NULL AND received_at < $1"
        " AND received_at > $2 ORDER BY id LIMIT 1000",
        now - timedelta(minutes=3),
        now - timedelta(days=3),
    )
    if rows:
        async with services.db.transaction() as db:
            await enqueue(db, READ, ToRead([row["id"] for row in rows], len(WAITS)))


async def sweep(services: Services, now: datetime) -> None:
    """Raw reports are kept for 90 days, and so are replies."""
    await services.db.execute(
        "DELETE FROM arrivals WHERE received_at < $1", now - timedelta(days=90)
    )
    await services.db.execute(
        "DELETE FROM unread_arrivals WHERE received_at < $1", now - timedelta(days=90)
    )
    await replies.sweep(services.db, now)


async def _unhandled(db: Handle, ids: Sequence[int]) -> list[Stored]:
    rows = await db.fetch(
        "SELECT id, account_id, connection_id, kind, raw, received_at FROM arrivals"
        " WHERE id = ANY($1) AND handled_at IS NULL ORDER BY id",
        list(ids),
    )
    return [Stored(*row.values()) for row in rows]


async def _take(
    db: asyncpg.Connection, stored: Stored, services: Services, tell: Tell, *, is_last: bool
) -> bool:
    """False when a receipt in it still waits for its message."""
    done = await db.fetchval(
        "SELECT coalesce(result, '') FROM arrivals WHERE id = $1 AND handled_at IS NULL"
        " FOR UPDATE SKIP LOCKED",
        stored.id,
    )
    if done is None:
        return True
    connection = await connections.connection(db, stored.connection_id)
    if connection is None:
        return True
    receipts, texts = await read_stored(services, connection, stored)

    async def told(change: Change) -> None:
        await tell(services, db, change)

    results = [
        await _apply_receipt(db, connection, r, stored, told, is_last=is_last) for r in receipts
    ]
    if "waits" in results and not is_last:
        return False
    if done:  # its replies were taken in when it came
        results += done.split(",")
    else:
        results += [
            await understanding.take_in(db, connection, r, stored.received_at) for r in texts
        ]
    if receipts and _notes.due([connection.id], clock.now()):
        await standing.note_receipt(db, connection.id, stored.received_at)
    if not results:
        log.warning("arrivals.unreadable", connection=connection.id, kind=connection.kind)
    await _close(db, stored.id, results or ["unreadable"])
    return True


async def _close(db: Handle, arrival_id: int, results: Sequence[str]) -> None:
    for result in results:
        metrics.arrivals.labels(result).inc()
    await db.execute(
        "WITH closed AS (UPDATE arrivals SET handled_at = $2, result = $3 WHERE id = $1"
        "  RETURNING account_id, id, received_at)"
        " INSERT INTO unread_arrivals SELECT * FROM closed WHERE $4 ON CONFLICT DO NOTHING",
        arrival_id,
        clock.now(),
        _joined(results),
        not UNREAD.isdisjoint(results),
    )


def _joined(results: Sequence[str]) -> str:
    return ",".join(results)[:200]


async def read_stored(
    services: Services, connection: Connection, stored: Stored
) -> tuple[list[Receipt], list[Reply]]:
    """The receipts and replies in it, in their order."""
    found, texts = await _read(services, connection, stored)
    return [_storable(receipt) for receipt in found], texts


def _storable(receipt: Receipt) -> Receipt:
    return msgspec.structs.replace(
        receipt,
        provider_id=understanding.storable(receipt.provider_id),
        text=understanding.storable(receipt.text),
        to=understanding.storable(receipt.to),
    )


async def _read(
    services: Services, connection: Connection, stored: Stored
) -> tuple[list[Receipt], list[Reply]]:
    if stored.kind == "link":
        arrived = msgspec.json.decode(stored.raw, type=Arrived)
        return (
            [arrived.receipt] if arrived.receipt else [],
            [arrived.reply] if arrived.reply else [],
        )
    settings = connections.open_settings(services.vault, connection)
    provider = registry.open_provider(connection.kind, settings, surroundings_of(services))
    try:
        callback = msgspec.json.decode(stored.raw, type=Callback)
        return provider.read_receipts(callback), provider.read_replies(callback)
    finally:
        await provider.close()


Told = Callable[[Change], Awaitable[None]]


async def _apply_receipt(
    db: Handle,
    connection: Connection,
    receipt: Receipt,
    stored: Stored,
    told: Told,
    *,
    is_last: bool,
) -> str:
    """Let a message climb. Gives what the receipt did, for the record."""
    message_id, part = await _find(db, connection, receipt, stored, is_last=is_last)
    if message_id is None:
        return "unmatched" if is_last else "waits"
    message = await queries.message(db, message_id, connection.account_id)
    if message is None or message.connection_id != connection.id:
        return "unmatched"
    state = receipt.state if part is None else await _whole(db, part, receipt.state)
    result = "no_news" if state is None else await _climb(db, message, state, receipt, told)
    if result == "failed" and receipt.reason is Reason.OPTED_OUT:
        await _learn_opt_out(db, connection, message.recipient, receipt)
    return result


async def _climb(
    db: Handle, message: Message, state: ReceiptState, receipt: Receipt, told: Told
) -> str:
    """Another receipt of the same message may climb at the same moment: then look again."""
    current = message.state
    while (new := rules.next_state(current, state)) is not None:
        is_bad, now = new == "failed", clock.now()
        climbed = await queries.climb(
            db,
            message.id,
            current,
            new,
            now=now,
            reason=str(receipt.reason or Reason.OTHER) if is_bad else None,
            text=receipt.text if is_bad else None,
        )
        if climbed:
            await told(Change(message.account_id, message.id, current, new, now))
            return new
        again = await queries.message(db, message.id)
        current = again.state if again else new
    return "no_news"


async def _find(
    db: Handle, connection: Connection, receipt: Receipt, stored: Stored, *, is_last: bool
) -> tuple[int | None, queries.Part | None]:
    """Our own id first; then the service's; last, for a message whose answer was lost, the
    only open one to that number."""
    if receipt.message_id is not None:
        return receipt.message_id, None
    if receipt.provider_id:
        part = await queries.find_part(db, connection.id, receipt.provider_id)
        if part is not None:
            return part.message_id, part
        found = await queries.find_by_provider_id(db, connection.id, receipt.provider_id)
        if found is not None:
            return found, None
    if not is_last or not receipt.to:
        return None, None
    since = stored.received_at - UNKNOWN_LIVES
    country = connection.country or await understanding.country_of(db, connection.account_id)
    to = [s for one in read_sender(receipt.to, country=country) for s in spellings(one)]
    return await queries.find_unknown_by_recipient(db, connection.id, to, since), None


async def _whole(db: Handle, part: queries.Part, state: ReceiptState) -> ReceiptState | None:
    """What the parts say together: delivered when all are, failed as soon as one is."""
    if state is ReceiptState.UNKNOWN:
        return None
    states = await queries.settle_part(db, part, state.value)
    if "failed" in states:
        return ReceiptState.FAILED
    if all(s == "delivered" for s in states):
        return ReceiptState.DELIVERED
    return ReceiptState.SENT


async def _learn_opt_out(db: Handle, connection: Connection, number: str, receipt: Receipt) -> None:
    ref, now = receipt.provider_id, clock.now()
    await optouts.learn(db, connection.account_id, number, provider_ref=ref, now=now)
