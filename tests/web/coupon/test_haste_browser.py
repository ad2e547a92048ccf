"""Hasty fingers and pages that stay open, in a real browser: what somebody does, with the time that
lies between two taps."""

from __future__ import annotations

import asyncio
import json
import re

import pytest
from playwright.async_api import expect

from tests.cast import PIN
from tests.web.browsing import by_turns, in_browser
from tests.web.conftest import do
from tests.web.scenes import FORM, SCENES

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


@pytest.mark.parametrize(("pause", "script"), by_turns([60, 150, 300]))
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
        await expect(page.locator(".badge")).to_have_text("Ready to use")


async def test_what_the_counter_undoes_can_be_used_again_in_front_of_the_eyes(coupon, visit):
    async with visit(coupon.path) as page:
        await type_pin(page, PIN)
        await page.locator(".staff form button").click()
        await expect(page.locator(".yes")).to_have_text("Accepted")
        await do(coupon, "unvalidated")
        await expect(page.locator(".badge")).to_have_text("Ready to use")
        await expect(page.locator(".yes")).to_have_count(0)


async def test_back_and_reload_tell_the_last_try_again(make_coupon, visit):
    """Without script, where nothing else helps: no browser asks whether to send a form again."""
    coupon = await make_coupon(raw_options='{"methods": ["code", "pin", "button"]}')
    async with visit(coupon.path, script=False, fine=[422]) as page:
        await type_pin(page, "9999")
        await page.locator(".staff form button").click()
        await expect(page.locator("#pin-error")).to_contain_text("4 tries left")
        await page.get_by_text("I am staff").click()
        await expect(page.locator("h1")).to_have_text("Mark as used?")
        await page.go_back()
        await expect(page.locator("#pin-error")).to_contain_text("4 tries left")
        await page.reload()
        await expect(page.locator("#pin-error")).to_contain_text("4 tries left")


async def test_a_language_in_the_middle_of_a_form(make_coupon, visit):
    coupon = await make_coupon()
    await SCENES["place"].act(coupon)
    async with visit(f"{coupon.path}/place", language="nl", fine=[422]) as page:
        await page.locator("#place").select_option(index=3)
        chosen = await page.locator("#place").input_value()
        await page.locator("#amount").fill("12,50")
        await page.get_by_role("button", name="English").click()
        await expect(page.locator("h1")).to_have_text("For staff: validate")
        await expect(page.locator("#place")).to_have_value(chosen)
        await expect(page.locator("#amount")).to_have_value("12,50")
        await page.locator("#pin").fill("9999")
        await page.keyboard.press("Enter")
        await expect(page.locator("#pin-error")).to_contain_text("Wrong PIN")
        await expect(page.locator("#place")).to_have_value(chosen)


@pytest.mark.parametrize("script", [True, False])
async def test_a_wrong_amount_keeps_the_pin(coupon, visit, script):
    async with visit(coupon.path, script=script) as page:
        await type_pin(page, PIN)
        await page.locator("#amount").fill("12.345")
        await page.locator(".staff form button").click()
        await expect(page.locator("#amount")).to_be_focused()
        await expect(page.locator("#pin")).to_have_value(PIN)
        await page.locator("#amount").fill("12,50 €")
        await page.locator(".staff form button").click()
        await expect(page.locator(".yes")).to_have_text("Accepted")
    assert (await coupon.row())["validation_value"] == "12.50"


async def test_an_offer_that_is_withdrawn_comes_back_in_front_of_the_eyes(make_coupon, visit):
    coupon = await make_coupon(status="paused", raw_options='{"begins": "pressed"}')
    async with visit(f"/p/{coupon.shop.code}") as page:
        await expect(page.locator(".badge")).to_have_text("Not available")
        await coupon.services.db.execute(
            "UPDATE campaigns SET status = 'active' WHERE id = $1", coupon.shop.campaign
        )
        await expect(page.get_by_role("button", name="Get your coupon")).to_be_visible()


async def test_without_connection_an_offer_stays_and_begins_later(make_coupon, visit):
    coupon = await make_coupon()
    public = f"/p/{coupon.shop.code}"
    async with visit("/p/zzzzzz", fine=[404, "ERR_INTERNET_DISCONNECTED"]) as page:
        await page.add_init_script(
            "Object.defineProperty(document, 'hidden', {get: () => !window.shown})"
        )
        await page.goto(coupon.url + public)
        await page.context.set_offline(True)
        async with page.expect_event("requestfailed"):
            await page.evaluate(
                "window.shown = true; document.dispatchEvent(new Event('visibilitychange'))"
            )
        await expect(page.locator("h1")).to_have_text("2-for-1 cappuccino")
        await page.context.set_offline(False)
        await expect(page).to_have_url(re.compile(rf"{public}/[0-9a-z]{{21}}$"))


async def test_back_to_the_green_panel(make_coupon, visit):
    coupon = await make_coupon(raw_options='{"saves": true}')
    async with visit(coupon.path) as page:
        await type_pin(page, PIN)
        await page.locator(".staff form button").click()
        await expect(page.locator(".yes")).to_have_text("Accepted")
        await page.goto(f"{coupon.url}{coupon.path}/where")
        await page.go_back()
        await expect(page.locator(".yes")).to_have_text("Accepted")
        await expect(page.locator(".clock")).to_have_text(re.compile(r"\d\d:\d\d:\d\d"))


@pytest.mark.parametrize(
    ("zone", "language", "told"),
    [
        ("Europe/Paris", "en-GB", r"\d\d:\d\d"),
        ("America/New_York", "en-GB", r"\d\d:\d\d \(Brussels\)"),
        ("Asia/Kolkata", "fr", r"\d\d:\d\d \(Bruxelles\)"),
    ],
)
async def test_dates_name_their_clock_where_the_phone_goes_by_another(
    make_coupon, visit, zone, language, told
):
    coupon = await make_coupon(timezone="Europe/Brussels")
    async with visit(coupon.path, language=language, timezone_id=zone) as page:
        await expect(page.locator("time")).to_have_text(re.compile(rf".* \d{{4}}, {told}$"))
    async with visit(coupon.path, language=language, timezone_id=zone, script=False) as page:
        await expect(page.locator("time")).to_have_text(re.compile(r".* \d{4}, \d\d:\d\d$"))


async def test_copied_is_said_for_a_moment(make_coupon, visit):
    coupon = await make_coupon(
        raw_options='{"methods": ["webshop"], "webshop_url": "https://shop.example/{code}"}'
    )
    async with visit(coupon.path, permissions=["clipboard-read", "clipboard-write"]) as page:
        button = page.locator("[data-copy]")
        await button.click()
        await expect(button).to_have_text("Copied")
        await expect(button).to_have_text("Copy the code")
        shown = await page.locator("#shop-code").inner_text()
        assert (shown, await page.evaluate("navigator.clipboard.readText()")) == (
            coupon.short, coupon.short.replace(" ", "")
        )  # fmt: skip


@pytest.mark.parametrize("script", [True, False])
async def test_another_language_keeps_what_was_typed_into_a_form(make_coupon, visit, script):
    coupon = await make_coupon(raw_options=json.dumps({"form": FORM}))
    async with visit(f"/p/{coupon.shop.code}", language="nl", script=script, fine=[422]) as page:
        await page.locator("[name=firstname]").fill("Anna")
        await page.locator("[name=email]").fill("anna@")
        await page.locator("[name=agree_rules]").check()
        await page.get_by_role("button", name="English").click()
        await expect(page.get_by_role("button", name="Get your coupon")).to_be_visible()
        await expect(page.locator("[name=firstname]")).to_have_value("Anna")
        await expect(page.locator("[name=agree_rules]")).to_be_checked()
        await page.locator("[name=email]").focus()
        await page.keyboard.press("Enter")
        await expect(page.locator("#f-email-error")).to_be_visible()
        await page.reload()
        await expect(page.locator("[name=email]")).to_have_value("anna@")
        await page.locator("[name=email]").fill("anna@example.com")
        await page.get_by_role("button", name="Get your coupon").click()
        await expect(page.locator(".badge")).to_have_text("Ready to use")


@pytest.mark.parametrize("script", [True, False])
async def test_back_after_the_button_says_what_was_used(make_coupon, visit, script):
    coupon = await make_coupon(uses=5, raw_options='{"methods": ["button"]}')
    async with visit(f"{coupon.path}/confirm", script=script) as page:
        for uses in (1, 2):
            await page.get_by_role("button", name="Yes, mark as used").click()
            await expect(page.locator(".yes")).to_have_text("Accepted")
            await page.go_back()
            await expect(page.locator("h1")).to_have_text("Mark as used?")
            await expect(page.get_by_role("alert")).to_contain_text("was used a moment ago")
            await expect(page.get_by_text(f"{5 - uses} of 5 left")).to_be_visible()
            assert (await coupon.row())["uses"] == uses


async def test_a_form_whose_answer_was_stopped_can_be_sent_again(coupon, visit):
    """The browser's Stop tells the page nothing."""
    sent = asyncio.Queue()
    async with visit(coupon.path, fine=["ERR_ABORTED"]) as page:
        await page.clock.install()
        await page.route("**/redeem*", sent.put)  # which answers nothing
        await type_pin(page, PIN)
        button = page.locator(".staff form button")
        await button.click(no_wait_after=True)
        await sent.get()
        browser = await page.context.new_cdp_session(page)
        await browser.send("Page.stopLoading")
        await page.unroute("**/redeem*")
        await page.clock.fast_forward(6_000)
        await button.click()
        await expect(page.locator(".yes")).to_have_text("Accepted")


@pytest.mark.parametrize("script", [True, False])
async def test_back_to_a_wrong_pin_says_what_was_used_since(make_coupon, visit, script):
    coupon = await make_coupon(uses=5)
    async with visit(coupon.path, script=script, fine=[422]) as page:
        await type_pin(page, "9999")
        await page.locator(".staff form button").click()
        await expect(page.locator("#pin-error")).to_contain_text("4 tries left")
        await page.locator("#pin").fill(PIN)
        await page.locator(".staff form button").click()
        await expect(page.locator(".yes")).to_have_text("Accepted")
        await page.go_back()
        for _ in range(2):
            await expect(page.locator(".badge")).to_have_text("4 of 5 left")
            await page.locator(".staff summary").click()
            await expect(page.get_by_role("alert")).to_contain_text("was used a moment ago")
            await expect(page.locator("#pin-error")).to_have_count(0)
            await page.reload()


async def test_back_after_a_lost_answer_to_a_pin_says_what_was_used(make_coupon, visit):
    async def lose(route):
        await route.fetch(max_redirects=0)
        await route.abort()

    coupon = await make_coupon(uses=5)
    async with visit(coupon.path, fine=["ERR_FAILED"]) as page:
        await page.route("**/redeem*", lose)
        await type_pin(page, PIN)
        await page.locator(".staff form button").click(no_wait_after=True)
        await expect(page.locator(".staff")).to_have_count(0)
        assert (await coupon.row())["uses"] == 1
        await page.go_back()
        await page.locator(".staff summary").click()
        await expect(page.get_by_role("alert")).to_contain_text("was used a moment ago")
        await expect(page.locator(".badge")).to_have_text("4 of 5 left")
