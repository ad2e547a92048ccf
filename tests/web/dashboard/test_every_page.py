"""What holds on every page of the dashboard: generated from the list of screens, so that a new one
is looked at too."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tearoff.web.dashboard.routes import SCREENS
from tests import pseudo
from tests.running import start_server
from tests.web.browsing import (
    axe_finds_nothing,
    enlarge_text,
    in_browser,
    no_cut_text,
    no_sideways_scroll,
)
from tests.web.dashboard.conftest import Person
from tests.web.dashboard.filled import Filled, fill, own_all, pages

pytestmark = [*in_browser, pytest.mark.long, pytest.mark.timeout(900)]

MOST_BYTES, MOST_REQUESTS = 60 * 1024, 12
APART = re.compile(
    r"/preview|/api/try|/api/reference|\.webp|\.jpg|/campaigns/examples/|/campaigns/\d+/picture"
)
"""The preview frame, the page of Swagger and the merchant's pictures have budgets of their own; the
reference is looked at by `tests/web/test_site.py`."""

KEYBOARD = Path(__file__).with_name("keyboard.js").read_text("utf-8")
WITHOUT_SCRIPT = """() => {
  const main = document.querySelector("main"), found = [];
  if (main.innerText.trim().length < 40) found.push("nothing is there");
  const isSeen = (e) => e.checkVisibility({visibilityProperty: true})
    || e.closest("details:not([open])");
  for (const form of main.querySelectorAll("form:not([hidden])")) {
    const buttons = [...form.elements].filter((e) => e.type === "submit" && isSeen(e));
    if (!buttons.length) found.push(`no button: ${form.outerHTML.slice(0, 140)}`);
  }
  for (const e of main.querySelectorAll("button[type=button]"))
    if (e.checkVisibility({visibilityProperty: true}) && !e.hasAttribute("popovertarget"))
      found.push(`does nothing: ${e.outerHTML.slice(0, 140)}`);
  return found;
}"""


@pytest.fixture(scope="module")
def server(settings, tmp_path_factory):
    """It speaks the pseudo-language too."""
    folder = tmp_path_factory.mktemp("pseudo")
    with start_server(settings, folder, **pseudo.speaking(folder)) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def filled(services, http, server) -> Filled:
    return await fill(services, http, server.url)


@dataclass
class Watch:
    """What is wrong on the pages, and what one of them costs."""

    found: list[str] = field(default_factory=list)
    bytes: int = 0
    requests: int = 0
    address: str = ""
    _apart: set[str] = field(default_factory=set)

    def say(self, text: str) -> None:
        self.found.append(f"{self.address}: {text}")

    async def look(self, page: Any, url: str) -> None:
        session = await page.context.new_cdp_session(page)
        await session.send("Network.enable")
        await session.send("Network.setCacheDisabled", {"cacheDisabled": True})
        session.on("Network.requestWillBeSent", self._asked)
        session.on("Network.loadingFinished", self._came)
        page.on("pageerror", lambda error: self.say(f"error: {error}"))
        page.on("console", lambda m: self.say(m.text) if m.type in ("error", "warning") else None)
        page.on("dialog", lambda dialog: self.say(f"dialog: {dialog.message}"))
        ours = (url, f"blob:{url}", "data:", "about:")
        page.context.on("request", lambda r: None if r.url.startswith(ours) else self.say(r.url))

    def _asked(self, event: Any) -> None:
        address = event["request"]["url"]
        is_page = event.get("type") == "Document" and address.endswith(self.address)
        if address.startswith(("data:", "blob:")) or (APART.search(address) and not is_page):
            self._apart.add(event["requestId"])
        elif event["requestId"] not in self._apart:
            self.requests += 1

    def _came(self, event: Any) -> None:
        if event["requestId"] not in self._apart:
            self.bytes += int(event["encodedDataLength"])

    def begin(self, address: str) -> None:
        self.address, self.bytes, self.requests = address, 0, 0
        self._apart.clear()

    def check_budget(self) -> None:
        if not APART.search(self.address) and (
            self.bytes > MOST_BYTES or self.requests > MOST_REQUESTS
        ):
            self.say(f"{self.bytes / 1024:.1f} KB in {self.requests} requests")

    async def holds(self, check: Any) -> None:
        try:
            await check
        except AssertionError as error:
            self.say(str(error))


async def is_page(person: Person, watch: Watch) -> bool:
    """And neither a file nor a part of a page that has no news."""
    answer = await person.get(watch.address)
    if answer.status not in (200, 204) and "/pairings/" not in watch.address:
        watch.say(f"status {answer.status}")
    return "<html" in answer.text


@pytest.fixture
def walk(phone, server, services, sign_in, filled):
    """Go through all pages: `async for page, watch in walk(width=320)`."""

    async def walk(*, language="en", **more):
        person: Person = await sign_in(filled.shop, language=language)
        await own_all(services, person)
        watch = Watch()
        async with phone(cookies=[person.cookie], **more) as page:
            if more.get("script", True):
                await watch.look(page, server.url)
            for address in pages(filled):
                watch.begin(address)
                if await is_page(person, watch):
                    await page.goto(server.url + person.address(address))
                    yield page, watch
        assert not watch.found, "\n".join(watch.found)

    return walk


def test_every_screen_has_an_address(filled):
    """A new one needs its value in `filled.py`."""
    for screen in SCREENS:
        if screen.method == "GET":
            assert filled.addresses(screen.path)


async def look_at(walk, **more) -> None:
    async for page, watch in walk(**more):
        watch.check_budget()
        await watch.holds(no_sideways_scroll(page))
        if APART.search(watch.address):
            continue  # the coupon's page has tests of its own, and Swagger's is not ours
        await watch.holds(axe_finds_nothing(page))
        # The bar that stays at the bottom lies on what can be scrolled out from under it.
        await page.evaluate(
            "document.querySelectorAll('.save').forEach(e => e.style.position = 'static')"
        )
        await watch.holds(_no_cut_words(page))


async def _no_cut_words(page) -> None:
    """Codes and ids have no places to break at, and may break anywhere."""
    try:
        await no_cut_text(page)
    except AssertionError as error:
        words = [line for line in str(error).split("\n") if not re.search(r" in code\b", line)]
        assert not words, "\n".join(words)


@pytest.mark.parametrize("language", ["en", pseudo.LANGUAGE])
@pytest.mark.parametrize("width", [320, 1366])
async def test_every_page_is_whole(walk, width, language):
    await look_at(walk, width=width, language=language)


async def test_no_page_scrolls_sideways_in_large_text(walk):
    """Twice as large, by the browser's setting and by a style of the person's own, which the
    widths of media queries do not follow."""
    async for page, watch in walk(width=390):
        if APART.search(watch.address):
            continue
        await page.evaluate("document.documentElement.style.fontSize = '32px'")
        await watch.holds(no_sideways_scroll(page))
        await page.evaluate("document.documentElement.style.fontSize = ''")
        await enlarge_text(page)
        await watch.holds(no_sideways_scroll(page))
        await enlarge_text(page, 100)


@pytest.mark.soak
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["en", "nl", "fr", "de", "es"])
@pytest.mark.parametrize("width", [320, 390, 768, 1366])
async def test_every_page_is_whole_everywhere(walk, width, language, scheme):
    await look_at(walk, width=width, language=language, scheme=scheme)


async def test_every_control_is_reached_by_keyboard(walk):
    """With Tab alone, and seen to be; nothing holds the focus."""
    async for page, watch in walk(width=1366):
        if APART.search(watch.address):
            continue
        for _ in range(await page.evaluate(KEYBOARD, False)):
            await page.keyboard.press("Tab")
        for problem in await page.evaluate(KEYBOARD, True):
            watch.say(problem)


async def test_every_page_works_without_script(walk):
    """Its content is there, and each form that is shown has a button that sends it; no button does
    nothing. A hidden one (a passkey is made by script alone) says so beside it."""
    async for page, watch in walk(width=320, script=False):
        if APART.search(watch.address):
            continue
        await watch.holds(no_sideways_scroll(page))
        if watch.address.endswith("/components"):
            continue  # its forms are samples
        for problem in await page.evaluate(WITHOUT_SCRIPT):
            watch.say(problem)
