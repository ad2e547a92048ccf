"""Hasty fingers and pages that stay open, in a real browser: what somebody does, with the time that
lies between two taps."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.cast import PIN
from tests.web.browsing import in_browser
from tests.web.conftest import do

pytestmark = in_browser


async def type_pin(page, pin):
    await page.locator(".staff summary").click()
    await page.locator("#pin").fill(pin)


async def press_twice(page, button, pause):
    """At one place on the glass, `pause` milliseconds apart, whatever lies there by then."""
    await button.scroll_into_view_if_needed()
    box = await button.bounding_box()
    at = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    await page.mouse.click(*at)
    await page.wait_for_timeout(pause)
    await page.mouse.click(*at)


async def claim(coupon):
    answer = await coupon.post("/claim", {"t": (await coupon.get()).token})
    assert answer.status == 303


@pytest.mark.parametrize("pause", [60, 150, 300])
@pytest.mark.parametrize("script", [True, False])
async def test_a_double_tap_of_the_staff_starts_no_window(make_coupon, visit, pause, script):
    coupon = await make_coupon(uses=3, activation_seconds=900)
    await claim(coupon)
    async with visit(coupon.path, script=script, fine=[409]) as page:
        await type_pin(page, PIN)
        await press_twice(page, page.locator(".staff form button"), pause)
        await expect(page.locator(".badge")).to_have_text("2 of 3 left")
        row = await coupon.row()
        assert (row["uses"], row["active_until"]) == (1, None)


async def test_a_withdrawn_coupon_comes_back_in_front_of_the_eyes(make_coupon, visit):
    coupon = await make_coupon(status="paused")
    async with visit(coupon.path) as page:
        await expect(page.locator(".badge")).to_have_text("Not available")
        await coupon.services.db.execute(
            "UPDATE campaigns SET status = 'active' WHERE id = $1", coupon.shop.campaign
        )
        await expect(page.locator(".badge")).to_have_text("Ready to use", timeout=15_000)


async def test_what_the_counter_undoes_can_be_used_again_in_front_of_the_eyes(coupon, visit):
    async with visit(coupon.path) as page:
        await type_pin(page, PIN)
        await page.locator(".staff form button").click()
        await expect(page.locator(".yes")).to_have_text("Accepted")
        await do(coupon, "unvalidated")
        await expect(page.locator(".badge")).to_have_text("Ready to use", timeout=15_000)
        await expect(page.locator(".yes")).to_have_count(0)
