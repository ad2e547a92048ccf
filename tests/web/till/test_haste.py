"""The counter in a hurry: taps that come twice, keys that are held, a code that is shown again."""

from __future__ import annotations

import asyncio
import itertools
import re

import pytest
from playwright.async_api import expect

from tests.web.browsing import in_browser
from tests.web.conftest import do
from tests.web.till.test_browser import SCANNER, hears, press, type_code, verdict_is
from tests.web.till.test_camera import NATIVE, look  # noqa: F401 - a fixture
from tests.web.tills import open_till

pytestmark = in_browser

SIZES = [(360, 640), (390, 844), (412, 915), (768, 1024), (1280, 800)]
GAPS = [50, 150, 300]  # milliseconds between two taps of one finger


async def tap_twice(page, button, gap):
    """Where it is now, whatever is there when the second one comes."""
    await hears(page)
    box = await page.locator(button).bounding_box()
    at = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    await page.mouse.click(*at)
    await page.wait_for_timeout(gap)
    await page.mouse.click(*at)


async def is_still(page, kind, word):
    """Also when the page hears again."""
    await verdict_is(page, kind, word)
    await hears(page)
    await verdict_is(page, kind, word)


async def go_on(page):
    await press(page, "#v-close")
    await expect(page.locator("#verdict")).to_be_hidden()


TAPS = pytest.mark.parametrize(
    "taps",
    [
        pytest.param(list(zip(SIZES[::2], GAPS, strict=True)), id="each"),
        pytest.param(list(itertools.product(SIZES, GAPS)), id="all", marks=pytest.mark.soak),
    ],
)


@TAPS
async def test_two_taps_on_redeem_use_it_once_and_take_nothing_back(make_coupon, stand, taps):
    coupon = await make_coupon()
    async with stand(coupon.shop, service_workers="block") as page:
        for (width, height), gap in taps:
            await page.set_viewport_size({"width": width, "height": height})
            coupon = await make_coupon(coupon.shop)
            await type_code(page, coupon.code)
            await verdict_is(page, "good", "OK")
            await tap_twice(page, "#v-act", gap)
            await is_still(page, "used", "OK, used")
            assert (await coupon.row())["uses"] == 1, (width, gap)
            await go_on(page)


@TAPS
async def test_a_no_is_closed_only_by_a_tap_that_began_after_it(make_coupon, stand, taps):
    coupon = await make_coupon()
    async with stand(coupon.shop, service_workers="block") as page:
        for (width, height), gap in taps:
            await page.set_viewport_size({"width": width, "height": height})
            coupon = await make_coupon(coupon.shop)
            await type_code(page, coupon.code)
            await verdict_is(page, "good", "OK")
            await do(coupon, "validated")  # another device is first
            await tap_twice(page, "#v-act", gap)
            await is_still(page, "no", "NO")
            await go_on(page)

        # A finger that lay on "Cancel" when the NO came, and one that comes down too soon.
        coupon = await make_coupon(coupon.shop)
        await type_code(page, coupon.code)
        await verdict_is(page, "good", "OK")
        await do(coupon, "validated")
        asked, answered = asyncio.Event(), asyncio.Event()

        async def hold(route):
            asked.set()
            await answered.wait()
            await route.continue_()

        await page.route("**/till/api/redeem*", hold)
        await press(page, "#v-act")
        await asked.wait()
        await page.locator("#v-close").hover()
        await page.mouse.down()
        answered.set()
        await verdict_is(page, "no", "NO")
        await page.mouse.up()
        await page.mouse.down()
        await page.mouse.up()
        await is_still(page, "no", "NO")
        for key in ("Enter", "Escape"):  # and keys that come too soon
            await go_on(page)
            await type_code(page, coupon.code)
            await verdict_is(page, "no", "NO")
            await page.keyboard.press(key)
            await is_still(page, "no", "NO")


async def test_enter_that_is_held_answers_nothing(coupon, stand):
    async with stand(coupon.shop, width=1366, service_workers="block") as page:
        await page.locator("#code").fill(coupon.code)
        await page.keyboard.down("Enter")
        await verdict_is(page, "good", "OK")
        await hears(page)
        for _ in range(3):
            await page.keyboard.down("Enter")  # the key repeats itself
        await page.keyboard.up("Enter")
        await verdict_is(page, "good", "OK")
    assert (await coupon.row())["uses"] == 0


async def test_once_its_verdict_was_closed_it_is_a_new_scan(make_coupon, stand):
    """Two phones with one screenshot: the second one is not served."""
    coupon = await make_coupon()
    async with stand(coupon.shop, width=1366, service_workers="block") as page:
        for again in ("typed", "typed short", "scanned"):
            coupon = await make_coupon(coupon.shop)
            await type_code(page, coupon.code)
            await verdict_is(page, "good", "OK")
            await press(page, "#v-act")
            await verdict_is(page, "used", "OK, used")
            await go_on(page)
            if again == "scanned":
                await page.evaluate(SCANNER, f"https://c.example{coupon.path}")
            else:
                await type_code(page, coupon.code if again == "typed" else coupon.short.upper())
            await verdict_is(page, "no", "NO")
            await expect(page.locator("#v-lines")).to_contain_text(re.compile("Used .*Ghent"))
            await expect(page.locator("#v-undo")).to_be_hidden()
            await go_on(page)


async def test_the_camera_sees_a_new_scan_once_it_was_away_or_held_there(coupon, look):  # noqa: F811
    async with look(coupon.shop, before=NATIVE) as page:
        await page.locator("#scan").click()
        await page.evaluate(f"window.sees = '{coupon.code}'")
        await verdict_is(page, "good", "OK")
        await press(page, "#v-act")
        await verdict_is(page, "used", "OK, used")
        await page.evaluate(TIMED)
        # Still before the camera: not at once, but who holds it there wants it to be looked at.
        await press(page, "#v-close")
        await verdict_is(page, "no", "NO")
        assert await page.evaluate("shown - closed") >= 2900
        # Away and back.
        await page.evaluate("window.sees = ''")
        await go_on(page)
        await page.wait_for_timeout(1200)  # so long somebody takes it away
        await page.evaluate(f"window.sees = '{coupon.code}'")
        await verdict_is(page, "no", "NO")


TIMED = """() => {
  const dialog = document.getElementById("verdict");
  new MutationObserver(() => { window[dialog.open ? "shown" : "closed"] = performance.now(); })
    .observe(dialog, { attributeFilter: ["open"] });
}"""


async def test_two_submits_where_a_place_takes_in_at_once(coupon, services, stand):
    await services.db.execute(
        "UPDATE locations SET redeems_at_once = true WHERE id = $1", coupon.shop.location
    )
    async with stand(coupon.shop, service_workers="block") as page:
        await page.locator("#code").fill(coupon.short)
        await page.locator("#form").evaluate("f => { f.requestSubmit(); f.requestSubmit(); }")
        await is_still(page, "used", "OK, used")
        await expect(page.locator("#v-undo")).to_be_visible()
        await press(page, "#v-undo")
        await verdict_is(page, "undone", "UNDONE")
    assert (await coupon.row())["uses"] == 0
    count = "SELECT count(*) FROM counter_scans WHERE account_id = $1"
    assert await services.db.fetchval(count, coupon.shop.account) == 1


async def test_a_verdict_is_never_repeated_for_a_new_scan(coupon, services, stand, http, server):
    """Another till was first, and took it back."""
    other = await open_till(services, http, server.url, coupon.shop)
    async with stand(coupon.shop, width=1366, service_workers="block") as page:
        await type_code(page, coupon.code)
        await verdict_is(page, "good", "OK")
        used = await other.redeem(coupon.code)
        await press(page, "#v-act")
        await verdict_is(page, "no", "NO")
        await expect(page.locator("#v-lines")).to_contain_text(re.compile("Used .*Ghent"))
        assert (await other.call("undo", {"key": used["key"]}))[1]["verdict"] == "undone"
        await page.evaluate(SCANNER, coupon.code)  # the verdict stands: nothing new was scanned
        await verdict_is(page, "no", "NO")
        await expect(page.locator("#v-lines")).to_contain_text(re.compile("Used .*Ghent"))
        await go_on(page)
        await page.evaluate(SCANNER, coupon.code)
        await verdict_is(page, "good", "OK")
        await press(page, "#v-act")
        await verdict_is(page, "used", "OK, used")
    assert (await coupon.row())["uses"] == 1
