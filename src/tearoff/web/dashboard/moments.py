"""Moments, numbers and money as the person reads them: in their language, on the account's
clock."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache

from babel.dates import format_date, format_timedelta
from babel.numbers import format_currency, format_decimal, format_percent
from markupsafe import Markup, escape

from tearoff.kit import times
from tearoff.kit.words import Words

MILLIONTHS = 1_000_000


class Moments:
    """Of one page."""

    def __init__(self, words: Words, zone: str, now: datetime) -> None:
        self._words, self._zone, self._now = words, zone, now

    def at(self, at: datetime | None) -> Markup:
        """Such as `3 minutes ago`, with the exact time for whoever points at it."""
        if at is None:
            return Markup("–")
        language = self._words.language
        told = format_timedelta(
            at - self._now, add_direction=True, locale=times.locale_of(language)
        )
        exact = times.words_of(at, self._zone, language)
        return _time(at, self._zone, f"{exact} ({self.zone})", told)

    def exact(self, at: datetime | None, *, is_end: bool = False) -> Markup:
        """Such as `30 November 2026, 23:59`."""
        if at is None:
            return Markup("–")
        told = times.end_of if is_end else times.words_of
        return _time(at, self._zone, self.zone, told(at, self._zone, self._words.language))

    def second(self, at: datetime) -> Markup:
        """Such as `30 Nov 2026, 10:42:07`: for what happened within seconds."""
        language = self._words.language
        clock = times.clock_of(at, self._zone)
        told = f"{_day(clock.date(), language)}, {clock:%H:%M:%S}"
        return _time(at, self._zone, f"{told} ({self.zone})", told)

    def day(self, at: datetime | None, *, is_end: bool = False) -> Markup:
        """Such as `30 Nov 2026`."""
        if at is None:
            return Markup("–")
        language = self._words.language
        clock = times.end_clock(at, self._zone) if is_end else times.clock_of(at, self._zone)
        exact = (times.end_of if is_end else times.words_of)(at, self._zone, language)
        return _time(at, self._zone, f"{exact} ({self.zone})", _day(clock.date(), language))

    @property
    def zone(self) -> str:
        """By whose clock."""
        return times.city_of(self._zone, self._words.language)

    def number(self, n: int) -> str:
        return format_decimal(n, locale=times.locale_of(self._words.language))

    def percent(self, part: int, whole: int) -> str:
        """With one decimal; of nothing there is none."""
        if not whole:
            return "–"
        locale = times.locale_of(self._words.language)
        return format_percent(round(part / whole, 3), "#,##0.0 %", locale=locale)

    def money(self, millionths: int, currency: str) -> str:
        """As exact as it is: a text message costs less than a cent."""
        amount = Decimal(millionths) / MILLIONTHS
        locale = times.locale_of(self._words.language)
        return format_currency(
            amount.normalize(),
            currency,
            locale=locale,
            decimal_quantization=amount == round(amount, 2),
        )


def _time(at: datetime, zone: str, title: str, told: str) -> Markup:
    iso = times.iso(at, zone)
    return Markup('<time datetime="{}" title="{}">{}</time>').format(iso, title, escape(told))


@lru_cache(1024)
def _day(day: date, language: str) -> str:
    return format_date(day, "d MMM y", locale=times.locale_of(language))
