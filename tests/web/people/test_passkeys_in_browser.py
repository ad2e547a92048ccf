"""Passkeys in a real browser with an authenticator of its own, over TLS that a proxy ends."""

from __future__ import annotations

import asyncio
import contextlib
import os
from dataclasses import dataclass
from typing import Any

import msgspec
import pytest
import pytest_asyncio
from playwright.async_api import Page, async_playwright, expect

from tearoff.accounts import passkeys
from tests.running import PATIENCE, free_port, start_server
from tests.web import tls
from tests.web.browsing import CHROMIUM, OPTIONS, axe_finds_nothing, in_browser
from tests.web.people.conftest import PASSWORD

pytestmark = [
    *in_browser,
    pytest.mark.skipif(
        not tls.CERTUTIL and not os.environ.get("CI"),
        reason="needs certutil (apt-get install libnss3-tools)",
    ),
]
NAME = "shop.test"
NO_OFFERS = "PublicKeyCredential.isConditionalMediationAvailable = async () => false"


@dataclass
class Shop:
    """`base`: what the browser opens; `browser`: one that trusts the certificate."""

    base: str
    browser: Any

    async def page(self, *, offers: bool = False) -> Page:
        """`offers`: the field for the address offers passkeys; this browser's authenticator takes
        the offer at once."""
        page = await (await self.browser.new_context()).new_page()
        page.set_default_timeout(PATIENCE * 1000)
        if not offers:
            await page.add_init_script(NO_OFFERS)
        return page


@contextlib.asynccontextmanager
async def opened(settings, folder, public_url, base, *, plain=False):
    """A server whose address is set to `public_url`, and which the browser reaches at `base`."""
    port = free_port()
    told = msgspec.structs.replace(settings, port=port, public_url=public_url)
    starting = start_server(told, folder, port=port, TEAROFF_TRUSTED_PROXIES="127.0.0.1")
    running = await asyncio.to_thread(starting.__enter__)
    context = tls.make_certificate(folder, NAME)
    tls.put_into_store(folder / "home", folder / "authority.pem")
    try:
        async with tls.proxy(running.url, context) as proxied, async_playwright() as play:
            to = port if plain else proxied
            rule = f"--host-resolver-rules=MAP {NAME} 127.0.0.1:{to}"
            browser = await play.chromium.launch(
                executable_path=CHROMIUM,
                args=[*OPTIONS, rule],
                env={**os.environ, "HOME": str(folder / "home")},
            )
            yield Shop(base.format(port=port), browser)
            await browser.close()
    finally:
        await asyncio.to_thread(starting.__exit__, None, None, None)


@pytest_asyncio.fixture(scope="module")
async def shop(settings, tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    async with opened(settings, folder, f"https://{NAME}", f"https://{NAME}") as found:
        yield found


async def device(page: Page, **more: Any) -> tuple[Any, str]:
    """The browser's authenticator, in the place of a person with a finger on it. It stays for the
    tab if it is there before the first page."""
    session = await page.context.new_cdp_session(page)
    await session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True,
        "hasUserVerification": True, "isUserVerified": True, "automaticPresenceSimulation": True,
        **more,
    }  # fmt: skip
    made = await session.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    return session, made["authenticatorId"]


async def by_password(page: Page, base: str, email: str) -> None:
    await page.goto(f"{base}/sign-in")
    await page.get_by_label("E-mail").fill(email)
    await page.locator("[name=password]").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in", exact=True).click()


async def add(page: Page, base: str, account: int, name: str) -> None:
    await page.goto(f"{base}/a/{account}/profile")
    await page.get_by_role("link", name="Add a passkey").click()
    await page.get_by_label("Name").fill(name)
    await page.get_by_role("button", name="Make the passkey").click()


async def sign_out(page: Page) -> None:
    await page.get_by_role("button", name="Sign out", exact=True).first.click()
    await page.wait_for_url("**/sign-in")


async def test_added_and_used_alone_as_second_step_and_as_proof(
    shop, services, make_owner, with_second_step
):
    """Behind a proxy that ends TLS."""
    owner = await make_owner()
    page = await shop.page()
    session, _ = await device(page)
    await by_password(page, shop.base, owner.email)
    await expect(page.get_by_role("heading", name="Home")).to_be_visible()
    await add(page, shop.base, owner.account, "Laptop")
    await expect(page.get_by_text("Laptop lets you in from now on.")).to_be_visible()
    await axe_finds_nothing(page, through=session)
    await add(page, shop.base, owner.account, "Laptop again")
    await expect(page.get_by_role("alert")).to_contain_text("has a passkey for you here")
    await page.get_by_role("link", name="Cancel").click()
    await sign_out(page)
    # Alone, with nothing typed.
    button = page.get_by_role("button", name="Sign in with a passkey")
    await expect(button).to_be_visible()
    await axe_finds_nothing(page, through=session)
    await button.click()
    await expect(page.get_by_role("heading", name="Home")).to_be_visible()
    # As the second step, in the place of the app's code.
    await with_second_step(owner.person)
    await sign_out(page)
    await by_password(page, shop.base, owner.email)
    await page.wait_for_url("**/sign-in/second-step")
    await axe_finds_nothing(page, through=session)
    await page.get_by_role("button", name="Use a passkey").click()
    await expect(page.get_by_role("heading", name="Home")).to_be_visible()
    # As proof, after a quarter of an hour.
    await services.db.execute(
        "UPDATE sign_ins SET confirmed_at = now() - interval '1 hour' WHERE person_id = $1",
        owner.person,
    )
    await page.goto(f"{shop.base}/a/{owner.account}/profile/passkeys/new")
    await page.wait_for_url("**/sign-in/again?**")
    await axe_finds_nothing(page, through=session)
    await page.get_by_role("button", name="Use a passkey").click()
    await page.wait_for_url("**/profile/passkeys/new")
    # Removed, it lets in no more.
    await page.goto(f"{shop.base}/a/{owner.account}/profile")
    await page.locator("#passkeys summary", has_text="Remove").click()
    await page.get_by_role("button", name="Remove it").click()
    await expect(page.get_by_text("The passkey is removed.")).to_be_visible()
    assert await passkeys.of_person(services.db, owner.person) == []
    await sign_out(page)
    await page.get_by_role("button", name="Sign in with a passkey").click()
    await expect(page.get_by_role("alert")).to_contain_text("is not known here")


@pytest.mark.parametrize(
    ("public_url", "base"),
    [
        (f"https://{NAME}:443", f"https://{NAME}"),
        (f"https://{NAME}:8443", f"https://{NAME}:8443"),
    ],
)
async def test_with_the_port_named(settings, make_owner, tmp_path, public_url, base):
    """Complaint 3: the default port, which browsers leave out, and another."""
    owner = await make_owner()
    async with opened(settings, tmp_path, public_url, base) as shop:
        page = await shop.page()
        await device(page)
        await by_password(page, shop.base, owner.email)
        await expect(page.get_by_role("heading", name="Home")).to_be_visible()
        await add(page, shop.base, owner.account, "Laptop")
        await expect(page.get_by_text("Laptop lets you in from now on.")).to_be_visible()
        await sign_out(page)
        await page.get_by_role("button", name="Sign in with a passkey").click()
        await expect(page.get_by_role("heading", name="Home")).to_be_visible()


async def test_what_the_browser_says_has_a_sentence(shop, services, make_owner):
    """Complaint 3: cancelled, too late, no device, another address."""
    owner = await make_owner()
    page = await shop.page()
    session, key = await device(page, isUserVerified=False)
    await by_password(page, shop.base, owner.email)
    await expect(page.get_by_role("heading", name="Home")).to_be_visible()
    told = page.get_by_role("alert")
    await add(page, shop.base, owner.account, "Cancelled")
    await expect(told).to_contain_text("it was cancelled")
    await axe_finds_nothing(page, through=session)
    await page.locator("#passkey").evaluate(
        "e => e.dataset.passkey = e.dataset.passkey.replace('120000', '400')"
    )
    await session.send("WebAuthn.setUserVerified", {"authenticatorId": key, "isUserVerified": True})
    await session.send(
        "WebAuthn.setAutomaticPresenceSimulation", {"authenticatorId": key, "enabled": False}
    )
    await page.get_by_role("button", name="Make the passkey").click()
    await expect(told).to_contain_text("Nothing came within two minutes")
    await session.send("WebAuthn.disable")
    await add(page, shop.base, owner.account, "Nowhere to keep it")
    await expect(told).to_contain_text("Nothing here can keep a passkey")
    assert await passkeys.of_person(services.db, owner.person) == []
    await page.locator("#passkey").evaluate(
        "e => e.dataset.passkey = e.dataset.passkey.replace('shop.test', 'other.test')"
    )
    await page.get_by_role("button", name="Make the passkey").click()
    await expect(told).to_contain_text(f"only at https://{NAME}")
    blind = await shop.browser.new_context(java_script_enabled=False)
    page = await blind.new_page()
    await page.goto(f"{shop.base}/sign-in")
    await expect(page.get_by_role("button", name="Sign in", exact=True)).to_be_visible()
    await expect(page.get_by_role("button", name="Sign in with a passkey")).to_be_hidden()


async def test_the_field_offers_it(shop, make_owner):
    """Who only comes to the page, with a browser that fills in, types and presses nothing."""
    owner = await make_owner()
    page = await shop.page(offers=True)
    await device(page)
    await by_password(page, shop.base, owner.email)
    await expect(page.get_by_role("heading", name="Home")).to_be_visible()
    await add(page, shop.base, owner.account, "Laptop")
    await expect(page.get_by_text("Laptop lets you in from now on.")).to_be_visible()
    await page.get_by_role("button", name="Sign out", exact=True).first.click()
    await expect(page.get_by_role("heading", name="Home")).to_be_visible()


@pytest.mark.parametrize(
    ("public_url", "base", "why"),
    [
        (f"http://{NAME}", f"http://{NAME}", "Passkeys need https"),
        ("http://127.0.0.1:{port}", "http://127.0.0.1:{port}", "Passkeys need a name"),
    ],
)
async def test_not_offered_at_plain_http_or_a_number(
    settings, make_owner, tmp_path, public_url, base, why
):
    """Complaint 3: one sentence says why."""
    owner = await make_owner()
    async with opened(settings, tmp_path, public_url.format(port=1), base, plain=True) as shop:
        page = await shop.page()
        await by_password(page, shop.base, owner.email)
        await expect(page.get_by_role("heading", name="Home")).to_be_visible()
        await page.goto(f"{shop.base}/a/{owner.account}/profile")
        card = page.locator("#passkeys")
        await expect(card).to_contain_text(why)
        await expect(card.get_by_role("link")).to_have_count(0)
        await axe_finds_nothing(page)
        gone = await page.goto(f"{shop.base}/a/{owner.account}/profile/passkeys/new")
        assert gone is not None and gone.status == 404
        other = await shop.page()
        await other.goto(f"{shop.base}/sign-in")
        await expect(other.get_by_role("button", name="Sign in with a passkey")).to_have_count(0)
