"""Hours of the week: the last closing time before a moment, the first opening time after it."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tearoff.kit.hours import Hours, first_open, is_open, last_open

BRUSSELS = "Europe/Brussels"
SHOP = (
    Hours(days=(1, 2, 3, 4, 5), start="09:00", end="12:00"),
    Hours(days=(1, 2, 3, 4, 5), start="13:00", end="18:00"),
    Hours(days=(6,), start="10:00", end="17:00"),
)
BAR = (Hours(days=(5, 6), start="20:00", end="02:00"),)
MARKET = (Hours(days=(7,), start="00:00", end="24:00"),)


def at(text, fold=0):
    here = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(BRUSSELS), fold=fold)
    return here.astimezone(UTC)


@pytest.mark.parametrize(
    ("hours", "before", "last"),
    [
        (SHOP, "2030-12-02 00:30", "2030-11-30 17:00"),  # a Monday night: Saturday's closing
        (SHOP, "2030-11-29 12:30", "2030-11-29 12:00"),
        (SHOP, "2030-11-29 14:00", "2030-11-29 14:00"),
        (SHOP, "2030-11-29 18:00", "2030-11-29 18:00"),
        (SHOP, "2030-11-29 13:00", "2030-11-29 12:00"),
        (BAR, "2030-11-30 00:30", "2030-11-30 00:30"),
        (BAR, "2030-12-01 00:00", "2030-12-01 00:00"),
        (BAR, "2030-12-06 12:00", "2030-12-01 02:00"),
        (MARKET, "2030-12-03 12:00", "2030-12-02 00:00"),
    ],
)
def test_the_last_time(hours, before, last):
    assert last_open(hours, BRUSSELS, at(before)) == at(last)


@pytest.mark.parametrize(
    ("hours", "after", "first"),
    [
        (SHOP, "2030-12-01 00:00", "2030-12-02 09:00"),  # a Sunday
        (SHOP, "2030-12-02 12:00", "2030-12-02 13:00"),
        (SHOP, "2030-12-02 10:15", "2030-12-02 10:15"),
        (BAR, "2030-12-01 01:00", "2030-12-01 01:00"),
        (BAR, "2030-12-01 02:00", "2030-12-06 20:00"),
    ],
)
def test_the_first_time(hours, after, first):
    assert first_open(hours, BRUSSELS, at(after)) == at(first)


def test_of_the_hour_that_comes_twice_the_second_one_closes():
    night = (Hours(days=(7,), start="01:00", end="02:30"),)
    assert last_open(night, BRUSSELS, at("2030-10-28 12:00")) == at("2030-10-27 02:30", fold=1)


@given(
    st.lists(
        st.tuples(st.integers(1, 7), st.integers(0, 23), st.integers(0, 23)).filter(
            lambda line: line[1] != line[2]
        ),
        min_size=1,
        max_size=4,
    ),
    st.datetimes(datetime(2030, 1, 1), datetime(2031, 1, 1)),  # noqa: DTZ001 - is UTC below
)
def test_what_is_found_is_at_the_edge_of_being_open(lines, moment):
    hours = tuple(Hours(days=(d,), start=f"{s:02}:00", end=f"{e:02}:00") for d, s, e in lines)
    now = moment.replace(tzinfo=UTC, second=0, microsecond=0)
    last, first = last_open(hours, "UTC", now), first_open(hours, "UTC", now)
    assert last <= now <= first
    assert is_open(hours, "UTC", first)
    assert is_open(hours, "UTC", last - timedelta(seconds=1))
    assert last == now or not is_open(hours, "UTC", last)


def test_a_closing_time_that_spring_skips_is_when_the_clock_jumps():
    """02:00 to 03:00 does not exist that night in Brussels."""
    night = (Hours(days=(6,), start="20:00", end="02:30"),)
    jump = at("2027-03-28 03:00")
    assert is_open(night, BRUSSELS, jump - timedelta(minutes=1))
    assert not is_open(night, BRUSSELS, jump)
    assert last_open(night, BRUSSELS, at("2027-03-28 12:00")) == jump
    early = (Hours(days=(7,), start="02:15", end="04:00"),)
    assert first_open(early, BRUSSELS, at("2027-03-28 00:30")) == jump
