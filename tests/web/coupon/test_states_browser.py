"""What people do on the coupon's page, in a real browser: by hand, by keyboard, without script."""

from __future__ import annotations

import asyncio
import io
import json
import re
from urllib.parse import parse_qsl

import pytest
import zxingcpp
from PIL import Image
from playwright.async_api import expect

from tests.web.browsing import axe_finds_nothing, in_browser
from tests.web.conftest import PHONE, do
from tests.web.coupon.test_browser import read_code
from tests.web.scenes import CARD, FORM

pytestmark = in_browser


def options(**values):
    return json.dumps(values)


async def press(page, key, times=1):
    for _ in range(times):
        await page.keyboard.press(key)


async def go_to(page, locator):
    """By keyboard, as somebody without a pointer."""
    for _ in range(30):
        await page.keyboard.press("Tab")
        if await locator.evaluate("e => e === document.activeElement"):
            return
    raise AssertionError("it is not reached by keyboard")


@pytest.mark.parametrize("script", [True, False])
async def test_two_presses_of_the_staff_use_it(make_coupon, visit, script):
    coupon = await make_coupon(raw_options=options(methods=["code", "button"]))
    async with visit(coupon.path, script=script) as page:
        await page.locator("details.staff > summary").click()
        await page.locator(".staff a.go").click()
        await expect(page.locator("h1")).to_have_text("Mark as used?")
        assert (await coupon.row())["uses"] == 0
        await page.locator("form button").click()
        await expect(page.locator(".yes")).to_have_text("Accepted")
        await page.go_back()
        await page.reload()
    assert (await coupon.row())["uses"] == 1


async def test_it_turns_to_used_before_the_eyes_of_the_customer(coupon, visit):
    async with visit(coupon.path) as page:
        await expect(page.locator(".badge")).to_have_text("Ready to use")
        await do(coupon, "validated")
        await expect(page.locator(".badge")).to_have_text("Used")
        await expect(page.locator("svg.qr")).to_have_count(0)


async def test_without_script_there_is_a_link_to_look_again(coupon, visit):
    async with visit(coupon.path, script=False) as page:
        card, link = page.locator("main"), page.locator("a.again")
        outer, inner = await card.bounding_box(), await link.bounding_box()
        gap = inner["x"] - outer["x"]
        assert gap >= 16
        assert inner["x"] + inner["width"] + gap == pytest.approx(outer["x"] + outer["width"])
        assert inner["y"] + inner["height"] + gap <= outer["y"] + outer["height"] + 1
        await do(coupon, "validated")
        await link.click()
        await expect(page.locator(".badge")).to_have_text("Used")


async def test_the_code_turns_and_stays_readable(make_coupon, visit):
    coupon = await make_coupon(raw_options=options(rotating_code=True))
    async with visit(coupon.path) as page:
        link = f"https://coupons.example.com{coupon.path}?k="
        assert (await read_code(page)).startswith(link)
        await page.locator(".qr path").evaluate("e => e.setAttribute('d', 'M0 0')")
        await expect(page.locator(".qr path")).not_to_have_attribute("d", "M0 0")
        assert (await read_code(page)).startswith(link)


@pytest.mark.parametrize("script", [True, False])
async def test_activation_by_keyboard(make_coupon, visit, script):
    coupon = await make_coupon(activation_seconds=900)
    async with visit(coupon.path, script=script) as page:
        await go_to(page, page.locator("form button"))
        await press(page, "Enter")
        await expect(page.locator(".badge")).to_have_text("Active")
        await expect(page.locator("[data-left]")).to_contain_text(re.compile(r"1[45] min"))
        assert await read_code(page)
        await go_to(page, page.locator(".more-time button"))
        await press(page, "Enter")
        await expect(page.locator(".more-time")).to_have_count(0)
        await expect(page.locator("[data-left]")).to_contain_text(re.compile(r"(29|30) min"))


async def test_the_time_left_is_said_at_five_minutes_and_at_one(make_coupon, visit):
    coupon = await make_coupon(activation_seconds=900)
    await coupon.post("/claim", {"t": (await coupon.get()).token})
    for seconds, words in ((303, "5 minutes left"), (63, "1 minute left")):
        await coupon.services.db.execute(
            "UPDATE sessions SET active_until = now() + make_interval(secs => $2) WHERE code = $1",
            coupon.code,
            seconds,
        )
        async with visit(coupon.path) as page:
            said = page.locator(".say")
            await expect(said).to_have_text("")
            await expect(said).to_contain_text(re.compile(words, re.IGNORECASE))
            left = page.locator("[data-left]")
            await expect(left).not_to_have_attribute("aria-live", "polite")
            await expect(left).to_have_text(re.compile(r"[45] min|5\d s"))


async def test_it_ends_in_front_of_the_eyes(make_coupon, visit):
    coupon = await make_coupon(activation_seconds=900)
    await coupon.post("/claim", {"t": (await coupon.get()).token})
    await coupon.services.db.execute(
        "UPDATE sessions SET active_until = now() + interval '3 seconds' WHERE code = $1",
        coupon.code,
    )
    async with visit(coupon.path) as page:
        await expect(page.locator(".badge")).to_have_text("Active")
        await expect(page.locator(".badge")).to_have_text("Time is over")
        await expect(page.locator("svg.qr")).to_have_count(0)


async def test_scratching_by_hand(make_coupon, browser, server):
    coupon = await make_coupon(raw_options=options(scratch=CARD))
    context = await browser.new_context(viewport={"width": 390, "height": 844}, user_agent=PHONE)
    page = await context.new_page()
    await page.goto(server.url + coupon.path)
    assert "A free cup" not in await page.content()
    box = await page.locator(".scratch canvas").bounding_box()
    mouse = page.mouse
    await mouse.move(box["x"] + 5, box["y"] + 5)
    await mouse.down()
    for row in range(10, int(box["height"]), 20):
        for x in (10, int(box["width"]) - 10):
            await mouse.move(box["x"] + x, box["y"] + row, steps=15)
    await mouse.up()
    await expect(page.locator(".won")).to_contain_text("A free cup")
    await expect(page.locator("p.say[role=status]")).to_contain_text("A free cup")
    await page.reload()
    await expect(page.locator(".won")).to_contain_text("A free cup")
    await context.close()


@pytest.mark.parametrize("script", [True, False])
async def test_revealing_by_keyboard(make_coupon, visit, script):
    coupon = await make_coupon(raw_options=options(scratch=CARD))
    async with visit(coupon.path, script=script) as page:
        await expect(page.locator("canvas")).to_have_count(0)  # motion is reduced
        await go_to(page, page.locator("form button"))
        await press(page, "Enter")
        await expect(page.locator(".won")).to_contain_text("A free cup")


async def test_a_public_link_begins_when_it_is_seen_and_comes_back(make_coupon, visit):
    coupon = await make_coupon()
    public = f"/p/{coupon.shop.code}"
    async with visit(public) as page:
        await expect(page).to_have_url(re.compile(rf"{public}/[0-9a-z]{{21}}$"))
        mine = page.url
        assert mine.rpartition("/")[2] != coupon.code
        await page.goto(coupon.url + public)
        assert page.url == mine
    async with visit(public) as page:
        await expect(page).to_have_url(re.compile(rf"{public}/[0-9a-z]{{21}}$"))
        assert page.url != mine


@pytest.mark.parametrize("script", [True, False])
async def test_an_answer_that_is_lost_on_the_way_costs_no_coupon(make_coupon, visit, script):
    form = {"fields": [{"name": "email", "required": True}], "unique": "email"}
    coupon = await make_coupon(raw_options=options(form=form))
    public, made = f"/p/{coupon.shop.code}", []

    async def lose(route):
        if route.request.method == "POST" and not made:
            held = await page.context.cookies()
            cookie = "; ".join(f"{one['name']}={one['value']}" for one in held)
            values = dict(parse_qsl(route.request.post_data))
            answer = await coupon._ask("POST", public, {"cookie": cookie}, values)
            made.append(answer.headers["location"])
            await route.abort("connectionreset")
        else:
            await route.continue_()

    async def ask(page):
        await page.goto(coupon.url + public)
        await page.get_by_label("E-mail").fill("anna@example.com")
        await page.get_by_role("button", name="Get your coupon").click()

    async with visit("/p/zzzzzz", script=script, fine=[404, "ERR_CONNECTION_RESET"]) as page:
        await page.route("**/*", lose)
        await ask(page)
        await expect(page).to_have_url(re.compile("^chrome-error:"))
        await ask(page)
        await expect(page).to_have_url(f"{coupon.url}{made[0]}")


async def test_a_page_in_the_background_begins_nothing(make_coupon, visit, server):
    coupon = await make_coupon()
    async with visit("/p/zzzzzz", fine=[404]) as page:
        await page.add_init_script(
            "Object.defineProperty(document, 'hidden', {get: () => !window.shown})"
        )
        await page.goto(f"{server.url}/p/{coupon.shop.code}")
        await asyncio.sleep(2)
        assert page.url.endswith(coupon.shop.code)
        await page.evaluate(
            "window.shown = true; document.dispatchEvent(new Event('visibilitychange'))"
        )
        await expect(page).to_have_url(re.compile(r"/[0-9a-z]{21}$"))


@pytest.mark.parametrize("script", [True, False])
async def test_a_form_by_keyboard(make_coupon, visit, script):
    coupon = await make_coupon(raw_options=options(form=FORM))
    async with visit(f"/p/{coupon.shop.code}", script=script, fine=[422]) as page:
        await go_to(page, page.locator("[name=email]"))
        await page.keyboard.type("ann@")
        await go_to(page, page.locator("form button"))
        await press(page, "Enter")
        await expect(page.locator("#f-email-error")).to_be_visible()
        await expect(page.locator(".alert.no")).to_be_focused()
        await go_to(page, page.locator(".alert.no a").first)
        await press(page, "Enter")
        await expect(page.locator("#f-email")).to_be_focused()
        await expect(page.locator("#f-email")).to_have_value("ann@")
        for box in await page.locator("[type=checkbox]").all():
            await expect(box).not_to_be_checked()
        if script:
            await axe_finds_nothing(page)
        await press(page, "End")
        await page.keyboard.type("example.com")
        await go_to(page, page.locator("[name=agree_rules]"))
        await press(page, "Space")
        await go_to(page, page.locator("form button"))
        await press(page, "Enter")
        await expect(page.locator(".badge")).to_have_text("Ready to use")
        code = page.url.rpartition("/")[2]
    rows = await coupon.services.db.fetch(
        "SELECT c.* FROM session_consents c JOIN sessions s ON s.id = c.session_id"
        " WHERE s.code = $1 ORDER BY c.key",
        code,
    )
    texts = {consent["key"]: consent["text"]["en"] for consent in FORM["consents"]}
    assert {row["key"]: row["words"] for row in rows if row["given"]} == {"rules": texts["rules"]}


async def test_the_webshops_code_is_copied(make_coupon, visit):
    given = {"methods": ["webshop"], "fixed_code": "AUTUMN26",
             "webshop_url": "https://shop.example/?c={code}"}  # fmt: skip
    coupon = await make_coupon(raw_options=json.dumps(given))
    async with visit(coupon.path, permissions=["clipboard-read", "clipboard-write"]) as page:
        await page.locator("[data-copy]").click()
        await expect(page.locator("[data-copy]")).to_have_text("Copied")
        assert await page.evaluate("navigator.clipboard.readText()") == "AUTUMN26"
        link = page.locator("a.go[href*='shop.example']")
        await expect(link).to_have_attribute("href", "https://shop.example/?c=AUTUMN26")


@pytest.mark.parametrize("language", ["en", "ar"])
async def test_it_prints_code_and_terms_black_on_white(make_coupon, visit, language):
    coupon = await make_coupon(terms="One for each visit.", brand_color="#ffd000")
    async with visit(coupon.path, language=language, scheme="dark") as page:
        await page.emulate_media(media="print", color_scheme="light")
        assert await read_code(page)
        await expect(page.locator(".staff")).to_be_hidden()
        await expect(page.get_by_text("One for each visit.")).to_be_visible()
        shot = Image.open(io.BytesIO(await page.screenshot(full_page=True))).convert("L")
        assert shot.getpixel((3, 3)) == 255
        assert zxingcpp.read_barcodes(shot)


async def test_large_text_needs_no_sideways_scroll(make_coupon, visit):
    """200 % text on the narrowest phone; 400 % zoom of 1280 is 320 wide, which others test."""
    coupon = await make_coupon(picture=True, terms="Terms", uses=5)
    async with visit(coupon.path, width=320, bypass_csp=True) as page:
        await page.add_style_tag(content="html{font-size:200%}")
