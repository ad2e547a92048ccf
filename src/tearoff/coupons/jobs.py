"""The background work of this room: anchors of long lists, counts, pools of codes that run low."""

from __future__ import annotations

from datetime import datetime, timedelta

from tearoff.coupons.campaigns import campaigns, counts, drafts
from tearoff.coupons.pools import pools
from tearoff.coupons.sessions import events, lists, reserved_limits
from tearoff.hooks.outbox import listener_of
from tearoff.jobs.queue import Chore
from tearoff.kit import canonical_forms, older_names
from tearoff.kit.db import Handle
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


async def tell_low_pools(services: Services, now: datetime) -> None:
    """Announce the pools that have few codes left, each once until codes are added."""
    async with services.db.transaction() as db:
        for low in await pools.newly_low(db, now):
            await _tell_low_pool(services, db, low, now)


async def _tell_low_pool(services: Services, db: Handle, low: pools.Low, now: datetime) -> None:
    listener = await listener_of(db, low.account_id, services.settings.link_host)
    campaign = await campaigns.campaign(db, low.account_id, low.campaign_id)
    if campaign is not None:
        status = {"codes_left": low.left}
        await events.announce_campaign(db, listener, "pool_low", campaign, now, status=status)


async def free_reserved(services: Services, now: datetime) -> None:
    """Reservations that are over hold nothing of a campaign's limits any more."""
    while True:
        async with services.db.transaction() as db:
            if not await reserved_limits.free_over(db, now):
                return


async def renew_forms(services: Services, now: datetime) -> None:
    """What a version before has written beside this one."""
    await canonical_forms.run_if_due(services.db, services.database_url, now)


async def write_older_names(services: Services, now: datetime) -> None:
    """So that coupons of before are found by the names of their people."""
    await older_names.write_if_due(services.db, now)


async def fold_counts(services: Services, now: datetime) -> None:
    """Keep what is read for a campaign's counts short; they are exact without it."""
    await counts.fold(services.db)


async def drop_old_drafts(services: Services, now: datetime) -> None:
    await drafts.drop_old(services.db, now - drafts.KEPT)


CHORES = (
    Chore("campaigns.drop_old_drafts", "37 3 * * *", drop_old_drafts),
    Chore("campaigns.fold_counts", "* * * * * */10", fold_counts),
    Chore("upkeep.renew_forms", "23 * * * *", renew_forms),
    Chore("upkeep.write_older_names", "* * * * *", write_older_names),
    Chore("limits.free_reserved", "* * * * *", free_reserved),
    Chore("lists.set_anchors", "*/2 * * * *", set_anchors),
    Chore("lists.set_all_anchors", "41 2 * * *", set_all_anchors),
    Chore("pools.tell_low", "*/5 * * * *", tell_low_pools),
)
