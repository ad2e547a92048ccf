"""Each kind of alert begins when there is something to look at, and is over when there is not."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from tearoff.accounts import tallies
from tearoff.accounts.tallies import Tally
from tearoff.alerts import jobs, looks, models, queries
from tearoff.coupons.sessions.pin_tries import ALARM
from tearoff.kit import clock
from tests.cast import open_shop

LOOKS = {**looks.EACH_MINUTE, **looks.EACH_TEN_MINUTES, **looks.EACH_HOUR}
HOUR = timedelta(hours=1)


async def watch(services, now=None):
    """All looks at once, as the worker does it."""
    now = now or clock.now()
    for run in (jobs.watch_each_minute, jobs.watch_each_ten_minutes, jobs.watch_each_hour):
        await run(services, now)


async def standing(services, account):
    rows = await queries.page(services.db, account, models.KINDS, is_standing=True)
    return {(row.kind, row.subject): row.facts for row in rows}


async def run(services, statement, *values):
    await services.db.execute(statement, *values)


@pytest.fixture
async def shop(services):
    return await open_shop(services)


def test_every_kind_has_its_look():
    assert set(LOOKS) == set(models.KINDS)


async def test_a_shop_in_which_all_is_well_is_told_nothing(services, shop):
    await watch(services)
    assert await standing(services, shop.account) == {}


async def test_a_provider_that_takes_nothing(services, shop):
    now = clock.now()
    failing = "UPDATE connections SET failing_since = $2, last_error = 'No credit' WHERE id = $1"
    await run(services, failing, shop.connection, now - timedelta(minutes=1))
    await watch(services, now)
    assert await standing(services, shop.account) == {}
    await run(services, failing, shop.connection, now - timedelta(minutes=3))
    await watch(services, now)
    ((key, facts),) = (await standing(services, shop.account)).items()
    assert key == (models.PROVIDER_FAILING, str(shop.connection))
    assert facts.reason == "No credit"
    await run(
        services, "UPDATE connections SET failing_since = NULL WHERE id = $1", shop.connection
    )
    await watch(services, now)
    assert await standing(services, shop.account) == {}


async def test_what_comes_back_soon_is_the_same_alert(services, shop):
    now = clock.now()
    for at, failing in ((0, True), (1, False), (20, True), (21, False), (60, True)):
        moment = now + timedelta(minutes=at)
        since = moment - timedelta(minutes=5) if failing else None
        await run(
            services,
            "UPDATE connections SET failing_since = $2 WHERE id = $1",
            shop.connection,
            since,
        )
        await watch(services, moment)
    rows = await services.db.fetch("SELECT * FROM alerts WHERE account_id = $1", shop.account)
    assert [row["ended_at"] is None for row in sorted(rows, key=lambda r: r["id"])] == [False, True]


async def test_a_webhook_that_fails_and_one_that_was_switched_off(services, shop):
    now, made = (
        clock.now(),
        "INSERT INTO hook_endpoints (account_id, url, secret_sealed, {}) VALUES",
    )
    url = "https://hooks.shop.example/secret-path"
    failing = made.format("failing_since") + " ($1, $2, '', $3)"
    await run(services, failing, shop.account, url, now - 2 * HOUR)
    off = made.format("active, switched_off_at, switched_off_reason")
    off += " ($1, $2, '', false, $3, $4)"
    await run(services, off, shop.account, url, now, "Nothing but failures for three days.")
    await run(services, off, shop.account, url, now, "Switched off by its owner.")
    await watch(services, now)
    found = await standing(services, shop.account)
    assert sorted(kind for kind, _ in found) == [models.WEBHOOK_FAILING, models.WEBHOOK_OFF]
    assert {facts.name for facts in found.values()} == {"hooks.shop.example"}


async def test_a_pool_that_runs_low_counts_what_is_left(services, shop):
    await run(
        services, "UPDATE campaigns SET has_pool = true, pool_low = 5 WHERE id = $1", shop.campaign
    )
    await watch(services)
    facts = (await standing(services, shop.account))[models.POOL_LOW, str(shop.campaign)]
    assert (facts.n, facts.of) == (0, 5)


async def test_a_budget_that_is_nearly_spent(services, shop):
    now = clock.now()
    await run(services, "UPDATE accounts SET limit_spend_day = 1000 WHERE id = $1", shop.account)
    day = Tally("spend-day", 1000, timedelta(days=1), 799)
    await tallies.count(services.db, shop.account, [day], now)
    await watch(services, now)
    assert await standing(services, shop.account) == {}
    more = Tally("spend-day", 1000, timedelta(days=1), 1)
    await tallies.count(services.db, shop.account, [more], now)
    await watch(services, now)
    facts = (await standing(services, shop.account))[models.BUDGET_NEAR, "spend-day"]
    assert (facts.n, facts.of) == (800, 1000)
    await watch(services, now + timedelta(days=1, minutes=1))
    assert await standing(services, shop.account) == {}


async def test_a_campaign_that_ends_soon_is_told_where_coupons_are_out(services, shop, give):
    now = clock.now()
    ends = "UPDATE campaigns SET expires_at = $2 WHERE id = $1"
    await run(services, ends, shop.campaign, now + 47 * HOUR)
    await watch(services, now)
    assert await standing(services, shop.account) == {}
    await give(shop, 1)
    await watch(services, now)
    assert list(await standing(services, shop.account)) == [
        (models.CAMPAIGN_ENDS, str(shop.campaign))
    ]
    await run(services, ends, shop.campaign, now + 49 * HOUR)
    await watch(services, now)
    assert await standing(services, shop.account) == {}


async def test_somebody_who_guesses_pins(services, shop):
    now = clock.now()
    many = Tally(ALARM.scope, ALARM.cap, ALARM.window, 50)
    await tallies.count(services.db, shop.account, [many], now)
    await watch(services, now)
    assert (await standing(services, shop.account))[models.PIN_GUESSED, ""].n == 50


@pytest.fixture
def give(services):
    """Coupons of a shop that were sent by text some hours ago, to numbers that begin alike."""

    async def give(shop, n, *, hours=5, connection=None, prefix="+32470", opened=0):
        at = clock.now() - hours * HOUR
        await services.db.execute(
            "WITH made AS (INSERT INTO sessions (account_id, campaign_id, code, phone, created_at,"
            "  opened_at) SELECT $1, $2, md5(random()::text || n)::char(21), $5 || lpad(n::text, 6,"
            "  '0'), $4, CASE WHEN n <= $7 THEN $4::timestamptz END FROM generate_series(1, $3) n"
            "  RETURNING id, phone)"
            " INSERT INTO messages (id, account_id, connection_id, about, recipient, text,"
            "  encoding, segments, state, created_at, answered_at)"
            " SELECT time_id($4) | (nextval('time_id_tail') & 1048575),"
            "  $1, $6, id, phone, '', 'GSM-7', 1, 'accepted', $4, $4 FROM made",
            shop.account, shop.campaign, n, at, prefix, connection or shop.connection, opened,
        )  # fmt: skip

    return give


async def test_a_service_that_tells_of_no_message_what_became_of_it(services, give):
    shop, now = await open_shop(services, kind="smpp", settings=SMPP), clock.now()
    await run(
        services,
        "INSERT INTO connection_news (connection_id, last_accepted_at) VALUES ($1, $2)",
        shop.connection,
        now - 3 * HOUR,
    )
    await give(shop, 19)
    await watch(services, now)
    assert await standing(services, shop.account) == {}
    await give(shop, 1, hours=4)
    await watch(services, now)
    assert list(await standing(services, shop.account)) == [
        (models.RECEIPTS_MISSING, str(shop.connection))
    ]
    await run(
        services,
        "UPDATE connection_news SET last_receipt_at = $2 WHERE connection_id = $1",
        shop.connection,
        now,
    )
    await watch(services, now)
    assert await standing(services, shop.account) == {}


SMPP = {"host": "127.0.0.1", "port": "9", "system_id": "shop", "password": "secret"}


async def test_numbers_that_begin_alike_of_whom_nobody_opens(services, shop, give):
    await give(shop, 49, prefix="+33600")
    await give(shop, 60, prefix="+32470", opened=1)
    await give(shop, 60, prefix="+12015", hours=1)
    await watch(services)
    assert await standing(services, shop.account) == {}
    await give(shop, 1, prefix="+33600", hours=6)
    await watch(services)
    found = await standing(services, shop.account)
    assert found == {(models.PREFIX_SILENT, "+33600"): models.Facts(n=50)}


async def test_two_workers_that_look_at_once_tell_it_once(services, shop):
    now = clock.now()
    await run(
        services,
        "UPDATE connections SET failing_since = $2 WHERE id = $1",
        shop.connection,
        now - HOUR,
    )
    await asyncio.gather(*(jobs.watch_each_minute(services, now) for _ in range(8)))
    n = await services.db.fetchval(
        "SELECT count(*) FROM alerts WHERE account_id = $1", shop.account
    )
    assert n == 1


async def test_what_is_long_over_is_forgotten(services, shop):
    now = clock.now()
    await run(
        services,
        "INSERT INTO alerts (account_id, kind, subject, began_at, ended_at) VALUES"
        " ($1, 'pool_low', '1', $2, $2), ($1, 'pool_low', '2', $3, $3),"
        " ($1, 'pool_low', '3', $2, NULL)",
        shop.account,
        now - timedelta(days=91),
        now - timedelta(days=89),
    )
    await jobs.sweep(services, now)
    rows = await services.db.fetch(
        "SELECT subject FROM alerts WHERE account_id = $1 ORDER BY 1", shop.account
    )
    assert [row["subject"] for row in rows] == ["2", "3"]
