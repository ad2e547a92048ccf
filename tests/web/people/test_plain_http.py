"""Signing in at a name by plain http, as on a shop's own network: browsers exempt only localhost
from what they ask of https."""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit

import msgspec
from playwright.async_api import async_playwright, expect

from tests.running import PATIENCE, free_port, start_server
from tests.web.browsing import CHROMIUM, OPTIONS, in_browser
from tests.web.people.conftest import PASSWORD

pytestmark = in_browser


async def signed_in(page, base, email):
    """What the browser shows after e-mail and password were typed."""
    page.set_default_timeout(PATIENCE * 1000)
    await page.goto(f"{base}/sign-in")
    await page.get_by_label("E-mail").fill(email)
    await page.locator("[name=password]").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()


async def test_it_ends_on_home_or_says_why_it_cannot(settings, server, make_owner, tmp_path):
    """Complaint 1: with the server's address set to the name, and with one that is https."""
    owner = await make_owner()
    port = free_port()
    base = f"http://shop.test:{port}"
    plain = msgspec.structs.replace(settings, port=port, public_url=base)
    starting = start_server(plain, tmp_path, port=port)
    await asyncio.to_thread(starting.__enter__)
    try:
        async with async_playwright() as play:
            rule = "--host-resolver-rules=MAP shop.test 127.0.0.1"
            browser = await play.chromium.launch(executable_path=CHROMIUM, args=[*OPTIONS, rule])
            page = await browser.new_page()
            await signed_in(page, base, owner.email)
            await expect(page.get_by_role("heading", name="Home")).to_be_visible()
            assert urlsplit(page.url).path.rstrip("/") == f"/a/{owner.account}"
            # The other server's cookies are for https: this browser keeps none of them here.
            other = await browser.new_context()
            page = await other.new_page()
            address = server.url.replace("127.0.0.1", "shop.test")
            await signed_in(page, address, owner.email)
            told = page.get_by_role("alert")
            await expect(told).to_contain_text("refused the cookie")
            await expect(told).to_contain_text("TEAROFF_PUBLIC_URL")
            await browser.close()
    finally:
        await asyncio.to_thread(starting.__exit__, None, None, None)
