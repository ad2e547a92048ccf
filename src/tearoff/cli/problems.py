"""What went wrong, in the words of whoever types: what the API calls a parameter is an option."""

from __future__ import annotations

import argparse
import re
import sys

import asyncpg

from tearoff.errors import Invalid, TearoffError
from tearoff.kit.db import AWAY, DatabaseAway, DatabaseBusy

_OPTION = re.compile(r"--[a-z][a-z0-9-]*")
_PARAMETER = re.compile(r"parameter: (\w+)(?:\[(\d+)\](?!\.\w|\[))?")
"""As the errors of a call name one; of a list they may name the value, from 0 on."""
_MARKED = re.compile(r"`(\w+)(?:=(\w+))?`")
"""As errors name a remedy: `column`, `numeric=accept`."""


def print_problem(error: TearoffError, parser: argparse.ArgumentParser) -> None:
    """`parser` is the command's. What has no option there is named as it is."""
    options = frozenset(_OPTION.findall(parser.format_help()))
    field = error.field if isinstance(error, Invalid) else ""
    named = f"{_option(field, options) or field}: " if field else ""
    print(f"tearoff: {named}{_typed(str(error), options)}", file=sys.stderr)
    if error.hint:
        print(f"  {_typed(error.hint, options)}", file=sys.stderr)


def _typed(text: str, options: frozenset[str]) -> str:
    def parameter(match: re.Match[str]) -> str:
        option = _option(match[1], options)
        place = f", value {int(match[2]) + 1}" if match[2] else ""
        return f"{option}{place}" if option else match[0]

    def marked(match: re.Match[str]) -> str:
        option = _option(match[1], options)
        return " ".join(filter(None, (option, match[2]))) if option else match[0]

    return _MARKED.sub(marked, _PARAMETER.sub(parameter, text))


def _option(name: str, options: frozenset[str]) -> str:
    option = f"--{name.replace('_', '-')}"
    return option if option in options else ""


def told_problem(error: BaseException) -> TearoffError | None:
    """What is told in place of a traceback: an error of ours, or in one line what the database
    said, or that it was not to be reached. None for an error of another kind.

    What runs migrations wraps such errors, so what led to an error counts too. A detail of the
    database's is left out: it may quote what is stored."""
    if isinstance(error, DatabaseAway) and not isinstance(error, DatabaseBusy):
        return DatabaseProblem(str(error), hint=_AWAY)
    if isinstance(error, TearoffError):
        return error
    found: BaseException | None = error
    while found is not None and not isinstance(found, (asyncpg.PostgresError, *AWAY)):
        found = found.__cause__
    if found is None:
        return None
    said = str(found.args[0] if isinstance(found, asyncpg.PostgresError) else found)
    return DatabaseProblem(said.partition("\n")[0] or type(found).__name__, hint=_remedy(found))


class DatabaseProblem(TearoffError):
    """The database refused, or was not to be reached."""


_AWAY = "Is the server running, and does TEAROFF_DATABASE_URL name it?"


def _remedy(error: BaseException) -> str:
    match error:
        case asyncpg.InsufficientPrivilegeError():
            return (
                "Let the role of TEAROFF_DATABASE_URL own the database and what is in it"
                " (docs/operators.md, A PostgreSQL of your own)."
            )
        case (
            asyncpg.InvalidAuthorizationSpecificationError()
            | asyncpg.InvalidCatalogNameError()
            | asyncpg.InterfaceError()
        ):
            return "Look at TEAROFF_DATABASE_URL."
        case asyncpg.InsufficientResourcesError():
            return "The database's server has run out of something. Look at its log."
        case OSError() if error.filename:
            return ""
        case _:
            return "`tearoff doctor` looks at the database; its server's log tells more."
