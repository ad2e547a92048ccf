"""One thing done to several campaigns at once: all of them, or none."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import asyncpg

from tearoff.coupons.campaigns import catalogue, listing
from tearoff.coupons.campaigns.catalogue import Entry
from tearoff.coupons.rules import CampaignNotFound
from tearoff.errors import Conflict
from tearoff.kit.db import Handle

MOST = 500


class ListChanged(Conflict):
    """The list of campaigns is no longer the one that was confirmed. `found` it has now."""

    def __init__(self, found: int) -> None:
        super().__init__(f"The list has changed meanwhile: it finds {found} campaigns now.")
        self.found = found


async def set_status(
    db: asyncpg.Connection,
    account_id: int,
    ids: Sequence[int],
    status: str,
    now: datetime,
    *,
    by: str,
) -> list[Entry]:
    """Those that were changed, in a transaction, whatever their number by as many statements; what
    `status` can be made of is in `listing.FROM`. Raises `CampaignNotFound` when one of them does
    not exist: then none is changed."""
    if await _lock(db, account_id, ids) != len(set(ids)):
        raise CampaignNotFound
    changed = await listing.set_status_of_many(db, account_id, ids, status, now, by=by)
    return await catalogue.entries_of_ids(db, account_id, changed)


async def _lock(db: Handle, account_id: int, ids: Sequence[int]) -> int:
    """How many there are. In the order of their ids, so that two who do this never wait for each
    other."""
    rows = await db.fetch(
        "SELECT id FROM campaigns WHERE account_id = $1 AND id = ANY($2)"
        " AND NOT is_template AND removed_at IS NULL ORDER BY id FOR UPDATE",
        account_id,
        list(ids),
    )
    return len(rows)
