"""Single sign-on in a real browser, against a provider that others wrote (`oidc-provider-mock`)."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import sys
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import msgspec
import pytest
import pytest_asyncio
from playwright.async_api import expect

from tearoff.accounts import members
from tearoff.accounts.members import NewMember
from tearoff.accounts.single_sign_on import stored
from tearoff.accounts.single_sign_on.models import path_of
from tearoff.accounts.single_sign_on.stored import Changes
from tearoff.kit import clock
from tests.running import PATIENCE, free_port, start_server
from tests.test_cli import tearoff  # noqa: F401 (a fixture)
from tests.web.browsing import axe_finds_nothing, in_browser, no_sideways_scroll
from tests.web.people.conftest import PASSWORD

pytestmark = in_browser


@pytest_asyncio.fixture
async def own_server(settings, tmp_path):
    """One whose public address is the one that the browser opens: the provider leads back to it."""
    port = free_port()
    plain = msgspec.structs.replace(settings, port=port, public_url=f"http://127.0.0.1:{port}")
    starting = start_server(plain, tmp_path, port=port)
    running = await asyncio.to_thread(starting.__enter__)
    try:
        yield running
    finally:
        await asyncio.to_thread(starting.__exit__, None, None, None)


@contextlib.asynccontextmanager
async def running_mock(*people: dict[str, Any]) -> AsyncIterator[str]:
    """In a process of its own: what it is made of warns of itself."""
    port = free_port()
    users = [word for one in people for word in ("--user-claims", json.dumps(one))]
    command = [sys.executable, "-W", "ignore", "-m", "oidc_provider_mock", "--port", str(port)]
    process = await asyncio.create_subprocess_exec(
        *command, "--require-registration", "true", "--require-nonce", "true", *users,
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    url = f"http://127.0.0.1:{port}"
    try:
        await answering(process, url)
        yield url
    finally:
        process.terminate()
        await process.wait()


async def answering(process: asyncio.subprocess.Process, url: str) -> None:
    end = asyncio.get_running_loop().time() + PATIENCE
    async with aiohttp.ClientSession() as http:
        while asyncio.get_running_loop().time() < end and process.returncode is None:
            with contextlib.suppress(aiohttp.ClientConnectionError):
                async with http.get(url):
                    return
            await asyncio.sleep(0.05)
    raise AssertionError("the provider did not start")


async def registered(provider: str, redirect: str) -> dict[str, str]:
    """A client that may lead back to this address alone."""
    async with (
        aiohttp.ClientSession() as http,
        http.post(f"{provider}/oauth2/clients", json={"redirect_uris": [redirect]}) as answer,
    ):
        assert answer.status == 201, await answer.text()
        given: dict[str, str] = await answer.json()
        return given


async def by_password(page, base, email):
    await page.goto(f"{base}/sign-in")
    await page.get_by_label("E-mail address").fill(email)
    await page.locator("[name=password]").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in", exact=True).click()


@pytest.mark.parametrize("language", ["en", "ar"])
async def test_its_pages_are_fine(visit, services, make_owner, language):
    """At 320 px, with axe, and nothing asked of another host."""
    owner = await make_owner()
    async with services.db.transaction() as db:
        await stored.save(
            db, services.settings, services.vault, owner.account,
            Changes(
                issuer="https://login.example.com", client_id="x", client_secret="y",
                name="An uncommonly long name of a provider of sign-ins",
            ),
            clock.now(),
        )  # fmt: skip
    door = path_of(await stored.sign_in_code(services.db, owner.account))
    for path in (door, f"{door}/back?state=x&code=y", f"{door}/back?error=access_denied"):
        mark = "&" if "?" in path else "?"
        async with visit(f"{path}{mark}lang={language}", width=320, fine=(403, 409)) as page:
            await axe_finds_nothing(page)


async def fill_in(page, provider, client):
    await page.get_by_label("Issuer").fill(provider)
    await page.get_by_label("Client ID").fill(client["client_id"])
    await page.get_by_label("Client secret").fill(client["client_secret"])


async def test_an_owner_sets_it_up_and_closes_the_rest(
    own_server,
    make_owner,
    browser,
    tearoff,  # noqa: F811
    services,
):
    """Complaints 2, 5, 32, 33: wrong redirect address first, and nobody is locked out by that."""
    owner, base = await make_owner(), own_server.url
    async with services.db.transaction() as db:
        await members.create_member(
            db, owner.account, NewMember(email="tess.mate@example.com", role="reader")
        )
    people = (
        {"sub": "o-1", "email": owner.email.upper(), "email_verified": True},
        {"sub": "t-1", "email": "Tess.Mate@Example.COM", "email_verified": True,
         "groups": ["makers"]},
    )  # fmt: skip
    async with running_mock(*people) as provider:
        context = await browser.new_context(locale="en-GB", viewport={"width": 390, "height": 844})
        context.set_default_timeout(PATIENCE * 1000)
        page = await context.new_page()
        await by_password(page, base, owner.email)
        await page.wait_for_url(re.compile(rf"/a/{owner.account}/$"))
        settings = f"{base}/a/{owner.account}/settings/sign-in"
        await page.goto(settings)
        await axe_finds_nothing(page)
        redirect = await page.get_by_label("redirect URI").input_value()
        assert redirect.startswith(f"{base}/sign-in/with/")

        # The wrong redirect address at the provider: it says so, and passwords are good.
        await fill_in(page, provider, await registered(provider, f"{base}/wrong"))
        await page.get_by_label("What the button says").fill("Bean ID")
        await page.get_by_role("button", name="Test").click()
        await expect(page.locator("#tried")).to_contain_text("The provider answers.")
        await page.get_by_role("button", name="Save", exact=True).click()
        await expect(page.get_by_text("Now come in by it once")).to_be_visible()
        await expect(page.get_by_text("Not yet: an owner has to come in")).to_be_visible()
        assert await page.get_by_label("Client secret").input_value() == ""
        await expect(page.get_by_text("Stored since")).to_be_visible()
        await no_sideways_scroll(page)
        door = await page.get_by_label("Where your people sign in").input_value()
        await page.goto(door)
        await axe_finds_nothing(page)
        await page.get_by_role("button", name="Sign in with Bean ID").click()
        await expect(page.get_by_text("is not supported by client")).to_be_visible()
        other = await (await browser.new_context()).new_page()
        await by_password(other, base, owner.email)
        await other.wait_for_url(re.compile(rf"/a/{owner.account}/$"))

        # The right one.
        client = await registered(provider, redirect)
        await page.goto(settings)
        await fill_in(page, provider, client)
        await page.get_by_label("Claim that tells roles").fill("groups")
        await page.get_by_label("Roles by its values").fill("makers = editor")
        await page.get_by_role("button", name="Save", exact=True).click()
        await expect(page.get_by_text("Now come in by it once")).to_be_visible()
        await page.goto(door)
        await page.get_by_role("button", name="Sign in with Bean ID").click()
        await page.get_by_role("button", name="Deny").click()
        await expect(page.get_by_role("alert")).to_contain_text("you turned back")
        await page.get_by_role("button", name="Try again with Bean ID").click()
        await page.get_by_role("button", name="o-1").click()
        await page.wait_for_url(re.compile(rf"/a/{owner.account}/$"))

        # Close the rest.
        await page.goto(settings)
        await page.get_by_role("button", name="Close the other ways").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("Only by Bean ID?")
        await axe_finds_nothing(page)
        await page.get_by_role("button", name="Close the other ways").click()
        await expect(page.get_by_text("Only by Bean ID from now on.")).to_be_visible()
        await other.goto(f"{base}/a/{owner.account}/")
        await other.wait_for_url("**/sign-in?next=*")
        await by_password(other, base, owner.email)
        await expect(other.get_by_text("by single sign-on only")).to_be_visible()
        await axe_finds_nothing(other)
        await other.get_by_role("button", name="Sign in with Bean ID").click()
        await other.wait_for_url(f"{door}**")

        # A teammate, in another letter case, with the role of the claim.
        tess = await (await browser.new_context()).new_page()
        await tess.goto(door)
        await tess.get_by_role("button", name="Sign in with Bean ID").click()
        await tess.get_by_role("button", name="t-1").click()
        await tess.wait_for_url(re.compile(rf"/a/{owner.account}/$"))
        role = await services.db.fetchval(
            "SELECT role FROM members WHERE account_id = $1 AND email = 'tess.mate@example.com'",
            owner.account,
        )
        assert role == "editor"
        await tess.goto(settings)
        await expect(tess.get_by_role("heading", level=1)).not_to_have_text("Settings")

    # The provider is gone: the command lets the password in again.
    await other.get_by_role("button", name="Sign in with Bean ID").click()
    opened = tearoff("single-sign-on", "open", "--account", str(owner.account))
    assert "by password and passkey again" in opened.stdout
    await by_password(other, base, owner.email)
    await other.wait_for_url(re.compile(rf"/a/{owner.account}/$"))
    rows = await services.db.fetch(
        "SELECT verb, actor_kind FROM audit_entries WHERE account_id = $1 ORDER BY id",
        owner.account,
    )
    assert [(row["verb"], row["actor_kind"]) for row in rows] == [
        ("single_sign_on.change", "person"), ("single_sign_on.change", "person"),
        ("single_sign_on.only", "person"), ("member.change", "system"),
        ("single_sign_on.only", "command"),
    ]  # fmt: skip
    assert not (await stored.provider(services.db, owner.account)).is_only
