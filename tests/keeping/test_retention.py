"""What is old forgets its people: in lots, as far as it is over, where somebody said so."""

import asyncio
from datetime import timedelta

import pytest
import pytest_asyncio

from tearoff.keeping import retention
from tearoff.kit import clock
from tests.api.caller import Caller
from tests.api.v4.client import client_of
from tests.cast import open_shop
from tests.running import PATIENCE

DAYS = 30


@pytest_asyncio.fixture
async def shop(services):
    return await open_shop(services, campaign={"expires_at": None})


@pytest.fixture
def v4(http, server, shop):
    return client_of(Caller(http, server.url, shop))


async def coupon(services, shop, *, days_old=100, **values):
    """Of somebody. Times are told in days before now."""
    now = clock.now()
    for name, value in values.items():
        if name.endswith("_at"):
            values[name] = now - timedelta(days=value)
    values = {
        "created_at": now - timedelta(days=days_old), "firstname": "Ann",
        "phone": "+32470004711", **values,
    }  # fmt: skip
    marks = ", ".join(f"${i}" for i in range(3, 3 + len(values)))
    return await services.db.fetchval(
        f"INSERT INTO sessions (account_id, campaign_id, code, {', '.join(values)})"
        f" VALUES ($1, $2, left(md5(random()::text), 21), {marks}) RETURNING id",
        shop.account, shop.campaign, *values.values(),
    )  # fmt: skip


async def message(services, shop, *, days_old=100, about=None):
    at = clock.now() - timedelta(days=days_old)
    return await services.db.fetchval(
        "INSERT INTO messages (id, account_id, connection_id, about, recipient, text, encoding,"
        " segments, state, created_at) VALUES (time_id($4) | (random() * 1000000)::int, $1, $2, $3,"
        " '+32470004711', 'Hello Ann', 'gsm7', 1, 'delivered', $4) RETURNING id",
        shop.account, shop.connection, about, at,
    )  # fmt: skip


async def run(services, shop, days=DAYS):
    await services.db.execute(
        "UPDATE accounts SET retention_days = $2 WHERE id = $1", shop.account, days
    )
    await retention.run(services.db, shop.account, clock.now())


async def known(services, shop):
    """Ids of coupons and messages whose people are still known."""
    rows = await services.db.fetch(
        "SELECT id FROM sessions WHERE account_id = $1 AND firstname IS NOT NULL"
        " UNION ALL SELECT id FROM messages WHERE account_id = $1 AND recipient <> ''",
        shop.account,
    )
    return {row["id"] for row in rows}


@pytest.mark.parametrize(
    ("values", "is_kept"),
    [
        ({}, False),  # it has no end, and nothing has happened for long
        ({"days_old": 10}, True),
        ({"opened_at": 5}, True),
        ({"used_at": 20, "validated_at": 20}, True),
        ({"validated_at": 60, "expires_at": -60}, False),  # used up before its end
        ({"expires_at": -1}, True),  # it can still be used
        ({"expires_at": 29}, True),
        ({"expires_at": 31}, False),
        ({"voided": True, "voided_at": 40, "expires_at": -60}, False),
    ],
)
async def test_a_coupon_forgets_its_person_when_it_is_over_for_so_long(
    services, shop, values, is_kept
):
    one = await coupon(services, shop, **values)
    await run(services, shop)
    assert (one in await known(services, shop)) is is_kept
    row = await services.db.fetchrow("SELECT * FROM sessions WHERE id = $1", one)
    assert row["code"]
    assert row["created_at"]
    assert (row["forgotten_at"] is None) is is_kept


async def test_a_coupon_that_outlives_its_campaign_is_remembered_until_its_own_end(
    v4, services, shop
):
    """The shop has extended it: the campaign's end is none of it."""
    await services.db.execute(
        "UPDATE campaigns SET expires_at = now() - interval '60 days' WHERE id = $1", shop.campaign
    )
    valid = await coupon(services, shop, expires_at=-1, extended=True)
    over = await coupon(services, shop, expires_at=40, extended=True)
    with_campaign = await coupon(services, shop, expires_at=-1)
    told = await message(services, shop, about=valid)
    await message(services, shop, about=over)
    shown = (await v4.get(f"/v4/retention?days={DAYS}")).body
    assert (shown["coupons"], shown["messages"]) == (2, 1)
    await run(services, shop)
    assert await known(services, shop) == {valid, told}
    assert with_campaign


async def test_a_message_stays_as_long_as_its_coupon_knows_the_person(services, shop):
    over, live = await coupon(services, shop), await coupon(services, shop, expires_at=-1)
    gone = [await message(services, shop, about=over), await message(services, shop)]
    kept = [await message(services, shop, about=live), await message(services, shop, days_old=3)]
    await run(services, shop)
    assert await known(services, shop) == {live, *kept}
    row = await services.db.fetchrow("SELECT * FROM messages WHERE id = $1", gone[0])
    assert (row["recipient"], row["text"], row["state"]) == ("", "", "delivered")


async def test_a_coupon_that_somebody_was_told_of_lately_stays(services, shop):
    one = await coupon(services, shop)
    told = await message(services, shop, days_old=2, about=one)
    await services.db.execute("UPDATE sessions SET last_message_id = $2 WHERE id = $1", one, told)
    await run(services, shop)
    assert one in await known(services, shop)


async def test_nothing_is_forgotten_where_nobody_has_said_so(services, shop):
    one = await coupon(services, shop, days_old=4_000)
    await run(services, shop, days=None)
    assert await known(services, shop) == {one}


async def test_the_mark_never_passes_one_that_had_to_stay(services, shop, monkeypatch):
    monkeypatch.setattr(retention, "_SESSIONS", retention._SESSIONS.replace("1000", "3"))
    for n in range(4):
        await coupon(services, shop, days_old=300 - n)
    live = await coupon(services, shop, days_old=250, expires_at=-1)
    for n in range(8):
        await coupon(services, shop, days_old=200 - n)
    await run(services, shop)
    assert await known(services, shop) == {live}
    await services.db.execute(
        "UPDATE sessions SET expires_at = now() - interval '40 days' WHERE id = $1", live
    )
    await run(services, shop)
    assert await known(services, shop) == set()


async def test_a_coupon_that_somebody_holds_waits_for_the_next_time(services, shop):
    one, other = await coupon(services, shop), await coupon(services, shop)
    async with services.db.transaction() as held:
        await held.execute("SELECT FROM sessions WHERE id = $1 FOR UPDATE", one)
        async with asyncio.timeout(PATIENCE):
            await run(services, shop)
        assert await known(services, shop) == {one}
    await run(services, shop)
    assert await known(services, shop) == set()
    assert other


async def test_what_comes_in_is_deleted_by_its_age(services, shop):
    for days in (40, 10):
        at = clock.now() - timedelta(days=days)
        await services.db.execute(
            "INSERT INTO replies (account_id, connection_id, sender, phone, text, keyword,"
            " received_at, state) VALUES ($1, $2, 'x', '+32470004711', 'hi', 'other', $3, 'done'),"
            " ($1, $2, 'y', '+32470004711', 'stop?', 'other', $3, 'open')",
            shop.account, shop.connection, at,
        )  # fmt: skip
        await services.db.execute(
            "INSERT INTO arrivals (account_id, connection_id, key, kind, raw, received_at,"
            " handled_at) VALUES ($1, $2, $4, 'callback', 'x', $3, $3)",
            shop.account, shop.connection, at, str(days),
        )  # fmt: skip
    await run(services, shop)
    replies = await services.db.fetch("SELECT state FROM replies WHERE account_id = $1"
                                      " ORDER BY id", shop.account)  # fmt: skip
    assert [row["state"] for row in replies] == ["open", "done", "open"]
    arrivals = "SELECT count(*) FROM arrivals WHERE account_id = $1"
    assert await services.db.fetchval(arrivals, shop.account) == 1


async def test_what_could_not_be_read_is_forgotten_with_its_report(v4, services, shop):
    await services.db.execute(
        "WITH a AS (INSERT INTO arrivals (account_id, connection_id, key, kind, raw, received_at,"
        " handled_at, result)"
        " VALUES ($1, $2, md5(random()::text), 'link', $3, $4, $4, 'unreadable')"
        " RETURNING account_id, id, received_at) INSERT INTO unread_arrivals SELECT * FROM a",
        shop.account, shop.connection, b"x", clock.now() - timedelta(days=40),
    )  # fmt: skip
    assert (await v4.get("/v4/replies/waiting")).body["has_unread"]
    await run(services, shop)
    assert not (await v4.get("/v4/replies/waiting")).body["has_unread"]


async def test_the_preview_counts_what_would_go_and_the_worker_does_it(v4, services, shop):
    over = await coupon(services, shop)
    live = await coupon(services, shop, expires_at=-1)
    await message(services, shop, about=over)
    await message(services, shop, about=live)
    shown = (await v4.get(f"/v4/retention?days={DAYS}")).body
    assert (shown["retention_days"], shown["days"], shown["last_run"]) == (None, DAYS, None)
    assert (shown["coupons"], shown["messages"]) == (1, 1)
    assert (await v4.get("/v4/retention?days=365")).body["coupons"] == 0

    assert (await v4.patch("/v4/account", {"retention_days": DAYS})).status == 200
    async with asyncio.timeout(PATIENCE):
        while True:
            last = (await v4.get("/v4/retention")).body["last_run"]
            if last and last["finished_at"]:
                break
            await asyncio.sleep(0.05)
    assert (last["coupons"], last["messages"]) == (1, 1)
    assert over not in await known(services, shop)
    assert (await v4.get("/v4/retention")).body["coupons"] == 0


@pytest.mark.parametrize("days", [6, 3_651, "x", 0])
async def test_days_have_bounds(v4, days):
    answer = await v4.patch("/v4/account", {"retention_days": days})
    assert answer.status == 422
    assert answer.body["errors"][0]["field"] == "retention_days"
