"""Many sessions changed in one call, and coupons that change hands: no number drifts, and nobody
waits for somebody who waits for them."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from tearoff.coupons.models import Doer
from tearoff.coupons.sessions import actions, queries
from tests.api.caller import Caller
from tests.api.test_many import update_many
from tests.api.test_sessions import code_of, update
from tests.cast import open_shop
from tests.coupons.test_reserved_at_once import numbers, until_they_wait

LIMITS = ("limit_validations", "limit_day", "limit_claims", "limit_location", "limit_person")


@pytest.fixture
def make_caller(http, server, services):
    async def make(**campaign):
        return Caller(http, server.url, await open_shop(services, campaign=campaign))

    return make


@pytest.mark.parametrize("limit", LIMITS)
@pytest.mark.parametrize("operation", ["validated", "unvalidated"])
async def test_a_till_takes_in_one_of_those_that_are_changed(
    make_caller, services, limit, operation
):
    """It holds the second coupon, and counts while the call waits for it."""
    caller = await make_caller(**{limit: 900})
    place, person = caller.shop.location, {"customid": "ann"}
    first, second = [await code_of(caller, **person) for _ in range(2)]
    if operation == "unvalidated":
        await update_many(caller, [first, second], "validated", redeem_location=place)
    found = await actions.find_session(services.db, caller.shop.account, second)
    doer, now = Doer("staff", "counter", location_id=place), datetime.now(UTC)
    async with services.db.transaction() as work:
        await queries.hold_session(work, caller.shop.account, found.session.id)
        calling = asyncio.create_task(
            update_many(caller, [first, second], operation, redeem_location=place)
        )
        await until_they_wait(services, work, 1)
        if operation == "validated":
            await actions.validate(work, found, doer=doer, now=now)
        else:
            await actions.change(work, found, operation, doer=doer, now=now)
    told = await calling
    assert told.status == 200
    expected = [None, 506] if operation == "validated" else [None, None]
    assert [row["error_code"] for row in told.body["data"]] == expected
    uses = await services.db.fetchval(
        "SELECT sum(uses)::integer FROM sessions WHERE account_id = $1", caller.shop.account
    )
    counted = (await numbers(services, caller.shop))[limit.removeprefix("limit_")]
    assert counted == (2 if limit == "limit_claims" else uses)


async def test_two_calls_and_tills_at_once(make_caller, services):
    """The same coupons in another order, of one person or of none, beside those who reserve."""
    caller = await make_caller(**dict.fromkeys(LIMITS, 900))
    place = {"redeem_location": caller.shop.location}
    coupons = [await code_of(caller, customid=f"c{i % 3}") for i in range(12)]
    async with asyncio.TaskGroup() as group:
        done = [
            group.create_task(act)
            for _ in range(3)
            for act in (
                update_many(caller, coupons, "validated", **place),
                update_many(caller, coupons[::-1], "unvalidated"),
                update_many(caller, coupons[3:], customid="c1"),
                *(update(caller, code, "validated", **place) for code in coupons[:6]),
                *(update(caller, code, "unvalidated") for code in coupons[6:]),
            )
        ]
    assert {task.result().status for task in done} <= {200, 422}
    assert (await update_many(caller, coupons, "unvalidated")).status == 200
    left = await numbers(services, caller.shop)
    assert {what: n for what, n in left.items() if n and what != "claims"} == {}


async def test_one_session_is_one_however_it_is_written(make_caller):
    caller = await make_caller(uses=3)
    code, other = await code_of(caller), await code_of(caller)
    told = await update_many(caller, [code, code[:6], code[:6].upper(), other], "validated")
    rows = told.body["data"]
    assert [row["session"] for row in rows] == [code, code[:6], other]
    assert [row["result"] for row in rows] == ["ok"] * 3
    assert (await update(caller, code, "validated")).body["data"]["status"]["uses"] == 2


async def test_a_used_coupon_gets_another_person(make_caller):
    """Its use counts for who has it: also above the limit, which refuses what is new."""
    caller = await make_caller(limit_person=1)
    a, b, c, d = [await code_of(caller, customid=who) for who in ("p1", "p2", "p2", "p1")]
    assert (await update(caller, a, "validated")).status == 200
    assert (await update(caller, b, "validated")).status == 200
    assert (await update(caller, d, "validated")).codes == [516]
    assert (await update(caller, a, customid="p2")).status == 200
    assert (await update(caller, d, "validated")).status == 200
    assert (await update(caller, a, "unvalidated")).status == 200
    assert (await update(caller, c, "validated")).codes == [516]
    assert (await update(caller, b, phone="+32470001007")).status == 200
    assert (await update(caller, c, "validated")).status == 200
    assert (await update(caller, b, "unvalidated")).status == 200
    assert (await update(caller, a, "validated")).codes == [516]
