"""The kinds of parameters, and the parameters that several endpoints share."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec

from tearoff.api.error_codes import CODES
from tearoff.api.v3.reading import (
    BadParameters,
    Parameter,
    Problem,
    WrongValue,
    as_text,
    invalid_character,
    missing,
)
from tearoff.coupons.models import LONGEST_CUSTOM_FIELD, LONGEST_NAME
from tearoff.kit.mail_addresses import AddressInvalid, mail_address
from tearoff.kit.phone import PhoneInvalid, parse_phone, parse_written, read_phone
from tearoff.kit.times import time_zones
from tearoff.kit.visible import as_seen
from tearoff.kit.words import LANGUAGES
from tearoff.messages.template import has_forbidden_characters

__all__ = ["BadParameters", "Parameter", "Problem", "WrongValue", "as_text", "invalid_character"]


# kinds ----------------------------------------------------------------------------------


def reference(prefix: str) -> Callable[[str, Any], int]:
    """`cam_123456` or `123456`."""
    pattern = re.compile(rf"(?:{prefix}_)?([0-9]{{1,18}})", re.ASCII)

    def read(name: str, given: Any) -> int:
        match = pattern.fullmatch(as_text(name, given).strip())
        if match is None:
            raise invalid_character(name)
        return int(match[1])

    return read


def sendable(name: str, given: Any) -> int:
    """`cam_123456` or `123456`. Ids of other things that some programs send (directories,
    loyalty cards) are read as 0: no campaign has it."""
    if re.fullmatch(r"(?!cam)[a-z]{3}_[0-9]{1,18}", as_text(name, given).strip(), re.ASCII):
        return 0
    return reference("cam")(name, given)


def phone(name: str, given: Any) -> tuple[str, Any]:
    """(as given, parsed)."""
    if isinstance(given, bool | list | dict):
        raise WrongValue(301, "Phone number not valid")
    try:
        return str(given), parse_phone(_without_fraction(given))
    except PhoneInvalid:
        raise WrongValue(301, "Phone number not valid") from None


def listed_phone(name: str, given: Any) -> str:
    """E.164 of a number to send to, from a list that somebody wrote."""
    try:
        return parse_written(_without_fraction(given)).e164
    except PhoneInvalid:
        raise WrongValue(301, "Phone number not valid") from None


def any_phone(name: str, given: Any) -> str:
    """E.164 of a number that is looked for, or that gets nothing any more."""
    try:
        return read_phone(_without_fraction(given))
    except PhoneInvalid:
        raise WrongValue(301, "Phone number not valid") from None


_FRACTION = re.compile(r"(\+?[0-9]{7,15})\.0", re.ASCII)


def _without_fraction(given: Any) -> Any:
    """A number that went through a spreadsheet: with its dot taken out, `32470000031.0` would
    be another, longer number."""
    match = _FRACTION.fullmatch(given.strip()) if isinstance(given, str) else None
    return match[1] if match else given


def text(limit: int, *, lines: bool = False) -> Callable[[str, Any], str]:
    """Text of at most `limit` characters without control characters."""

    def read(name: str, given: Any) -> str:
        value = as_text(name, given)
        if has_forbidden_characters(value) or (not lines and ("\n" in value or "\r" in value)):
            raise invalid_character(name)
        if len(value) > limit:
            raise WrongValue(
                300, f"Value too long in parameter: {name}. At most {limit} characters."
            )
        return value

    return read


def seen(limit: int) -> Callable[[str, Any], str]:
    """Text that is compared: as it is seen, without what nobody sees and blanks at its ends."""
    read_text = text(limit)

    def read(name: str, given: Any) -> str:
        raw = as_text(name, given).strip()
        value = as_seen(raw)
        if not value or has_forbidden_characters(raw) or len(raw.splitlines()) > 1:
            raise invalid_character(name)
        return read_text(name, value)

    return read


_LONGEST_ADDRESS = 1_000
"""With everything in it that nobody sees."""


def email(name: str, given: Any) -> str:
    """One address, as it is kept."""
    try:
        return mail_address(text(_LONGEST_ADDRESS)(name, given))
    except AddressInvalid:
        raise WrongValue(305, CODES[305].text) from None


def one_of(*words: str) -> Callable[[str, Any], str]:
    def read(name: str, given: Any) -> str:
        value = as_text(name, given).strip().lower()
        if value not in words:
            raise WrongValue(
                302, f"Invalid value in parameter: {name}. Use one of: {', '.join(words)}."
            )
        return value

    return read


_YES = frozenset({"1", "true", "yes", "on"})
_NO = frozenset({"0", "false", "no", "off"})


def flag(name: str, given: Any) -> bool:
    """`true`, `"true"`, `1` and `"1"` are all true."""
    value = as_text(name, given).strip().lower()
    if value in _YES:
        return True
    if value in _NO:
        return False
    raise WrongValue(302, f"Invalid value in parameter: {name}. Use one of: true, false.")


def number(least: int, most: int) -> Callable[[str, Any], int]:
    """A whole number within bounds, both included."""

    def read(name: str, given: Any) -> int:
        value = as_text(name, given).strip().removesuffix(".0")
        if not re.fullmatch(r"[0-9]{1,18}", value, re.ASCII):
            raise invalid_character(name)
        if not least <= int(value) <= most:
            raise WrongValue(
                300, f"Invalid value in parameter: {name}. Use a number from {least} to {most}."
            )
        return int(value)

    return read


def words(limit: int, length: int) -> Callable[[str, Any], tuple[str, ...]]:
    """Several words: an array, or one text with commas. At most `limit` of `length`
    characters; without repeats."""

    def read(name: str, given: Any) -> tuple[str, ...]:
        items = given if isinstance(given, list) else as_text(name, given).split(",")
        if len(items) > limit:
            raise WrongValue(300, f"Too many values in parameter: {name}. At most {limit}.")
        each = (text(length)(name, item).strip() for item in items)
        return tuple(dict.fromkeys(word for word in each if word))

    return read


def zone(name: str, given: Any) -> str:
    """A time zone's name."""
    value = as_text(name, given).strip()
    if value not in time_zones():
        raise WrongValue(
            302, f"Invalid value in parameter: {name}. Use a name such as Europe/Brussels."
        )
    return value


def session_code(name: str, given: Any) -> str:
    """21 characters, or the first 6 of them; without regard to case."""
    value = as_text(name, given).strip().lower()
    if not value.isascii() or not value.isalnum() or len(value) > 64:
        raise invalid_character(name)
    return value


_DUPLICATE_FIELDS = ("email", "phone", "customid")


def duplicate_check(name: str, given: Any) -> str:
    """`email`, `phone` or `customid`; also the flag that some programs send: `any`."""
    value = as_text(name, given).strip().lower()
    if value in _DUPLICATE_FIELDS:
        return value
    if value in ("1", "true", "yes"):
        return "any"
    if value in ("0", "false", "no"):
        return ""
    raise WrongValue(
        302, f"Invalid value in parameter: {name}. Use one of: {', '.join(_DUPLICATE_FIELDS)}."
    )


def start_date(name: str, given: Any) -> datetime:
    """A wall-clock time without a zone; a date alone is the beginning of that day."""
    return _read_date(name, given)[0]


def end_date(name: str, given: Any) -> datetime:
    """A wall-clock time without a zone; a date alone is the end of that day."""
    at, unit = _read_date(name, given)
    return at + timedelta(days=1, seconds=-1) if unit == _DAY else at


def last_moment(name: str, given: Any) -> datetime:
    """The end of a period that includes what it names: of the day, the minute or the second."""
    at, unit = _read_date(name, given)
    return at + unit - timedelta(microseconds=1)


_DAY, _MINUTE, _SECOND = timedelta(days=1), timedelta(minutes=1), timedelta(seconds=1)
_DATE_FORMS = (
    ("%Y-%m-%d", _DAY),
    ("%Y-%m-%d %H:%M:%S", _SECOND),
    ("%Y-%m-%d %H:%M", _MINUTE),
    ("%Y-%m-%d:%H:%M:%S", _SECOND),
    ("%Y-%m-%d %H-%M", _MINUTE),
)
DATE_FORMAT = "yyyy-MM-dd HH:mm:ss"
_DATE = re.compile(r"[12][0-9]{3}-[0-9]{2}-[0-9]{2}([ :][0-9:-]{5,8})?", re.ASCII)


def _read_date(name: str, given: Any) -> tuple[datetime, timedelta]:
    """The moment and what it names: a day, a minute or a second."""
    value = as_text(name, given).strip()
    for form, unit in _DATE_FORMS if _DATE.fullmatch(value) else ():
        try:
            return datetime.strptime(value, form), unit  # noqa: DTZ007 (the reader knows the zone)
        except ValueError:
            continue
    raise WrongValue(303, f"Invalid format in parameter: {name}. Required format: {DATE_FORMAT}")


# parameters that several endpoints share ------------------------------------------------


def string(
    name: str,
    read: Callable[[str, Any], Any],
    help: str,
    example: str = "",
    *,
    required: bool = False,
) -> Parameter:
    return Parameter(
        name=name,
        read=read,
        help=help,
        required=required,
        schema={"type": ["string", "integer"] if read is phone else "string"},
        example=example or None,
    )


def yes_or_no(name: str, help: str, example: bool | None = None) -> Parameter:
    schema = {"type": ["boolean", "string", "integer"]}
    return Parameter(name=name, read=flag, help=help, schema=schema, example=example)


def whole(name: str, least: int, most: int, help: str, example: int | None = None) -> Parameter:
    schema = {"type": ["integer", "string"]}
    read = number(least, most)
    return Parameter(name=name, read=read, help=help, schema=schema, example=example)


def several(
    name: str, limit: int, length: int, help: str, example: str = "", *, required: bool = False
) -> Parameter:
    schema = {"type": ["string", "array"], "items": {"type": "string"}}
    return Parameter(
        name=name, read=words(limit, length), help=help, schema=schema, required=required,
        example=example or None,
    )  # fmt: skip


def optional(parameter: Parameter) -> Parameter:
    return msgspec.structs.replace(parameter, required=False)


def needed_when(parameter: Parameter, when: Callable[[Mapping[str, Any]], bool]) -> Parameter:
    """One that must be given where this is so of the others."""

    def also(found: Mapping[str, Any]) -> Problem | None:
        is_missing = found[parameter.name] is None and when(found)
        return missing(parameter.name) if is_missing else None

    return msgspec.structs.replace(parameter, also=also)


PAGE = whole("page", 1, 1_000_000_000, "Page, 100 items each; the first is 1.", 1)


CAMPAIGN = string("campaign", reference("cam"), "Id of the campaign.", "cam_100001", required=True)
SESSION = string(
    "couponsession",
    session_code,
    "Code of the session: 21 characters, or the first 6.",
    "ac6s7u3g8a25ja7x9qg87",
    required=True,
)
CONSUMER = (
    string("firstname", text(LONGEST_NAME), "First name of the consumer.", "Ann"),
    string("lastname", text(LONGEST_NAME), "Last name of the consumer.", "Peeters"),
    string("email", email, "E-mail address of the consumer.", "ann@example.com"),
)
CUSTOM_FIELDS = tuple(
    string(
        f"customfield{i}",
        text(LONGEST_CUSTOM_FIELD),
        f"A free field, at most {LONGEST_CUSTOM_FIELD} characters.",
    )
    for i in range(1, 8)
)
CUSTOM = (
    string("customid", seen(50), "Your own tag for this person, at most 50 characters.", "42"),
    *CUSTOM_FIELDS,
    string("language", one_of(*LANGUAGES),
           "Language of the coupon's page for this person; without it the browser's.", "nl"),
)  # fmt: skip
UTM = tuple(
    string(name, text(200), "A tag for analytics.")
    for name in ("utm_campaign", "utm_source", "utm_medium", "utm_term", "utm_content")
)
EXPIRY = string(
    "expiry_date",
    end_date,
    f"Last moment of this session, {DATE_FORMAT} in the campaign's time zone; a date alone is the"
    " whole day.",
    "2027-01-31 23:59:59",
)
DUPLICATE_CHECK = string(
    "duplicate_check",
    duplicate_check,
    "`email`, `phone` or `customid`: a person who already has a session of this campaign gets"
    " that one. `true` takes the first of them that is given.",
    "email",
)
