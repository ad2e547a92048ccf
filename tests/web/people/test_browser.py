"""The pages for signing in, in a real browser."""

from __future__ import annotations

import re

import msgspec
import pytest
from playwright.async_api import expect

from tearoff.accounts import beginning, jobs, members, people, sign_ins
from tearoff.accounts.members import NewMember
from tearoff.accounts.telling import ToldMail
from tearoff.kit import clock
from tearoff.kit.letters import as_html
from tearoff.kit.words import words_in
from tests.cast import open_shop
from tests.web.browsing import axe_finds_nothing, in_browser, no_cut_text, no_sideways_scroll
from tests.web.people.conftest import PASSWORD

pytestmark = in_browser


@pytest.mark.parametrize("language", ["en", "ar"])
async def test_every_page_is_fine(visit, services, make_owner, language):
    """At 320 px, with axe, and nothing asked of another host."""
    db, now = services.db, clock.now()
    owner, shop = await make_owner(), await open_shop(services, kind=None)
    async with db.transaction() as work:
        demo = await beginning.issue_demo_link(work, shop.account, now)
        place = await members.create_member(
            work, shop.account, NewMember(email=owner.email, role="editor")
        )
    later, closed = now + sign_ins.RESET_LIVES, await make_owner()
    await db.execute(
        "INSERT INTO single_sign_on (account_id, name, issuer, client_id, client_secret_sealed,"
        " secret_stored_at, scopes, role_claim, roles, is_only) VALUES ($1, 'Bean ID',"
        " 'https://login.example.com', 'x', '', now(), 'openid', '', '{}', true)", closed.account,
    )  # fmt: skip
    paths = [
        "/sign-in?next=/a/1", "/forgot", f"/demo/{demo}", f"/sso/{'a' * 49}",
        f"/begin/{await beginning.issue_link(db, shop.account, now)}",
        f"/owner/{await beginning.issue_reset(db, owner.account, None, now)}",
        "/password/" + await sign_ins.issue_ticket(
            db, "password", owner.account, member_id=owner.member, expires_at=later),
        "/password/" + await sign_ins.issue_ticket(
            db, "password", shop.account, member_id=place, expires_at=later),
        "/password/" + await sign_ins.issue_ticket(
            db, "password", closed.account, member_id=closed.member, expires_at=later),
    ]  # fmt: skip
    for path in paths:
        mark = "&" if "?" in path else "?"
        async with visit(f"{path}{mark}lang={language}", width=320, fine=(410,)) as page:
            await axe_finds_nothing(page)


async def test_signing_in_with_a_second_step(visit, make_owner, with_second_step, server):
    owner = await make_owner()
    app, _ = await with_second_step(owner.person)
    async with visit("/sign-in", width=320, fine=(422, 404)) as page:
        await page.get_by_label("E-mail address").fill(owner.email)
        await page.get_by_label("Password", exact=True).fill("not the right one")
        shown = page.get_by_role("button", name="Show the password")
        await shown.click()
        await expect(page.locator("#p")).to_have_attribute("type", "text")
        await page.get_by_role("button", name="Hide the password").click()
        await expect(page.locator("#p")).to_have_attribute("type", "password")
        await page.get_by_role("button", name="Sign in").click()
        await expect(page.get_by_role("alert")).to_contain_text("do not belong together")
        await expect(page.get_by_label("E-mail address")).to_have_value(owner.email)
        await axe_finds_nothing(page)
        await page.get_by_label("Password", exact=True).fill(PASSWORD)
        await page.locator("#p").press("Enter")
        await page.wait_for_url("**/sign-in/second-step")
        await axe_finds_nothing(page)
        await page.get_by_label("Code of your app").fill(app.now())
        await page.get_by_role("button", name="Sign in").click()
        await page.wait_for_url(re.compile(r"/a/\d+/"))
        await page.goto(f"{server.url}/sign-in/again")
        await axe_finds_nothing(page)


async def test_beginning_without_script(visit, services):
    """And without a button that would do nothing."""
    shop = await open_shop(services, kind=None)
    token = await beginning.issue_link(services.db, shop.account, clock.now())
    email = f"first.{shop.account}@example.com"
    async with visit(f"/begin/{token}", width=320, script=False, fine=(422, 404)) as page:
        await expect(page.get_by_role("button", name="Show the password")).to_be_hidden()
        await page.get_by_label("Your e-mail address").fill(email)
        await page.get_by_label("Password").fill("password123")
        await page.get_by_role("button", name="Begin").click()
        await expect(page.get_by_role("alert")).to_contain_text("easy to guess")
        await page.get_by_label("Password").fill(PASSWORD)
        await page.get_by_role("button", name="Begin").click()
        await page.wait_for_url(f"**/a/{shop.account}/first-steps")
    assert (await people.person_of_mail(services.db, email)).has_password


@pytest.mark.parametrize("language", ["en", "de", "ar"])
async def test_mails_are_read_on_a_phone(phone, services, language):
    """No word is broken, and a long link is."""
    words = words_in("people", language)
    for what in ("person.passkey_add", "second_step", "owner_reset"):
        job = ToldMail(what, "ann@example.com", "Ann", language, "Bean & Leaf")
        letter = msgspec.structs.replace(
            jobs._told_letter(services, job),
            button=words("Sign in"), url=f"https://coupons.example.com/password/{'a1' * 25}",
        )  # fmt: skip
        async with phone(width=320) as page:
            await page.set_content(as_html(letter))
            await no_cut_text(page)
            await no_sideways_scroll(page)


async def test_the_door_of_a_fresh_installation(visit, services):
    await services.db.execute("UPDATE people SET password_hash = NULL")
    async with visit("/", width=320) as page:
        await axe_finds_nothing(page)
