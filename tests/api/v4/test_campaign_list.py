"""The list of campaigns as people look through it, and two people who change one at once."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from tearoff.coupons.campaigns import campaigns, counts, listing
from tearoff.coupons.models import Doer
from tearoff.coupons.sessions import actions, minting
from tests.api.v4.client import client_of
from tests.cast import open_shop

NOW = datetime.now(UTC)


@pytest.fixture
def v4(caller):
    return client_of(caller)


async def make(v4, name, **more):
    made = await v4.post("/v4/campaigns", {"name": name, **more})
    assert made.status == 201, made.text
    return made.body


async def names(v4, query, limit=2):
    """Of all pages."""
    found, cursor = [], ""
    while True:
        page = await v4.get(f"/v4/campaigns?limit={limit}{query}{cursor}")
        assert page.status == 200, page.text
        found += [one["name"] for one in page.body["data"]]
        if page.body["next_cursor"] is None:
            return found
        cursor = f"&cursor={page.body['next_cursor']}"


async def test_found_by_words_of_name_or_title_in_any_case_and_accents(v4, shop):
    await make(v4, "Été à Gand", title="Crème glacée")
    await make(v4, "50% off_season")
    await make(v4, "קפה שני")
    assert await names(v4, "&search=ETE%20gand") == ["Été à Gand"]
    assert await names(v4, "&search=glacee") == ["Été à Gand"]
    assert await names(v4, "&search=0%25") == ["50% off_season"]
    assert await names(v4, "&search=%25") == ["50% off_season"]
    assert await names(v4, "&search=%D7%A7%D7%A4%D7%94") == ["קפה שני"]
    assert await names(v4, "&search=xyz") == []


async def test_sorted_in_stable_pages(v4, shop, services):
    """Each once in each order, also where many are alike; the cursor of another sort is refused."""
    soon = (NOW + timedelta(days=2)).isoformat()
    for name in ("Zoë\u200d", "ärmel", "Bar", "bar", "😀" * 200):
        await make(v4, name, expires_at=soon if name == "Bar" else None)
    by_name = await names(v4, "&sort=name")
    assert by_name == ["ärmel", "Bar", "bar", "Two for one", "Zoë\u200d", "😀" * 200]
    assert await names(v4, "&sort=-name") == by_name[::-1]
    by_end = await names(v4, "&sort=ends")
    assert by_end[:2] == ["Bar", "Two for one"]
    assert await names(v4, "&sort=-ends") == by_end[::-1]
    assert await names(v4, "&sort=-created") == (await names(v4, "&sort=created"))[::-1]
    assert len(await names(v4, "&sort=-redeemed")) == 6
    page = await v4.get("/v4/campaigns?limit=1&sort=name")
    other = await v4.get(f"/v4/campaigns?sort=ends&cursor={page.body['next_cursor']}")
    assert (other.status, other.body["errors"][0]["field"]) == (422, "cursor")


async def test_a_state_is_what_people_call_it(v4, shop):
    then = {"before": "2020-01-01T00:00:00Z", "later": "2099-01-01T00:00:00Z"}
    await make(v4, "over", expires_at=then["before"])
    await make(v4, "later", starts_at=then["later"])
    await make(v4, "draft", status="draft")
    await make(v4, "put away", status="archived")
    of = {state: await names(v4, f"&state={state}") for state in listing.STATES}
    assert of == {
        "active": ["Two for one"], "scheduled": ["later"], "ended": ["over"], "paused": [],
        "draft": ["draft"], "archived": ["put away"],
    }  # fmt: skip
    assert len(await names(v4, "")) == 5


async def test_all_of_a_filter_are_those_and_no_others(v4, shop, services):
    """Complaint 37: what is done to all that were found is done to these."""
    ids = [(await make(v4, f"Summer {i}"))["id"] for i in range(3)]
    asked = listing.Asked(search="summer", states=listing.LIVE)
    assert await listing.matching(services.db, shop.account, asked, now=NOW) == ids
    other = await open_shop(services)
    assert await listing.matching(services.db, other.account, asked, now=NOW) == []
    act = listing.set_status_of_many
    assert await act(services.db, other.account, ids, "paused", NOW) == []
    await v4.patch(f"/v4/campaigns/{ids[2]}", {"status": "draft"})
    assert await act(services.db, shop.account, ids, "paused", NOW, by="Anna") == ids[:2]
    assert await act(services.db, shop.account, ids, "active", NOW) == ids[:2]
    assert await act(services.db, shop.account, [*ids, 1], "archived", NOW) == ids
    assert (await v4.get(f"/v4/campaigns/{shop.campaign}")).body["status"] == "active"


async def test_counts_stand_in_every_answer_about_a_campaign(v4, shop, services):
    async with services.db.transaction() as db:
        campaign = await campaigns.campaign(db, shop.account, shop.campaign)
        batch = await minting.mint(db, campaign, 3, NOW)
        codes = [one.code async for lot in minting.read_batch(db, batch) for one in lot]
        for code in codes[:2]:
            found = await actions.find_session(db, shop.account, code)
            await actions.validate(db, found, doer=Doer("staff", "counter"), now=NOW)
    for told in (
        (await v4.get("/v4/campaigns")).body["data"][0],
        (await v4.get(f"/v4/campaigns/{shop.campaign}")).body,
        (await v4.patch(f"/v4/campaigns/{shop.campaign}", {"title": "Soup"})).body,
    ):
        names = ("issued", "sent", "opened", "claimed", "redeemed", "redeemed_today")
        assert [told[name] for name in names] == [3, 0, 2, 2, 2, 2]
    await v4.post("/v4/messages", {"campaign": shop.campaign, "phone": "+32470001000"})
    told = (await v4.get(f"/v4/campaigns/{shop.campaign}")).body
    assert (told["issued"], told["sent"]) == (4, 1)


async def test_two_who_change_a_campaign_lose_neither(v4, shop):
    """Complaint 9: an outdated tab is told who, when and the version; the author's own second
    click is no conflict, nor are three saves from one tab."""
    path = f"/v4/campaigns/{shop.campaign}"
    seen = (await v4.get(path)).body["version"]
    first = await v4.patch(path, {"title": "Tea", "tags": ["b", "a"], "version": seen})
    assert first.body["version"] > seen
    again = await v4.patch(path, {"title": "Tea", "tags": ["b", "a"], "version": seen})
    assert (again.status, again.body) == (200, first.body)
    refused = await v4.patch(path, {"title": "Soup", "version": seen})
    assert (refused.status, refused.body["code"]) == (409, 540)
    assert (refused.body["by"], refused.body["version"]) == ("api", first.body["version"])
    assert refused.body["at"] == first.body["changed_at"]
    assert (await v4.get(path)).body["title"] == "Tea"
    version = first.body["version"]
    for title in ("one", "two", "three"):
        saved = await v4.patch(path, {"title": title, "version": version})
        assert saved.status == 200
        version = saved.body["version"]


async def plan_of(db, statement, *args):
    seen = await db.fetch("EXPLAIN (ANALYZE, FORMAT TEXT) " + statement, *args)
    return "\n".join(row[0] for row in seen)


async def test_a_page_costs_three_statements_and_reads_no_coupon(services):
    """At 200,000 coupons: whatever is asked for."""
    shop = await open_shop(services)
    async with services.db.transaction() as db:
        campaign = await campaigns.campaign(db, shop.account, shop.campaign)
        await minting.mint(db, campaign, 200_000, NOW)
        await db.execute(
            "INSERT INTO campaigns (account_id, code, name) SELECT $1, 'many' || $1::bigint || i,"
            " 'Many ' || i FROM generate_series(1, 1000) i",
            shop.account,
        )
    await services.db.execute("ANALYZE sessions, campaigns")
    for sort in listing.SORTS:
        seen = []
        async with services.db.connection() as db:
            db._con.add_query_logger(seen.append)
            page = await listing.listed(
                db, shop.account, listing.Asked(sort=sort, search="o", states=listing.LIVE),
                now=NOW, timezone="UTC", limit=50,
            )  # fmt: skip
            await asyncio.sleep(0)  # the last one is told to the log then
            db._con.remove_query_logger(seen.append)
            seen = [one for one in seen if " campaign" in one.query]  # not the driver's own
            if sort == "-redeemed":
                plans = [await plan_of(db, one.query, *one.args) for one in seen]
        assert len(seen) == 3
        assert len(page) in (1, 50)
    for plan in plans:
        for table in ("sessions", "messages", "session_events"):
            assert f" on {table}" not in plan, plan
    assert (await counts.of_campaigns(services.db, shop.account, [shop.campaign], NOW.date()))[
        shop.campaign
    ].all.issued == 200_000
