"""Twice as large text on the narrowest phone: every word of every page can be read."""

from __future__ import annotations

import json

import pytest
from playwright.async_api import expect

from tearoff.kit.words import LANGUAGES, words_in
from tearoff.web.coupon.standing import BADGES
from tests.web.browsing import (
    CUT_TEXT,
    enlarge_text,
    in_browser,
    no_cut_text,
    no_sideways_scroll,
)
from tests.web.conftest import do
from tests.web.coupon.test_scenes import act
from tests.web.scenes import SCENES

pytestmark = in_browser

WHOLE = 14  # letters of a word that find room on a line of the narrowest phone
LONG_WORD = "Donaudampfschifffahrtsgesellschaftskapitänsmützenfabrik"
ANY_STATUS = ("status of",)

FAULTS = {
    "cut at the side": "<div style='width:6em;overflow:hidden;white-space:nowrap'>Cut off at once",
    "cut above or below": "<div style='height:1em;overflow:hidden'>One line<br>another<br>third",
    "runs out of its box": "<b style='display:block;width:3em;background:#eee'>Unavailable</b>",
    "off the screen": "<p style='width:60em'>" + "so wide that it scrolls " * 8,
    "lies on": "<p style='position:absolute'>Under</p><p style='position:absolute'>Above",
    "broken in the middle": "<p style='width:4em;overflow-wrap:anywhere;hyphens:auto'>cappuccino",
    'broken in the middle: "Donau': f"<p style='width:6em;overflow-wrap:anywhere'>{LONG_WORD}",
}
FINE = (
    "<div style='height:3em;overflow:auto'>" + "can be scrolled " * 40 + "</div>"
    "<span style='position:absolute;width:1px;height:1px;overflow:hidden'>for ears only</span>"
    "<p style='width:6em;overflow-wrap:anywhere;hyphens:auto'>Donaudampfschifffahrt well-known</p>"
    "<p style='width:6em;overflow-wrap:anywhere'>12/13 <bdi dir=ltr>https://coupons.example.com"
    "</bdi></p>"
    "<b style='background:#eee;border-radius:1em;padding:1em'>Ready</b>"
)


async def test_what_is_cut_is_seen(browser):
    """The finder itself: it finds each kind of fault, and nothing where there is none."""
    page = await browser.new_page(viewport={"width": 320, "height": 480})
    for fault, html in FAULTS.items():
        await page.set_content(f"<body style='font:16px sans-serif'>{html}")
        found = await page.evaluate(CUT_TEXT, WHOLE)
        assert any(one.startswith(fault) for one in found), (fault, found)
    await page.set_content(f"<body style='font:16px sans-serif'>{FINE}")
    await no_cut_text(page, WHOLE)
    await page.close()


SOME = [[one] for one in LANGUAGES]
"""A language for each state, one after the other, so that each of them comes by."""
ALL = [LANGUAGES]


@pytest.mark.parametrize(
    ("part", "languages"),
    [
        *(pytest.param(part, SOME, id=f"some-{part}") for part in range(3)),
        *(pytest.param(part, ALL, id=f"all-{part}", marks=pytest.mark.soak) for part in range(3)),
    ],
)
async def test_every_state_of_the_coupons_page(make_coupon, visit, part, languages):
    """What is pressed leads on in the shop's language alone."""
    scenes = list(SCENES.items())[part::3]
    async with visit("/p/zzzzzz/" + "z" * 21, width=320, fine=ANY_STATUS) as page:
        await enlarge_text(page)
        for n, (name, scene) in enumerate(scenes):
            _coupon, path = await scene.make(make_coupon)
            for language in languages[(n + part) % len(languages)]:
                query = "" if scene.press.endswith("button") else f"?lang={language}"
                await page.goto(f"{page.url.split('/p/')[0]}{path}{query}")
                await act(page, scene)
                await read_all(page, f"{name} in {language}")
                if scene.press.endswith("button"):
                    break


async def test_no_badge_is_broken_in_any_language(coupon, visit):
    """All that a page may say there, in the place of the one that it says."""
    phrases = [*(told for _, _, told in BADGES.values()), "{n} of {all} left"]
    told = [(one, words_in("coupon", one)(text)) for one in LANGUAGES for text in phrases]
    async with visit(coupon.path, width=320) as page:
        await enlarge_text(page)
        await page.evaluate(
            """(told) => { const first = document.querySelector(".badge")
            for (const [language, text] of told) {
              const badge = first.cloneNode(true), place = document.createElement("div")
              badge.lang = language
              badge.lastChild.data = text
              place.append(badge)
              first.before(place)
            } }""",
            told,
        )
        await expect(page.locator(".badge")).to_have_count(len(told) + 1)
        await read_all(page, "badges")


@pytest.mark.parametrize("percent", [100, 200])
async def test_a_brand_of_one_long_word(make_coupon, visit, percent):
    values = {"brand": LONG_WORD, "title": f"Gutschein {LONG_WORD} " * 3, "value": LONG_WORD}
    texts = {"ar": {"title": "كابتشينو"}}
    coupon = await make_coupon(**values, raw_options=json.dumps({"texts": texts}))
    async with visit(coupon.path, width=320) as page:
        await enlarge_text(page, percent)
        for path in ("", "/save", "?lang=de", "?lang=ar"):
            await page.goto(f"{page.url.split('/p/')[0]}{coupon.path}{path}")
            await read_all(page, path)


async def test_a_place_stands_where_the_lines_of_the_page_begin(coupon, visit):
    """Ghent is written from left to right, and stands on the right side of an Arabic page."""
    await do(coupon, "validated")
    for language, side in (("ar", "right"), ("en", "left")):
        async with visit(f"{coupon.path}?lang={language}", width=320) as page:
            place = page.locator(".big span[dir=auto]")
            await expect(place).to_have_text("Ghent")
            drawn = await place.evaluate(
                f"""(e) => {{ const range = document.createRange(); range.selectNodeContents(e);
                return [range.getBoundingClientRect().{side},
                        e.getBoundingClientRect().{side}] }}"""
            )
            assert drawn[0] == pytest.approx(drawn[1], abs=1)


async def read_all(page, where):
    await page.evaluate("document.querySelectorAll('.staff,main>details').forEach(e=>e.open=true)")
    found = await page.evaluate(CUT_TEXT, WHOLE)
    assert not found, f"{where}: {found}"
    await no_sideways_scroll(page)
