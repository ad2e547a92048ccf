"""Signing in: what lets somebody in, and what does not, however it is tried."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta

import pytest

from tearoff.accounts import passwords, people, sign_ins, tries
from tearoff.kit import clock
from tearoff.web.paper.signed_forms import make_form_token
from tearoff.web.people.page import local_next
from tests.web.people.conftest import PASSWORD, problem_of

WRONG = "E-mail address and password do not belong together."


async def test_in_and_out(visitor, make_owner, services):
    owner, browser = await make_owner(), visitor()
    assert (await browser.get(f"/sign-in?next=/a/{owner.account}/send")).status == 200
    done = await browser.sign_in(owner.email.upper(), query=f"?next=/a/{owner.account}/send?to=x")
    assert (done.status, done.headers["location"]) == (303, f"/a/{owner.account}/send?to=x")
    cookie = next(c for c in done.headers.getall("set-cookie") if "tearoff_sign_in" in c)
    assert cookie.startswith("__Host-") and {"HttpOnly", "SameSite=Lax", "Secure"} <= set(
        cookie.split("; ")
    )
    assert await browser.home() == f"/a/{owner.account}/"
    who = await sign_ins.signed_in(services.db, browser.secret, clock.now())
    assert (who.person_id, who.only_account_id) == (owner.person, None)
    assert who.is_confirmed(clock.now()) and not who.has_second_step
    assert [m.account_id for m in who.memberships] == [owner.account]
    (row,) = await people.sign_ins_of(services.db, owner.person, clock.now())
    assert row.address == "127.0.0.1" and "Python" in row.user_agent
    source = sign_ins.From("192.0.2.1", "<b>\x1b[31m" + "x" * 999)
    await sign_ins.sign_in_person(
        services.db, owner.person, clock.now(), source, second_step_due=False
    )
    (newer, _) = await people.sign_ins_of(services.db, owner.person, clock.now())
    assert newer.user_agent == ("<b>[31m" + "x" * 999)[:200]
    refused = await browser.post("/sign-out", {"t": "x"})
    assert refused.status == 403
    token = make_form_token(services, browser.secret)
    assert (await browser.post("/sign-out", {"t": token})).status == 303
    assert await browser.home() == "/sign-in"


async def test_wrong_and_unknown_are_told_and_cost_the_same(visitor, make_owner, services):
    owner, browser = await make_owner(), visitor()
    without = await make_owner(owner.account, password=False)
    told = set()
    for email in (owner.email, "nobody@example.com", without.email, "no address", "\0@x"):
        page = await browser.sign_in(email, "another password")
        told.add((page.status, problem_of(page)))
    assert told == {(422, WRONG)}


@pytest.mark.parametrize("who", ["nobody", "without", "with"])
async def test_everybody_goes_through_the_hasher(services, make_owner, who, monkeypatch):
    owner = await make_owner(password=who == "with")
    seen = []
    verify = passwords._verify
    monkeypatch.setattr(
        passwords, "_verify", lambda hashed, given: (seen.append(given), verify(hashed, given))[1]
    )
    person = None if who == "nobody" else owner.person
    right = await people.check_password(services.db, person, PASSWORD, "n")
    assert right == (who == "with") and seen == [PASSWORD]
    assert not await passwords.is_password(passwords._nobodys(), "x" * 201, "n")


async def test_many_at_once_have_five_tries(visitor, make_owner):
    owner, browsers = await make_owner(), [visitor() for _ in range(12)]
    done = await asyncio.gather(*(one.sign_in(owner.email, "wrong " * 3) for one in browsers))
    assert Counter(page.status for page in done) == {422: tries.TRIES, 429: 12 - tries.TRIES}
    refused = next(page for page in done if page.status == 429)
    assert 0 < int(refused.headers["retry-after"]) <= 300
    assert "Try again in 5 minutes." in problem_of(refused)
    # From here even the right one waits; another person does not.
    assert (await browsers[0].sign_in(owner.email)).status == 429
    assert (await browsers[0].sign_in((await make_owner(owner.account)).email)).status == 303


async def test_a_right_password_from_elsewhere_passes(services, make_owner):
    owner, now = await make_owner(), clock.now()
    for n in range(tries.TRIES + 1):
        tried = tries.of("password", owner.email, "203.0.113.9")
        if n < tries.TRIES:
            await tries.count(services.db, tried, now)
            continue
        with pytest.raises(tries.TooManyTries):
            await tries.count(services.db, tried, now)
    elsewhere = tries.of("password", owner.email, "198.51.100.7")
    await tries.count(services.db, elsewhere, now)
    await tries.forgive(services.db, elsewhere, now)
    later = now + tries.WINDOW
    await tries.count(services.db, tries.of("password", owner.email, "203.0.113.9"), later)


async def test_a_network_has_an_end_of_tries(services):
    now = clock.now()
    for n in range(tries.NETWORK_TRIES):
        await tries.count(services.db, tries.of("password", f"{n}@x.example", "192.0.2.1"), now)
    new = tries.of("password", "new@x.example", "192.0.2.9")
    with pytest.raises(tries.TooManyTries):
        await tries.count(services.db, new, now)
    # One that was not looked at, or was right, makes room for another.
    await tries.give_back(services.db, tries.of("password", "1@x.example", "192.0.2.1"), now)
    await tries.count(services.db, new, now)


# where it leads ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "given",
    ["//evil.example", "https://evil.example", "/\\evil.example", "\\\\evil", "/a/../v3", "/a/..",
     "/a/./x", "/a//evil.example", "/a/%2e%2e/x", "/a/%5cevil", "/a/x\r\nSet-Cookie: a=b", "/b/x",
     "/a", "a/1", " /a/1", "/a/1#x", "javascript:alert(1)", "/a/1?x=https://e\\",
     "/a/" + "x" * 600],
)  # fmt: skip
async def test_no_other_host_is_led_to(visitor, make_owner, given):
    assert local_next(given) == ""
    owner, browser = await make_owner(), visitor()
    token = (await browser.get("/sign-in")).token
    form = {"t": token, "email": owner.email, "password": PASSWORD, "next": given}
    assert (await browser.post("/sign-in", form)).headers["location"] == "/"


async def test_a_secret_from_before_is_over(visitor, make_owner, services):
    """Whoever puts a sign-in into somebody's browser does not share what comes then."""
    owner, browser = await make_owner(), visitor()
    other = await make_owner(owner.account)
    await browser.sign_in(other.email)
    planted = browser.secret
    await browser.sign_in(owner.email)
    assert browser.secret != planted
    assert await sign_ins.signed_in(services.db, planted, clock.now()) is None
    who = await sign_ins.signed_in(services.db, browser.secret, clock.now())
    assert who.person_id == owner.person


async def test_it_ends_by_itself(visitor, make_owner, services):
    owner, browser = await make_owner(), visitor()
    await browser.sign_in(owner.email)
    db, now = services.db, clock.now()
    seen = "SELECT last_seen_at FROM sign_ins WHERE person_id = $1"
    first = await db.fetchval(seen, owner.person)
    await sign_ins.signed_in(db, browser.secret, first + timedelta(seconds=50))
    assert await db.fetchval(seen, owner.person) == first
    later = first + timedelta(days=13)
    assert await sign_ins.signed_in(db, browser.secret, later)
    assert await db.fetchval(seen, owner.person) == later
    assert await sign_ins.signed_in(db, browser.secret, later + timedelta(days=14)) is None
    for days in (20, 29):
        assert await sign_ins.signed_in(db, browser.secret, now + timedelta(days=days))
    assert await sign_ins.signed_in(db, browser.secret, now + timedelta(days=30, minutes=1)) is None


# forms ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "is_let_in"),
    [({"sec_fetch_site": "same-origin"}, True), ({"sec_fetch_site": "none"}, True),
     ({"sec_fetch_site": "cross-site"}, False), ({"sec_fetch_site": "same-site"}, False),
     ({"sec_fetch_site": "", "origin": "https://evil.example"}, False),
     ({"sec_fetch_site": "", "origin": "null"}, False),
     ({"sec_fetch_site": "same-origin", "origin": "null"}, True),
     ({"sec_fetch_site": "", "origin": "https://coupons.example.com"}, True),
     ({"sec_fetch_site": ""}, True)],
)  # fmt: skip
async def test_a_form_of_another_site_is_not_obeyed(visitor, make_owner, headers, is_let_in):
    owner, browser = await make_owner(), visitor()
    form = {"t": (await browser.get("/sign-in")).token, "email": owner.email, "password": PASSWORD}
    done = await browser.post("/sign-in", form, **headers)
    assert done.status == (303 if is_let_in else 403)
    assert bool(browser.secret) == is_let_in


async def test_a_form_without_its_cookie_says_what_to_set(visitor, make_owner):
    owner, browser, other = await make_owner(), visitor(), visitor()
    form = {"t": (await browser.get("/sign-in")).token, "email": owner.email, "password": PASSWORD}
    refused = await visitor().post("/sign-in", form)
    assert refused.status == 403
    assert "TEAROFF_PUBLIC_URL" in problem_of(refused)
    assert "https://coupons.example.com" in problem_of(refused)
    await other.get("/sign-in")
    assert (await other.post("/sign-in", form)).status == 403


# proving it again -------------------------------------------------------------------------


async def test_proving_it_again(visitor, make_owner, services):
    owner, browser = await make_owner(), visitor()
    there = f"?next=/a/{owner.account}/keys"
    assert (await browser.get(f"/sign-in/again{there}")).headers["location"].startswith("/sign-in?")
    await browser.sign_in(owner.email)
    db, before = services.db, browser.secret
    await db.execute(
        "UPDATE sign_ins SET confirmed_at = now() - interval '1 hour' WHERE person_id = $1",
        owner.person,
    )
    assert not (await sign_ins.signed_in(db, before, clock.now())).is_confirmed(clock.now())
    wrong = await browser.send(f"/sign-in/again{there}", password="wrong one here")
    assert wrong.status == 422 and browser.secret == before
    assert (await browser.post("/sign-in/again", {"t": "x", "password": PASSWORD})).status == 403
    done = await browser.send(f"/sign-in/again{there}", password=PASSWORD)
    assert done.headers["location"] == f"/a/{owner.account}/keys"
    assert browser.secret != before
    assert await sign_ins.signed_in(db, before, clock.now()) is None
    assert (await sign_ins.signed_in(db, browser.secret, clock.now())).is_confirmed(clock.now())


async def test_another_password_ends_the_other_sign_ins(visitor, make_owner, services):
    owner, one, two = await make_owner(), visitor(), visitor()
    await one.sign_in(owner.email)
    await two.sign_in(owner.email)
    who = await sign_ins.signed_in(services.db, one.secret, clock.now())
    await people.change_password(services.db, who, "nine purple giraffes", clock.now())
    assert await one.home() == f"/a/{owner.account}/"
    assert await two.home() == "/sign-in"
    assert (await two.sign_in(owner.email)).status == 422
    assert (await two.sign_in(owner.email, "nine purple giraffes")).status == 303
    rows = await people.sign_ins_of(services.db, owner.person, clock.now())
    assert len(rows) == 2
    mine = await sign_ins.signed_in(services.db, two.secret, clock.now())
    stranger = await make_owner()
    assert not await people.end_sign_in(services.db, stranger.person, mine.id)
    assert await people.end_sign_in(services.db, owner.person, mine.id)
    assert await two.home() == "/sign-in"
