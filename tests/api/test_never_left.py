"""A send that certainly never left gives its place in every limit back."""

from datetime import UTC, datetime, timedelta

from tearoff.accounts import tallies
from tearoff.accounts.tallies import Tally
from tests.cast import open_shop

LIMITED = {
    "limit_number_hour": 1, "limit_number_day": 1, "limit_prefix_hour": 1,
    "limit_spend_day": 70_000, "limit_spend_month": 70_000,
}  # fmt: skip


async def tallies_of(services, shop):
    rows = await services.db.fetch(
        "SELECT scope, n FROM tallies WHERE account_id = $1", shop.account
    )
    return {row["scope"]: row["n"] for row in rows}


async def test_what_never_left_counts_in_no_limit(caller, services):
    """One place in each limit, and a service that refuses: the place is there again."""
    shop = caller.shop = await open_shop(
        services, settings={"scripted": "true"}, account=LIMITED, campaign={"limit_sessions": 1}
    )
    await services.db.execute(
        "UPDATE connections SET segment_price = 70000 WHERE account_id = $1", shop.account
    )
    for _ in range(3):
        refused = await caller.send("+32470002211")
        assert "The number does not" in refused.texts[0]
    assert set((await tallies_of(services, shop)).values()) == {0}
    assert len(await tallies_of(services, shop)) == 6
    assert (await caller.send("+32470002000")).status == 200
    assert (await caller.send("+32470002000", body="more")).codes == [602]


async def test_a_window_that_is_over_gets_nothing_back(services, shop):
    now = datetime.now(UTC)
    hour = Tally("number-hour:x", 5, timedelta(hours=1))
    await tallies.count(services.db, shop.account, [hour], now)
    back = Tally("number-hour:x", 5, timedelta(hours=1), -1)
    for counted_at, n in ((now - timedelta(minutes=1), 1), (now, 0)):
        await tallies.give_back(services.db, shop.account, [back], now, counted_at=counted_at)
        assert await tallies.reached(services.db, shop.account, "number-hour:x", now) == n


async def test_the_code_of_a_coupon_that_never_left_is_free_again(caller, services):
    shop = caller.shop = await open_shop(services, settings={"scripted": "true"})
    await services.db.execute(
        "INSERT INTO pool_codes (campaign_id, code) VALUES ($1, 'ONLY')", shop.campaign
    )
    await services.db.execute("UPDATE campaigns SET has_pool = true WHERE id = $1", shop.campaign)
    for _ in range(2):
        assert "The number does not" in (await caller.send("+32470002211")).texts[0]
    sent = await caller.send("+32470002000")
    told = {"couponsession": sent.body["single_use_code"]}
    data = (await caller.post("/v3/couponsession/data", told)).body["data"]
    assert data["status"]["own_validation_code"] == "ONLY"


async def test_a_coupon_that_never_left_is_not_counted_later_either(caller, services):
    shop = caller.shop = await open_shop(services, settings={"scripted": "true"})
    await caller.send("+32470002211")
    limited = {"campaign": shop.ref, "limit_sessions": 1}
    assert (await caller.post("/v3/coupon/update", limited)).status == 200
    code = await services.db.fetchval(
        "SELECT code FROM sessions WHERE account_id = $1", shop.account
    )
    gone = {"campaign": shop.ref, "single_use_code": code}
    assert (await caller.post("/v3/singleuse/remove", gone)).status == 200
    assert (await caller.send("+32470002000")).status == 200
    assert (await caller.send("+32470002001")).codes == [602]
