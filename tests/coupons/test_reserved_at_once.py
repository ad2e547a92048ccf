"""Tills that confirm what they have reserved, while others take in coupons of the same campaign:
nobody waits for somebody who waits for them, and every number is exact."""

import asyncio
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tearoff.coupons.sessions import reservations, reserved_limits
from tearoff.kit.db import Database
from tests.cast import open_shop
from tests.coupons.test_limits import at_once, sessions_of, set_limits, use
from tests.running import PATIENCE

NOW = datetime.now(UTC)
EVENING = datetime.combine(
    (NOW + timedelta(days=2)).date(), datetime.min.time(), ZoneInfo("Europe/Brussels")
) - timedelta(minutes=5)
MANY = 1000


@pytest.fixture
async def db(services):
    """Connections enough that they really meet."""
    db = await Database.open(services.settings.database_url, size=20)
    yield db
    await db.close()


async def reserve(db, coupon, now=NOW):
    async with db.transaction() as work:
        held = await reservations.reserve(work, coupon, seconds=900, holder="till", now=now)
    return held.id


async def numbers(services, shop):
    """What the limits stand at, by what is limited; of days, places and people the sum."""
    rows = await services.db.fetch(
        "SELECT split_part(scope, ':', 3) AS what, sum(n)::integer AS n FROM tallies"
        " WHERE account_id = $1 GROUP BY what",
        shop.account,
    )
    return {row["what"]: row["n"] for row in rows}


@pytest.mark.parametrize(
    ("campaign", "set_since", "reserved_at", "used_at", "counts"),
    [
        ({"limit_location": MANY}, {}, NOW, NOW, "location"),
        ({"limit_day": MANY}, {}, EVENING, EVENING + timedelta(minutes=10), "day"),
        ({}, {"limit_claims": MANY}, NOW, NOW, "claims"),
    ],
    ids=["a place that only the use names", "past midnight", "a limit that was set since"],
)
async def test_what_only_the_use_counts_in(
    services, db, campaign, set_since, reserved_at, used_at, counts
):
    """It is counted in the same order as what every use counts in."""
    shop = await open_shop(services, kind=None, campaign={"limit_validations": 40, **campaign})
    coupons = await sessions_of(services, shop, 60, phone="+32470000004")
    held = await asyncio.gather(*(reserve(db, coupon, reserved_at) for coupon in coupons[:30]))
    if set_since:
        await set_limits(db, shop, **set_since)
    work = []
    for coupon, other, reservation in zip(coupons[:30], coupons[30:], held, strict=True):
        work.append(use(db, coupon, shop.location, used_at, reservation=reservation))
        work.append(use(db, other, shop.location, used_at))
    assert await at_once(work) == {"done": 40, "limit validations": 20}
    assert await numbers(services, shop) == {"validations": 40, counts: 40}
    assert not await services.db.fetchval(
        "SELECT count(*) FROM reserved_limits WHERE account_id = $1", shop.account
    )


async def test_a_limit_is_set_while_what_is_over_is_freed(services, db):
    """Both change reservations and tallies."""
    shop = await open_shop(services, kind=None, campaign={"limit_validations": 5})
    (coupon,) = await sessions_of(services, shop, 1)
    await reserve(db, coupon)
    await set_limits(db, shop, limit_validations=None)

    async def free():
        async with db.transaction() as work:
            await reserved_limits.free_over(work, NOW + timedelta(hours=1))

    async with db.transaction() as work:
        await work.execute("SELECT FROM tallies WHERE account_id = $1 FOR UPDATE", shop.account)
        setting = asyncio.create_task(set_limits(db, shop, limit_validations=5))
        await until_they_wait(services, work, 1)
        freeing = asyncio.create_task(free())
        # It waits as well, or it leaves to the other what the other holds.
        waits = asyncio.create_task(until_they_wait(services, work, 2))
        await asyncio.wait([waits, freeing], return_when=asyncio.FIRST_COMPLETED)
        waits.cancel()
    assert await at_once([setting, freeing]) == {"done": 2}
    assert (await numbers(services, shop)).get("validations", 0) == 0


async def until_they_wait(services, work, many):
    """Until so many wait for `work`, or for somebody who does."""
    holder = await work.fetchval("SELECT pg_backend_pid()")
    async with asyncio.timeout(PATIENCE):
        while await services.db.fetchval(
            "WITH RECURSIVE waits AS (SELECT $1::integer AS pid UNION"
            " SELECT a.pid FROM pg_stat_activity a JOIN waits w"
            " ON w.pid = ANY(pg_blocking_pids(a.pid))) SELECT count(*) - 1 < $2 FROM waits",
            holder,
            many,
        ):
            await asyncio.sleep(0.02)
