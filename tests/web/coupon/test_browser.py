"""The coupon's page in a real browser: phone and desktop, left and right, with and without
script. Three guards stand over every test: no request to another host, no console error, no
sideways scroll."""

from __future__ import annotations

import asyncio
import io
import re

import pytest
import zxingcpp
from PIL import Image
from playwright.async_api import Page, expect

from tests.cast import PIN
from tests.running import PATIENCE
from tests.web.browsing import in_browser, no_sideways_scroll
from tests.web.conftest import Coupon, do, in_days

pytestmark = in_browser


async def read_code(page: Page) -> str:
    shot = await page.locator("svg.qr").screenshot()
    (found,) = zxingcpp.read_barcodes(Image.open(io.BytesIO(shot)))
    assert found.valid
    return found.text


async def type_pin(page: Page, pin: str) -> None:
    if not await page.locator("#pin").is_visible():
        await page.locator("summary").first.click()
    await page.locator("#pin").fill(pin)
    async with page.expect_navigation():
        await page.locator("form button").click()


@pytest.mark.parametrize(
    ("language", "script"),
    [
        ("en", False),
        ("ar", True),
        pytest.param("en", True, marks=pytest.mark.soak),
        pytest.param("ar", False, marks=pytest.mark.soak),
    ],
)
async def test_ready_is_shown_and_its_code_can_be_read(
    make_coupon, phone, guarded, language, script
):
    coupon = await make_coupon(
        picture=True, language=language, terms="Terms. " * 40, description="Words " * 30
    )
    async with phone(script=script, language=language) as page:
        for width in (320, 390, 1366):
            await page.set_viewport_size({"width": width, "height": 844})
            async with guarded(page):
                await page.goto(coupon.url + coupon.path)
                await is_ready(page, coupon, {"ar": "rtl"}.get(language, "ltr"))


async def is_ready(page: Page, coupon: Coupon, direction: str) -> None:
    await expect(page.locator("h1")).to_have_text("2-for-1 cappuccino")
    await expect(page.locator(".short")).to_have_text(re.compile(coupon.short, re.IGNORECASE))
    assert await page.locator("html").get_attribute("dir") == direction
    assert await read_code(page) == f"https://coupons.example.com{coupon.path}"
    qr = await page.locator("svg.qr").bounding_box()
    assert qr["width"] * 33 / 41 >= 200
    for summary in await page.locator("summary").all():
        await summary.click()
        await no_sideways_scroll(page)


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_the_code_is_black_on_white_in_the_dark_too(coupon, visit, scheme):
    async with visit(coupon.path, scheme=scheme) as page:
        assert await read_code(page) == f"https://coupons.example.com{coupon.path}"
        shot = Image.open(io.BytesIO(await page.locator("svg.qr").screenshot())).convert("L")
        assert shot.getpixel((shot.width // 2, 8)) == 255


async def test_the_code_can_be_read_small_and_turned(coupon, visit):
    async with visit(coupon.path, scale=2) as page:
        shot = Image.open(io.BytesIO(await page.locator("svg.qr").screenshot())).convert("L")
    small = shot.resize((shot.width * 3 // 10, shot.height * 3 // 10))
    turned = small.rotate(20, expand=True, fillcolor=255)
    (found,) = zxingcpp.read_barcodes(turned)
    assert found.text.endswith(coupon.path)


@pytest.mark.parametrize("script", [True, False])
async def test_staff_uses_it_by_pin(coupon, visit, script):
    async with visit(coupon.path, script=script, fine=[422]) as page:
        await type_pin(page, "9999")
        await expect(page.locator("#pin-error")).to_have_text("Wrong PIN. 4 tries left.")
        await expect(page.locator("#pin")).to_be_focused()
        await expect(page.locator("#pin")).to_have_attribute("aria-invalid", "true")
        await type_pin(page, PIN)
        await expect(page.locator(".yes")).to_have_text("Accepted")
        await expect(page.locator(".badge")).to_have_text("Used")
        await expect(page.locator(".big")).to_contain_text("Ghent")
        await expect(page.locator("svg.qr")).to_have_count(0)
        if script:
            first = await page.locator(".clock").text_content()
            await expect(page.locator(".clock")).not_to_have_text(first)
        await page.reload()
        await expect(page.locator(".yes")).to_have_text("Accepted")
    assert (await coupon.row())["uses"] == 1


async def test_two_phones_one_redeem(coupon, visit):
    async with visit(coupon.path) as first, visit(coupon.path, fine=[409]) as second:
        await type_pin(first, PIN)
        await type_pin(second, PIN)
        await expect(first.locator(".yes")).to_be_visible()
        await expect(second.locator(".yes")).to_have_count(0)
        await expect(second.locator(".big")).to_contain_text("This coupon was used on")
        await expect(second.locator(".big")).to_contain_text("Ghent")
    assert (await coupon.row())["uses"] == 1


async def test_lock(coupon, visit):
    async with visit(coupon.path, fine=[422, 429]) as page:
        for _ in range(5):
            await type_pin(page, "9999")
        await expect(page.locator("[role=alert]")).to_have_text("Locked for 15 minutes.")
        await expect(page.locator("#pin")).to_have_count(0)


async def test_a_page_with_a_wrong_pin_may_be_reloaded(coupon, visit):
    async with visit(coupon.path, fine=[422]) as page:
        await type_pin(page, "999999")
        for _ in range(6):
            await expect(page.locator("#pin-error")).to_have_text("Wrong PIN. 4 tries left.")
            await page.reload()
        await type_pin(page, PIN)
        await expect(page.locator("h1")).to_be_visible()
        await expect(page.locator("body")).to_contain_text("Accepted")


async def test_pressing_twice_uses_it_once(make_coupon, visit):
    coupon = await make_coupon(uses=5)
    async with visit(coupon.path) as page:
        await page.locator("summary").first.click()
        await page.locator("#pin").fill(PIN)
        async with page.expect_navigation():
            await page.locator("form button").dblclick(no_wait_after=True)
        await expect(page.locator(".yes")).to_be_visible()
        await expect(page.locator(".badge")).to_have_text("4 of 5 left")
    assert (await coupon.row())["uses"] == 1


async def test_only_a_visible_page_with_script_reports_itself(coupon, visit):
    async with visit(coupon.path, script=False) as page:
        await page.wait_for_timeout(1200)
    assert await coupon.events() == []
    async with visit(coupon.path) as page:
        await wait_for_open(coupon)
    assert await coupon.events() == [("opened", "consumer", "page", None)]


async def wait_for_open(coupon: Coupon) -> None:
    async with asyncio.timeout(PATIENCE):
        while not await coupon.events():
            await asyncio.sleep(0.1)


async def test_keyboard_alone(coupon, visit):
    async with visit(coupon.path) as page:
        await page.keyboard.press("Tab")
        await expect(page.locator("summary").first).to_be_focused()
        await page.keyboard.press("Enter")
        await page.keyboard.press("Tab")
        await expect(page.locator("#pin")).to_be_focused()
        await page.keyboard.type(PIN)
        async with page.expect_navigation():
            await page.keyboard.press("Enter")
        await expect(page.locator(".yes")).to_be_visible()


async def test_targets_are_large_enough_for_a_thumb(make_coupon, visit):
    coupon = await make_coupon(language="nl", terms="Terms")
    async with visit(coupon.path) as page:
        await page.locator("summary").first.click()
        for target in await page.locator("a, summary, button, input:not([type=hidden])").all():
            box = await target.bounding_box()
            assert box["height"] >= 44, await target.evaluate("e => e.outerHTML")


async def test_other_states(make_coupon, phone, guarded):
    used = await make_coupon(picture=True)
    await do(used, "validated")
    coupons = {
        "Expired": await make_coupon(expires_at=in_days(-1)),
        "Not yet valid": await make_coupon(starts_at=in_days(1)),
        "Not available": await make_coupon(status="paused"),
        "5 of 5 left": await make_coupon(uses=5, expires_at=in_days(0.2)),
        "Used": used,
    }
    async with phone() as page:
        for width in (320, 390, 1366):
            await page.set_viewport_size({"width": width, "height": 844})
            for words, coupon in coupons.items():
                async with guarded(page):
                    await page.goto(coupon.url + coupon.path)
                    await expect(page.locator(".badge")).to_have_text(words)
            style = await page.locator("main > img").evaluate("e => getComputedStyle(e).filter")
            assert "grayscale" in style


@pytest.mark.parametrize("width", [320, 1366])
async def test_unknown(visit, width):
    async with visit("/p/zzzzzz/zzzzzzzzzzzzzzzzzzzzz", width=width, fine=[404]) as page:
        await expect(page.locator("h1")).to_have_text("We do not know this coupon.")


async def test_weight(coupon, visit):
    """Everything but the picture, as it travels."""
    async with visit("/p/zzzzzz", fine=[404]) as page:
        sizes: dict[str, int] = {}

        async def weigh(request) -> None:
            size = await request.sizes()
            sizes[request.url] = size["responseBodySize"] + size["responseHeadersSize"]

        tasks: list[asyncio.Task] = []
        page.on("requestfinished", lambda r: tasks.append(asyncio.ensure_future(weigh(r))))
        await page.goto(coupon.url + coupon.path)
        await wait_for_open(coupon)
        await asyncio.gather(*tasks)
    pictures = [url for url in sizes if url.endswith(".webp")]
    assert len(pictures) == 1
    assert len(sizes) <= 4
    assert sum(size for url, size in sizes.items() if url not in pictures) <= 10 * 1024
