"""Moments in words, on the shop's clock: from when a coupon is of use, until when, what is left."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache

import msgspec

from tearoff.coupons.models import Campaign
from tearoff.kit import times
from tearoff.kit.words import Words, words_in
from tearoff.web.coupon.visits import Visit

_COUNTED_DOWN = timedelta(hours=48)
_DAY = 86_400


class DateLine(msgspec.Struct, frozen=True):
    """A moment, large, on the clock of this city. `seconds_left`: it is counted down."""

    words: str
    date: str
    iso: str
    city: str
    days_left: str = ""
    seconds_left: int = 0
    time_left: str = ""


def lines_of(
    campaign: Campaign,
    visit: Visit,
    starts: datetime | None,
    ends: datetime | None,
    again: datetime | None = None,
) -> tuple[DateLine, ...]:
    """From when, from when `again`, and until when, with their days."""
    words, zone, language = visit.words, campaign.timezone, visit.language
    told = [
        DateLine(text, times.words_of(at, zone, language), *told_at(at, zone, language))
        for text, at in (
            (words("Valid from"), starts),
            (words("This coupon can be used again from"), again),
        )
        if at is not None
    ]
    if ends is not None:
        told.append(
            DateLine(
                words("Valid until"),
                times.end_of(ends, zone, language),
                *told_at(ends, zone, language),
            )
        )
    return tuple(told)


def until(
    campaign: Campaign, ends: datetime | None, visit: Visit, now: datetime
) -> tuple[DateLine, ...]:
    """Until when, with the days that are left; in the last two days a countdown."""
    if ends is None:
        return ()
    if ends - now >= _COUNTED_DOWN:
        days = int((ends - now).total_seconds()) // _DAY
        return _days_left(ends, campaign.timezone, visit.language, days)
    return (countdown(visit.words("Valid until"), ends, campaign, visit, now),)


def countdown(
    text: str,
    ends: datetime,
    campaign: Campaign,
    visit: Visit,
    now: datetime,
    *,
    is_time: bool = False,
) -> DateLine:
    """A moment that is near; `is_time`: so near that on its own day the hour says all."""
    left = max(1, int((ends - now).total_seconds()))
    date = times.end_of(ends, campaign.timezone, visit.language)
    clock = times.clock_of(ends, campaign.timezone)
    if is_time and clock.date() == times.clock_of(now, campaign.timezone).date():
        date = f"{clock:%H:%M}"
    told = time_left(visit.words, left)
    moment = told_at(ends, campaign.timezone, visit.language)
    return DateLine(text, date, *moment, seconds_left=left, time_left=told)


def time_left(words: Words, seconds: int) -> str:
    """Such as `5 h 12 min`; the last minute in seconds."""
    hours, minutes = seconds // 3600, seconds // 60 % 60
    last, unit = (minutes, words("min")) if seconds >= 60 else (seconds, words("s"))
    parts = (str(hours), words("h"), str(last), unit)
    return " ".join(parts if hours else parts[2:])


@lru_cache(1024)
def _days_left(ends: datetime, zone: str, language: str, days: int) -> tuple[DateLine, ...]:
    words, date = words_in("coupon", language), times.end_of(ends, zone, language)
    text = words.ngettext("{n} day left", "{n} days left", days)
    return (DateLine(words("Valid until"), date, *told_at(ends, zone, language), days_left=text),)


def told_at(at: datetime, zone: str, language: str) -> tuple[str, str]:
    """A moment for programs, and the city by whose clock it is told."""
    return times.iso(at, zone), times.city_of(zone, language)
