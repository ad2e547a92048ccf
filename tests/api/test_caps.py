"""There is an end to how many there may be of anything, and it holds for many who ask at once."""

import asyncio
from collections import Counter

import pytest

from tearoff.accounts import members
from tearoff.accounts.members import NewMember
from tearoff.kit.caps import CapReached
from tests.api.v4.client import client_of

LEFT = 3
"""Places that are free when twenty ask."""

_N = "generate_series(1, $2::integer) n"
_SERIAL = "sha256(convert_to($1::bigint || ':' || n, 'UTF8'))"
CAMPAIGNS = f"""INSERT INTO campaigns (account_id, code, name, status)
  SELECT $1::bigint, 'cap-' || $1::bigint || '-' || n, 'c', CASE n % 2 WHEN 0 THEN 'active'
  ELSE 'archived' END FROM {_N}"""
DEVICES = f"""WITH d AS (INSERT INTO devices (account_id, location_id, name, secret_sha256,
    pin_hash, pin_until, created_at, expires_at)
  SELECT l.account_id, l.id, 'd', {_SERIAL}, '', now(), now(), now() + interval '1 day'
  FROM {_N}, locations l WHERE n % 2 = 0 AND l.account_id = $1)
INSERT INTO one_time_tokens (token_sha256, purpose, account_id, location_id, expires_at)
  SELECT {_SERIAL}, 'pair', l.account_id, l.id, now() + interval '9 minutes'
  FROM {_N}, locations l WHERE n % 2 = 1 AND l.account_id = $1"""

CAPS = {
    "campaigns": (
        10_000, CAMPAIGNS, "SELECT count(*) FROM campaigns WHERE account_id = $1",
        ("/v3/coupon/create", {"name": "One more"}), ("/v4/campaigns", {"name": "One more"}),
    ),
    "folders": (
        1_000, f"INSERT INTO folders (account_id, name) SELECT $1, 'f' FROM {_N}",
        "SELECT count(*) FROM folders WHERE account_id = $1",
        ("/v4/folders", {"name": "One more"}),
    ),
    "categories": (
        1_000,
        f"INSERT INTO categories (account_id, level, name) SELECT $1, 1, 'c' FROM {_N}",
        "SELECT count(*) FROM categories WHERE account_id = $1",
        ("/v4/categories", {"name": "One more"}),
    ),
    "locations": (
        1_000, f"INSERT INTO locations (account_id, name) SELECT $1, 'l' FROM {_N}",
        "SELECT count(*) FROM locations WHERE account_id = $1",
        ("/v4/locations", {"name": "One more"}),
    ),
    "devices and open pairing links": (
        500, DEVICES,
        "SELECT (SELECT count(*) FROM devices WHERE account_id = $1)"
        " + (SELECT count(*) FROM one_time_tokens WHERE account_id = $1 AND purpose = 'pair')",
        ("/v4/locations/{location}/pairings", {}),
    ),
    "webhooks": (
        20,
        "INSERT INTO hook_endpoints (account_id, url, secret_sealed)"
        f" SELECT $1, 'http://127.0.0.1:9/', '' FROM {_N}",
        "SELECT count(*) FROM hook_endpoints WHERE account_id = $1",
        ("/v3/webhook/create", {"url": "http://127.0.0.1:9/"}),
        ("/v4/webhooks", {"url": "http://127.0.0.1:9/"}),
    ),
    "API keys": (
        100,
        "INSERT INTO api_keys (client_id, account_id, secret_sha256, secret_sealed)"
        f" SELECT $1::bigint || '-' || n, $1, '', '' FROM {_N}",
        "SELECT count(*) FROM api_keys WHERE account_id = $1",
        ("/v4/keys", {"name": "One more"}),
    ),
    "groups for sms": (
        1_000, f"INSERT INTO groups (account_id, channel, name) SELECT $1, 'sms', 'g' FROM {_N}",
        "SELECT count(*) FROM groups WHERE account_id = $1",
        ("/v3/smstool/addgroup", {"group_name": "One more"}),
        ("/v4/groups", {"name": "One more", "channel": "sms"}),
    ),
    "subaccounts": (
        10_000,
        f"INSERT INTO accounts (parent_id, name, email) SELECT $1, 's', 's@example.com' FROM {_N}",
        "SELECT count(*) FROM accounts WHERE parent_id = $1",
        ("/v3/subaccount/create", {"email": "one-more-{n}-of-{account}@example.com"}),
    ),
}  # fmt: skip


def told(answer, is_v4, name):
    """Whether it is a refusal that says which limit and what helps; None for a success."""
    if answer.status < 300:
        return None
    code = answer.body["code"] if is_v4 else answer.codes[0]
    text = answer.body["detail"] if is_v4 else answer.texts[0]
    assert (answer.status, code) == (409 if is_v4 else 422, 516), answer.text
    assert text.startswith("Limit reached. ") and name in text and text.count(".") >= 3, text
    return text


@pytest.mark.parametrize("name", CAPS)
async def test_of_twenty_at_once_as_many_get_in_as_there_is_room_for(caller, services, name):
    most, fill, count, *calls = CAPS[name]
    shop, db = caller.shop, services.db
    there = await db.fetchval(count, shop.account)
    await db.execute(fill, shop.account, most - LEFT - there)
    v4 = client_of(caller)

    async def ask(n):
        path, body = calls[n % len(calls)]
        values = {
            key: value.format(n=n, account=shop.account) if isinstance(value, str) else value
            for key, value in body.items()
        }
        is_v4 = path.startswith("/v4/")
        by = v4 if is_v4 else caller
        return told(await by.post(path.format(location=shop.location), values), is_v4, name)

    done = await asyncio.gather(*(ask(n) for n in range(20)))
    assert Counter(one is None for one in done) == {True: LEFT, False: 20 - LEFT}
    assert await db.fetchval(count, shop.account) == most


async def test_the_same_of_teammates_whom_an_operator_adds(services, shop):
    await services.db.execute(
        "INSERT INTO members (account_id, role, email)"
        f" SELECT $1, 'staff', 'm' || n || '@example.com' FROM {_N}",
        shop.account,
        members.MOST - LEFT,
    )

    async def add(n):
        async with services.db.transaction() as db:
            await members.create_member(db, shop.account, NewMember(email=f"n{n}@example.com"))

    done = await asyncio.gather(*(add(n) for n in range(12)), return_exceptions=True)
    assert Counter(type(one) for one in done) == {type(None): LEFT, CapReached: 12 - LEFT}


async def test_what_is_deleted_makes_room(caller, services):
    db, account = services.db, caller.shop.account
    await db.execute(CAMPAIGNS, account, 10_000 - 1)
    assert (await caller.post("/v3/coupon/create", {"name": "Next"})).codes == [516]
    assert (await caller.post("/v3/coupon/delete", {"campaign": caller.shop.ref})).status == 200
    assert (await caller.post("/v3/coupon/create", {"name": "Next"})).status == 200


async def test_a_link_that_was_used_leaves_its_place_to_the_device(caller, services):
    """At the edge, the last link that was given still pairs, and then there is no more room."""
    v4, shop = client_of(caller), caller.shop
    await services.db.execute(DEVICES, shop.account, 499)
    path = f"/v4/locations/{shop.location}/pairings"
    made = await v4.post(path)
    form = {"name": "Sam", "pin": "2468"}
    async with caller.http.post(
        caller.url + made.body["url"].removeprefix("https://coupons.example.com"), data=form,
        allow_redirects=False,
    ) as paired:  # fmt: skip
        assert paired.status < 400, await paired.text()
    assert (await v4.post(path)).body["code"] == 516
    listed = await v4.get(f"/v4/locations/{shop.location}/devices")
    assert listed.body["data"][-1]["name"] == "Sam"
    await v4.delete(f"/v4/devices/{listed.body['data'][-1]['id']}")
    assert (await v4.post(path)).status == 201
