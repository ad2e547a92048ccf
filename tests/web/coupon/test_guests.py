"""Who guesses PINs is slowed and locks the coupon in hand; the guest beside is never refused."""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from tearoff.accounts import locations
from tearoff.cli.findings_pins import of_pins
from tearoff.web.coupon import pins
from tests.cast import PIN, open_place
from tests.web.coupon.test_redeem import WRONG, attempt

NETWORK = "198.51.100.0/24"
LANGUAGES = ("en", "nl", "fr", "de", "es", "it", "pt", "pl", "ar")


async def guess(coupon, n, *, now, network=NETWORK):
    with pytest.raises(pins.WrongPin):
        for _ in range(n):
            try:
                await attempt(coupon, WRONG, now=now, network=network)
            except pins.WrongPin as wrong:
                last = wrong
        raise last
    return last


async def test_twenty_wrong_pins_stop_nobody_else(make_coupon):
    first, now = await make_coupon(), datetime.now(UTC)
    four = [first, *[await make_coupon(first.shop) for _ in range(3)]]
    for coupon in four:
        assert (await guess(coupon, 5, now=now)).wait == 0
    guesser, guest = await make_coupon(first.shop), await make_coupon(first.shop)
    assert (await guess(guesser, 1, now=now)).wait == 5
    with pytest.raises(pins.PinTooSoon) as soon:
        await attempt(guesser, WRONG, now=now + timedelta(seconds=2), network=NETWORK)
    assert soon.value.wait == 3
    assert (await attempt(guest, PIN, now=now, network=NETWORK)).uses == 1
    # What was not looked at was not counted; in time, the right one passes here too.
    late = now + timedelta(seconds=6)
    assert (await guess(guesser, 1, now=late)).left == 3
    assert (await attempt(guesser, PIN, now=late + timedelta(seconds=5), network=NETWORK)).uses == 1
    with pytest.raises(pins.PinLocked):
        await attempt(four[0], PIN, now=now, network="203.0.113.0/24")


async def test_whoever_was_wrong_once_has_a_turn_in_a_minute_however_busy_the_guesser(make_coupon):
    first, now = await make_coupon(), datetime.now(UTC)
    coupons = [await make_coupon(first.shop) for _ in range(6)]
    for coupon in coupons[:4]:
        await guess(coupon, 5, now=now)
    await guess(first, 1, now=now)
    await guess(coupons[4], 1, now=now + timedelta(seconds=58))
    with pytest.raises(pins.PinTooSoon):
        await attempt(first, PIN, now=now + timedelta(seconds=59), network=NETWORK)
    assert (await attempt(first, PIN, now=now + timedelta(seconds=61), network=NETWORK)).uses == 1


async def test_a_slowed_network_is_exact_under_concurrency(make_coupon):
    """Of eight coupons that are tried at once, eight times each: the first twenty, then one for
    each coupon at most, and one turn for all."""
    first, now = await make_coupon(), datetime.now(UTC)
    coupons = [first, *[await make_coupon(first.shop) for _ in range(7)]]
    tries = (attempt(c, WRONG, now=now, network=NETWORK) for c in coupons for _ in range(8))
    told = Counter(map(type, await asyncio.gather(*tries, return_exceptions=True)))
    assert 20 <= told[pins.WrongPin] <= 29
    assert sum(told.values()) == told[pins.WrongPin] + told[pins.PinTooSoon] + told[pins.PinLocked]


async def test_a_slowed_network_is_told_when_to_try_again(make_coupon, services):
    coupon = await make_coupon()
    await services.db.execute(
        "INSERT INTO tallies (account_id, scope, n, cap, until) VALUES"
        " ($1, 'pin:network:127.0.0.0/24', 20, 1000000000, now() + interval '10 minutes')",
        coupon.shop.account,
    )
    wrong = await coupon.redeem(WRONG)
    assert wrong.status == 429 and 1 <= int(wrong.headers["retry-after"]) <= 5
    assert wrong.message.startswith("Wrong PIN. 4 tries left. Many wrong PINs")
    soon = await coupon.redeem(PIN)
    assert soon.status == 429 and 1 <= int(soon.headers["retry-after"]) <= 5
    assert (await (await make_coupon(coupon.shop)).redeem(PIN)).status == 303


async def test_fifty_wrong_pins_raise_the_alarm_once_and_refuse_nothing(make_coupon, capsys):
    first, now = await make_coupon(), datetime.now(UTC)
    coupons = [first, *[await make_coupon(first.shop) for _ in range(11)]]
    for n, coupon in enumerate(coupons[:11]):
        await guess(coupon, 5, now=now, network=f"10.0.{n}.0/24")
    told = [kind for coupon in coupons for kind, *_ in await coupon.events()]
    assert Counter(told) == {"pin_locked": 11, "pin_alarm": 1}
    assert capsys.readouterr().out.count("pin_alarm") == 1
    assert (await attempt(coupons[11], PIN, now=now)).uses == 1


async def many_places(make_coupon, services):
    """A coupon of a campaign with eleven places that have a PIN."""
    coupon = await make_coupon(terms="x")
    await services.db.execute(
        "DELETE FROM campaign_locations WHERE campaign_id = $1", coupon.shop.campaign
    )
    places = [
        await open_place(services, coupon.shop.account, f"No {n}", f"20000{n}") for n in range(9)
    ]
    before = await coupon.get()
    assert 'name="pin"' in before.text and f"{coupon.path}/place" not in before.text
    return coupon, [*places, await open_place(services, coupon.shop.account, "No 9", "200009")]


async def test_with_more_than_ten_places_the_place_is_asked_first(make_coupon, services):
    coupon, places = await many_places(make_coupon, services)
    page = await coupon.get()
    assert 'name="pin"' not in page.text and f'href="{coupon.path}/place"' in page.text
    asked = await coupon.get(f"{coupon.path}/place")
    assert asked.status == 200 and asked.text.count("<option") == 12
    for which in ("Bean &amp; Leaf", "2-for-1 cappuccino", coupon.short.upper()):
        assert which in asked.text  # it is asked on a page of its own: for what is said there
    without = await coupon.redeem(PIN)
    assert without.status == 422 and "Choose the location." in without.text
    assert (await coupon.row())["uses"] == 0
    # One guess is tried against one place.
    wrong = await coupon.redeem(PIN, asked.token, place=str(places[0]))
    assert (wrong.status, wrong.message) == (422, "Wrong PIN. 4 tries left.")
    assert f'value="{places[0]}" selected' in wrong.text
    foreign = await coupon.redeem(PIN, asked.token, place="1")
    assert foreign.message == "Wrong PIN. 3 tries left."
    done = await coupon.redeem(PIN, wrong.token, place=str(coupon.shop.location))
    assert done.status == 303
    assert (await coupon.row())["location_id"] == coupon.shop.location
    over = await coupon.get(f"{coupon.path}/place")
    assert (over.status, over.headers["location"]) == (303, coupon.path)


async def test_the_page_of_places_speaks_every_language_and_keeps_the_lock(make_coupon, services):
    coupon, places = await many_places(make_coupon, services)
    for language in LANGUAGES:
        page = await coupon.get(f"{coupon.path}/place?lang={language}")
        assert f'lang="{language}"' in page.text
    token = page.token
    for n in range(5):
        locked = await coupon.redeem(f"99999{n}", token, place=str(places[1]))
    assert (locked.status, "Locked for 15 minutes." in locked.text) == (429, True)
    assert 'name="pin"' not in (await coupon.get(f"{coupon.path}/place")).text


async def test_old_pins_work_and_the_doctor_lists_them(coupon, services):
    place = (coupon.shop.account, coupon.shop.location)
    mark = services.vault.mark("pin", f"{coupon.shop.account}:4711".encode())
    await services.db.execute(
        "UPDATE locations SET pin_mac = $3, pin_digits = NULL WHERE account_id = $1 AND id = $2",
        *place, mark,
    )  # fmt: skip
    named = f"location {coupon.shop.location} (Ghent, account {coupon.shop.account})"

    async def told():
        return {f.what: f.text for f in await of_pins(services)}.get(named, "")

    assert await told() == "its PIN may have fewer than 6 digits"
    assert (await coupon.redeem("4711")).status == 303
    assert await told() == "its PIN has 4 digits"
    async with services.db.transaction() as db:
        pin = await locations.draw_pin(db, services.vault, coupon.shop.account)
        await locations.change(db, services.vault, *place, locations.Changes(pin=pin))
    assert len(pin) == 6 and await told() == ""
