"""The background work of this room: anchors of long lists."""

from __future__ import annotations

from datetime import datetime, timedelta

from tearoff.coupons import lists
from tearoff.jobs.queue import Chore
from tearoff.kit.services import Services

_LATELY = timedelta(minutes=30)


async def set_anchors(services: Services, now: datetime) -> None:
    """Keep the way to any page of a list short. What this misses (a worker that was away), a
    reader walks, and the night's round mends."""
    await _set_anchors(services, now, now - _LATELY)


async def set_all_anchors(services: Services, now: datetime) -> None:
    await _set_anchors(services, now, now - timedelta(days=366 * 20))


async def _set_anchors(services: Services, now: datetime, since: datetime) -> None:
    for campaign_id in await lists.campaigns_to_anchor(services.db, since):
        async with services.db.transaction() as db:
            await lists.set_anchors(db, campaign_id, now)


CHORES = (
    Chore("lists.set_anchors", "*/2 * * * *", set_anchors),
    Chore("lists.set_all_anchors", "41 2 * * *", set_all_anchors),
)
