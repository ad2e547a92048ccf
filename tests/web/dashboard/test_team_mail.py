"""The mail of an invitation, through the real server, its worker and a mail server of others: what
the page says of it, and when."""

from __future__ import annotations

import re
import time

import msgspec
import pytest
import pytest_asyncio
from playwright.async_api import expect

from tests.cast import open_shop
from tests.databases import own_services
from tests.providers.postoffice import open_post_office
from tests.running import start_server
from tests.web.browsing import axe_finds_nothing, in_browser

pytestmark = in_browser

SOON = 5_000
"""Milliseconds."""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def office():
    async with open_post_office() as office:
        yield office


@pytest.fixture(scope="module")
def settings(settings, office):
    return msgspec.structs.replace(
        settings, smtp_url=f"smtp://127.0.0.1:{office.port}", mail_from="no-reply@example.com"
    )


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def services(cluster, settings, worker_id):
    """A database of its own: the worker of the other tests' server sends no mail."""
    async with own_services(cluster, settings, f"tearoff_team_mail_{worker_id}") as own:
        yield own


@pytest.fixture(scope="module")
def server(services, tmp_path_factory):
    settings = services.settings
    more = {"TEAROFF_SMTP_URL": settings.smtp_url, "TEAROFF_MAIL_FROM": settings.mail_from}
    with start_server(settings, tmp_path_factory.mktemp("logs"), **more) as running:
        yield running


@pytest.fixture
async def person(services, sign_in):
    return await sign_in(await open_shop(services, kind=None, account={"language": "es"}))


async def invite(page, person, email):
    await page.goto(f"{person.url}{person.address('/team/new')}")
    await page.get_by_label("E-mail").fill(email)
    await page.get_by_label("Staff").check()
    await page.get_by_role("button", name="Invite", exact=True).click()
    await expect(page.get_by_label("Link of the invitation")).to_have_value(
        re.compile(r"^https://coupons\.example\.com/password/\w{49}$")
    )


@pytest.mark.parametrize(
    ("email", "told", "reason"),
    [
        ("nobody@example.com", "The mail did not leave", "No such user here"),
        ("mute-early@example.com", "The mail has not left", ""),
    ],
)
async def test_a_mail_that_does_not_leave(visit, person, email, told, reason):
    """Complaint 31: refusing, or silent: the page says so soon, and shows the link; the member's
    row keeps saying so. (A server that is away: tests/accounts/test_team_mails.py.)"""
    async with visit(person.address("/team"), width=1366, cookies=[person.cookie]) as page:
        began = time.monotonic()
        await invite(page, person, email)
        await expect(page.locator("#mail")).to_contain_text(told, timeout=SOON)
        assert (time.monotonic() - began) * 1000 < 2 * SOON
        if reason:
            await expect(page.locator("#mail")).to_contain_text(reason)
        assert await page.get_by_label("Link of the invitation").is_visible()
        await axe_finds_nothing(page)
        await page.get_by_role("link", name="Done").click()
        row = page.get_by_role("row", name=re.compile(email))
        await expect(row).to_contain_text(told)
        await page.reload()
        await expect(row).to_contain_text(told)


async def test_a_mail_that_leaves(visit, person, office):
    """In the account's language, for somebody who is new (complaint 40)."""
    email = "bea@example.com"
    async with visit(person.address("/team"), width=390, cookies=[person.cookie]) as page:
        await invite(page, person, email)
        await expect(page.locator("#mail")).to_contain_text("The mail has left")
        url = await page.get_by_label("Link of the invitation").input_value()
        await page.get_by_role("link", name="Done").click()
        await expect(page.get_by_role("row", name=re.compile(email))).to_contain_text("Invited")
    (taken,) = office.of(email)
    assert 'lang="es"' in taken.part("html")
    assert url in taken.part("html") and url in taken.part("plain")
    assert "Bean & Leaf" in taken.part("plain") and "Owner" in taken.part("plain")
