"""Texts with a value a line, or several with a delimiter between them: CSV and its kind.

Python's `csv` reads them, strictly: a quote that is not closed, or with letters behind it, is
told with its line, and reading goes on in the next one. Which delimiter it is, is judged here: the
ones that people use are four, and a blank or a dash, which general detectors consider too, stands
in many a code.
"""

from __future__ import annotations

import contextlib
import csv
import io
import re
import string
from collections import Counter, deque
from collections.abc import Collection, Iterable, Iterator
from typing import BinaryIO

from tearoff.kit.tables.charset import SAMPLE
from tearoff.kit.tables.models import Row, Unreadable, plain

DELIMITERS = ("\t", ";", "|", ",")
"""The likelier first, where two fit: `1,50` stands in lists with semicolons."""

NONE = ""
_NEVER = "\x1f"
"""For `csv`, which must have one, where there is none: no value may contain it."""

_LONGEST = 65_536
FAULTS = 1_000
"""Each may cost reading twice `_LONGEST` once more."""
_SEP = re.compile(r'"?sep=([^\w"\r\n])"?(?:[\r\n]|\Z)', re.IGNORECASE)


def delimiter_of(sample: str, names: Collection[str]) -> str:
    """Of the first lines of a text. It is the one that splits most lines, and at least half of
    them, into the same number of cells; or one that splits the first line into headings of
    which one is known."""
    named = _SEP.match(sample)
    if named is not None:
        return named[1]
    best, score = NONE, (0.0, 0)
    for delimiter in DELIMITERS:
        rows = sample_rows(sample, delimiter)
        sizes = Counter(len(row.cells) for row in rows)
        width, fitting = max(
            ((w, n) for w, n in sizes.items() if w > 1), key=lambda one: one[1], default=(0, 0)
        )
        share = fitting / len(rows) if rows else 0.0
        is_headed = bool(rows) and len(rows[0].cells) > 1 and _knows(rows[0], names)
        if (share >= 0.5 or is_headed) and (share + is_headed, width) > score:
            best, score = delimiter, (share + is_headed, width)
    return best


def _knows(row: Row, names: Collection[str]) -> bool:
    return any(plain(cell) in names for cell in row.cells)


def sample_text(file: BinaryIO, charset: str) -> str:
    """The first lines of a file, whole ones where there are several."""
    raw = file.read(SAMPLE)
    file.seek(0)
    text = io.TextIOWrapper(io.BytesIO(raw), charset, errors="ignore", newline="").read()
    if len(raw) < SAMPLE:
        return text
    cut = max(text.rfind("\n"), text.rfind("\r"))
    return text[: cut + 1] if cut > 0 else text


def sample_rows(sample: str, delimiter: str) -> list[Row]:
    """As many rows as can be read: where the sample ends, and quotes that are wrong, matter only
    when all of the file is read."""
    rows: list[Row] = []
    with contextlib.suppress(csv.Error):
        rows.extend(_rows(io.StringIO(sample, newline=""), delimiter))
    return rows


def rows_of(text: io.TextIOWrapper, delimiter: str, field: str) -> Iterator[Row]:
    """All rows of a text (with its line ends as they are) that are not empty. A line that cannot
    be read is one with a `problem`, and reading goes on behind it. Raises `Unreadable` when there
    are more than `FAULTS` wrong quotes."""
    lines = _Lines(text)
    for _ in range(FAULTS):
        try:
            yield from _rows(lines, delimiter, lines)
        except csv.Error as error:
            yield Row(lines.begun, [], problem=_told(str(error), lines.is_within))
            yield from lines.bad()
            lines.go_back()
        else:
            return
    raise Unreadable(
        f"More than {FAULTS:,} lines have quotes that are wrong, up to line {lines.begun}. Save the"
        " list as CSV UTF-8 with the program that made it. Nothing was imported.",
        field=field,
    )


def _rows(lines: Iterable[str], delimiter: str, read: _Lines | None = None) -> Iterator[Row]:
    """`read`: strictly, and it is told where each row begins."""
    reader = csv.reader(lines, delimiter=delimiter or _NEVER, strict=read is not None)
    empty = string.whitespace + ("" if delimiter else "".join(DELIMITERS))
    line = 1 if read is None else read.begun
    for cells in reader:
        if read is not None:
            yield from read.bad()
        is_sep = line == 1 and _SEP.fullmatch(delimiter.join(cells)) is not None
        if not is_sep and any(cell.strip(empty).strip() for cell in cells):
            yield Row(line, cells)
        line = reader.line_num + 1 if read is None else read.begin()


class _Lines:
    """Lines of a text, each with its end (CR, LF or both). An empty one stands for a line that
    cannot be read. `begun` is where the row began that is being read."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text = text
        self._row: list[str] = []
        self._size = 0
        self._again: deque[str] = deque()
        self._bad: list[Row] = []
        self.begun = 1

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else self._read()
        self._row.append(line)
        self._size += len(line)
        if self._size > 2 * _LONGEST:
            raise csv.Error("a row without end")
        return line

    def begin(self) -> int:
        """The next row begins here."""
        self.begun += len(self._row)
        self._row, self._size = [], 0
        return self.begun

    def go_back(self) -> None:
        """Of a row that cannot be read, only the first line is left out: a quote that is never
        closed must not take those behind it along."""
        self._again.extendleft(reversed(self._row[1:]))
        self.begun += 1
        self._row, self._size = [], 0

    @property
    def is_within(self) -> bool:
        """Whether the row has not left the line that it began in."""
        return len(self._row) == 1

    def bad(self) -> list[Row]:
        """The lines that could not be read, since this was asked before."""
        bad, self._bad = self._bad, []
        return bad

    def _read(self) -> str:
        line = part = self._text.readline(_LONGEST + 1)
        if not line:
            raise StopIteration
        why = ""
        if "\0" in line:
            why = (
                "it has a NUL byte in it. Save the file as CSV UTF-8 with the program that made it."
            )
        if len(line) > _LONGEST:
            why = f"it is longer than {_LONGEST:,} characters."
            while part and not part.endswith(("\n", "\r")):
                part = self._text.readline(_LONGEST)
        if why:
            self._bad.append(Row(self.begun + len(self._row), [], problem=why))
            return "\n"
        return line


def _told(error: str, is_within: bool) -> str:
    """What `csv` says, with the remedy. A quote that is closed by the next one, lines below, is one
    that was never closed."""
    if "expected after" in error and is_within:
        return (
            "there are letters behind a closing quote. Inside quotes, write a quote twice;"
            " around a value, use none or both."
        )
    return "a quote begins here and is never closed. Write a quote inside a value twice."
