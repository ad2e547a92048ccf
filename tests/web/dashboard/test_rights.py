"""Every screen, asked by everybody: generated from the list of screens, so that a new one is asked
too."""

from __future__ import annotations

import re

import pytest

from tearoff.accounts.rights import GRANTS, ROLES
from tearoff.web.dashboard.routes import SCREENS
from tests.web.dashboard.conftest import COOKIE

NAMES = [f"{screen.method} {screen.path}" for screen in SCREENS]


def path_of(screen) -> str:
    """An address of this screen; what it names there is not."""
    path = re.sub(r"\{\w+:int\}", "999999999", screen.path).rstrip("/")
    return re.sub(r"\{\w+:\w+\}", "abcdefghjkmnpqrstuvwx", path)


async def ask(person, screen, account: int, **more):
    path = f"/a/{account}{path_of(screen)}"
    if screen.method == "GET":
        return await person.get(path, **more)
    return await person.post(path, {}, page=f"/a/{person.shop.account}/profile", **more)


@pytest.fixture(scope="session")
def people():
    return {}


@pytest.fixture
def everybody(people, shop, sign_in):
    """One person of each role, in one shop for all of these tests."""

    async def everybody(role):
        if role not in people:
            people.setdefault("shop", shop)
            people[role] = await sign_in(people["shop"], role)
        return people[role]

    return everybody


@pytest.mark.parametrize("screen", SCREENS, ids=NAMES)
async def test_each_role_gets_what_the_table_says(screen, everybody):
    for role in ROLES:
        person = await everybody(role)
        answer = await ask(person, screen, person.shop.account)
        assert answer.status < 500, (role, answer.text[:300])
        if screen.right is None or role in GRANTS[screen.right].roles:
            assert answer.status != 403, role
        else:
            assert answer.status == 403, role


@pytest.mark.parametrize("screen", SCREENS, ids=NAMES)
async def test_no_screen_is_seen_from_another_account(screen, everybody, other_shop):
    person = await everybody("owner")
    assert (await ask(person, screen, other_shop.account)).status == 404


@pytest.mark.parametrize("screen", SCREENS, ids=NAMES)
async def test_no_screen_is_seen_by_a_stranger(screen, everybody):
    person = await everybody("owner")
    async with person.http.request(
        screen.method,
        f"{person.url}/a/{person.shop.account}{path_of(screen)}",
        headers={"cookie": f"{COOKIE}={'z' * 49}", "sec-fetch-site": "same-origin"},
        allow_redirects=False,
    ) as answer:
        assert answer.status == 303
        assert answer.headers["location"].startswith("/sign-in?next=%2Fa%2F")


@pytest.mark.parametrize(
    "screen", [s for s in SCREENS if s.method == "POST"], ids=lambda screen: screen.path
)
class TestForms:
    async def test_without_its_token_nothing_is_done(self, screen, everybody, services):
        person = await everybody("owner")
        path = f"/a/{person.shop.account}{path_of(screen)}"
        before = await services.db.fetchval("SELECT count(*) FROM audit_entries")
        for token in ("", "x", "1.2.3"):
            assert (await person.post(path, {}, token=token)).status == 403
        other = await everybody("manager")
        theirs = (await other.get("/profile")).token
        assert (await person.post(path, {}, token=theirs)).status == 403
        assert await services.db.fetchval("SELECT count(*) FROM audit_entries") == before

    async def test_from_another_site_nothing_is_done(self, screen, everybody):
        person = await everybody("owner")
        for headers in (
            {"sec_fetch_site": "cross-site"},
            {"sec_fetch_site": "same-site"},
            {"origin": "https://elsewhere.example"},
        ):
            answer = await ask(person, screen, person.shop.account, **headers)
            assert answer.status == 403


async def test_a_parent_does_not_see_the_screens_of_its_subaccounts(everybody, services):
    person = await everybody("owner")
    child = await services.db.fetchval(
        "INSERT INTO accounts (name, email, parent_id) VALUES ('Child', 'c@example.com', $1)"
        " RETURNING id",
        person.shop.account,
    )
    assert (await person.get(f"/a/{child}")).status == 404
