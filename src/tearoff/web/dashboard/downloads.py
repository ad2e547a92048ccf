"""Lists as CSV files for spreadsheets: UTF-8 with its mark, a heading, and no cell that would be
calculated."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence

from tearoff.kit import spreadsheets
from tearoff.web.paper.html import Answer, Header, answer
from tearoff.web.paper.streams import Stream

_NUMBER = re.compile(r"\+[0-9]{6,15}", re.ASCII)

Row = Sequence[str]


def as_text(cell: str) -> str:
    """What a spreadsheet would take for a formula has a ' before it; a phone number calculates
    nothing, and other programs want it as it is."""
    return cell if _NUMBER.fullmatch(cell) else spreadsheets.harmless(cell)


def lines_of(rows: Iterable[Row]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows([as_text(cell) for cell in row] for row in rows)
    return out.getvalue().encode("utf-8", "replace")


def whole(name: str, heading: Row, rows: Iterable[Row]) -> Answer:
    return answer(200, _headers(name), spreadsheets.MARK + lines_of([heading, *rows]))


AtEnd = Callable[[int, bool], Awaitable[None]]
"""Told how many rows went out, and whether they were all."""


def streamed(
    name: str, heading: Row, lots: AsyncIterator[Sequence[Row]], at_end: AtEnd | None = None
) -> Answer:
    """Lot by lot, as they are read: between two lots no connection of the database is held, so a
    slow reader holds nothing."""
    sent = 0

    async def parts() -> AsyncIterator[bytes]:
        nonlocal sent
        yield spreadsheets.MARK + lines_of([heading])
        async for lot in lots:
            yield lines_of(lot)
            sent += len(lot)

    async def ended(is_whole: bool) -> None:
        if at_end is not None:
            await at_end(sent, is_whole)

    headers = [(n.encode(), value.encode("latin-1")) for n, value in _headers(name)]
    return Stream(200, headers, parts=parts, at_end=ended)


def _headers(name: str) -> list[Header]:
    """`name` of the file: plain letters, digits and dashes."""
    return [
        ("content-type", "text/csv; charset=utf-8"),
        ("content-disposition", f'attachment; filename="{name}.csv"'),
        ("cache-control", "private, no-store"),
        ("x-content-type-options", "nosniff"),
    ]
