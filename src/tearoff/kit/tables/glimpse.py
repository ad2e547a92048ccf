"""A look at the first rows of a file, with all their columns: for whoever has to say which one is
meant."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import BinaryIO

import msgspec

from tearoff.kit.tables import charset, delimited, workbook
from tearoff.kit.tables.heading import find_column, has_header
from tearoff.kit.tables.models import Asked, Row, Unreadable, Wanted, bare
from tearoff.kit.tables.reading import SAMPLE_ROWS
from tearoff.kit.visible import as_seen

SHOWN = 5
MOST_COLUMNS = 50
LONGEST = 60
"""Characters of a cell."""


class Glimpse(msgspec.Struct, frozen=True):
    """`names`: the heading of each column, "" where there is none; `rows`: the first ones below.
    `place`: the column that would be taken, from 0 on, None where somebody has to say so."""

    names: list[str]
    rows: list[list[str]]
    has_header: bool
    place: int | None


async def glimpse(path: Path, wanted: Wanted, asked: Asked = Asked()) -> Glimpse:  # noqa: B008 (frozen)
    """Raises `Unreadable` for what is no list, or an empty one."""
    with path.open("rb") as file:
        kind = charset.kind_of(file.read(charset.SAMPLE))
        file.seek(0)
        if kind == charset.SPREADSHEET:
            with tempfile.TemporaryFile(prefix="tearoff-rows-") as rows:
                return await workbook.READERS.run(_of_workbook, path, rows, wanted, asked)
        if kind:
            raise Unreadable(
                f"This is {kind}, not a list. Save the list as CSV or XLSX.", field=wanted.field
            )
        return await asyncio.to_thread(_of_text, file, wanted, asked)


def _of_workbook(path: Path, file: BinaryIO, wanted: Wanted, asked: Asked) -> Glimpse:
    workbook.convert(path, asked.sheet, file, wanted.field)
    return _seen(list(islice(workbook.rows_of(file), SAMPLE_ROWS)), wanted, asked)


def _of_text(file: BinaryIO, wanted: Wanted, asked: Asked) -> Glimpse:
    name = charset.charset_of(file, wanted.field)
    sample = delimited.sample_text(file, name)
    delimiter = delimited.delimiter_of(sample, wanted.names)
    return _seen(delimited.sample_rows(sample, delimiter), wanted, asked)


def _seen(rows: Sequence[Row], wanted: Wanted, asked: Asked) -> Glimpse:
    is_headed, place = bool(rows) and has_header(rows, wanted, asked), None
    try:
        found = find_column(rows, wanted, asked)
        is_headed, place = found.header, found.place
    except Unreadable:
        if not rows or asked.column:
            raise
    width = min(MOST_COLUMNS, max((len(row.cells) for row in rows[: SHOWN + 1]), default=1))
    below = rows[1 : SHOWN + 1] if is_headed else rows[:SHOWN]
    names = _cells(rows[0], width) if is_headed else [""] * width
    return Glimpse(names, [_cells(row, width) for row in below], is_headed, place)


def _cells(row: Row, width: int) -> list[str]:
    told = [as_seen(bare(cell))[:LONGEST] for cell in row.cells[:width]]
    return told + [""] * (width - len(told))
