"""The form before a coupon in a browser, as people in a hurry use it."""

import json
import re

import pytest
from playwright.async_api import expect

from tests.cast import open_shop
from tests.web.browsing import axe_finds_nothing, by_turns, in_browser
from tests.web.coupon.test_again import messages_of
from tests.web.coupon.test_public import amount, begin

pytestmark = in_browser

FORM = {
    "fields": [
        {"name": "phone", "required": True},
        {"name": "email"},
        {"name": "firstname"},
        {"name": "customfield1", "label": {"en": "Your favourite coffee"}},
    ],
    "consents": [{"key": "news", "text": {"en": "Send me news."}}],
    "unique": "phone",
}
SHOWN_AS_IT_WAS = "dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))"
"""What a browser tells that has kept the whole page for whoever comes back."""
OFFER = re.compile(r"/p/[a-z0-9]+(\?.*)?$")


@pytest.fixture
async def shop(make_coupon, services):
    shop = await open_shop(
        services, account={"country": "BE"},
        campaign={"raw_options": json.dumps({"form": FORM})},
    )  # fmt: skip
    coupon = await make_coupon(shop)
    await services.db.execute("DELETE FROM tallies WHERE scope LIKE 'again:network:%'")
    return coupon, f"/p/{shop.code}"


async def fill(page, phone, **more):
    await page.fill("#f-phone", phone)
    for name, value in more.items():
        await page.fill(f"#f-{name}", value)
    await page.check("#agree_news")


async def tap_twice(page, button, pause=120):
    """As a thumb does: at a place, not at a button that may be another one by then."""
    await button.click(trial=True)  # once the page listens
    box = await button.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    await page.mouse.click(x, y)
    await page.wait_for_timeout(pause)
    await page.mouse.click(x, y)


@pytest.mark.parametrize("script", [True, False])
async def test_what_was_typed_stays_until_it_is_right(shop, visit, script):
    coupon, path = shop
    async with visit(path, script=script, fine=[422]) as page:
        await fill(page, "0470 12", email="a@b..c", firstname="Ann")
        await page.fill("#f-customfield1", "x" * 60)
        assert await page.input_value("#f-customfield1") == "x" * 50
        await page.click("text=Get your coupon")
        await expect(page.locator("[aria-invalid]")).to_have_count(2)
        for name, value in (("phone", "0470 12"), ("email", "a@b..c"), ("firstname", "Ann")):
            await expect(page.locator(f"#f-{name}")).to_have_value(value)
        await expect(page.locator("#agree_news")).to_be_checked()
        if script:
            await axe_finds_nothing(page)
        await page.fill("#f-phone", "0470/12.34.56")
        await page.fill("#f-email", "ann@example.com")
        await page.click("text=Get your coupon")
        await expect(page.locator(".qr")).to_be_visible()
    assert await amount(coupon) == 2


@pytest.mark.parametrize("pause", [50, 300])
async def test_a_double_tap_gives_one_coupon_and_back_leads_to_it(shop, visit, pause):
    coupon, path = shop
    async with visit(path) as page:
        await fill(page, "0470 12 34 57")
        await page.locator("text=Get your coupon").scroll_into_view_if_needed()
        await tap_twice(page, page.locator("text=Get your coupon"), pause)
        await expect(page.locator(".qr")).to_be_visible()
        own = page.url
        await page.go_back()
        await expect(page.locator(".qr")).to_be_visible()
        assert page.url == own
    assert await amount(coupon) == 2


async def test_looking_at_something_else_and_back_loses_nothing(shop, visit):
    _coupon, path = shop
    async with visit(path) as page:
        await fill(page, "0470 12 34 58", firstname="Ann")
        await page.goto(page.url.partition("/p/")[0] + "/healthz")
        await page.go_back()
        await expect(page.locator("#f-phone")).to_have_value("0470 12 34 58")
        await page.evaluate(SHOWN_AS_IT_WAS)
        await expect(page.locator("#f-firstname")).to_have_value("Ann")
        await expect(page.locator("#agree_news")).to_be_checked()


@pytest.mark.parametrize(
    ("script", "width", "language"),
    [
        (False, 390, "en-GB"),
        (True, 320, "ar"),
        pytest.param(True, 1366, "de", marks=pytest.mark.soak),
        pytest.param(True, 320, "en-GB", marks=pytest.mark.soak),
    ],
)
async def test_who_has_one_already_gets_the_link_again(shop, visit, script, width, language):
    coupon, path = shop
    assert (await begin(coupon, path, {"phone": "+32470001234"})).status == 303
    async with visit(path, script=script, width=width, language=language, fine=[409]) as page:
        await fill(page, "0470 00 12 34", firstname="Ann")
        await page.locator(".go").last.click()
        button = page.locator(".resend .go")
        await expect(button).to_contain_text("+32 470 00 12 34")
        await expect(page.locator("#f-firstname")).to_have_value("Ann")
        if script:
            await axe_finds_nothing(page)
        await tap_twice(page, button)
        await expect(page.locator(".alert.ok")).to_contain_text("+32 470 00 12 34")
        await expect(page.locator("form")).to_have_count(0)
        assert OFFER.search(page.url)
        await page.reload()  # tells the same, and sends nothing
        await expect(page.locator(".alert.ok")).to_contain_text("+32 470 00 12 34")
        await page.goto(coupon.url + path)
        await expect(page.locator("#f-phone")).to_be_visible()
    assert [to for to, *_ in await messages_of(coupon)] == ["+32470001234"]
    assert await amount(coupon) == 2


@pytest.mark.parametrize(("pause", "script"), by_turns([50, 150, 300]))
async def test_the_second_of_two_taps_hits_nothing_of_the_next_page(
    make_coupon, visit, pause, script
):
    """Where the button was, the coupon has one by then that cannot be taken back."""
    options = {"form": {"fields": [{"name": "firstname"}]}}
    coupon = await make_coupon(raw_options=json.dumps(options), activation_seconds=900)
    async with visit(f"/p/{coupon.shop.code}", script=script) as page:
        await page.locator(".go").scroll_into_view_if_needed()
        await tap_twice(page, page.locator(".go"), pause)
        await expect(page.get_by_text("Activate coupon")).to_be_visible()
        await page.get_by_text("Activate coupon").click()  # and then it listens
        await expect(page.locator(".qr")).to_be_visible()
    assert await amount(coupon) == 2
