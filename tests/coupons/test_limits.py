"""The limits of a campaign under two hundred tries at the same moment: the count is exact, and
what is taken back counts no more."""

import asyncio
import json
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from tearoff.coupons import rules
from tearoff.coupons.campaigns import campaigns, catalogue
from tearoff.coupons.models import Doer, NewSession
from tearoff.coupons.sessions import actions, minting, public, reservations, updates
from tearoff.kit.db import Database
from tests.cast import open_place, open_shop

TRIES = 200
NET = "203.0.113.0/24"
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
        if values or amount <= 10:
            new = NewSession(**values)
            issued = [
                await actions.issue_session(db, campaign, new, now=NOW) for _ in range(amount)
            ]
        else:
            batch = await minting.mint(db, campaign, amount, NOW)
            issued = [one async for lot in minting.read_batch(db, batch) for one in lot]
        return [await actions.find_session(db, shop.account, one.code) for one in issued]


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
    ben = [
        *await sessions_of(services, shop, 5, email="Ben@gmail.com"),
        *await sessions_of(services, shop, 5, email="b.en+7@googlemail.com"),
    ]
    tries = [coupon for coupon in (*anna, *ben) for _ in range(10)]
    came = await at_once(use(db, coupon, shop.location) for coupon in tries)
    assert came["done"] == 2 * 2 * 3
    assert came["limit person"] + came["AlreadyValidated"] == TRIES - 12


async def test_a_till_that_holds_a_coupon(services, db):
    shop = await open_shop(services, kind=None)
    (coupon,) = await sessions_of(services, shop, 1)
    held = await reservations.reserve(db, coupon, seconds=60, holder="till 1", now=NOW)
    work = [use(db, coupon, shop.location) for _ in range(TRIES - 1)]
    work.append(use(db, coupon, shop.location, reservation=held.id))
    came = await at_once(work)
    assert came["done"] == 1
    assert came["Reserved"] + came["AlreadyValidated"] == TRIES - 1


async def test_the_wrong_place(services, db):
    shop = await open_shop(services, kind=None)
    other = await open_place(services, shop.account, "Bruges", "081500")
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
            return await public.begin(
                work, campaign, new, [], reason="", network=NET, now=NOW, listener=None
            )

    came = await at_once(begin(n) for n in range(TRIES))
    assert came == {"done": 3, "HasCoupon": TRIES - 3}


async def test_coupons_of_a_network(services, db):
    """So many in an hour, three times as many in a day, for each network by itself; who is refused
    for another reason counts nothing."""
    form = {"fields": [{"name": "email", "required": True}], "unique": "email"}
    options = json.dumps({"form": form, "limit_network": 5})
    shop = await open_shop(services, kind=None, campaign={"raw_options": options})
    campaign = await campaigns.campaign(services.db, shop.account, shop.campaign)

    async def begin(n, *, now=NOW, network=NET, email=""):
        async with db.transaction() as work:
            new = NewSession(email=email or f"anna{n}@example.com", begun_by=f"form-{n}")
            return await public.begin(
                work, campaign, new, [], reason="", network=network, now=now, listener=None
            )

    assert await at_once(begin(n, email="a@example.com") for n in range(40)) == {
        "done": 1, "HasCoupon": 39,
    }  # fmt: skip
    now = NOW
    for hour, done in enumerate([4, 5, 5, 0]):
        now = NOW + timedelta(hours=hour)
        came = await at_once(begin(1000 * (hour + 1) + n, now=now) for n in range(50))
        assert came == Counter({"done": done, "NetworkFull": 50 - done}) - Counter()
    assert await public.free_again_at(db, campaign, NET, now) == NOW + timedelta(days=1)
    assert await at_once([begin(9001)]) == {"NetworkFull": 1}
    tomorrow = NOW + timedelta(days=1)
    elsewhere = begin(9003, network="198.51.100.0/24")
    assert await at_once([begin(9002, now=tomorrow), elsewhere]) == {"done": 2}
    # The same form again; and people of whom nobody knows where they are.
    unknown = (begin(n, network="unknown") for n in range(9010, 9020))
    assert await at_once([begin(9002), *unknown]) == {"done": 11}


LATER = {
    "limit_sessions": "sessions",
    "limit_claims": "claims",
    "limit_validations": "validations",
    "limit_person": "person",
    "limit_day": "day",
    "limit_location": "location",
}


async def set_limits(db, shop, now=NOW, **values):
    async with db.transaction() as work:
        changes = catalogue.CampaignChanges(**values)
        return await catalogue.change(work, shop.account, shop.campaign, changes, now)


async def counted(services, shop, what):
    """What a limit stands at, in all of its tallies."""
    return await services.db.fetchval(
        "SELECT sum(n)::integer FROM tallies WHERE account_id = $1 AND (scope = $2"
        " OR starts_with(scope, $2 || ':'))",
        shop.account,
        f"campaign:{shop.campaign}:{what}",
    )


@pytest.mark.parametrize(("limit", "which"), LATER.items())
async def test_a_limit_that_is_set_later_counts_what_was_before(services, db, limit, which):
    """Three used ones, one of which was taken back: all were made, three were activated (taking
    a use back leaves a coupon activated), two are used."""
    shop = await open_shop(services, kind=None)
    coupons = await sessions_of(services, shop, 8, email="Anna@example.com")
    await at_once(use(db, coupon, shop.location) for coupon in coupons[:3])
    await change(db, coupons[0], "unvalidated")
    before = {"sessions": 8, "claims": 3}.get(which, 2)
    await set_limits(db, shop, **{limit: before + 2})
    assert await counted(services, shop, which) == before
    if which == "sessions":
        return
    coupons = await again(services, shop, coupons[3:])
    came = await at_once(use(db, coupon, shop.location) for coupon in coupons)
    assert came == {"done": 2, f"limit {which}": 3}


async def again(services, shop, coupons):
    return [
        await actions.find_session(services.db, shop.account, one.session.code) for one in coupons
    ]


async def test_a_limit_on_people_that_is_set_later_knows_who_has_fetched(services, db):
    form = {"form": {"fields": [{"name": "email", "required": True}]}}
    shop = await open_shop(services, kind=None, campaign={"raw_options": json.dumps(form)})
    campaign = await campaigns.campaign(services.db, shop.account, shop.campaign)

    async def begin(n, campaign, email="Anna@example.com"):
        async with db.transaction() as work:
            new = NewSession(email=email, begun_by=f"form-{n}")
            return await public.begin(
                work, campaign, new, [], reason="", network=NET, now=NOW, listener=None
            )

    assert await at_once(begin(n, campaign) for n in range(2)) == {"done": 2}
    form["form"]["unique"] = "email"
    campaign = (await set_limits(db, shop, options=form, limit_person=3)).campaign
    assert await at_once(begin(n, campaign) for n in range(2, 5)) == {"done": 1, "HasCoupon": 2}
    assert await at_once(begin(n, campaign, "anna+2@example.com") for n in range(5, 7)) == {
        "HasCoupon": 2
    }


@pytest.mark.parametrize("limit", ["limit_validations", "limit_day", "limit_claims"])
async def test_uses_while_a_limit_is_set(services, db, limit):
    """Each use is found by whoever sets the limit, or finds the limit itself."""
    shop = await open_shop(services, kind=None)
    coupons = await sessions_of(services, shop, 60)
    work = [use(db, coupon, shop.location) for coupon in coupons]
    work.insert(10, set_limits(db, shop, **{limit: 30}))
    came = await at_once(work)
    used = came["done"] - 1
    assert came[f"limit {LATER[limit]}"] == 60 - used
    assert used >= 30
    assert await counted(services, shop, LATER[limit]) == used
    more = await at_once(use(db, coupon) for coupon in await sessions_of(services, shop, 5))
    assert more == {f"limit {LATER[limit]}": 5}


async def test_a_use_that_meets_a_change_waits_for_it(services, db):
    """It has read the campaign without a limit, and must not slip by; alone on a pool as well."""
    shop = await open_shop(services, kind=None)
    first, second, third = await sessions_of(services, shop, 3)
    await use(db, first)
    async with services.db.transaction() as work:
        changes = catalogue.CampaignChanges(limit_validations=2)
        await catalogue.change(work, shop.account, shop.campaign, changes, NOW)
        waiting = [
            asyncio.create_task(actions.validate(db, one, doer=Doer(), now=NOW))
            for one in (second, third)
        ]
        done, _ = await asyncio.wait(waiting, timeout=0.3)
        assert not done
    assert await at_once(waiting) == {"done": 1, "limit validations": 1}


async def test_a_change_waits_for_a_use(services, db):
    shop = await open_shop(services, kind=None)
    first, second = await sessions_of(services, shop, 2)
    async with services.db.transaction() as work:
        await actions.validate(work, first, doer=Doer(), now=NOW)
        setting = asyncio.create_task(set_limits(db, shop, limit_validations=1))
        done, _ = await asyncio.wait([setting], timeout=0.3)
        assert not done
    await setting
    assert await at_once([use(db, second)]) == {"limit validations": 1}


async def test_coupons_given_out_while_their_limit_is_set(services, db):
    shop = await open_shop(services, kind=None)
    campaign = await campaigns.campaign(services.db, shop.account, shop.campaign)

    async def issue():
        async with db.transaction() as work:
            return await actions.issue_session(work, campaign, NewSession(), now=NOW)

    work = [issue() for _ in range(60)]
    work.insert(10, set_limits(db, shop, limit_sessions=30))
    came = await at_once(work)
    assert await counted(services, shop, "sessions") == came["done"] - 1
    assert came["limit sessions"] == 61 - came["done"]


async def test_what_was_never_counted_is_not_given_back(services, db):
    shop = await open_shop(services, kind=None)
    (coupon,) = await sessions_of(services, shop, 1)
    await use(db, coupon)
    await services.db.execute(
        "UPDATE campaigns SET limit_validations = 1 WHERE id = $1", shop.campaign
    )
    (coupon,) = await again(services, shop, [coupon])
    await change(db, coupon, "unvalidated")
    coupons = await sessions_of(services, shop, 3)
    assert await at_once(use(db, one) for one in coupons) == {"done": 1, "limit validations": 2}


async def test_a_lowered_limit_lets_uses_be_taken_back(services, db):
    shop = await open_shop(services, kind=None, campaign={"limit_validations": 4})
    coupons = await sessions_of(services, shop, 5)
    await at_once(use(db, coupon) for coupon in coupons[:4])
    await set_limits(db, shop, limit_validations=2)
    coupons = await again(services, shop, coupons)
    assert await at_once([use(db, coupons[4])]) == {"limit validations": 1}
    assert await at_once(change(db, one, "unvalidated") for one in coupons[:2]) == {"done": 2}
    assert await at_once([use(db, coupons[4])]) == {"limit validations": 1}
    assert await at_once([change(db, coupons[2], "unvalidated")]) == {"done": 1}
    assert await at_once([use(db, coupons[4])]) == {"done": 1}


async def test_a_use_activates_what_was_not_activated(services, db):
    """By the step of its own or by a use: each coupon counts once, and gives back once."""
    shop = await open_shop(services, kind=None, campaign={"limit_claims": 2})
    first, second, third = await sessions_of(services, shop, 3)
    await change(db, first, "claimed")
    assert await at_once([use(db, first), use(db, second)]) == {"done": 2}
    assert await at_once([use(db, third)]) == {"limit claims": 1}
    await change(db, second, "unvalidated")
    await change(db, second, "unclaimed")
    assert await at_once([use(db, third)]) == {"done": 1}
    assert await at_once([use(db, second)]) == {"limit claims": 1}


async def test_each_use_is_given_back_where_it_was(services, db):
    """Monday at A and Tuesday at B, taken back twice on Wednesday."""
    shop = await open_shop(
        services,
        kind=None,
        campaign={"uses": 3, "limit_day": 5, "limit_location": 5, "limit_person": 5},
    )
    other = await open_place(services, shop.account, "Bruges", "081500")
    await services.db.execute("DELETE FROM campaign_locations")
    (coupon,) = await sessions_of(services, shop, 1, phone="+32470000003")
    monday, tuesday, wednesday = (NOW + timedelta(days=days) for days in range(3))
    await use(db, coupon, shop.location, monday)
    await use(db, coupon, other, tuesday)
    back, _ = await change(db, coupon, "unvalidated", wednesday)
    assert (back.uses, back.used_at, back.location_id) == (1, monday, shop.location)
    assert await standing(services, shop) == {"location": [shop.location], "day": 1, "person": 1}
    await use(db, coupon, other, wednesday)
    await change(db, coupon, "unvalidated", wednesday)
    back, _ = await change(db, coupon, "unvalidated", wednesday)
    assert (back.uses, back.used_at, back.location_id) == (0, None, None)
    assert await standing(services, shop) == {"location": [], "day": 0, "person": 0}


async def standing(services, shop):
    """At which places a use is counted, on how many days and for how many people."""
    rows = await services.db.fetch(
        "SELECT scope FROM tallies WHERE account_id = $1 AND n > 0", shop.account
    )
    scopes = [row["scope"].split(":")[2:] for row in rows]
    return {
        "location": [int(of) for what, of in scopes if what == "location"],
        "day": sum(what == "day" for what, _ in scopes),
        "person": sum(what == "person" for what, _ in scopes),
    }


SCRATCH = {"prizes": [{"key": "p", "weight": 1, "title": {"en": "P"}}], "blank_weight": 1}
CLOSED = [{"days": [(NOW + timedelta(days=3)).isoweekday()], "start": "10:00", "end": "11:00"}]


@pytest.mark.parametrize(
    ("campaign", "sets", "refusal"),
    [
        ({"raw_options": json.dumps({"scratch": SCRATCH})}, {}, "NotPlayed"),
        ({"raw_options": json.dumps({"scratch": SCRATCH})}, {"prize": ""}, "NoPrize"),
        ({"activation_seconds": 60}, {"active_until": NOW - timedelta(1)}, "TimeOver"),
        ({"uses": 2, "pause_seconds": 60}, {"uses": 1, "used_at": NOW}, "NotAgainYet"),
        ({"raw_options": json.dumps({"hours": CLOSED})}, {}, "WrongTime"),
        ({}, {}, "done"),
    ],
)
async def test_a_till_holds_only_what_can_be_used(services, db, campaign, sets, refusal):
    shop = await open_shop(services, kind=None, campaign=campaign)
    (coupon,) = await sessions_of(services, shop, 1)
    if sets:
        await updates.set_fields(services.db, shop.account, coupon.session.id, sets)

    async def reserve():
        async with db.transaction() as work:
            await reservations.reserve(work, coupon, seconds=60, holder="till", now=NOW)

    assert await at_once([reserve()]) == {refusal: 1}
