"""What was scanned without connection counts by the time of the server, whatever the device's
clock says, and shows the moment in which it was scanned."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tearoff.coupons.models import NewSession
from tearoff.kit import times
from tests.cast import open_shop
from tests.web.conftest import do
from tests.web.tills import new_key, open_till


@pytest.fixture
def make_till(services, http, server):
    async def make(shop, place=None):
        return await open_till(services, http, server.url, shop, place)

    return make


def kept(code, at, **more):
    return {"key": new_key(), "code": code, "scanned_at": at.isoformat(), **more}


async def sync(till, *scans, **more):
    status, told = await till.call("sync", {"scans": list(scans), **more})
    assert status == 200, told
    return told


def moment(text):
    return datetime.fromisoformat(text)


def is_near(told, meant):
    return abs(moment(told) - meant) < timedelta(seconds=30)


@pytest.mark.parametrize("off", [timedelta(days=-3), timedelta(days=3), timedelta(days=-20_000)])
async def test_the_clock_of_the_device_is_corrected(coupon, make_till, off):
    till, now = await make_till(coupon.shop), datetime.now(UTC)
    at = now - timedelta(minutes=20)
    told = await sync(till, kept(coupon.code, at + off), sent_at=(now + off).isoformat())
    assert [one["verdict"] for one in told["results"]] == ["used"]
    assert is_near(told["now"], now)
    state = (await till.call("state"))[1]
    assert is_near(state["now"], now)
    (row,) = state["recent"]
    assert row["was_offline"] and is_near(row["scanned_at"], at) and is_near(row["at"], now)


async def test_of_48_hours_by_the_corrected_clock(make_coupon, make_till):
    coupon = await make_coupon()
    till, now, off = await make_till(coupon.shop), datetime.now(UTC), timedelta(days=-3)
    old = kept(coupon.code, now + off - timedelta(hours=49))
    told = await sync(till, old, sent_at=(now + off).isoformat())
    assert told["results"][0]["reason"] == "too_late"
    assert (await coupon.row())["uses"] == 0
    # A till of the version before tells no clock: nothing is corrected.
    told = await sync(till, kept(coupon.code, now - timedelta(hours=47)))
    assert told["results"][0]["verdict"] == "used"


async def test_a_clock_that_was_set_in_between(make_coupon, make_till):
    """The phone came back into the network, which told it the time, before the scans were sent."""
    first = await make_coupon()
    second = await make_coupon(first.shop)
    till, now = await make_till(first.shop), datetime.now(UTC)
    at, off = now - timedelta(minutes=20), timedelta(days=3)
    scans = [
        kept(first.code, at - off, ahead=off / timedelta(milliseconds=1)),
        kept(second.code, at - off, ahead="much"),
    ]
    told = (await sync(till, *scans, sent_at=now.isoformat()))["results"]
    assert [one["reason"] for one in told] == ["", "too_late"]
    assert is_near(told[0]["scanned_at"], at)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"sent_at": "yesterday", "scans": []}, "sent_at"),
        ({"sent_at": 5, "scans": []}, "sent_at"),
        ({"scans": [kept("x", datetime(2027, 1, 31, tzinfo=UTC), take=False)] * 201}, "scans"),
        ({"sent_at": "2027-01-31T12:00:00", "scans": []}, "sent_at"),
        ({"sent_at": "0001-01-01T00:00:00+14:00", "scans": []}, "sent_at"),
        (
            {
                "sent_at": "0001-01-01T00:00:00Z",
                "scans": [kept("x", datetime(9999, 12, 31, tzinfo=UTC))],
            },
            "scanned_at",
        ),
        ({"scans": [kept("x", datetime(2027, 1, 31, tzinfo=UTC), take="no")]}, "take"),
    ],
)
async def test_odd_clocks_are_refused(coupon, make_till, body, field):
    status, told = await (await make_till(coupon.shop)).call("sync", body)
    assert (status, told["field"]) == (422, field)


async def test_what_was_only_looked_at_is_heard_and_not_taken_in(make_coupon, make_till, services):
    """Also at a place that takes in at once; and it promised nothing, so it is no conflict."""
    good = await make_coupon()
    gone = await make_coupon(good.shop)
    await do(gone, "validated")
    await services.db.execute(
        "UPDATE locations SET redeems_at_once = true WHERE id = $1", good.shop.location
    )
    till, at = await make_till(good.shop), datetime.now(UTC) - timedelta(minutes=5)
    scans = [kept(one.code, at, take=False) for one in (good, gone)]
    told = await sync(till, *scans)
    came = [(one["verdict"], one["reason"]) for one in told["results"]]
    assert came == [("good", ""), ("no", "already_used")]
    assert (await good.row())["uses"] == 0
    state = (await till.call("state"))[1]
    assert state["conflicts"] == []
    assert [row["key"] for row in state["recent"]] == [scans[1]["key"]]
    # People ask for it later, under the same key: it is the same scan, now to be taken in.
    told = await sync(till, scans[0] | {"take": True}, scans[1] | {"take": True})
    assert [one["verdict"] for one in told["results"]] == ["used", "no"]
    assert (await good.row())["uses"] == 1


async def test_a_scan_is_asked_for_again(make_coupon, make_till, services):
    coupon = await make_coupon()
    till, key = await make_till(coupon.shop), new_key()
    used = await till.redeem(coupon.code, key)
    status, told = await till.call("scan", {"key": key})
    assert (status, told) == (200, used)
    await till.call("undo", {"key": key})
    assert (await till.call("scan", {"key": key}))[1]["verdict"] == "undone"
    assert (await coupon.row())["uses"] == 0
    # Neither another device of the shop nor one of another shop knows that key.
    beside = await make_till(coupon.shop)
    elsewhere = await make_till(await open_shop(services, kind=None))
    for other in (beside, elsewhere):
        for name in ("scan", "undo"):
            assert (await other.call(name, {"key": key}))[0] == 404
    assert (await till.call("scan", {"key": new_key()}))[0] == 404


async def test_an_ok_that_nobody_heard_is_judged_again(coupon, make_till):
    till, key = await make_till(coupon.shop), new_key()
    assert (await till.check(coupon.code, key))["verdict"] == "good"
    await do(coupon, "validated")
    told = await till.check(coupon.code, key)
    assert (told["verdict"], told["reason"]) == ("no", "already_used")


async def test_a_use_is_of_the_moment_of_its_scan(coupon, make_till, services):
    """For whoever loses to it, for the coupon itself, and in its list; the books have when it was
    heard of."""
    till, at = await make_till(coupon.shop), datetime.now(UTC) - timedelta(hours=30)
    await services.db.execute(
        "UPDATE sessions SET created_at = created_at - interval '3 days' WHERE code = $1",
        coupon.code,
    )
    told = (await sync(till, kept(coupon.code, at)))["results"][0]
    shown = times.words_of(at, "Europe/Brussels", "en")
    assert told["text"] == f"Used {shown}."
    assert (await till.check(coupon.code))["text"] == f"Used {shown}, Ghent."
    row = await coupon.row()
    assert row["validated_at"] == row["used_at"] == row["claimed_at"] == at
    events = await services.db.fetch(
        "SELECT e.kind, e.at, e.happened_at FROM session_events e JOIN sessions s"
        " ON s.id = e.session_id WHERE s.code = $1 AND e.kind = 'validated'",
        coupon.code,
    )
    assert [(e["happened_at"], e["at"] - at > timedelta(hours=29)) for e in events] == [(at, True)]


async def test_a_use_that_is_heard_of_later_is_not_the_last_one(make_coupon, make_till, services):
    coupon = await make_coupon(uses=3)
    await services.db.execute(
        "UPDATE sessions SET created_at = created_at - interval '1 day' WHERE code = $1",
        coupon.code,
    )
    till = await make_till(coupon.shop)
    await till.redeem(coupon.code)
    last = (await coupon.row())["used_at"]
    await sync(till, kept(coupon.code, last - timedelta(hours=2)))
    row = await coupon.row()
    assert (row["uses"], row["used_at"]) == (2, last)


async def test_one_coupon_in_several_spellings_is_no_conflict(make_coupon, make_till):
    """Each is heard and refused; but this device has promised it once."""
    coupon = await make_coupon(new=NewSession(validation_code="SPRING 26-A"))
    till, at = await make_till(coupon.shop), datetime.now(UTC) - timedelta(minutes=9)
    forms = [
        coupon.code[:6], coupon.code[:6].upper(), coupon.short, coupon.code, "spring26a",
        f"https://x.example{coupon.path}", "Spring 26 A",
    ]  # fmt: skip
    scans = [kept(form, at + timedelta(minutes=n)) for n, form in enumerate(forms)]
    told = (await sync(till, *scans))["results"]
    assert [one["verdict"] for one in told] == ["used", *["no"] * 6]
    state = (await till.call("state"))[1]
    assert state["conflicts"] == []
    assert len(state["recent"]) == 7
    # On another device it is one.
    other = await make_till(coupon.shop)
    await sync(other, kept(coupon.code, at))
    assert len((await other.call("state"))[1]["conflicts"]) == 1


@pytest.mark.parametrize(
    "spelled",
    [("{short}", "{SHORT}", "{sho}-{rt}", "{code}", "https://x.example/p/abc/{code}"),
     ("SPRING 26-A", "spring26a", "]C1Spring 26-A", "*SPRING26A*"),
     ("NOT OURS-1", "notours1")],
)  # fmt: skip
async def test_a_key_that_comes_again_in_another_spelling_is_the_same_scan(
    make_coupon, make_till, spelled
):
    coupon = await make_coupon(new=NewSession(validation_code="SPRING 26-A"), uses=9)
    till, key, short = await make_till(coupon.shop), new_key(), coupon.code[:6]
    came = set()
    for text in spelled:
        code = text.format(
            short=short, SHORT=short.upper(), sho=short[:3], rt=short[3:], code=coupon.code
        )
        came.add((await till.redeem(code, key))["verdict"])
    assert len(came) == 1
    assert (await coupon.row())["uses"] == (1 if came == {"used"} else 0)
    # By its link and by the shop's own code: two codes, one coupon.
    if came == {"used"}:
        for text in ("SPRING26A", coupon.code):
            assert (await till.check(text, key))["verdict"] == "used"
    assert (await till.call("check", {"key": key, "code": "other"}))[0] == 422
