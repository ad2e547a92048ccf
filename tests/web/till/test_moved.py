"""A device that was paired with another place while codes waited on it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tearoff.accounts import locations
from tearoff.accounts.locations import Changes
from tests.cast import open_shop
from tests.web.tills import new_key, open_till


@pytest.fixture
def make_till(services, http, server):
    async def make(shop, place=None):
        return await open_till(services, http, server.url, shop, place)

    return make


def waiting(coupon):
    at = datetime.now(UTC) - timedelta(minutes=5)
    return {"key": new_key(), "code": coupon.code, "scanned_at": at.isoformat()}


async def test_codes_count_where_they_were_read(coupon, make_till, services):
    """The coupon is good at its own place only."""
    shop = coupon.shop
    await services.db.execute(
        "INSERT INTO campaign_locations (campaign_id, location_id) VALUES ($1, $2)"
        " ON CONFLICT DO NOTHING",
        shop.campaign,
        shop.location,
    )
    async with services.db.transaction() as work:
        antwerp = await locations.create(
            work, services.vault, shop.account, Changes(name="Antwerp")
        )
    till, scan = await make_till(shop, antwerp.id), waiting(coupon)
    status, told = await till.call("sync", {"place_id": shop.location, "scans": [scan]})
    assert (status, told["results"][0]["verdict"]) == (200, "used"), told
    assert (await coupon.row())["location_id"] == shop.location
    (row,) = (await till.call("state"))[1]["recent"]
    assert row["key"] == scan["key"]


async def test_codes_of_a_place_that_was_removed(coupon, make_till, services):
    shop = coupon.shop
    async with services.db.transaction() as work:
        antwerp = await locations.create(
            work, services.vault, shop.account, Changes(name="Antwerp")
        )
        await locations.remove(work, shop.account, antwerp.id, datetime.now(UTC))
    await services.db.execute(
        "DELETE FROM campaign_locations WHERE campaign_id = $1", shop.campaign
    )
    till = await make_till(shop)
    status, told = await till.call("sync", {"place_id": antwerp.id, "scans": [waiting(coupon)]})
    assert (status, told["results"][0]["verdict"]) == (200, "used"), told


@pytest.mark.parametrize("place_id", [0, -1, 10**30, "1", True, [], 1.5])
async def test_places_that_are_none(coupon, make_till, place_id):
    till = await make_till(coupon.shop)
    body = {"place_id": place_id, "scans": [waiting(coupon)]}
    assert (await till.call("sync", body))[0] == 422
    assert (await coupon.row())["uses"] == 0


async def test_a_place_of_another_account_is_none(coupon, make_till, services):
    other = await open_shop(services, kind=None)
    till = await make_till(coupon.shop)
    body = {"place_id": other.location, "scans": [waiting(coupon)]}
    status, told = await till.call("sync", body)
    assert (status, told["field"]) == (422, "place_id")
    assert (await coupon.row())["uses"] == 0
