"""What tests in a real browser share: which one it is, and what must hold on every page."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import axe_playwright_python
import pytest
from playwright.async_api import Locator, Page, expect

from tests.running import PATIENCE

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium-headless-shell", "chromium", "chromium-browser"))),
    None,
)
"""The shell is the same browser without the windows around it, which cost most of the time."""
OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js").read_text("utf-8")
CUT_TEXT = Path(__file__).with_name("cut_text.js").read_text("utf-8")

in_browser = [
    pytest.mark.browser,
    pytest.mark.skipif(
        not CHROMIUM and not os.environ.get("CI"),
        reason="needs the chromium browser (apt-get install chromium-headless-shell)",
    ),
]


def by_turns(values: Iterable[Any]) -> list[Any]:
    """Parameters `value, script`: each value once, by turns with script and without. The other of
    the two is left to `make soak`."""
    return [
        pytest.param(value, script, marks=[pytest.mark.soak] if n % 2 == script else [])
        for n, value in enumerate(values)
        for script in (True, False)
    ]


async def no_sideways_scroll(page: Page) -> None:
    box = await page.locator("html").evaluate("e => [e.scrollWidth, e.clientWidth]")
    assert box[0] <= box[1], f"{box[0] - box[1]} px too wide"


async def enlarge_text(page: Page, percent: int = 200) -> None:
    """As the browser's own setting does: everything measured in `em` and `rem` follows, widths of
    media queries too, which a style put into the page would leave out. It stays for the tab."""
    session = await page.context.new_cdp_session(page)
    sizes = {"standard": 16 * percent // 100, "fixed": 13 * percent // 100}
    await session.send("Page.enable")
    await session.send("Page.setFontSizes", {"fontSizes": sizes})
    await session.detach()


async def hold_still(page: Page) -> None:
    """What turns for seconds is drawn anew sixty times in each of them, by the processor here."""
    session = await page.context.new_cdp_session(page)
    await session.send("Animation.enable")
    await session.send("Animation.setPlaybackRate", {"playbackRate": 0})


async def no_cut_text(page: Page, longest_whole: int = 20) -> None:
    """A person can read every word: none is cut off, runs out of its box or lies on another, and
    none of at most `longest_whole` letters is broken in the middle."""
    found = await page.evaluate(CUT_TEXT, longest_whole)
    assert not found, "\n".join(found)


# Milliseconds in which the page stays deaf: to the end of its animation, or a moment where script
# does it.
DEAF = """() => {
  if (getComputedStyle(document.body).pointerEvents !== "none") return 0;
  const [deaf] = document.body.getAnimations();
  return deaf ? Math.max(20, deaf.effect.getComputedTiming().endTime - deaf.currentTime) : 50;
}"""


async def until_it_hears(page: Page) -> None:
    """Until a page that just came, or changed, is no longer deaf to taps. Before that nothing is
    found at any point of it, and no rule about what lies on what can be looked at."""
    while left := await page.evaluate(DEAF):
        await asyncio.sleep(left / 1000)


async def until_true(page: Page, expression: str) -> None:
    """Until what a function of the page promises is true. The browser's own wait would take the
    promise itself for a yes."""
    async with asyncio.timeout(PATIENCE):
        while await page.evaluate(expression) is not True:
            await asyncio.sleep(0.1)


async def axe_finds_nothing(page: Page, skipped: Iterable[str] = (), through: Any = None) -> None:
    """`through`: a debugger's session of the page's; the end of another one would end what it has
    switched on, such as an authenticator."""
    await until_it_hears(page)
    # The policy of a page keeps scripts out; a debugger's are let in.
    session = through or await page.context.new_cdp_session(page)
    await session.send("Runtime.evaluate", {"expression": AXE})
    rules = await session.send(
        "Runtime.evaluate",
        {
            "expression": "axe.run(document,{resultTypes:['violations'],reporter:'no-passes',"
            f"rules:{json.dumps({key: {'enabled': False} for key in skipped})}}}).then(r=>"
            "r.violations.map(v=>v.id+': '+v.nodes.slice(0,2).map(n=>n.html).join(' | ')))",
            "awaitPromise": True,
            "returnByValue": True,
        },
    )
    found = rules["result"]["value"]
    assert not found, "\n".join(found)
    if not through:
        await session.detach()


async def it_copies_or_says_that_it_could_not(page: Page, button: Locator, secret: str) -> None:
    """A button that copies: what it says is true. Where the browser lets nobody copy, it says so,
    and the text is marked."""
    await button.click()
    await expect(button).to_have_text("Copied")
    copied = "document.addEventListener('paste', e => window.was ="
    await page.evaluate(f"{copied} e.clipboardData.getData('text/plain'))")
    await page.keyboard.press("Control+v")
    assert await page.evaluate("window.was") == secret
    await page.evaluate("document.execCommand = () => false")
    await expect(button).to_have_text("Copy")
    await button.click()
    await expect(page.get_by_text("Your browser does not let us copy")).to_be_visible()
    await expect(button).to_have_text("Copy")
    assert await page.evaluate("getSelection().toString()") == secret
