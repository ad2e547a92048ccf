"""Sending a span again: all that did not arrive, in the order in which it happened, each once.

What is put back to `waiting` is none of it any more, so that the same span asked for twice finds
nothing. A large one is put back lot by lot; until all of it stands in line its endpoint is told
nothing, so that nothing new goes before what is older.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import asyncpg
import msgspec

from tearoff.errors import Conflict
from tearoff.hooks import endpoints, outbox, queries
from tearoff.hooks.endpoints import WebhookOff
from tearoff.jobs.queue import enqueue
from tearoff.kit import clock
from tearoff.kit.db import Handle
from tearoff.kit.rows import columns, read
from tearoff.kit.services import Services

LOT = 2_000
JOB = "hooks.replay"
_HELD = timedelta(minutes=10)
"""For so long nothing is sent when the worker that puts a span back dies; each lot begins anew."""
FORGOTTEN_AFTER = timedelta(minutes=2)


class ReplayUnderWay(Conflict):
    """A span of this webhook is being sent again already. Wait until all of it is in line."""


class Replay(msgspec.Struct, frozen=True):
    """A span from `from_at` until before `until_at` that is sent again. `found`: how many events
    that were; `placed_at`: when all of them were on their way."""

    id: int
    account_id: int
    endpoint_id: int
    from_at: datetime
    until_at: datetime
    found: int
    started_at: datetime
    placed_at: datetime | None


class Progress(msgspec.Struct, frozen=True):
    """What became of a replay's events."""

    waiting: int
    delivered: int
    failed: int


class _Job(msgspec.Struct):
    replay_id: int


# Those that were given up or dropped, and those that wait after a try that failed. What is in hand
# just now is neither: nobody knows yet.
_GIVEN_UP = (
    "d.endpoint_id = $1 AND d.state IN ('failed', 'dropped') AND d.thread <> 'webhook_test'"
    " AND d.created_at >= $2 AND d.created_at < $3"
)
_TRIED = (
    "d.endpoint_id = $1 AND d.state = 'waiting' AND d.tries > 0 AND d.created_at >= $2"
    " AND d.created_at < $3 AND (d.claimed_until IS NULL OR d.claimed_until <= $4)"
)
_BACK = (
    "state = 'waiting', tries = 0, settled_at = NULL, replay_id = {replay},"
    " next_at = CASE WHEN d.claimed_until > {now} THEN d.next_at ELSE {now} END"
)


async def count(
    db: Handle, endpoint_id: int, from_at: datetime, until_at: datetime, now: datetime
) -> int:
    """How many of a span would be sent again."""
    n: int = await db.fetchval(
        f"SELECT (SELECT count(*) FROM hook_deliveries d WHERE {_GIVEN_UP})"
        f" + (SELECT count(*) FROM hook_deliveries d WHERE {_TRIED})",
        endpoint_id, from_at, until_at, now,
    )  # fmt: skip
    return n


async def begin(
    db: asyncpg.Connection,
    account_id: int,
    endpoint_id: int,
    from_at: datetime,
    until_at: datetime,
    now: datetime,
    *,
    switch_on: bool = False,
) -> Replay:
    """Send what did not arrive of a span again, after switching the endpoint on if that is wished.
    In a transaction. Raises `WebhookNotFound`, `WebhookOff`, `ReplayUnderWay`."""
    known = await endpoints.hold(db, account_id, endpoint_id)
    if await _is_placing(db, endpoint_id):
        raise ReplayUnderWay
    if not known.active and not switch_on:
        raise WebhookOff
    if not known.active:
        await endpoints.switch_on(db, account_id, endpoint_id, now)
    found = await count(db, endpoint_id, from_at, until_at, now)
    made = await _insert(db, account_id, endpoint_id, from_at, until_at, found, now)
    await _place_tried(db, made)
    return await _go_on(db, made, now)


async def _is_placing(db: Handle, endpoint_id: int) -> bool:
    found: bool = await db.fetchval(
        "SELECT EXISTS (SELECT FROM hook_replays WHERE endpoint_id = $1 AND placed_at IS NULL)",
        endpoint_id,
    )
    return found


async def _insert(
    db: Handle,
    account_id: int,
    endpoint_id: int,
    from_at: datetime,
    until_at: datetime,
    found: int,
    now: datetime,
) -> Replay:
    row = await db.fetchrow(
        "INSERT INTO hook_replays (account_id, endpoint_id, from_at, until_at, found, started_at)"
        f" VALUES ($1, $2, $3, $4, $5, $6) RETURNING {columns(Replay)}",
        account_id, endpoint_id, from_at, until_at, found, now,
    )  # fmt: skip
    assert row is not None
    return read(Replay, row)


async def _place_tried(db: Handle, replay: Replay) -> None:
    """All at once: an endpoint that fails is tried by one request at a time, so they are few."""
    await db.execute(
        f"UPDATE hook_deliveries d SET {_BACK.format(replay='$5', now='$4')} WHERE {_TRIED}",
        replay.endpoint_id, replay.from_at, replay.until_at, replay.started_at, replay.id,
    )  # fmt: skip


async def _place_lot(db: Handle, replay: Replay) -> int:
    """The oldest of those that were given up. Gives how many."""
    n: int = await db.fetchval(
        f"WITH lot AS (SELECT d.id FROM hook_deliveries d WHERE {_GIVEN_UP}"
        f" ORDER BY d.created_at, d.id LIMIT {LOT} FOR NO KEY UPDATE), back AS ("
        f" UPDATE hook_deliveries d SET {_BACK.format(replay='$5', now='$4')} FROM lot"
        " WHERE d.id = lot.id RETURNING 1) SELECT count(*) FROM back",
        replay.endpoint_id, replay.from_at, replay.until_at, replay.started_at, replay.id,
    )  # fmt: skip
    return n


async def _go_on(db: asyncpg.Connection, replay: Replay, now: datetime) -> Replay:
    """The next lot; the job has the ones after it."""
    is_last = await _place_lot(db, replay) < LOT
    await db.execute(
        "UPDATE hook_endpoints SET paused_until = $2 WHERE id = $1",
        replay.endpoint_id, None if is_last else now + _HELD,
    )  # fmt: skip
    if not is_last:
        await enqueue(db, JOB, _Job(replay.id))
        return replay
    await db.execute("UPDATE hook_replays SET placed_at = $2 WHERE id = $1", replay.id, now)
    await queries.wake_deliverers(db, outbox.CHANNEL)
    return msgspec.structs.replace(replay, placed_at=now)


async def run(services: Services, payload: bytes) -> None:
    """One lot more, and the job of the next."""
    job = msgspec.json.decode(payload, type=_Job)
    async with services.db.transaction() as db:
        row = await db.fetchrow(
            f"SELECT {columns(Replay)} FROM hook_replays WHERE id = $1 AND placed_at IS NULL"
            " FOR NO KEY UPDATE SKIP LOCKED",
            job.replay_id,
        )
        if row is not None:
            await _go_on(db, read(Replay, row), clock.now())


async def go_on_forgotten(services: Services, now: datetime) -> None:
    """Whose worker died in between. A lot that another is at work on is left to it."""
    rows = await services.db.fetch(
        "SELECT id FROM hook_replays WHERE placed_at IS NULL AND started_at < $1 ORDER BY id",
        now - FORGOTTEN_AFTER,
    )
    for row in rows:
        await run(services, msgspec.json.encode(_Job(row["id"])))


async def find(
    db: Handle, account_id: int, endpoint_id: int, replay_id: int | None = None
) -> tuple[Replay, Progress] | None:
    """A replay, or the last one, and how far it has come."""
    row = await db.fetchrow(
        f"SELECT {columns(Replay)} FROM hook_replays WHERE account_id = $1 AND endpoint_id = $2"
        " AND ($3::bigint IS NULL OR id = $3) ORDER BY id DESC LIMIT 1",
        account_id, endpoint_id, replay_id,
    )  # fmt: skip
    if row is None:
        return None
    replay = read(Replay, row)
    states = await db.fetch(
        "SELECT state, count(*) AS n FROM hook_deliveries WHERE replay_id = $1 GROUP BY state",
        replay.id,
    )
    n = {one["state"]: one["n"] for one in states}
    placed = sum(n.values())
    left = 0 if replay.placed_at else max(0, replay.found - placed)
    waiting, failed = n.get("waiting", 0) + left, n.get("failed", 0) + n.get("dropped", 0)
    return replay, Progress(waiting, n.get("delivered", 0), failed)


async def sweep(db: Handle, before: datetime) -> None:
    await db.execute("DELETE FROM hook_replays WHERE started_at < $1", before)
