"""What is old forgets its people, by the account's own setting.

A coupon is old when it is over (used up, withdrawn, expired; or it has no end) and nothing has
happened with it for so many days; a message when its coupon has forgotten its person, or is none,
and it is that old itself. It is done in lots of a thousand rows, each in a transaction of its own
that takes tens of milliseconds; between two of them twice the time passes that the last one took.
Rows that somebody holds just now are left for the next time. It may be killed at any time: marks
say up to where everything is done.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import asyncpg
import msgspec

from tearoff.jobs.queue import enqueue
from tearoff.keeping import lots, queries
from tearoff.keeping.lots import Table
from tearoff.kit.db import Database, Handle
from tearoff.kit.rows import columns, read

RUN = "keeping.run"
"""The job that goes through one account."""
LOT = 1_000
MOST_LOOKED = 100_000
MOST_BESIDE = 1_000_000
"""A preview looks at no more coupons, messages and replies, and at no more of everybody's reports
and events, which no index knows by account: it takes a second or two."""
PAUSE, LEAST_PAUSE = 2, 0.02
"""Between two lots: so many times as long as the last one took, and seconds."""

_LAST = (
    "greatest(s.created_at, s.opened_at, s.played_at, s.claimed_at, s.used_at, s.validated_at,"
    " s.voided_at, s.unvoided_at, s.locked_at, s.unlocked_at, s.reserved_until,"
    " to_timestamp((s.last_message_id >> 20) + 1735689600),"
    " CASE WHEN s.validated_at IS NULL AND NOT s.voided"
    " THEN least(s.expires_at, CASE WHEN NOT s.extended THEN c.expires_at END) END)"
)
"""When something happened with a coupon for the last time, or will: its end, as `Session.expiry`
tells it."""


class ToRun(msgspec.Struct, frozen=True):
    account: int


class Old(msgspec.Struct, frozen=True):
    """How much is old. `is_partial`: there may be more, as not all was looked at."""

    sessions: int
    messages: int
    replies: int
    arrivals: int
    events: int
    is_partial: bool


class LastRun(msgspec.Struct, frozen=True):
    before: datetime
    started_at: datetime
    finished_at: datetime | None
    sessions: int
    messages: int
    others: int


def before(now: datetime, days: int) -> datetime:
    return now - timedelta(days=days)


async def order(db: Handle, account_id: int) -> None:
    """Once this transaction is committed, go through the account."""
    assert isinstance(db, asyncpg.Connection | asyncpg.pool.PoolConnectionProxy)
    await enqueue(db, RUN, ToRun(account_id))


async def accounts_with_days(db: Handle) -> list[int]:
    rows = await db.fetch("SELECT id FROM accounts WHERE retention_days IS NOT NULL ORDER BY id")
    return [row["id"] for row in rows]


async def run(db: Database, account_id: int, now: datetime) -> None:
    """Empty what is old in this account, if it wants that."""
    days = await db.fetchval("SELECT retention_days FROM accounts WHERE id = $1", account_id)
    if days is None:
        return
    until = before(now, days)
    await _begin(db, account_id, until, now)
    campaigns = await db.fetch("SELECT id FROM campaigns WHERE account_id = $1", account_id)
    for row in campaigns:
        await _go_through(db, account_id, f"sessions {row['id']}", until, _empty_sessions)
    await _go_through(db, account_id, "messages", until, _empty_messages)
    for kind in _OTHERS:
        await _go_over(db, account_id, kind, account_id, until)
    for row in await db.fetch("SELECT id FROM locations WHERE account_id = $1", account_id):
        await _go_over(db, account_id, _SCANS, row["id"], until)
    await db.execute(
        "UPDATE keeping_runs SET finished_at = clock_timestamp() WHERE account_id = $1", account_id
    )


async def _begin(db: Handle, account_id: int, until: datetime, now: datetime) -> None:
    await db.execute(
        "INSERT INTO keeping_runs (account_id, before, started_at) VALUES ($1, $2, $3)"
        " ON CONFLICT (account_id) DO UPDATE SET before = excluded.before,"
        " started_at = excluded.started_at, finished_at = NULL, sessions = 0, messages = 0,"
        " others = 0",
        account_id,
        until,
        now,
    )


class Place(msgspec.Struct, frozen=True):
    """In the order of time: behind this row."""

    at: datetime
    id: int


class Lot(msgspec.Struct, frozen=True):
    """What came of a thousand rows: how many were emptied, the last of them, and the row before
    the first that had to be left; None: there was none."""

    looked_at: int
    emptied: int
    last: Place | None
    left_after: Place | None


Empty = Callable[[Handle, int, str, datetime, Place], Awaitable[Lot]]

_BEGINNING = Place(datetime.fromisoformat("1970-01-01T00:00:00Z"), 0)


async def _go_through(
    db: Database, account_id: int, what: str, until: datetime, empty: Empty
) -> None:
    """All that is older, from the mark on; the mark follows as far as everything is emptied."""
    row = await db.fetchrow(
        "SELECT at, id FROM keeping_marks WHERE account_id = $1 AND what = $2", account_id, what
    )
    place, is_whole = Place(row["at"], row["id"]) if row else _BEGINNING, True
    while True:
        started = time.monotonic()
        async with db.transaction() as work:
            lot = await empty(work, account_id, what, until, place)
            if lot.last is None:
                return
            if is_whole:
                is_whole = lot.left_after is None
                await _mark(work, account_id, what, lot.left_after or lot.last)
            await _count(work, account_id, what, lot.emptied)
        place = lot.last
        if lot.emptied:
            await asyncio.sleep(max(LEAST_PAUSE, PAUSE * (time.monotonic() - started)))


async def _mark(db: Handle, account_id: int, what: str, place: Place) -> None:
    await db.execute(
        "INSERT INTO keeping_marks (account_id, what, at, id) VALUES ($1, $2, $3, $4)"
        " ON CONFLICT (account_id, what) DO UPDATE SET at = excluded.at, id = excluded.id",
        account_id,
        what,
        place.at,
        place.id,
    )


async def _count(db: Handle, account_id: int, what: str, n: int) -> None:
    column = what.split(maxsplit=1)[0] if what != "others" else what
    if n:
        await db.execute(
            f"UPDATE keeping_runs SET {column} = {column} + $2 WHERE account_id = $1",
            account_id,
            n,
        )


_SESSIONS = f"""
WITH lot AS MATERIALIZED (
  SELECT s.id, s.created_at, s.forgotten_at IS NOT NULL AS is_done,
    {_LAST} < $4 AS is_old
  FROM sessions s JOIN campaigns c ON c.id = s.campaign_id
  WHERE s.campaign_id = $1 AND s.account_id = $2 AND (s.created_at, s.id) > ($3, $5)
    AND s.created_at < $4
  ORDER BY s.created_at, s.id LIMIT {LOT}
), held AS MATERIALIZED (
  SELECT s.id FROM sessions s WHERE s.id IN (SELECT id FROM lot WHERE is_old AND NOT is_done)
  ORDER BY s.id FOR UPDATE SKIP LOCKED
), emptied AS (
  UPDATE sessions s SET {queries.EMPTY_SESSION}, forgotten_at = now()
  FROM held WHERE s.id = held.id RETURNING s.id
)
SELECT lot.id, lot.created_at AS at, is_done, e.id IS NOT NULL AS is_emptied
FROM lot LEFT JOIN emptied e ON e.id = lot.id ORDER BY lot.created_at, lot.id
"""


async def _empty_sessions(
    db: Handle, account_id: int, what: str, until: datetime, place: Place
) -> Lot:
    campaign_id = int(what.split()[1])
    rows = await db.fetch(_SESSIONS, campaign_id, account_id, place.at, until, place.id)
    emptied = [row["id"] for row in rows if row["is_emptied"]]
    if emptied:
        await queries.empty_beside(db, account_id, emptied)
    return _lot(rows, place)


# As in `lots.py`: by account and id, and by nothing that would let another index in.
_MESSAGES = f"""
WITH lot AS MATERIALIZED (
  SELECT m.id, m.created_at, m.recipient = '' AND m.text = '' AS is_done,
    m.created_at < $3 AND m.state NOT IN ('queued', 'submitting')
      AND NOT EXISTS (SELECT FROM sessions s WHERE s.id = m.about AND s.forgotten_at IS NULL)
      AS is_old
  FROM (SELECT id, created_at, recipient, text, state, about FROM messages
    WHERE (account_id, id) > ($1, $2) AND account_id <= $1 ORDER BY account_id, id LIMIT {LOT}) m
  WHERE m.id < time_id($3)
), held AS MATERIALIZED (
  SELECT m.id FROM messages m WHERE m.account_id = $1
    AND m.id IN (SELECT id FROM lot WHERE is_old AND NOT is_done)
  ORDER BY m.id FOR UPDATE SKIP LOCKED
), emptied AS (
  UPDATE messages m SET {queries.EMPTY_MESSAGE}
  FROM held WHERE m.id = held.id RETURNING m.id
)
SELECT lot.id, lot.created_at AS at, is_done, e.id IS NOT NULL AS is_emptied
FROM lot LEFT JOIN emptied e ON e.id = lot.id ORDER BY lot.id
"""


async def _empty_messages(
    db: Handle, account_id: int, what: str, until: datetime, place: Place
) -> Lot:
    rows = await db.fetch(_MESSAGES, account_id, place.id, until)
    emptied = [row["id"] for row in rows if row["is_emptied"]]
    if emptied:
        await queries.empty_beside_messages(db, emptied)
    return _lot(rows, place)


def _lot(rows: list[asyncpg.Record], place: Place) -> Lot:
    left_after, before_it = None, place
    for row in rows:
        if not (row["is_done"] or row["is_emptied"]):
            left_after = before_it
            break
        before_it = Place(row["at"], row["id"])
    last = Place(rows[-1]["at"], rows[-1]["id"]) if rows else None
    return Lot(len(rows), sum(row["is_emptied"] for row in rows), last, left_after)


class Aged(msgspec.Struct, frozen=True):
    """What is deleted or emptied by its age alone, told by `moment`. `way` does it to those that
    are `held`, and gives their ids; $1: whose they are."""

    table: Table
    moment: str
    condition: str
    way: str


_OTHERS = (
    Aged(
        lots.ARRIVALS, "received_at", "handled_at IS NOT NULL",
        "gone AS (DELETE FROM arrivals a USING held WHERE a.id = held.id RETURNING a.id),"
        " unread AS (DELETE FROM unread_arrivals u USING gone"
        "  WHERE u.account_id = $1 AND u.arrival_id = gone.id) SELECT id FROM gone",
    ),
    Aged(
        lots.REPLIES, "received_at", "state <> 'open'",
        "gone AS (DELETE FROM replies r USING held WHERE r.id = held.id RETURNING r.id)"
        " SELECT id FROM gone",
    ),
    Aged(
        lots.EVENTS, "at", "true",
        "gone AS (DELETE FROM hook_events e USING held WHERE e.id = held.id RETURNING e.id)"
        " SELECT id FROM gone",
    ),
)  # fmt: skip
_SCANS = Aged(
    lots.SCANS, "at", "session_id IS NULL AND (code <> '' OR detail <> '')",
    "gone AS (UPDATE counter_scans s SET code = '', detail = '' FROM held WHERE s.id = held.id"
    " RETURNING s.id) SELECT id FROM gone",
)  # fmt: skip


async def _go_over(db: Database, account_id: int, kind: Aged, owner: int, until: datetime) -> None:
    """Ids and times grow together, but for moments: what is behind a row that is new is new, or is
    found at another time."""
    table = kind.table
    statement = (
        f"WITH held AS MATERIALIZED (SELECT id FROM {table.name}"
        f" WHERE id IN (SELECT unnest($2::bigint[])) AND {table.owner} = $1 AND {kind.condition}"
        f" ORDER BY id FOR UPDATE SKIP LOCKED), {kind.way}"
    )
    old, new = f"{kind.moment} < $3 AND {kind.condition}", f"{kind.moment} >= $3"
    async for lot in lots.found_in(db, table, owner, old, [until], ends=new):
        ids = [row["id"] for row in lot]
        for i in range(0, len(ids), LOT):
            started = time.monotonic()
            async with db.transaction() as work:
                done = await work.fetch(statement, owner, ids[i : i + LOT])
                await _count(work, account_id, "others", len(done))
            await asyncio.sleep(max(LEAST_PAUSE, PAUSE * (time.monotonic() - started)))


# what is shown ------------------------------------------------------------------------------

_PREVIEW = f"""
WITH coupons AS MATERIALIZED (
  SELECT lot.is_old FROM campaigns c
  LEFT JOIN keeping_marks k ON k.account_id = c.account_id AND k.what = 'sessions ' || c.id
  CROSS JOIN LATERAL (SELECT s.forgotten_at IS NULL AND {_LAST} < $2 AS is_old FROM sessions s
    WHERE s.campaign_id = c.id AND s.created_at < $2
      AND (s.created_at, s.id) > (coalesce(k.at, '-infinity'), coalesce(k.id, 0))
    ORDER BY s.created_at, s.id LIMIT {MOST_LOOKED}) lot
  WHERE c.account_id = $1 LIMIT {MOST_LOOKED}
), texts AS MATERIALIZED (
  SELECT m.text <> '' AND NOT EXISTS (SELECT FROM sessions s JOIN campaigns c
      ON c.id = s.campaign_id WHERE s.id = m.about AND s.forgotten_at IS NULL AND {_LAST} >= $2)
    AS is_old
  FROM (SELECT id, text, about FROM messages WHERE account_id <= $1 AND (account_id, id) > ($1,
      coalesce((SELECT id FROM keeping_marks WHERE account_id = $1 AND what = 'messages'), 0))
    ORDER BY account_id, id LIMIT {MOST_LOOKED}) m
  WHERE m.id < time_id($2)
), answers AS (
  SELECT count(*) AS looked, count(*) FILTER (WHERE received_at < $2 AND state <> 'open') AS old
  FROM (SELECT received_at, state FROM replies WHERE (account_id, id) > ($1, 0)
    AND account_id <= $1 ORDER BY account_id, id LIMIT {MOST_LOOKED}) x
), reports AS (
  SELECT count(*) AS looked,
    count(*) FILTER (WHERE account_id = $1 AND handled_at IS NOT NULL) AS old
  FROM (SELECT account_id, handled_at FROM arrivals WHERE received_at < $2
    ORDER BY received_at LIMIT {MOST_BESIDE}) x
), events AS (
  SELECT count(*) AS looked, count(*) FILTER (WHERE account_id = $1) AS old
  FROM (SELECT account_id FROM hook_events WHERE at < $2 ORDER BY at LIMIT {MOST_BESIDE}) x
)
SELECT (SELECT count(*) FILTER (WHERE is_old) FROM coupons) AS sessions,
  (SELECT count(*) FILTER (WHERE is_old) FROM texts) AS messages,
  answers.old AS replies, reports.old AS arrivals, events.old AS events,
  (SELECT count(*) FROM coupons) >= {MOST_LOOKED} OR (SELECT count(*) FROM texts) >= {MOST_LOOKED}
    OR answers.looked >= {MOST_LOOKED} OR reports.looked >= {MOST_BESIDE}
    OR events.looked >= {MOST_BESIDE} AS is_partial
FROM answers, reports, events
"""


async def preview(db: Handle, account_id: int, until: datetime) -> Old:
    row = await db.fetchrow(_PREVIEW, account_id, until)
    assert row is not None
    return read(Old, row)


async def last_run(db: Handle, account_id: int) -> LastRun | None:
    row = await db.fetchrow(
        f"SELECT {columns(LastRun)} FROM keeping_runs WHERE account_id = $1", account_id
    )
    return row and read(LastRun, row)
