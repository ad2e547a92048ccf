"""The counter's page over a day: connections that come and go, storage that is blocked, Back and
reload on a verdict, the PIN in the wrong moment, a device that moves to another place."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect

from tearoff.accounts import locations
from tearoff.accounts.locations import Changes
from tests.web.browsing import axe_finds_nothing, in_browser
from tests.web.till.test_browser import (
    ASKS,
    OFFLINE,
    VERDICT,
    hears,
    press,
    type_code,
    verdict_is,
)
from tests.web.tills import DEVICE_PIN, open_till

pytestmark = in_browser

BLOCKED = """for (const name of ["localStorage", "sessionStorage"]) {
    const get = () => { throw new DOMException("blocked", "SecurityError"); };
    Object.defineProperty(window, name, { get });
}"""


async def test_no_connection_heals_by_itself_with_nothing_waiting(coupon, stand):
    """The server stood still for a while; the device's own network never went away."""
    async with stand(coupon.shop, fine=("ERR_FAILED",)) as page:
        await page.route("**/till/api/**", lambda route: route.abort())
        await type_code(page, coupon.short)
        await verdict_is(page, "unchecked", "NOT CHECKED")
        await page.keyboard.press("Escape")
        await expect(page.locator("#connection")).to_have_text("No connection")
        await page.unroute("**/till/api/**")
        await expect(page.locator("#connection")).to_have_text("Online")


async def test_storage_that_throws_silences_nothing(coupon, stand):
    async with stand(coupon.shop, "/till/manifest.webmanifest") as page:
        await page.add_init_script(BLOCKED)
        await page.goto(page.url.replace("/manifest.webmanifest", ""))
        await expect(page.locator("#place")).to_have_text("Ghent")
        await page.locator("#sound").click()
        await expect(page.locator("#sound")).to_have_attribute("aria-pressed", "false")
        await type_code(page, coupon.short)
        await verdict_is(page, "good", "OK")
        await expect(page.locator("#connection")).to_have_text("Online")


@pytest.mark.parametrize("script", [True, False])
async def test_signing_out_takes_two_acts(coupon, stand, script):
    async with stand(coupon.shop, script=script) as page:
        await page.locator(".out summary").dblclick()
        await expect(page).to_have_url(re.compile("/till$"))
        if not await page.locator("#out").is_visible():
            await page.locator(".out summary").click()
        await expect(page.locator("#out")).to_contain_text("a new pairing link")
        await axe_finds_nothing(page) if script else None
        await page.locator("#out button").click()
        await expect(page).to_have_url(re.compile("/till/pair$"))


async def test_back_on_a_verdict_leads_to_the_counter(coupon, stand):
    async with stand(coupon.shop) as page:
        for _ in range(2):
            await type_code(page, coupon.short)
            await verdict_is(page, "good", "OK")
            await hears(page)
            await page.go_back()
            await expect(page.locator(VERDICT)).to_have_count(0)
            await expect(page.locator("#place")).to_have_text("Ghent")
            await hears(page)
        await type_code(page, coupon.short)
        await verdict_is(page, "good", "OK")
        await press(page, "#v-act")
        await verdict_is(page, "used", "OK, used")
        await page.go_back()  # in the same moment: not meant for what has just come
        await verdict_is(page, "used", "OK, used")
    assert (await coupon.row())["uses"] == 1


async def test_a_reload_on_a_verdict_shows_it_again(make_coupon, stand, services):
    coupon = await make_coupon(raw_options=ASKS)
    async with stand(coupon.shop) as page:
        await type_code(page, coupon.short)
        await verdict_is(page, "good", "OK")
        await page.locator("#v-amount").fill("12,50")
        await page.locator("#v-receipt").fill("A-17")
        await page.reload()
        await verdict_is(page, "good", "OK")
        await expect(page.locator("#v-amount")).to_have_value("12,50")
        await expect(page.locator("#v-receipt")).to_have_value("A-17")
        await press(page, "#v-act")
        await verdict_is(page, "used", "OK, used")
        await page.reload()
        await verdict_is(page, "used", "OK, used")
        await press(page, "#v-undo")
        await verdict_is(page, "undone", "UNDONE")
        await page.reload()
        await verdict_is(page, "undone", "UNDONE")
        await press(page, "#v-close")
        await page.reload()
        await expect(page.locator("[aria-busy]")).to_have_count(0)
        await expect(page.locator(VERDICT)).to_have_count(0)
    assert (await coupon.row())["uses"] == 0


async def test_a_pin_at_the_use_keeps_the_coupon_and_the_amount(make_coupon, stand, services):
    coupon = await make_coupon(raw_options=ASKS)
    async with stand(coupon.shop, fine=(401,)) as page:
        await type_code(page, coupon.short)
        await verdict_is(page, "good", "OK")
        await page.locator("#v-amount").fill("9")
        await services.db.execute(
            "UPDATE devices SET pin_until = now() WHERE account_id = $1", coupon.shop.account
        )
        await press(page, "#v-act")
        await page.locator("#pin").fill(DEVICE_PIN)
        await page.keyboard.press("Enter")
        await verdict_is(page, "good", "OK")
        await expect(page.locator("#v-amount")).to_have_value("9")
        await press(page, "#v-act")
        await verdict_is(page, "used", "OK, used")
    assert (await coupon.row())["uses"] == 1


async def test_codes_of_the_place_before_are_sent_or_dropped(
    make_coupon, stand, services, server, http
):
    first = await make_coupon()
    second = await make_coupon(first.shop)
    shop, db = first.shop, services.db
    await db.execute("UPDATE locations SET trusts_offline = true WHERE id = $1", shop.location)
    async with stand(shop, fine=(*OFFLINE, 401)) as page:
        await expect(page.locator("#staff")).to_have_text("Sam")
        await page.context.set_offline(True)
        for coupon in (first, second):
            await type_code(page, coupon.code)
            await verdict_is(page, "unchecked", "NOT CHECKED")
            await press(page, "#v-act")
            await expect(page.locator("#v-act")).to_be_hidden()
            await press(page, "#v-close")
            await hears(page)
        await expect(page.locator("#waiting")).to_have_text("2 waiting")
        # Thrown out meanwhile, and paired with another place of the shop.
        async with db.transaction() as work:
            antwerp = await locations.create(
                work, services.vault, shop.account, Changes(name="Antwerp")
            )
        till = await open_till(services, http, server.url, shop, antwerp.id)
        cookie = {"name": "tearoff_till", "value": till.secret, "url": server.url}
        await page.context.add_cookies([cookie])
        await page.goto("about:blank")
        await page.context.set_offline(False)
        await page.goto(f"{server.url}/till")
        await expect(page.locator("#place")).to_have_text("Antwerp")
        strays = page.locator("#strays")
        await expect(strays).to_contain_text("2 codes of Ghent wait on this device")
        await axe_finds_nothing(page)
        row = page.locator("#rows .unchecked", has_text=first.code[:3].upper()).first
        await row.locator("summary").click()
        await row.locator("details button").click()
        await expect(strays).to_contain_text("1 code of Ghent waits on this device")
        await strays.get_by_role("button", name="Send now").click()
        await expect(strays).to_be_hidden()
        await expect(page.locator("#waiting")).to_be_hidden()
    assert [(await one.row())["uses"] for one in (first, second)] == [0, 1]
    assert (await second.row())["location_id"] == shop.location
