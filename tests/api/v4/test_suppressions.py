"""`/v4/suppressions`, looked through: by filters, in either order, and by those who may."""

from __future__ import annotations

import itertools

import pytest

from tearoff.kit import clock
from tearoff.people import optouts
from tearoff.people.optout_pages import CHANNELS, SOURCES
from tests.api.v4.client import client_of


@pytest.fixture
def v4(caller):
    return client_of(caller)


@pytest.fixture
async def listed(services, shop):
    """Each source with a number and an address."""
    for n, source in enumerate(SOURCES):
        for address in (f"+3247000{n:04d}", f"ann{n}@example.com"):
            async with services.db.transaction() as db:
                await optouts.add(db, shop.account, address, source=source, now=clock.now())


async def all_of(v4, query="", limit=3):
    found, cursor = [], ""
    while True:
        page = (await v4.get(f"/v4/suppressions?limit={limit}{query}{cursor}")).body
        found += page["data"]
        if page["next_cursor"] is None:
            return found
        cursor = f"&cursor={page['next_cursor']}"


async def test_the_count_is_that_of_the_pages_for_each_pair_of_filters(v4, listed):
    for source, channel in itertools.product((None, *SOURCES), (None, *CHANNELS)):
        query = "".join(
            f"&{name}={value}"
            for name, value in (("source", source), ("channel", channel))
            if value
        )
        rows = await all_of(v4, query)
        count = (await v4.get(f"/v4/suppressions/count?{query}")).body
        assert count == {"count": len(rows), "at_least": False}
        assert len(rows) == (1 if source else 5) * (1 if channel else 2)
        assert all(source in (None, row["source"]) for row in rows)
        assert all(channel in (None, row["channel"]) for row in rows)


async def test_either_order_has_all_once(v4, listed):
    by_address, newest = await all_of(v4), await all_of(v4, "&order=newest")
    assert [row["address"] for row in by_address] == sorted(row["address"] for row in newest)
    moments = [row["created_at"] for row in newest]
    assert moments == sorted(moments, reverse=True)
    assert len({(row["address"], row["source"]) for row in newest}) == 10


@pytest.mark.parametrize(
    "query", ["search=12", "source=x", "channel=x", "order=x", "cursor=x", "search=%00"]
)
async def test_wrong_questions(v4, listed, query):
    assert (await v4.get(f"/v4/suppressions?{query}")).status == 422


async def test_others_find_nothing(v4, other_caller, listed):
    other = client_of(other_caller)
    for query in ("", "search=0001", "search=%2B32470000001", "order=newest"):
        assert (await other.get(f"/v4/suppressions?{query}")).body["data"] == []
    assert (await other.get("/v4/suppressions/count")).body["count"] == 0


async def test_it_tells_the_coupon_that_they_had_got_before(v4, shop, caller):
    """In either spelling of a Mexican number."""
    given = {"campaign": shop.ref, "phone": "+525512345678"}
    before = await caller.post("/v3/singleuse/create", given)
    await v4.post("/v4/suppressions", {"address": "+5215512345678"})
    await caller.post("/v3/singleuse/create", given)  # later: not what it was about
    (found,) = (await v4.get("/v4/suppressions")).body["data"]
    assert found["about"]["coupon"] == before.body["single_use_code"][:6]
    assert found["about"]["campaign"] == shop.campaign
