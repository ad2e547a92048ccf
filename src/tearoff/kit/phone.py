"""Phone numbers: what is accepted, and what is known of a number without asking anybody.

Outgoing is strict: a number that we send to must be valid (`parse_phone`). libphonenumber's
`parse` alone accepts letters, extensions, `tel:` and other scripts' digits; so an ASCII pattern
stands before it, and behind it the demand that it formats the number to exactly what was given.

Incoming is generous: what people paste is read as well as can be (`read_phone`), and so is the
number that a text came from (`read_sender`).

Three countries write one mobile in two ways. Numbers are compared by `phone_key`, never as they
are written; `spellings` are all that have the same key.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Any

import msgspec
import phonenumbers
from phonenumbers import PhoneNumber, PhoneNumberFormat, PhoneNumberType, ValidationResult

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
    region, kind = phonenumbers.region_code_for_number(number), phonenumbers.number_type(number)
    if region is None or kind == PhoneNumberType.UNKNOWN:  # of no kind: it is not valid there
        raise PhoneInvalid("not a number in use")
    if phonenumbers.format_number(number, PhoneNumberFormat.E164) != text:
        raise PhoneInvalid("not an international number")
    _check_type(number, kind)
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


def _check_type(number: PhoneNumber, kind: int) -> None:
    if kind in _REFUSED:
        raise PhoneInvalid("a number that takes no texts")
    # British 070 numbers look like mobiles, cost like premium ones, and are the classic
    # target of pumping.
    if kind == PhoneNumberType.PERSONAL_NUMBER and number.country_code == 44:
        raise PhoneInvalid("a personal number")


# the same number in two spellings --------------------------------------------------------

_TWO_WAYS = ("+52", "+54", "+55")
_MEXICO = re.compile(r"\+52(1?)([2-9][0-9]{9})", re.ASCII)
_ARGENTINA = re.compile(r"\+54(9?)([1-8][0-9]{9})", re.ASCII)
_BRAZIL = re.compile(r"\+55([1-9][0-9])(9?)([016-9][0-9]{7})", re.ASCII)


def phone_key(e164: str) -> str:
    """What a number is compared by: one for all its spellings, and itself a spelling.

    Mexico: without the 1 of mobiles (dropped in 2019, still shown by networks). Argentina: with
    the 9 that mobiles have from abroad. Brazil: with the ninth digit of mobiles (2012 to 2016);
    eight digits from 2 to 5 on are a landline, which is another number.
    """
    if not e164.startswith(_TWO_WAYS):
        return e164
    if mexican := _MEXICO.fullmatch(e164):
        return f"+52{mexican[2]}"
    if argentine := _ARGENTINA.fullmatch(e164):
        return f"+549{argentine[2]}"
    if brazilian := _BRAZIL.fullmatch(e164):
        return f"+55{brazilian[1]}9{brazilian[3]}"
    return e164


def spellings(e164: str) -> tuple[str, ...]:
    """All ways in which this number may be written, its key first; nearly always one."""
    if not e164.startswith(_TWO_WAYS):
        return (e164,)
    key = phone_key(e164)
    if mexican := _MEXICO.fullmatch(key):
        return key, f"+521{mexican[2]}"
    if argentine := _ARGENTINA.fullmatch(key):
        return key, f"+54{argentine[2]}"
    if brazilian := _BRAZIL.fullmatch(key):
        return key, f"+55{brazilian[1]}{brazilian[3]}"
    return (key,)


# what comes in ---------------------------------------------------------------------------

INTERNATIONAL, NATIONAL = 1, 2
"""Types of number (TON) of SMPP 3.4, 5.2.5; every other one says nothing that helps."""

LONGEST_NUMBER = 60
"""Characters in which a number is looked for, with all that people put between its digits."""
_DROPPED = frozenset({"Cf", "Cc", "Zs", "Zl", "Zp", "Pd", "Mn"})
"""Categories of characters that mean nothing in a number: marks that nobody sees, spaces,
dashes."""
_MARKS = frozenset(".()/\\'\"·\u2212\u02d7")
_TRUNK = re.compile(r"\(0\)")
_DIGITS = re.compile(r"\+?[0-9]{3,20}", re.ASCII)


def read_phone(given: Any, country: str | None = None) -> str:
    """A number as people write it, as E.164: with hidden marks, spaces and dashes of any kind,
    `/`, `(0)`, `tel:`, digits of any script. `00` is read as `+`. Digits alone are a national
    number of `country` (two letters) or an international one, whichever is likelier; without a
    country an international one. It need not be in use: whoever is looked for, or wants nothing
    any more, is not refused for that.

    Raises `PhoneInvalid`.
    """
    readings = read_sender(str(given), country=country) if _is_text(given) else ()
    if not readings:
        is_from_anywhere = country is None
        raise PhoneInvalid(f"not {'an international' if is_from_anywhere else 'a phone'} number")
    return readings[0]


def parse_written(given: Any, country: str | None = None) -> Phone:
    """A number to send to, as somebody typed it or wrote it into a list: as generous as
    `read_phone` about how it is written, as strict as `parse_phone` about what it is. One that
    says that it is international is never read as another one. Raises `PhoneInvalid`."""
    text = _tidy(given) if _is_text(given) else ""
    if country and (number := _after_own_prefix(text, country)):
        return number
    is_international = text.startswith(("+", "00"))
    return parse_phone(read_phone(given, None if is_international else country))


def _after_own_prefix(text: str, country: str) -> Phone | None:
    """Of a country where calls abroad begin with something else behind 00 (Australia's 0011)."""
    known = phonenumbers.PhoneMetadata.metadata_for_region(country)
    prefix = re.match(known.international_prefix or "", text) if known else None
    if prefix is None or not text.startswith("00") or not prefix[0]:
        return None
    try:
        return parse_phone("+" + text[prefix.end() :])
    except PhoneInvalid:
        return None


def read_sender(given: str, *, ton: int = 0, country: str | None = None) -> tuple[str, ...]:
    """The numbers (E.164) that a text may have come from, the likeliest first; none for a short
    code, a name, or a national number of a `country` (two letters) that nobody has told.

    `ton` is the type of number, where the service says one. It is a hint: networks call
    international what is national and the reverse, so a reading that is in use goes before one
    that has only the right length. Where nothing is told, a mobile goes before other numbers.
    """
    text = _tidy(given)
    if not text:
        return ()
    digits = text.removeprefix("+")
    abroad, home = _international(digits.removeprefix("00")), _national(digits, country)
    is_abroad = text.startswith("+") or ton == INTERNATIONAL
    is_told = is_abroad or ton == NATIONAL
    readings = [abroad, home] if is_abroad or not is_told else [home, abroad]
    if text.startswith("+") and home and home[1] == POSSIBLE:
        readings = [abroad]  # it says that it is from abroad, and nothing speaks against it
    known = sorted(
        (one for one in readings if one),
        key=lambda one: one[1] == POSSIBLE if is_told else one[1],
    )
    return tuple(dict.fromkeys(e164 for e164, _ in known))


def _tidy(given: Any) -> str:
    """`+` and ASCII digits; "" when there is anything else in it."""
    if not _is_text(given):
        return ""
    text = unicodedata.normalize("NFKC", str(given)[: LONGEST_NUMBER + 1])
    if len(text) > LONGEST_NUMBER:
        return ""
    text = "".join(c for c in text if unicodedata.category(c) not in _DROPPED)
    text = text.lower().removeprefix("tel:").removeprefix("sms:")
    if text.startswith(("+", "00")):
        text = _TRUNK.sub("", text, count=1)
    text = "".join(
        str(unicodedata.decimal(c)) if c.isdecimal() else c for c in text if c not in _MARKS
    )
    return text if _DIGITS.fullmatch(text) else ""


def _is_text(given: Any) -> bool:
    return isinstance(given, str | int) and not isinstance(given, bool)


MOBILE, VALID, POSSIBLE = range(3)
"""How sure a reading is: texts come from mobiles; else a number in use; else the length fits."""
_TEXTING = frozenset({PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE})

Reading = tuple[str, int]
"""E.164, and how sure it is."""


def _international(digits: str) -> Reading | None:
    return _judge(f"+{digits}", None) if _E164.fullmatch(f"+{digits}") else None


def _national(digits: str, country: str | None) -> Reading | None:
    return None if country is None else _judge(digits, country)


def _judge(text: str, country: str | None) -> Reading | None:
    """As it is written, or in its country's present spelling when only that is in use."""
    found = _measure(text, country)
    written = found[0] if found else text
    modern = phone_key(written)
    if modern == written or (found is not None and found[1] < POSSIBLE):
        return found
    return _measure(modern, None) or found


def _measure(text: str, country: str | None) -> Reading | None:
    try:
        number: PhoneNumber = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        return None
    e164: str = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    if not _E164.fullmatch(e164):
        return None
    if phonenumbers.is_valid_number(number):
        return e164, MOBILE if phonenumbers.number_type(number) in _TEXTING else VALID
    # A Mexican mobile with its old 1 is too long to be possible.
    fits = phonenumbers.is_possible_number_with_reason(number) == ValidationResult.IS_POSSIBLE
    return (e164, POSSIBLE) if fits or phone_key(e164) != e164 else None


def spaced(e164: str) -> str:
    """As people read it: `+32 470 00 12 34`."""
    number = phonenumbers.parse(e164, None)
    told: str = phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL)
    return told


def is_country(code: str) -> bool:
    """Whether numbers of this country (two letters) can be read."""
    return code in phonenumbers.SUPPORTED_REGIONS


# what is known of a number ---------------------------------------------------------------


def time_zones_of(e164: str) -> tuple[str, ...]:
    """The names of all time zones that the number may be in."""
    from phonenumbers import timezone  # noqa: PLC0415 (2 MB that few processes need)

    zones = timezone.time_zones_for_number(phonenumbers.parse(e164, None))
    return tuple(zone for zone in zones if zone != "Etc/Unknown")
