"""Announcing: an event and its deliveries are written in the transaction of what happened."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from tearoff.hooks.bodies import Body, encode
from tearoff.hooks.models import Listener, listener
from tearoff.kit import codes
from tearoff.kit.db import Handle

CHANNEL = "tearoff_hooks"
"""Where deliverers hear that something is due. Commits that notify wait for each other on the whole
server, so what is only kept for an endpoint that is off makes no sound."""

_ANNOUNCE = """
WITH hits AS MATERIALIZED (
  SELECT id, active FROM hook_endpoints
  WHERE account_id = $1 AND (active OR kept_until > $4) AND (kinds IS NULL OR $3 = ANY(kinds))
  FOR KEY SHARE  -- one that is deleted or switched on at this moment waits, or is waited for
), next AS MATERIALIZED (
  SELECT nextval(pg_get_serial_sequence('hook_events', 'id')) AS id WHERE EXISTS (SELECT FROM hits)
), event AS (
  INSERT INTO hook_events (id, ref, account_id, kind, at, campaign_id, thread, body)
  OVERRIDING SYSTEM VALUE
  SELECT id, $2, $1, $3, $4, $5, $6, $7::bytea || convert_to(id::text, 'UTF8') || $8::bytea
  FROM next RETURNING id
), owed AS (
  INSERT INTO hook_deliveries (account_id, endpoint_id, event_id, thread, next_at, created_at,
    state, settled_at)
  SELECT $1, hits.id, event.id, $6, $4, $4, CASE WHEN active THEN 'waiting' ELSE 'dropped' END,
    CASE WHEN NOT active THEN $4::timestamptz END FROM event, hits
)
SELECT pg_notify($9, '') FROM hits WHERE active LIMIT 1
"""

_ANNOUNCE_ALL = """
WITH hits AS MATERIALIZED (
  SELECT id, active FROM hook_endpoints
  WHERE account_id = $1 AND (active OR kept_until > $3) AND (kinds IS NULL OR $2 = ANY(kinds))
  FOR KEY SHARE
), next AS MATERIALIZED (
  SELECT nextval(pg_get_serial_sequence('hook_events', 'id')) AS id, given.*
  FROM unnest($4::text[], $5::text[], $6::bytea[], $7::bytea[]) AS given (ref, thread, a, z)
  WHERE EXISTS (SELECT FROM hits)
), event AS (
  INSERT INTO hook_events (id, ref, account_id, kind, at, thread, body)
  OVERRIDING SYSTEM VALUE
  SELECT id, ref, $1, $2, $3, thread, a || convert_to(id::text, 'UTF8') || z
  FROM next RETURNING id, thread
), owed AS (
  INSERT INTO hook_deliveries (account_id, endpoint_id, event_id, thread, next_at, created_at,
    state, settled_at)
  SELECT $1, hits.id, event.id, event.thread, $3, $3,
    CASE WHEN active THEN 'waiting' ELSE 'dropped' END,
    CASE WHEN NOT active THEN $3::timestamptz END FROM event, hits ORDER BY event.id
)
SELECT pg_notify($8, '') FROM hits WHERE active LIMIT 1
"""


async def announce(
    db: Handle,
    told: Listener | None,
    kind: str,
    *,
    at: datetime,
    body: Body,
    thread: str = "",
    campaign_id: int | None = None,
) -> None:
    """Tell everybody who listens that this happened, once the transaction of `db` is committed.
    Deliveries of the same `thread` keep their order; the empty one has none."""
    if told is None or not told.wants(kind):
        return
    ref = _new_ref()
    before, after = encode(ref, kind, at, body)
    await db.fetch(
        _ANNOUNCE, told.account_id, ref, kind, at, campaign_id, thread, before, after, CHANNEL
    )


async def announce_all(
    db: Handle,
    told: Listener | None,
    kind: str,
    things: Sequence[tuple[str, Body]],
    *,
    at: datetime,
) -> None:
    """As `announce`, of many things at once, each with its thread, in one statement. Their
    sequences rise in the order in which they are given."""
    if told is None or not told.wants(kind) or not things:
        return
    refs = [_new_ref() for _ in things]
    parts = [encode(ref, kind, at, body) for ref, (_, body) in zip(refs, things, strict=True)]
    await db.fetch(
        _ANNOUNCE_ALL,
        told.account_id,
        kind,
        at,
        refs,
        [thread for thread, _ in things],
        [before for before, _ in parts],
        [after for _, after in parts],
        CHANNEL,
    )


async def write(
    db: Handle, account_id: int, kind: str, *, at: datetime, body: Body, thread: str = ""
) -> int:
    """An event that nobody is owed yet; gives its id."""
    ref = _new_ref()
    made: int = await db.fetchval(
        "WITH next AS MATERIALIZED ("
        " SELECT nextval(pg_get_serial_sequence('hook_events', 'id')) AS id)"
        " INSERT INTO hook_events (id, ref, account_id, kind, at, thread, body)"
        " OVERRIDING SYSTEM VALUE"
        " SELECT id, $2, $1, $3, $4, $7, $5::bytea || convert_to(id::text, 'UTF8') || $6::bytea"
        " FROM next RETURNING id",
        account_id,
        ref,
        kind,
        at,
        *encode(ref, kind, at, body),
        thread,
    )
    return made


async def listener_of(db: Handle, account_id: int, link_host: str = "") -> Listener | None:
    """Who listens to an account, for what happens too seldom to be handed one. `link_host` is
    that of accounts without their own."""
    row = await db.fetchrow("SELECT hooks, link_host FROM accounts WHERE id = $1", account_id)
    return row and listener(account_id, row["hooks"], row["link_host"] or link_host)


def _new_ref() -> str:
    return f"evt_{codes.letters(20)}"
