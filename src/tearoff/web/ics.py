"""Calendar entries (RFC 5545) for the first and the last day of a coupon."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec

from tearoff.kit.times import clock_of

_LINE = 73
"""Octets of a line before it is folded; the standard allows 75 with the line end apart."""


class Entry(msgspec.Struct, frozen=True):
    """Of whose coupon: `id` is another one for each, `title` in the reader's words."""

    id: str
    title: str
    link: str


def first_day(entry: Entry, starts_at: datetime, now: datetime) -> str:
    times = [f"DTSTART:{_utc(starts_at)}", f"DTEND:{_utc(starts_at + timedelta(hours=1))}"]
    return _calendar(entry, "first", times, now)


def last_day(entry: Entry, ends: datetime, timezone: str, now: datetime) -> str:
    """The whole day, on the shop's calendar, in which the coupon can be used for the last
    time."""
    day = clock_of(ends - timedelta(seconds=1), timezone).date()
    return _calendar(entry, "last", [f"DTSTART;VALUE=DATE:{day:%Y%m%d}"], now)


def _calendar(entry: Entry, mark: str, times: list[str], now: datetime) -> str:
    lines = [
        "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Tearoff//Coupon//EN", "BEGIN:VEVENT",
        f"UID:{entry.id}-{mark}@tearoff",
        f"DTSTAMP:{_utc(now)}",
        *times,
        f"SUMMARY:{_text(entry.title)}",
        f"DESCRIPTION:{_text(entry.link)}",
        f"URL:{entry.link}",
        "TRANSP:TRANSPARENT", "END:VEVENT", "END:VCALENDAR",
    ]  # fmt: skip
    return "".join(f"{folded}\r\n" for line in lines for folded in _fold(line))


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def _text(text: str) -> str:
    for plain, escaped in (("\\", "\\\\"), (";", "\\;"), (",", "\\,"), ("\r", ""), ("\n", "\\n")):
        text = text.replace(plain, escaped)
    return text


def _fold(line: str) -> list[str]:
    """Pieces of at most 75 octets; all but the first begin with a space."""
    pieces, piece = [], ""
    for letter in line:
        if len((piece + letter).encode()) > _LINE:
            pieces.append(piece)
            piece = " "
        piece += letter
    return [*pieces, piece]
