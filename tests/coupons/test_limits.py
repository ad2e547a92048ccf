"""The limits of a campaign under two hundred tries at the same moment: the count is exact, and
what is taken back counts no more."""

import asyncio
import json
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from tearoff.coupons import actions, campaigns, public, rules
from tearoff.coupons.models import Doer, NewSession
from tearoff.kit.db import Database
from tests.cast import open_place, open_shop

TRIES = 200
NOW = datetime.now(UTC)


@pytest.fixture
async def db(services):
    """Connections enough that the tries really meet."""
    db = await Database.open(services.settings.database_url, size=20)
    yield db
    await db.close()


async def sessions_of(services, shop, amount, **values):
    campaign = await campaigns.campaign(services.db, shop.account, shop.campaign)
    async with services.db.transaction() as db:
        issued = [
            await actions.issue_session(db, campaign, NewSession(**values), now=NOW)
            for _ in range(amount)
        ]
    return [await actions.find_session(services.db, shop.account, one.code) for one in issued]


async def at_once(work):
    """What came of each: the result's or the refusal's kind, with which limit it was."""
    results = await asyncio.gather(*work, return_exceptions=True)
    return Counter(
        f"limit {r.which}" if isinstance(r, rules.LimitReached)
        else type(r).__name__ if isinstance(r, Exception) else "done"
        for r in results
    )  # fmt: skip


async def use(db, found, location=None, now=NOW, **values):
    async with db.transaction() as work:
        doer = Doer("staff", "counter", location_id=location)
        return await actions.validate(work, found, doer=doer, now=now, **values)


async def change(db, found, kind, now=NOW):
    async with db.transaction() as work:
        return await actions.change(work, found, kind, doer=Doer(), now=now)


@pytest.mark.parametrize(
    ("limit", "which"),
    [("limit_validations", "validations"), ("limit_day", "day"), ("limit_location", "location")],
)
async def test_uses(services, db, limit, which):
    shop = await open_shop(services, kind=None, campaign={limit: 37})
    coupons = await sessions_of(services, shop, TRIES)
    came = await at_once(use(db, coupon, shop.location) for coupon in coupons)
    assert came == {"done": 37, f"limit {which}": TRIES - 37}
    used = await services.db.fetchval(
        "SELECT count(*) FROM sessions WHERE campaign_id = $1 AND validated_at IS NOT NULL",
        shop.campaign,
    )
    assert used == 37


async def test_claims(services, db):
    shop = await open_shop(
        services, kind=None, campaign={"limit_claims": 37, "activation_seconds": 900}
    )
    coupons = await sessions_of(services, shop, TRIES)
    came = await at_once(change(db, coupon, "claimed") for coupon in coupons)
    assert came == {"done": 37, "limit claims": TRIES - 37}


async def test_coupons_given_out(services, db):
    shop = await open_shop(services, kind=None, campaign={"limit_sessions": 37})
    campaign = await campaigns.campaign(services.db, shop.account, shop.campaign)

    async def issue():
        async with db.transaction() as work:
            return await actions.issue_session(work, campaign, NewSession(), now=NOW)

    assert await at_once(issue() for _ in range(TRIES)) == {
        "done": 37,
        "limit sessions": TRIES - 37,
    }


async def test_one_coupon_is_used_once(services, db):
    shop = await open_shop(services, kind=None)
    (coupon,) = await sessions_of(services, shop, 1)
    came = await at_once(use(db, coupon, shop.location) for _ in range(TRIES))
    assert came == {"done": 1, "AlreadyValidated": TRIES - 1}


async def test_a_coupon_with_five_uses(services, db):
    shop = await open_shop(services, kind=None, campaign={"uses": 5})
    (coupon,) = await sessions_of(services, shop, 1)
    came = await at_once(use(db, coupon, shop.location) for _ in range(TRIES))
    assert came == {"done": 5, "AlreadyValidated": TRIES - 5}


async def test_a_pause_lets_one_use_through(services, db):
    shop = await open_shop(services, kind=None, campaign={"uses": 5, "pause_seconds": 60})
    (coupon,) = await sessions_of(services, shop, 1)
    came = await at_once(use(db, coupon, shop.location) for _ in range(TRIES))
    assert came == {"done": 1, "NotAgainYet": TRIES - 1}
    later = NOW + timedelta(seconds=61)
    again = await actions.find_session(services.db, shop.account, coupon.session.code)
    came = await at_once(use(db, again, shop.location, later) for _ in range(TRIES))
    assert came == {"done": 1, "NotAgainYet": TRIES - 1}


async def test_a_persons_coupons(services, db):
    """Two coupons of three uses for each of two people: each use of a coupon that was begun
    goes on, a third coupon of the same person does not begin."""
    shop = await open_shop(services, kind=None, campaign={"limit_person": 2, "uses": 3})
    anna = await sessions_of(services, shop, 10, phone="+32470000001")
    ben = await sessions_of(services, shop, 10, email="Ben@example.com")
    tries = [coupon for coupon in (*anna, *ben) for _ in range(10)]
    came = await at_once(use(db, coupon, shop.location) for coupon in tries)
    assert came["done"] == 2 * 2 * 3
    assert came["limit person"] + came["AlreadyValidated"] == TRIES - 12


async def test_a_till_that_holds_a_coupon(services, db):
    shop = await open_shop(services, kind=None)
    (coupon,) = await sessions_of(services, shop, 1)
    held = await actions.reserve(db, coupon, seconds=60, holder="till 1", now=NOW)
    work = [use(db, coupon, shop.location) for _ in range(TRIES - 1)]
    work.append(use(db, coupon, shop.location, reservation=held.id))
    came = await at_once(work)
    assert came["done"] == 1
    assert came["Reserved"] + came["AlreadyValidated"] == TRIES - 1


async def test_the_wrong_place(services, db):
    shop = await open_shop(services, kind=None)
    other = await open_place(services, shop.account, "Bruges", "0815")
    (coupon,) = await sessions_of(services, shop, 1)
    assert await at_once([use(db, coupon, other)]) == {"WrongLocation": 1}
    assert await at_once([use(db, coupon, shop.location)]) == {"done": 1}


async def test_what_is_taken_back_counts_no_more(services, db):
    """Uses and undoings of the same coupons, all at once: in the end the tallies say what the
    sessions say, and nobody had to wait for somebody who waited for them."""
    limits = {"limit_validations": 5, "limit_day": 5, "limit_location": 5, "limit_person": 5}
    shop = await open_shop(services, kind=None, campaign=limits)
    coupons = await sessions_of(services, shop, 10, phone="+32470000002")
    work = [
        use(db, coupon, shop.location) if i % 2 else change(db, coupon, "unvalidated")
        for coupon in coupons
        for i in range(TRIES // 10)
    ]
    came = await at_once(work)
    assert not [kind for kind in came if "Deadlock" in kind]
    used = await services.db.fetchval(
        "SELECT count(*) FROM sessions WHERE campaign_id = $1 AND uses > 0", shop.campaign
    )
    tallies = await services.db.fetch(
        "SELECT scope, n FROM tallies WHERE account_id = $1 AND scope LIKE $2",
        shop.account,
        f"campaign:{shop.campaign}:%",
    )
    assert len(tallies) == 4
    assert {row["n"] for row in tallies} == {used}
    assert used <= 5


async def test_tomorrow_is_another_day(services, db):
    shop = await open_shop(
        services, kind=None, campaign={"limit_day": 1, "timezone": "Pacific/Auckland"}
    )
    first, second, third = await sessions_of(services, shop, 3)
    # 23:30 and, an hour later, 00:30 of the next day in Auckland.
    evening = datetime(2027, 3, 1, 10, 30, tzinfo=UTC)
    await services.db.execute("UPDATE campaigns SET expires_at = NULL WHERE id = $1", shop.campaign)
    first, second, third = [
        await actions.find_session(services.db, shop.account, one.session.code)
        for one in (first, second, third)
    ]
    assert await at_once([use(db, first, now=evening)]) == {"done": 1}
    assert await at_once([use(db, second, now=evening)]) == {"limit day": 1}
    assert await at_once([use(db, third, now=evening + timedelta(hours=1))]) == {"done": 1}


async def test_public_coupons_of_a_person(services, db):
    form = {"form": {"fields": [{"name": "email", "required": True}], "unique": "email"}}
    shop = await open_shop(
        services, kind=None, campaign={"raw_options": json.dumps(form), "limit_person": 3}
    )
    campaign = await campaigns.campaign(services.db, shop.account, shop.campaign)

    async def begin(n):
        async with db.transaction() as work:
            new = NewSession(email="Anna@example.com", begun_by=f"form-{n}")
            return await public.begin(work, campaign, new, [], reason="", now=NOW, listener=None)

    came = await at_once(begin(n) for n in range(TRIES))
    assert came == {"done": 3, "HasCoupon": TRIES - 3}
