"""The page that stops messages, in a real browser."""

import pytest
from playwright.async_api import expect

from tearoff.coupons.models import NewSession
from tearoff.kit.words import LANGUAGES
from tests.web.browsing import axe_finds_nothing, by_turns, enlarge_text, in_browser, no_cut_text

pytestmark = in_browser

PERSON = NewSession(phone="+32470001234", email="ann@example.com")


@pytest.mark.parametrize(
    ("width", "language", "scheme", "script"),
    [
        (320, "en", "light", False),
        (1366, "en", "light", True),
        (320, "ar", "dark", True),
        (1366, "ar", "dark", False),
        pytest.param(320, "en", "light", True, marks=pytest.mark.soak),
        pytest.param(1366, "en", "light", False, marks=pytest.mark.soak),
        pytest.param(320, "ar", "dark", False, marks=pytest.mark.soak),
        pytest.param(1366, "ar", "dark", True, marks=pytest.mark.soak),
    ],
)
async def test_stop_and_undo(make_coupon, visit, width, language, scheme, script):
    """Each of two of them comes by."""
    coupon = await make_coupon(new=PERSON, brand_color="#b3261e")
    path = f"{coupon.path}/stop"
    async with visit(path, width=width, language=language, scheme=scheme, script=script) as page:
        for step in ("ask", "done", "again"):
            await expect(page.locator("h1")).to_be_visible()
            await expect(page.locator("bdi")).to_have_count(2)
            if script:
                await axe_finds_nothing(page)
            if step != "again":
                async with page.expect_navigation():
                    await page.locator("form button").press("Enter")
        assert await page.locator("form").count() == 0
        await page.locator("header a").click()
        await expect(page.locator("h1")).to_have_text("2-for-1 cappuccino")


APART = 48
"""Pixels between the button that stops and the one that undoes: the height of a finger."""


SCREENS = [(320, 844), (390, 844), (1366, 900)]

LIES = """(what) => {
  const lies = [], page = document.scrollingElement;
  for (const to of [0, page.scrollHeight]) {
    page.scrollTop = to;
    for (const one of document.querySelectorAll(what)) {
      const {top, bottom} = one.getBoundingClientRect();
      lies.push(top, bottom);
    }
  }
  return [Math.min(...lies), Math.max(...lies)];
}"""


async def lies_at(page, address, what="form button", screens=()):
    """From where to where it lies on the glass, however the page is scrolled; on each of the
    screens, or on the one that there is."""
    await page.goto(address)
    lies = []
    for width, height in screens or [page.viewport_size.values()]:
        await page.set_viewport_size({"width": width, "height": height})
        lies.append(await page.evaluate(LIES, what))
    return lies


LONG = "Donaudampfschifffahrtsgesellschaft"


@pytest.mark.parametrize(
    ("sender", "script"),
    [
        (LONG, False),
        pytest.param("", True, marks=pytest.mark.soak),
        pytest.param("", False, marks=pytest.mark.soak),
        pytest.param(LONG, True, marks=pytest.mark.soak),
    ],
)
async def test_what_undoes_never_lies_where_the_stop_lay(make_coupon, visit, sender, script):
    coupon = await make_coupon(new=NewSession(phone=PERSON.phone), brand=sender)
    async with visit(f"{coupon.path}/stop", script=script) as page:
        at = page.url
        stops = {
            lang: await lies_at(page, f"{at}?lang={lang}", screens=SCREENS) for lang in LANGUAGES
        }
        async with page.expect_navigation():
            await page.locator("form button").press("Enter")
        for language, stopped in stops.items():
            undoes = await lies_at(page, f"{at}?lang={language}", "button, a", SCREENS)
            for screen, (top, _), (_, bottom) in zip(SCREENS, stopped, undoes, strict=True):
                assert bottom + APART <= top, (language, screen)


@pytest.mark.parametrize("width", [320, 568])
async def test_not_with_large_text_nor_sideways(make_coupon, visit, width):
    coupon = await make_coupon(new=PERSON)
    async with visit(f"{coupon.path}/stop", width=width) as page:
        await page.set_viewport_size({"width": width, "height": 888 - width})
        await enlarge_text(page)
        at = page.url
        stops = {lang: await lies_at(page, f"{at}?lang={lang}") for lang in ("en", "de", "ar")}
        async with page.expect_navigation():
            await page.locator("form button").press("Enter")
        for language, [(top, _)] in stops.items():
            [(_, bottom)] = await lies_at(page, f"{at}?lang={language}")
            assert bottom <= top, language
            await no_cut_text(page)


PAUSES = [(300, 300), (400, 400), (350, 350, 350), (700,)]


@pytest.mark.parametrize(("pauses", "script"), by_turns(PAUSES))
async def test_impatient_taps_undo_no_stop(make_coupon, visit, pauses, script):
    coupon = await make_coupon(new=PERSON)
    async with visit(f"{coupon.path}/stop", script=script) as page:
        button = await page.locator("form button").bounding_box()
        at = button["x"] + button["width"] / 2, button["y"] + button["height"] / 2
        await page.wait_for_timeout(1_000)  # a page is deaf as it appears
        await page.mouse.click(*at)
        for pause in pauses:
            await page.wait_for_timeout(pause)
            await page.mouse.click(*at)
        await expect(page.locator("h1")).to_have_text("You get no more messages")
        await page.get_by_role("button", name="Undo").click()
        await expect(page.locator("h1")).to_have_text("You get messages again")
