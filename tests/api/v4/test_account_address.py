"""`POST /v4/account/address/check` and `GET /v4/account/limits`."""

from datetime import timedelta

import pytest

from tearoff.accounts import tallies
from tearoff.accounts.tallies import Tally
from tearoff.kit import clock
from tests.scopes import client_with


@pytest.fixture
async def client(caller, services):
    return await client_with(caller, services, ["admin"])


async def test_the_server_knows_itself_from_outside(client, caller):
    answer = await client.post("/v4/account/address/check", {"link_host": caller.url})
    assert answer.status == 200, answer.text
    met = {step["name"]: step["problem"] for step in answer.body["steps"]}
    assert met == {"name": "", "connection": "", "certificate": "plain", "answer": ""}
    assert answer.body["is_fine"] is False


async def test_what_is_no_address_is_refused(client):
    answer = await client.post("/v4/account/address/check", {"link_host": "shop"})
    assert answer.status == 422
    assert answer.body["errors"][0]["field"] == "link_host"


async def test_nobody_looks_for_open_ports_by_it(client):
    answers = [
        await client.post("/v4/account/address/check", {"link_host": "http://127.0.0.1:9"})
        for _ in range(12)
    ]
    assert [one.status for one in answers].count(200) == 10
    assert answers[-1].status == 429


async def test_limits_say_how_far_they_are_used(client, caller, services):
    account, now, db = caller.shop.account, clock.now(), services.db
    await db.execute("UPDATE accounts SET limit_spend_day = 5000000 WHERE id = $1", account)
    counted = (
        Tally("spend-day", 5_000_000, timedelta(days=1), 1_200_000),
        Tally("spend-month", 9_000_000, timedelta(days=30), 1_200_000),
        Tally("number-day:+32470001111", 1, timedelta(days=1)),
        Tally("number-hour:+32470001111", 1, timedelta(hours=1)),
        Tally("number-hour:+32470002222", 2, timedelta(hours=1)),
        Tally("prefix-hour:+3247000", 1, timedelta(hours=1)),
    )
    await tallies.count(db, account, counted, now)
    body = (await client.get("/v4/account/limits")).body
    assert (body["spend_day"]["limit"], body["spend_day"]["spent"]) == (5_000_000, 1_200_000)
    assert body["spend_day"]["until"]
    assert body["spend_month"] == {"limit": None, "spent": 0, "until": None}
    assert (body["numbers_at_limit"], body["blocks_at_limit"]) == (1, 1)
