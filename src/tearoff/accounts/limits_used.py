"""How far an account's limits are used now."""

from __future__ import annotations

from datetime import datetime

import msgspec

from tearoff.kit.db import Handle
from tearoff.kit.rows import read


class Budget(msgspec.Struct, frozen=True):
    """What was counted of a budget, in millionths of the currency unit, until when that stands."""

    n: int
    until: datetime


class Used(msgspec.Struct, frozen=True):
    """`numbers` and `blocks` have reached a limit of theirs. A budget of which nothing was counted
    is None."""

    day: Budget | None
    month: Budget | None
    numbers: int
    blocks: int


async def used(db: Handle, account_id: int, now: datetime) -> Used:
    rows = await db.fetch(
        "SELECT scope, n, until FROM tallies WHERE account_id = $1 AND until > $2"
        " AND scope IN ('spend-day', 'spend-month')",
        account_id,
        now,
    )
    found = {row["scope"]: read(Budget, row) for row in rows}
    numbers = await _full(db, account_id, ("number-day:", "number-hour:"), now)
    blocks = await _full(db, account_id, ("prefix-hour:",), now)
    return Used(found.get("spend-day"), found.get("spend-month"), numbers, blocks)


async def _full(db: Handle, account_id: int, kinds: tuple[str, ...], now: datetime) -> int:
    """How many numbers, or blocks of them, are at a limit; one that is at two counts once."""
    n: int = await db.fetchval(
        "SELECT count(DISTINCT split_part(t.scope, ':', 2)) FROM unnest($2::text[]) AS k (kind)"
        " JOIN tallies t ON starts_with(t.scope, k.kind)"
        " WHERE t.account_id = $1 AND t.until > $3 AND t.n >= t.cap",
        account_id,
        list(kinds),
        now,
    )
    return n
