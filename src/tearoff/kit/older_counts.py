"""What happened to campaigns before it was counted as it happens (migration 0020), added once.

Campaign by campaign, each with a commit of its own: one statement looks at a campaign's coupons
and at what is counted of it in the same moment, and adds what is missing. Whatever others do
meanwhile is in both or in neither. So it may be killed at any time and begins anew, and it mends
a count that is wrong for any other reason.
"""

from __future__ import annotations

from datetime import datetime

import asyncpg
import structlog

from tearoff.kit.db import Database, Handle, by_key

log = structlog.get_logger()

NAME = "campaign counts"
LOCK = "SELECT pg_advisory_xact_lock(hashtext('tearoff campaign counts'))"
"""Held by whoever counts a campaign anew, from before it looks at what is counted."""

LONGEST = 6 * 3600
"""Seconds that the coupons of one campaign may take: millions are looked at in one moment."""


async def is_done(db: Handle) -> bool:
    due: bool = await db.fetchval(
        "SELECT EXISTS (SELECT FROM upkeep WHERE name = $1 AND due_at IS NOT NULL)", NAME
    )
    return not due


async def count_if_due(db: Database, now: datetime) -> bool:
    """Go through all campaigns, if that is due."""
    if await is_done(db):
        return False
    after = 0
    while (found := await _next(db, after)) is not None:
        after = found["id"]
        async with db.transaction() as work:
            await count_campaign(work, found["account_id"], after)
    for row in await db.fetch("SELECT DISTINCT account_id FROM campaigns ORDER BY 1"):
        async with db.transaction() as work:
            await count_sent(work, row["account_id"])
    await db.execute(
        "UPDATE upkeep SET passes = passes + 1, due_at = NULL WHERE name = $1 AND due_at <= $2",
        NAME,
        now,
    )
    log.info("upkeep.done", name=NAME)
    return True


async def _next(db: Database, after: int) -> asyncpg.Record | None:
    return await db.fetchrow(
        "SELECT id, account_id FROM campaigns WHERE id > $1 ORDER BY id LIMIT 1", after
    )


async def count_campaign(db: asyncpg.Connection, account_id: int, campaign_id: int) -> None:
    """Coupons and what became of them, in a transaction. What is wrong is put right."""
    await db.execute(LOCK)
    await by_key(db)
    await db.execute(_COUPONS, campaign_id, account_id, timeout=LONGEST)


async def count_sent(db: asyncpg.Connection, account_id: int) -> None:
    """Messages of all campaigns of an account, in a transaction."""
    await db.execute(LOCK)
    await by_key(db)
    await db.execute(_SENT, account_id, timeout=LONGEST)


DAY = "({at} AT TIME ZONE coalesce(a.day_zone, 'UTC'))::date"
"""The day of a moment in the time zone of account `a`."""

_ADDED = """,
days AS (
  INSERT INTO campaign_days AS d
    (campaign_id, day, account_id, issued, sent, opened, claimed, redeemed)
  SELECT campaign_id, day, account_id, issued, sent, opened, claimed, redeemed FROM missing
  ON CONFLICT (campaign_id, day) DO UPDATE SET
    issued = d.issued + excluded.issued, sent = d.sent + excluded.sent,
    opened = d.opened + excluded.opened, claimed = d.claimed + excluded.claimed,
    redeemed = d.redeemed + excluded.redeemed
), totals AS (
INSERT INTO campaign_totals AS t
  (campaign_id, account_id, issued, sent, opened, claimed, redeemed)
SELECT campaign_id, account_id, sum(issued), sum(sent), sum(opened), sum(claimed), sum(redeemed)
FROM missing GROUP BY 1, 2
ON CONFLICT (campaign_id) DO UPDATE SET
  issued = t.issued + excluded.issued, sent = t.sent + excluded.sent,
  opened = t.opened + excluded.opened, claimed = t.claimed + excluded.claimed,
  redeemed = t.redeemed + excluded.redeemed
)
"""
"""After a WITH whose `missing` has rows by campaign and day: add them to both tables."""

FOLD = f"""
WITH alone AS MATERIALIZED ({LOCK.replace("pg_advisory", "pg_try_advisory")} AS is_so),
taken AS (
  DELETE FROM campaign_deltas WHERE ctid = ANY(ARRAY(
    SELECT d.ctid FROM alone, campaign_deltas d WHERE alone.is_so LIMIT $1))
  RETURNING *
), missing AS (
  SELECT d.campaign_id, d.account_id, {DAY.format(at="d.at")} AS day,
    sum(d.issued) AS issued, sum(d.sent) AS sent, sum(d.opened) AS opened,
    sum(d.claimed) AS claimed, sum(d.redeemed) AS redeemed
  FROM taken d LEFT JOIN accounts a ON a.id = d.account_id GROUP BY 1, 2, 3
){_ADDED} SELECT count(*) FROM taken
"""
"""Add deltas to what they are of, at most so many; says how many. One statement, and nothing if
somebody else is at it: whoever counts appends, and so waits for none of it."""

_COUPONS = f"""
WITH zone AS (SELECT day_zone AS timezone FROM accounts WHERE id = $2),
events AS (
  SELECT e.*, sum(e.step) OVER (PARTITION BY e.session_id ORDER BY e.id) AS nth,
    sum(e.step) OVER (PARTITION BY e.session_id) AS standing
  FROM sessions s CROSS JOIN LATERAL (
    SELECT e.id, e.session_id, coalesce(e.happened_at, e.at) AS at,
      CASE e.kind WHEN 'validated' THEN 1 ELSE -1 END AS step
    FROM session_events e
    WHERE e.session_id = s.id AND e.kind IN ('validated', 'unvalidated')
      AND e.undoes IS NULL AND NOT EXISTS (
        SELECT FROM session_events u WHERE u.session_id = e.session_id AND u.undoes = e.id)
    OFFSET 0
  ) e WHERE s.campaign_id = $1 AND s.uses > 0
),
used AS (
  SELECT DISTINCT ON (session_id, nth) at FROM events WHERE step = 1 AND nth <= standing
  ORDER BY session_id, nth, id DESC
),
happened (at, issued, opened, claimed, redeemed) AS (
  SELECT created_at, 1, 0, 0, 0 FROM sessions WHERE campaign_id = $1
  UNION ALL SELECT opened_at, 0, 1, 0, 0 FROM sessions
    WHERE campaign_id = $1 AND opened_at IS NOT NULL
  UNION ALL SELECT claimed_at, 0, 0, 1, 0 FROM sessions
    WHERE campaign_id = $1 AND claimed_at IS NOT NULL
  UNION ALL SELECT created_at, -1, 0, 0, 0 FROM sessions s
    WHERE campaign_id = $1 AND (voided OR unvoided_at IS NOT NULL) AND (
      SELECT true FROM session_events e WHERE e.session_id = s.id AND e.kind = 'voided'
        AND e.actor = 'tearoff' LIMIT 1)
  UNION ALL SELECT at, 0, 0, 0, 1 FROM used
),
both_ AS (
  SELECT (at AT TIME ZONE (SELECT timezone FROM zone))::date AS day,
    sum(issued) AS issued, sum(opened) AS opened, sum(claimed) AS claimed,
    sum(redeemed) AS redeemed FROM happened GROUP BY 1
  UNION ALL SELECT day, -issued, -opened, -claimed, -redeemed FROM campaign_days
    WHERE campaign_id = $1
  UNION ALL SELECT (at AT TIME ZONE (SELECT timezone FROM zone))::date, -issued, -opened, -claimed,
    -redeemed FROM campaign_deltas WHERE campaign_id = $1
),
missing AS (
  SELECT $1::bigint AS campaign_id, $2::bigint AS account_id, day, sum(issued) AS issued, 0 AS sent,
    sum(opened) AS opened, sum(claimed) AS claimed, sum(redeemed) AS redeemed
  FROM both_ GROUP BY day
  HAVING (sum(issued), sum(opened), sum(claimed), sum(redeemed)) <> (0, 0, 0, 0)
){_ADDED} SELECT count(*) FROM missing
"""
"""OFFSET and LIMIT: each coupon's events are looked up. Joined, all events that there are would be
read for each campaign."""

_SENT = f"""
WITH both_ AS (
  SELECT s.campaign_id, (m.created_at AT TIME ZONE a.day_zone)::date AS day, count(*) AS sent
  FROM accounts a JOIN messages m ON m.account_id = a.id
  JOIN sessions s ON s.id = m.about AND s.account_id = a.id
  WHERE a.id = $1 AND m.state IN ('accepted', 'sent', 'delivered') GROUP BY 1, 2
  UNION ALL SELECT campaign_id, day, -sent FROM campaign_days WHERE account_id = $1
  UNION ALL SELECT d.campaign_id, (d.at AT TIME ZONE a.day_zone)::date, -d.sent
  FROM campaign_deltas d JOIN accounts a ON a.id = d.account_id WHERE d.account_id = $1
),
missing AS (
  SELECT campaign_id, $1::bigint AS account_id, day, 0 AS issued, sum(sent) AS sent, 0 AS opened,
    0 AS claimed, 0 AS redeemed
  FROM both_ GROUP BY 1, 3 HAVING sum(sent) <> 0
){_ADDED} SELECT count(*) FROM missing
"""
