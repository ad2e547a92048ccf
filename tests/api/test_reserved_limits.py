"""What a till reserves has its place in the campaign's limits: a `confirm` in time is never one
too many."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from tearoff.coupons.campaigns import catalogue
from tearoff.coupons.sessions import reserved_limits
from tests.api.caller import Caller
from tests.api.test_many import confirm, release, reserve
from tests.api.test_sessions import code_of, data, update
from tests.cast import open_shop


@pytest.fixture
def make_caller(http, server, services):
    async def make(**campaign):
        return Caller(http, server.url, await open_shop(services, campaign=campaign))

    return make


LIMITS = ["limit_validations", "limit_day", "limit_claims"]


@pytest.mark.parametrize("limit", LIMITS)
async def test_one_place_is_reserved_once(make_caller, limit):
    caller = await make_caller(**{limit: 1})
    first, second = await code_of(caller), await code_of(caller)
    held = await reserve(caller, first)
    assert held.status == 200
    assert (await reserve(caller, second)).codes == [516]
    assert (await update(caller, second, "validated")).codes == [516]
    assert (await confirm(caller, held.body["reservation"])).status == 200
    assert (await reserve(caller, second)).codes == [516]


async def test_many_tills_at_once(make_caller):
    caller = await make_caller(limit_validations=3)
    coupons = [await code_of(caller) for _ in range(8)]
    came = await asyncio.gather(
        *(reserve(caller, code) for code in coupons[:5]),
        *(update(caller, code, "validated") for code in coupons[5:]),
    )
    assert sorted(one.status for one in came) == [200] * 3 + [422] * 5
    held = [one.body["reservation"] for one in came[:5] if one.status == 200]
    done = await asyncio.gather(*(confirm(caller, one) for one in held))
    assert {one.status for one in done} <= {200}


async def test_what_is_given_back_is_free(make_caller, services):
    caller = await make_caller(limit_validations=1)
    first, second = await code_of(caller), await code_of(caller)
    held = await reserve(caller, first)
    assert (await release(caller, held.body["reservation"])).status == 200
    held = await reserve(caller, second)
    assert held.status == 200
    # Its seconds are over: the worker gives back what it held; once, also for the coupon itself.
    later = datetime.now(UTC) + timedelta(minutes=3)
    await services.db.execute(
        "UPDATE reserved_limits SET until = now() - interval '1 s' WHERE account_id = $1",
        caller.shop.account,
    )
    await services.db.execute(
        "UPDATE sessions SET reserved_until = now() - interval '1 s' WHERE code = $1", second
    )
    while await services.db.fetchval(
        "SELECT count(*) FROM reserved_limits WHERE account_id = $1", caller.shop.account
    ):
        async with services.db.transaction() as db:
            await reserved_limits.free_over(db, later)
    assert (await update(caller, second, "validated")).status == 200
    assert (await update(caller, first, "validated")).codes == [516]
    assert (await update(caller, second, "unvalidated")).status == 200
    assert (await update(caller, first, "validated")).status == 200


async def test_one_that_is_over_and_used_counts_once(make_caller, services):
    caller = await make_caller(limit_validations=2)
    first, second, third = [await code_of(caller) for _ in range(3)]
    await reserve(caller, first)
    await services.db.execute(
        "UPDATE sessions SET reserved_until = now() - interval '1 s' WHERE code = $1", first
    )
    assert (await update(caller, first, "validated")).status == 200
    assert (await reserve(caller, second)).status == 200
    assert (await reserve(caller, third)).codes == [516]


async def test_a_limit_that_is_counted_anew_gets_nothing_back_twice(make_caller, services):
    """It was taken away and set again while a till held a coupon."""
    caller = await make_caller(limit_validations=2)
    first, second, third = [await code_of(caller) for _ in range(3)]
    held = await reserve(caller, first)
    assert (await update(caller, second, "validated")).status == 200
    for limit in (None, 1):
        async with services.db.transaction() as db:
            changes = catalogue.CampaignChanges(limit_validations=limit)
            await catalogue.change(
                db, caller.shop.account, caller.shop.campaign, changes, datetime.now(UTC)
            )
    assert (await release(caller, held.body["reservation"])).status == 200
    assert (await update(caller, third, "validated")).codes == [516]


async def test_what_only_confirm_names_can_be_full_by_then(make_caller):
    """A place that `reserve` was told is held, one that only `confirm` names is not."""
    caller = await make_caller(limit_location=1)
    place = caller.shop.location
    first, second, third = [await code_of(caller) for _ in range(3)]
    held = await reserve(caller, first)
    told = await reserve(caller, second, redeem_location=place)
    assert (held.status, told.status) == (200, 200)
    assert (await update(caller, third, "validated", redeem_location=place)).codes == [516]
    late = await confirm(caller, held.body["reservation"], redeem_location=place)
    assert late.codes == [516]
    done = await confirm(caller, told.body["reservation"], redeem_location=place)
    assert done.status == 200
    assert (await release(caller, held.body["reservation"])).status == 200


async def test_a_limit_that_was_lowered_since_holds_for_what_is_reserved(make_caller, services):
    caller = await make_caller(limit_validations=3)
    first, second = await code_of(caller), await code_of(caller)
    held = [(await reserve(caller, code)).body["reservation"] for code in (first, second)]
    async with services.db.transaction() as db:
        changes = catalogue.CampaignChanges(limit_validations=1)
        await catalogue.change(
            db, caller.shop.account, caller.shop.campaign, changes, datetime.now(UTC)
        )
    assert (await confirm(caller, held[0])).codes == [516]
    assert (await release(caller, held[0])).status == 200
    assert (await confirm(caller, held[1])).status == 200


@pytest.mark.parametrize("campaign", [{}, {"limit_validations": 900}], ids=["free", "limited"])
async def test_one_reservation_is_confirmed_once(make_caller, campaign):
    """However often it is sent at the same moment: the coupon has uses left, the hold has not."""
    caller = await make_caller(uses=5, **campaign)
    for _ in range(4):
        code = await code_of(caller)
        held = (await reserve(caller, code)).body["reservation"]
        came = await asyncio.gather(*(confirm(caller, held) for _ in range(12)))
        assert sorted(one.status for one in came) == [200] + [422] * 11
        assert {tuple(one.codes) for one in came if one.status == 422} == {(522,)}
        assert (await data(caller, code))["data"]["status"]["uses"] == 1


@pytest.mark.parametrize("campaign", [{}, {"limit_validations": 900}], ids=["free", "limited"])
async def test_confirmed_or_released_never_both(make_caller, campaign):
    caller = await make_caller(**campaign)
    for _ in range(12):
        code = await code_of(caller)
        held = (await reserve(caller, code)).body["reservation"]
        came = await asyncio.gather(confirm(caller, held), release(caller, held))
        assert sorted(one.status for one in came) == [200, 422]
        (lost,) = [one for one in came if one.status == 422]
        assert lost.codes == [522]
        assert (await data(caller, code))["data"]["status"]["uses"] == (came[0].status == 200)


async def test_a_confirm_is_of_the_moment_in_which_all_of_it_was_there(make_caller, services):
    caller = await make_caller()
    code = await code_of(caller)
    held = (await reserve(caller, code)).body["reservation"]

    async def slowly():
        yield b'{"reservation": '
        await update(caller, await code_of(caller), "opened")  # the server is at work meanwhile
        await services.db.execute(
            "UPDATE sessions SET reserved_until = now() WHERE code = $1", code
        )
        yield b'"%s"}' % held.encode()

    late = await caller.post(
        "/v3/couponsession/confirm", data=slowly(), extra={"content-type": "application/json"}
    )
    assert late.codes == [522]
    assert (await update(caller, code, "validated")).status == 200
