"""What went wrong, in the words of whoever types: what the API calls a parameter is an option."""

from __future__ import annotations

import argparse
import re
import sys

from tearoff.errors import Invalid, TearoffError

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
