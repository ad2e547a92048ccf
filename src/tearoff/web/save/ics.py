"""Calendar entries (RFC 5545) of a coupon: from when it can be used, and when that ends."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, time, timedelta

import msgspec

from tearoff.kit.times import clock_of

_LINE = 73
"""Octets of a line before it is folded; the standard allows 75 with the line end apart."""

HOUR = timedelta(hours=1)
_MORNING, _EVENING = time(10), time(18)
_BY_DAY = (time(8), time(22))
_IN_TIME = timedelta(hours=12)


class Entry(msgspec.Struct, frozen=True):
    """`uid` is another one for each; `title` and `text` are in the reader's words; `rings` is when
    the calendar reminds of it, if that is still ahead."""

    uid: str
    title: str
    text: str
    link: str
    starts: datetime
    ends: datetime
    rings: datetime | None


def rings_of_start(at: datetime, zone: str, now: datetime) -> datetime | None:
    """As it begins; for what begins at night, on the evening before."""
    here = clock_of(at, zone)
    is_by_day = _BY_DAY[0] <= here.time() <= _BY_DAY[1]
    rings = at if is_by_day else _last(_EVENING, at, zone)
    return next((when for when in (rings, at) if when > now), None)


def rings_of_end(at: datetime, zone: str, now: datetime) -> datetime | None:
    """On the last morning that leaves half a day; when that is over, two hours or one before."""
    morning = _last(_MORNING, at - _IN_TIME, zone)
    candidates = (morning, at - 2 * HOUR, at - HOUR)
    return next((when for when in candidates if when > now), None)


def print_calendar(entries: Iterable[Entry], now: datetime) -> str:
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Tearoff//Coupon//EN"]
    lines += [line for entry in entries for line in _event(entry, now)]
    return "".join(f"{folded}\r\n" for line in [*lines, "END:VCALENDAR"] for folded in _fold(line))


def _event(entry: Entry, now: datetime) -> Iterator[str]:
    yield "BEGIN:VEVENT"
    yield f"UID:{entry.uid}@tearoff"
    yield f"DTSTAMP:{_utc(now)}"
    yield f"DTSTART:{_utc(entry.starts)}"
    yield f"DTEND:{_utc(entry.ends)}"
    yield f"SUMMARY:{_text(entry.title)}"
    yield f"DESCRIPTION:{_text(entry.text)}"
    yield f"URL:{entry.link}"
    yield "TRANSP:TRANSPARENT"
    if entry.rings is not None:
        minutes = int((entry.starts - entry.rings).total_seconds()) // 60
        yield "BEGIN:VALARM"
        yield "ACTION:DISPLAY"
        yield f"DESCRIPTION:{_text(entry.title)}"
        # Counted from the start: not every calendar reads a moment here.
        yield f"TRIGGER:-PT{minutes}M"
        yield "END:VALARM"
    yield "END:VEVENT"


def _last(clock: time, before: datetime, zone: str) -> datetime:
    """The last time at which the shop's clock showed this."""
    here = clock_of(before, zone)
    day = here.date() if here.time() >= clock else here.date() - timedelta(days=1)
    return datetime.combine(day, clock, here.tzinfo)


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def _text(text: str) -> str:
    text = "".join(c for c in text if c == "\n" or c >= " ")
    for plain, escaped in (("\\", "\\\\"), (";", "\\;"), (",", "\\,"), ("\n", "\\n")):
        text = text.replace(plain, escaped)
    return text


def _fold(line: str) -> list[str]:
    """Pieces of at most 75 octets; all but the first begin with a space."""
    pieces, piece = [], ""
    for letter in line:
        if len((piece + letter).encode("utf-8", "replace")) > _LINE:
            pieces.append(piece)
            piece = " "
        piece += letter
    return [*pieces, piece]
