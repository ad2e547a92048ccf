"""Replies that a version before has handled, read again by today's rules.

That version kept no replies, dropped senders whose number it could not read, and let texts that
may have meant STOP go by. What it was sent is still there (`arrivals`). This goes through it in
lots, each reply in a transaction of its own; it may be killed at any time and begins anew, and
several workers may do it at once. It touches nothing that has not been handled yet.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import asyncpg
import structlog

from tearoff.kit.db import NOT_NOW, Database
from tearoff.kit.phone import spellings
from tearoff.kit.rows import columns, read
from tearoff.kit.services import Services
from tearoff.messages import arrivals, connections, replies, understanding
from tearoff.people import optouts
from tearoff.people.keywords import Keyword

log = structlog.get_logger()

UPKEEP = "older replies"
"""Of the table `upkeep`. Once more a day later, for what the version before has handled beside
this one."""
ONCE_MORE_AFTER = timedelta(days=1)
LOT = 20_000
"""So many arrivals are looked at together; of them only those are read that had replies."""


async def read_if_due(services: Services, now: datetime) -> bool:
    """Go through all of them, if that is due."""
    db = services.db
    passes = await db.fetchval(
        "SELECT passes FROM upkeep WHERE name = $1 AND due_at <= $2", UPKEEP, now
    )
    if passes is None:
        return False
    kept = await _read_all(services)
    stopped = await _obey_stops(db, now)
    await db.execute(
        "UPDATE upkeep SET passes = $2, due_at = $3 WHERE name = $1 AND passes < $2",
        UPKEEP,
        passes + 1,
        now + ONCE_MORE_AFTER if passes == 0 else None,
    )
    if kept or stopped:
        log.info("replies.read_again", replies=kept, opted_out=stopped)
    return True


async def _read_all(services: Services) -> int:
    after, kept = -1, 0
    while True:
        last = await services.db.fetchval(
            "SELECT max(id) FROM (SELECT id FROM arrivals WHERE id > $1 ORDER BY id"
            f" LIMIT {LOT}) lot",
            after,
        )
        if last is None:
            return kept
        rows = await services.db.fetch(
            "SELECT id FROM arrivals WHERE id > $1 AND id <= $2 AND handled_at IS NOT NULL"
            " AND (result ~ 'reply_' OR result = 'nothing') ORDER BY id",
            after,
            last,
        )
        for row in rows:
            kept += await _read_one(services, row["id"])
        after = last


async def _read_one(services: Services, arrival_id: int) -> int:
    """How many replies it had that were not kept yet."""
    try:
        async with services.db.transaction() as db:
            return await _keep_replies(services, db, arrival_id)
    except NOT_NOW:
        raise
    except Exception:  # one that no longer can be read must not keep back the others
        log.exception("replies.not_read_again", arrival=arrival_id)
        return 0


async def _keep_replies(services: Services, db: asyncpg.Connection, arrival_id: int) -> int:
    row = await db.fetchrow(
        f"SELECT {columns(arrivals.Stored)}, result FROM arrivals WHERE id = $1 FOR UPDATE",
        arrival_id,
    )
    connection = row and await connections.connection(db, row["connection_id"])
    if row is None or connection is None:
        return 0
    stored = read(arrivals.Stored, row)
    receipts, texts = await arrivals.read_stored(services, connection, stored)
    kept = 0
    for reply, was in zip(texts, _results(row["result"], receipts, texts), strict=True):
        arriving = await understanding.understand(db, connection, reply, stored.received_at)
        if not await replies.is_kept(db, arriving):
            await replies.keep(db, arriving, _state(arriving, was))
            kept += 1
    return kept


def _results(result: str, receipts: Sequence[object], texts: Sequence[object]) -> Sequence[str]:
    """What came of each reply; they stand behind what came of the receipts."""
    results = result.split(",")
    if len(results) != len(receipts) + len(texts):
        return [""] * len(texts)
    return results[len(receipts) :]


def _state(arriving: replies.Arriving, was: str) -> str:
    """What was taken for a STOP then was obeyed. A STOP of today is open until `_obey_stops`,
    which needs to know all that came after it."""
    if was == "reply_stop":
        return "done"
    return "open" if arriving.keyword is Keyword.STOP else arriving.state


async def _obey_stops(db: Database, now: datetime) -> int:
    """Every STOP whose sender is known and who has not opted in later."""
    rows = await db.fetch(
        "SELECT id FROM replies WHERE state = 'open' AND keyword = 'stop' AND phone IS NOT NULL"
        " ORDER BY id"
    )
    stopped = 0
    for row in rows:
        async with db.transaction() as work:
            stopped += await _obey(work, row["id"], now)
    return stopped


async def _obey(db: asyncpg.Connection, reply_id: int, now: datetime) -> bool:
    row = await db.fetchrow(
        f"SELECT {columns(replies.Reply)} FROM replies WHERE id = $1 AND state = 'open' FOR UPDATE",
        reply_id,
    )
    if row is None:
        return False
    found = read(replies.Reply, row)
    assert found.phone is not None
    if await optouts.has_opted_in_since(db, found.account_id, found.phone, found.received_at):
        return False
    if await _has_written_start_since(db, found, found.phone):
        return False
    evidence = optouts.Evidence(found.text, found.received_by, found.provider_ref)
    await optouts.add(
        db, found.account_id, found.phone, source="reply", now=now, since=found.received_at,
        reason="Read again after an upgrade.", evidence=evidence,
    )  # fmt: skip
    await db.execute("UPDATE replies SET state = 'done' WHERE id = $1", reply_id)
    return True


async def _has_written_start_since(
    db: asyncpg.Connection, reply: replies.Reply, phone: str
) -> bool:
    """Also one that took nothing back, because the STOP before it had been dropped."""
    found = await db.fetchval(
        "SELECT true FROM replies WHERE account_id = $1 AND phone = ANY($2) AND keyword = 'start'"
        " AND received_at > $3 LIMIT 1",
        reply.account_id,
        list(spellings(phone)),
        reply.received_at,
    )
    return bool(found)
