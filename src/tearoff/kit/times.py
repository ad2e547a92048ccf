"""Moments as people read them: in the shop's time zone, with the month as a word."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel import Locale
from babel.dates import format_datetime

_PATTERNS = {"de": "d. MMMM y, HH:mm", "es": "d 'de' MMMM 'de' y, HH:mm", "ar": "d MMMM y، HH:mm"}
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
