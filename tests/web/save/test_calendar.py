"""Calendar entries, as an independent reader of RFC 5545 sees them."""

import json
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import icalendar
import pytest

from tearoff.kit.words import LANGUAGES
from tearoff.web.save import ics
from tests.web.conftest import do, in_days
from tests.web.coupon.test_ends import ENDS, brussels, ending
from tests.web.save.test_save import pdf_of, text_of

BRUSSELS = ZoneInfo("Europe/Brussels")
NOW = datetime(2031, 1, 1, 12, tzinfo=UTC)


def read(text):
    """The entries, after everything that the standard asks for was looked at."""
    assert text.endswith("END:VCALENDAR\r\n")
    assert text.count("\n") == text.count("\r\n")
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    (calendar,) = icalendar.Calendar.from_ical(text, multiple=True)
    assert calendar.errors == []
    assert (calendar["VERSION"], bool(calendar["PRODID"])) == ("2.0", True)
    entries = calendar.walk("VEVENT")
    for part in (*entries, *calendar.walk("VALARM")):
        assert part.errors == []
        assert not [name for name in part.required if name not in part]
    assert len({entry["UID"] for entry in entries}) == len(entries)
    assert all(entry.start < entry.end for entry in entries)
    return entries


async def entries_of(coupon, query="", path=None):
    page = await coupon.get(f"{path or coupon.path}/coupon.ics{query}")
    assert page.status == 200
    assert page.headers["content-type"] == "text/calendar; charset=utf-8"
    return read(page.text)


def rings_at(entry):
    (alarm,) = entry.walk("VALARM")
    assert alarm["ACTION"] == "DISPLAY"
    assert alarm["DESCRIPTION"] == entry["SUMMARY"]
    return (entry.start + alarm.TRIGGER).astimezone(BRUSSELS)


@pytest.mark.parametrize("name", ENDS)
async def test_it_says_what_ends_when_and_reminds_in_time(make_coupon, name):
    coupon, told = await ending(make_coupon, name)
    (entry,) = await entries_of(coupon)
    clock = told.rpartition(" ")[2]
    assert entry["SUMMARY"] == f"Ends at {clock}: 2-for-1 cappuccino · Bean & Leaf"
    end = entry.end.astimezone(BRUSSELS)
    if clock == "23:59":
        end -= timedelta(minutes=1)
    assert f"{end.day} {end:%B %Y, %H:%M}" == told
    assert f"Valid until {told}" in entry["DESCRIPTION"]
    assert f"https://coupons.example.com{coupon.path}" in entry["DESCRIPTION"]
    assert entry["URL"].endswith(coupon.path)
    rings = rings_at(entry)
    assert (rings.hour, rings.minute) == (10, 0)
    assert timedelta(hours=12) <= entry.end - rings <= timedelta(hours=36)


async def test_before_the_first_day_there_are_two(make_coupon):
    coupon = await make_coupon(
        starts_at=datetime(2031, 1, 1, tzinfo=BRUSSELS),
        expires_at=datetime(2031, 2, 1, 18, tzinfo=BRUSSELS),
        raw_options=json.dumps({"begins": "pressed"}),
    )
    for path in (coupon.path, f"/p/{coupon.shop.code}"):
        first, last = await entries_of(coupon, path=path)
        assert first["SUMMARY"] == "Valid from 00:00: 2-for-1 cappuccino · Bean & Leaf"
        assert first.start == datetime(2031, 1, 1, tzinfo=BRUSSELS)
        # What begins at night is told on the evening before.
        assert rings_at(first) == datetime(2030, 12, 31, 18, tzinfo=BRUSSELS)
        assert last["SUMMARY"].startswith("Ends at 18:00: ")
        assert last.end == datetime(2031, 2, 1, 18, tzinfo=BRUSSELS)
        assert rings_at(last) == datetime(2031, 1, 31, 10, tzinfo=BRUSSELS)
        for entry in (first, last):
            assert (
                "Valid from 1 January 2031, 00:00 (Brussels)\nValid until 1 Feb"
                in entry["DESCRIPTION"]
            )


async def test_a_public_link_of_an_offer_that_has_begun_leads_to_it(make_coupon):
    for values in ({}, {"expires_at": in_days(-1)}, {"status": "paused"}):
        coupon = await make_coupon(**values)
        path = f"/p/{coupon.shop.code}"
        page = await coupon.get(f"{path}/coupon.ics?lang=nl")
        assert (page.status, page.headers["location"]) == (303, f"{path}?lang=nl")
    draft = await make_coupon()
    await draft.services.db.execute(
        "UPDATE campaigns SET status = 'draft' WHERE id = $1", draft.shop.campaign
    )
    assert (await draft.get(f"/p/{draft.shop.code}/coupon.ics")).status == 404


async def test_an_open_window_ends_when_it_ends(make_coupon):
    coupon = await make_coupon(activation_seconds=86_400)
    await coupon.post("/claim", {"t": (await coupon.get()).token})
    (entry,) = await entries_of(coupon)
    assert abs(entry.end - in_days(1)) < timedelta(minutes=5)


@pytest.mark.parametrize("values", [{"uses": 3}, {"raw_options": '{"reactivates": true}'}])
async def test_a_window_after_which_something_is_left_is_no_end(make_coupon, values):
    """The page to save it, the calendar and paper tell the end that its mail and wallet tell."""
    coupon = await make_coupon(
        activation_seconds=3600, expires_at=brussels("2031-01-02 18:00"), **values
    )
    (before,) = await entries_of(coupon)
    await coupon.post("/claim", {"t": (await coupon.get()).token})
    (entry,) = await entries_of(coupon)
    assert (entry["UID"], entry.end) == (before["UID"], before.end)
    assert "2 January 2031, 18:00" in (await coupon.get(f"{coupon.path}/save")).text
    assert "2 January 2031, 18:00" in text_of((await pdf_of(coupon))[2])


async def test_the_window_of_the_last_use_is_the_end(make_coupon):
    coupon = await make_coupon(uses=2, activation_seconds=3600, expires_at=in_days(9))
    for is_last in (False, True):
        await coupon.post("/claim", {"t": (await coupon.get()).token})
        (entry,) = await entries_of(coupon)
        assert (entry.end < in_days(1)) is is_last
        await do(coupon, "validated")


@pytest.mark.parametrize("language", LANGUAGES)
async def test_words_and_signs_are_read_back_as_they_are(make_coupon, language):
    title = "Café; 1,50\\2 \N{SNOWMAN} " + "é" * 70
    text = "Ends at {n};\nnot here"
    coupon = await make_coupon(title=title, description=text, starts_at=in_days(3))
    first, last = await entries_of(coupon, f"?lang={language}")
    for entry in (first, last):
        assert f"{title} · Bean & Leaf" in entry["SUMMARY"]
        assert f"{coupon.path}?lang={language}" in entry["DESCRIPTION"]
    assert first["SUMMARY"] != last["SUMMARY"]


@pytest.mark.parametrize(
    ("left", "rings"),
    [(timedelta(days=3), timedelta(hours=14)), (timedelta(hours=13), timedelta(hours=2)),
     (timedelta(minutes=100), timedelta(hours=1)), (timedelta(minutes=20), None)],
)  # fmt: skip
def test_when_it_rings_for_an_end_that_is_near(left, rings):
    """The end is at midnight of UTC: the morning before has 14 hours left."""
    end = datetime(2031, 1, 2, tzinfo=UTC)
    found = ics.rings_of_end(end, "UTC", end - left)
    assert found == (end - rings if rings else None)


@pytest.mark.parametrize(
    ("start", "rings"),
    [("09:00", "09:00"), ("22:00", "22:00"), ("23:00", "18:00"), ("06:00", "18:00")],
)
def test_when_it_rings_for_a_start(start, rings):
    at = datetime.fromisoformat(f"2031-01-04 {start}").replace(tzinfo=UTC)
    found = ics.rings_of_start(at, "UTC", NOW)
    assert (f"{found:%H:%M}", found <= at) == (rings, True)


def test_a_line_ends_nothing():
    """What people type in a title begins no line of its own, and no letter is cut in two."""
    title = "A\r\nATTACH:x\x07" + "\N{HOT BEVERAGE}" * 40
    end = NOW + timedelta(days=2)
    entry = ics.Entry("1", title, "x\ny", "https://a.example/p/a/b", NOW, end, None)
    (found,) = read(ics.print_calendar([entry], NOW))
    assert "ATTACH" not in found
    assert found["SUMMARY"] == "A\nATTACH:x" + "\N{HOT BEVERAGE}" * 40
