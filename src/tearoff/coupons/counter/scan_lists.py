"""Scans in lists: a device's last ones, those of it that came to nothing, and all of a place."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from tearoff.coupons.counter.scan_log import Outcome, Till, outcomes
from tearoff.kit import times
from tearoff.kit.db import Handle
from tearoff.kit.rows import read

RECENT = 10

_CONFLICT = "was_offline AND takes AND verdict = 'no'"
"""What was promised without connection, and could not be kept. A look promised nothing."""


async def recent(db: Handle, till: Till, now: datetime, timezone: str) -> list[Outcome]:
    """The last ten of today, the newest first."""
    midnight = times.clock_of(now, timezone).replace(hour=0, minute=0, second=0, microsecond=0)
    return await outcomes(
        db,
        till,
        "device_id = $1 AND at >= $2 AND verdict <> 'good' ORDER BY at DESC, id DESC LIMIT $3",
        till.device.id,
        midnight,
        RECENT,
        now=now,
    )


async def conflicts(db: Handle, till: Till, now: datetime) -> list[Outcome]:
    """Scans of this device that were kept to be taken in while it had no connection, and that came
    to NO: until somebody has seen them."""
    return await outcomes(
        db,
        till,
        f"device_id = $1 AND at >= $2 AND {_CONFLICT} AND seen_at IS NULL"
        " ORDER BY at DESC, id DESC LIMIT $3",
        till.device.id,
        now - timedelta(days=30),
        200,
        now=now,
    )


async def mark_seen(db: Handle, till: Till, keys: Sequence[str], now: datetime) -> None:
    await db.execute(
        "UPDATE counter_scans SET seen_at = $3 WHERE device_id = $1 AND key = ANY($2)"
        " AND seen_at IS NULL",
        till.device.id,
        list(keys),
        now,
    )


class LoggedScan(msgspec.Struct, frozen=True):
    """A scan for whoever manages the place. `session` is the code of the coupon that was found."""

    id: int
    device_id: int
    code: str
    session: str | None
    verdict: str
    reason: str
    was_offline: bool
    scanned_at: datetime
    at: datetime
    undone_at: datetime | None
    detail: str
    takes: bool


async def of_location(
    db: Handle,
    account_id: int,
    location_id: int,
    *,
    before: int | None,
    limit: int,
    only_conflicts: bool = False,
    since: datetime | None = None,
) -> list[LoggedScan]:
    """Newest first, from `since` on. A conflict was to be taken in without connection and came to
    NO."""
    rows = await db.fetch(
        "SELECT c.id, c.device_id, c.code, s.code AS session, c.verdict, c.reason, c.was_offline,"
        " c.scanned_at, c.at, c.undone_at, c.detail, c.takes FROM counter_scans c"
        " LEFT JOIN sessions s ON s.id = c.session_id AND s.account_id = c.account_id"
        " WHERE c.account_id = $1 AND c.location_id = $2 AND ($3::bigint IS NULL OR c.id < $3)"
        f" AND ($5 IS FALSE OR {_CONFLICT}) AND ($6::timestamptz IS NULL OR c.at >= $6)"
        " ORDER BY c.id DESC LIMIT $4",
        account_id,
        location_id,
        before,
        limit,
        only_conflicts,
        since,
    )
    return [read(LoggedScan, row) for row in rows]
