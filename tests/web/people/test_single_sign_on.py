"""Coming in by an account's own provider: what opens, for whom, and what never does."""

from __future__ import annotations

import asyncio
import contextlib
import html
import json
import re
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import msgspec
import pytest
import pytest_asyncio
from aiohttp import web
from joserfc.jwk import RSAKey

from tearoff.accounts import invitations, members, people, sign_ins, team
from tearoff.accounts.members import NewMember
from tearoff.accounts.owners import By
from tearoff.accounts.single_sign_on import asking, begun, stored
from tearoff.accounts.single_sign_on.stored import Changes
from tearoff.kit import clock
from tests.cast import open_shop
from tests.web.people.conftest import PASSWORD, problem_of
from tests.web.people.identity import CLIENT, SECRET, ECKey, Script, running_provider


@pytest_asyncio.fixture
async def provider():
    asking._kept.clear()
    async with running_provider() as provider:
        yield provider


@dataclass
class Door:
    """An account with single sign-on."""

    account: int
    path: str
    provider: Any
    services: Any

    async def change(self, **values):
        services = self.services
        async with services.db.transaction() as db:
            await stored.save(
                db, services.settings_of_tests, services.vault, self.account, Changes(**values),
                clock.now(),
            )  # fmt: skip

    async def close(self, is_only=True):
        async with self.services.db.transaction() as db:
            await stored.set_only(db, self.account, is_only)

    async def role(self, email):
        return await self.services.db.fetchval(
            "SELECT role FROM members WHERE account_id = $1 AND lower(email) = lower($2)",
            self.account,
            email,
        )

    async def begin(self, browser, query=""):
        """Where somebody is led to."""
        page = await browser.send(self.path + query)
        assert page.status == 200, problem_of(page)
        address = page.headers["refresh"].partition("url=")[2]
        assert html.escape(address) in page.text
        return address

    async def come_in(self, browser, *, query="", **claims):
        given = {"email_verified": True, **claims}
        back = self.provider.sign_in(await self.begin(browser, query), **given)
        return await browser.get(back, sec_fetch_site="cross-site")


class _Loopback:
    """The services of the tests, with the settings of the server that they ask."""

    def __init__(self, services):
        self.db, self.vault = services.db, services.vault
        self.settings_of_tests = msgspec.structs.replace(services.settings, allow_loopback=True)


@pytest.fixture
def make_door(services, provider):
    async def make(account=None, **values):
        account = account or (await open_shop(services, kind=None)).account
        code = await stored.sign_in_code(services.db, account)
        door = Door(account, f"/sign-in/with/{code}", provider, _Loopback(services))
        await door.change(
            **{"issuer": provider.url, "client_id": CLIENT, "client_secret": SECRET,
               "name": "Bean ID", **values}
        )  # fmt: skip
        return door

    return make


async def shown(browser, account):
    return (await browser.get(f"/a/{account}/")).status


# the way in -------------------------------------------------------------------------------------


async def test_somebody_who_was_invited_comes_in_to_this_account(
    make_door, make_owner, visitor, services
):
    owner, browser = await make_owner(email="Anna.Berg@Example.com"), visitor()
    door = await make_door(owner.account)
    done = await door.come_in(browser, email="ANNA.berg@example.COM", sub="a")
    assert (done.status, done.headers["location"]) == (303, f"/a/{owner.account}/")
    assert await shown(browser, owner.account) == 200
    row = await services.db.fetchrow("SELECT * FROM sign_ins WHERE person_id = $1", owner.person)
    assert row["only_account_id"] == owner.account
    assert row["by_provider"]


async def test_the_provider_is_asked_once_with_the_proof_that_it_was_us(
    make_door, visitor, provider
):
    door = await make_door(default_role="reader")
    await door.come_in(visitor(), email="a@example.com", sub="a")
    form = provider.forms[-1]
    assert form["grant_type"] == "authorization_code"
    assert form["redirect_uri"] == f"https://coupons.example.com{door.path}/back"
    assert "client_secret" not in form
    assert provider.asked.count("description") == 1


async def test_back_to_the_page_that_was_asked_for_and_to_no_other_account(make_door, visitor):
    door = await make_door(default_role="manager")
    wanted = f"/a/{door.account}/campaigns?q=x"
    for given, leads_to in (
        (wanted, wanted),
        ("https://evil.example/", f"/a/{door.account}/"),
        ("//evil.example", f"/a/{door.account}/"),
        ("/a/1/campaigns", f"/a/{door.account}/"),
        (f"/a/{door.account}1/", f"/a/{door.account}/"),
    ):
        query = f"?next={quote(given, safe='')}"
        done = await door.come_in(visitor(), query=query, email="n@example.com", sub="n")
        assert done.headers["location"] == leads_to, given


async def test_people_are_known_by_the_subject_once_they_came(make_door, make_owner, visitor):
    """Whatever the address at the provider becomes; and the address alone opens nothing then."""
    owner = await make_owner()
    door = await make_door(owner.account)
    await door.come_in(visitor(), email=owner.email, sub="one")
    moved = await door.come_in(visitor(), email="married@example.com", sub="one")
    assert moved.status == 303
    unverified = await door.come_in(visitor(), sub="one", email=owner.email, email_verified=False)
    assert unverified.status == 303
    other = await door.come_in(visitor(), email=owner.email, sub="two")
    assert other.status == 403
    assert "Somebody else comes in here" in problem_of(other)


@pytest.mark.parametrize(
    ("claims", "told"),
    [
        ({"email": None}, "does not tell your e-mail address"),
        ({"email": "no address"}, "does not tell your e-mail address"),
        ({"email_verified": False}, "was verified"),
        ({"email_verified": None}, "was verified"),
        ({"email_verified": "false"}, "was verified"),
        ({"email_verified": 1}, "was verified"),
        ({"email_verified": False, "xms_edov": True}, "was verified"),
        ({"email_verified": None, "xms_edov": False}, "was verified"),
        ({"email": "stranger@example.com"}, "nobody has invited you"),
    ],
)
async def test_who_is_not_known_is_told_why(make_door, make_owner, visitor, claims, told):
    owner, browser = await make_owner(), visitor()
    door = await make_door(owner.account)
    given = {"email": owner.email, "sub": "x", **claims}
    done = await door.come_in(browser, **given)
    assert done.status == 403
    assert told in problem_of(done)
    assert browser.secret == ""


async def test_address_and_groups_may_be_told_to_who_asks_once_more(
    make_door, make_owner, visitor, provider
):
    """Thin tokens: userinfo tells the rest, about the same person only."""
    owner = await make_owner()
    door = await make_door(owner.account, role_claim="groups", roles={"g": "editor"})
    await make_owner(owner.account)
    provider.script = Script(userinfo={
        "sub": "other", "email": owner.email, "email_verified": True,
    })  # fmt: skip
    assert (await door.come_in(visitor(), sub="a", email_verified=None)).status == 403
    provider.script = Script(userinfo={
        "sub": "a", "email": owner.email, "email_verified": True, "groups": ["g"],
    })  # fmt: skip
    swapped = await door.come_in(visitor(), sub="a", email="x@example.com", email_verified=None)
    assert swapped.status == 403  # what was verified is another address
    assert (await door.come_in(visitor(), sub="a", email_verified=None)).status == 303
    assert await door.role(owner.email) == "editor"


async def test_whom_nobody_invited_has_an_address_of_a_named_domain(make_door, visitor):
    """Anybody can have an account at some providers."""
    door = await make_door(default_role="reader", domains=["shop.example"])
    for email, status in (
        ("a@SHOP.example", 303), ("b@gmail.example", 403), ("c@evil-shop.example", 403),
        ("d@sub.shop.example", 403), ('"x@shop.example"@evil.example', 403),
    ):  # fmt: skip
        assert (await door.come_in(visitor(), email=email, sub=email)).status == status, email


async def test_a_place_that_gets_another_address_is_met_anew(
    make_door, make_owner, visitor, services
):
    owner = await make_owner()
    await make_owner(owner.account)
    door = await make_door(owner.account)
    await door.come_in(visitor(), email=owner.email, sub="old")
    async with services.db.transaction() as db:
        await members.change_owner(db, owner.account, {"email": "successor@example.com"})
    assert (await door.come_in(visitor(), email=owner.email, sub="old")).status == 403
    new = await door.come_in(visitor(), email="successor@example.com", sub="new")
    assert new.status == 303


@pytest.mark.parametrize("said", [True, "true", 1, "1"])
async def test_entra_says_it_by_another_claim(make_door, make_owner, visitor, said):
    owner = await make_owner()
    door = await make_door(owner.account)
    given = {"email_verified": None, "xms_edov": said}
    assert (await door.come_in(visitor(), email=owner.email, sub="e", **given)).status == 303


# roles ------------------------------------------------------------------------------------------


async def test_roles_come_from_the_claim_at_each_sign_in(make_door, make_owner, visitor, services):
    owner = await make_owner()
    door = await make_door(
        owner.account, role_claim="realm.roles", roles={"staff": "staff", "boss": "manager"}
    )
    email = "sam@example.com"

    async def come_in(*values):
        done = await door.come_in(
            visitor(), email=email, sub="sam", given_name="Sam", realm={"roles": list(values)}
        )
        return done.status, await door.role(email)

    assert await come_in("nothing") == (403, None)
    assert await come_in("staff") == (303, "staff")
    assert await come_in("staff", "boss") == (303, "manager")
    assert await come_in("staff") == (303, "staff")
    assert await come_in("nothing") == (403, "staff")
    await door.change(default_role="reader")
    assert await come_in("nothing") == (303, "reader")
    verbs = await services.db.fetch(
        "SELECT verb, actor_kind, actor_name, after FROM audit_entries WHERE account_id = $1"
        " ORDER BY id",
        owner.account,
    )
    assert [(row["verb"], json.loads(row["after"])["role"]) for row in verbs] == [
        ("member.add", "staff"), ("member.change", "manager"), ("member.change", "staff"),
        ("member.change", "reader"),
    ]  # fmt: skip
    assert {row["actor_name"] for row in verbs} == {"single sign-on"}


async def test_who_never_had_a_role_from_the_claim_keeps_their_own(make_door, make_owner, visitor):
    owner = await make_owner()
    second = await make_owner(owner.account, role="editor")
    door = await make_door(owner.account, role_claim="groups", roles={"g": "reader"})
    done = await door.come_in(visitor(), email=second.email, sub="s", groups=["other"])
    assert (done.status, await door.role(second.email)) == (303, "editor")


async def test_no_claim_takes_the_last_owner_away(make_door, make_owner, visitor):
    """Complaint 33: two owners who lose it in the same instant leave one."""
    first = await make_owner()
    second = await make_owner(first.account)
    door = await make_door(first.account, role_claim="groups", roles={"g": "reader"})
    await asyncio.gather(*(
        door.come_in(visitor(), email=one.email, sub=one.email, groups=["g"])
        for one in (first, second)
    ))  # fmt: skip
    roles = [await door.role(one.email) for one in (first, second)]
    assert sorted(roles) == ["owner", "reader"]


async def test_an_owner_who_has_not_come_yet_is_no_other_owner(
    make_door, make_owner, visitor, services
):
    """Complaint 33: whoever can come in stays one until the other has."""
    first, invited = await make_owner(), "invited.owner@example.com"
    await _invite(services, first.account, invited, "owner", first.person)
    door = await make_door(first.account, role_claim="groups", roles={"g": "reader"})
    for email, role in ((first.email, "owner"), (invited, "reader")):
        done = await door.come_in(visitor(), email=email, sub=email, groups=["g"])
        assert (done.status, await door.role(email)) == (303, role)


# other tenants ----------------------------------------------------------------------------------


async def test_another_tenants_provider_opens_nothing_of_the_victim(
    make_door, make_owner, visitor, services, with_second_step
):
    """Complaint 32, and decision 0045: it says that it is them, verified, and opens its own
    account alone, for a place that their own sign-in does not even show."""
    victim = await make_owner()
    await with_second_step(victim.person)
    before = dict(await services.db.fetchrow("SELECT * FROM people WHERE id = $1", victim.person))
    attacker = await make_door(default_role="manager")
    browser = visitor()
    done = await attacker.come_in(browser, email=victim.email.upper(), sub="evil")
    assert done.headers["location"] == f"/a/{attacker.account}/"
    assert await shown(browser, victim.account) == 404
    assert await shown(browser, attacker.account) == 200
    profile = (await browser.get(f"/a/{attacker.account}/profile")).text
    token = re.search(r'data-token="([^"]+)"', profile)[1]
    for path, values in (
        ("second-step/start", {}), ("second-step/end", {}),
        ("password", {"current_password": PASSWORD, "new_password": "mine now, all of it"}),
        ("sign-ins/end-others", {}),
    ):  # fmt: skip
        await browser.post(f"/a/{attacker.account}/profile/{path}", {"t": token, **values})
    names = ("email", "password_hash", "totp_secret_sealed", "recovery_codes", "first_name")
    after = await services.db.fetchrow("SELECT * FROM people WHERE id = $1", victim.person)
    assert {n: after[n] for n in names} == {n: before[n] for n in names}
    own = visitor()
    await own.sign_in(victim.email)
    accepted = await services.db.fetchval(
        "SELECT accepted_at FROM members WHERE account_id = $1", attacker.account
    )
    assert accepted is None
    assert await shown(own, attacker.account) in (303, 404)


async def test_closing_one_account_closes_no_other(make_door, make_owner, visitor, services):
    """Somebody who works for two: their password opens what the other owner left open."""
    mine, theirs = await make_owner(), (await open_shop(services, kind=None)).account
    async with services.db.transaction() as db:
        await members.create_member(db, theirs, NewMember(email=mine.email, role="owner"))
        await db.execute("UPDATE members SET accepted_at = now() WHERE account_id = $1", theirs)
    door = await make_door(theirs)
    await door.come_in(visitor(), email=mine.email, sub="m")
    browser = visitor()
    await browser.sign_in(mine.email)
    assert await shown(browser, theirs) == 200
    await door.close()
    assert await shown(browser, mine.account) == 200
    led = await browser.get(f"/a/{theirs}/campaigns")
    assert led.status == 303
    assert led.headers["location"] == f"{door.path}?next=%2Fa%2F{theirs}%2Fcampaigns"


async def test_one_account_s_answer_is_none_of_another_s(make_door, visitor, provider):
    """Begun at one, brought back to the other."""
    one, other = await make_door(default_role="reader"), await make_door(default_role="reader")
    browser = visitor()
    back = provider.sign_in(await one.begin(browser), email="a@example.com", email_verified=True)
    assert (await browser.get(back.replace(one.path, other.path))).status == 409
    assert (await browser.get(back)).status == 303


# the only way in --------------------------------------------------------------------------------


async def test_passwords_are_closed_no_sooner_than_an_owner_came_in(
    make_door, make_owner, visitor, services
):
    """Complaint 2."""
    owner = await make_owner()
    door = await make_door(owner.account, default_role="editor")
    await door.come_in(visitor(), email="teammate@example.com", sub="t")
    with pytest.raises(stored.NoOwnerYet):
        await door.close()
    await door.come_in(visitor(), email=owner.email, sub="o")
    await door.close()
    browser = visitor()
    page = await browser.sign_in(owner.email)
    assert page.status == 403
    assert f'action="{door.path}"' in page.text
    assert browser.secret == "" or await shown(browser, owner.account) == 303
    wrong = await visitor().sign_in(owner.email, "not the password")
    assert door.path not in wrong.text
    await door.close(False)
    assert (await visitor().sign_in(owner.email)).status == 303


@pytest.mark.parametrize("name", ["issuer", "client_id", "client_secret", "scopes"])
async def test_another_provider_opens_the_other_ways_again(
    make_door, make_owner, visitor, services, name
):
    owner = await make_owner()
    door = await make_door(owner.account)
    await door.come_in(visitor(), email=owner.email, sub="o")
    await door.close()
    await door.change(name="Other", role_claim="groups", client_secret=SECRET, scopes=None)
    assert (await stored.provider(services.db, owner.account)).is_only
    more = {"client_secret": "new"} if name == "issuer" else {}
    await door.change(**{name: f"{door.provider.url}/x" if name == "issuer" else "other", **more})
    assert not (await stored.provider(services.db, owner.account)).is_only
    with pytest.raises(stored.NoOwnerYet):
        await door.close()
    assert (await visitor().sign_in(owner.email)).status == 303


async def test_with_a_second_step_the_way_is_told_after_it(
    make_door, make_owner, visitor, with_second_step
):
    owner = await make_owner()
    app, _ = await with_second_step(owner.person)
    door = await make_door(owner.account)
    await door.come_in(visitor(), email=owner.email, sub="o")
    await door.close()
    browser = visitor()
    await browser.sign_in(owner.email)
    page = await browser.send("/sign-in/second-step", code=app.now())
    assert page.status == 403
    assert f'action="{door.path}"' in page.text


async def test_who_was_removed_is_out_until_somebody_invites_them(
    make_door, make_owner, visitor, services
):
    """Complaint 34, and whoever the provider still lets in."""
    owner, browser = await make_owner(), visitor()
    door = await make_door(owner.account, default_role="editor")
    await door.come_in(browser, email="sam@example.com", sub="sam")
    member_id = await services.db.fetchval(
        "SELECT id FROM members WHERE account_id = $1 AND email = 'sam@example.com'", owner.account
    )
    async with services.db.transaction() as db:
        await members.remove_member(db, owner.account, member_id, clock.now())
    assert await shown(browser, owner.account) == 303
    page = await door.come_in(visitor(), email="sam@example.com", sub="sam")
    assert (page.status, "You were removed" in problem_of(page)) == (403, True)
    async with services.db.transaction() as db:
        await members.create_member(
            db, owner.account, NewMember(email="Sam@example.com", role="sender")
        )
    assert (await door.come_in(visitor(), email="sam@example.com", sub="sam")).status == 303
    assert await door.role("sam@example.com") == "sender"


async def test_who_came_in_is_asked_again_by_the_provider(make_door, make_owner, visitor, services):
    """There may be no password to ask for."""
    owner, browser = await make_owner(password=False), visitor()
    door = await make_door(owner.account)
    await door.come_in(browser, email=owner.email, sub="o")
    assert (await browser.get(f"/a/{owner.account}/settings/sign-in")).status == 200
    await services.db.execute(
        "UPDATE sign_ins SET confirmed_at = now() - interval '1 hour' WHERE person_id = $1",
        owner.person,
    )
    path = f"/a/{owner.account}/settings/sign-in"
    led = await browser.get(path)
    again = await browser.get(led.headers["location"])
    assert f'action="{door.path}"' in again.text
    address = await door.begin(browser, f"?next={path}")
    assert "prompt=login" in address
    back = door.provider.sign_in(address, sub="o")
    assert (await browser.get(back)).headers["location"] == path
    assert (await browser.get(path)).status == 200


# forged -----------------------------------------------------------------------------------------

NOW = int(time.time())
STRANGE = RSAKey.generate_key(2048, {"kid": "one"})
FORGED = {
    "no signature": Script(algorithm="none"),
    "signed with the public key": Script(algorithm="HS256"),
    "signed by another key": Script(key=STRANGE),
    "for somebody else": Script(claims={"aud": "another"}),
    "for us and for others, not said by whom": Script(claims={"aud": [CLIENT, "another"]}),
    "for us, asked for by another": Script(claims={"aud": [CLIENT], "azp": "another"}),
    "of another issuer": Script(claims={"iss": "https://elsewhere.example"}),
    "for another sign-in": Script(claims={"nonce": "x"}),
    "for no sign-in": Script(claims={"nonce": None}),
    "over": Script(claims={"exp": NOW - 3600}),
    "without an end": Script(claims={"exp": None}),
    "with an end that is no number": Script(claims={"exp": "tomorrow"}),
    "of tomorrow": Script(claims={"iat": NOW + 90_000}),
    "not yet good": Script(claims={"nbf": NOW + 90_000}),
    "about nobody": Script(claims={"sub": None}),
    "about nobody, in an empty word": Script(claims={"sub": ""}),
    "about a number": Script(claims={"sub": 7}),
    "about a very long name": Script(claims={"sub": "s" * 300}),
    "an access token": Script(typ="at+jwt"),
    "with a key that nobody has": Script(kid="nowhere"),
    "no token": Script(answer=b'{"access_token": "x"}'),
    "half a token": Script(answer=b'{"id_token": "a.b"}'),
    "a token that is a number": Script(answer=b'{"id_token": 7}'),
    "no JSON": Script(answer=b"<html>"),
    "a list": Script(answer=b"[]"),
    "very deep": Script(answer=b"[" * 60_000),
    "very large": Script(answer=b'{"id_token": "' + b"a" * 200_000 + b'"}'),
    "an error": Script(answer=(400, b'{"error": "invalid_grant"}')),
    "a redirect": Script(answer=(302, b"")),
}


@pytest.mark.parametrize("script", FORGED.values(), ids=FORGED)
async def test_what_is_forged_opens_nothing(make_door, make_owner, visitor, provider, script):
    owner, browser = await make_owner(), visitor()
    door = await make_door(owner.account)
    provider.script = script
    done = await door.come_in(browser, email=owner.email, sub="o")
    assert done.status == 502, (done.status, problem_of(done))
    assert "cannot be trusted" in problem_of(done)
    assert browser.secret == ""
    provider.script = Script()
    assert (await door.come_in(browser, email=owner.email, sub="o")).status == 303


async def test_keys_are_changed_and_other_kinds_are_taken(make_door, visitor, provider):
    door = await make_door(default_role="reader")

    async def come_in():
        return (await door.come_in(visitor(), email="k@example.com", sub="k")).status

    assert await come_in() == 303
    for kid in ("two", "two"):  # some give another key the same name
        provider.rotate(kid)
        provider.asked.clear()
        assert await come_in() == 303
        assert provider.asked == ["token", "keys"]
    provider.keys = [ECKey.generate_key("P-256", {"kid": "three"})]
    provider.script = Script(algorithm="ES256")
    assert await come_in() == 303
    provider.script = Script(algorithm="ES256", kid=None)
    assert await come_in() == 303
    provider.script = Script(algorithm="ES256", kid="unknown")
    provider.asked.clear()
    assert await come_in() == 502
    assert provider.asked == ["token", "keys"]  # looked for once


async def test_an_answer_is_good_once_soon_and_in_this_browser(
    make_door, visitor, provider, services
):
    door = await make_door(default_role="reader")
    browser, other = visitor(), visitor()
    claims = {"email": "s@example.com", "sub": "s", "email_verified": True}
    back = provider.sign_in(await door.begin(browser), **claims)
    await other.get(door.path)
    assert (await other.get(back)).status == 409  # another browser, and the first is not disturbed
    assert (await visitor().get(back)).status == 409
    assert (await browser.get(back.replace("state=", "state=x"))).status == 409
    assert (await browser.get(re.sub("&state=.*", "", back))).status == 409
    assert (await browser.get(back)).status == 303
    assert (await browser.get(back)).status == 409
    late = provider.sign_in(await door.begin(browser), **claims)
    await services.db.execute("UPDATE single_sign_on_begun SET until = now()")
    assert (await browser.get(late)).status == 409
    meanwhile = provider.sign_in(await door.begin(browser), **claims)
    await door.change(client_secret="another one")
    assert (await browser.get(meanwhile)).status == 409


async def test_the_provider_says_who_it_is_where_it_can(make_door, visitor, provider):
    """RFC 9207: the answer of another provider is not taken for that of this one."""
    door = await make_door(default_role="reader")
    claims = {"email": "i@example.com", "sub": "i", "email_verified": True}
    browser = visitor()
    back = provider.sign_in(await door.begin(browser), **claims)
    assert (await browser.get(f"{back}&iss=https://elsewhere.example")).status == 502
    asking._kept.clear()
    back = provider.sign_in(await door.begin(browser), **claims)
    assert (await browser.get(f"{back}&iss={provider.url}")).status == 303


@pytest.mark.parametrize(
    ("error", "told"),
    [
        ("access_denied", "you turned back"),
        ("temporarily_unavailable", "does not answer just now"),
        ("login_required", "sign in there first"),
        ("invalid_scope", "cannot be trusted"),
        ("<script>alert(1)</script>", "cannot be trusted"),
        ("", "cannot be trusted"),
    ],
)
async def test_what_the_provider_refuses_is_said_plainly(make_door, visitor, error, told):
    door, browser = await make_door(), visitor()
    state = dict(parse_qsl(urlsplit(await door.begin(browser)).query))["state"]
    page = await browser.get(f"{door.path}/back?state={state}&error={quote(error)}")
    assert page.status == 403
    assert told in problem_of(page)
    assert "<script>alert" not in page.text
    assert "Sign in by another way" in page.text


async def test_a_provider_that_is_away_is_said_and_passwords_are_good(
    make_door, make_owner, visitor, provider
):
    owner, browser = await make_owner(), visitor()
    door = await make_door(owner.account)
    provider.description_answer = (503, b"")
    page = await browser.send(door.path)
    assert (page.status, "does not answer" in problem_of(page)) == (502, True)
    assert (await browser.sign_in(owner.email)).status == 303


async def test_one_that_keeps_silent_is_given_up(make_door, visitor, provider):
    """Nobody waits for longer than all of a sign-in's questions may take together."""
    door, over = await make_door(default_role="reader"), asyncio.Event()

    async def silent():
        await over.wait()
        return web.Response()

    provider.script, begun_at = Script(answer=silent), time.monotonic()
    page = await door.come_in(visitor(), email="s@example.com", sub="s")
    over.set()
    assert (page.status, "does not answer" in problem_of(page)) == (502, True)
    assert time.monotonic() - begun_at < asking.WITHIN + 10


async def test_a_wrong_secret_is_told_apart(make_door, visitor):
    door = await make_door(default_role="reader", client_secret="wrong")
    page = await door.come_in(visitor(), email="w@example.com", sub="w")
    assert (page.status, "client id and the secret" in problem_of(page)) == (502, True)


# what strangers learn ---------------------------------------------------------------------------


async def test_nobody_learns_which_accounts_there_are(make_door, make_owner, visitor, services):
    owner = await make_owner()
    door = await make_door(owner.account)
    page = await visitor().get("/sign-in")
    assert "Bean ID" not in page.text
    assert door.path not in page.text
    for code in ("abc", str(owner.account), "0" * 24, "x" * 300, "%00"):
        assert (await visitor().get(f"/sign-in/with/{code}")).status == 404
    without = await open_shop(services, kind=None)
    code = await stored.sign_in_code(services.db, without.account)
    assert (await visitor().get(f"/sign-in/with/{code}")).status == 404
    browser = visitor()
    await door.come_in(browser, email=owner.email, sub="o")
    await browser.post("/sign-out", {"t": "x"})
    known = await browser.get("/sign-in?next=/a/1")
    assert "Sign in with Bean ID" in known.text
    assert f'action="{door.path}"' in known.text


async def test_an_account_that_is_over_lets_nobody_in(make_door, visitor, services):
    door = await make_door(default_role="reader")
    await services.db.execute("UPDATE accounts SET blocked_at = now() WHERE id = $1", door.account)
    assert (await visitor().get(door.path)).status == 404


async def test_many_tries_from_one_browser_wait(make_door, visitor):
    door, browser = await make_door(), visitor()
    statuses = [(await browser.send(door.path)).status for _ in range(7)]
    assert statuses[0] == 200
    assert statuses[-1] == 429


async def test_it_is_begun_on_our_own_page_alone(make_door, visitor):
    door, browser = await make_door(), visitor()
    page = await browser.get(door.path)
    assert (
        await browser.post(door.path, {"t": page.token}, sec_fetch_site="cross-site")
    ).status == 403
    assert (await browser.post(door.path, {"t": "x"})).status == 403
    assert (await visitor().post(door.path, {"t": page.token})).status == 403


async def test_no_log_line_holds_a_token_a_code_or_an_address(
    make_door, make_owner, visitor, provider, server
):
    owner, browser = await make_owner(email="log.reader@example.com"), visitor()
    door = await make_door(owner.account)
    await door.come_in(browser, email=owner.email, sub="secret-subject")
    provider.script = Script(claims={"aud": "x"})
    await door.come_in(visitor(), email=owner.email, sub="secret-subject")
    log = server.log.read_text()
    assert '"way": "single sign-on"' in log
    for word in ("secret-subject", "log.reader@", "code-0", SECRET, "an-access-token", "eyJ"):
        assert word not in log


async def test_sign_ins_that_were_not_finished_are_swept(make_door, visitor, services):
    door = await make_door()
    await door.begin(visitor())
    await services.db.execute("UPDATE single_sign_on_begun SET until = now() - interval '1 s'")
    await begun.sweep(services.db, clock.now())
    assert await services.db.fetchval("SELECT count(*) FROM single_sign_on_begun") == 0


async def test_people_stay_apart_from_places(make_door, make_owner, visitor, services):
    """A new person is made by a provider as by an invitation: without a password."""
    door = await make_door(default_role="reader")
    await door.come_in(visitor(), email="fresh@example.com", sub="f", name="Fresh Face")
    known = await people.person_of_mail(services.db, "fresh@example.com")
    assert (known.has_password, known.first_name, known.mail_proven_at) == (
        False, "Fresh Face", None,
    )  # fmt: skip
    assert sign_ins.SIGN_IN_LIVES.total_seconds() == 12 * 3600


# other letters ----------------------------------------------------------------------------------

LOOK_ALIKES = {"k": "\u212a", "s": "\u017f", "a": "\uff41", "i": "\u2148", "fi": "\ufb01",
               "n": "n\u200b"}  # fmt: skip


@pytest.mark.parametrize("letter", LOOK_ALIKES)
async def test_a_mailbox_in_other_letters_is_nobodys(
    make_door, make_owner, visitor, services, letter
):
    """A provider that keeps them apart has two people there; neither is made one here."""
    owner = await make_owner()
    door = await make_door(owner.account, default_role="reader")
    plain = f"{letter}afe.{owner.account}@example.com"
    other = plain.replace(letter, LOOK_ALIKES[letter], 1)
    for sub in ("x", "y"):
        refused = await door.come_in(visitor(), email=other, sub=sub)
        assert refused.status == 403 and "only look like" in problem_of(refused)
        assert await door.role(plain) == (None if sub == "x" else "owner")
        if sub == "x":
            await make_owner(owner.account, email=plain)
    assert await services.db.fetchval(
        "SELECT count(*) FROM members WHERE account_id = $1", owner.account
    ) == 2  # fmt: skip
    for good in (plain.upper(), plain.replace("example", "EXAMPLE")):
        assert (await door.come_in(visitor(), email=good, sub="z")).status == 303


# invited, where there are no passwords ----------------------------------------------------------


@pytest.fixture
def closed(make_door, make_owner, visitor):
    async def closed():
        owner = await make_owner()
        door = await make_door(owner.account)
        await door.come_in(visitor(), email=owner.email, sub="owner")
        await door.close()
        return door

    return closed


async def _invite(services, account, email, role="editor", by=None):
    async with services.db.transaction() as db:
        made = await invitations.invite(
            db, account, NewMember(email=email, role=role), By(by), clock.now(), has_mail=False
        )
    return made.member_id, f"/password/{made.token}"


async def test_an_invitation_leads_to_the_only_way_in(closed, visitor, services):
    door = await closed()
    email = f"new.{door.account}@example.com"
    member_id, path = await _invite(services, door.account, email)
    browser = visitor()
    page = await browser.get(path)
    assert page.status == 200 and 'name="password"' not in page.text
    assert f'action="{door.path}"' in page.text and "Your role there: Editor." in page.text
    refused = await browser.post(path, {"password": PASSWORD, "again": PASSWORD})
    assert refused.status == 409 and "Your password is saved" not in refused.text
    assert not (await people.person_of_mail(services.db, email)).has_password
    done = await door.come_in(browser, email=email, sub="new")
    assert done.headers["location"] == f"/a/{door.account}/"
    found = await team.find(services.db, door.account, member_id)
    assert found.joined_at is not None and found.invitation is None
    assert (await browser.get(path)).status == 410


async def test_who_belongs_elsewhere_is_not_accepted_for(closed, make_owner, visitor, services):
    door, known = await closed(), await make_owner()
    member_id, path = await _invite(services, door.account, known.email)
    browser = visitor()
    assert 'name="own"' not in (await browser.get(path)).text
    assert (await door.come_in(browser, email=known.email, sub="known")).status == 303
    assert (await team.find(services.db, door.account, member_id)).joined_at is None


async def test_open_doors_still_take_a_password(make_door, visitor, services):
    door = await make_door()
    _, path = await _invite(services, door.account, f"new.{door.account}@example.com")
    done = await visitor().post(path, {"password": PASSWORD, "again": PASSWORD})
    assert "Your password is saved" in done.text


# the front door ---------------------------------------------------------------------------------


class _Undone(Exception):
    """Nobody else sees the others moved."""


async def test_the_front_door_offers_what_somebody_has_come_in_by(make_door, visitor, services):
    """On a server with one tenant alone, to every browser: a way in that leads in."""
    door = await make_door(default_role="reader")

    async def offered():
        with contextlib.suppress(_Undone):
            async with services.db.transaction() as db:
                await db.execute("UPDATE accounts SET parent_id = $1 WHERE id <> $1", door.account)
                found = await stored.sole_provider(db)
                raise _Undone
        return found

    assert await offered() is None
    await door.come_in(visitor(), email="a@example.com", sub="a")
    assert (await offered()).account_id == door.account
