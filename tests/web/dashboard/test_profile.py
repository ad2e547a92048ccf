"""What is one's own: name, language, password, second step, and where one is signed in."""

import re

import pyotp
import pytest

from tearoff.accounts import members, people, sign_ins
from tearoff.accounts.passwords import LONGEST, SHORTEST, hash_password
from tearoff.accounts.sign_ins import From
from tearoff.kit import clock
from tearoff.kit.words import words_in
from tests.accounts.told import told_mails
from tests.web.browsing import axe_finds_nothing, in_browser
from tests.web.dashboard.conftest import Person, text_of

PASSWORD = "seven purple umbrellas"
OTHER = "nine orange telescopes"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0"


@pytest.fixture
def by_password(shop, sign_in, services):
    """Somebody who came by their own password, as `await by_password(role)`; `again` is another
    sign-in of the same person."""

    async def make(role="owner", again: Person | None = None, agent: str = FIREFOX):
        person = again or await sign_in(shop, role)
        person_id = await services.db.fetchval(
            "SELECT person_id FROM sign_ins WHERE token_sha256 = $1",
            sign_ins._hash(person.secret),
        )
        if again is None:
            hashed = await hash_password(PASSWORD, [])
            await services.db.execute(
                "UPDATE people SET password_hash = $2 WHERE id = $1", person_id, hashed
            )
            await services.db.execute(
                "UPDATE members SET accepted_at = now() WHERE person_id = $1", person_id
            )
            await services.db.execute("DELETE FROM sign_ins WHERE person_id = $1", person_id)
        secret = await sign_ins.sign_in_person(
            services.db, person_id, clock.now(), From("198.51.100.7", agent),
            second_step_due=False,
        )  # fmt: skip
        made = Person(shop, role, secret, person.http, person.url)
        made.person_id = person_id
        return made

    return make


async def test_the_page_is_in_the_new_language_at_once(by_password, services):
    person = await by_password()
    done = await person.post(
        "/profile", {"first_name": "Zoë", "last_name": "O'Neil", "language": "en"}
    )
    assert done.status == 303
    page = await person.get("/profile")
    assert "Zoë" in text_of(page)
    wrong = await person.post("/profile", {"language": "xx", "first_name": "x" * 200})
    assert (wrong.status, "At most 100 characters." in text_of(wrong)) == (422, True)
    await services.db.execute("UPDATE people SET language = 'ar' WHERE id = $1", person.person_id)
    assert (await person.get("/profile")).status == 200


async def test_a_changed_password_ends_all_other_sign_ins_at_their_next_request(by_password):
    """Complaint 34. A request of a script too."""
    person = await by_password()
    other = await by_password(again=person)
    assert (await other.get()).status == 200
    wrong = await person.post(
        "/profile/password", {"current_password": "wrong", "new_password": OTHER}
    )
    assert (wrong.status, "That is not your password." in text_of(wrong)) == (422, True)
    weak = await person.post(
        "/profile/password", {"current_password": PASSWORD, "new_password": "password1"}
    )
    assert (weak.status, "easy to guess" in text_of(weak)) == (422, True)
    assert PASSWORD not in weak.text
    assert (await other.get()).status == 200
    done = await person.post(
        "/profile/password", {"current_password": PASSWORD, "new_password": OTHER}
    )
    assert done.status == 303
    assert (await person.get()).status == 200
    assert (await other.get()).headers["location"].startswith("/sign-in")
    poll = await other.get(hx_request="true")
    assert poll.headers["hx-redirect"].startswith("/sign-in")


async def test_who_is_removed_or_narrowed_is_refused_at_the_next_request(by_password, services):
    """Complaint 34."""
    person = await by_password("manager")
    assert (await person.get("/settings")).status == 200
    await services.db.execute(
        "UPDATE members SET role = 'reader' WHERE person_id = $1", person.person_id
    )
    assert (await person.get("/settings")).status == 403
    assert (await person.post("/settings", {"name": "Mine"}, page="/profile")).status == 403
    assert (await person.get()).status == 200
    async with services.db.transaction() as db:
        member_id = await db.fetchval(
            "SELECT id FROM members WHERE person_id = $1", person.person_id
        )
        await members.remove_member(db, person.shop.account, member_id, clock.now())
    assert (await person.get()).headers["location"].startswith("/sign-in")


async def test_guesses_of_the_current_password_are_slowed(by_password):
    person = await by_password()
    values = {"current_password": "wrong", "new_password": OTHER}
    answers = [await person.post("/profile/password", values) for _ in range(6)]
    assert [answer.status for answer in answers] == [422] * 5 + [429]
    assert int(answers[-1].headers["retry-after"]) > 0


async def begun(person):
    assert (await person.post("/profile/second-step/start", {}, page="/profile")).status == 303
    page = await person.get("/profile/second-step")
    return re.search(r'id="secret"[^>]*value="([A-Z2-7 ]+)"', page.text)[1].replace(" ", "")


async def test_what_is_wrong_with_a_password_is_said_in_the_language_of_the_page(
    by_password, services
):
    person = await by_password()
    await services.db.execute("UPDATE people SET language = 'nl' WHERE id = $1", person.person_id)
    words = words_in("people", "nl")
    for password, told in (
        ("kort", words("Use {least} to {most} characters.", least=SHORTEST, most=LONGEST)),
        ("password1", words("That is easy to guess. Use a few words that do not belong together, "
                            "and neither your name nor your e-mail address.")),
    ):  # fmt: skip
        given = {"current_password": PASSWORD, "new_password": password}
        assert told in text_of(await person.post("/profile/password", given))


async def test_a_form_that_is_too_long_is_called_so(by_password):
    """And not too old: sending it again would not help."""
    person = await by_password()
    answer = await person.post("/profile", {"first_name": "x" * 600_000})
    assert (answer.status, "too much for one form" in answer.text) == (413, True)


def mark_of(page):
    """What says for which recovery codes others are asked."""
    return re.search(r'name="mark" value="([^"]+)"', page.text)[1]


async def test_what_changes_a_way_in_is_told_by_mail(by_password, services):
    """It may have been somebody else who did it."""
    person, given = await by_password(), {"current_password": PASSWORD, "new_password": OTHER}
    secret = await begun(person)
    async with told_mails(services) as mails:
        await person.post("/profile/second-step", {"code": "000000"})
        assert await mails.verbs() == []
        await person.post("/profile/second-step", {"code": pyotp.TOTP(secret).now()})
        mark = {"mark": mark_of(await person.get("/profile"))}
        for _ in range(2):  # whoever taps twice is told once
            await person.post("/profile/second-step/codes", mark)
        for _ in range(2):
            await person.post("/profile/second-step/off", {})
        await person.post("/profile/password", given | {"current_password": "wrong"})
        await person.post("/profile/password", given)
        assert await mails.verbs() == [
            "person.second_step_on", "person.recovery_codes", "person.second_step_off",
            "person.password",
        ]  # fmt: skip


async def test_the_second_step_is_switched_on_renewed_and_off(by_password, services):
    person = await by_password()
    secret = await begun(person)
    wrong = await person.post("/profile/second-step", {"code": "000000"})
    assert wrong.status == 422
    page = await person.post("/profile/second-step", {"code": pyotp.TOTP(secret).now()})
    codes = re.findall(r'<li class="code ltr">([a-z0-9-]+)</li>', page.text)
    assert (page.status, len(set(codes))) == (200, 10)
    known = await people.person(services.db, person.person_id)
    assert (known.has_second_step, known.recovery_left) == (True, 10)
    told = await person.get("/profile")
    assert codes[0] not in told.text
    assert secret not in told.text
    assert (await person.get("/profile/second-step")).status == 303
    renewed = await person.post("/profile/second-step/codes", {"mark": mark_of(told)})
    assert not set(re.findall(r'<li class="code ltr">([a-z0-9-]+)</li>', renewed.text)) & set(codes)
    assert (await person.post("/profile/second-step/off", {})).status == 303
    assert not (await people.person(services.db, person.person_id)).has_second_step
    verbs = await services.db.fetch(
        "SELECT verb FROM audit_entries WHERE account_id = $1 ORDER BY id", person.shop.account
    )
    assert [row["verb"] for row in verbs] == [
        "person.second_step_on", "person.recovery_codes", "person.second_step_off"
    ]  # fmt: skip


async def test_the_second_step_asks_who_it_is_first(by_password, services):
    person = await by_password()
    await services.db.execute(
        "UPDATE sign_ins SET confirmed_at = now() - interval '1 hour' WHERE person_id = $1",
        person.person_id,
    )
    for path in ("start", "codes", "off", ""):
        answer = await person.post(f"/profile/second-step/{path}".rstrip("/"), {}, page="/profile")
        assert answer.headers["location"].startswith("/sign-in/again?next=%2Fa%2F"), path


async def test_other_browsers_are_named_and_signed_out(by_password):
    person = await by_password()
    evil = await by_password(again=person, agent='<script>alert(1)</script>"><img src=x>')
    phone = await by_password(
        again=person,
        agent="Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac"
        " OS X) AppleWebKit/605.1.15 Version/17.5 Mobile/15E148 Safari/604.1",
    )
    page = await person.get("/profile")
    told = text_of(page)
    assert "Firefox on Linux This one" in told
    assert "Mobile Safari on iOS" in told
    assert "198.51.100.7" in told
    assert "<script>alert" not in page.text
    ids = re.findall(r"/profile/sign-ins/(\d+)/end", page.text)
    assert len(ids) == 2
    stranger = await by_password()
    await stranger.post(f"/profile/sign-ins/{ids[0]}/end", {})
    assert [(await one.get()).status for one in (phone, evil)] == [200, 200]
    await person.post(f"/profile/sign-ins/{ids[0]}/end", {})
    assert sorted([(await one.get()).status for one in (phone, evil)]) == [200, 303]
    await person.post("/profile/sign-ins/end-others", {})
    assert [(await one.get()).status for one in (phone, evil)] == [303, 303]
    assert (await person.get()).status == 200


async def test_by_an_accounts_link_nothing_of_the_persons_own_is_seen(shop, sign_in, by_password):
    person = await sign_in(shop)
    page = await person.get("/profile")
    assert "You came by a link of" in text_of(page)
    assert "Where you are signed in" not in text_of(page)
    for path in ("/second-step/start", "/second-step/off", "/second-step/codes"):
        assert (await person.post(f"/profile{path}", {}, page="/profile")).status == 404
    answer = await person.post("/profile/password", {"new_password": OTHER})
    assert answer.status == 303


@pytest.mark.parametrize("width", [320, 1366])
class TestInABrowser:
    pytestmark = in_browser

    async def test_profile_and_second_step(self, visit, by_password, width):
        person = await by_password()
        await by_password(again=person)
        path = person.address("/profile")
        async with visit(path, width=width, cookies=[person.cookie]) as page:
            await axe_finds_nothing(page)
            await page.get_by_role("button", name="Switch it on").click()
            secret = await page.get_by_label("Secret").input_value()
            await axe_finds_nothing(page)
            code = pyotp.TOTP(secret.replace(" ", "")).now()
            await page.get_by_label("Type the six digits").fill(code)
            await page.get_by_role("button", name="Switch it on").click()
            await page.get_by_role("heading", name="Codes for when you lose").wait_for()
            await axe_finds_nothing(page)
