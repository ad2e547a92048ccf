"""`GET /v4/audit`: what it finds, page by page, and for whom."""

from datetime import timedelta

import pytest

from tearoff.accounts import audit, members
from tearoff.kit import clock
from tests.cast import open_shop
from tests.scopes import client_with

ANN = audit.Actor("person", "123", "198.51.100.7")
PROGRAM = audit.Actor("key", "888", "203.0.113.9")
FOUND = {
    "noun=folder": [3, 1],
    "noun=fold": [],
    "actor_kind=key": [2, 1],
    "actor_kind=person&actor=123": [4, 3],
    "actor=124": [],
    "subject=7": [4, 1],
    "noun=campaign&subject=7": [4],
    "noun=campaign&actor_kind=key": [2],
}


@pytest.fixture
async def log(caller, services):
    """Four entries, a day apart; gives the client that reads them."""
    now = clock.now()
    rows = (
        (PROGRAM, "folder.create", "7"),
        (PROGRAM, "campaign.change", "8"),
        (ANN, "folder.remove", "9"),
        (ANN, "campaign.publish", "7"),
    )
    client = await client_with(caller, services, ["admin"])
    for n, (who, verb, subject) in enumerate(rows, 1):
        at = now - timedelta(days=4 - n)
        after = {"n": n}
        await audit.write(
            services.db, caller.shop.account, who, verb, at, subject=subject, after=after
        )
    return client


async def numbers(client, query):
    answer = await client.get(f"/v4/audit?{query}")
    assert answer.status == 200, answer.text
    return [row["after"]["n"] for row in answer.body["data"] if "n" in (row["after"] or {})]


@pytest.mark.parametrize("query", FOUND)
async def test_each_filter_finds_what_it_names(log, query):
    assert await numbers(log, query) == FOUND[query]


async def test_days_are_cut_at_their_moments(log):
    now = clock.now()
    since = (now - timedelta(days=2.5)).strftime("%Y-%m-%dT%H:%M:%SZ")
    until = (now - timedelta(days=0.5)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert await numbers(log, f"since={since}") == [4, 3, 2]
    assert await numbers(log, f"until={until}") == [3, 2, 1]
    assert await numbers(log, f"since={since}&until={until}") == [3, 2]


async def test_pages_together_are_the_whole_list(log):
    found, cursor = [], ""
    while cursor is not None:
        answer = await log.get(f"/v4/audit?limit=1{cursor and '&cursor=' + cursor}")
        found += answer.body["data"]
        cursor = answer.body["next_cursor"]
    assert [row["after"]["n"] for row in found if "n" in (row["after"] or {})] == [4, 3, 2, 1]


async def test_the_log_says_who_by_name_while_they_are_here(log, caller, services):
    account = caller.shop.account
    async with services.db.transaction() as db:
        new = members.NewMember(role="manager", email="ann@log.example", first_name="Ann")
        place = await members.create_member(db, account, new)
        who = await db.fetchval("SELECT person_id FROM members WHERE id = $1", place)
        await audit.write(
            db, account, audit.Actor("person", str(who)), "folder.create", clock.now()
        )
    row = (await log.get("/v4/audit?limit=1")).body["data"][0]
    assert row["actor"] == {"kind": "person", "id": str(who), "name": "Ann"}
    async with services.db.transaction() as db:
        await members.remove_member(db, account, place, clock.now())
    row = (await log.get(f"/v4/audit?limit=1&actor={who}")).body["data"][0]
    assert row["actor"] == {"kind": "person", "id": str(who), "name": ""}


async def test_another_account_sees_nothing_of_it(log, caller, services):
    other = await open_shop(services)
    client = await client_with(type(caller)(caller.http, caller.url, other), services, ["admin"])
    assert await numbers(client, "") == []


@pytest.mark.parametrize("query", ["since=yesterday", "actor_kind=cat", "limit=0", "colour=red"])
async def test_a_filter_that_cannot_be_read_is_refused(log, query):
    answer = await log.get(f"/v4/audit?{query}")
    assert answer.status in (400, 422), answer.text
