"""Lists of an account that has as much as it may: a page is a page, and no answer is large."""

import pytest
import pytest_asyncio

from tearoff.api.v3.routes import ENDPOINTS
from tearoff.api.v4.routes import OPERATIONS
from tests.api.caller import Caller
from tests.api.test_caps import CAPS
from tests.api.v4.client import client_of
from tests.cast import open_shop

# The lists of emailtool are those of smstool, with another connection.
WHOLE_LISTS = {
    *(f"POST {e.path}" for e in ENDPOINTS
      if not e.writes and not any(p.required for p in e.parameters)
      and not e.path.startswith("/v3/emailtool/") and not e.path.endswith("/search")),
    *(f"GET {o.path}" for o in OPERATIONS if not o.writes and "{" not in o.path
      and not any(field.required for field in o.query)),
}  # fmt: skip


@pytest_asyncio.fixture(scope="module")
async def full(http, server, services):
    """A shop that has as much of everything as it may have, and 12,000 numbers that want
    nothing; its first subaccount has 10,000 campaigns."""
    shop = await open_shop(services)
    db = services.db
    for name in ("campaigns", "folders", "categories", "locations", "groups for sms",
                 "subaccounts", "webhooks"):  # fmt: skip
        most, fill, count, *_ = CAPS[name]
        await db.execute(fill, shop.account, most - await db.fetchval(count, shop.account))
    first = await db.fetchval("SELECT min(id) FROM accounts WHERE parent_id = $1", shop.account)
    await db.execute(CAPS["campaigns"][1], first, 10_000)
    await db.execute(
        "INSERT INTO opt_outs (account_id, address, source, created_at) SELECT $1,"
        " '+3247' || n, 'shop', now() FROM generate_series(1000000, 1012000) n",
        shop.account,
    )
    await db.execute("ANALYZE campaigns, accounts, opt_outs")
    return Caller(http, server.url, shop)


async def page(caller, **values):
    answer = await caller.post("/v3/coupon/list", values)
    assert answer.status == 200, answer.text
    return answer.body["amount_of_coupons"], [one["ID"] for one in answer.body["coupon_info"]]


async def test_campaigns_come_a_hundred_a_page(full, services):
    rows = await services.db.fetch(
        "SELECT id, status FROM campaigns WHERE account_id = $1 ORDER BY id", full.shop.account
    )
    every = [f"cam_{row['id']}" for row in rows]
    active = [f"cam_{row['id']}" for row in rows if row["status"] == "active"]
    assert await page(full) == await page(full, page=1) == (10_000, every[:100])
    assert await page(full, page=100) == (10_000, every[-100:])
    assert await page(full, page=101) == await page(full, page=10**9) == (10_000, [])
    assert await page(full, page=2, sorting="desc") == (10_000, every[-101:-201:-1])
    last = (len(active) - 1) // 100 + 1
    assert await page(full, page=last, only_active=True) == (
        len(active), active[(last - 1) * 100 :],
    )  # fmt: skip


async def test_subaccounts_come_a_hundred_a_page(full, services):
    async def listed(**values):
        answer = await full.post("/v3/subaccount/list", values)
        assert answer.body["amount_of_subaccounts"] == 10_000
        return answer.body["subaccount"]

    rows = await services.db.fetch(
        "SELECT id FROM accounts WHERE parent_id = $1 ORDER BY id", full.shop.account
    )
    every = [f"sub_{row['id']}" for row in rows]
    first = await listed()
    assert [one["ID"] for one in first] == every[:100]
    assert (first[0]["has_campaigns"], len(first[0]["campaigns"])) == ("10000", 100)
    assert [one["ID"] for one in await listed(page=100)] == every[-100:]
    assert await listed(page=101) == []
    alone = (await full.post("/v3/subaccount", {"subaccount": every[0]})).body["subaccount"]
    assert alone["has_campaigns"] == str(len(alone["campaigns"])) == "10000"


@pytest.mark.parametrize("call", sorted(WHOLE_LISTS))
async def test_no_list_is_large(full, call):
    """Two megabytes: what 10,000 opt-outs are for somebody who asks for all at once."""
    method, _, path = call.partition(" ")
    answer = await (full.post(path, {}) if method == "POST" else client_of(full).get(path))
    assert answer.status == 200, answer.text
    assert len(answer.text) < 2_000_000
