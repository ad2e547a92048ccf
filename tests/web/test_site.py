"""The documentation as people read it, from a folder or from a server, without a network."""

from __future__ import annotations

import hashlib
import http.server
import os
import re
import subprocess
import sys
import threading
from functools import partial
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from tests.web.browsing import axe_finds_nothing, in_browser, no_sideways_scroll

ROOT = Path(__file__).parents[2]
PAGES = [page.relative_to(ROOT / "docs").with_suffix(".html").as_posix()
         for page in sorted((ROOT / "docs").rglob("*.md"))]  # fmt: skip

BROWSER, HAS_BROWSER = in_browser


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """What `make docs` builds. Strict: a link, anchor or page that is not there is an error."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--strict", "-d", str(folder)]
    env = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    return folder


@pytest.fixture
def address(request, site):
    """The site as a folder of files, or served."""
    if request.param == "file":
        yield site.as_uri()
        return
    handler = partial(http.server.SimpleHTTPRequestHandler, directory=site)
    handler.log_message = lambda *_: None
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


ELSEWHERE = r"""["']?((?:https?:)?//[^"')\s>]+)"""
FETCHED = re.compile(
    rf"<(?:script|link|img|iframe|source|object)\b[^>]*?(?:src|href|srcset|data)={ELSEWHERE}"
    rf"|url\({ELSEWHERE}|@import\s+{ELSEWHERE}"
)


def test_nothing_in_a_page_is_fetched_from_elsewhere(site):
    files = [file for kind in ("html", "css") for file in site.rglob(f"*.{kind}")]
    assert len(files) > len(PAGES)
    found = {hit[0] for file in files for hit in FETCHED.finditer(file.read_text("utf-8"))}
    assert found == set()


def test_a_record_leads_back_to_the_list_of_all(site):
    record = next((site / "decisions").glob("0*.html")).read_text("utf-8")
    assert '<p class="back"><a href="index.html">' in record


def test_what_is_of_others_is_as_they_published_it():
    """Of the npm package iframe-worker 1.0.4 (MIT): search in a folder of files, where browsers let
    no worker start."""
    program = (ROOT / "docs" / "assets" / "iframe-worker" / "shim.js").read_bytes()
    assert hashlib.sha256(program).hexdigest() == (
        "e8e412dbcfea9b7e31b5ffa288d7b6035915e714c542f4176a0cdbe262fc9609"
    )


@pytest.mark.parametrize(
    "address",
    [pytest.param("file", marks=in_browser), pytest.param("http", marks=in_browser)],
    indirect=True,
)
async def test_search_and_colours_ask_nobody_else(browser: Browser, address):
    context = await browser.new_context(viewport={"width": 1366, "height": 900})
    asked, said = [], []
    context.on("request", lambda request: asked.append(request.url))
    context.on("console", lambda message: said.append(message.text))
    page = await context.new_page()
    await page.goto(f"{address}/index.html")
    field = page.get_by_role("textbox", name="Search")
    await field.click()
    await expect(page.locator(".md-search-result__meta")).to_have_text("Type to start searching")
    await field.press_sequentially("idempotency")
    found = page.locator(".md-search-result__link[href*='callers.html']")
    await found.first.click()
    await expect(page.get_by_role("heading", name="Safe to try again")).to_be_visible()
    await page.goto(f"{address}/index.html")
    await field.click()
    await field.press_sequentially("pybabel")  # a part of a path
    found = page.locator(".md-search-result__link[href*='translating.html']")
    await expect(found.first).to_be_attached()
    await page.keyboard.press("Escape")
    dark = page.locator("body[data-md-color-scheme=slate]")
    await expect(dark).to_have_count(0)
    for title in ("change to light", "change to dark"):
        await page.locator(f"label[title$='{title}']").click()
    await expect(dark).to_have_count(1)
    await context.close()
    assert any("search_index" in url for url in asked)
    assert [url for url in asked if not url.startswith((address, "blob:", "data:"))] == []
    assert said == []


@BROWSER
@HAS_BROWSER
async def test_everybody_can_read_it(browser: Browser, site):
    """Skipped is what is of the theme and not ours: how its search and its menus are named."""
    context = await browser.new_context(reduced_motion="reduce")
    page = await context.new_page()
    for name in ("webhooks", "developers"):
        await page.goto(f"{site.as_uri()}/{name}.html")
        for scheme, named in (("light", "default"), ("dark", "slate")):
            await page.emulate_media(color_scheme=scheme)
            await expect(page.locator(f"body[data-md-color-scheme={named}]")).to_be_visible()
            await axe_finds_nothing(
                page, ("aria-dialog-name", "label", "landmark-unique", "region")
            )
    await context.close()


CUT = "all => all.filter(e => e.scrollWidth > e.clientWidth).map(e => e.textContent)"


@BROWSER
@HAS_BROWSER
async def test_no_page_is_wider_than_the_screen(browser: Browser, site):
    """A phone moves code to the side; on a desktop no line of it is cut. Without script, which
    changes no width and takes most of the time."""
    context = await browser.new_context(java_script_enabled=False)
    page = await context.new_page()
    records = [name for name in PAGES if name.startswith("decisions/0")]
    for name in sorted({*PAGES} - {*records[:-1]}):
        await page.goto(f"{site.as_uri()}/{name}", wait_until="domcontentloaded")
        for width in (320, 1366):
            await page.set_viewport_size({"width": width, "height": 640})
            await no_sideways_scroll(page)
        assert await page.locator("pre > code").evaluate_all(CUT) == [], name
    await context.close()
