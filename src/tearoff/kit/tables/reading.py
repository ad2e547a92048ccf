"""From a file to the values of one column."""

from __future__ import annotations

import asyncio
import contextlib
import io
import re
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from tearoff.kit.tables import charset, delimited, workbook
from tearoff.kit.tables.heading import Column, find_column
from tearoff.kit.tables.models import (
    LONG,
    NUMBER,
    Asked,
    Reading,
    Row,
    Unreadable,
    Value,
    Wanted,
    bare,
)
from tearoff.kit.tables.sheet_marks import letters_of

LOT = 20_000
SAMPLE_ROWS = 2_000
MOST_BESIDE = 20
"""So many columns are watched beside the one that is taken."""
MISSING = "there is nothing in the column"

SHORTENED = re.compile(r"[0-9](?:[.,][0-9]+)?E[+-][0-9]{2,3}", re.IGNORECASE)
"""What a spreadsheet makes of a long number: `3.247E+10`."""
_ERRORS = frozenset(
    {"#N/A", "#NV", "#REF!", "#BEZUG!", "#VALUE!", "#WERT!", "#VALEUR!", "#NAME?", "#NOM?",
     "#DIV/0!", "#NUM!", "#ZAHL!", "#NULL!"}
)  # fmt: skip


Beside = Callable[[int, str], None]
"""Takes the place of a column, from 0 on, and what stands in one of its cells."""


class Table:
    """A file that is open: how it is read, and the values of its column."""

    def __init__(self, rows: Iterator[Row], reading: Reading, column: Column, asked: Asked) -> None:
        self.reading = reading
        self._rows, self._column, self._asked = rows, column, asked
        self._beside: Beside | None = None
        if column.header:
            next(self._rows, None)

    @property
    def names(self) -> list[str]:
        return self._column.names

    def watch(self, beside: Beside) -> None:
        """`beside` hears, while the values are read, what stands in the other columns."""
        self._beside = beside

    async def lots(self) -> AsyncIterator[list[Value]]:
        """All values in their order, `LOT` at a time, read beside the event loop."""
        while lot := await asyncio.to_thread(self._lot):
            yield lot

    def where(self, line: int) -> str:
        """The place of a value, as the one who looks for it sees it."""
        is_sheet = bool(self.reading.sheet)
        return f"Cell {letters_of(self._column.place)}{line}" if is_sheet else f"Line {line}"

    def _lot(self) -> list[Value]:
        return [self._value(row) for row in islice(self._rows, LOT)]

    def _value(self, row: Row) -> Value:
        if row.problem:
            return Value(row.line, "", row.problem)
        place = self._column.place
        text = bare(row.cells[place]) if place < len(row.cells) else ""
        if self._beside is not None:
            for other, cell in enumerate(row.cells[:MOST_BESIDE]):
                if other != place:
                    self._beside(other, bare(cell))
        return Value(row.line, text, _problem_of(text, row.kinds.get(place, ""), self._asked))


_A_NUMBER = (
    "this is a number, so leading zeros may be lost. Format the column as text, put the values in"
    " again and save, or confirm with `numeric=accept` that it is right so."
)
_ONLY_TEXT = "Format the column as text, put the values in again and save."


def _problem_of(text: str, kind: str, asked: Asked) -> str:
    if not text:
        return MISSING
    if kind == NUMBER:
        return "" if asked.numeric else _A_NUMBER
    if kind == LONG:
        return f"this is a number with more digits than a spreadsheet keeps (15). {_ONLY_TEXT}"
    if kind:
        article = "an" if kind[0] in "aeiou" else "a"
        return f"this is {article} {kind}, no text. {_ONLY_TEXT}"
    if not asked.numeric and SHORTENED.fullmatch(text):
        return (
            f"{text} is a number that a spreadsheet has shortened, digits are lost. Format the"
            " column as text, put the values in again and save, or confirm with `numeric=accept`"
            " that it is right so."
        )
    if text in _ERRORS:
        return f"{text} is the error of a formula."
    if "\n" in text or "\r" in text:
        return "a line break stands inside the value."
    return ""


@contextlib.asynccontextmanager
async def opened(path: Path, wanted: Wanted, asked: Asked = Asked()) -> AsyncIterator[Table]:  # noqa: B008 (frozen)
    """Judge a file and give the values of its column. Raises `Unreadable`, later also while the
    values are read: who takes them does so in a transaction."""
    with contextlib.ExitStack() as stack:
        file = stack.enter_context(await asyncio.to_thread(path.open, "rb"))
        kind = await asyncio.to_thread(_kind_of, file)
        if kind == charset.SPREADSHEET:
            rows = stack.enter_context(tempfile.TemporaryFile(prefix="tearoff-rows-"))
            yield await workbook.READERS.run(_of_workbook, path, rows, wanted, asked)
        elif kind:
            raise Unreadable(
                f"This is {kind}, not a list. Save the list as CSV or XLSX.", field=wanted.field
            )
        else:
            yield await asyncio.to_thread(_of_text, stack, file, wanted, asked)


def _kind_of(file: BinaryIO) -> str:
    kind = charset.kind_of(file.read(charset.SAMPLE))
    file.seek(0)
    return kind


def _of_workbook(path: Path, file: BinaryIO, wanted: Wanted, asked: Asked) -> Table:
    head = workbook.convert(path, asked.sheet, file, wanted.field)
    begin = file.tell()
    column = find_column(list(islice(workbook.rows_of(file), SAMPLE_ROWS)), wanted, asked)
    file.seek(begin)
    which = f"sheet {head.sheet!r}" + (f" of {head.sheets}" if head.sheets > 1 else "")
    reading = Reading(
        format="xlsx", charset="", delimiter="", sheet=head.sheet, header=column.header,
        column=column.name, first_line=f"{which}: {column.first_line}",
    )  # fmt: skip
    return Table(workbook.rows_of(file), reading, column, asked)


def _of_text(stack: contextlib.ExitStack, file: BinaryIO, wanted: Wanted, asked: Asked) -> Table:
    if asked.sheet:
        raise Unreadable("Only a spreadsheet has sheets; this is a text.", field="sheet")
    name = charset.charset_of(file, wanted.field)
    sample = delimited.sample_text(file, name)
    delimiter = delimited.delimiter_of(sample, wanted.names)
    column = find_column(delimited.sample_rows(sample, delimiter), wanted, asked)
    reading = Reading(
        format="csv", charset=name.removesuffix("-sig"), delimiter=delimiter, sheet="",
        header=column.header, column=column.name, first_line=column.first_line,
    )  # fmt: skip
    text = stack.enter_context(io.TextIOWrapper(file, name, newline=""))
    return Table(delimited.rows_of(text, delimiter, wanted.field), reading, column, asked)
