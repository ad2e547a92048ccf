"""What was looked at at a location's counter, for whoever manages it."""

from __future__ import annotations

from datetime import datetime

import msgspec

from tearoff.kit.db import Handle
from tearoff.kit.rows import read


class Scanned(msgspec.Struct, frozen=True):
    """A look at a code. `session` is the code of the coupon that was found."""

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


async def of_location(
    db: Handle,
    account_id: int,
    location_id: int,
    *,
    before: int | None,
    limit: int,
    only_conflicts: bool = False,
) -> list[Scanned]:
    """Newest first. A conflict was scanned without connection and came to NO."""
    rows = await db.fetch(
        "SELECT c.id, c.device_id, c.code, s.code AS session, c.verdict, c.reason, c.was_offline,"
        " c.scanned_at, c.at, c.undone_at FROM counter_scans c"
        " LEFT JOIN sessions s ON s.id = c.session_id AND s.account_id = c.account_id"
        " WHERE c.account_id = $1 AND c.location_id = $2 AND ($3::bigint IS NULL OR c.id < $3)"
        " AND ($5 IS FALSE OR c.was_offline AND c.verdict = 'no')"
        " ORDER BY c.id DESC LIMIT $4",
        account_id,
        location_id,
        before,
        limit,
        only_conflicts,
    )
    return [read(Scanned, row) for row in rows]
