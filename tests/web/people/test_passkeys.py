"""Passkeys: what lets somebody in, and what does not, however it is forged or sent again."""

from __future__ import annotations

import asyncio
import html
import json
import re
from collections import Counter
from datetime import timedelta

import pytest

from tearoff.accounts import passkey_challenges, passkeys, people, sign_ins, tries
from tearoff.accounts.passkey_answers import PasskeyWrong, read_answer
from tearoff.accounts.passkey_sites import Site, WhyNot, site_of
from tearoff.kit import clock
from tests.accounts.told import told_mails
from tests.web.people.authenticator import USER_PRESENT, Authenticator, encode
from tests.web.people.conftest import PASSWORD, Visitor, problem_of


def question_of(page):
    """What the page's script would ask the browser."""
    return json.loads(html.unescape(re.search(r'data-passkey="([^"]*)"', page.text)[1]))


def hidden(page, form='id="passkey"'):
    """What the form sends beside the answer."""
    part = page.text[page.text.index(form) :].partition("</form>")[0]
    return {
        name: html.unescape(value)
        for name, value in re.findall(r'name="(t|next|handle|back)" value="([^"]*)"', part)
    }


async def answer(browser: Visitor, page, path, device, **changed):
    values = {**hidden(page), "answer": device.use(question_of(page), **changed)}
    return await browser.post(path, values)


async def sign_in(browser: Visitor, device, query="", **changed):
    page = await browser.get(f"/sign-in{query}")
    return await answer(browser, page, "/sign-in/passkey", device, **changed)


@pytest.fixture
def with_passkey(visitor):
    """Have somebody who has signed in make a passkey on the profile, as the page does."""

    async def make(owner, browser, device, name="My phone", **values):
        path = f"/a/{owner.account}/profile/passkeys"
        page = await browser.get(f"{path}/new")
        given = {**hidden(page), "name": name, "answer": device.make(question_of(page))}
        return await browser.post(path, {**given, **values})

    return make


@pytest.fixture
def somebody(visitor, make_owner, with_passkey):
    """Somebody with a password and a passkey, and the device that keeps it."""

    async def make(**more):
        owner, browser, device = await make_owner(**more), visitor(), Authenticator()
        await browser.sign_in(owner.email)
        assert (await with_passkey(owner, browser, device)).status == 303
        return owner, browser, device

    return make


async def test_a_passkey_alone_lets_in(somebody, visitor, services, with_second_step):
    """Also somebody who has no password, and somebody whose app is asked for after the password."""
    owner, _, device = await somebody()
    await with_second_step(owner.person)
    await services.db.execute("UPDATE people SET password_hash = NULL WHERE id = $1", owner.person)
    browser = visitor()
    done = await sign_in(browser, device, f"?next=/a/{owner.account}/send")
    assert (done.status, done.headers["location"]) == (303, f"/a/{owner.account}/send")
    who = await sign_ins.signed_in(services.db, browser.secret, clock.now())
    assert (who.person_id, who.only_account_id, who.has_passkey) == (owner.person, None, True)
    assert who.is_confirmed(clock.now())
    (kept,) = await passkeys.of_person(services.db, owner.person)
    assert (kept.name, kept.site) == ("My phone", "coupons.example.com")
    assert kept.last_used_at and kept.created_at <= kept.last_used_at
    told = await browser.get(f"/a/{owner.account}/profile")
    assert "come back only by a new link" not in told.text


async def test_what_a_device_learns_names_nobody(somebody, services):
    owner, browser, device = await somebody()
    page = await browser.get(f"/a/{owner.account}/profile/passkeys/new")
    asked = question_of(page)
    assert asked["rp"]["id"] == "coupons.example.com"
    assert asked["user"]["name"] == owner.email
    assert len(device.handle) == 32 and encode(device.handle) == asked["user"]["id"]
    assert [one["id"] for one in asked["excludeCredentials"]] == [encode(device.credential_id)]
    assert asked["excludeCredentials"][0]["transports"] == ["internal"]
    chosen = asked["authenticatorSelection"]
    assert (chosen["residentKey"], chosen["userVerification"]) == ("required", "required")
    at_the_door = question_of(await browser.get("/sign-in"))
    assert at_the_door["userVerification"] == "required"
    assert not at_the_door.get("allowCredentials")


async def test_an_answer_is_good_once(somebody, visitor):
    """Of many at once one counts, and none in another browser or after it."""
    *_, device = await somebody()
    browser = visitor()
    page = await browser.get("/sign-in")
    values = {**hidden(page), "answer": device.use(question_of(page))}
    stolen = visitor()
    await stolen.get("/sign-in")
    assert (await stolen.post("/sign-in/passkey", values)).status == 403
    values_there = {**hidden(await stolen.get("/sign-in")), "answer": values["answer"]}
    assert "too long, or was sent twice" in problem_of(
        await stolen.post("/sign-in/passkey", values_there)
    )
    done = await asyncio.gather(*(browser.post("/sign-in/passkey", values) for _ in range(4)))
    assert Counter(one.status for one in done) == {303: 1, 422: 3}
    again = await browser.post("/sign-in/passkey", values)
    assert (again.status, problem_of(again)) == (
        422, "That took too long, or was sent twice. Try again.",
    )  # fmt: skip


async def test_a_challenge_is_for_one_purpose_and_some_minutes(services):
    vault, now = services.vault, clock.now()
    made = passkey_challenges.make(vault, "sign-in:a:", now)
    passkey_challenges.check(vault, made, "sign-in:a:", now)
    late = now + passkey_challenges.LIVES + timedelta(seconds=1)
    changed = made[:20] + bytes([made[20] ^ 1]) + made[21:]
    for challenge, about, at in (
        (made, "again:a:", now), (made, "sign-in:b:", now), (made, "sign-in:a:", late),
        (made[:-1], "sign-in:a:", now), (changed, "sign-in:a:", now), (b"", "sign-in:a:", now),
    ):  # fmt: skip
        with pytest.raises(passkey_challenges.ChallengeOver):
            passkey_challenges.check(vault, challenge, about, at)
    await passkey_challenges.use(services.db, made)
    with pytest.raises(passkey_challenges.ChallengeOver):
        await passkey_challenges.use(services.db, made)
    await passkey_challenges.sweep(services.db, late + timedelta(hours=1))
    assert not await services.db.fetchval("SELECT count(*) FROM passkey_challenges")


async def test_each_cause_has_a_sentence_of_its_own(somebody, visitor, services):
    """Complaint 3: what is wrong is said, and nothing of it lets anybody in."""
    *_, device = await somebody()
    said = {}
    other = Authenticator(
        "https://coupons.example.com.evil.test", credential_id=device.credential_id, key=device.key
    )
    lazy = Authenticator(
        flags=USER_PRESENT, credential_id=device.credential_id, key=device.key, count=50
    )
    thief = Authenticator(credential_id=device.credential_id, handle=device.handle, count=90)
    stranger = Authenticator()
    for name, one, changed in (
        ("address", other, {}), ("lazy", lazy, {}), ("forged", thief, {}),
        ("unknown", stranger, {}), ("handle", device, {"userHandle": encode(b"x" * 32)}),
        ("data", device, {"authenticatorData": encode(b"x" * 37)}),
    ):  # fmt: skip
        browser = visitor()
        page = await sign_in(browser, one, **changed)
        said[name] = problem_of(page)
        assert (page.status, await browser.home()) == (422, "/sign-in"), name
        await services.db.execute("DELETE FROM tallies WHERE scope LIKE 'try%'")
    assert "Passkeys work only at https://coupons.example.com." in said["address"]
    assert "evil" not in said["address"]
    assert "PIN, a finger or a face" in said["lazy"]
    assert "is not known here" in said["unknown"]
    assert said["forged"] == said["handle"] == said["data"]
    assert said["forged"] == "The server could not verify this passkey."
    assert len({*said.values()}) == 4


@pytest.mark.parametrize("counts", [True, False])
async def test_a_count_that_goes_back_is_a_copy(somebody, visitor, services, counts):
    """Most passkeys do not count at all: zero each time is fine."""
    owner, _, device = await somebody()
    device.counts = counts
    for _ in range(2):
        assert (await sign_in(visitor(), device)).status == 303
    if counts:
        device.count -= 1  # the copy signs
        refused = await sign_in(visitor(), device)
        assert (refused.status, "as if there were a copy" in problem_of(refused)) == (422, True)
        device.counts = False
        device.count = 0
        assert (await sign_in(visitor(), device)).status == 422
    row = await services.db.fetchrow(
        "SELECT sign_count FROM passkeys WHERE person_id = $1", owner.person
    )
    assert row["sign_count"] == (2 if counts else 0)


async def test_odd_answers_are_refused_cheaply(visitor, services):
    browser = visitor()
    page = await browser.get("/sign-in")
    before = await services.db.fetchval("SELECT count(*) FROM tallies")
    deep = "[" * 4000
    for odd in ("", "{}", "null", deep, '{"id":"a","rawId":"a","type":"public-key","response":{}}',
                "x" * 9000, '{"id":1}', "\0", "\ud800"):  # fmt: skip
        values = {**hidden(page), "answer": odd.encode("utf-8", "replace").decode()}
        assert (await browser.post("/sign-in/passkey", values)).status == 422, odd[:40]
        with pytest.raises(PasskeyWrong):
            read_answer(odd)
    assert await services.db.fetchval("SELECT count(*) FROM tallies") == before
    foreign = await browser.post("/sign-in/passkey", hidden(page), sec_fetch_site="cross-site")
    assert foreign.status == 403


async def test_wrong_ones_are_counted(somebody, visitor):
    """As passwords are: from here even the right one waits then."""
    _, _, device = await somebody()
    thief = Authenticator(credential_id=device.credential_id, handle=device.handle)
    for _ in range(tries.TRIES):
        assert (await sign_in(visitor(), thief)).status == 422
    waits = await sign_in(visitor(), device)
    assert waits.status == 429 and int(waits.headers["retry-after"]) > 0


async def test_as_the_second_step_and_as_proof(somebody, visitor, services, with_second_step):
    owner, _, device = await somebody()
    stranger, _, theirs = await somebody()
    await with_second_step(owner.person)
    browser = visitor()
    await browser.sign_in(owner.email)
    page = await browser.get("/sign-in/second-step")
    allowed = [one["id"] for one in question_of(page)["allowCredentials"]]
    assert allowed == [encode(device.credential_id)]
    path = "/sign-in/second-step/passkey"
    refused = await answer(browser, page, path, theirs)
    assert (refused.status, "be somebody else" in problem_of(refused)) == (422, True)
    assert await browser.home() == "/sign-in"
    waiting = browser.secret
    assert (await answer(browser, page, path, device)).status == 303
    assert browser.secret != waiting
    assert await browser.home() == f"/a/{owner.account}/"
    await services.db.execute(
        "UPDATE sign_ins SET confirmed_at = now() - interval '1 hour' WHERE person_id = $1",
        owner.person,
    )
    profile = f"/a/{owner.account}/profile/passkeys/new"
    there = (await browser.get(profile)).headers["location"]
    assert there.startswith("/sign-in/again?next=")
    page = await browser.get(there)
    path = "/sign-in/again/passkey"
    assert (await answer(browser, page, path, theirs)).status == 422
    # What was asked for another purpose is no proof.
    at_the_door = device.use(question_of(await browser.get("/sign-in")))
    assert (await browser.post(path, {**hidden(page), "answer": at_the_door})).status == 422
    proven = await answer(browser, page, path, device)
    assert (proven.status, proven.headers["location"]) == (303, profile)
    assert (await browser.get(profile)).status == 200
    assert (await sign_ins.signed_in(services.db, browser.secret, clock.now())).person_id == (
        owner.person
    )
    assert stranger.person != owner.person


async def test_another_tenant_gains_nothing(somebody, visitor, services, with_passkey):
    """Whoever came by an account's link makes, sees and removes no passkey of the person's."""
    owner, _, device = await somebody()
    other = await somebody()
    token = await sign_ins.issue_ticket(
        services.db, "sso", owner.account, member_id=owner.member,
        expires_at=clock.now() + sign_ins.SSO_LIVES,
    )  # fmt: skip
    ticket = await sign_ins.use_ticket(services.db, token, "sso", clock.now())
    secret = await sign_ins.sign_in(services.db, ticket, clock.now(), is_trusted=True)
    guest = visitor()
    guest.cookies["__Host-tearoff_sign_in"] = secret
    base = f"/a/{owner.account}/profile"
    page = await guest.get(base)
    assert page.status == 200 and "My phone" not in page.text
    assert (await guest.get(f"{base}/passkeys/new")).status == 404
    assert not question_of(await guest.get("/sign-in/again")).get("allowCredentials")
    form_token = re.search(r'data-token="([^"]+)"', page.text)[1]
    (mine,) = await passkeys.of_person(services.db, owner.person)
    removing = f"{base}/passkeys/{mine.id}/remove"
    assert (await guest.post(removing, {"t": form_token})).status == 404
    _, theirs, _ = other
    their = f"/a/{other[0].account}/profile"
    token = re.search(r'data-token="([^"]+)"', (await theirs.get(their)).text)[1]
    await theirs.post(f"{their}/passkeys/{mine.id}/remove", {"t": token})
    assert len(await passkeys.of_person(services.db, owner.person)) == 1
    again = await with_passkey(other[0], theirs, device)
    assert again.status == 422 and "has a passkey for you here already" in again.text


async def test_made_named_listed_and_removed(somebody, visitor, services, with_passkey):
    owner, browser, device = await somebody()
    path = f"/a/{owner.account}/profile"
    other = Authenticator(flags=USER_PRESENT)
    for odd, device_of, told in (
        ("", Authenticator(), "A name of at most 60 characters."),
        ("x" * 61, Authenticator(), "A name of at most 60 characters."),
        ("Lazy", other, "did not ask for a PIN"),
        ("Elsewhere", Authenticator("https://evil.test"), "Passkeys work only at"),
        ("Twice", device, "has a passkey for you here already"),
    ):
        page = await with_passkey(owner, browser, device_of, odd)
        assert page.status == 422 and told in html.unescape(page.text), odd
    forged = await with_passkey(owner, browser, Authenticator(), "Else", handle="ab" * 32)
    assert forged.status == 422 and "took too long, or was sent twice" in forged.text
    assert (await with_passkey(owner, browser, Authenticator(), "<b>Key</b>")).status == 303
    page = await browser.get(path)
    assert "&lt;b&gt;Key&lt;/b&gt;" in page.text and "<b>Key" not in page.text
    first, second = await passkeys.of_person(services.db, owner.person)
    token = re.search(r'data-token="([^"]+)"', page.text)[1]
    signed_in_by_it = visitor()
    await sign_in(signed_in_by_it, device)
    assert (await browser.post(f"{path}/passkeys/{first.id}/remove", {"t": token})).status == 303
    assert (await signed_in_by_it.get(path)).status == 200  # its sign-ins go on
    refused = await sign_in(visitor(), device)
    assert (refused.status, "is not known here" in problem_of(refused)) == (422, True)
    verbs = await services.db.fetch(
        "SELECT verb, subject, after::text FROM audit_entries WHERE account_id = $1 ORDER BY id",
        owner.account,
    )
    assert [(row["verb"], row["subject"]) for row in verbs] == [
        ("person.passkey_add", str(owner.person)), ("person.passkey_add", str(owner.person)),
        ("person.passkey_remove", str(owner.person)),
    ]  # fmt: skip
    assert str(second.id) in verbs[1]["after"]


async def test_one_person_has_so_many(somebody, services, with_passkey):
    owner, browser, _ = await somebody()
    await services.db.execute(
        "INSERT INTO passkeys (person_id, credential_id, site, public_key, sign_count, user_handle,"
        " transports, name, created_at) SELECT person_id, credential_id || decode(to_hex(n + 16),"
        " 'hex'), site, public_key, 0, user_handle, '{}', name, now() FROM passkeys,"
        " generate_series(1, $2) n WHERE person_id = $1",
        owner.person, passkeys.MOST - 1,
    )  # fmt: skip
    full = await with_passkey(owner, browser, Authenticator())
    assert full.status == 422 and "as many passkeys as one person may" in full.text


async def test_asked_for_after_the_password(somebody, visitor, services):
    """Without an app: ten recovery codes are for a lost device, and the last passkey ends it."""
    owner, browser, device = await somebody()
    base = f"/a/{owner.account}/profile"
    token = re.search(r'data-token="([^"]+)"', (await browser.get(base)).text)[1]
    page = await browser.post(f"{base}/passkeys/step-on", {"t": token})
    codes = re.findall(r'<li class="code ltr">([a-z0-9-]+)</li>', page.text)
    assert (page.status, len(set(codes))) == (200, 10)
    assert "in place of the passkey" in page.text and "your app" not in page.text
    other = visitor()
    assert (await other.sign_in(owner.email)).headers["location"] == "/sign-in/second-step"
    page = await other.get("/sign-in/second-step")
    assert "Your passkey is asked for." in page.text and "six digits" not in page.text
    assert (await answer(other, page, "/sign-in/second-step/passkey", device)).status == 303
    lost = visitor()
    await lost.sign_in(owner.email)
    assert (await lost.send("/sign-in/second-step", code=codes[0])).status == 303
    assert (await people.person(services.db, owner.person)).recovery_left == 9
    again = await browser.post(f"{base}/passkeys/step-on", {"t": token})
    assert again.status == 303
    assert (await sign_in(visitor(), device)).status == 303  # alone it is both steps
    (kept,) = await passkeys.of_person(services.db, owner.person)
    await browser.post(f"{base}/passkeys/{kept.id}/remove", {"t": token})
    known = await people.person(services.db, owner.person)
    assert (known.is_asked_twice, known.recovery_left) == (False, 0)
    assert (await visitor().sign_in(owner.email)).headers["location"] == "/"


async def test_what_changes_about_them_is_told_by_mail(somebody, services, with_passkey):
    owner, browser, _ = await somebody()
    base = f"/a/{owner.account}/profile"
    token = re.search(r'data-token="([^"]+)"', (await browser.get(base)).text)[1]
    async with told_mails(services) as mails:
        assert (await with_passkey(owner, browser, Authenticator(), "")).status == 422
        assert await mails.verbs() == []
        await with_passkey(owner, browser, Authenticator(), "Key")
        for step in ("on", "off"):
            for _ in range(2):  # whoever taps twice is told once
                await browser.post(f"{base}/passkeys/step-{step}", {"t": token})
        kept, _ = await passkeys.of_person(services.db, owner.person)
        for _ in range(2):
            await browser.post(f"{base}/passkeys/{kept.id}/remove", {"t": token})
        told = await mails.read()
    assert [mail.what for mail in told] == [
        "person.passkey_add", "person.passkey_step_on", "person.passkey_step_off",
        "person.passkey_remove",
    ]  # fmt: skip
    assert {mail.to for mail in told} == {owner.email}


async def test_both_second_steps_and_one_taken_away(somebody, services, with_second_step):
    owner, *_ = await somebody()
    db, person = services.db, owner.person
    await with_second_step(person)
    assert await people.start_passkey_step(db, person) == []  # the codes that are there stay
    assert await people.start_passkey_step(db, person) is None
    await people.end_app_codes(db, person)
    known = await people.person(db, person)
    assert (known.has_second_step, known.has_passkey_step, known.recovery_left) == (False, True, 10)
    await people.end_passkey_step(db, person)
    known = await people.person(db, person)
    assert (known.is_asked_twice, known.recovery_left) == (False, 0)
    await with_second_step(person)
    await people.start_passkey_step(db, person)
    await people.end_passkey_step(db, person)
    assert (await people.person(db, person)).recovery_left == 10
    await people.start_passkey_step(db, person)
    await people.end_second_step(db, person)  # as `tearoff owner reset` does
    assert not (await people.person(db, person)).is_asked_twice
    nobody = await services.db.fetchval("SELECT max(id) + 1 FROM people")
    assert await people.start_passkey_step(db, nobody) is None


async def test_who_has_only_a_passkey_meets_no_dead_end(somebody, services):
    owner, browser, device = await somebody()
    await services.db.execute("UPDATE people SET password_hash = NULL WHERE id = $1", owner.person)
    await services.db.execute(
        "UPDATE sign_ins SET confirmed_at = now() - interval '1 hour' WHERE person_id = $1",
        owner.person,
    )
    page = await browser.get("/sign-in/again")
    assert "your passkey is asked for again" in page.text and "/forgot" in page.text
    assert 'name="password"' not in page.text
    done = await answer(browser, page, "/sign-in/again/passkey", device)
    assert done.status == 303
    profile = await browser.get(f"/a/{owner.account}/profile")
    assert "You have none yet." in profile.text
    assert "before you sign out, choose one" in profile.text


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("https://shop.test", Site("shop.test", "https://shop.test")),
        ("https://shop.test:443", Site("shop.test", "https://shop.test")),
        ("https://Shop.Test.:8443", Site("shop.test", "https://shop.test:8443")),
        ("https://bücher.test", Site("xn--bcher-kva.test", "https://xn--bcher-kva.test")),
        ("http://localhost:8000", Site("localhost", "http://localhost:8000")),
        ("http://localhost:80", Site("localhost", "http://localhost")),
        ("http://shop.test", WhyNot.PLAIN_HTTP),
        ("https://192.0.2.1", WhyNot.NUMBER),
        ("http://127.0.0.1:8000", WhyNot.NUMBER),
        ("https://[2001:db8::1]:443", WhyNot.NUMBER),
        ("https://", WhyNot.UNREADABLE),
        ("https://shop.test:no", WhyNot.UNREADABLE),
        ("shop.test", WhyNot.UNREADABLE),
    ],
)
def test_the_address_as_browsers_write_it(address, expected):
    """Complaint 3: with its default port or without, and never the machine's number."""
    assert site_of(address) == expected


async def test_the_page_has_words_of_its_own_for_what_the_browser_says(visitor):
    page = await visitor().get("/sign-in")
    words = json.loads(html.unescape(re.search(r'data-words="([^"]*)"', page.text)[1]))
    assert len({*words.values()}) == len(words) == 7
    assert 'autocomplete="username webauthn"' in page.text
    assert PASSWORD not in page.text
