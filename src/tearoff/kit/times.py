"""Moments as people read them: in the shop's time zone, with the month as a word."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel import Locale
from babel.dates import format_datetime

_PATTERNS = {
    "de": "d. MMMM y, HH:mm",
    "es": "d 'de' MMMM 'de' y, HH:mm",
    "pt": "d 'de' MMMM 'de' y, HH:mm",
    "ar": "d MMMM y، HH:mm",
}
_PATTERN = "d MMMM y, HH:mm"
"""Our own pattern: Babel's ready-made ones print AM and PM, seconds and offsets."""


@lru_cache(4096)
def words_of(at: datetime, zone: str, language: str) -> str:
    """Such as `30 November 2026, 23:59`."""
    pattern = _PATTERNS.get(language, _PATTERN)
    return str(format_datetime(at, pattern, tzinfo=zone_of(zone), locale=locale_of(language)))


def clock_of(at: datetime, zone: str) -> datetime:
    """The same moment on the shop's clock."""
    return at.astimezone(zone_of(zone))


@lru_cache(64)
def locale_of(language: str) -> Locale:
    return Locale.parse(language)


@lru_cache(1024)
def zone_of(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


@lru_cache(1024)
def iso(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def hours_of(days: Sequence[int], start: str, end: str, language: str) -> str:
    """Such as `Mon–Fri 09:00–17:00`; days are 1 (Monday) to 7."""
    names = locale_of(language).days["format"]["abbreviated"]
    comma = "، " if language == "ar" else ", "
    told = [
        f"{names[run[0] - 1]}–{names[run[-1] - 1]}"
        if run[2:]
        else comma.join(names[day - 1] for day in run)
        for run in _runs(sorted(set(days)))
    ]
    return f"{comma.join(told)} {start}–{end}"


def _runs(days: Sequence[int]) -> list[list[int]]:
    """Neighbouring days together."""
    runs: list[list[int]] = []
    for day in days:
        if runs and runs[-1][-1] == day - 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    return runs
