"""The statements by which a deliverer takes what is due and notes what became of it.

An endpoint's row is held while its deliveries are chosen, and its account's turn with it, so that
all processes together keep to the limits of both and to the order of its threads. A claimed
delivery comes due again at the end of its lease: a process that was killed loses nothing, and what
it had sent already is sent again.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

import asyncpg
import msgspec

from tearoff.hooks import retry_schedule
from tearoff.kit.db import Handle
from tearoff.kit.rows import columns, read

PER_ENDPOINT = 4
PER_ACCOUNT = 16
LOOKED_AT = 32
"""Due deliveries of an endpoint that are looked at in one go."""


class Claimed(msgspec.Struct, frozen=True):
    """A delivery in hand, with all that its request needs. `api_secret_sealed` is that of the
    account's API key that signs: the marked one, else its oldest. A key that was rolled signs with
    its old secret for a while."""

    id: int
    account_id: int
    endpoint_id: int
    tries: int
    claimed_until: datetime
    url: str
    secret_sealed: bytes
    previous_secret_sealed: bytes | None
    previous_until: datetime | None
    api_secret_sealed: bytes | None
    ref: str
    body: bytes


class Result(msgspec.Struct, frozen=True):
    """What a try, begun at `at`, brought. `status` None: there was no answer. `head`: lines of the
    answer's head. `asked`: how long the receiver wants to be left alone."""

    status: int | None
    error: str
    answer: str
    took_ms: int
    at: datetime
    head: str = ""
    asked: timedelta | None = None

    @property
    def is_success(self) -> bool:
        return retry_schedule.is_success(self.status)


_DUE = """
WITH RECURSIVE due AS (
  (SELECT endpoint_id, next_at FROM hook_deliveries
   WHERE state = 'waiting' AND endpoint_id > $1 ORDER BY endpoint_id, next_at LIMIT 1)
  UNION ALL
  SELECT n.endpoint_id, n.next_at FROM due CROSS JOIN LATERAL (
    SELECT endpoint_id, next_at FROM hook_deliveries
    WHERE state = 'waiting' AND endpoint_id > due.endpoint_id
    ORDER BY endpoint_id, next_at LIMIT 1) n
)
SELECT endpoint_id FROM due WHERE next_at <= $2 AND endpoint_id <> ALL($3)
  AND NOT EXISTS (SELECT FROM hook_endpoints e WHERE e.id = endpoint_id AND e.paused_until > $2)
LIMIT $4
"""


async def endpoints_due(
    db: Handle, after: int, now: datetime, busy: Collection[int], limit: int
) -> list[int]:
    """Endpoints with something due, in the order of their ids, without the busy ones. Reads one
    index entry for each endpoint that has anything waiting."""
    rows = await db.fetch(_DUE, after, now, list(busy), limit)
    return [row["endpoint_id"] for row in rows]


async def hold_endpoints(db: asyncpg.Connection, ids: Collection[int]) -> dict[int, bool]:
    """Hold those that nobody else holds until the transaction ends; gives which are active. Nobody
    else chooses for another endpoint of the same account meanwhile: two would both count what is
    under way there before either adds to it."""
    rows = await db.fetch(
        "SELECT id, active FROM hook_endpoints WHERE id = ANY($1)"
        " AND pg_try_advisory_xact_lock(hashtextextended('hooks:' || account_id, 0))"
        " ORDER BY id FOR NO KEY UPDATE SKIP LOCKED",
        list(ids),
    )
    return {row["id"]: row["active"] for row in rows}


_SIGNING = """(SELECT CASE WHEN k.signing_until > {now} THEN k.signing_sealed
     ELSE k.secret_sealed END
   FROM api_keys k WHERE k.account_id = t.account_id AND k.revoked_at IS NULL
   ORDER BY k.signs_webhooks DESC, k.created_at, k.client_id LIMIT 1)"""

_CLAIM = f"""
WITH room AS MATERIALIZED (
  SELECT e.id, e.account_id,
    CASE WHEN e.paused_until > $2 THEN 0 WHEN e.failing_since IS NULL THEN {PER_ENDPOINT}
      ELSE 1 END
    - (SELECT count(*) FROM hook_deliveries b
       WHERE b.account_id = e.account_id AND b.endpoint_id = e.id AND b.claimed_until > $2) AS free,
    {PER_ACCOUNT} - (SELECT count(*) FROM hook_deliveries b
       WHERE b.account_id = e.account_id AND b.claimed_until > $2) AS free_of_account
  FROM hook_endpoints e WHERE e.id = ANY($1)
), seen AS MATERIALIZED (
  SELECT d.id, d.next_at, room.id AS endpoint_id, room.account_id, room.free,
    room.free_of_account, earlier.until AS blocked_until
  FROM room
  CROSS JOIN LATERAL (
    SELECT id, thread, event_id, next_at FROM hook_deliveries
    WHERE endpoint_id = room.id AND state = 'waiting' AND next_at <= $2
    ORDER BY next_at, id LIMIT {LOOKED_AT}
  ) d
  LEFT JOIN LATERAL (
    SELECT CASE WHEN w.claimed_until > $2 OR w.next_at <= $2
      THEN $2 + interval '1 second' ELSE w.next_at END AS until
    FROM hook_deliveries w
    WHERE w.endpoint_id = room.id AND w.thread = d.thread AND w.state = 'waiting'
      AND w.event_id < d.event_id AND d.thread <> ''
      AND (w.tries < {retry_schedule.IN_ORDER_FOR} OR w.claimed_until > $2 OR w.next_at <= $2)
    ORDER BY w.event_id LIMIT 1
  ) earlier ON true
  WHERE room.free > 0 AND room.free_of_account > 0
), ranked AS (
  SELECT *, row_number() OVER (PARTITION BY endpoint_id ORDER BY next_at, id) AS nth
  FROM seen WHERE blocked_until IS NULL
), allowed AS (
  SELECT *, row_number() OVER (PARTITION BY account_id ORDER BY nth - free, id) AS nth_of_account
  FROM ranked WHERE nth <= free
), chosen AS (
  SELECT id FROM allowed WHERE nth_of_account <= free_of_account
  ORDER BY nth_of_account - free_of_account, id LIMIT $3
), deferred AS (
  UPDATE hook_deliveries d SET next_at = seen.blocked_until FROM seen
  WHERE d.id = seen.id AND seen.blocked_until IS NOT NULL AND d.state = 'waiting'
    AND d.next_at <= $2
  RETURNING 1
), taken AS (
  UPDATE hook_deliveries d SET tries = tries + 1, claimed_until = $4, next_at = $4,
    claimed_by = $5 FROM chosen
  WHERE d.id = chosen.id AND d.state = 'waiting' AND d.next_at <= $2
  RETURNING d.id, d.account_id, d.endpoint_id, d.event_id, d.tries, d.claimed_until
)
SELECT t.id, t.account_id, t.endpoint_id, t.tries, t.claimed_until, e.url, e.secret_sealed,
  e.previous_secret_sealed, e.previous_until, v.ref, v.body,
  {_SIGNING.format(now="$2")} AS api_secret_sealed,
  (SELECT count(*) FROM deferred) AS deferred
FROM (SELECT 1) one LEFT JOIN taken t ON true
LEFT JOIN hook_endpoints e ON e.id = t.endpoint_id LEFT JOIN hook_events v ON v.id = t.event_id
"""


async def claim(
    db: asyncpg.Connection,
    endpoints: Collection[int],
    now: datetime,
    limit: int,
    until: datetime,
    worker: int,
) -> tuple[list[Claimed], int]:
    """Claim at most `limit` deliveries of endpoints that are held, those of accounts and endpoints
    with the fewest under way first; what must wait for an earlier event of its thread is put off.
    `worker`: the lock that is held as long as whoever claims is alive.
    Gives the claimed ones, and how many were put off."""
    rows = await db.fetch(_CLAIM, list(endpoints), now, limit, until, worker)
    taken = [read(Claimed, row) for row in rows if row["id"] is not None]
    return taken, rows[0]["deferred"]


# The endpoint before its delivery (the count makes it so): as `hold_endpoints` and `claim` do, so
# that they never wait for each other.
_SETTLE = """
WITH endpoint AS (
  UPDATE hook_endpoints SET failing_since = CASE WHEN $3 <> 'delivered' THEN $9::timestamptz END
  WHERE id = $11 AND (failing_since IS NULL) = ($3 <> 'delivered') AND ($3 = 'delivered' OR $12)
  RETURNING failing_since
), done AS (
  UPDATE hook_deliveries SET
    state = CASE WHEN state = 'dropped' AND $3 = 'waiting' THEN 'dropped' ELSE $3 END,
    next_at = $4, claimed_until = NULL, last_status = $5, last_error = $6, last_answer = $7,
    last_took_ms = $8, last_at = $13, last_head = $14,
    settled_at = CASE WHEN $3 <> 'waiting' THEN $9 ELSE settled_at END
  WHERE id = $1 AND claimed_until = $2 AND state IN ('waiting', 'dropped')
    AND (SELECT count(*) FROM endpoint) >= 0
  RETURNING endpoint_id, event_id, thread, state, tries
), woken AS (
  UPDATE hook_deliveries d SET next_at = $9 FROM done
  WHERE done.thread <> '' AND (done.state <> 'waiting' OR done.tries >= $10)
    AND d.tries = 0 AND d.state = 'waiting' AND d.id = (
      SELECT n.id FROM hook_deliveries n
      WHERE n.endpoint_id = done.endpoint_id AND n.thread = done.thread AND n.state = 'waiting'
        AND n.event_id > done.event_id ORDER BY n.event_id LIMIT 1 FOR UPDATE SKIP LOCKED)
)
SELECT CASE WHEN $3 <> 'delivered'
  THEN coalesce((SELECT failing_since FROM endpoint), e.failing_since, $9) END
FROM done JOIN hook_endpoints e ON e.id = done.endpoint_id
"""


async def settle(
    db: Handle,
    claimed: Claimed,
    result: Result,
    state: str,
    next_at: datetime,
    now: datetime,
    *,
    counts: bool = True,
) -> datetime | None:
    """Note what a try brought, to the delivery and to its endpoint at once, and let the next event
    of the thread go. What was dropped meanwhile stays so unless it arrived. With `counts` false a
    failure is not held against the endpoint. Gives since when the endpoint only failed; None after
    a success, and when the lease ran out and the delivery is another's."""
    since: datetime | None = await db.fetchval(
        _SETTLE, claimed.id, claimed.claimed_until, state, next_at, result.status, result.error,
        result.answer, result.took_ms, now, retry_schedule.IN_ORDER_FOR, claimed.endpoint_id,
        counts, result.at, result.head,
    )  # fmt: skip
    return since


async def claim_one(
    db: Handle, endpoint_id: int, event_id: int, now: datetime, until: datetime
) -> Claimed | None:
    """Claim the delivery of one event to one endpoint, out of turn."""
    row = await db.fetchrow(
        "WITH t AS (UPDATE hook_deliveries d SET tries = tries + 1, claimed_until = $3,"
        " next_at = $3, claimed_by = NULL WHERE endpoint_id = $1 AND event_id = $2"
        " AND state = 'waiting'"
        " RETURNING d.*)"
        " SELECT t.id, t.account_id, t.endpoint_id, t.tries, t.claimed_until,"
        f" {columns(_Endpoint, 'e')}, v.ref, v.body,"
        f" {_SIGNING.format(now='$4')} AS api_secret_sealed"
        " FROM t JOIN hook_endpoints e ON e.id = t.endpoint_id"
        " JOIN hook_events v ON v.id = t.event_id",
        endpoint_id,
        event_id,
        until,
        now,
    )
    return row and read(Claimed, row)


class _Endpoint(msgspec.Struct):
    url: str
    secret_sealed: bytes
    previous_secret_sealed: bytes | None
    previous_until: datetime | None
