"""A place that takes in at once, and an answer that nobody heard: whoever closes NOT CHECKED has
handed out nothing, so the use goes back, whatever comes first and whatever came since."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from tearoff.coupons.sessions import queries
from tests.coupons.test_reserved_at_once import until_they_wait
from tests.web.conftest import do
from tests.web.tills import new_key, open_till


@pytest.fixture
def make_till(services, http, server):
    async def make(shop):
        await services.db.execute(
            "UPDATE locations SET redeems_at_once = true WHERE id = $1", shop.location
        )
        return await open_till(services, http, server.url, shop)

    return make


async def leave(till, key, code):
    now = datetime.now(UTC).isoformat()
    scan = {"key": key, "code": code, "scanned_at": now, "take": False, "left": True}
    status, told = await till.call("sync", {"sent_at": now, "scans": [scan]})
    assert status == 200, told
    return told["results"][0]


@pytest.mark.parametrize("campaign", [{}, {"uses": 2}, {"limit_validations": 5}])
@pytest.mark.parametrize("is_first", [True, False], ids=["left first", "check first"])
async def test_left_while_the_check_is_at_work(
    make_coupon, make_till, services, campaign, is_first
):
    """Both wait for somebody who holds the coupon; the one that came first goes on first."""
    coupon = await make_coupon(**campaign)
    till, key = await make_till(coupon.shop), new_key()
    session = (await coupon.row())["id"]

    async def check():
        return await till.check(coupon.code, key)

    async def left():
        return await leave(till, key, coupon.code)

    async with services.db.transaction() as work:
        await queries.hold_session(work, coupon.shop.account, session)
        acts = (left, check) if is_first else (check, left)
        first = asyncio.create_task(acts[0]())
        await until_they_wait(services, work, 1)
        second = asyncio.create_task(acts[1]())
        await until_they_wait(services, work, 2)
    told = await asyncio.gather(first, second)
    assert (await coupon.row())["uses"] == 0, told
    assert (await till.check(coupon.code))["verdict"] == "used"
    assert (await coupon.row())["uses"] == 1


async def test_left_after_it_was_used_elsewhere(make_coupon, make_till):
    """That one stands, with its moment, place and amount; the other device can still undo it."""
    coupon = await make_coupon(uses=2, limit_location=2)
    till, other = await make_till(coupon.shop), await make_till(coupon.shop)
    key, its = new_key(), new_key()
    assert (await till.check(coupon.code, key))["verdict"] == "used"
    await other.redeem(coupon.code, its, amount="12.50")
    used = await coupon.row()
    told = await leave(till, key, coupon.code)
    assert (told["verdict"], told["uses_left"]) == ("undone", 1)
    row = await coupon.row()
    assert (row["uses"], row["validated_at"]) == (1, None)
    for name in ("used_at", "location_id", "validation_value"):
        assert row[name] == used[name]
    status, undone = await other.call("undo", {"key": its})
    assert (status, undone["verdict"]) == (200, "undone")
    assert (await coupon.row())["uses"] == 0
    for _ in range(2):
        assert (await till.redeem(coupon.code))["verdict"] == "used"


async def test_each_use_keeps_what_was_noted_with_it(make_coupon, make_till):
    """A kept scan is heard of after a later use; a use is taken back: what is shown is always of
    one and the same use."""
    coupon = await make_coupon(uses=3)
    till = await make_till(coupon.shop)
    await coupon.services.db.execute(
        "UPDATE sessions SET created_at = created_at - interval '3 days' WHERE account_id = $1",
        coupon.shop.account,
    )
    await do(coupon, "validated", value="10.00", receipt="A 1")
    api = await coupon.row()
    read_at = api["used_at"] - timedelta(minutes=10)
    kept = {"key": new_key(), "code": coupon.code, "scanned_at": read_at.isoformat()}
    kept |= {"amount": "7.00", "receipt": "B 2"}
    told = (await till.call("sync", {"scans": [kept]}))[1]["results"]
    assert [one["verdict"] for one in told] == ["used"]
    shown = ("used_at", "location_id", "validation_value", "receipt")
    row = await coupon.row()
    assert row["uses"] == 2
    assert [row[name] for name in shown] == [api[name] for name in shown]
    await do(coupon, "validated")  # with nothing noted: nobody else's amount is its own
    row = await coupon.row()
    assert (row["validation_value"], row["receipt"]) == (None, None)
    for value, receipt in (("10.00", "A 1"), ("10.00", "A 1"), (None, None)):
        await do(coupon, "unvalidated")
        row = await coupon.row()
        assert (row["validation_value"], row["receipt"]) == (value, receipt)


@pytest.mark.parametrize("is_checked", [True, False])
async def test_a_redeem_that_comes_after_its_own_drop(coupon, make_till, is_checked):
    """It was on its way for long, and the device has dropped the scan since."""
    till, key = await make_till(coupon.shop), new_key()
    await coupon.services.db.execute(
        "UPDATE locations SET redeems_at_once = false WHERE id = $1", coupon.shop.location
    )
    if is_checked:
        assert (await till.check(coupon.code, key))["verdict"] == "good"
    assert (await leave(till, key, coupon.code))["verdict"] == "good"
    assert (await till.redeem(coupon.code, key))["verdict"] != "used"
    assert (await coupon.row())["uses"] == 0
    assert (await till.redeem(coupon.code))["verdict"] == "used"
