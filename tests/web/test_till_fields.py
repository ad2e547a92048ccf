"""The amount and the receipt under an OK, and the field of the code: what people type there is
theirs, fast or slow; against the real page and the real server."""

from __future__ import annotations

import json
from pathlib import Path

from playwright.async_api import expect

from tests.web.browsing import in_browser
from tests.web.test_till_browser import look, type_code, verdict_is

pytestmark = in_browser

AMOUNTS = json.loads((Path(__file__).parents[1] / "data/amount_vectors.json").read_text())[
    "vectors"
]
BOTH = json.dumps({"ask_amount": "required", "ask_receipt": "optional"})


async def test_the_page_reads_amounts_as_the_server_does(coupon, stand):
    async with stand(coupon.shop) as page:
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


async def test_amounts_as_people_write_them_are_taken(make_coupon, stand):
    """What may be two amounts, nothing at all and very much are asked about, each time anew."""
    coupon = await make_coupon(raw_options=BOTH)
    coupons = [coupon, *[await make_coupon(coupon.shop, raw_options=BOTH) for _ in range(2)]]
    written = [("12,50 €", "12.50"), ("1.234,56", "1234.56"), ("١٢٫٥", "12.50")]
    async with stand(coupon.shop) as page:
        problem, amount = page.locator("#v-problem"), page.locator("#v-amount")
        for one, (typed, kept) in zip(coupons, written, strict=True):
            await type_code(page, one.short)
            await verdict_is(page, "good", "OK")
            for wrong in ("1.234", "lots", ""):
                await amount.fill(wrong)
                await page.locator("#v-act").click()
                await expect(problem).to_contain_text("Type an amount like 12.50")
                await expect(amount).to_be_focused()
                await expect(amount).to_have_value(wrong)
            for odd in ("0,00", "100.000,-", "0"):
                await amount.fill(odd)
                await page.locator("#v-act").click()
                await expect(problem).to_have_text(f"{odd}? Press again if that is right.")
            await amount.fill(typed)
            await page.locator("#v-act").click()
            await verdict_is(page, "used", "OK, used")
            assert (await one.row())["validation_value"] == kept
            await page.locator("#v-close").click()


async def test_an_odd_amount_that_is_confirmed_counts(make_coupon, stand):
    coupon = await make_coupon(raw_options=BOTH)
    async with stand(coupon.shop) as page:
        await type_code(page, coupon.short)
        await verdict_is(page, "good", "OK")
        await page.locator("#v-amount").fill("0")
        await page.locator("#v-act").click()
        await expect(page.locator("#v-problem")).to_have_text("0? Press again if that is right.")
        await page.locator("#v-act").click()
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
