"""Every state of the coupon's page in a real browser: no rule of accessibility is broken, nothing
is wider than the screen, nothing is asked of another host, nothing is said on the console."""

import gzip
import re

import pytest
from playwright.async_api import Page, expect

from tests.web.browsing import axe_finds_nothing, in_browser
from tests.web.scenes import SCENES, Scene

pytestmark = in_browser

SCREENS = {
    "phone": {"width": 390},
    "small, Arabic, dark": {"width": 320, "language": "ar", "scheme": "dark"},
}  # fmt: skip
PRESSED = [name for name, scene in SCENES.items() if scene.press]
"""Where a page leads on, which it does otherwise without script."""

HEAR_AT_ONCE = "document.body.getAnimations().forEach(one => one.finish())"
"""Ends the moment in which a page that just came is deaf, which nobody taps through here."""


async def act(page: Page, scene: Scene) -> None:
    """What the scene does on its page."""
    for field, text in scene.typed.items():
        if not await page.locator(field).is_visible():
            await page.locator("details.staff > summary").click()
        await page.locator(field).fill(text)
    if not scene.press:
        return
    if scene.press.endswith("button") or scene.typed:
        async with page.expect_navigation():
            await page.locator(scene.press).first.click()
    else:
        await page.locator(scene.press).click()


@pytest.mark.parametrize(
    ("screen", "part"),
    [
        pytest.param(screen, part, marks=[pytest.mark.soak] if part % 2 != n else [])
        for n, screen in enumerate(SCREENS)
        for part in range(4)
    ],
)
async def test_every_state(make_coupon, phone, guarded, server, screen, part):
    """One after the other on the same phone, which costs a third of a new phone for each; on one
    screen or the other, by turns."""
    async with phone(**SCREENS[screen]) as page:
        for name, scene in list(SCENES.items())[part::4]:
            print(name)
            _coupon, path = await scene.make(make_coupon)
            async with guarded(page, scene.fine):
                await page.goto(server.url + path)
                await act(page, scene)
                await page.evaluate(HEAR_AT_ONCE)
                await axe_finds_nothing(page)
                await expect(page.locator("h1")).to_be_visible()
                if screen == "phone" and scene.badge:
                    await expect(page.locator(".badge")).to_have_text(scene.badge)
            await page.context.clear_cookies()


@pytest.mark.parametrize(
    "names",
    [
        pytest.param(PRESSED, id="pressed"),
        pytest.param(list(SCENES), id="all", marks=pytest.mark.soak),
    ],
)
async def test_every_state_without_script(make_coupon, phone, guarded, server, names):
    """On a desktop."""
    async with phone(width=1366, script=False) as page:
        for name in names:
            print(name)
            scene = SCENES[name]
            _coupon, path = await scene.make(make_coupon)
            async with guarded(page, scene.fine):
                await page.goto(server.url + path)
                await act(page, scene)
                await expect(page.locator("h1")).to_be_visible()
            await page.context.clear_cookies()


@pytest.mark.parametrize("language", ["en", "ar", "pl"])
async def test_budgets_of_every_state(make_coupon, language):
    """ux.md 10: at most 6 KB of HTML as it travels, and 1.5 KB of script as it travels."""
    sizes = {}
    for name, scene in SCENES.items():
        coupon, path = await scene.make(make_coupon)
        page = await coupon.get(path, accept_language=language)
        scripts = "".join(re.findall(r"<script>(.*?)</script>", page.text, re.DOTALL))
        html = int(page.headers["content-length"])
        assert page.headers["content-encoding"] == "gzip"
        assert html <= 6 * 1024, f"{name}: {html} bytes"
        assert len(gzip.compress(scripts.encode())) <= 1536, name
        assert not re.search(r"<script[^>]+src|<link[^>]+stylesheet", page.text), name
        sizes[name] = html
    print(language, sizes)
