"""Moments as people read them: in the shop's time zone, with the month as a word."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from babel import Locale
from babel.core import get_global
from babel.dates import format_datetime, get_timezone_location

_PATTERNS = {
    "de": "d. MMMM y, HH:mm",
    "es": "d 'de' MMMM 'de' y, HH:mm",
    "pt": "d 'de' MMMM 'de' y, HH:mm",
    "ar": "d MMMM y، HH:mm",
}
_PATTERN = "d MMMM y, HH:mm"
"""Our own pattern: Babel's ready-made ones print AM and PM, seconds and offsets."""

YEARS = range(1900, 3000)
"""Outside of them, changing a time's zone may leave what a date can be."""


@lru_cache(4096)
def words_of(at: datetime, zone: str, language: str) -> str:
    """Such as `30 November 2026, 23:59`."""
    pattern = _PATTERNS.get(language, _PATTERN)
    return str(format_datetime(at, pattern, tzinfo=zone_of(zone), locale=locale_of(language)))


def end_of(at: datetime, zone: str, language: str) -> str:
    """An end in words."""
    return words_of(end_clock(at, zone), zone, language)


def end_clock(at: datetime, zone: str) -> datetime:
    """An end on the shop's clock, as it is told."""
    return told_end(clock_of(at, zone))


def told_end(clock: datetime) -> datetime:
    """Midnight is told as the last minute before it: 00:00 names a day on which nothing is
    left."""
    is_midnight = clock.hour == clock.minute == 0
    return clock - timedelta(minutes=1) if is_midnight else clock


def clock_of(at: datetime, zone: str) -> datetime:
    """The same moment on the shop's clock."""
    return at.astimezone(zone_of(zone))


def full_minute(at: datetime) -> datetime:
    """The first full minute that is not before: what people are told who may come back then."""
    return (at + timedelta(minutes=1, microseconds=-1)).replace(second=0, microsecond=0)


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
def iso(at: datetime, zone: str) -> str:
    """Such as `2026-11-30T23:59:00+01:00`: the shop's clock, and how far it is from UTC."""
    return clock_of(at, zone).isoformat(timespec="seconds")


@lru_cache(1024)
def city_of(zone: str, language: str) -> str:
    """Whose clock it is, for readers elsewhere: the zone's city, such as `Brussels`."""
    name = get_timezone_location(zone_of(zone), locale=locale_of(language), return_city=True)
    return str(name).rpartition("/")[2]


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


_NOWHERE = "ZZ"


def country_of_zone(zone: str) -> str | None:
    """The country (two letters) whose clocks a zone's name stands for, by the territories of
    Unicode's CLDR; None for UTC and what else is of no country."""
    country: str | None = get_global("zone_territories").get(zone)
    return country if country and len(country) == 2 and country != _NOWHERE else None


@lru_cache(300)
def zones_of_country(country: str) -> tuple[str, ...]:
    """The time zones of a country (two letters), by the zones and territories of Unicode's CLDR;
    of several that tell the same time all year the first one. Empty for what is no country."""
    known = get_global("zone_territories").items()
    names = sorted({zone for zone, of in known if of == country} & time_zones())
    clocks: dict[tuple[timedelta | None, ...], str] = {}
    for name in names:
        clocks.setdefault(tuple(day.astimezone(ZoneInfo(name)).utcoffset() for day in _DAYS), name)
    return tuple(clocks.values())


_YEAR = datetime.now(UTC).year
_DAYS = [datetime(_YEAR, month, day, 12, tzinfo=UTC) for month in range(1, 13) for day in (1, 15)]
"""Enough of a year to tell clocks apart that change on other days."""


@cache
def time_zones() -> frozenset[str]:
    """Names of the time zones, such as Europe/Brussels. Python walks through a thousand files for
    them (10 ms), so they are read once."""
    return frozenset(available_timezones())
