"""The values that v4 takes: strict kinds, on top of those that both dialects share.

JSON types count here: a number is no text. What is not declared is refused by name. All
problems of a call are reported together.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

import msgspec

from tearoff.api.v3 import parameters as p
from tearoff.errors import Invalid, NotFound
from tearoff.kit.times import YEARS

Read = Callable[[str, Any], Any]


class Unknown(NotFound):
    """There is no such address."""


class FieldProblem(msgspec.Struct, frozen=True):
    """What is wrong with one value, in the numbers that v3 uses too."""

    field: str
    code: int
    detail: str


class BadFields(Invalid):
    """One or more values are missing, wrong or not known here."""

    def __init__(self, problems: Sequence[FieldProblem]) -> None:
        super().__init__(" ".join(problem.detail for problem in problems))
        self.problems = tuple(problems)


class Field(p.Parameter, frozen=True, kw_only=True):
    """`nullable`: null empties it, which is different from leaving it out. `secret`: it is never
    shown, and has no place among a command's arguments."""

    nullable: bool = False
    secret: bool = False


def wrong(name: str, code: int, detail: str) -> BadFields:
    return BadFields([FieldProblem(name, code, detail)])


def read_fields(fields: Sequence[p.Parameter], values: Mapping[str, Any]) -> dict[str, Any]:
    """The values that were given; a field that was left out is not in it. Raises `BadFields`
    with everything that is wrong."""
    known = {field.name for field in fields}
    problems = [
        FieldProblem(name, 201, f"Unknown parameter: {name}")
        for name in values
        if name not in known
    ]
    found: dict[str, Any] = {}
    for field in fields:
        given = values.get(field.name)
        if given is None:
            if field.required:
                detail = f"Missing parameter: {field.name}"
                problems.append(FieldProblem(field.name, 200, detail))
            elif field.name in values:
                if isinstance(field, Field) and field.nullable:
                    found[field.name] = None
                else:
                    detail = f"Invalid value in parameter: {field.name}. It cannot be null."
                    problems.append(FieldProblem(field.name, 301, detail))
            continue
        try:
            found[field.name] = field.read(field.name, given)
        except p.WrongValue as bad:
            problems.append(FieldProblem(field.name, bad.code, bad.text))
    if problems:
        raise BadFields(problems)
    return found


# kinds ----------------------------------------------------------------------------------


def of_text(read: Read) -> Read:
    """A kind of v3, for JSON texts only."""

    def strict(name: str, given: Any) -> Any:
        if not isinstance(given, str):
            raise p.WrongValue(301, f"Invalid value in parameter: {name}. Use a text.")
        return read(name, given)

    return strict


def required_text(limit: int) -> Read:
    """Text that is not only spaces."""

    def read(name: str, given: Any) -> str:
        value: str = p.text(limit)(name, given).strip()
        if not value:
            raise p.WrongValue(200, f"Missing parameter: {name}")
        return value

    return read


def integer(least: int, most: int) -> Read:
    def read(name: str, given: Any) -> int:
        if isinstance(given, bool) or not isinstance(given, int):
            raise p.WrongValue(301, f"Invalid value in parameter: {name}. Use a whole number.")
        if not least <= given <= most:
            text = f"Invalid value in parameter: {name}. Use a number from {least} to {most}."
            raise p.WrongValue(300, text)
        return given

    return read


def boolean(name: str, given: Any) -> bool:
    if not isinstance(given, bool):
        raise p.WrongValue(302, f"Invalid value in parameter: {name}. Use true or false.")
    return given


_MOMENT = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d{1,6}\d*)?)?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)


def moment(name: str, given: Any) -> datetime:
    """A moment as RFC 3339 writes it, with its distance to UTC."""
    text = f"Invalid format in parameter: {name}. Use RFC 3339 with a zone: 2026-11-23T10:00:00Z."
    if not isinstance(given, str) or not _MOMENT.fullmatch(given):
        raise p.WrongValue(303, text)
    try:
        at = datetime.fromisoformat(given.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise p.WrongValue(303, text) from None
    if at.year not in YEARS:
        raise p.WrongValue(303, text)
    return at


def day(name: str, given: Any) -> date:
    """A day as RFC 3339 writes it."""
    text = f"Invalid format in parameter: {name}. Required format: yyyy-MM-dd"
    try:
        found = date.fromisoformat(given if len(given) == 10 else "")
    except ValueError:
        raise p.WrongValue(303, text) from None
    if found.year not in YEARS:
        raise p.WrongValue(303, text)
    return found


def texts(limit: int, length: int, each: Read | None = None) -> Read:
    """An array of texts, without repeats."""
    read_one = of_text(each or p.text(length))

    def read(name: str, given: Any) -> tuple[str, ...]:
        if not isinstance(given, list):
            raise p.WrongValue(301, f"Invalid value in parameter: {name}. Use an array of texts.")
        if len(given) > limit:
            raise p.WrongValue(300, f"Too many values in parameter: {name}. At most {limit}.")
        return tuple(dict.fromkeys(read_one(name, item) for item in given))

    return read


def e164(name: str, given: Any) -> Any:
    """(as given, parsed): a phone number."""
    return p.phone(name, given)


# making fields --------------------------------------------------------------------------


def text_field(
    name: str,
    read: Read,
    help: str,
    example: Any = None,
    *,
    required: bool = False,
    nullable: bool = False,
    secret: bool = False,
    schema: Mapping[str, Any] | None = None,
) -> Field:
    return Field(
        name=name,
        read=of_text(read),
        help=help,
        example=example,
        required=required,
        nullable=nullable,
        secret=secret,
        schema=_nullable({"type": "string", **(schema or {})}, nullable),
    )


def words_field(
    name: str, words: Sequence[str], help: str, example: Any = None, *, required: bool = False
) -> Field:
    schema = {"type": "string", "enum": list(words)}
    return Field(
        name=name, read=of_text(p.one_of(*words)), help=help, example=example, required=required,
        schema=schema,
    )  # fmt: skip


def integer_field(
    name: str,
    help: str,
    example: Any = None,
    *,
    least: int = 1,
    most: int = 2**53 - 1,
    required: bool = False,
    nullable: bool = False,
) -> Field:
    schema = {"type": "integer", "minimum": least, "maximum": most}
    return Field(
        name=name, read=integer(least, most), help=help, example=example, required=required,
        nullable=nullable, schema=_nullable(schema, nullable),
    )  # fmt: skip


def boolean_field(name: str, help: str, example: bool | None = None) -> Field:
    return Field(name=name, read=boolean, help=help, example=example, schema={"type": "boolean"})


def moment_field(
    name: str, help: str, example: Any = None, *, nullable: bool = False, required: bool = False
) -> Field:
    return Field(
        name=name, read=moment, help=help, example=example, required=required, nullable=nullable,
        schema=_nullable({"type": "string", "format": "date-time"}, nullable),
    )  # fmt: skip


def texts_field(
    name: str,
    limit: int,
    length: int,
    help: str,
    example: Any = None,
    each: Read | None = None,
    *,
    nullable: bool = False,
) -> Field:
    schema = {"type": "array", "items": {"type": "string"}, "maxItems": limit}
    return Field(
        name=name,
        read=texts(limit, length, each),
        help=help,
        example=example,
        schema=_nullable(schema, nullable),
        nullable=nullable,
    )


def _nullable(schema: dict[str, Any], nullable: bool) -> dict[str, Any]:
    return {**schema, "type": [schema["type"], "null"]} if nullable else schema


# in paths and queries everything is text ------------------------------------------------


def _path_integer(prefix: str) -> Read:
    pattern = re.compile(rf"(?:{prefix}_)?([0-9]{{1,18}})", re.ASCII)

    def read(name: str, given: Any) -> int:
        match = pattern.fullmatch(given)
        if match is None:
            raise Unknown
        return int(match[1])

    return read


def path_id(name: str, prefix: str, help: str, example: int) -> Field:
    """A number in a path; what is none names nothing."""
    schema = {"type": "integer", "minimum": 1}
    return Field(
        name=name, read=_path_integer(prefix), help=help, example=example, schema=schema,
        required=True,
    )  # fmt: skip


def query_integer(name: str, help: str, example: int, *, least: int, most: int) -> Field:
    schema = {"type": "integer", "minimum": least, "maximum": most}
    read = p.number(least, most)
    return Field(name=name, read=read, help=help, example=example, schema=schema)
