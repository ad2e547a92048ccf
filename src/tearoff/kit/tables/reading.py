"""From a file to the values of one column."""

from __future__ import annotations

import asyncio
import contextlib
import io
import re
from collections.abc import AsyncIterator, Iterator
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from tearoff.kit.tables import charset, delimited
from tearoff.kit.tables.heading import Column, find_column
from tearoff.kit.tables.models import Asked, Reading, Row, Unreadable, Value, Wanted, bare

LOT = 20_000
MISSING = "there is nothing in the column"

_SHORTENED = re.compile(r"[0-9](?:[.,][0-9]+)?E[+-][0-9]{2,3}", re.IGNORECASE)
_ERRORS = frozenset(
    {"#N/A", "#NV", "#REF!", "#BEZUG!", "#VALUE!", "#WERT!", "#VALEUR!", "#NAME?", "#NOM?",
     "#DIV/0!", "#NUM!", "#ZAHL!", "#NULL!"}
)  # fmt: skip


class Table:
    """A file that is open: how it is read, and the values of its column."""

    def __init__(self, rows: Iterator[Row], reading: Reading, column: Column, asked: Asked) -> None:
        self.reading = reading
        self._rows, self._place, self._asked = rows, column.place, asked
        if column.header:
            next(self._rows, None)

    async def lots(self) -> AsyncIterator[list[Value]]:
        """All values in their order, `LOT` at a time, read beside the event loop."""
        while lot := await asyncio.to_thread(self._lot):
            yield lot

    def where(self, line: int) -> str:
        """The place of a value, as the one who looks for it sees it."""
        return f"Line {line}"

    def _lot(self) -> list[Value]:
        return [self._value(row) for row in islice(self._rows, LOT)]

    def _value(self, row: Row) -> Value:
        place = self._place
        text = bare(row.cells[place]) if place < len(row.cells) else ""
        return Value(row.line, text, _problem_of(text, self._asked))


def _problem_of(text: str, asked: Asked) -> str:
    if not text:
        return MISSING
    if not asked.numeric and _SHORTENED.fullmatch(text):
        return (
            f"{text} is a number that a spreadsheet has shortened, digits are lost. Format the"
            " column as text, put the values in again and save, or confirm with numeric=accept"
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
        yield await asyncio.to_thread(_judge, stack, file, wanted, asked)


def _judge(stack: contextlib.ExitStack, file: BinaryIO, wanted: Wanted, asked: Asked) -> Table:
    kind = charset.kind_of(file.read(charset.SAMPLE))
    file.seek(0)
    if kind:
        name = "a spreadsheet or an archive" if kind == charset.SPREADSHEET else kind
        raise Unreadable(f"This is {name}, not a list. Save the list as CSV.", field=wanted.field)
    return _of_text(stack, file, wanted, asked)


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
