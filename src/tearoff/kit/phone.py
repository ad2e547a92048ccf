"""Phone numbers: what is accepted, and what is known of a number without asking anybody.

The check is strict on purpose. libphonenumber's `parse` alone accepts letters, extensions,
`tel:` and other scripts' digits; so an ASCII pattern stands before it, and behind it the
demand that it formats the number to exactly what was given.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec
import phonenumbers
from phonenumbers import PhoneNumberFormat, PhoneNumberType

# libphonenumber compiles its patterns through Python's own cache of 512; numbers from many
# countries thrash it (240 µs a number instead of 28).
if hasattr(re, "_MAXCACHE"):
    re._MAXCACHE = 8192

_E164 = re.compile(r"\+[1-9][0-9]{6,14}", re.ASCII)
_FILLING = str.maketrans("", "", " -.()")
_REFUSED = frozenset(
    {
        PhoneNumberType.TOLL_FREE,
        PhoneNumberType.PREMIUM_RATE,
        PhoneNumberType.SHARED_COST,
        PhoneNumberType.PAGER,
        PhoneNumberType.UAN,
        PhoneNumberType.VOICEMAIL,
    }
)
_BRITISH_ISLANDS = frozenset({"GG", "JE", "IM"})


class PhoneInvalid(ValueError):
    """Not a phone number that a text can be sent to."""


class Phone(msgspec.Struct, frozen=True):
    """`e164` has its `+`. `region` is two letters, "001" for numbers of no country. For rules
    about countries use `rules_region`, which takes the islands round Britain as GB."""

    e164: str
    region: str

    @property
    def rules_region(self) -> str:
        return "GB" if self.region in _BRITISH_ISLANDS else self.region

    @property
    def is_geographic(self) -> bool:
        """False for satellite and other numbers of no country (+870, +881, +882, +883, ...)."""
        return len(self.region) == 2


def parse_phone(given: Any) -> Phone:
    """Read a number. Spaces, dashes, dots and parentheses are removed, `00` is read as `+`,
    digits alone as an international number; anything else is refused.

    Raises `PhoneInvalid`, and nothing else.
    """
    text = _normalise(given)
    if not _E164.fullmatch(text):
        raise PhoneInvalid("not an international number")
    try:
        number = phonenumbers.parse(text, None)
    except phonenumbers.NumberParseException as error:
        raise PhoneInvalid(str(error)) from None
    region = phonenumbers.region_code_for_number(number)
    if region is None or not phonenumbers.is_valid_number_for_region(number, region):
        raise PhoneInvalid("not a number in use")
    if phonenumbers.format_number(number, PhoneNumberFormat.E164) != text:
        raise PhoneInvalid("not an international number")
    _check_type(number, region)
    return Phone(text, region)


def _normalise(given: Any) -> str:
    if isinstance(given, bool) or not isinstance(given, str | int):
        raise PhoneInvalid("not a phone number")
    text = str(given)
    if len(text) > 40:
        raise PhoneInvalid("too long")
    text = text.translate(_FILLING)
    if text.startswith("00"):
        return "+" + text[2:]
    return "+" + text if text[:1].isdigit() else text


def _check_type(number: phonenumbers.PhoneNumber, region: str) -> None:
    kind = phonenumbers.number_type(number)
    if kind in _REFUSED:
        raise PhoneInvalid("a number that takes no texts")
    # British 070 numbers look like mobiles, cost like premium ones, and are the classic
    # target of pumping.
    if kind == PhoneNumberType.PERSONAL_NUMBER and number.country_code == 44:
        raise PhoneInvalid("a personal number")


def time_zones_of(e164: str) -> tuple[str, ...]:
    """The names of all time zones that the number may be in."""
    from phonenumbers import timezone  # noqa: PLC0415 (2 MB that few processes need)

    zones = timezone.time_zones_for_number(phonenumbers.parse(e164, None))
    return tuple(zone for zone in zones if zone != "Etc/Unknown")
