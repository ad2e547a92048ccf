"""A link that a program made: whatever the member could do, it opens no more than its key may."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest

from tearoff.accounts import keys, members, sign_ins
from tearoff.accounts.audit import Actor
from tearoff.accounts.passwords import hash_password
from tearoff.accounts.rights import GRANTS, OLD_SCOPES, SCOPES, Right
from tearoff.kit import clock
from tearoff.web.dashboard.pages import MENU
from tearoff.web.dashboard.routes import SCREENS
from tests.api.caller import Caller
from tests.cast import open_shop
from tests.web.dashboard.conftest import COOKIE, Person, text_of
from tests.web.dashboard.test_rights import ask
from tests.web.people.conftest import Visitor

PASSWORD = "seven purple umbrellas"
WHY = "You came by a program's link"


@pytest.fixture
def by_link(services, http, server, sign_in):
    """An owner who came by the link of a key with these scopes."""

    async def by_link(shop, scopes, path="/v3/account/sso", values=None):
        await sign_in(shop)
        await services.db.execute(
            "UPDATE api_keys SET scopes = $2 WHERE client_id = $1", shop.client_id, list(scopes)
        )
        answer = await Caller(http, server.url, shop).post(path, values)
        url = next(iter(v for k, v in answer.body.items() if k != "status"))["url"]
        browser = Visitor(http, server.url)
        assert (await browser.send(urlsplit(url).path)).status == 303
        return Person(shop, "owner", browser.secret, http, server.url)

    return by_link


def may(right: Right | None, scopes) -> bool:
    return right is None or ("manager" in GRANTS[right].roles and GRANTS[right].scope in scopes)


@pytest.mark.parametrize("scope", SCOPES)
async def test_each_screen_opens_as_far_as_the_key_goes(by_link, services, scope):
    shop = await open_shop(services)
    scopes = tuple({"read", "manage", scope})  # a link needs manage; most screens look something up
    person = await by_link(shop, scopes)
    for screen in SCREENS:
        answer = await ask(person, screen, shop.account)
        name = f"{screen.method} {screen.path}"
        if name == "POST /profile/leave":
            assert answer.status == 403, name
        elif may(screen.right, scopes):
            assert answer.status not in (403, 500), name
        else:
            assert answer.status == 403 and WHY in text_of(answer), name


async def test_the_menu_shows_what_is_allowed(by_link, services):
    shop = await open_shop(services)
    person = await by_link(shop, OLD_SCOPES)
    text = (await person.get("/campaigns")).text
    for item in MENU:
        shown = f'href="{person.address(item.path)}"' in text.split("</nav>")[0]
        assert shown == may(item.right, OLD_SCOPES), item


async def test_no_proof_lifts_it(by_link, services, http, server):
    shop = await open_shop(services)
    person = await by_link(shop, OLD_SCOPES)
    owner = await members.owner(services.db, shop.account)
    await services.db.execute(
        "UPDATE people SET password_hash = $2 WHERE id ="
        " (SELECT person_id FROM members WHERE id = $1)",
        owner.id, await hash_password(PASSWORD, []),
    )  # fmt: skip
    browser = Visitor(http, server.url, {COOKIE: person.secret})
    assert (await browser.send("/sign-in/again", password=PASSWORD)).status == 303
    for path in ("/audit", "/settings", "/api", "/team", "/settings/sign-in"):
        assert (await browser.get(person.address(path))).status in (403, 404), path
    who = await sign_ins.signed_in(services.db, browser.secret, clock.now())
    assert who.is_confirmed(clock.now()) and who.scopes == OLD_SCOPES


@pytest.mark.parametrize("kind", ["account", "teammate", "subaccount"])
async def test_every_kind_of_link_has_the_end_of_its_key(by_link, services, http, server, kind):
    shop = await open_shop(services)
    at, values = shop.account, None
    caller = Caller(http, server.url, shop)
    if kind == "subaccount":
        made = await caller.post(
            "/v4/subaccount/create", {"email": f"s{at}@example.com", "password": PASSWORD}
        )
        values = {"subaccount": made.body["subaccount"]["ID"]}
        at = int(values["subaccount"].removeprefix("sub_"))
    person = await by_link(shop, OLD_SCOPES) if kind == "teammate" else None
    if kind == "teammate":
        values = {"teammate": (await members.owner(services.db, at)).id}
    person = await by_link(shop, OLD_SCOPES, f"/v3/{kind}/sso", values)
    assert (await person.get(f"/a/{at}/campaigns")).status == 200
    for path in ("/settings", "/team", "/settings/sign-in"):
        answer = await person.get(f"/a/{at}{path}")
        assert answer.status == 403 and WHY in text_of(answer)


async def test_a_link_of_a_command_has_no_end(sign_in, shop):
    person = await sign_in(shop)
    for path in ("/settings", "/team", "/settings/sign-in"):
        assert (await person.get(path)).status == 200


async def test_nobody_is_an_owner_by_a_program(by_link, services, sign_in):
    """Managers make keys with every scope: an owner by their link would be one they made."""
    shop = await open_shop(services)
    person = await by_link(shop, SCOPES)
    assert (await person.get("/team")).status == 200
    assert (await person.get("/settings/sign-in")).status == 403
    await services.db.execute("UPDATE sign_ins SET confirmed_at = now()")
    values = {"email": "new@example.com", "role": "owner", "once": "a"}
    refused = await person.post("/team/new", values)
    assert refused.status in (403, 409, 422), refused.status
    assert not re.search(r"/password/\w{49}", refused.text)
    await sign_in(shop)
    _, other = await members.all_of(services.db, shop.account)
    for path, more in (("/remove", {"sure": "1"}), ("", {"role": "reader"})):
        await person.post(f"/team/{other.id}{path}", more)
    assert (await members.member(services.db, shop.account, other.id)).role == "owner"


async def test_what_they_give_to_keys_has_the_same_end(services):
    """A person by a program's link gives no scope that it lacks, and makes no owner's key."""
    shop = await open_shop(services, kind=None)
    async with services.db.transaction() as db:
        owner = await members.ensure_owner(db, shop.account)
        person = await db.fetchval("SELECT person_id FROM members WHERE id = $1", owner.id)
        by = Actor("person", str(person), scopes=("manage", "admin"))
        made = await keys.create(db, services.vault, shop.account, by=by, scopes=("admin",))
        with pytest.raises(keys.ScopeMissing):
            await keys.create(db, services.vault, shop.account, by=by, scopes=("send",))
        assert not await keys.key_owners.is_owners(db, shop.account, made.client_id)
