"""Another site's page that frames ours, in a real browser."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator

import pytest
from playwright.async_api import expect

from tests.web.browsing import in_browser
from tests.web.conftest import PHONE

pytestmark = in_browser


@pytest.fixture
def site() -> Iterator[str]:
    """A web site on another port, and so another origin: every path is a page that frames the
    address in its query."""

    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            address = self.path.partition("?")[2]
            body = f'<!doctype html><title>A shop</title><iframe src="{address}"></iframe>'
            self.send_response(200)
            self.send_header("content-type", "text/html")
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        # Not by number: to a browser that keeps cookies this is another site as well.
        yield f"http://localhost:{server.server_port}"
        server.shutdown()


@pytest.fixture
async def frame(browser, site):
    """Frame an address; gives the page of the site, and what the browser complained about."""
    contexts = []

    async def open_page(address):
        context = await browser.new_context(user_agent=PHONE, locale="en-GB")
        contexts.append(context)
        page = await context.new_page()
        complaints: list[str] = []
        page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
        await page.goto(f"{site}/?{address}")
        return page, complaints

    yield open_page
    for context in contexts:
        await context.close()


@pytest.mark.parametrize("link", ["", "&web=true", "?web=true"])
async def test_a_public_link_in_a_frame(coupon, frame, link):
    page, complaints = await frame(f"{coupon.url}/p/{coupon.shop.code}{link}")
    inside = page.frame_locator("iframe")
    await expect(inside.locator("h1")).to_have_text("2-for-1 cappuccino")
    assert complaints == []


@pytest.mark.parametrize("link", ["", "&web=true"])
async def test_its_form_leads_out_of_the_frame(coupon, frame, link):
    page, complaints = await frame(f"{coupon.url}/p/{coupon.shop.code}{link}")
    inside = page.frame_locator("iframe")
    async with page.expect_navigation():
        await inside.locator("form button").click()
    await expect(page.locator("svg.qr")).to_be_visible()
    assert page.url.startswith(f"{coupon.url}/p/{coupon.shop.code}/")
    assert complaints == []


async def test_another_language_stays_in_the_frame(make_coupon, frame):
    coupon = await make_coupon(language="nl")
    page, complaints = await frame(f"{coupon.url}/p/{coupon.shop.code}?web=true")
    inside = page.frame_locator("iframe")
    await inside.locator("a.lang").click()
    await expect(inside.locator("html")).to_have_attribute("lang", "nl")
    assert complaints == []


@pytest.mark.parametrize("link", ["", "&web=true", "?web=true", "/stop?web=true"])
async def test_a_personal_page_is_refused(coupon, frame, link):
    page, complaints = await frame(f"{coupon.url}{coupon.path}{link}")
    await expect(page.frame_locator("iframe").locator("main, .offer")).to_have_count(0)
    assert any("frame-ancestors" in text for text in complaints)


async def test_only_listed_sites(coupon, frame, site, services):
    async def allow(hosts):
        await services.db.execute(
            "UPDATE accounts SET frame_hosts = $2 WHERE id = $1", coupon.shop.account, hosts
        )

    address = f"{coupon.url}/p/{coupon.shop.code}&web=true"
    await allow(["shop.example"])
    page, complaints = await frame(address)
    await expect(page.frame_locator("iframe").locator("main, .offer")).to_have_count(0)
    assert any("frame-ancestors" in text for text in complaints)
    await allow(["shop.example", site.removeprefix("http://")])
    page, complaints = await frame(address)
    await expect(page.frame_locator("iframe").locator("h1")).to_be_visible()
    assert complaints == []


async def test_a_phone_with_a_coupon_sees_the_offer_in_a_frame(coupon, frame):
    """Its own coupon is a personal page, which is never framed."""
    page, _ = await frame(f"{coupon.url}/p/{coupon.shop.code}&web=true")
    async with page.expect_navigation():
        await page.frame_locator("iframe").locator("form button").click()
    public = f"{coupon.url}/p/{coupon.shop.code}"
    await page.goto(f"{public}&web=true")
    await expect(page.locator("svg.qr")).to_have_count(0)
    await page.goto(public)
    await expect(page.locator("svg.qr")).to_be_visible()
