"""All that happened to one coupon, in one line: its events, the messages about it, the scans at a
counter, and the wallets into which it was saved."""

from __future__ import annotations

from datetime import datetime

import msgspec

from tearoff.kit.db import Handle
from tearoff.kit.rows import columns, read

Place = tuple[datetime, int, int]
"""When, of which kind, and which of them: where a page ends."""


class Line(msgspec.Struct, frozen=True):
    """`source`: session, event, message or scan. `who` is the name of the key or the person whom
    `actor` names, if they are here; `place` and `device_name` belong to the ids beside them.
    Of a scan: `device_at`
    is the device's own clock, `asked` whether people had asked to take it in, `verdict` what the
    server decided, `reason` and `detail` why. Of an open, `verdict` is who it came from. `value`:
    the money spent, or the new end of a coupon that was extended."""

    at: datetime
    rank: int
    id: int
    source: str
    kind: str
    actor: str
    who: str | None
    channel: str
    reason: str
    detail: str
    verdict: str | None
    location_id: int | None
    place: str | None
    device_id: int | None
    device_name: str | None
    device_at: datetime | None
    was_offline: bool
    asked: bool
    message_id: int | None
    value: str | None


# Each part is small: it is of one session. Where a message's service took its time to settle it,
# both moments are there, as in `api/v4/shapes.py`.
_LINES = f"""
WITH s AS (SELECT * FROM sessions WHERE account_id = $1 AND id = $2), lines AS (
  SELECT s.created_at AS at, 0 AS rank, 0::bigint AS id, 'session' AS source, 'created' AS kind,
    '' AS actor, '' AS channel, '' AS reason, '' AS detail, NULL AS verdict,
    NULL::bigint AS location_id, NULL::bigint AS device_id, NULL::timestamptz AS device_at,
    false AS was_offline, false AS asked, NULL::bigint AS message_id, NULL AS value
  FROM s
  UNION ALL
  SELECT k.at, k.rank, 0, 'session', 'saved', 'consumer', k.channel, '', '', NULL, NULL, NULL,
    NULL, false, false, NULL, NULL
  FROM s CROSS JOIN LATERAL (VALUES (s.saved_to_apple_at, 1, 'apple'),
    (s.saved_to_google_at, 2, 'google')) AS k (at, rank, channel)
  WHERE k.at IS NOT NULL
  UNION ALL
  SELECT e.at, 3, e.id, 'event', e.kind, e.actor, e.channel, e.reason, '', e.verdict,
    e.location_id, e.device_id, e.happened_at, e.happened_at IS NOT NULL, false, NULL, e.value
  FROM session_events e JOIN s ON s.id = e.session_id
  WHERE e.account_id = $1 AND e.kind <> 'created'
  UNION ALL
  SELECT k.at, k.rank, m.id, 'message', k.kind, '', m.channel,
    CASE WHEN k.rank = 6 THEN coalesce(m.reason, '') ELSE '' END,
    CASE WHEN k.rank = 6 THEN coalesce(m.reason_text, '') ELSE '' END,
    NULL, NULL, NULL, NULL, false, false, m.id, NULL
  FROM s JOIN messages m ON m.about = s.id CROSS JOIN LATERAL (VALUES
    (m.created_at, 4, 'message_created'),
    (CASE WHEN m.state <> 'failed' OR m.answered_at IS DISTINCT FROM m.settled_at
      THEN m.answered_at END, 5, 'message_accepted'),
    (m.settled_at, 6, 'message_' || m.state)) AS k (at, rank, kind)
  WHERE m.account_id = $1 AND k.at IS NOT NULL
  UNION ALL
  SELECT c.at, 7, c.id, 'scan', 'scanned', 'staff', 'counter', c.reason, c.detail, c.verdict,
    c.location_id, c.device_id, c.scanned_at, c.was_offline, c.takes, NULL, NULL
  FROM s JOIN counter_scans c ON c.session_id = s.id
  WHERE c.account_id = $1
)
SELECT {columns(Line)} FROM (
  SELECT f.*, l.name AS place, d.name AS device_name,
    coalesce(k.name, nullif(trim(p.first_name || ' ' || p.last_name), '')) AS who
  FROM (SELECT * FROM lines WHERE $3::timestamptz IS NULL OR (at, rank, id) > ($3, $4::bigint, $5)
    ORDER BY at, rank, id LIMIT $6) f
  LEFT JOIN locations l ON l.account_id = $1 AND l.id = f.location_id
  LEFT JOIN devices d ON d.account_id = $1 AND d.id = f.device_id
  LEFT JOIN api_keys k ON k.account_id = $1 AND k.client_id = f.actor
  LEFT JOIN people p ON p.id = substring(f.actor FROM '^person ([0-9]{{1,18}})$')::bigint
    AND EXISTS (SELECT FROM members m WHERE m.person_id = p.id AND (m.account_id = $1
      OR m.account_id = (SELECT parent_id FROM accounts WHERE id = $1)))
) told ORDER BY at, rank, id
"""


async def lines_of(
    db: Handle, account_id: int, session_id: int, after: Place | None, limit: int
) -> list[Line]:
    """Oldest first, those behind `after`."""
    at, rank, last = after or (None, 0, 0)
    rows = await db.fetch(_LINES, account_id, session_id, at, rank, last, limit)
    return [read(Line, row) for row in rows]
