"""How the values of a call are read: each parameter is declared once, with its kind.

A kind turns what was given into what the product wants, or says which error it is. All
problems of a call are reported together, in the order of its table.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from tearoff.errors import Invalid
from tearoff.kit.phone import PhoneInvalid, parse_phone
from tearoff.messages.template import has_forbidden_characters

Problem = tuple[int, str]


class BadParameters(Invalid):
    """One or more parameters are missing or wrong: `problems` are (code, text)."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(text for _, text in problems))
        self.problems = tuple(problems)


class WrongValue(Exception):
    """A value that its kind cannot read."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


class Parameter(msgspec.Struct, frozen=True, kw_only=True):
    """`schema` is what the OpenAPI document says of it."""

    name: str
    read: Callable[[str, Any], Any]
    help: str
    schema: Mapping[str, Any]
    required: bool = False
    example: Any = None


def read_parameters(parameters: Sequence[Parameter], values: Mapping[str, Any]) -> dict[str, Any]:
    """The value of every declared parameter, None where it was not given. Unknown keys are
    ignored. Raises `BadParameters` with all problems."""
    problems: list[Problem] = []
    found: dict[str, Any] = {}
    for parameter in parameters:
        given = values.get(parameter.name)
        if given is None or (isinstance(given, str) and not given.strip()):
            found[parameter.name] = None
            if parameter.required:
                problems.append((200, f"Missing parameter: {parameter.name}"))
            continue
        try:
            found[parameter.name] = parameter.read(parameter.name, given)
        except WrongValue as wrong:
            problems.append((wrong.code, wrong.text))
    if problems:
        raise BadParameters(problems)
    return found


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


def phone(name: str, given: Any) -> tuple[str, Any]:
    """(as given, parsed)."""
    if isinstance(given, bool | list | dict):
        raise WrongValue(301, "Phone number not valid")
    try:
        return str(given), parse_phone(given)
    except PhoneInvalid:
        raise WrongValue(301, "Phone number not valid") from None


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


_EMAIL = re.compile(r"[^@\s<>,;\"]{1,64}@[^@\s<>,;\"]{1,189}\.[^@\s<>,;\".]{2,63}")


def email(name: str, given: Any) -> str:
    value = text(254)(name, given).strip()
    if not _EMAIL.fullmatch(value):
        raise WrongValue(305, "Email address is not valid")
    return value


def one_of(*words: str) -> Callable[[str, Any], str]:
    def read(name: str, given: Any) -> str:
        value = as_text(name, given).strip().lower()
        if value not in words:
            raise WrongValue(
                302, f"Invalid value in parameter: {name}. Use one of: {', '.join(words)}."
            )
        return value

    return read


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


_DATE_FORMS = (
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%d:%H:%M:%S",
    "%Y-%m-%d %H-%M",
)
DATE_FORMAT = "yyyy-MM-dd HH:mm:ss"


def end_date(name: str, given: Any) -> datetime:
    """A wall-clock time without a zone; a date alone is the end of that day."""
    value = as_text(name, given).strip()
    if re.fullmatch(r"\d{4}-\d\d-\d\d", value, re.ASCII):
        value += " 23:59:59"
    for form in _DATE_FORMS:
        try:
            return datetime.strptime(value, form)  # noqa: DTZ007 (the campaign has the zone)
        except ValueError:
            continue
    raise WrongValue(303, f"Invalid format in parameter: {name}. Required format: {DATE_FORMAT}")


def as_text(name: str, given: Any) -> str:
    """Numbers and flags are accepted where text is documented."""
    if isinstance(given, str):
        return given
    if isinstance(given, bool):
        return "true" if given else "false"
    if isinstance(given, int | float):
        return str(given)
    raise invalid_character(name)


def invalid_character(name: str) -> WrongValue:
    return WrongValue(301, f"Invalid character in parameter: {name}.")


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


CAMPAIGN = string("campaign", reference("cam"), "Id of the campaign.", "cam_100001", required=True)
SESSION = string(
    "couponsession",
    session_code,
    "Code of the session: 21 characters, or the first 6.",
    "ac6s7u3g8a25ja7x9qg87",
    required=True,
)
CONSUMER = (
    string("firstname", text(100), "First name of the consumer.", "Ann"),
    string("lastname", text(100), "Last name of the consumer.", "Peeters"),
    string("email", email, "E-mail address of the consumer.", "ann@example.com"),
)
CUSTOM_FIELDS = tuple(
    string(f"customfield{i}", text(50), "A free field, at most 50 characters.") for i in range(1, 8)
)
CUSTOM = (
    string("customid", text(50), "Your own tag for this person, at most 50 characters.", "42"),
    *CUSTOM_FIELDS,
)
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
