"""A coupon is scanned again while the server has not answered what waits of it on this device: that
comes first, and the verdict is of the coupon after it."""

from __future__ import annotations

import asyncio
import contextlib
import re

import pytest
from playwright.async_api import expect

from tests.web.browsing import in_browser
from tests.web.till.test_browser import OFFLINE, press, trust, type_code, verdict_is
from tests.web.till.test_offline import (
    FINE,
    LINES,
    go_on,
    hear_nothing,
    nothing_waits,
    promise_without_connection,
)

pytestmark = in_browser

SIDEWAYS = [(844, 390), (568, 320)]
USED_HERE = re.compile(r"Used here, \d\d:\d\d\.")


async def lose_connection_at(page, name, *, is_heard=True):
    """With this call, which the server hears or not."""

    async def lose(route):
        if is_heard:
            await route.fetch()
        await page.context.set_offline(True)
        await route.abort()

    await page.route(f"**/till/api/{name}*", lose, times=1)


@contextlib.asynccontextmanager
async def back_with_a_slow_queue(page):
    """The connection is back, and what waits is on its way for as long as the block lasts. No check
    goes out meanwhile."""
    on_the_way, goes_on, checks = asyncio.Event(), asyncio.Event(), []

    async def hold(route):
        on_the_way.set()
        await goes_on.wait()
        await route.continue_()

    async def count(route):
        checks.append(goes_on.is_set())
        await route.continue_()

    await page.route("**/till/api/sync*", hold)
    await page.route("**/till/api/check*", count)
    await page.context.set_offline(False)
    await on_the_way.wait()
    yield
    await verdict_is(page, "checking", "Checking…")
    goes_on.set()
    await expect(page.locator("#v-word")).not_to_have_text("Checking…")
    assert all(checks)


@pytest.mark.parametrize("uses", [1, 5])
async def test_where_a_place_takes_in_at_once(make_coupon, services, stand, uses):
    coupon = await make_coupon(uses=uses)
    await services.db.execute(
        "UPDATE locations SET redeems_at_once = true WHERE account_id = $1", coupon.shop.account
    )
    async with stand(coupon.shop, fine=FINE) as page:
        await lose_connection_at(page, "check")
        await type_code(page, coupon.code)
        await verdict_is(page, "unchecked", "NOT CHECKED")
        await go_on(page)
        async with back_with_a_slow_queue(page):
            await type_code(page, coupon.short)
        await verdict_is(page, "used", "OK, used")
        await expect(page.locator("#v-undo")).to_be_visible()
        await expect(page.locator("#rows .undone")).to_have_count(1)
        await nothing_waits(page)
    assert (await coupon.row())["uses"] == 1


async def ask_to_redeem_unheard(page, coupon, *, is_heard):
    await type_code(page, coupon.code)
    await verdict_is(page, "good", "OK")
    await lose_connection_at(page, "redeem", is_heard=is_heard)
    await press(page, "#v-act")
    await expect(page.locator(LINES)).to_contain_text("Do not hand out anything yet.")


async def is_judged_anew(page, uses):
    """One use of the coupon stands, by this device."""
    if uses == 1:
        await verdict_is(page, "no", "NO")
        await expect(page.locator(LINES)).to_contain_text(re.compile("Used .*Ghent"))
    else:
        await verdict_is(page, "good", "OK")
        await expect(page.locator(LINES)).to_contain_text("4 uses left.")
        await expect(page.locator(LINES)).to_contain_text(USED_HERE)


@pytest.mark.parametrize(("uses", "is_heard"), [(1, True), (5, False)])
async def test_what_people_asked_for_is_told_once(make_coupon, stand, uses, is_heard):
    """Nothing was handed out for it. Its own verdict, then, and no second use."""
    coupon = await make_coupon(uses=uses)
    async with stand(coupon.shop, fine=FINE) as page:
        await ask_to_redeem_unheard(page, coupon, is_heard=is_heard)
        await go_on(page)
        async with back_with_a_slow_queue(page):
            await type_code(page, coupon.short)
        await verdict_is(page, "used", "OK, used")
        await expect(page.locator("#v-undo")).to_be_visible()
        assert (await coupon.row())["uses"] == 1
        await go_on(page)
        # It was told: who comes now is somebody else.
        await type_code(page, coupon.short)
        await is_judged_anew(page, uses)
    assert (await coupon.row())["uses"] == 1


async def test_a_second_scan_without_connection_becomes_the_first_one(make_coupon, stand):
    coupon = await make_coupon(uses=5)
    async with stand(coupon.shop, fine=FINE) as page:
        await ask_to_redeem_unheard(page, coupon, is_heard=False)
        await go_on(page)
        await type_code(page, coupon.short)
        await expect(page.locator(LINES)).to_contain_text("Already scanned")
        await page.context.set_offline(False)
        await verdict_is(page, "used", "OK, used")
        await press(page, "#v-undo")
        await verdict_is(page, "undone", "UNDONE")
        await go_on(page)
        await type_code(page, coupon.short)
        await verdict_is(page, "good", "OK")
        await expect(page.locator(LINES)).not_to_contain_text(USED_HERE)
    assert (await coupon.row())["uses"] == 0


async def test_a_reload_asks_nothing_anew_of_what_waits(coupon, stand):
    async with stand(coupon.shop, fine=FINE) as page:
        await ask_to_redeem_unheard(page, coupon, is_heard=False)
        await hear_nothing(page, "sync")
        await page.context.set_offline(False)
        await page.reload()
        await verdict_is(page, "unchecked", "NOT CHECKED")
        await expect(page.locator(LINES)).to_contain_text("Kept on this device")
        await page.unroute("**/till/api/sync*")
        await verdict_is(page, "used", "OK, used")
    assert (await coupon.row())["uses"] == 1


@pytest.mark.parametrize("uses", [1, 5])
async def test_what_was_promised_is_not_promised_again(make_coupon, services, stand, uses):
    """The goods were handed out: the next scan is another one."""
    coupon = await make_coupon(uses=uses)
    await trust(services, coupon.shop)
    async with stand(coupon.shop, fine=FINE) as page:
        await promise_without_connection(page, coupon)
        async with back_with_a_slow_queue(page):
            await type_code(page, coupon.short)
        await is_judged_anew(page, uses)
    assert (await coupon.row())["uses"] == 1


async def test_what_cannot_be_sent_is_without_connection(make_coupon, stand):
    coupon = await make_coupon(uses=5)
    async with stand(coupon.shop, fine=FINE) as page:
        await ask_to_redeem_unheard(page, coupon, is_heard=True)
        await go_on(page)
        await hear_nothing(page, "sync")
        await page.context.set_offline(False)
        await type_code(page, coupon.short)
        await verdict_is(page, "unchecked", "NOT CHECKED")
        await expect(page.locator(LINES)).to_contain_text("Do not hand out anything yet.")
        await page.unroute("**/till/api/sync*")
        await verdict_is(page, "used", "OK, used")
    assert (await coupon.row())["uses"] == 1


async def test_what_is_dropped_is_taken_back(coupon, stand):
    """The server had taken it in, and nobody heard it."""
    async with stand(coupon.shop, fine=FINE) as page:
        await type_code(page, coupon.code)
        await verdict_is(page, "good", "OK")
        await lose_connection_at(page, "redeem")
        await press(page, "#v-act")
        await expect(page.locator(LINES)).to_contain_text("Kept on this device")
        await go_on(page)
        assert (await coupon.row())["uses"] == 1
        await page.locator("#rows summary", has_text="Drop").click()
        await page.get_by_role("button", name="Yes, drop").click()
        await expect(page.locator("#waiting")).to_be_hidden()
        await page.context.set_offline(False)
        await nothing_waits(page)
        await expect(page.locator("#rows .undone")).to_have_count(1)
    assert (await coupon.row())["uses"] == 0


async def test_an_open_question_is_never_another_one(coupon, services, stand):
    await trust(services, coupon.shop)
    async with stand(coupon.shop, fine=OFFLINE) as page:
        await promise_without_connection(page, coupon)
        await page.locator("#rows summary", has_text="Drop").click()
        await expect(page.get_by_role("button", name="Yes, drop")).to_be_visible()
        await page.context.set_offline(False)
        await expect(page.locator("#rows summary")).to_have_text("Undo")
        await expect(page.get_by_role("button", name="Yes, undo")).to_be_hidden()


@pytest.mark.parametrize("at_once", [True, False])
async def test_whoever_goes_on_tapping_has_not_read_it(make_coupon, services, stand, at_once):
    """Sideways, what closes a verdict lies where Check was."""
    coupon = await make_coupon(uses=9)
    await services.db.execute(
        "UPDATE locations SET redeems_at_once = $2 WHERE account_id = $1",
        coupon.shop.account,
        at_once,
    )
    async with stand(coupon.shop) as page:
        for width, height in SIDEWAYS:
            await page.set_viewport_size({"width": width, "height": height})
            await page.locator("#code").fill(coupon.short)
            check = page.locator("#form .go")
            await check.scroll_into_view_if_needed()
            box = await check.bounding_box()
            for _ in range(5):
                await page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
                await page.wait_for_timeout(400)
            await verdict_is(page, *(("used", "OK, used") if at_once else ("good", "OK")))
            assert (await coupon.row())["uses"] == at_once * (SIDEWAYS.index((width, height)) + 1)
            await go_on(page)
