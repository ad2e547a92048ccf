"""Secrets on the command line. What is typed as an argument stands in the list of processes, which
everybody on the machine can read, and in the shell's history; so every option that takes a secret
also takes it from a file or from standard input, and asks for it when it is given without a value.
"""

from __future__ import annotations

import argparse
import getpass
import sys
from collections.abc import Collection
from pathlib import Path

from tearoff.errors import Invalid

LARGEST = 1 << 16
"""Bytes of a file with a secret: keys and certificates are smaller, and nothing else is one."""
STANDARD_INPUT = "-"
_ASKED = object()
"""In place of a value: the option stood alone."""


def add_secret(
    parser: argparse.ArgumentParser, name: str, *, help: str, dest: str | None = None
) -> None:
    """`--NAME VALUE`, `--NAME` alone, and `--NAME-file FILE`."""
    dest = dest or name
    one = parser.add_mutually_exclusive_group()
    one.add_argument(
        f"--{name}", dest=dest, nargs="?", const=_ASKED, metavar="VALUE",
        help=f"{help} Without a value it is asked for.",
    )  # fmt: skip
    one.add_argument(
        f"--{name}-file", dest=f"{dest}_file", metavar="FILE",
        help=f"a file that holds it; {STANDARD_INPUT}: standard input",
    )  # fmt: skip


def secret_of(
    arguments: argparse.Namespace, name: str, *, dest: str | None = None, plain: Collection[str]
) -> str | None:
    """What was given by one of these, None if nothing was. `plain`: words that are no secret."""
    dest = dest or name
    typed, file = getattr(arguments, dest), getattr(arguments, f"{dest}_file")
    if file is not None:
        return read_secret(arguments, file, name)
    if typed is _ASKED:
        return ask(name, f"--{name}-file FILE")
    if typed is not None and typed not in plain:
        warn(name, f"--{name}-file FILE")
    return None if typed is None else str(typed)


def read_secret(arguments: argparse.Namespace, file: str, name: str) -> str:
    """The text of a file, or of standard input, without the newline at its end. Raises `Invalid`
    for the field `name`; what was read is in no error."""
    if file == STANDARD_INPUT:
        _take_standard_input(arguments, name)
        if _is_terminal():
            return ask(name, "")
    try:
        raw = _read(file)
    except OSError as error:
        why = error.strerror or "it is no file"
        raise Invalid(f"Cannot read {file}: {why}.", field=name) from None
    told = "Standard input" if file == STANDARD_INPUT else file
    if len(raw) > LARGEST:
        raise Invalid(f"{told} is larger than {LARGEST >> 10} KB: no secret is.", field=name)
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise Invalid(f"{told} is no text in UTF-8.", field=name)
    return _whole(text.removesuffix("\n").removesuffix("\r"), told, name)


def ask(name: str, otherwise: str) -> str:
    """Asked for at a terminal, without showing it. `otherwise`: the option that needs none."""
    if not _is_terminal():
        raise Invalid(
            "There is no terminal to ask for it.", field=name, hint=f"Use {otherwise} instead."
        )
    try:
        return _whole(getpass.getpass(f"{name}: ", sys.stderr), "The answer", name)
    except EOFError:
        raise Invalid("Nothing was typed.", field=name) from None


def warn(name: str, instead: str) -> None:
    print(
        f"tearoff: {name}: others on this machine can see what stands in a command, and the shell"
        f" keeps it. Use {instead} ({STANDARD_INPUT}: standard input), or give no value and be"
        " asked.",
        file=sys.stderr,
    )


def _take_standard_input(arguments: argparse.Namespace, name: str) -> None:
    taken = getattr(arguments, "standard_input", None)
    if taken is not None:
        raise Invalid(f"Standard input is read for {taken} already: it is read once.", field=name)
    arguments.standard_input = name


def _read(file: str) -> bytes:
    """One byte more than may be, at most. A pipe is read to its end."""
    if file == STANDARD_INPUT:
        if sys.stdin is None:
            raise OSError
        return sys.stdin.buffer.read(LARGEST + 1)
    with Path(file).open("rb") as source:
        return source.read(LARGEST + 1)


def _whole(text: str, told: str, name: str) -> str:
    if not text:
        raise Invalid(f"{told} is empty.", field=name)
    return text


def _is_terminal() -> bool:
    return sys.stdin is not None and sys.stdin.isatty()
