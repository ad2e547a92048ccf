"""Amounts of money as people at a counter type them, in one form. Pure.

The counter's page reads the same by itself (`web/till/static/fields.js`): both are held to
`tests/data/amount_vectors.json`.
"""

from __future__ import annotations

import re
import unicodedata

LONGEST = 40
"""Characters."""

UNLIKELY_FROM = 100_000

_AMOUNT = re.compile(
    r"(?=.*\d)(?!\d{1,3}\D\d{3}\Z)"
    r"(?P<whole>\d{1,9}|\d{1,3}(?P<by>[.,' ’٬])\d{3}(?:(?P=by)\d{3})?(?!(?P=by)))?"
    r"(?:[.,٫،](?:(?P<cents>\d{0,2})|[-–]{1,2}))?",
    re.ASCII,
)
"""Whole units, in groups of three or not, then at most two decimals, or a dash: `12.-`."""

_CURRENCY = r"(?:[A-Z]{0,2}¤|EUR|USD|GBP|CHF|FR|KR|ZŁ|DH)\.?"
_AT_ENDS = re.compile(rf"\A{_CURRENCY} *| *{_CURRENCY}\Z", re.IGNORECASE)


def read_amount(text: str) -> str | None:
    """What somebody typed as `12.50`, or `12` where there is nothing behind the point. None for
    what is no amount, and for what may be two: `1.234` is a thousand to some and one to others,
    whatever their language, so they are asked again. Read are point and comma, groups of three,
    the digits of any script, blanks of any kind, and at either end a currency's sign, or one of
    the few names that people write. Up to nine digits before the point."""
    found = _AMOUNT.fullmatch(_AT_ENDS.sub("", _plain(text[:LONGEST])))
    if found is None:
        return None
    whole = int(re.sub(r"\D", "", found["whole"] or "0"))
    cents = (found["cents"] or "").ljust(2, "0")
    return f"{whole}.{cents}" if int(cents) else str(whole)


def is_unlikely(amount: str) -> bool:
    """Whether the person who typed an amount (as `read_amount` gives it) is asked once more:
    nothing at all, or more than hardly any counter takes, whatever the currency."""
    return not 0 < float(amount) < UNLIKELY_FROM


def _plain(text: str) -> str:
    """With digits as 0-9, blanks as spaces, and signs of currencies as ¤; nothing invisible."""
    return "".join(map(_plain_sign, text)).strip()


def _plain_sign(sign: str) -> str:
    if sign.isspace():
        return " "
    if unicodedata.category(sign) == "Sc":
        return "¤"
    if unicodedata.category(sign).startswith("C"):
        return ""
    return str(unicodedata.decimal(sign, sign))
