"""Taking back from the list of today, as somebody at the counter does it."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.web.browsing import in_browser
from tests.web.till.test_browser import hears

pytestmark = in_browser


@pytest.mark.parametrize("script", [True, False])
async def test_undo_from_the_list_asks_first(coupon, stand, script):
    """A hasty double tap opens the question and closes it again; two taps with a look in between
    take the coupon back, and the list says so."""
    async with stand(coupon.shop, script=script) as page:
        await page.locator("#code").fill(coupon.code)
        await page.locator("#code").press("Enter")
        await expect(page.locator(".verdict.good")).to_be_visible()
        await hears(page)
        await page.locator(".act:visible").click()
        await expect(page.locator(".verdict.used")).to_be_visible()
        await hears(page)
        await page.locator(".close:visible").click()
        await hears(page)
        box = await page.locator("#rows .used summary").bounding_box()
        at = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        await page.mouse.click(*at)
        await page.wait_for_timeout(120)
        await page.mouse.click(*at)
        await expect(page.locator("#rows .used details")).not_to_have_attribute("open", "")
        assert (await coupon.row())["uses"] == 1
        await page.mouse.click(*at)
        await page.locator("#rows .used .go").click()
        await expect(page.locator(".verdict.undone")).to_be_visible()
        assert (await coupon.row())["uses"] == 0
        await hears(page)
        await page.locator(".close:visible").click()
        await expect(page.locator("#rows .undone")).to_have_count(1)
        await expect(page.locator("#rows summary")).to_have_count(0)
