"""Nothing is said past the catalogs, and longer words from right to left have their place: the
pages in a language made from English (`tests/pseudo.py`)."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from playwright.async_api import expect

from tests import pseudo
from tests.running import start_server
from tests.web.browsing import CUT_TEXT, in_browser
from tests.web.coupon.test_scenes import act
from tests.web.scenes import SCENES
from tests.web.till.test_browser import VERDICT, type_code

NARROW = ["accepted", "claimable", "form-wrong", "place", "save", "stop", "won"]
pytestmark = in_browser

TOLD = ("aria-label", "title", "placeholder", "alt", "data-scratch", "data-done")


@pytest.fixture(scope="module")
def server(settings, tmp_path_factory):
    """It speaks the pseudo-language too."""
    folder = tmp_path_factory.mktemp("pseudo")
    with start_server(settings, folder, **pseudo.speaking(folder)) as running:
        yield running


class Said(HTMLParser):
    """What a page says: its text, and what it tells of things."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.parts: list[str] = []
        self._inside = ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self._inside = tag
        self.parts += [value or "" for name, value in attrs if name in TOLD]

    def handle_data(self, data):
        if self._inside not in ("script", "style"):
            self.parts.append(data)


def english_in(page: str, *domains: str) -> list[str]:
    """Our English phrases that the page says. Those of one short word may be the shop's."""
    told = " ".join(" ".join(Said(page).parts).split())
    phrases = {p for domain in domains for p in pseudo.english_phrases(domain) if len(p) > 8}
    return [p for p in phrases if " " in p and re.search(rf"\b{re.escape(p)}", told)]


async def test_nothing_is_said_past_the_catalogs(make_coupon, coupon):
    """One test for every page, as each process that has one of them starts this server."""
    assert "Show this at the counter" in english_in((await coupon.get()).text, "coupon")
    for name, scene in SCENES.items():
        coupon, path = await scene.make(make_coupon)
        page = await coupon.get(path, accept_language=pseudo.LANGUAGE)
        assert f'<html lang="{pseudo.LANGUAGE}" dir="rtl">' in page.text, name
        assert english_in(page.text, "coupon") == [], name
    people = (("/sso/x", "people"), ("/sign-in", "people"), ("/forgot", "people"))
    for path, domain in (("/till/pair", "till"), ("/till/pair/x", "till"), *people):
        page = await coupon.get(f"{path}?lang={pseudo.LANGUAGE}")
        assert f'lang="{pseudo.LANGUAGE}"' in page.text, path
        assert english_in(page.text, domain) == [], path


async def test_longer_words_have_their_place(make_coupon, phone, guarded, stand, coupon):
    async with phone(width=320, language=pseudo.LANGUAGE) as page:
        for name in NARROW:
            scene = SCENES[name]
            made, path = await scene.make(make_coupon)
            async with guarded(page, scene.fine):
                await page.goto(made.url + path)
                await act(page, scene)
                assert await page.evaluate(CUT_TEXT, 1) == [], name
                assert english_in(await page.content(), "coupon") == [], name
            await page.context.clear_cookies()
    await the_counter_says_nothing_past_the_catalogs(stand, coupon)


async def the_counter_says_nothing_past_the_catalogs(stand, coupon):
    """The board, and verdicts that the script and the server word together."""
    async with stand(coupon.shop, f"/till?lang={pseudo.LANGUAGE}", width=320) as page:
        for code in ("zzzzzz", coupon.short):
            await type_code(page, code)
            await expect(page.locator(VERDICT)).not_to_have_class("verdict checking")
            assert english_in(await page.content(), "till") == []
            await page.locator(f"{VERDICT} .close").click()
