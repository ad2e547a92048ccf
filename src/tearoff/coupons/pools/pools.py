"""A campaign's own validation codes: each goes to one session (`importing` brings them in)."""

from __future__ import annotations

from datetime import datetime

import msgspec

from tearoff.coupons.rules import LimitReached
from tearoff.kit.db import Handle
from tearoff.kit.rows import read


class PoolEmpty(LimitReached):
    """The campaign has no codes left."""


class Low(msgspec.Struct, frozen=True):
    """A pool that has fewer codes than its campaign's mark."""

    account_id: int
    campaign_id: int
    left: int


async def take(db: Handle, campaign_id: int, amount: int, now: datetime) -> list[str]:
    """The next codes, which nobody else gets. Raises `PoolEmpty` when there are too few."""
    rows = await db.fetch(
        "WITH next AS (SELECT id FROM pool_codes WHERE campaign_id = $1 AND taken_at IS NULL"
        " ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED)"
        " UPDATE pool_codes p SET taken_at = $3 FROM next WHERE p.id = next.id RETURNING p.code",
        campaign_id,
        amount,
        now,
    )
    if len(rows) < amount:
        raise PoolEmpty(which="codes")
    return [row["code"] for row in rows]


async def put_back(db: Handle, session_id: int) -> None:
    """Free the code of a session that nobody ever had, for the next one."""
    await db.execute(
        "WITH lost AS MATERIALIZED (SELECT id, campaign_id, validation_code FROM sessions"
        "  WHERE id = $1 AND validation_code IS NOT NULL FOR NO KEY UPDATE),"
        " freed AS (UPDATE pool_codes p SET taken_at = NULL FROM lost"
        "  WHERE p.campaign_id = lost.campaign_id AND p.code = lost.validation_code"
        "  RETURNING lost.id)"
        " UPDATE sessions s SET validation_code = NULL FROM freed WHERE s.id = freed.id",
        session_id,
    )


async def left(db: Handle, campaign_id: int) -> int:
    n: int = await db.fetchval(
        "SELECT count(*) FROM pool_codes WHERE campaign_id = $1 AND taken_at IS NULL", campaign_id
    )
    return n


async def is_empty(db: Handle, campaign_id: int) -> bool:
    empty: bool = await db.fetchval(
        "SELECT NOT EXISTS (SELECT FROM pool_codes WHERE campaign_id = $1 AND taken_at IS NULL)",
        campaign_id,
    )
    return empty


async def mark(db: Handle, account_id: int, campaign_id: int) -> int:
    """The number of free codes below which somebody is told."""
    n: int | None = await db.fetchval(
        "SELECT pool_low FROM campaigns WHERE account_id = $1 AND id = $2", account_id, campaign_id
    )
    return n or 0


async def low(db: Handle, account_id: int, most: int) -> list[Low]:
    """Pools of an account's active campaigns below their mark, the emptiest first. Of each no more
    codes are counted than its mark."""
    rows = await db.fetch(
        "SELECT p.account_id, p.id AS campaign_id, free.left FROM campaigns p,"
        " LATERAL (SELECT count(*) AS left FROM (SELECT FROM pool_codes"
        "  WHERE campaign_id = p.id AND taken_at IS NULL LIMIT p.pool_low) f) free"
        " WHERE p.account_id = $1 AND p.has_pool AND p.removed_at IS NULL"
        " AND p.status = 'active' AND free.left < p.pool_low ORDER BY free.left, p.id LIMIT $2",
        account_id,
        most,
    )
    return [read(Low, row) for row in rows]


async def newly_low(db: Handle, now: datetime) -> list[Low]:
    """Pools that have come below their mark since somebody was told; each is given once. Of
    each no more codes are counted than its mark."""
    rows = await db.fetch(
        "UPDATE campaigns c SET pool_told_at = $1 FROM (SELECT p.id, free.left FROM campaigns p,"
        "  LATERAL (SELECT count(*) AS left FROM (SELECT FROM pool_codes"
        "   WHERE campaign_id = p.id AND taken_at IS NULL LIMIT p.pool_low) f) free"
        "  WHERE p.has_pool AND p.pool_told_at IS NULL AND p.removed_at IS NULL) n"
        " WHERE n.id = c.id AND n.left < c.pool_low AND c.pool_told_at IS NULL"
        " RETURNING c.account_id, c.id AS campaign_id, n.left",
        now,
    )
    return [read(Low, row) for row in rows]
