"""Hours of the week: when a place is open, or when a coupon can be used."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Annotated

import msgspec
from msgspec import Meta

from tearoff.kit import times

MOST = 50
START = "^([01][0-9]|2[0-3]):[0-5][0-9]$"
END = "^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$"
_WEEK = timedelta(days=7)


class Hours(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When it is open: `days` 1 (Monday) to 7, `start` and `end` as HH:MM on the local clock;
    `end` "24:00" is midnight; an `end` before `start` is on the next day."""

    days: Annotated[tuple[Annotated[int, Meta(ge=1, le=7)], ...], Meta(min_length=1, max_length=7)]
    start: Annotated[str, Meta(pattern=START)]
    end: Annotated[str, Meta(pattern=END)]


Week = Annotated[tuple[Hours, ...], Meta(max_length=MOST)]


def in_words(hours: Sequence[Hours], language: str) -> tuple[str, ...]:
    """A line each, such as `Mon–Fri 09:00–17:00`."""
    return tuple(times.hours_of(line.days, line.start, line.end, language) for line in hours)


def is_open(hours: Sequence[Hours], zone: str, now: datetime) -> bool:
    """Whether these hours, read on the clock of `zone`, include this moment."""
    clock = times.clock_of(now, zone)
    day, minute = clock.isoweekday(), clock.hour * 60 + clock.minute
    return any(_covers(line, day, minute) for line in hours)


def last_open(hours: Sequence[Hours], zone: str, before: datetime) -> datetime:
    """The moment up to which it is open for the last time before this one: the moment itself, or
    the closing time before it."""
    if is_open(hours, zone, before - timedelta(seconds=1)):
        return before
    ends = (end for _, end in _around(hours, zone, before))
    return max((end for end in ends if end <= before), default=before)


def first_open(hours: Sequence[Hours], zone: str, after: datetime) -> datetime:
    """The moment from which it is open for the first time from this one on."""
    if is_open(hours, zone, after):
        return after
    starts = (start for start, _ in _around(hours, zone, after))
    return min((start for start in starts if start >= after), default=after)


def open_until(hours: Sequence[Hours], zone: str, now: datetime) -> datetime | None:
    """When the hours that include this moment end; hours that follow without a break are one.
    None when they do not end within a week, or do not include it."""
    around, until = list(_around(hours, zone, now)) if hours else [], now
    while until - now < _WEEK:
        end = max((end for start, end in around if start <= until < end), default=until)
        if end == until:
            return until if until > now else None
        until = end
    return None


def _around(hours: Sequence[Hours], zone: str, at: datetime) -> Iterator[tuple[datetime, datetime]]:
    """When it opens and closes within a week of this moment. Of an hour that comes twice, the
    first one opens and the second one closes; one that is skipped does both as it is skipped."""
    here, day_of = times.zone_of(zone), times.clock_of(at, zone).date()
    for ago in range(-8, 9):
        day = day_of + timedelta(days=ago)
        midnight = datetime.combine(day, time(), here)
        for line in hours:
            if day.isoweekday() not in line.days:
                continue
            start, end = _minutes(line.start), _minutes(line.end)
            end += 24 * 60 if end < start else 0
            yield (
                _moment(midnight + timedelta(minutes=start), fold=0),
                _moment(midnight + timedelta(minutes=end), fold=1),
            )


def _moment(wall: datetime, *, fold: int) -> datetime:
    """When a clock on the wall shows this. What spring skips is when the clock jumps over it."""
    first, second = (wall.replace(fold=n).astimezone(UTC) for n in (0, 1))
    if first <= second:
        return second if fold else first
    here, before = wall.tzinfo, second.astimezone(wall.tzinfo).utcoffset()
    while second.astimezone(here).utcoffset() == before:
        second += timedelta(minutes=1)
    return second


def problems_of(hours: Sequence[Hours]) -> Iterator[str]:
    """What does not make sense in them, and what would be right."""
    for i, line in enumerate(hours):
        twice = [day for day, n in Counter(line.days).items() if n > 1]
        if twice:
            yield f"hours[{i}].days: name each day once; {twice[0]} is there twice."
        if line.start == line.end:
            text = "start and end are the same; for the whole day use 00:00 and 24:00."
            yield f"hours[{i}]: {text}"


def _covers(line: Hours, day: int, minute: int) -> bool:
    start, end = _minutes(line.start), _minutes(line.end)
    if start < end:
        return day in line.days and start <= minute < end
    # Over midnight: the evening of its own day, the early hours of the next one.
    before = (day - 2) % 7 + 1
    return (day in line.days and minute >= start) or (before in line.days and minute < end)


def _minutes(text: str) -> int:
    hour, _, minute = text.partition(":")
    return int(hour) * 60 + int(minute)
