"""Taking back at the counter: from the dialog, from the list of today, of what the queue took in;
and what is told when it cannot be."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from tests.web.conftest import do
from tests.web.tills import new_key, open_till

WHEN = r"\d{1,2} \w+ \d{4}, \d\d:\d\d"


@pytest.fixture
def make_till(services, http, server):
    async def make(shop, place=None):
        return await open_till(services, http, server.url, shop, place)

    return make


async def undo(till, key):
    status, told = await till.call("undo", {"key": key})
    assert status == 200, told
    return told


async def rows(till):
    return (await till.call("state"))[1]["recent"]


async def test_undo_from_the_list_as_long_as_the_server_allows(coupon, make_till, services):
    till, key = await make_till(coupon.shop), new_key()
    used = await till.redeem(coupon.code, key)
    (row,) = await rows(till)
    assert row["undo_until"] == used["undo_until"]
    left = datetime.fromisoformat(row["undo_until"]) - datetime.fromisoformat(row["at"])
    assert left == timedelta(seconds=60)
    await services.db.execute(
        "UPDATE counter_scans SET at = at - interval '61 s' WHERE device_id = $1", till.device
    )
    (row,) = await rows(till)
    assert row["undo_until"] is None


async def test_undo_of_what_the_queue_took_in(coupon, make_till):
    till, key = await make_till(coupon.shop), new_key()
    at = datetime.now(UTC) - timedelta(hours=20)
    scan = {"key": key, "code": coupon.code, "scanned_at": at.isoformat(), "take": True}
    await till.call("sync", {"sent_at": datetime.now(UTC).isoformat(), "scans": [scan]})
    (row,) = await rows(till)
    assert row["was_offline"] and row["undo_until"]
    assert (await undo(till, key))["verdict"] == "undone"
    assert (await coupon.row())["uses"] == 0
    (row,) = await rows(till)
    assert (row["verdict"], row["undo_until"]) == ("undone", None)


async def test_a_days_limit_gets_back_what_the_queue_took_of_it(make_coupon, make_till):
    """It counted for the day on which it was scanned; there it is given back."""
    first = await make_coupon(limit_day=1)
    second = await make_coupon(first.shop)
    till, key, at = await make_till(first.shop), new_key(), datetime.now(UTC) - timedelta(days=1)
    await first.services.db.execute(
        "UPDATE sessions SET created_at = created_at - interval '3 days' WHERE account_id = $1",
        first.shop.account,
    )
    scans = [
        {"key": k, "code": one.code, "scanned_at": at.isoformat()}
        for k, one in ((key, first), (new_key(), second), (new_key(), second))
    ]
    told = (await till.call("sync", {"scans": scans[:2]}))[1]["results"]
    assert [one["verdict"] for one in told] == ["used", "no"]
    await undo(till, key)
    told = (await till.call("sync", {"scans": scans[2:]}))[1]["results"]
    assert [one["verdict"] for one in told] == ["used"]


async def test_used_again_since(make_coupon, make_till):
    coupon = await make_coupon(uses=3)
    till, key = await make_till(coupon.shop), new_key()
    await till.redeem(coupon.code, key)
    other = new_key()
    await (await make_till(coupon.shop)).redeem(coupon.code, other)
    told = await undo(till, key)
    assert (told["verdict"], told["reason"], told["uses_left"]) == ("no", "used_since", 1)
    assert re.fullmatch(r"Used again since, \d\d:\d\d, Ghent\.", told["text"])
    assert (await coupon.row())["uses"] == 2


async def test_too_late_says_until_when_and_how_it_stands(coupon, make_till, services):
    till, key = await make_till(coupon.shop), new_key()
    await till.redeem(coupon.code, key)
    await services.db.execute(
        "UPDATE counter_scans SET at = at - interval '61 s' WHERE key = $1", key
    )
    told = await undo(till, key)
    assert (told["verdict"], told["reason"], told["undo_until"]) == ("no", "too_late", None)
    words = rf"Too late: undo was possible until \d\d:\d\d\. Used {WHEN}, Ghent\."
    assert re.fullmatch(words, told["text"]), told["text"]


async def test_already_undone_tells_how_it_stands(coupon, make_till):
    till, key = await make_till(coupon.shop), new_key()
    await till.redeem(coupon.code, key)
    for _ in range(3):
        told = await undo(till, key)
        assert (told["verdict"], told["text"]) == ("undone", "The coupon can be used again.")
    await (await make_till(coupon.shop)).redeem(coupon.code)
    told = await undo(till, key)
    assert told["verdict"] == "undone"
    assert re.fullmatch(rf"Already undone\. Used {WHEN}, Ghent\.", told["text"])
    assert (await coupon.row())["uses"] == 1


async def test_what_somebody_else_took_back_is_undone(coupon, make_till):
    till, key = await make_till(coupon.shop), new_key()
    await till.redeem(coupon.code, key)
    await do(coupon, "unvalidated")
    assert (await undo(till, key))["verdict"] == "undone"
    (row,) = await rows(till)
    assert row["verdict"] == "undone"


async def test_two_uses_of_one_queue_are_taken_back_one_by_one(make_coupon, make_till):
    coupon = await make_coupon(uses=3)
    till, at = await make_till(coupon.shop), datetime.now(UTC)
    await coupon.services.db.execute(
        "UPDATE sessions SET created_at = created_at - interval '1 day' WHERE code = $1",
        coupon.code,
    )
    first, second = new_key(), new_key()
    scans = [
        {"key": key, "code": coupon.code, "scanned_at": (at - timedelta(minutes=m)).isoformat()}
        for key, m in ((first, 9), (second, 4))
    ]
    await till.call("sync", {"scans": scans})
    assert (await undo(till, first))["reason"] == "used_since"
    assert (await undo(till, second))["verdict"] == "undone"
    assert (await coupon.row())["used_at"] == at - timedelta(minutes=9)
    assert (await undo(till, first))["verdict"] == "undone"
    assert (await coupon.row())["uses"] == 0


async def test_what_was_dropped_before_anybody_heard_of_it_is_taken_back(make_coupon, make_till):
    """Whatever it was used for since. What was only looked at takes nothing back."""
    coupon = await make_coupon(uses=3)
    till, key = await make_till(coupon.shop), new_key()
    await till.redeem(coupon.code, key)
    await (await make_till(coupon.shop)).redeem(coupon.code)
    scan = {"key": key, "code": coupon.code, "take": False}
    for left, verdict, uses in ((False, "used", 2), (True, "undone", 1), (True, "undone", 1)):
        body = {**scan, "scanned_at": datetime.now(UTC).isoformat(), "left": left}
        told = (await till.call("sync", {"scans": [body]}))[1]["results"][0]
        assert (told["verdict"], (await coupon.row())["uses"]) == (verdict, uses)
