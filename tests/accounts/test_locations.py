"""Places: known by their PIN, held apart by account, removed without losing what happened."""

import asyncio

import pytest

from tearoff.accounts import devices, locations
from tearoff.accounts.locations import Changes, LocationNotFound
from tearoff.errors import Invalid
from tearoff.kit import clock
from tearoff.kit.hours import Hours
from tests.cast import PIN, open_place

WEEK = (Hours(days=(1, 2, 3), start="08:00", end="18:00"),)


async def change(services, shop, place=None, **given):
    async with services.db.transaction() as db:
        place = place or shop.location
        return await locations.change(db, services.vault, shop.account, place, Changes(**given))


async def remove(services, shop, place=None):
    async with services.db.transaction() as db:
        await locations.remove(db, shop.account, place or shop.location, clock.now())


async def place_of(services, shop, pin):
    async with services.db.transaction() as db:
        found = await locations.find_of_pin(db, services.vault, shop.account, shop.campaign, pin)
        return found and found.id


async def test_a_location_is_changed_by_what_is_given(services, shop):
    changed = await change(services, shop, street="Korenmarkt 1", zip="9000", city="Ghent",
                           hours=WEEK, redeems_at_once=True)  # fmt: skip
    assert changed.address == "Korenmarkt 1, 9000 Ghent"
    assert (changed.hours, changed.redeems_at_once, changed.name) == (WEEK, True, "Ghent")
    assert await place_of(services, shop, PIN) == shop.location
    await change(services, shop, pin="864213")
    assert await place_of(services, shop, PIN) is None
    assert await place_of(services, shop, "864213") == shop.location
    await change(services, shop, pin=None)
    assert await place_of(services, shop, "864213") is None
    assert await change(services, shop) == await locations.find(
        services.db, shop.account, shop.location
    )


async def test_no_two_locations_share_a_pin(services, shop, other_shop):
    with pytest.raises(Invalid, match="Another location has this PIN"):
        await open_place(services, shop.account, "Bruges", PIN)
    tries = (open_place(services, shop.account, f"No {n}", "864213") for n in range(8))
    done = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(one, int) for one in done) == 1
    await change(services, shop, pin=PIN)  # its own
    assert await open_place(services, other_shop.account, "Bruges", "864213")


@pytest.mark.parametrize(
    "hours", [(Hours(days=(1, 1), start="08:00", end="09:00"),),
              (Hours(days=(1,), start="08:00", end="08:00"),)],
)  # fmt: skip
async def test_hours_make_sense(services, shop, hours):
    with pytest.raises(Invalid) as told:
        await change(services, shop, hours=hours)
    assert told.value.field == "hours"


async def test_a_removed_location_takes_nothing_in(services, shop):
    now = clock.now()
    pairing = await devices.make_pairing(services.db, shop.account, shop.location, now)
    _, secret = await devices.pair(services.db, pairing.token, name="Sam", pin="2468", now=now)
    unused = await devices.make_pairing(services.db, shop.account, shop.location, now)
    await remove(services, shop)
    assert await devices.device_of_secret(services.db, secret, now) is None
    assert await devices.of_location(services.db, shop.account, shop.location, now) == []
    assert await devices.find_pairing(services.db, unused.token, now) is None
    assert await place_of(services, shop, PIN) is None
    known = await locations.of_ids(services.db, shop.account, [shop.location])
    assert known[shop.location].name == "Ghent"
    for verb in (remove(services, shop), change(services, shop, name="Bruges")):
        with pytest.raises(LocationNotFound):
            await verb
    # The campaign named this place only: another one of the account is none of its own.
    await open_place(services, shop.account, "Bruges", PIN)
    assert await place_of(services, shop, PIN) is None
