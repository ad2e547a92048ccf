"""Lists in files, as commands take them."""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from tearoff.errors import Invalid
from tearoff.kit.tables import reading
from tearoff.kit.tables.models import Asked, Reading, Wanted
from tearoff.kit.tables.reading import Table


def add_arguments(command: argparse.ArgumentParser, help: str) -> None:
    command.add_argument("file", type=Path, help=help)
    command.add_argument(
        "--header",
        choices=("yes", "no"),
        help="whether the first line is a heading; default: judge",
    )
    command.add_argument(
        "--column", default="", help="the column to take, by its heading or its number (from 1 on)"
    )
    command.add_argument("--sheet", default="", help="of a workbook; default: the first with rows")


def add_numeric(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--numeric", choices=("accept",),
        help="accept: take values that a spreadsheet has as numbers; leading zeros may be lost",
    )  # fmt: skip


@contextlib.asynccontextmanager
async def opened(
    arguments: argparse.Namespace, wanted: Wanted
) -> AsyncIterator[tuple[Table, Callable[[int], None]]]:
    """The list of a command, and what is told of it while it is read."""
    asked = Asked(
        header=None if arguments.header is None else arguments.header == "yes",
        column=arguments.column,
        sheet=arguments.sheet,
        numeric=getattr(arguments, "numeric", "accept") is not None,
    )
    try:
        async with reading.opened(arguments.file, wanted, asked) as table:
            yield table, _progress
    except Invalid as error:
        if error.field == wanted.field:  # what the API calls the file
            error.field = "file"
        raise
    except OSError as error:
        raise Invalid(f"{arguments.file}: {error.strerror}", field="file") from None
    finally:
        if sys.stderr.isatty():
            print(end="\r\033[K", file=sys.stderr)


def _progress(rows: int) -> None:
    """Where somebody looks on; it is wiped away at the end."""
    if sys.stderr.isatty():
        print(f"\r{rows:,} lines read", end="", file=sys.stderr, flush=True)


def lines_of(read: Reading, rows: int) -> list[str]:
    """How a list was read, in words."""
    parted = {"": "one column", "\t": "parted by tabs"}.get(
        read.delimiter, f"parted by {read.delimiter}"
    )
    how = f"CSV, {read.charset}, {parted}" if read.charset else read.format.upper()
    return [f"{rows:,} rows read ({how}); {read.first_line}"]
