"""What an account may set for itself: what each value must be, whoever asks, and the change."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import time
from typing import Any

from babel.core import get_global

from tearoff.accounts import queries
from tearoff.accounts.actions import (
    COUNTRY,
    ZONE,
    AccountNotFound,
    is_country,
    mail_of,
    read_frame_hosts,
    read_link_host,
)
from tearoff.errors import Invalid
from tearoff.kit.db import Handle
from tearoff.kit.times import time_zones
from tearoff.kit.words import LANGUAGES

LONGEST_NAME = 200
LONGEST_BRAND = 100
MOST_COUNTRIES = 250
MOST_MESSAGES = 2_000_000_000
MOST_SPEND = 2**53 - 1
LEAST_KEPT, MOST_KEPT = 7, 3_650
"""Days after which an account forgets people, if it does."""
LIMITS = {
    "messages_per_number_hour": "limit_number_hour",
    "messages_per_number_day": "limit_number_day",
    "messages_per_block_hour": "limit_prefix_hour",
    "spend_day": "limit_spend_day",
    "spend_month": "limit_spend_month",
}
"""The columns of the limits that an account sets for itself, by what they are called outside. How
fast its programs may call is set on the server."""

_COLOR = re.compile(r"#[0-9a-fA-F]{6}")
_CURRENCY = re.compile(r"[A-Z]{3}")
_SENDER = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9 &._-]{1,11}|\+?[0-9]{3,15}")


async def change(db: Handle, account_id: int, changes: Mapping[str, Any]) -> None:
    """`changes`: columns and what they shall be; None empties. Raises `Invalid` naming the column
    and `AccountNotFound`."""
    found = checked(changes)
    if found and not await queries.update_account(db, account_id, found):
        raise AccountNotFound


def checked(changes: Mapping[str, Any]) -> dict[str, Any]:
    """The same as they are kept. Raises `Invalid`."""
    found = dict(changes)
    for name, value in changes.items():
        if value is not None and name in _READ:
            found[name] = _READ[name](value)
    if "quiet_from" in found or "quiet_until" in found:
        _check_quiet(found.get("quiet_from"), found.get("quiet_until"))
    return found


def read_country(given: str, field: str = "country") -> str:
    country = given.strip().upper()
    if not is_country(country):
        raise Invalid(COUNTRY, field=field)
    return country


def _countries(given: list[str]) -> list[str]:
    if not 0 < len(given) <= MOST_COUNTRIES:
        raise Invalid("Name one country or more, or none at all.", field="allowed_countries")
    return list(dict.fromkeys(read_country(one, "allowed_countries") for one in given))


def _check_quiet(start: time | None, end: time | None) -> None:
    if (start is None) != (end is None):
        missing = "quiet_from" if start is None else "quiet_until"
        raise Invalid("Quiet hours have a beginning and an end.", field=missing)
    if start is not None and start == end:
        raise Invalid("Quiet hours end at another time than they begin.", field="quiet_until")


def _name(given: str) -> str:
    name = given.strip()
    if not 0 < len(name) <= LONGEST_NAME:
        raise Invalid(f"Give a name of at most {LONGEST_NAME} characters.", field="name")
    return name


def _zone(given: str) -> str:
    if given not in time_zones():
        raise Invalid(ZONE, field="timezone")
    return given


def _currency(given: str) -> str:
    code = given.strip().upper()
    if not _CURRENCY.fullmatch(code) or code not in get_global("all_currencies"):
        raise Invalid("Use the three letters of a currency, such as EUR.", field="currency")
    return code


def _language(given: str) -> str:
    if given not in LANGUAGES:
        raise Invalid(f"Use one of: {', '.join(LANGUAGES)}.", field="language")
    return given


def _brand(given: str) -> str:
    brand = given.strip()
    if len(brand) > LONGEST_BRAND:
        raise Invalid(f"Use at most {LONGEST_BRAND} characters.", field="brand")
    return brand


def _color(given: str) -> str:
    if not _COLOR.fullmatch(given.strip()):
        raise Invalid("Use a colour: #0b5d4b.", field="brand_color")
    return given.strip().lower()


def _sender(given: str) -> str:
    sender = given.strip()
    if sender and not _SENDER.fullmatch(sender):
        raise Invalid(
            "Use at most eleven plain letters and digits, or a number with its country code.",
            field="sender",
        )
    return sender


def most_of(limit: str) -> int:
    """The greatest number that a limit of this name (in `LIMITS`) may be."""
    return MOST_SPEND if limit.startswith("spend") else MOST_MESSAGES


def _limit(name: str) -> Callable[[int], int]:
    def read(given: int) -> int:
        if not 0 <= given <= most_of(name):
            raise Invalid(f"Use a number from 0 to {most_of(name)}.", field=name)
        return given

    return read


def _days(given: int) -> int:
    if not LEAST_KEPT <= given <= MOST_KEPT:
        raise Invalid(
            f"Use a number of days from {LEAST_KEPT} to {MOST_KEPT}.", field="retention_days"
        )
    return given


_READ: dict[str, Callable[[Any], Any]] = {
    "name": _name,
    "email": mail_of,
    "timezone": _zone,
    "country": read_country,
    "allowed_countries": _countries,
    "currency": _currency,
    "language": _language,
    "link_host": read_link_host,
    "frame_hosts": lambda given: read_frame_hosts(",".join(given)),
    "brand": _brand,
    "brand_color": _color,
    "sender": _sender,
    "retention_days": _days,
    **{column: _limit(name) for name, column in LIMITS.items()},
}
