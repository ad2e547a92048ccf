"""Whatever the screen, the text and the language: word, shape and buttons of a verdict are seen,
each button always at its own place, and only what is said between them scrolls."""

from __future__ import annotations

import json

import pytest
from playwright.async_api import Page, expect

from tearoff.accounts import devices
from tearoff.kit import clock
from tearoff.kit.words import languages
from tests.web.browsing import CUT_TEXT, enlarge_text, in_browser, until_it_hears
from tests.web.till.test_browser import hears, type_code

pytestmark = in_browser

WHOLE = 14
SCREENS = [
    (320, 480), (480, 320), (360, 640), (640, 360), (390, 844), (844, 390), (568, 320), (768, 1024),
    (1280, 800),
]  # fmt: skip
PERCENTS = (100, 200)
EXTREME = [(390, 844, 100), (320, 480, 200), (568, 320, 200)]
LARGE = [(320, 480, 200), (568, 320, 200), (390, 844, 200)]
NARROW = [(*screen, percent) for percent in PERCENTS for screen in SCREENS if screen in
          [(320, 480), (568, 320), (390, 844)]]  # fmt: skip
ALL = [(*screen, percent) for percent in PERCENTS for screen in SCREENS]
BOTH = json.dumps({"ask_amount": "required", "ask_receipt": "optional"})
WORD = "Donaudampfschifffahrtsgesellschaft"
TITLE = f"Zwei Cappuccino zum Preis von einem, mit einem Stück Kuchen nach Wahl, {WORD * 6}"[:255]

# What of a verdict is off the screen or covered, and where its buttons lie.
LOOK = """() => {
  const verdict = document.querySelector("dialog[open],main.verdict"), missing = [], places = {};
  for (const one of [".shape", ".head h1,.head h2", ".act", ".close", ".undo"]) {
    const element = verdict.querySelector(one);
    if (!element?.getClientRects().length) continue;
    const {left, top, right, bottom} = element.getBoundingClientRect();
    if (left < 0 || top < 0 || right > innerWidth || bottom > innerHeight) missing.push(one);
    const there = document.elementFromPoint((left + right) / 2, (top + bottom) / 2);
    if (one !== ".shape" && !element.contains(there)) missing.push(one + " is covered");
    places[one] = {left, top, right, bottom};
  }
  const told = verdict.querySelector(".told"), word = verdict.querySelector(".head h1,.head h2");
  const line = word.appendChild(document.createElement("span"));
  line.style.display = "inline-block"; // it stands on the line; tails hang below
  const pen = document.createElement("canvas").getContext("2d");
  pen.font = getComputedStyle(word).font;
  const tails = pen.measureText(word.textContent).actualBoundingBoxDescent;
  if (line.getBoundingClientRect().bottom + tails > told.getBoundingClientRect().top + 1) {
    missing.push("what is said lies on the word");
  }
  line.remove();
  if (told.textContent.trim() && told.clientHeight < 44) missing.push("what is said");
  return [missing, places];
}"""


async def all_is_there(page: Page, where: str, screens=EXTREME) -> dict:
    """On each screen, with text of so many percent; answers where the buttons lie."""
    seen = {}
    enlarged = 0
    await hears(page)
    await until_it_hears(page)
    for width, height, percent in screens:
        if percent != enlarged:
            await enlarge_text(page, percent)
            enlarged = percent
        name = f"{where}, {width}x{height} at {percent} %"
        await page.set_viewport_size({"width": width, "height": height})
        missing, seen[width, height, percent] = await page.evaluate(LOOK)
        assert not missing, f"{name}: {missing}"
        cut = await page.evaluate(CUT_TEXT, WHOLE)
        assert not cut, f"{name}: {cut}"
    return seen


@pytest.mark.parametrize(
    ("language", "screens"),
    [
        pytest.param("de", EXTREME, id="de"),  # the longest words
        pytest.param("ar", EXTREME, id="ar"),  # the other direction
        *[
            pytest.param(one, ALL, id=f"{one} on all", marks=pytest.mark.soak)
            for one in languages("till")
        ],
    ],
)
async def test_word_shape_and_buttons_are_always_there(
    make_coupon, services, stand, language, screens
):
    """A title of 255 characters, with amount and receipt asked for: each screen of each kind of
    verdict. Neither what closes nor what undoes is ever where the act was."""
    coupon = await make_coupon(title=TITLE, raw_options=BOTH, terms="One for each visit.")
    await services.db.execute("UPDATE locations SET trusts_offline = true")
    async with stand(coupon.shop, f"/till?lang={language}", fine=("ERR_INTERNET",)) as page:
        seen = {}
        await type_code(page, coupon.short)
        await expect(page.locator("dialog.good")).to_be_visible()
        seen["good"] = await all_is_there(page, "good", screens)
        await press(page, "#v-act")
        await expect(page.locator("#v-amount")).to_be_focused()
        await all_is_there(page, "an amount is missing", LARGE)
        await page.locator("#v-amount").fill("12.50")
        await press(page, "#v-act")
        await expect(page.locator("dialog.used")).to_be_visible()
        seen["used"] = await all_is_there(page, "used", screens)
        await press(page, "#v-close")
        await type_code(page, f"https://elsewhere.example/{WORD}/{WORD}")
        await expect(page.locator("dialog.no")).to_be_visible()
        seen["no"] = await all_is_there(page, "no", screens)
        await press(page, "#v-close")
        await page.context.set_offline(True)
        await type_code(page, "abcdef")
        await expect(page.locator("dialog.unchecked")).to_be_visible()
        seen["unchecked"] = await all_is_there(page, "unchecked", screens)
        await page.context.set_offline(False)
        await page.goto("about:blank")
    for screen, places in seen["good"].items():
        act = places[".act"]
        for kind in ("used", "no", "unchecked"):
            others = seen[kind][screen]
            assert others[".close"]["bottom"] == pytest.approx(places[".close"]["bottom"], abs=1)
            for name in {".close", ".undo"} & others.keys():
                assert not meets(act, others[name]), (language, screen, kind, name)


def meets(one, other) -> bool:
    return (
        one["left"] < other["right"]
        and other["left"] < one["right"]
        and one["top"] < other["bottom"]
        and other["top"] < one["bottom"]
    )


async def press(page, button):
    await page.set_viewport_size({"width": 390, "height": 844})
    await hears(page)
    await page.locator(button).click()


@pytest.mark.parametrize(
    "screens", [EXTREME, pytest.param(NARROW, marks=pytest.mark.soak)], ids=["extreme", "narrow"]
)
async def test_pages_without_script(make_coupon, stand, screens):
    coupon = await make_coupon(title=TITLE, raw_options=BOTH, uses=len(languages("till")))
    async with stand(coupon.shop, script=False, fine=("status of",)) as page:
        for language in ("en", "de", "ar"):
            await page.goto(page.url.split("?")[0] + f"?lang={language}")
            await page.locator("#code").fill(coupon.short)
            await go(page, "#form .go")
            await all_is_there(page, f"good in {language}", screens)
            await go(page, ".act")
            await all_is_there(page, f"an amount is missing in {language}", LARGE)
            await page.locator("#v-amount").fill("12.50")
            await go(page, ".act")
            await all_is_there(page, f"used in {language}", screens)
            await go(page, ".close")


async def go(page, what):
    async with page.expect_navigation():
        await page.locator(what).click()


@pytest.mark.parametrize(
    "spoken",
    [("de", "ar"), pytest.param(languages("till"), marks=pytest.mark.soak)],
    ids=["some", "all"],
)
async def test_board_and_door_in_every_language(make_coupon, services, stand, spoken):
    """The list of results, too, with a title of 255 characters and a long name of the place."""
    coupon = await make_coupon(title=TITLE)
    shop = coupon.shop
    await services.db.execute(
        "UPDATE locations SET name = 'Antwerpen Centraal Station' WHERE id = $1", shop.location
    )
    pairing = await devices.make_pairing(services.db, shop.account, shop.location, clock.now())
    async with stand(shop, width=320, fine=("status of",)) as page:
        await type_code(page, coupon.short)
        await press(page, "#v-act")
        await expect(page.locator("dialog.used")).to_be_visible()
        await press(page, "#v-close")
        await do_not_know(page)
        await page.set_viewport_size({"width": 320, "height": 600})
        for percent, named in ((100, spoken), (200, languages("till"))):
            await enlarge_text(page, percent)
            for language in named:
                for path in (
                    f"/till?lang={language}",
                    f"/till/pair/{pairing.token}?lang={language}",
                ):
                    await page.goto(page.url.split("/till")[0] + path)
                    await expect(page.locator("[aria-busy]")).to_have_count(0)
                    cut = await page.evaluate(CUT_TEXT, WHOLE)
                    assert not cut, f"{path} at {percent} %: {cut}"


async def do_not_know(page):
    await type_code(page, "qqqqqq")
    await expect(page.locator("dialog.no")).to_be_visible()
    await press(page, "#v-close")
