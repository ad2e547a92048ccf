"""Hand scanners, as they come and as they are set: against the real page and the real server. The
page's clock stands still, and only goes on by what lies between two keys."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path

import pytest
from playwright.async_api import expect

from tearoff.coupons.models import NewSession
from tests.web.browsing import in_browser
from tests.web.keyboards import keys_of, numbers_of
from tests.web.till.test_browser import OFFLINE, VERDICT, press, trust, type_code, verdict_is

pytestmark = in_browser

VECTORS = json.loads((Path(__file__).parents[2] / "data/scan_vectors.json").read_text())["vectors"]
PAUSE = 300  # more than the page waits for another key


class Scanner:
    def __init__(self, page, session):
        self.page, self.session = page, session

    async def type(self, keys, gap=0):
        """All at once if nothing lies between them: they are pressed in their order."""
        for some in [[key] for key in keys] if gap else [keys]:
            events = [event for key in some for event in key.events()]
            send = self.session.send
            await asyncio.gather(*(send("Input.dispatchKeyEvent", event) for event in events))
            if gap:
                await self.page.clock.run_for(gap)

    async def rest(self):
        await self.page.clock.run_for(PAUSE)

    async def read(self):
        """As long as the page is deaf after a change."""
        await self.page.clock.run_for(800)


async def scanner_at(page):
    await page.clock.install()
    await page.clock.pause_at("2030-01-01")
    return Scanner(page, await page.context.new_cdp_session(page))


async def focus(page, where):
    await page.evaluate("document.activeElement?.blur()")
    if where:
        await page.locator(where).focus()


async def test_the_page_reads_as_the_server_does(coupon, stand):
    async with stand(coupon.shop, service_workers="block") as page:
        read = await page.evaluate(
            """async (texts) => {
              const script = document.querySelector("link[href$='code.js']").href;
              const { readCode } = await import(script);
              return texts.map(readCode);
            }""",
            [vector["text"] for vector in VECTORS],
        )
    names = ("kind", "code", "token")
    for vector, found in zip(VECTORS, read, strict=True):
        wanted = vector["kind"] and {name: vector[name] for name in names}
        assert found == wanted, vector["about"]


LINK = "https://c.example/p/abcdef/{code}"
ROTATING = LINK + "?k=1aB_-9zQ"
# What is on the label, how the scanner and the machine are set, where the focus is, what is asked.
SCANS = {
    "ends with Enter": (LINK, {}, "#code", {}),
    "ends with Tab": (LINK, {"end": "\t"}, "#code", {}),
    "ends with Tab and Enter": (LINK, {"end": "\t\r"}, "#code", {}),
    "ends with CR and LF": (LINK, {"end": "\r\r"}, "#code", {}),
    "ends with nothing": ("SAVE-10", {"end": ""}, "#code", {}),
    "a code, ends with nothing": ("{code}", {"end": ""}, "", {}),
    "Tab in the middle": ("SAVE\t-10", {}, "#scan", {"code": "SAVE-10"}),
    "a separator in the middle": ("SAVE-\x1d10", {"end": ""}, "", {"code": "SAVE-10"}),
    "75 ms a key": ("SAVE-10", {"gap": 75}, "#code", {}),
    "75 ms a key, nowhere": (LINK, {"gap": 75}, "", {}),
    "100 ms a key, on a button": ("SAVE-10", {"gap": 100}, "#scan", {}),
    "100 ms a key, Tab": ("SAVE-10", {"gap": 100, "end": "\t"}, "#code", {}),
    "100 ms a key, ends with nothing": ("4006381333931", {"gap": 100, "end": ""}, "#code", {}),
    "blanks, on a button": ("SAVE - 10", {}, ".out summary", {}),
    "three letters, on a button": ("A-1", {}, ".out summary", {}),
    "CapsLock": (ROTATING, {"caps": True}, "#code", {"any_case": True}),
    "CapsLock, a code": ("SAVE-10", {"caps": True}, "", {"code": "save-10", "any_case": True}),
    "French machine": (ROTATING, {"machine": "french"}, "#code", {}),
    "French machine, article": ("4006381333931", {"machine": "french"}, "", {}),
    "French machine, own code": ("SAVE-10", {"machine": "french"}, "#scan", {}),
    "French machine, kind of barcode": ("]E04006381333931", {"machine": "french"}, "#code", {}),
    "French machine, CapsLock": (ROTATING, {"machine": "french", "caps": True}, "",
                                 {"any_case": True}),
    "French machine, slow, nothing": (LINK, {"machine": "french", "gap": 100, "end": ""}, "", {}),
    "French machine, an A that is a Q": ("{code}", {"machine": "french"}, "#code", {}),
    "French both": (ROTATING, {"machine": "french", "scanner": "french"}, "#code", {}),
    "French both, article": ("4006381333931", {"machine": "french", "scanner": "french"}, "", {}),
    "French both, kind of barcode": ("]C1SAVE-10", {"machine": "french", "scanner": "french"},
                                     "#code", {}),
    "German machine": (ROTATING, {"machine": "german"}, "", {}),
    "German machine, a Y that is a Z": ("ZAZY10", {"machine": "german"}, "#code", {}),
    "German both": (ROTATING, {"machine": "german", "scanner": "german"}, "", {}),
    "German both, a Y that is a Y": ("ZAZY10", {"machine": "german", "scanner": "german"}, "", {}),
    "German both, kind of barcode": ("]Q3" + LINK, {"machine": "german", "scanner": "german"},
                                     "#code", {}),
    "numbers with Alt": (LINK, {"numbers": True}, "#code", {}),
    "numbers with Alt, on a button": ("SAVE-10", {"numbers": True, "end": ""}, "#scan", {}),
    "Russian machine": (ROTATING, {"machine": "russian"}, "#code", {}),
    "a key that waits for an accent": ("A^10", {"machine": "international"}, "", {}),
    "Code 39": ("*SAVE-10*", {}, "#code", {}),
}  # fmt: skip


async def test_scanners(make_coupon, stand):
    coupon = await make_coupon()
    for own in ("SAVE-10", "4006381333931", "ZAZY10", "A-1", "A^10"):
        await make_coupon(coupon.shop, new=NewSession(validation_code=own))
    async with stand(coupon.shop, width=1366, service_workers="block") as page:
        scanner = await scanner_at(page)
        for name, (label, how, where, asked) in SCANS.items():
            text = label.replace("{code}", coupon.code)
            set_so = {key: how[key] for key in ("scanner", "machine", "caps") if key in how}
            keys = keys_of(how.get("end", "\r"), **set_so)
            keys[:0] = numbers_of(text) if "numbers" in how else keys_of(text, **set_so)
            await focus(page, where)
            async with page.expect_request("**/till/api/check*") as asking:
                await scanner.type(keys, how.get("gap", 0))
                await scanner.rest()
            body = (await asking.value).post_data_json
            body.pop("key")
            assert body == {"code": text} | asked, name
            await expect(page.locator(VERDICT), name).to_have_class("verdict good")
            await expect(page.locator("#code"), name).to_have_value("")
            await scanner.read()
            await page.keyboard.press("Escape")
            await expect(page.locator("#verdict")).to_be_hidden()
            await scanner.rest()
        assert page.url.endswith("/till")
    assert (await coupon.row())["uses"] == 0


FOCUS = ("#v-act", "#v-close", "#v-amount")
ENDS = ("\r", "\t", "\r\r", "\t\r", "")
LABELS = {
    "{code}": FOCUS,
    "https://c.example{path}": FOCUS,
    "40063813": FOCUS,
    "A 1": FOCUS[:2],  # three letters in a field are a person's
}
EACH = [(where, label, end) for label in LABELS for end in ENDS for where in LABELS[label]]
PAIRS = [
    (places[(m + n) % len(places)], label, end)
    for m, (label, places) in enumerate(LABELS.items())
    for n, end in enumerate(ENDS)
]


@pytest.mark.parametrize(
    "scans",
    [
        pytest.param(PAIRS, id="pairs"),
        pytest.param(EACH, id="all", marks=pytest.mark.soak),
    ],
)
async def test_a_scanner_presses_nothing(make_coupon, stand, scans):
    """Every button that may have the focus, with every end; a scan meanwhile changes nothing."""
    first = await make_coupon(raw_options=json.dumps({"ask_amount": "optional",
                                                      "ask_receipt": "optional"}))  # fmt: skip
    second = await make_coupon(first.shop)
    async with stand(first.shop, width=1366, service_workers="block") as page:
        scanner = await scanner_at(page)
        await scanner.type(keys_of(f"{first.code}\r\r\t"))
        await verdict_is(page, "good", "OK")
        for where, label, end in scans:
            await focus(page, where)
            text = label.format(code=second.code, path=second.path)
            await scanner.type(keys_of(text + end))
            await scanner.rest()
            await scanner.rest()
            await expect(page.locator(VERDICT)).to_have_class("verdict good")
            await expect(page.locator(where)).to_be_focused()
            await expect(page.locator("#v-amount")).to_have_value("")
        # The number of a receipt may be scanned, also by a slow one; a coupon is none.
        for gap in (0, 100):
            await focus(page, "#v-receipt")
            await scanner.type(keys_of("R-2026/17\r"), gap)
            await scanner.rest()
            await expect(page.locator("#v-receipt")).to_have_value("R-2026/17")
            await scanner.type(keys_of(f"{second.code}\r"), gap)
            await expect(page.locator("#v-receipt")).to_have_value("R-2026/17")
            await expect(page.locator("#v-receipt")).to_be_focused()
            await page.locator("#v-receipt").fill("")
            await scanner.rest()
        await expect(page.locator(VERDICT)).to_have_class("verdict good")
        await focus(page, "#v-receipt")
        await scanner.type(keys_of("234567\r"))  # might be a code of six characters as well
        await expect(page.locator("#v-receipt")).to_have_value("234567")
        await scanner.rest()
        await scanner.type(keys_of("x" * 60 + "\r"))
        await expect(page.locator("#v-receipt")).to_have_value("234567" + "x" * 44)
        await page.locator("#v-receipt").fill("")
        assert (await first.row())["uses"] == 0
        await scanner.rest()
        await focus(page, "#v-amount")
        await scanner.type(keys_of("12.50\r"), 100)  # a cashier's, on the number pad
        await verdict_is(page, "used", "OK, used")
        assert (await first.row())["validation_value"] == "12.50"
        # Nothing is asked any more: the next scan is the next coupon, and undoes nothing.
        await focus(page, "#v-undo")
        await scanner.type(keys_of(f"https://c.example{second.path}\t"))
        await scanner.rest()
        await verdict_is(page, "good", "OK")
    assert [(await one.row())["uses"] for one in (first, second)] == [1, 0]


async def test_what_a_person_types_is_no_scan(coupon, stand):
    asked = []
    async with stand(coupon.shop, width=1366, service_workers="block") as page:
        page.on("request", lambda r: asked.append(r.url) if "/check" in r.url else None)
        scanner = await scanner_at(page)
        await focus(page, "#code")
        for keys, gap in (("k7m", 90), ("3qx", 180), ("abc", 140), ("de", 60)):
            await scanner.type(keys_of(keys), gap)
            await scanner.rest()
        await expect(page.locator("#code")).to_have_value("k7m3qxabcde")
        await scanner.type(keys_of("\t"))
        await expect(page.locator("#code")).not_to_be_focused()
        await focus(page, "")
        await scanner.type(keys_of("hello"), 180)
        await scanner.rest()
        await expect(page.locator("#verdict")).to_be_hidden()
        assert asked == []
        await focus(page, "#code")
        await scanner.type(keys_of("fgh\r"), 140)
        await verdict_is(page, "no", "NO")
        await expect(page.locator("#verdict bdi")).to_have_text("k7m3qxabcdefgh")
        await scanner.read()
        await page.keyboard.press("Escape")
        await scanner.read()
        for keys in ("k7m3", "3qx7\r"):  # in pieces, and as evenly as no one does
            await scanner.rest()
            await scanner.type(keys_of(keys), 100)
        await verdict_is(page, "no", "NO")
        await expect(page.locator("#verdict bdi")).to_have_text("k7m33qx7")


async def test_wrapped_links_and_twins_without_connection(make_coupon, services, stand):
    """Two links in the same gateway's address are two scans; a code that fits two others is told
    when somebody can know it. None of them is OK before."""
    first = await make_coupon()
    second = await make_coupon(first.shop)
    twins = [await make_coupon(first.shop, new=NewSession(validation_code=own))
             for own in ("SAVE-10", "save10")]  # fmt: skip
    await trust(services, first.shop)
    gateway = "https://eur01.safelinks.protection.outlook.com/?data=05&url=https%3A%2F%2Fc.example"
    async with stand(first.shop, fine=OFFLINE) as page:
        await expect(page.locator("#staff")).to_have_text("Sam")
        await page.context.set_offline(True)
        texts = [gateway + one.path.replace("/", "%2F") for one in (first, second)]
        for text in [*texts, texts[0] + "&sdata=7", "Save10"]:
            await type_code(page, text)
            await verdict_is(page, "unchecked", "NOT CHECKED")
            if text == texts[0] + "&sdata=7":
                await expect(page.locator("#v-lines")).to_contain_text("Already scanned at")
            else:
                await press(page, "#v-act")
                await expect(page.locator("#v-lines")).to_contain_text("Kept on this device")
            await press(page, "#v-close")
        await expect(page.locator("#waiting")).to_have_text("3 waiting")
        shown = f"{first.code[:3]} {first.code[3:6]}".upper()
        await expect(page.locator("#rows .code", has_text=shown)).to_have_count(1)
        await page.context.set_offline(False)
        await expect(page.locator("#conflicts .no")).to_have_count(1)
        await expect(page.locator("#conflicts")).to_contain_text(re.compile("Type it exactly"))
        await expect(page.locator("#waiting")).to_be_hidden()
    uses = [(await one.row())["uses"] for one in (first, second, *twins)]
    assert uses == [1, 1, 0, 0]
