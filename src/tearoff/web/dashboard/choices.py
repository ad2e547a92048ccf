"""Countries, currencies, languages and time zones to choose from, by their names in the reader's
language."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from functools import lru_cache

from babel import Locale
from babel.numbers import get_territory_currencies

from tearoff.kit.times import country_of_zone, locale_of, time_zones
from tearoff.kit.words import LANGUAGES

Choices = tuple[tuple[str, str], ...]
"""(what is kept, what it is called)"""


@lru_cache(16)
def countries(language: str) -> Choices:
    names = locale_of(language).territories
    return _sorted(
        (code, str(name))
        for code, name in names.items()
        if len(code) == 2 and code.isalpha() and code not in _NO_COUNTRIES
    )


_NO_COUNTRIES = frozenset({"EU", "EZ", "QO", "UN", "XA", "XB", "ZZ"})


@lru_cache(16)
def currencies(language: str) -> Choices:
    """Those that are money somewhere today."""
    names = locale_of(language).currencies
    return _sorted((code, f"{names.get(code, code)} ({code})") for code in _todays())


@lru_cache(1)
def _todays() -> frozenset[str]:
    return frozenset(
        code for country, _ in countries("en") for code in get_territory_currencies(country)
    )


def currency_of(country: str) -> str:
    """What people pay with there; "" where that is not known."""
    found = get_territory_currencies(country)
    return found[0] if found else ""


@lru_cache(16)
def languages(spoken: tuple[str, ...] = LANGUAGES) -> Choices:
    """By their own names."""
    return tuple((tag, str(Locale.parse(tag).get_display_name()).capitalize()) for tag in spoken)


@lru_cache(1)
def zones() -> Choices:
    """Those of some country, and UTC."""
    names = sorted(zone for zone in time_zones() if "/" in zone and country_of_zone(zone))
    return (("UTC", "UTC"), *((zone, zone.replace("_", " ")) for zone in names))


def with_own(choices: Choices, value: str | None) -> Choices:
    """What is kept stands among them, whatever it is."""
    if not value or any(value == code for code, _ in choices):
        return choices
    return ((value, value), *choices)


def _sorted(found: Iterable[tuple[str, str]]) -> Choices:
    return tuple(sorted(found, key=lambda pair: _plain(pair[1])))


def _plain(text: str) -> str:
    """Å among the A's."""
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
