"""Every NO says why, and when and where it would be right: also when all has changed since, and
in every language."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from tearoff.accounts import locations
from tearoff.coupons.campaigns import campaigns
from tearoff.coupons.models import Doer, NewSession
from tearoff.coupons.sessions import actions
from tests.cast import open_place
from tests.web.conftest import do
from tests.web.tills import new_key, open_till

WHEN = r"\d{1,2} \w+ \d{4}, \d\d:\d\d"


@pytest.fixture
def make_till(services, http, server):
    async def make(shop, place=None):
        return await open_till(services, http, server.url, shop, place)

    return make


async def change(services, table, ref, **values):
    names = ", ".join(f"{name} = ${n}" for n, name in enumerate(values, 2))
    await services.db.execute(f"UPDATE {table} SET {names} WHERE id = $1", ref, *values.values())


LIMITS = {
    "limit_validations": r"This offer has reached its limit\.",
    "limit_day": rf"This offer has reached its limit for the day\. Again from {WHEN}\.",
    "limit_location": r"This offer has reached its limit at this place\.",
    "limit_claims": r"No more coupons of this offer can be activated\.",
}


@pytest.mark.parametrize("limit", LIMITS)
async def test_which_limit_it_was(make_coupon, make_till, limit):
    first = await make_coupon(**{limit: 1})
    second = await make_coupon(first.shop)
    till = await make_till(first.shop)
    await till.redeem(first.code)
    told = await till.check(second.code)
    assert told["reason"] == "limit"
    assert re.fullmatch(LIMITS[limit], told["text"]), told["text"]


async def test_a_person_has_had_enough(make_coupon, make_till):
    guest = NewSession(phone="+32470001234")
    first = await make_coupon(new=guest, limit_person=1)
    second = await make_coupon(first.shop, new=guest)
    till = await make_till(first.shop)
    await till.redeem(first.code)
    told = await till.check(second.code)
    assert told["text"] == "This customer has used this offer as often as allowed."


STATES = {
    "paused": rf"This offer is paused, since {WHEN}\.",
    "archived": rf"This offer is over, since {WHEN}\.",
    "draft": r"This offer has not begun\.",
}


@pytest.mark.parametrize("status", STATES)
async def test_what_a_campaign_does_instead(coupon, make_till, services, status):
    till = await make_till(coupon.shop)
    await change(services, "campaigns", coupon.shop.campaign, status=status)
    told = await till.check(coupon.code)
    assert told["reason"] == "withdrawn"
    assert re.fullmatch(STATES[status], told["text"]), told["text"]


@pytest.mark.parametrize(
    ("operation", "words"),
    [
        ("voided", rf"This coupon was withdrawn\. {WHEN}\."),
        ("locked", rf"This coupon is locked, since {WHEN}\."),
    ],
)
async def test_withdrawn_is_not_locked(coupon, make_till, operation, words):
    await do(coupon, operation)
    told = await (await make_till(coupon.shop)).check(coupon.code)
    assert re.fullmatch(words, told["text"]), told["text"]


async def test_held_until_when(coupon, make_till, services):
    await services.db.execute(
        "UPDATE sessions SET reservation = 'y', reserved_until = now() + interval '1 minute'"
        " WHERE code = $1",
        coupon.code,
    )
    told = await (await make_till(coupon.shop)).check(coupon.code)
    assert re.fullmatch(r"Another till is taking it in, until \d\d:\d\d\.", told["text"])


async def test_where_it_would_be_right(coupon, make_till, services):
    shop, db = coupon.shop, services.db
    bruges = await open_place(services, shop.account, "Bruges")
    till = await make_till(shop, bruges)
    told = await till.check(coupon.code)
    assert told["text"] == "Not valid at this place. Valid at: Ghent."
    for name in ("Antwerp", "Brussels", "Liège"):
        place = await open_place(services, shop.account, name)
        async with db.transaction() as work:
            await campaigns.open_at(work, shop.account, shop.campaign, place)
    told = await till.check(coupon.code)
    assert told["text"] == "Not valid at this place. Valid at: Antwerp, Brussels, Ghent, …."


async def test_where_it_is_right_nowhere(coupon, make_till, services):
    bruges = await open_place(services, coupon.shop.account, "Bruges")
    till = await make_till(coupon.shop, bruges)
    async with services.db.transaction() as work:
        await locations.remove(work, coupon.shop.account, coupon.shop.location, datetime.now(UTC))
    told = await till.check(coupon.code)
    assert told["text"] == "At present this offer is valid at no place."


async def test_a_kept_scan_of_49_hours(coupon, make_till):
    till, at = await make_till(coupon.shop), datetime.now(UTC) - timedelta(hours=49)
    scan = {"key": new_key(), "code": coupon.code, "scanned_at": at.isoformat()}
    await till.call("sync", {"scans": [scan]})
    (row,) = (await till.call("state"))[1]["conflicts"]
    assert re.fullmatch(rf"Too late: it could be taken in until {WHEN}\.", row["text"])
    assert datetime.fromisoformat(row["scanned_at"]) == at


async def test_a_reason_outlives_what_stood_in_the_way(coupon, make_till):
    """Lost the race; the other device took it back: what was told then is told with its reason,
    and a new scan is judged anew."""
    first, second = await make_till(coupon.shop), await make_till(coupon.shop)
    won, lost = new_key(), new_key()
    await first.redeem(coupon.code, won)
    told = await second.redeem(coupon.code, lost)
    assert re.fullmatch(rf"Used {WHEN}, Ghent\.", told["text"])
    await first.call("undo", {"key": won})
    assert (await second.redeem(coupon.code, lost))["text"] == told["text"]
    (row,) = (await second.call("state"))[1]["recent"]
    assert row["text"] == told["text"]
    assert (await second.redeem(coupon.code))["verdict"] == "used"


class Pausing:
    """A database before whose second answer something else happens."""

    def __init__(self, db, happens):
        self.db, self.happens, self.asked = db, happens, 0

    def __getattr__(self, name):
        return getattr(self.db, name)

    async def fetchrow(self, *asked):
        self.asked += 1
        if self.asked == 2:
            await self.happens()
        return await self.db.fetchrow(*asked)


async def test_what_passes_in_the_very_moment_is_no_reason(coupon, services):
    """Used by somebody else, and taken back before it is looked up what stood in the way."""
    found = await actions.find_session(services.db, coupon.shop.account, coupon.code)
    await do(coupon, "validated")
    db = Pausing(services.db, lambda: do(coupon, "unvalidated"))
    used = await actions.validate(db, found, doer=Doer(), now=datetime.now(UTC))
    assert used.uses == 1


async def test_rows_of_the_version_before_have_a_reason_too(coupon, make_till, services):
    """They know neither when nor where."""
    till = await make_till(coupon.shop)
    await do(coupon, "validated")
    await till.check(coupon.code)
    plain = {
        "already_used": "Used.",
        "expired": "Expired.",
        "not_yet": "Not valid yet.",
        "time_over": "The time was over. The customer can see what to do.",
        "not_again_yet": "Can be used again later.",
        "wrong_place": "Not valid at this place.",
        "withdrawn": "This coupon was withdrawn.",
        "reserved": "Another till is taking it in.",
        "too_late": "Too late.",
    }
    for reason, text in plain.items():
        await services.db.execute(
            "UPDATE counter_scans SET reason = $2, moment = NULL, where_id = NULL"
            " WHERE device_id = $1",
            till.device,
            reason,
        )
        (row,) = (await till.call("state"))[1]["recent"]
        assert row["text"] == text
