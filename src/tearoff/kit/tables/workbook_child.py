"""One sheet of a workbook (XLSX) as rows in JSON: a process of its own, bounded in memory and
time, because what a workbook needs cannot be seen before it is read.

    python -m tearoff.kit.tables.workbook_child FILE [SHEET] > rows

The first line is a `Head`; the others are `Row`s.
"""

from __future__ import annotations

import resource
import sys
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import msgspec
from python_calamine import CalamineSheet, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from tearoff.kit.tables.archive import Refused, TooLarge, check
from tearoff.kit.tables.models import BOOLEAN, DATE, LONG, MEMORY, NO_MEMORY, NUMBER, Head, Row
from tearoff.kit.tables.sheet_marks import marks_of

SECONDS_OF_PROCESSOR = 60

_EXACT = 10**15
"""A spreadsheet keeps fifteen digits of a number."""


class _NoSheet(Exception):
    pass


def main(path: str, asked: str = "") -> None:
    _limit()
    encode, out = msgspec.json.Encoder().encode, sys.stdout.buffer
    try:
        with Path(path).open("rb") as file:
            with check(file) as archive:
                _require_workbook(archive.namelist())
                file.seek(0)
                book = CalamineWorkbook.from_filelike(file)
                sheet = _choose(book, asked)
                marks = marks_of(archive, sheet.name)
            out.write(encode(Head(sheet=sheet.name, sheets=len(book.sheet_names))) + b"\n")
            for row in _rows(sheet, marks):
                out.write(encode(row) + b"\n")
    except _NoSheet as error:
        out.write(encode(Head(refused=str(error), field="sheet")) + b"\n")
    except Refused as error:
        is_large = isinstance(error, TooLarge)
        out.write(encode(Head(refused=str(error), is_large=is_large)) + b"\n")
    except MemoryError:
        sys.exit(NO_MEMORY)


def _limit() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS_OF_PROCESSOR, SECONDS_OF_PROCESSOR + 5))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _require_workbook(names: Sequence[str]) -> None:
    if "xl/workbook.xml" in names:
        return
    for begin, kind in (
        ("word/", "a text document"),
        ("ppt/", "a presentation"),
        ("Index/", "a Numbers document"),
        ("content.xml", "an OpenDocument file"),
        ("xl/", "an Excel file of another kind (.xlsb)"),
    ):
        if any(name.startswith(begin) for name in names):
            raise Refused(f"it is {kind}")
    raise Refused("it is a zip archive; unpack it first")


def _choose(book: CalamineWorkbook, asked: str) -> CalamineSheet:
    """The one of this name, else the first that can be seen and is not empty."""
    names = [one.name for one in book.sheets_metadata if one.typ == SheetTypeEnum.WorkSheet]
    if asked:
        for name in names:
            if name.strip().casefold() == asked.strip().casefold():
                return book.get_sheet_by_name(name)
        raise _NoSheet(f"There is no sheet {asked!r}. There are: {', '.join(map(repr, names))}.")
    seen = [
        one.name
        for one in book.sheets_metadata
        if one.typ == SheetTypeEnum.WorkSheet and one.visible == SheetVisibleEnum.Visible
    ]
    for name in seen:
        sheet = book.get_sheet_by_name(name)
        if sheet.start is not None:
            return sheet
    raise Refused("all of its sheets are empty")


def _rows(sheet: CalamineSheet, marks: dict[tuple[int, int], str]) -> Iterator[Row]:
    """`marks` are cells whose value cannot be known, for which there is nothing in the sheet."""
    marked: dict[int, dict[int, str]] = {}
    for (line, place), kind in marks.items():
        marked.setdefault(line, {})[place] = kind
    for line, values in enumerate(sheet.iter_rows(), 1):
        row = _row(line, values, marked.pop(line, {}))
        if any(map(str.strip, row.cells)):
            yield row
    for line in sorted(marked):
        yield _row(line, [], marked[line])


def _row(line: int, values: Sequence[Any], marks: dict[int, str]) -> Row:
    row = Row(line, [], {})
    for place, value in enumerate(values):
        text, kind = _cell(value)
        row.cells.append(text)
        if kind:
            row.kinds[place] = kind
    for place, kind in marks.items():
        row.cells.extend("" for _ in range(place + 1 - len(row.cells)))
        row.cells[place], row.kinds[place] = "#", kind
    return row


def _cell(value: Any) -> tuple[str, str]:
    """What stands in a cell as text, and what it is when it is none."""
    if isinstance(value, str):
        return value, ""
    if isinstance(value, bool):
        return str(value).upper(), BOOLEAN
    if isinstance(value, int | float):
        is_whole = value == int(value)
        return (
            f"{int(value)}" if is_whole else f"{value!r}",
            NUMBER if abs(value) < _EXACT else LONG,
        )
    if isinstance(value, date | datetime | time | timedelta):
        return str(value), DATE
    return str(value), "value of an unknown kind"


if __name__ == "__main__":
    main(*sys.argv[1:])
