"""One function per statement about endpoints, and about events that are sent again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from tearoff.hooks import retry_schedule
from tearoff.hooks.models import KINDS, OFF_BY_OWNER, Endpoint, Event
from tearoff.kit.db import Handle
from tearoff.kit.rows import columns, read

TROUBLE_AFTER = timedelta(minutes=15)
"""A receiver that is down for less is no trouble yet: what failed is tried again by itself."""


async def hold_account(db: Handle, account_id: int) -> None:
    """Let one transaction at a time change the account's endpoints."""
    await db.execute("SELECT FROM accounts WHERE id = $1 FOR NO KEY UPDATE", account_id)


async def note_kinds(db: Handle, account_id: int, now: datetime) -> None:
    """Note at the account which kinds its endpoints want that are active, or for which is kept what
    happens; after they were changed."""
    await db.execute(
        "UPDATE accounts a SET hooks = n.kinds FROM ("
        " SELECT array_agg(DISTINCT kind ORDER BY kind) AS kinds FROM hook_endpoints e,"
        " unnest(coalesce(e.kinds, $2)) AS kind WHERE e.account_id = $1"
        " AND (e.active OR e.kept_until > $3)) n"
        " WHERE a.id = $1 AND a.hooks IS DISTINCT FROM n.kinds",
        account_id,
        list(KINDS),
        now,
    )


async def kept_too_long(db: Handle, now: datetime) -> list[int]:
    """Accounts with an endpoint for which keeping what happens is over."""
    rows = await db.fetch(
        "SELECT DISTINCT account_id FROM hook_endpoints WHERE kept_until <= $1 ORDER BY account_id",
        now,
    )
    return [row["account_id"] for row in rows]


async def end_keeping(db: Handle, account_id: int, now: datetime) -> None:
    """Where that is over."""
    await db.execute(
        "UPDATE hook_endpoints SET kept_until = NULL WHERE account_id = $1 AND kept_until <= $2",
        account_id,
        now,
    )


async def wait_for_announcers(db: Handle, endpoint_id: int) -> None:
    """Whoever announces just now saw it as it is: what they write is there when this returns, and
    the next one sees it as it will be."""
    await db.execute("SELECT FROM hook_endpoints WHERE id = $1 FOR UPDATE", endpoint_id)


async def end_pause(db: Handle, endpoint_id: int) -> None:
    """Somebody wants something sent now. A span that is being put in line goes before."""
    await db.execute(
        "UPDATE hook_endpoints e SET paused_until = NULL WHERE id = $1 AND paused_until IS NOT NULL"
        " AND NOT EXISTS (SELECT FROM hook_replays r WHERE r.endpoint_id = e.id"
        " AND r.placed_at IS NULL)",
        endpoint_id,
    )


async def pause(db: Handle, endpoint_id: int, until: datetime) -> None:
    """Send it nothing before then."""
    await db.execute(
        "UPDATE hook_endpoints SET paused_until = greatest(paused_until, $2) WHERE id = $1",
        endpoint_id,
        until,
    )


async def endpoints(db: Handle, account_id: int) -> list[Endpoint]:
    rows = await db.fetch(
        f"SELECT {columns(Endpoint)} FROM hook_endpoints WHERE account_id = $1 ORDER BY id",
        account_id,
    )
    return [read(Endpoint, row) for row in rows]


async def without_tls(db: Handle, most: int) -> list[Endpoint]:
    """Active ones of all accounts that are told over http, for the operator."""
    rows = await db.fetch(
        f"SELECT {columns(Endpoint)} FROM hook_endpoints WHERE active AND url LIKE 'http:%'"
        " ORDER BY account_id, id LIMIT $1",
        most,
    )
    return [read(Endpoint, row) for row in rows]


async def in_trouble(db: Handle, account_id: int, now: datetime) -> list[Endpoint]:
    """Those that were switched off by nobody, and active ones that have only failed for a while."""
    rows = await db.fetch(
        f"SELECT {columns(Endpoint)} FROM hook_endpoints WHERE account_id = $1"
        " AND (active AND failing_since < $2 OR NOT active AND switched_off_reason <> $3)"
        " ORDER BY active, id",
        account_id,
        now - TROUBLE_AFTER,
        OFF_BY_OWNER,
    )
    return [read(Endpoint, row) for row in rows]


async def endpoint(db: Handle, account_id: int, endpoint_id: int) -> Endpoint | None:
    row = await db.fetchrow(
        f"SELECT {columns(Endpoint)} FROM hook_endpoints WHERE account_id = $1 AND id = $2",
        account_id,
        endpoint_id,
    )
    return row and read(Endpoint, row)


async def insert_endpoint(
    db: Handle,
    account_id: int,
    *,
    url: str,
    kinds: Sequence[str] | None,
    description: str,
    secret_sealed: bytes,
    now: datetime,
) -> Endpoint:
    row = await db.fetchrow(
        "INSERT INTO hook_endpoints (account_id, url, kinds, description, secret_sealed,"
        f" created_at) VALUES ($1, $2, $3, $4, $5, $6) RETURNING {columns(Endpoint)}",
        account_id,
        url,
        None if kinds is None else list(kinds),
        description,
        secret_sealed,
        now,
    )
    assert row is not None
    return read(Endpoint, row)


async def update_endpoint(
    db: Handle, account_id: int, endpoint_id: int, changes: dict[str, Any]
) -> Endpoint | None:
    """Set the named columns; the names come from our own tables, never from a caller."""
    sets = ", ".join(f"{name} = ${i}" for i, name in enumerate(changes, 3))
    row = await db.fetchrow(
        f"UPDATE hook_endpoints SET {sets} WHERE account_id = $1 AND id = $2"
        f" RETURNING {columns(Endpoint)}",
        account_id,
        endpoint_id,
        *changes.values(),
    )
    return row and read(Endpoint, row)


async def delete_endpoint(db: Handle, account_id: int, endpoint_id: int) -> bool:
    """With the log of its deliveries."""
    done = await db.fetchval(
        "DELETE FROM hook_endpoints WHERE account_id = $1 AND id = $2 RETURNING true",
        account_id,
        endpoint_id,
    )
    return bool(done)


async def drop_waiting(db: Handle, endpoint_id: int, now: datetime) -> None:
    """What an endpoint was still owed when it was switched off; it can be sent again."""
    await db.execute(
        "UPDATE hook_deliveries SET state = 'dropped', settled_at = $2"
        " WHERE endpoint_id = $1 AND state = 'waiting'",
        endpoint_id,
        now,
    )


async def event(db: Handle, account_id: int, ref: str) -> Event | None:
    row = await db.fetchrow(
        f"SELECT {columns(Event)} FROM hook_events WHERE ref = $2 AND account_id = $1",
        account_id,
        ref,
    )
    return row and read(Event, row)


_AGAIN = (
    "state = 'waiting', tries = 0, settled_at = NULL,"
    " next_at = CASE WHEN d.claimed_until > {now} THEN d.next_at ELSE {now} END"
)


async def resend_event(
    db: Handle, account_id: int, event_id: int, endpoint_id: int | None, now: datetime
) -> int:
    """Let an event go out again, to every active endpoint that got it or only to this one.
    Gives to how many."""
    n: int = await db.fetchval(
        f"WITH done AS (UPDATE hook_deliveries d SET {_AGAIN.format(now='$4')}"
        " FROM hook_endpoints e WHERE d.account_id = $1 AND d.event_id = $2"
        " AND ($3::bigint IS NULL OR d.endpoint_id = $3) AND e.id = d.endpoint_id AND e.active"
        " RETURNING 1) SELECT count(*) FROM done",
        account_id,
        event_id,
        endpoint_id,
        now,
    )
    return n


async def owe_event(
    db: Handle, account_id: int, event_id: int, endpoint_id: int, now: datetime
) -> None:
    """Let an event go to an endpoint that never was to get it."""
    await db.execute(
        "INSERT INTO hook_deliveries (account_id, endpoint_id, event_id, thread, next_at,"
        " created_at) SELECT $1, $3, id, thread, $4, $4 FROM hook_events WHERE id = $2",
        account_id,
        event_id,
        endpoint_id,
        now,
    )


async def pull_earlier(
    db: Handle, account_id: int, event_id: int, endpoint_id: int | None, now: datetime
) -> None:
    """Let go now what an event that goes out again would wait for: what happened before in its
    thread and waits for its next try. One that another holds is just being sent or settled."""
    await db.execute(
        "UPDATE hook_deliveries d SET next_at = $4 FROM ("
        " SELECT w.id FROM hook_deliveries a JOIN hook_endpoints e ON e.id = a.endpoint_id"
        " JOIN hook_deliveries w ON w.endpoint_id = a.endpoint_id AND w.thread = a.thread"
        " AND w.event_id < a.event_id"
        " WHERE a.account_id = $1 AND a.event_id = $2 AND a.thread <> '' AND e.active"
        " AND ($3::bigint IS NULL OR a.endpoint_id = $3) AND w.state = 'waiting'"
        " AND w.next_at > $4 AND (w.claimed_until IS NULL OR w.claimed_until <= $4)"
        f" AND w.tries < {retry_schedule.IN_ORDER_FOR} FOR NO KEY UPDATE OF w SKIP LOCKED"
        ") earlier WHERE d.id = earlier.id",
        account_id,
        event_id,
        endpoint_id,
        now,
    )


async def resend_failed(
    db: Handle, account_id: int, endpoint_id: int, since: datetime, now: datetime
) -> int:
    """Let everything that failed or was dropped since then go out again, but tests. Gives how
    many."""
    n: int = await db.fetchval(
        f"WITH done AS (UPDATE hook_deliveries d SET {_AGAIN.format(now='$4')}"
        " WHERE d.account_id = $1 AND d.endpoint_id = $2 AND d.created_at >= $3"
        " AND d.state IN ('failed', 'dropped') AND d.thread <> 'webhook_test' RETURNING 1)"
        " SELECT count(*) FROM done",
        account_id,
        endpoint_id,
        since,
        now,
    )
    return n


async def sweep_events(db: Handle, before: datetime, limit: int) -> int:
    """Forget old events with their deliveries, at most so many. Gives how many."""
    n: int = await db.fetchval(
        "WITH gone AS (DELETE FROM hook_events WHERE id IN (SELECT id FROM hook_events"
        " WHERE at < $1 ORDER BY at LIMIT $2) RETURNING 1) SELECT count(*) FROM gone",
        before,
        limit,
    )
    return n


async def wake_deliverers(db: Handle, channel: str) -> None:
    """Once this transaction is committed."""
    await db.execute("SELECT pg_notify($1, '')", channel)
