"""A price list as a form has it: an amount for every country, and rows for those where it is
another one. Amounts are in the account's currency, in decimals; below they are millionths."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal

import msgspec
from babel import Locale
from babel.numbers import format_decimal

from tearoff.kit.phone import is_country
from tearoff.kit.times import locale_of
from tearoff.kit.words import Words
from tearoff.web.dashboard.forms import Typed
from tearoff.web.dashboard.moments import MILLIONTHS
from tearoff.web.paper.forms import western

ALL = "*"
DEFAULT, COUNTRY, AMOUNT = "price.default", "price.country", "price.amount"
MOST_ROWS = 260

_AMBIGUOUS = re.compile(r"[1-9]\d{0,2}\.\d{3}", re.ASCII)
_AMOUNT = re.compile(r"\d{1,7}(?:\.\d*)?|\.\d+", re.ASCII)


class Row(msgspec.Struct, frozen=True):
    country: str = ""
    amount: str = ""
    wrong: str = ""


class Prices(msgspec.Struct, frozen=True):
    """`millionths` by country, or by `*`; only good when nothing is `wrong`."""

    default: str = ""
    rows: tuple[Row, ...] = ()
    millionths: Mapping[str, int] = {}
    wrong: str = ""

    @property
    def is_wrong(self) -> bool:
        return bool(self.wrong or any(row.wrong for row in self.rows))


def stored(prices: Mapping[str, int], language: str) -> Prices:
    names = country_names(language)
    listed = sorted((names.get(code, code), price) for code, price in prices.items() if code != ALL)
    rows = [Row(name, written(price, language)) for name, price in listed]
    return Prices(written(prices.get(ALL, 0), language), tuple(rows), prices)


def typed_prices(words: Words, typed: Typed) -> Prices:
    """As somebody typed them. A row without country and amount is taken away."""
    given = typed.text(DEFAULT)
    default = millionths_of(given) if given else 0
    wrong = "" if default is not None else _amount_wrong(words)
    found = {ALL: default or 0}
    rows = [_row(words, *pair, found) for pair in _pairs(typed)]
    return Prices(given, tuple(rows), found, wrong)


def with_room(prices: Prices, empty: int = 1) -> Prices:
    """With so many rows to fill in."""
    rows = (*prices.rows, *[Row()] * empty)[:MOST_ROWS]
    return msgspec.structs.replace(prices, rows=rows)


def _pairs(typed: Typed) -> list[tuple[str, str]]:
    countries, amounts = (typed.values.get(name, []) for name in (COUNTRY, AMOUNT))
    pairs = zip(countries, amounts, strict=False)
    return [(c.strip(), a.strip()) for c, a in pairs if c.strip() or a.strip()]


def _row(words: Words, country: str, amount: str, found: dict[str, int]) -> Row:
    code, price = _code_of(country, words.language), millionths_of(amount)
    if not code:
        return Row(country, amount, words("Use a country's name, or two letters such as BE."))
    if price is None:
        return Row(country, amount, _amount_wrong(words))
    if code in found:
        return Row(country, amount, words("This country has a row already."))
    found[code] = price
    return Row(country, amount)


def _amount_wrong(words: Words) -> str:
    return words("Use an amount such as 0.07, with at most six decimals.")


def millionths_of(text: str) -> int | None:
    """Exactly; None when it is no amount, or has more than six decimals. A comma is a point, but
    `1,234` may be a thousand to whoever typed it, and is none."""
    plain = western(text).replace(" ", "").replace("\u00a0", "").replace(",", ".")
    if not _AMOUNT.fullmatch(plain) or _AMBIGUOUS.fullmatch(plain):
        return None
    amount = Decimal(plain) * MILLIONTHS
    return int(amount) if amount == amount.to_integral_value() else None


def written(millionths: int, language: str) -> str:
    """As it stands in a field: exact, and read back as the same."""
    amount = Decimal(millionths) / MILLIONTHS
    return str(
        format_decimal(amount, "0.00####", locale=locale_of(language), decimal_quantization=False)
    )


def country_names(language: str) -> dict[str, str]:
    """Those whose numbers can be read, by their two letters."""
    territories: Mapping[str, str] = Locale.parse(str(locale_of(language))).territories
    return {code: name for code, name in territories.items() if is_country(code)}


def _code_of(text: str, language: str) -> str:
    if is_country(text.upper()):
        return text.upper()
    wanted = text.casefold()
    for code, name in country_names(language).items():
        if name.casefold() == wanted:
            return code
    return ""
