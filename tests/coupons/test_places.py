"""Where a campaign is taken in, when the places that it named are removed."""

from datetime import UTC, datetime

from tearoff.accounts import locations
from tearoff.coupons.campaigns import catalogue, copies
from tearoff.coupons.campaigns.catalogue import CampaignChanges, Places
from tests.cast import open_shop

NOW = datetime.now(UTC)


async def test_a_removed_place_still_restricts(services):
    shop = await open_shop(services, kind=None)
    async with services.db.transaction() as db:
        found = await catalogue.entry(db, shop.account, shop.campaign)
        assert await catalogue.locations(db, found.campaign) == Places([shop.location], True)
        await locations.remove(db, shop.account, shop.location, NOW)
        copied = await copies.copy(db, found, shop.account, CampaignChanges())
        assert await catalogue.locations(db, found.campaign) == Places([], True)
        assert await catalogue.locations(db, copied) == Places([], True)
        await catalogue.set_locations(db, shop.account, shop.campaign, [])
        assert await catalogue.locations(db, found.campaign) == Places([], False)
