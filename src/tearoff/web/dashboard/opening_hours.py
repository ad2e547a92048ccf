"""Opening hours as a form has them: for each day of the week a few spans, each from one field for a
time to another."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from tearoff.kit.hours import Hours
from tearoff.kit.times import locale_of
from tearoff.web.dashboard.forms import Typed

LEAST_SPANS = 2
_MIDNIGHT, _END_OF_DAY = "00:00", "24:00"


class Day(msgspec.Struct, frozen=True):
    """`spans`: (name of the field, from, to)."""

    name: str
    spans: list[tuple[str, str, str]]


class HalfTyped(Exception):
    """Of a span only one end was typed, on this day (1 is Monday)."""

    def __init__(self, day: int) -> None:
        super().__init__(day)
        self.day = day


def days_of(hours: Sequence[Hours], typed: Typed, language: str) -> list[Day]:
    """What was typed, else what is stored."""
    names = locale_of(language).days["stand-alone"]["wide"]
    stored = {
        day: [(line.start, line.end) for line in hours if day in line.days] for day in range(1, 8)
    }
    most = max(LEAST_SPANS, *(len(spans) for spans in stored.values()))
    return [
        Day(names[day - 1], [_shown(day, n, stored[day], typed) for n in range(most)])
        for day in range(1, 8)
    ]


def _shown(
    day: int, n: int, stored: Sequence[tuple[str, str]], typed: Typed
) -> tuple[str, str, str]:
    name = f"h{day}.{n}"
    if typed.has(f"{name}.from"):
        return name, typed.text(f"{name}.from"), typed.text(f"{name}.to")
    start, end = stored[n] if n < len(stored) else ("", "")
    return name, start, _MIDNIGHT if end == _END_OF_DAY else end


def hours_of(typed: Typed) -> list[dict[str, object]]:
    """As v4 takes them: days with the same span share a line. Midnight as an end is that of the
    day. Raises `HalfTyped`."""
    days_by_span: dict[tuple[str, str], list[int]] = {}
    for day in range(1, 8):
        for start, end in _spans(typed, day):
            days = days_by_span.setdefault((start, end), [])
            if day not in days:
                days.append(day)
    return [
        {"days": days, "start": start, "end": end} for (start, end), days in days_by_span.items()
    ]


def _spans(typed: Typed, day: int) -> list[tuple[str, str]]:
    found, n = [], 0
    while typed.has(f"h{day}.{n}.from"):
        start, end = typed.text(f"h{day}.{n}.from")[:5], typed.text(f"h{day}.{n}.to")[:5]
        if bool(start) != bool(end):
            raise HalfTyped(day)
        if start:
            found.append((start, _END_OF_DAY if end == _MIDNIGHT else end))
        n += 1
    return found
