"""One thing done to several campaigns at once: all of them, or none."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import asyncpg

from tearoff.coupons.campaigns import catalogue
from tearoff.coupons.campaigns.catalogue import CampaignChanges, Entry
from tearoff.coupons.rules import CampaignNotFound
from tearoff.errors import Conflict
from tearoff.kit.db import Handle

MOST = 500
FROM = {
    "paused": ("active",),
    "active": ("paused",),
    "archived": ("draft", "active", "paused"),
}
"""What campaigns can become together, and from which status; those that have another one stay."""


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
    """Those that were changed, in a transaction. Raises `CampaignNotFound` when one of them does
    not exist: then none is changed."""
    known = await _statuses(db, account_id, ids)
    if len(known) != len(set(ids)):
        raise CampaignNotFound
    changes = CampaignChanges(status=status)
    return [
        await catalogue.change(db, account_id, campaign_id, changes, now, by=by)
        for campaign_id, before in known.items()
        if before in FROM[status]
    ]


async def _statuses(db: Handle, account_id: int, ids: Sequence[int]) -> dict[int, str]:
    """Locked in the order of their ids, so that two who do this never wait for each other."""
    rows = await db.fetch(
        "SELECT id, status FROM campaigns WHERE account_id = $1 AND id = ANY($2)"
        " AND NOT is_template AND removed_at IS NULL ORDER BY id FOR UPDATE",
        account_id,
        list(ids),
    )
    return {row["id"]: row["status"] for row in rows}
