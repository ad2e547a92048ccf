"""Hours of the week: when a place is open, or when a coupon can be used."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from tearoff.kit import times

MOST = 50


class Hours(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When it is open: `days` 1 (Monday) to 7, `start` and `end` as HH:MM on the local clock;
    `end` "24:00" is midnight; an `end` before `start` is on the next day."""

    days: Annotated[tuple[Annotated[int, Meta(ge=1, le=7)], ...], Meta(min_length=1, max_length=7)]
    start: Annotated[str, Meta(pattern="^([01][0-9]|2[0-3]):[0-5][0-9]$")]
    end: Annotated[str, Meta(pattern="^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$")]


Week = Annotated[tuple[Hours, ...], Meta(max_length=MOST)]


def is_open(hours: Sequence[Hours], zone: str, now: datetime) -> bool:
    """Whether these hours, read on the clock of `zone`, include this moment."""
    clock = times.clock_of(now, zone)
    day, minute = clock.isoweekday(), clock.hour * 60 + clock.minute
    return any(_covers(line, day, minute) for line in hours)


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
