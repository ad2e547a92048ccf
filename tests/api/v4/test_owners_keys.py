"""What only an owner may do is done by an owner's keys alone, whoever holds them by now."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tearoff.accounts import key_owners, keys, members
from tearoff.accounts.audit import Actor
from tearoff.accounts.members import NewMember
from tearoff.accounts.rights import SCOPES
from tearoff.kit import clock
from tests.api.caller import Caller
from tests.api.v4.client import Client
from tests.api.v4.test_single_sign_on import GIVEN, PATH

COMMAND = Actor("command", "root")


@pytest.fixture
def person_as(caller, services):
    async def person_as(role):
        async with services.db.transaction() as db:
            made = await members.create_member(
                db, caller.shop.account,
                NewMember(email=f"{role}.{clock.now().timestamp()}@example.com", role=role),
            )  # fmt: skip
            found = await db.fetchval("SELECT person_id FROM members WHERE id = $1", made)
        return Actor("person", str(found))

    return person_as


@pytest.fixture
def key_by(caller, services):
    async def key_by(by, scopes=SCOPES):
        async with services.db.transaction() as db:
            made = await keys.create(db, services.vault, caller.shop.account, by=by, scopes=scopes)
        shop = replace(caller.shop, client_id=made.client_id, client_secret=made.client_secret)
        return Client(Caller(caller.http, caller.url, shop))

    return key_by


def as_key(v4) -> Actor:
    return Actor("key", v4.caller.shop.client_id)


async def may(v4) -> bool:
    """All that changes who comes in, and nothing else, is refused."""
    done = [await v4.patch(PATH, GIVEN), await v4.put(f"{PATH}/only", {"only": False}),
            await v4.delete(PATH)]  # fmt: skip
    assert (await v4.get(PATH)).status == 200
    if [one.status for one in done] == [200, 200, 204]:
        return True
    assert [one.status for one in done] == [403] * 3, [one.text for one in done]
    assert all("an owner made" in one.body["detail"] for one in done)
    return False


async def test_by_whom_it_was_made(key_by, person_as):
    owner, manager = await person_as("owner"), await person_as("manager")
    for by, is_good in ((COMMAND, True), (owner, True), (manager, False)):
        first = await key_by(by)
        second = await key_by(as_key(first))
        third = await key_by(as_key(second))
        assert [await may(one) for one in (first, second, third)] == [is_good] * 3


async def test_an_owner_who_is_none_any_more(key_by, person_as, services):
    owner = await person_as("owner")
    v4 = await key_by(owner)
    assert await may(v4)
    await services.db.execute(
        "UPDATE members SET role = 'manager' WHERE person_id = $1", int(owner.name)
    )
    assert not await may(v4)


async def test_a_key_whose_maker_is_forgotten(key_by, services):
    first = await key_by(COMMAND)
    second = await key_by(as_key(first))
    await services.db.execute(
        "DELETE FROM api_keys WHERE client_id = $1", first.caller.shop.client_id
    )
    assert not await may(second)


@pytest.mark.parametrize("how", ["roll", "scopes"])
async def test_an_owners_key_in_other_hands(key_by, person_as, caller, services, how):
    """Whoever rolls it holds its secret; whoever widens it may."""
    manager = await person_as("manager")
    hands = {"manager": manager, "their key": as_key(await key_by(manager)), "owner": COMMAND}
    for name, by in hands.items():
        made = (await key_by(COMMAND)).caller.shop
        async with services.db.transaction() as db:
            if how == "roll":
                await keys.roll(db, services.vault, made.account, made.client_id, by=by,
                                now=clock.now())  # fmt: skip
            else:
                await keys.change(db, made.account, made.client_id, by=by, scopes=SCOPES)
            found = await key_owners.is_owners(db, made.account, made.client_id)
        assert found == (name == "owner"), name
