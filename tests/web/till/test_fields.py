"""The amount and the receipt under an OK, and the field of the code: what people type there is
theirs, fast or slow; against the real page and the real server."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.web.browsing import in_browser
from tests.web.keyboards import keys_of
from tests.web.till.test_browser import (
    OFFLINE,
    hears,
    look,
    press,
    type_code,
    verdict_is,
    wait_for_worker,
)
from tests.web.till.test_wedge import focus, scanner_at

pytestmark = in_browser

AMOUNTS = json.loads((Path(__file__).parents[2] / "data/amount_vectors.json").read_text())[
    "vectors"
]
BOTH = json.dumps({"ask_amount": "required", "ask_receipt": "optional"})


async def test_the_page_reads_amounts_as_the_server_does(coupon, stand):
    async with stand(coupon.shop, service_workers="block") as page:
        read = await page.evaluate(
            """async (texts) => {
              const script = document.querySelector("link[href$='fields.js']").href;
              const { readAmount } = await import(script);
              return texts.map(readAmount);
            }""",
            [vector["text"] for vector in AMOUNTS],
        )
    for vector, found in zip(AMOUNTS, read, strict=True):
        assert found == vector["amount"], vector["text"]


WRONG, ODD = ("1.234", "lots", ""), ("0,00", "100.000,-", "0")
# "0" after "0,00" would be the same amount again, which confirms it.


@pytest.mark.parametrize(
    ("wrongs", "odds"),
    [
        pytest.param([WRONG[:1], WRONG[1:2], WRONG[2:]], [ODD[:2], ODD[1:], ODD[:0:-1]], id="some"),
        pytest.param([WRONG] * 3, [ODD] * 3, id="all", marks=pytest.mark.soak),
    ],
)
async def test_amounts_as_people_write_them_are_taken(make_coupon, stand, wrongs, odds):
    """What may be two amounts, nothing at all and very much are asked about, each time anew."""
    coupon = await make_coupon(raw_options=BOTH)
    coupons = [coupon, *[await make_coupon(coupon.shop, raw_options=BOTH) for _ in range(2)]]
    written = [("12,50 €", "12.50"), ("1.234,56", "1234.56"), ("١٢٫٥", "12.50")]
    async with stand(coupon.shop, service_workers="block") as page:
        problem, amount = page.locator("#v-problem"), page.locator("#v-amount")
        for one, (typed, kept), wrong_ones, odd_ones in zip(
            coupons, written, wrongs, odds, strict=True
        ):
            await type_code(page, one.short)
            await verdict_is(page, "good", "OK")
            for wrong in wrong_ones:
                await amount.fill(wrong)
                await press(page, "#v-act")
                await expect(problem).to_contain_text("Type an amount like 12.50")
                await expect(amount).to_be_focused()
                await expect(amount).to_have_value(wrong)
            for odd in odd_ones:
                await amount.fill(odd)
                await press(page, "#v-act")
                await expect(problem).to_have_text(f"{odd}? Press again if that is right.")
            await amount.fill(typed)
            await press(page, "#v-act")
            await verdict_is(page, "used", "OK, used")
            assert (await one.row())["validation_value"] == kept
            await press(page, "#v-close")


async def test_an_odd_amount_that_is_confirmed_counts(make_coupon, stand):
    coupon = await make_coupon(raw_options=BOTH)
    async with stand(coupon.shop, service_workers="block") as page:
        await type_code(page, coupon.short)
        await verdict_is(page, "good", "OK")
        await page.locator("#v-amount").fill("0")
        await press(page, "#v-act")
        await expect(page.locator("#v-problem")).to_have_text("0? Press again if that is right.")
        await press(page, "#v-act")
        await verdict_is(page, "used", "OK, used")
    assert (await coupon.row())["validation_value"] == "0"


async def test_amounts_without_script(make_coupon, stand):
    coupon = await make_coupon(raw_options=BOTH)
    async with stand(coupon.shop, script=False, fine=[422]) as page:
        await look(page, coupon.short, script=False)
        await page.locator("#v-receipt").fill("R-7")
        for typed, told in (
            ("1.234", "Type an amount like 12.50."),
            ("0,00", "0,00? Press again if that is right."),
            ("100.000,00 €", "100.000,00 €? Press again if that is right."),
            ("0,00", "0,00? Press again if that is right."),
        ):
            await page.locator("#v-amount").fill(typed)
            await page.locator("button.act").click()
            await expect(page.locator("#v-problem span")).to_have_text(told)
            await expect(page.locator("#v-amount")).to_have_value(typed)
            await expect(page.locator("#v-receipt")).to_have_value("R-7")
            await expect(page.locator("#v-amount")).to_have_attribute("aria-invalid", "true")
        await page.locator("button.act").click()
        await expect(page.locator("main.verdict.used")).to_be_visible()
    row = await coupon.row()
    assert (row["validation_value"], row["receipt"]) == ("0", "R-7")


FIRST = "Decide on this one first."


GAPS = (30, 55, 100)  # milliseconds between two keys
AT_THE_PAD = ("1234.56", "12345678", "1234,5", "12.50")


@pytest.mark.parametrize(
    ("amounts", "receipts"),
    [
        pytest.param(list(zip(itertools.cycle(GAPS), AT_THE_PAD)), [55], id="each"),
        pytest.param(
            list(itertools.product(GAPS, AT_THE_PAD)), GAPS, id="all", marks=pytest.mark.soak
        ),
    ],
)
async def test_what_is_typed_fast_stays(make_coupon, stand, amounts, receipts):
    """By a cashier on the number pad, at every speed that people have; the Enter behind a plain
    number may be a slow scanner's, and is pressed once more."""
    coupon = await make_coupon(raw_options=BOTH)
    async with stand(coupon.shop, width=1366, service_workers="block") as page:
        amount, receipt = page.locator("#v-amount"), page.locator("#v-receipt")
        scanner = await scanner_at(page)
        await scanner.type(keys_of(f"{coupon.code}\r"))
        await verdict_is(page, "good", "OK")
        await scanner.rest()
        for gap, typed in amounts:
            await focus(page, "#v-amount")
            await scanner.type(keys_of(typed), gap)
            await expect(amount).to_have_value(typed)
            await scanner.rest()
            await expect(amount).to_have_value(typed)
            await amount.fill("")
        for gap in receipts:
            await focus(page, "#v-receipt")
            await scanner.type(keys_of("2026-000123"), gap)
            await receipt.press("Backspace")
            await scanner.rest()
            await expect(receipt).to_have_value("2026-00012")
            await receipt.fill("")
        await expect(page.locator("#v-problem")).to_be_hidden()
        await focus(page, "#v-amount")
        await scanner.type(keys_of("12345678\r"), 100)
        await scanner.rest()
        await verdict_is(page, "good", "OK")
        await expect(amount).to_have_value("12345678")
        await amount.fill("")
        await scanner.type(keys_of("1234.56\r"), 40)
        await verdict_is(page, "used", "OK, used")
    assert (await coupon.row())["validation_value"] == "1234.56"


async def test_a_receipt_is_scanned_into_its_field(make_coupon, stand):
    """In the place of what is selected there, and also one of 21 signs, as our codes have them."""
    coupon = await make_coupon(raw_options=BOTH)
    fiscal = "202611291547000170042"
    async with stand(coupon.shop, width=1366, service_workers="block") as page:
        receipt = page.locator("#v-receipt")
        scanner = await scanner_at(page)
        await scanner.type(keys_of(f"{coupon.code}\r"))
        await verdict_is(page, "good", "OK")
        await scanner.rest()
        for number in ("4006381333931", fiscal):
            for gap in (0, 100):
                await receipt.select_text()
                await scanner.type(keys_of(f"{number}\r"), gap)
                await expect(receipt).to_have_value(number)
                await scanner.rest()
        await page.locator("#v-amount").fill("3")
        await press(page, "#v-act")
        await verdict_is(page, "used", "OK, used")
    assert (await coupon.row())["receipt"] == fiscal


@pytest.mark.parametrize(
    "scans",
    [
        pytest.param([("#v-amount", 0), ("#v-receipt", 75), ("#v-act", 0)], id="each"),
        pytest.param(
            list(itertools.product(("#v-amount", "#v-receipt", "#v-act"), (0, 75))),
            id="all",
            marks=pytest.mark.soak,
        ),
    ],
)
async def test_a_scan_while_an_ok_stands_is_answered(make_coupon, stand, scans):
    """What was typed under it, and the verdict, stay as they are."""
    first = await make_coupon(raw_options=BOTH)
    second = await make_coupon(first.shop)
    async with stand(first.shop, width=1366, service_workers="block") as page:
        amount, receipt = page.locator("#v-amount"), page.locator("#v-receipt")
        scanner = await scanner_at(page)
        await scanner.type(keys_of(f"{first.code}\r"))
        await verdict_is(page, "good", "OK")
        await amount.fill("12.50")
        await receipt.fill("R-7")
        for where, gap in scans:
            await scanner.rest()
            await focus(page, where)
            await scanner.type(keys_of(f"https://c.example{second.path}\r"), gap)
            await expect(page.locator("#v-problem")).to_have_text(FIRST)
            await verdict_is(page, "good", "OK")
            await expect(amount).to_have_value("12.50")
            await expect(receipt).to_have_value("R-7")
            await expect(page.locator(where)).to_be_focused()
            await amount.evaluate("() => (document.getElementById('v-problem').hidden = true)")
        await scanner.read()
        await press(page, "#v-act")
        await verdict_is(page, "used", "OK, used")
        await scanner.type(keys_of(f"https://c.example{second.path}\r"))
        await verdict_is(page, "good", "OK")
    assert [(await one.row())["uses"] for one in (first, second)] == [1, 0]


@pytest.mark.parametrize(
    ("has_touch", "asked"),
    [
        (
            False,
            [
                ({"ask_amount": "required"}, "#v-amount"),
                ({"ask_amount": "optional", "ask_receipt": "required"}, "#v-receipt"),
                ({"ask_amount": "optional"}, "#v-act"),
            ],
        ),
        (True, [({"ask_amount": "required"}, "#v-act")]),
    ],
)
async def test_what_must_be_typed_has_the_focus(coupon, services, stand, has_touch, asked):
    """Where the keyboard is at hand. On a phone it would hide the word: there the button has it."""
    async with stand(coupon.shop, has_touch=has_touch, is_mobile=has_touch) as page:
        for asks, where in asked:
            await services.db.execute(
                "UPDATE campaigns SET raw_options = $2 WHERE id = $1",
                coupon.shop.campaign,
                json.dumps(asks),
            )
            await type_code(page, coupon.short)
            await verdict_is(page, "good", "OK")
            await expect(page.locator(where), str(asks)).to_be_focused()
            await press(page, "#v-close")


async def test_sound_and_vibration_have_each_a_switch(coupon, stand):
    felt = """() => {
      window.felt = [];
      navigator.vibrate = (how) => window.felt.push(how);
    }"""
    async with stand(coupon.shop, has_touch=True) as page:
        await page.evaluate(felt)
        await expect(page.locator("#sound")).to_have_attribute("aria-pressed", "true")
        await page.locator("#sound").click()  # a press is answered as an OK is
        assert await page.evaluate("window.felt") == [[40]]
        await page.locator("#vibration").click()
        await expect(page.locator("#vibration")).to_have_attribute("aria-pressed", "false")
        await page.locator("#sound").click()
        assert await page.evaluate("window.felt") == [[40]]
        await page.reload()
        await expect(page.locator("#sound")).to_have_attribute("aria-pressed", "true")
        await expect(page.locator("#vibration")).to_have_attribute("aria-pressed", "false")
        await page.evaluate(felt)
        await type_code(page, coupon.short)
        await verdict_is(page, "good", "OK")
        assert await page.evaluate("window.felt") == []


async def test_a_language_chosen_without_connection_waits(coupon, stand):
    async with stand(coupon.shop, fine=OFFLINE) as page:
        await wait_for_worker(page)
        waits = page.locator("#language-waits")
        await expect(waits).to_be_hidden()
        await page.context.set_offline(True)
        await page.locator("#languages a[lang=nl]").click()
        await expect(waits).to_have_text("The language changes when the connection is back.")
        await page.locator("#code").fill("k7m")  # nobody's typing is taken away
        await page.context.set_offline(False)
        await expect(page.locator("#connection")).to_have_class("on")
        await expect(waits).to_be_visible()
        await page.locator("#code").fill("")
        await expect(page.locator("html")).to_have_attribute("lang", "nl")
        await expect(waits).to_be_hidden()
        assert page.url.endswith("/till")


SELECTED = """() => {
  const { value, selectionStart, selectionEnd } = document.activeElement;
  return value.slice(selectionStart, selectionEnd);
}"""


@pytest.mark.parametrize("has_touch", [False, True])
async def test_an_unknown_code_stays_in_its_field_selected(coupon, stand, has_touch):
    """It is corrected, or the next one is typed over it."""
    async with stand(coupon.shop, has_touch=has_touch, is_mobile=has_touch) as page:
        await type_code(page, "hello")
        for way in ("#v-close", "Escape"):
            await verdict_is(page, "no", "NO")
            await hears(page)
            if way == "Escape":
                await page.keyboard.press(way)
            else:
                await page.locator(way).click()
            await expect(page.locator("#verdict")).to_be_hidden()
            await hears(page)
            await expect(page.locator("#code")).to_be_focused()
            await expect(page.locator("#code")).to_have_value("hello")
            assert await page.evaluate(SELECTED) == "hello"
            await page.keyboard.press("Enter")
        await verdict_is(page, "no", "NO")
        await press(page, "#v-close")
        await hears(page)
        await page.keyboard.type(coupon.short)
        await page.keyboard.press("Enter")
        await verdict_is(page, "good", "OK")
        await expect(page.locator("#code")).to_have_value("")


async def test_an_enter_that_is_held_does_nothing_after_the_verdict(coupon, stand):
    async with stand(coupon.shop, width=1366, service_workers="block") as page:
        await page.locator("#code").fill(coupon.short)
        await page.locator("#code").focus()
        await page.keyboard.down("Enter")
        await verdict_is(page, "good", "OK")
        await hears(page)
        for _ in range(20):
            await page.keyboard.down("Enter")
        await verdict_is(page, "good", "OK")
        await page.keyboard.up("Enter")
        await page.keyboard.down("Enter")
        await verdict_is(page, "used", "OK, used")
        await hears(page)
        for _ in range(20):
            await page.keyboard.down("Enter")
        await verdict_is(page, "used", "OK, used")
        await page.keyboard.up("Enter")
        await page.keyboard.down("Enter")
        await expect(page.locator("#verdict")).to_be_hidden()
        await hears(page)
        for _ in range(20):
            await page.keyboard.down("Enter")
        await expect(page.locator("#code-problem")).to_be_hidden()
        await page.keyboard.up("Enter")
    assert (await coupon.row())["uses"] == 1
