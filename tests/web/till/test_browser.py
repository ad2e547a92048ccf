"""The counter's page in a real browser, against the real server."""

from __future__ import annotations

import asyncio
import json
import re
from datetime import UTC, datetime

import pytest
from playwright.async_api import expect

from tearoff.accounts import devices
from tearoff.kit.words import words_in
from tearoff.web.till.shell import SHAPES
from tests.running import PATIENCE
from tests.web.browsing import (
    axe_finds_nothing,
    hold_still,
    in_browser,
    no_sideways_scroll,
    until_true,
)
from tests.web.conftest import do, in_days
from tests.web.till.test_till import take_turn
from tests.web.tills import DEVICE_PIN, open_till

pytestmark = in_browser

OFFLINE = ("ERR_INTERNET_DISCONNECTED",)
VERDICT = "dialog.verdict[open]"
ASKS = json.dumps({"ask_amount": "required", "ask_receipt": "optional"})


async def hears(page):
    """Until a press counts again: clicks of the browser's wait by themselves, keys do not."""
    # Asked in the page, as often as its own script would: that costs next to nothing.
    heard = "() => !document.body?.classList.contains('deaf')"
    await page.wait_for_function(heard, polling=100)


async def press(page, button):
    """As soon as that counts. Trying again and again until then is work for the processor."""
    await hears(page)
    await page.locator(button).click()


async def type_code(page, code):
    await hears(page)
    await page.locator("#code").fill(code)
    await page.locator("#code").press("Enter")


async def trust(services, shop):
    """Goods may be handed out without connection."""
    await services.db.execute(
        "UPDATE locations SET trusts_offline = true WHERE account_id = $1", shop.account
    )


async def verdict_is(page, kind, word):
    await expect(page.locator(VERDICT)).to_have_class(f"verdict {kind}")
    await expect(page.locator("#v-word")).to_have_text(word)


async def shape_is(page, kind):
    await expect(page.locator(".shape")).to_be_visible()
    await expect(page.locator(".shape path")).to_have_attribute("d", SHAPES[kind])


async def wait_for_worker(page):
    """Until a reload would be served without network."""
    controlled = (
        "navigator.serviceWorker.controller ? true : new Promise(done =>"
        " navigator.serviceWorker.addEventListener('controllerchange', () => done(true)))"
    )
    async with asyncio.timeout(PATIENCE):
        await page.evaluate("navigator.serviceWorker.ready.then(() => true)")
        await page.evaluate(controlled)


@pytest.mark.parametrize(
    ("width", "language", "scheme"),
    [
        (320, "ar", "dark"),
        pytest.param(1366, "en-GB", "light", marks=pytest.mark.soak),
        pytest.param(390, "en-GB", "light", marks=pytest.mark.soak),
        pytest.param(1366, "ar", "dark", marks=pytest.mark.soak),
    ],
)
async def test_yes_redeem_undo(make_coupon, stand, width, language, scheme):
    coupon = await make_coupon(raw_options=ASKS, terms="One for each visit.")
    async with stand(coupon.shop, width=width, language=language, scheme=scheme) as page:
        await expect(page.locator("#place")).to_have_text("Ghent")
        await expect(page.locator("#staff")).to_have_text("Sam")
        await axe_finds_nothing(page)
        await no_sideways_scroll(page)
        await type_code(page, coupon.short.upper())
        await expect(page.locator(VERDICT)).to_have_class("verdict good")
        await expect(page.locator("#v-amount")).to_be_focused()
        await shape_is(page, "good")
        await expect(page.locator("#v-lines")).to_contain_text("2-for-1 cappuccino")
        await expect(page.locator("#v-lines")).to_contain_text("One for each visit.")
        await axe_finds_nothing(page)
        await no_sideways_scroll(page)
        await expect(page.locator("#v-amount-field span")).to_be_hidden()
        await expect(page.locator("#v-receipt-field span")).to_be_visible()
        await press(page, "#v-act")
        await expect(page.locator("#v-amount")).to_be_focused()
        await expect(page.locator("#v-problem")).to_have_text(
            words_in("till", language)("The amount is needed. Type an amount like 12.50.")
        )
        await axe_finds_nothing(page)
        await page.locator("#v-amount").fill("12,50")
        await page.locator("#v-receipt").fill("R-7")
        await press(page, "#v-act")
        await expect(page.locator(VERDICT)).to_have_class("verdict used")
        await expect(page.locator("#v-undo")).to_contain_text(re.compile(r"\(\d\d\)"))
        row = await coupon.row()
        assert (row["uses"], row["validation_value"], row["receipt"]) == (1, "12.50", "R-7")
        await axe_finds_nothing(page)
        await press(page, "#v-undo")
        await expect(page.locator(VERDICT)).to_have_class("verdict undone")
        await axe_finds_nothing(page)
        await press(page, "#v-close")
        await expect(page.locator("#verdict")).to_be_hidden()
        await expect(page.locator("#rows .undone")).to_have_count(1)
        assert (await coupon.row())["uses"] == 0
        await axe_finds_nothing(page)


@pytest.mark.parametrize("script", [True, False])
async def test_every_no_says_why(make_coupon, services, stand, script):
    used = await make_coupon()
    await do(used, "validated")
    shop = used.shop
    others = {
        "expired": {"expires_at": in_days(-1)},
        "not_yet": {"starts_at": in_days(1)},
        "withdrawn": {"status": "paused"},
        "limit": {"limit_day": 1},
    }
    async with stand(shop, script=script) as page:
        for values in [None, *others.values()]:
            names = ", ".join(f"{name} = ${n}" for n, name in enumerate(values or {}, 2))
            if values:
                await services.db.execute(
                    f"UPDATE campaigns SET {names} WHERE id = $1", shop.campaign, *values.values()
                )
            coupon = used if values is None else await make_coupon(shop)
            await look(page, coupon.code, script)
            await expect(page.locator(".verdict.no")).to_be_visible()
            await expect(page.locator(".verdict .inside")).to_contain_text("NO")
            words = await page.locator("#v-lines, .lines").text_content()
            assert len(words) > len("2-for-1 cappuccinoSecond cup free") + 10
            await press(page, ".close")
        await look(page, "ABCDEF", script)
        await expect(page.locator(".verdict.no")).to_contain_text("Not one of our coupons.")
        await expect(page.locator(".verdict.no bdi")).to_have_text(re.compile("abcdef", re.I))
        await expect(page.locator(".close")).to_have_text("Try again")


async def look(page, code, script):
    if script:
        return await type_code(page, code)
    await page.locator("#code").fill(code)
    async with page.expect_navigation():
        await page.locator("#code").press("Enter")
    return None


async def test_too_many_tries(coupon, stand, services):
    async with stand(coupon.shop) as page:
        await take_turn(services, coupon.shop)
        for letter in "abcdefghjk":
            await page.evaluate(SCANNER, f"qqqqq{letter}")
            await expect(page.locator("#v-lines bdi")).to_have_text(
                re.compile(f"qqqqq{letter}", re.I)
            )
            await verdict_is(page, "no", "NO")
        await press(page, "#v-close")
        await type_code(page, "qqqqqm")
        await verdict_is(page, "wait", "WAIT")
        await shape_is(page, "wait")
        await expect(page.locator("#v-lines")).to_contain_text(re.compile(r"Wait \d+ s"))
        await axe_finds_nothing(page)


async def test_taken_in_at_once_where_the_place_is_set_so(coupon, services, stand):
    await services.db.execute(
        "UPDATE locations SET redeems_at_once = true WHERE id = $1", coupon.shop.location
    )
    async with stand(coupon.shop) as page:
        await type_code(page, f"https://elsewhere.example{coupon.path}")
        await verdict_is(page, "used", "OK, used")
    assert (await coupon.row())["uses"] == 1


async def test_keyboard_alone(coupon, stand):
    async with stand(coupon.shop, width=1366) as page:
        await expect(page.locator("#code")).to_be_focused()
        await page.keyboard.type(coupon.short, delay=120)
        await page.keyboard.press("Enter")
        await expect(page.locator("#v-act")).to_be_focused()
        await hears(page)
        await page.keyboard.press("Escape")
        await expect(page.locator("#verdict")).to_be_hidden()
        assert (await coupon.row())["uses"] == 0
        await expect(page.locator("#code")).to_be_focused()
        await hears(page)
        await page.keyboard.type(coupon.short, delay=120)
        await page.keyboard.press("Enter")
        await expect(page.locator("#v-act")).to_be_focused()
        await hears(page)
        await page.keyboard.press("Enter")
        await verdict_is(page, "used", "OK, used")
        await hears(page)
        await page.keyboard.press("Enter")
        await expect(page.locator("#verdict")).to_be_hidden()
        await expect(page.locator("#code")).to_be_focused()


SCANNER = """text => { for (const key of [...text, "Enter"])
  (document.activeElement ?? document.body).dispatchEvent(
    new KeyboardEvent("keydown", {key, bubbles: true, cancelable: true})) }"""


async def test_a_scanner_goes_on_but_never_answers_for_the_staff(make_coupon, stand):
    first = await make_coupon()
    second = await make_coupon(first.shop)
    async with stand(first.shop, width=1366) as page:
        await page.evaluate(SCANNER, first.code)
        await verdict_is(page, "good", "OK")
        # While something is asked, a scan changes nothing.
        await page.evaluate(SCANNER, second.code)
        await verdict_is(page, "good", "OK")
        assert (await first.row())["uses"] == 0
        await press(page, "#v-act")
        await verdict_is(page, "used", "OK, used")
        # Nothing is asked any more: the next scan is the next coupon.
        await page.evaluate(SCANNER, second.code)
        await verdict_is(page, "good", "OK")
        await press(page, "#v-act")
        await verdict_is(page, "used", "OK, used")
    assert [(await one.row())["uses"] for one in (first, second)] == [1, 1]


async def test_the_same_code_is_one_scan_while_its_verdict_stands(coupon, services, stand):
    count = "SELECT count(*) FROM counter_scans WHERE account_id = $1"
    async with stand(coupon.shop, width=1366) as page:
        await page.evaluate(SCANNER, coupon.code)
        await verdict_is(page, "good", "OK")
        await press(page, "#v-act")
        await verdict_is(page, "used", "OK, used")
        await page.evaluate(SCANNER, coupon.code)
        await expect(page.locator(VERDICT)).to_have_class("verdict used")
        # From the question to the use.
        assert await services.db.fetchval(count, coupon.shop.account) == 1
        await press(page, "#v-close")
        await expect(page.locator("#verdict")).to_be_hidden()
        await page.evaluate(SCANNER, coupon.code)
        await verdict_is(page, "no", "NO")
        await expect(page.locator("#v-lines")).to_contain_text(re.compile(r"Used .*Ghent"))
    assert await services.db.fetchval(count, coupon.shop.account) == 2


async def test_without_connection_it_is_never_ok(coupon, stand):
    async with stand(coupon.shop, fine=OFFLINE) as page:
        await expect(page.locator("#connection")).to_have_text("Online")
        await wait_for_worker(page)
        await page.context.set_offline(True)
        await page.reload()
        await expect(page.locator("#place")).to_have_text("Ghent")
        await expect(page.locator("#connection")).to_have_text("No connection")
        await type_code(page, coupon.short)
        await verdict_is(page, "unchecked", "NOT CHECKED")
        await shape_is(page, "unchecked")
        await expect(page.locator("#verdict")).not_to_contain_text("OK")
        await expect(page.locator("#v-lines")).to_contain_text("No connection")
        await expect(page.locator("#v-lines")).to_contain_text("Do not hand out anything yet.")
        await expect(page.locator("#v-act")).to_be_hidden()
        await axe_finds_nothing(page)
        # Nobody asked to take it in.
        await page.context.set_offline(False)
        await verdict_is(page, "good", "OK")
        await press(page, "#v-close")
        await expect(page.locator("#waiting")).to_be_hidden()
        await expect(page.locator("#conflicts")).to_be_hidden()
    assert (await coupon.row())["uses"] == 0


async def test_conflicts_come_on_top_until_they_are_seen(make_coupon, services, stand):
    first = await make_coupon()
    second = await make_coupon(first.shop)
    await trust(services, first.shop)
    async with stand(first.shop, fine=OFFLINE) as page:
        await expect(page.locator("#staff")).to_have_text("Sam")
        await page.context.set_offline(True)
        for coupon in (first, second):
            await type_code(page, coupon.code)
            await verdict_is(page, "unchecked", "NOT CHECKED")
            await press(page, "#v-act")
            await expect(page.locator("#v-lines")).to_contain_text("Kept on this device")
            await expect(page.locator("#v-lines")).to_contain_text("You may hand out the goods.")
            if coupon is first:
                await axe_finds_nothing(page)
            await press(page, "#v-close")
        await expect(page.locator("#waiting")).to_have_text("2 waiting")
        await expect(page.locator("#rows .unchecked")).to_have_count(2)
        await do(first, "validated")
        await page.context.set_offline(False)
        await expect(page.locator("#conflicts .no")).to_have_count(1)
        await expect(page.locator("#conflicts")).to_contain_text(re.compile("Used .*Ghent"))
        await expect(page.locator("#waiting")).to_be_hidden()
        await expect(page.locator("#rows .used")).to_have_count(1)
        await expect(page.locator("#news")).to_have_text("2 waiting codes were checked.")
        await axe_finds_nothing(page)
        await page.reload()
        await expect(page.locator("#conflicts .no")).to_have_count(1)
        await page.locator("#seen").click()
        await expect(page.locator("#conflicts")).to_be_hidden()
        await page.reload()
        await expect(page.locator("#rows .no")).to_have_count(1)
        await expect(page.locator("#conflicts")).to_be_hidden()
    assert [(await one.row())["uses"] for one in (first, second)] == [1, 1]


async def test_a_slow_server(coupon, stand):
    async with stand(coupon.shop, fine=("ERR_FAILED", *OFFLINE)) as page:
        await expect(page.locator("#staff")).to_have_text("Sam")
        await hold_still(page)
        await page.route("**/till/api/*c*", lambda route: None)  # check, sync: and no answer ever
        await type_code(page, coupon.short)
        await verdict_is(page, "checking", "Checking…")
        await axe_finds_nothing(page)
        await page.keyboard.press("Escape")
        await expect(page.locator(VERDICT)).to_have_class("verdict checking")
        await expect(page.locator(VERDICT)).to_have_class("verdict unchecked")
        await expect(page.locator("#v-word")).to_have_text("NOT CHECKED")
        await page.unroute("**/till/api/*c*")


async def test_an_answer_that_is_lost_uses_nothing_twice(make_coupon, services, stand):
    """The server takes it in at once, and nobody hears it: the same scan is asked about again."""
    coupon = await make_coupon(uses=5)
    await services.db.execute(
        "UPDATE locations SET redeems_at_once = true WHERE account_id = $1", coupon.shop.account
    )

    async def lose(route):
        await route.fetch()
        await route.abort()

    async with stand(coupon.shop, fine=("ERR_FAILED", *OFFLINE)) as page:
        await expect(page.locator("#staff")).to_have_text("Sam")
        await page.route("**/till/api/*c*", lose)  # check, sync
        await type_code(page, coupon.short)
        await verdict_is(page, "unchecked", "NOT CHECKED")
        await page.unroute_all(behavior="wait")
        await verdict_is(page, "used", "OK, used")
        await press(page, "#v-close")
        await expect(page.locator("#rows .used")).to_have_count(1)
        await expect(page.locator("#conflicts")).to_be_hidden()
        await expect(page.locator("#waiting")).to_be_hidden()
    assert (await coupon.row())["uses"] == 1


async def test_a_pin_that_is_due_loses_nothing(coupon, services, stand):
    await trust(services, coupon.shop)
    async with stand(coupon.shop, fine=(*OFFLINE, 401)) as page:
        await expect(page.locator("#staff")).to_have_text("Sam")
        await page.context.set_offline(True)
        await type_code(page, coupon.code)
        await verdict_is(page, "unchecked", "NOT CHECKED")
        await press(page, "#v-act")
        await expect(page.locator("#v-lines")).to_contain_text("Kept on this device")
        await services.db.execute(
            "UPDATE devices SET pin_until = now() WHERE account_id = $1", coupon.shop.account
        )
        await page.context.set_offline(False)
        # More than one call may be told so, and sends the page there.
        await expect(page).to_have_url(re.compile("/till/pin$"))
        await expect(page.locator("#pin")).to_be_visible()
        await axe_finds_nothing(page)
        await page.locator("#pin").fill(DEVICE_PIN)
        await page.keyboard.press("Enter")
        await expect(page.locator("#rows .used")).to_have_count(1)
    assert (await coupon.row())["uses"] == 1


@pytest.mark.parametrize(
    ("width", "language", "script"),
    [
        (320, "ar", True),
        (1366, "en-GB", True),
        (320, "en-GB", False),
        (1366, "ar", False),
        pytest.param(320, "en-GB", True, marks=pytest.mark.soak),
        pytest.param(1366, "ar", True, marks=pytest.mark.soak),
        pytest.param(320, "ar", False, marks=pytest.mark.soak),
        pytest.param(1366, "en-GB", False, marks=pytest.mark.soak),
    ],
)
async def test_pairing(shop, services, visit, script, width, language):
    now = datetime.now(UTC)
    token = (await devices.make_pairing(services.db, shop.account, shop.location, now)).token
    path = f"/till/pair/{token}"
    async with visit(path, script=script, width=width, language=language, fine=[410, 422]) as page:
        await expect(page.locator("main")).to_contain_text("Ghent")
        await no_sideways_scroll(page)
        if script:
            await axe_finds_nothing(page)
        await page.locator("form").evaluate("f => f.noValidate = true") if script else None
        await page.locator("#name").fill("Anna")
        await page.locator("#pin").fill("12345")
        async with page.expect_navigation():
            await page.locator("button").click()
        await expect(page).to_have_url(re.compile("/till$"))
        await expect(page.locator("#staff")).to_have_text("Anna")
        link = page.url + f"/pair/{token}"
        await page.goto(link)
        await expect(page.locator("#staff")).to_have_text("Anna")
        await page.context.clear_cookies()
        await page.goto(link)
        await expect(page.locator("h1")).to_be_visible()
        await expect(page.locator("form")).to_have_count(0)


@pytest.mark.parametrize("pauses", [(25,), (60, 200), (150,), (300,)])
async def test_a_double_tap_pairs_one_device(shop, services, visit, pauses):
    """With an answer that is slow enough for the second tap to stop it."""
    now = datetime.now(UTC)
    token = (await devices.make_pairing(services.db, shop.account, shop.location, now)).token
    async with visit(f"/till/pair/{token}", script=False) as page:
        network = await page.context.new_cdp_session(page)
        await network.send("Network.enable")
        await network.send(
            "Network.emulateNetworkConditions",
            {"offline": False, "latency": 300, "downloadThroughput": -1, "uploadThroughput": -1},
        )
        await page.locator("#name").fill("Anna")
        await page.locator("#pin").fill("2468")
        button = await page.locator("button").bounding_box()
        at = button["x"] + button["width"] / 2, button["y"] + button["height"] / 2
        await page.mouse.click(*at)
        for pause in pauses:
            await page.wait_for_timeout(pause)
            await page.mouse.click(*at)
        await expect(page).to_have_url(re.compile("/till$"))
    paired = await devices.of_location(services.db, shop.account, shop.location, now)
    assert [device.name for device in paired] == ["Anna"]


async def test_a_wrong_pin(coupon, services, stand):
    async with stand(coupon.shop, path="/till/pair", fine=[422, 429], script=False) as page:
        await services.db.execute(
            "UPDATE devices SET pin_until = now() WHERE account_id = $1", coupon.shop.account
        )
        await page.goto(page.url.replace("/pair", ""))
        await expect(page).to_have_url(re.compile("/till/pin$"))
        for left in ("4 tries left.", "3 tries left.", "2 tries left.", "1 try left."):
            await page.locator("#pin").fill("0000")
            await page.locator("button").click()
            await expect(page.locator("#pin-problem")).to_contain_text(left)
        await page.locator("#pin").fill("0000")
        await page.locator("button").click()
        await page.locator("#pin").fill(DEVICE_PIN)
        await page.locator("button").click()
        await expect(page.locator("#problem")).to_contain_text(re.compile(r"Locked for 1\d min"))


async def test_the_seconds_of_a_wait_run_down_and_then_it_is_tried_again(make_coupon, stand):
    coupon = await make_coupon()

    async def wait(route):
        told = {"key": "k" * 24, "verdict": "wait", "reason": "slow", "word": "WAIT", "code": "",
                "text": "Too many wrong codes. Wait 2 s.", "wait_seconds": 2}  # fmt: skip
        await route.fulfill(json=told)

    async with stand(coupon.shop) as page:
        await page.route("**/till/api/check*", wait, times=1)
        await type_code(page, coupon.short)
        await verdict_is(page, "wait", "WAIT")
        await verdict_is(page, "undone", "Try again")
        await expect(page.locator("#v-lines")).to_be_empty()
        await expect(page.locator("#code")).to_have_value(coupon.short)
        await press(page, "#v-close")
        await verdict_is(page, "good", "OK")


@pytest.mark.parametrize("width", [320, 1366])
async def test_without_script(make_coupon, stand, width):
    coupon = await make_coupon(raw_options=ASKS)
    async with stand(coupon.shop, script=False, width=width, fine=[422]) as page:
        await expect(page.locator("#scan")).to_be_hidden()
        await page.locator("form#form button").click()
        await expect(page.locator("#code-problem")).to_have_text("Type the code first.")
        await look(page, coupon.short, script=False)
        await expect(page.locator("main.verdict.good h1")).to_have_text("OK")
        await no_sideways_scroll(page)
        await page.locator("button.act").click()
        await expect(page.locator(".err")).to_be_visible()
        await page.locator("#v-amount").fill("7,5")
        await page.locator("button.act").click()
        await expect(page.locator("main.verdict.used h1")).to_have_text("OK, used")
        await page.reload()
        await expect(page.locator("main.verdict.used")).to_be_visible()
        assert (await coupon.row())["uses"] == 1
        await page.locator("button.undo").click()
        await expect(page.locator("main.verdict.undone")).to_be_visible()
        await page.locator("a.close").click()
        await expect(page.locator("#rows .undone")).to_have_count(1)
        await page.locator(".out summary").click()
        await page.locator("#out button").click()
        await expect(page).to_have_url(re.compile("/till/pair$"))
    assert (await coupon.row())["uses"] == 0


async def test_uses_that_are_left(make_coupon, stand):
    coupon = await make_coupon(uses=3)
    async with stand(coupon.shop) as page:
        await type_code(page, coupon.path)
        await expect(page.locator("#v-lines")).to_contain_text("3 uses left.")
        await press(page, "#v-act")
        await verdict_is(page, "used", "OK, used")
        await expect(page.locator("#v-lines")).to_contain_text("2 uses left.")
        await press(page, "#v-close")
        shown = f"{coupon.code[:3]} {coupon.code[3:6]}".upper()
        await expect(page.locator("#rows .code")).to_have_text(shown)


async def test_undo_without_connection_takes_nothing_back(coupon, stand):
    async with stand(coupon.shop, fine=OFFLINE) as page:
        await type_code(page, coupon.code)
        await press(page, "#v-act")
        await verdict_is(page, "used", "OK, used")
        await page.context.set_offline(True)
        await press(page, "#v-undo")
        await verdict_is(page, "unchecked", "NOT CHECKED")  # the server may have heard it
        await expect(page.locator("#v-lines")).to_have_text("No connection")
        await expect(page.locator("#waiting")).to_be_hidden()
        await page.context.set_offline(False)
        await verdict_is(page, "used", "OK, used")
        await expect(page.locator("#v-undo")).to_be_visible()
    assert (await coupon.row())["uses"] == 1


async def test_an_undo_that_was_heard_and_not_answered(coupon, stand):
    async def lose(route):
        await route.fetch()
        await route.abort()

    async with stand(coupon.shop, fine=("ERR_FAILED", *OFFLINE)) as page:
        await type_code(page, coupon.code)
        await press(page, "#v-act")
        await verdict_is(page, "used", "OK, used")
        await page.route("**/till/api/undo*", lose)
        await page.route("**/till/api/scan*", lambda route: route.abort())
        await press(page, "#v-undo")
        await verdict_is(page, "unchecked", "NOT CHECKED")
        await page.unroute("**/till/api/scan*")
        await verdict_is(page, "undone", "UNDONE")
    assert (await coupon.row())["uses"] == 0


async def test_a_connection_lost_while_the_page_is_put_on_the_device(coupon, stand):
    """The browser gives that worker up; another comes when the server is next heard."""
    async with stand(coupon.shop, coupon.path, fine=("ERR_FAILED", *OFFLINE)) as page:
        await page.context.route("**/till/shell", lambda route: route.abort())
        async with page.context.expect_event("requestfailed"):
            await page.goto(page.url.replace(coupon.path, "/till"))
        registration = "navigator.serviceWorker.getRegistration()"
        while await page.evaluate(f"{registration}.then(Boolean)"):
            await asyncio.sleep(0.05)
        await page.context.unroute("**/till/shell")
        await type_code(page, coupon.code)
        await wait_for_worker(page)
        await page.context.set_offline(True)
        await page.reload()
        await expect(page.locator("#place")).to_have_text("Ghent")


async def test_sign_out_waits_for_the_queue(coupon, services, stand):
    await trust(services, coupon.shop)
    async with stand(coupon.shop, fine=OFFLINE) as page:
        await wait_for_worker(page)
        await page.context.set_offline(True)
        await type_code(page, coupon.code)
        await press(page, "#v-act")
        await expect(page.locator("#v-lines")).to_contain_text("Kept on this device")
        await press(page, "#v-close")
        await page.locator(".out summary").click()
        await page.locator("#out button").click()
        await expect(page.locator("#out-problem")).to_contain_text("still waiting")
        await page.context.set_offline(False)
        await expect(page.locator("#rows .used")).to_have_count(1)
        await page.reload()  # from the device: its page is nobody's
        await page.locator(".out summary").click()
        await page.locator("#out button").click()
        await expect(page).to_have_url(re.compile("/till/pair$"))
        await axe_finds_nothing(page)
    assert (await coupon.row())["uses"] == 1


async def test_a_form_of_another_site_does_nothing(coupon, services, http, server):
    till = await open_till(services, http, server.url, coupon.shop)
    form = {"t": "bm8", "key": "12345678", "code": coupon.code}
    for path in ("check", "redeem", "undo", "sign-out"):
        async with http.post(
            f"{server.url}/till/{path}", data=form, headers={"cookie": till.headers["cookie"]}
        ) as answer:
            assert answer.status == 422
    assert (await coupon.row())["uses"] == 0
    assert (await till.call("state"))[0] == 200


async def test_languages_are_kept(coupon, stand):
    async with stand(coupon.shop) as page:
        await page.get_by_role("link", name="Français").click()
        await expect(page.locator("#scan")).to_contain_text("Scanner")
        await until_true(page, KEPT_IN_FRENCH)
        await page.goto(page.url.partition("?")[0])
        await expect(page.locator("html")).to_have_attribute("lang", "fr")
        await type_code(page, "pas un coupon")
        await expect(page.locator("#v-word")).to_have_text("NON")


KEPT_IN_FRENCH = """async () => {
    const kept = await caches.match("/till/shell");
    return Boolean(kept) && (await kept.text()).includes('<html lang="fr"');
}"""


async def test_a_language_chosen_while_the_page_is_put_on_the_device(coupon, stand):
    chosen = asyncio.Event()

    async def slow(route):
        answer = await route.fetch()  # in the language of before
        await chosen.wait()
        await route.fulfill(response=answer)

    async with stand(coupon.shop, coupon.path) as page:
        await page.context.route("**/till/shell", slow, times=1)
        await page.goto(page.url.replace(coupon.path, "/till"))
        await page.get_by_role("link", name="Français").click()
        await expect(page.locator("html")).to_have_attribute("lang", "fr")
        chosen.set()
        await wait_for_worker(page)
        await until_true(page, KEPT_IN_FRENCH)
        await page.reload()
        await expect(page.locator("html")).to_have_attribute("lang", "fr")


async def test_targets_are_large_enough_for_a_thumb(coupon, stand):
    async with stand(coupon.shop, width=390) as page:
        for target in await page.locator("a:visible, button:visible, input:visible").all():
            box = await target.bounding_box()
            if "skip" not in (await target.get_attribute("class") or ""):
                assert box["height"] >= 44, await target.evaluate("e => e.outerHTML")


async def test_usable_within_two_seconds_on_a_slow_network(coupon, stand):
    """The second visit: everything but the state comes from the device. The best of several: what
    else this machine does makes it slower, never faster."""
    async with stand(coupon.shop) as page:
        await expect(page.locator("#staff")).to_have_text("Sam")
        await wait_for_worker(page)
        session = await page.context.new_cdp_session(page)
        await session.send("Network.enable")
        await session.send(
            "Network.emulateNetworkConditions",
            {"offline": False, "latency": 400, "downloadThroughput": 50_000,
             "uploadThroughput": 50_000},
        )  # fmt: skip
        await session.send("Emulation.setCPUThrottlingRate", {"rate": 6})
        usable = [15_000.0]
        while min(usable) >= 2000 and len(usable) < 10:
            await page.reload(wait_until="commit")
            await expect(page.locator("#scan")).to_be_visible()
            usable.append(await page.evaluate("performance.now()"))
        assert min(usable) < 2000, usable
