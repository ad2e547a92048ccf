"""Team: what its pages show and refuse, and that what is taken away is gone at the next request."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect

from tearoff.accounts import people, sign_ins
from tearoff.accounts.passwords import hash_password
from tearoff.accounts.rights import GRANTS, has
from tearoff.accounts.sign_ins import NOWHERE
from tearoff.kit import clock
from tearoff.web.dashboard.role_words import RIGHT_WORDS
from tearoff.web.dashboard.routes import SCREENS
from tests.web.browsing import axe_finds_nothing, in_browser
from tests.web.dashboard.conftest import text_of
from tests.web.dashboard.test_rights import path_of

PASSWORD = "seven purple umbrellas"


@pytest.fixture
def person_of(services):
    async def person_of(person) -> tuple[int, int]:
        """Their ids as a member and as a person."""
        row = await services.db.fetchrow(
            "SELECT id, person_id FROM members WHERE account_id = $1 AND email LIKE $2",
            person.shop.account, f"{person.role}.%",
        )  # fmt: skip
        return row["id"], row["person_id"]

    return person_of


def link_in(page) -> str:
    return re.search(r'value="https://coupons\.example\.com(/password/\w{49})"', page.text)[1]


async def invited(person, email, role="staff", once="a", **more):
    values = {"email": email, "role": role, "once": once, **more}
    return await person.post("/team/new", values)


class TestInviting:
    async def test_the_link_is_shown_once(self, sign_in, shop):
        person = await sign_in(shop)
        made = await invited(person, "Sam@Example.com", first_name="Sam")
        assert made.status == 200 and "Sam is invited" in text_of(made)
        assert "This server sends no mail" in text_of(made)
        link = link_in(made)
        again = await invited(person, "Sam@Example.com", first_name="Sam")
        assert again.status == 303 and link not in again.text
        page = await person.get("/team")
        assert "sam@example.com" in page.text and "No mail was sent" in text_of(page)
        assert link not in page.text

    async def test_each_case_is_told(self, sign_in, shop, other_shop):
        """Complaint 32: invited already, in the team already, known elsewhere, other letters."""
        person, there = await sign_in(shop), await sign_in(other_shop)
        mine = text_of(await person.get("/profile"))
        own = re.search(r"owner\.[\d.]+@example\.com", mine)[0]
        theirs = re.search(r"owner\.[\d.]+@example\.com", text_of(await there.get("/profile")))[0]
        assert (await invited(person, "twice@example.com", once="1")).status == 200
        for email, told in (
            ("TWICE@example.com", "is invited already"),
            (own.upper(), "is in the team already"),
            ("nobody", "Email address is not valid"),
            ("", "Email address is not valid"),
        ):
            page = await invited(person, email, once=email or "x")
            assert page.status == 422 and told in text_of(page), email
        known = await invited(person, theirs.title(), once="2")
        new = await invited(person, "new@example.com", once="3")
        assert known.status == new.status == 200
        same = [re.sub(r"\S+@example\.com", "", text_of(page)) for page in (known, new)]
        assert same[0] == same[1], "whoever invites learns who signs in elsewhere"

    async def test_a_manager_is_offered_no_owners(self, sign_in, shop):
        person = await sign_in(shop, "manager")
        page = await person.get("/team/new")
        assert 'value="owner"' not in page.text and 'value="manager"' in page.text
        refused = await invited(person, "o@example.com", "owner")
        assert refused.status == 422 and text_of(refused).count("Only an owner") == 1

    async def test_a_manager_is_told_once_that_an_owner_is_not_theirs(
        self, sign_in, shop, person_of
    ):
        member, _ = await person_of(await sign_in(shop))
        person = await sign_in(shop, "manager")
        refused = await person.post(f"/team/{member}", {"role": "staff"})
        assert refused.status == 422
        assert text_of(refused).count("Only an owner makes somebody") == 1
        page = text_of(await person.get(f"/team/{member}"))
        assert page.count("Only an owner makes somebody") == 1


class TestOne:
    async def test_the_last_owner_is_told_what_comes_first(self, sign_in, shop, person_of):
        """Complaint 33."""
        person = await sign_in(shop)
        member, _ = await person_of(person)
        for path, values in (
            (f"/team/{member}", {"role": "staff"}),
            (f"/team/{member}/remove", {"sure": "1"}),
        ):
            page = await person.post(path, values)
            assert page.status == 422 and "Make somebody else an owner first" in text_of(page)
        page = await person.post("/profile/leave", {"sure": "1"})
        assert page.status == 409 and "Make somebody else an owner first" in text_of(page)
        assert (await person.get("/team")).status == 200

    async def test_invitation_renewed_and_withdrawn(self, sign_in, shop, services):
        person = await sign_in(shop)
        first = link_in(await invited(person, "re@example.com"))
        member = await services.db.fetchval(
            "SELECT id FROM members WHERE account_id = $1 AND email = 're@example.com'",
            shop.account,
        )
        page = text_of(await person.get(f"/team/{member}"))
        assert "Make a new link Withdraw" in page, "there is no mail that could send it"
        second = link_in(await person.post(f"/team/{member}/invitation", {"once": "b"}))
        assert first != second
        async with person.http.get(person.url + first) as answer:
            assert answer.status == 410
        async with person.http.get(person.url + second) as answer:
            assert answer.status == 200
            text = await answer.text()
            assert "Owner invites you to Bean &amp; Leaf." in text
            assert "Your role there: Staff." in text
        done = await person.post(f"/team/{member}/withdraw", {})
        assert done.status == 303
        async with person.http.get(person.url + second) as answer:
            assert answer.status == 410
        assert (await person.get(f"/team/{member}")).status == 404

    async def test_a_second_step_is_taken_away(self, sign_in, shop, services, person_of):
        """Complaint 4: by an owner, after a question; in the audit log; signs them out."""
        owner, manager = await sign_in(shop), await sign_in(shop, "manager")
        member, person = await person_of(manager)
        await services.db.execute(
            "UPDATE people SET totp_secret_sealed = 'x' WHERE id = $1", person
        )
        path = f"/team/{member}/second-step"
        refused = await manager.post(path, {"sure": "1"})
        assert refused.status == 422
        asked = await owner.post(path, {})
        assert "Ask them yourself that it is them" in text_of(asked)
        assert (await manager.get("/team")).status == 200
        done = await owner.post(path, {"sure": "1"})
        assert done.status == 303
        assert (await manager.get("/team")).status == 303
        row = await services.db.fetchrow(
            "SELECT subject, actor_kind FROM audit_entries WHERE account_id = $1"
            " AND verb = 'member.second_step'", shop.account,
        )  # fmt: skip
        assert tuple(row) == (str(member), "person")

    async def test_the_log_names_nobody(self, sign_in, shop, services):
        person = await sign_in(shop)
        link = link_in(await invited(person, "bob@example.com", first_name="Bob"))
        rows = await services.db.fetch(
            "SELECT row_to_json(a)::text AS row FROM audit_entries a WHERE account_id = $1",
            shop.account,
        )
        text = " ".join(row["row"] for row in rows)
        assert "member.invite" in text and '"role": "staff"' in text
        assert "bob" not in text.lower() and link[-20:] not in text


async def test_what_is_taken_away_is_gone_at_the_next_request(sign_in, shop, person_of, services):
    """Complaint 34: a page, a part of one that asks for news of itself, and a form."""
    owner, other = await sign_in(shop), await sign_in(shop, "manager")
    member, _ = await person_of(other)
    token = await other.token_of("/team")
    invited_one = await invited(other, "poll@example.com")
    waiting = await services.db.fetchval(
        "SELECT id FROM members WHERE account_id = $1 AND email = 'poll@example.com'", shop.account
    )
    assert invited_one.status == 200
    poll = {"hx_request": "true"}
    assert (await other.get(f"/team/{waiting}", **poll)).status == 200
    assert (await owner.post(f"/team/{member}", {"role": "sender"})).status == 303
    assert (await other.get("/team")).status == 403
    assert (await other.get(f"/team/{waiting}", **poll)).status == 403
    form = {"email": "evil@example.com", "role": "manager", "once": "x"}
    assert (await other.post("/team/new", form, token=token)).status == 403
    assert (await other.get("/campaigns")).status == 200
    row = await services.db.fetchrow(
        "SELECT before::text, after::text FROM audit_entries WHERE account_id = $1"
        " AND verb = 'member.change'", shop.account,
    )  # fmt: skip
    assert tuple(row) == ('{"role": "manager"}', '{"role": "sender"}')
    assert (await owner.post(f"/team/{member}/remove", {"sure": "1"})).status == 303
    gone = await other.get("/campaigns", **poll)
    assert gone.headers["hx-redirect"].startswith("/sign-in")
    assert (await other.get("/campaigns")).status == 303


async def test_leaving(sign_in, shop):
    staff = await sign_in(shop, "staff")
    asked = await staff.post("/profile/leave", {}, page="/profile")
    assert "Leave Bean & Leaf?" in text_of(asked)
    done = await staff.post("/profile/leave", {"sure": "1"}, page="/profile")
    assert (done.status, done.headers["location"]) == (303, "/")
    assert (await staff.get("/profile")).status == 303


async def test_the_table_is_the_table_of_rights(sign_in, shop):
    assert set(RIGHT_WORDS) == set(GRANTS)
    page = await (await sign_in(shop)).get("/team")
    rows = re.findall(r"<tr><td>([^<]+)</td>(.*?)</tr>", page.text, re.S)
    may = {what: re.findall(r'data-label="(\w+)"(?! class="not")', cells) for what, cells in rows}
    for right, grant in GRANTS.items():
        assert [name.lower() for name in may[RIGHT_WORDS[right]]] == list(grant.roles)


class TestInABrowser:
    pytestmark = in_browser

    async def test_a_removed_colleague_sits_before_an_open_page(
        self, visit, sign_in, shop, person_of
    ):
        """Complaint 34, with a real page that stands open."""
        owner, other = await sign_in(shop), await sign_in(shop, "manager")
        member, _ = await person_of(other)
        async with visit(
            other.address("/campaigns"), width=1366, cookies=[other.cookie], fine=[403]
        ) as page:
            await owner.post(f"/team/{member}", {"role": "staff"})
            await page.get_by_label("Search campaigns").fill("coffee")
            await expect(page.get_by_role("heading", name="Your role does not")).to_have_count(0)
            await page.get_by_role("link", name="Campaigns").first.click()
            await expect(page.get_by_role("heading")).to_have_text("Your role does not allow this")
            await owner.post(f"/team/{member}/remove", {"sure": "1"})
            await page.goto(other.url + other.address("/profile"))
            await expect(page).to_have_url(re.compile("/sign-in"))

    async def test_from_an_invitation_to_what_staff_may(
        self, visit, phone, guarded, sign_in, shop, services
    ):
        """A teammate is invited as staff by the link, chooses a password, signs in, and reaches
        nothing that staff may not."""
        owner, email = await sign_in(shop), f"sam.{shop.account}@example.com"
        async with visit(owner.address("/team"), width=1366, cookies=[owner.cookie]) as page:
            await page.get_by_role("link", name="Invite somebody").click()
            await page.get_by_label("E-mail").fill(email)
            await page.get_by_label("First name").fill("Sam")
            await page.get_by_role("button", name="Invite", exact=True).click()
            link = await page.get_by_label("Link of the invitation").input_value()
            await axe_finds_nothing(page)
        local = owner.url + link.removeprefix("https://coupons.example.com")
        async with phone() as page, guarded(page, [403, 404]):
            await page.goto(local)
            await expect(page.get_by_text("Owner invites you to Bean & Leaf.")).to_be_visible()
            await expect(page.get_by_text("Your role there: Staff.")).to_be_visible()
            await axe_finds_nothing(page)
            await page.get_by_label("Password", exact=True).fill(PASSWORD)
            await page.get_by_label("The same once more").fill(PASSWORD)
            await page.get_by_role("button", name="Save the password").click()
            await page.get_by_role("link", name="Sign in").click()
            await page.get_by_label("E-mail").fill(email)
            await page.get_by_label("Password", exact=True).fill(PASSWORD)
            await page.get_by_role("button", name="Sign in").click()
            await expect(page).to_have_url(re.compile(rf"/a/{shop.account}"))
            for screen in [s for s in SCREENS if s.method == "GET"]:
                answer = await page.request.get(
                    f"{owner.url}/a/{shop.account}{path_of(screen)}", max_redirects=0
                )
                is_theirs = screen.right is None or has("staff", screen.right)
                assert (answer.status != 403) == is_theirs, screen.path
            menu = await page.locator("nav.phone-menu li").all_inner_texts()
            assert menu == []
        async with visit(owner.address("/team"), width=1366, cookies=[owner.cookie]) as page:
            row = page.get_by_role("row", name=re.compile("Sam"))
            await expect(row).to_contain_text("Staff")
            await expect(row).not_to_contain_text("No mail was sent")


async def test_a_new_password_ends_all_other_windows(sign_in, shop, services, person_of):
    """Complaint 34."""
    person = await sign_in(shop)
    _, person_id = await person_of(person)
    hashed, db, now = await hash_password(PASSWORD, []), services.db, clock.now()
    await db.execute("UPDATE people SET password_hash = $2 WHERE id = $1", person_id, hashed)
    secrets = [
        await sign_ins.sign_in_person(db, person_id, now, NOWHERE, second_step_due=False)
        for _ in range(2)
    ]
    who = await sign_ins.signed_in(db, secrets[0], now)
    await people.change_password(db, who, "nine orange telescopes", now)
    assert await sign_ins.signed_in(db, secrets[0], now)
    assert await sign_ins.signed_in(db, secrets[1], now) is None
    assert (await person.get("/team")).status == 303
