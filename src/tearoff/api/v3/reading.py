"""How the values of a call are read: each parameter is declared once, with its kind.

A kind (`parameters`) turns what was given into what the product wants, or says which error it is.
All problems of a call are reported together, in the order of its table.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from tearoff.errors import Invalid

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
    """`schema` is what the OpenAPI document says of it. `also` says what is wrong with it beside
    the others, once all are read; one that was given and cannot be read is `UNREAD` then."""

    name: str
    read: Callable[[str, Any], Any]
    help: str
    schema: Mapping[str, Any]
    required: bool = False
    example: Any = None
    also: Callable[[Mapping[str, Any]], Problem | None] | None = None


UNREAD = object()


def read_parameters(parameters: Sequence[Parameter], values: Mapping[str, Any]) -> dict[str, Any]:
    """The value of every declared parameter, None where it was not given. Unknown keys are
    ignored. Raises `BadParameters` with all problems."""
    problems: dict[str, Problem] = {}
    found: dict[str, Any] = {}
    late: list[Parameter] = []
    for parameter in parameters:
        value = None
        given = values.get(parameter.name)  # of most parameters, nothing
        if given is not None and not (isinstance(given, str) and not given.strip()):
            try:
                value = parameter.read(parameter.name, _whole(given))
            except WrongValue as wrong:
                problems[parameter.name] = (wrong.code, wrong.text)
                value = UNREAD
        found[parameter.name] = value
        if parameter.required and value in (None, ()):
            problems[parameter.name] = missing(parameter.name)
        if parameter.also is not None and value is not UNREAD:
            late.append(parameter)
    for parameter in late:
        problem = parameter.also(found) if parameter.also else None
        if problem is not None:
            problems[parameter.name] = problem
    if problems:
        raise BadParameters([problems[p.name] for p in parameters if p.name in problems])
    return found


def missing(name: str) -> Problem:
    return 200, f"Missing parameter: {name}"


def _whole(given: Any) -> Any:
    """Spreadsheets and some languages write every number with a fraction: 32470000031.0."""
    if isinstance(given, float) and given.is_integer() and abs(given) < 2**53:
        return int(given)
    return given


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
