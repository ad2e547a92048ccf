"""How endpoints stand: what waits, what did not arrive, what the last try brought."""

from __future__ import annotations

from datetime import datetime

import msgspec

from tearoff.kit.db import Handle
from tearoff.kit.rows import read

_LATEST = 100
"""Deliveries among which the last try is looked for."""


class Standing(msgspec.Struct, frozen=True):
    """`missed_since`: when the oldest happened of what did not arrive since it fails or was
    switched off, else of all that the log has. `missed`: all that did not arrive of what happened
    since that minute, given up, dropped, or waiting after a try that failed: as many as are sent
    again if that span is. `last_at`, `last_status`, `last_error`: of the last try."""

    endpoint_id: int
    waiting: int
    missed: int
    missed_since: datetime | None
    last_at: datetime | None
    last_status: int | None
    last_state: str | None
    last_error: str | None


_OF = f"""
SELECT e.id AS endpoint_id,
  (SELECT count(*) FROM hook_deliveries d WHERE d.endpoint_id = e.id AND d.state = 'waiting')
    AS waiting,
  given_up.n + tried.n AS missed, oldest.since AS missed_since,
  last.at AS last_at, last.last_status, last.state AS last_state, last.last_error
FROM hook_endpoints e
CROSS JOIN LATERAL (
  SELECT min(d.created_at) AS since FROM hook_deliveries d
  WHERE d.endpoint_id = e.id AND d.state IN ('failed', 'dropped') AND d.thread <> 'webhook_test'
    AND (d.settled_at >= coalesce(e.failing_since, e.switched_off_at)
      OR coalesce(e.failing_since, e.switched_off_at) IS NULL)
) lost
CROSS JOIN LATERAL (
  SELECT count(*) AS n, min(d.created_at) AS since FROM hook_deliveries d
  WHERE d.endpoint_id = e.id AND d.state = 'waiting' AND d.tries > 0
    AND (d.claimed_until IS NULL OR d.claimed_until <= $3)
) tried
CROSS JOIN LATERAL (SELECT least(lost.since, tried.since) AS since) oldest
CROSS JOIN LATERAL (
  SELECT count(*) AS n FROM hook_deliveries d
  WHERE d.endpoint_id = e.id AND d.state IN ('failed', 'dropped') AND d.thread <> 'webhook_test'
    AND d.created_at >= date_trunc('minute', oldest.since)
) given_up
LEFT JOIN LATERAL (
  SELECT coalesce(d.last_at, d.settled_at) AS at, d.last_status, d.last_error, d.state FROM (
    SELECT * FROM hook_deliveries d WHERE d.endpoint_id = e.id ORDER BY d.id DESC LIMIT {_LATEST}
  ) d WHERE d.tries > 0 AND coalesce(d.last_at, d.settled_at) IS NOT NULL
  ORDER BY 1 DESC LIMIT 1
) last ON true
WHERE e.account_id = $1 AND ($2::bigint IS NULL OR e.id = $2)
"""


async def of(
    db: Handle, account_id: int, now: datetime, endpoint_id: int | None = None
) -> dict[int, Standing]:
    """By endpoint: of one, or of all of an account."""
    rows = await db.fetch(_OF, account_id, endpoint_id, now)
    return {row["endpoint_id"]: read(Standing, row) for row in rows}
