"""The counter's page over a day: connections that come and go, storage that is blocked, Back and
reload on a verdict, the PIN in the wrong moment, a device that moves to another place."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect

from tests.web.browsing import axe_finds_nothing, in_browser
from tests.web.test_till_browser import type_code, verdict_is

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
        await expect(page.locator("#connection")).to_have_text("Online", timeout=30_000)


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
