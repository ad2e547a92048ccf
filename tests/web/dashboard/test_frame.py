"""What holds on every page of the dashboard, seen on two of them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import tearoff.web
from tests.web.browsing import axe_finds_nothing, in_browser
from tests.web.dashboard.conftest import text_of

WEB = Path(tearoff.web.__file__).parent


def tokens(path: str) -> list[str]:
    """The values of the tokens that a style begins with, light and dark."""
    text = (WEB / path).read_text("utf-8")
    return re.findall(r":root\{[^}]*--bg:[^}]*\}", text)[:2]


def test_coupon_counter_and_dashboard_have_the_same_tokens():
    found = [
        [dict(re.findall(r"--(\w+):(#\w+)", part)) for part in tokens(path)]
        for path in (
            "paper/templates/css/page.css",
            "till/static/till.css",
            "dashboard/static/dashboard.css",
        )
    ]
    for coupon, till, ours in zip(*found, strict=True):
        shared = coupon.keys() & till.keys() & ours.keys()
        assert len(shared) > 12
        assert {name: (coupon[name], till[name]) for name in shared} == {
            name: (ours[name], ours[name]) for name in shared
        }


async def test_nobody_comes_in_without_a_sign_in_and_each_comes_back(shop, sign_in):
    person = await sign_in(shop)
    person.secret = "x" * 49
    page = await person.get("/components?x=1")
    assert page.status == 303
    assert page.headers["location"] == f"/sign-in?next=%2Fa%2F{shop.account}%2Fcomponents%3Fx%3D1"
    part = await person.get("/components", hx_request="true")
    assert (part.status, part.text) == (200, "")
    assert part.headers["hx-redirect"].startswith("/sign-in?next=")


async def test_another_account_is_as_if_it_were_not_there(shop, other_shop, sign_in):
    person = await sign_in(shop)
    for account in (other_shop.account, 999_999_999):
        assert (await person.get(f"/a/{account}")).status == 404


async def test_a_page_has_its_headers_and_its_budget(shop, sign_in):
    page = await (await sign_in(shop)).get()
    assert page.status == 200
    assert "unsafe-inline" not in page.headers["content-security-policy"].replace(
        "style-src-attr 'unsafe-inline'", ""
    )
    assert page.headers["cache-control"] == "private, no-store"
    assert "Home" in text_of(page)


@pytest.mark.parametrize("path", ["", "/components"])
@pytest.mark.parametrize("width", [320, 1366])
class TestInABrowser:
    pytestmark = in_browser

    async def test_it_is_whole(self, visit, shop, sign_in, path, width):
        person = await sign_in(shop)
        async with visit(person.address(path), width=width, cookies=[person.cookie]) as page:
            await axe_finds_nothing(page)
