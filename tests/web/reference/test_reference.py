"""The API reference, as a page and in a real browser."""

from __future__ import annotations

import gzip
import re

import pytest
from playwright.async_api import expect

from tearoff.api.error_codes import CODES
from tearoff.api.openapi import make_document
from tests.web.browsing import axe_finds_nothing, in_browser

PATH = "/docs/api"

pytestmark = in_browser


@pytest.fixture
async def page_text(http, server):
    async with http.get(server.url + PATH) as answer:
        assert answer.status == 200
        return await answer.text()


async def test_everything_is_told(page_text):
    for path, verbs in make_document()["paths"].items():
        assert f">{path}</a>" in page_text
        shown = verbs["post"] if path.startswith("/v3") else next(iter(verbs.values()))
        assert f'id="{shown["operationId"]}"' in page_text
    for kind in make_document()["webhooks"]:
        assert f'id="event_{kind}"' in page_text
    for code in CODES:
        assert f'id="error-{code}"' in page_text


async def test_every_link_inside_leads_somewhere(page_text):
    ids = re.findall(r' id="([^"]+)"', page_text)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#([^"]+)"', page_text)) <= set(ids)


async def test_samples_name_the_public_address(page_text):
    assert "tearoff.invalid" not in page_text
    assert "https://coupons.example.com/v4/messages" in page_text


async def test_it_comes_compressed_and_asks_nobody_else(http, server):
    headers = {"accept-encoding": "gzip"}
    async with http.get(server.url + PATH, headers=headers, auto_decompress=False) as answer:
        body = await answer.read()
        policy = answer.headers["content-security-policy"]
    assert len(body) < 120_000
    assert gzip.decompress(body).startswith(b"<!doctype html>")
    assert policy.startswith("default-src 'none'; script-src 'sha256-")


async def test_the_signature_sample_is_right(page_text):
    from tearoff.hooks.signing import new_secret, standard_headers
    from tearoff.kit import clock

    sample = re.search(r"<pre[^>]*>(import base64, hashlib.*?)</pre>", page_text, re.S)[1]
    scope: dict = {}
    exec(sample, scope)
    secret, now = new_secret(), clock.now()
    headers = standard_headers("evt_1", b"{}", [secret], now)
    assert scope["is_genuine"](headers, b"{}", secret)
    assert not scope["is_genuine"](headers, b"{ }", secret)
    assert not scope["is_genuine"](headers, b"{}", new_secret())


@pytest.mark.soak
async def test_axe_finds_nothing(visit):
    """On 20,000 elements; all but colours, for which axe takes a minute on them."""
    async with visit(PATH, width=390) as page:
        await axe_finds_nothing(page, ("color-contrast",))


KEEP_ONE_OF_EACH = """() => {
  const seen = new Set()
  const names = e => e.getAttributeNames().filter(name => !['id', 'href'].includes(name)).join()
  const kind = e => e === document.body ? ''
    : `${kind(e.parentElement)}>${e.tagName}.${e.className}[${names(e)}]`
  const isNew = e => seen.size < seen.add(kind(e)).size
  const all = [...document.querySelectorAll('section.op')]
  for (const one of all)
    if (![one, ...one.querySelectorAll('*')].map(isNew).some(Boolean)) one.remove()
  const shown = new Set()
  for (const one of document.querySelectorAll('li, tr, dt, dd')) {
    if (!one.isConnected) continue
    const kinds = [one, ...one.querySelectorAll('*')].map(kind).filter(k => !shown.has(k))
    kinds.forEach(k => shown.add(k))
    if (!kinds.length) one.remove()
  }
  return [all.length, document.querySelectorAll('section.op').length]
}"""
"""Leaves out an operation, and a line of a list or table, when each of its elements has one of the
same kind before it: tag, class and names of attributes, all the way up."""


@pytest.mark.parametrize(("width", "scheme"), [(320, "dark"), (1366, "light")])
async def test_axe_finds_nothing_in_one_of_each(visit, width, scheme):
    """What depends on the width, the scheme and kinds of elements alone, colours among it."""
    async with visit(PATH, width=width, scheme=scheme) as page:
        before, left = await page.evaluate(KEEP_ONE_OF_EACH)
        assert 0 < left < before / 2
        await axe_finds_nothing(page)


async def test_the_filter_narrows_the_page(visit):
    async with visit(PATH, width=1366) as page:
        await page.get_by_label("Filter").fill("webhook delet")
        await expect(page.locator("section.op:visible")).to_have_count(2)
        await page.get_by_label("Filter").fill("")
        shown = await page.locator("section.op:visible").count()
        assert shown > 100


async def test_without_script_it_is_all_there(visit):
    async with visit(PATH, width=390, script=False) as page:
        await expect(page.locator("#filter")).to_be_hidden()
        assert await page.locator("section.op:visible").count() > 100


async def test_a_deep_link_shows_its_operation(visit):
    async with visit(PATH + "#post_v3_send_sms", width=1366) as page:
        await expect(page.locator("#post_v3_send_sms")).to_be_in_viewport()
