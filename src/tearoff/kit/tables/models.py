"""What is asked of a file, and what is told of it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

import msgspec

from tearoff.errors import Invalid
from tearoff.kit.visible import as_seen


class Unreadable(Invalid):
    """The file cannot be read, or not without asking; nothing was taken from it."""


class Wanted(msgspec.Struct, frozen=True):
    """The one column that an import takes. `what` names a value in errors ("code"), `field` the
    file; `names` are headings that it is known by, as `plain` writes them."""

    what: str
    field: str
    names: frozenset[str]


class Asked(msgspec.Struct, frozen=True):
    """What somebody says of a file, so that it need not be judged.

    `header`: whether the first line is one. `column`: its heading, or its number from 1 on.
    `numeric`: values that a spreadsheet has as numbers are taken as they are. `sheet`: its name.
    """

    header: bool | None = None
    column: str = ""
    numeric: bool = False
    sheet: str = ""


class Row(msgspec.Struct, array_like=True):
    """`line` as an editor or a spreadsheet counts, from 1 on; of a quoted line break the first.
    `kinds`: of cells that are not text, by their place in the row, what they are. `problem`: why
    the line cannot be read, if it cannot."""

    line: int
    cells: list[str]
    kinds: dict[int, str] = {}
    problem: str = ""


NUMBER, LONG, DATE, BOOLEAN = "number", "long number", "date", "truth value"
"""Kinds of cells; those of formulas are in `sheet_marks`."""


MEMORY = 1 << 30
"""What the reader of a workbook may have, in bytes."""
NO_MEMORY = 3
"""What it exits with when it would need more."""


class Head(msgspec.Struct):
    """What a workbook's rows begin with: which sheet of how many it is, or why the file is not
    read, which parameter that is about, if it is not the file, and whether it is only too large."""

    refused: str = ""
    is_large: bool = False
    field: str = ""
    sheet: str = ""
    sheets: int = 0


class Value(msgspec.Struct):
    """What stands in the column. `problem`: why it cannot be taken, "" if it can."""

    line: int
    text: str
    problem: str = ""


class Reading(msgspec.Struct, frozen=True):
    """How a file was read: `format` is `csv` or that of a spreadsheet, `charset` and `delimiter`
    (one of `,` `;` `|`, a tab, or "" for one column) are those of a CSV, `sheet` of a
    spreadsheet. `first_line` says in words how the first line was taken."""

    format: str
    charset: str
    delimiter: str
    sheet: str
    header: bool
    column: str
    first_line: str


class Bad:
    """Lines with something in them that cannot be taken; the first are named."""

    NAMED = 10

    def __init__(self, where: Callable[[int], str], field: str) -> None:
        self._where, self._field = where, field
        self._first: list[str] = []
        self.count = 0

    def add(self, line: int, why: str, text: str = "") -> None:
        """`text` is what stands there; whoever refuses all of them tells only why."""
        self.count += 1
        if self.count <= self.NAMED:
            self._first.append(f"{self._where(line)}: {why}")

    def refuse(self) -> None:
        """Raise `Unreadable` with all of them, if there are any."""
        if not self.count:
            return
        more = self.count - len(self._first)
        told = [*self._first, f"So are {more:,} more." if more else "", "Nothing was imported."]
        raise Unreadable(" ".join(filter(None, told)), field=self._field)


def plain(heading: str) -> str:
    """A heading without what people vary: case, accents, blanks, dashes, marks."""
    apart = unicodedata.normalize("NFKD", as_seen(heading).casefold())
    return "".join(c for c in apart if c.isalnum())


_AS_TEXT = re.compile(r'="((?:[^"]|"")*)"')


def bare(cell: str) -> str:
    """The value of a cell: without blanks around it, and `00123` for `="00123"`, which programs
    write so that a spreadsheet leaves the zeros."""
    text = cell.strip()
    if text.startswith('="') and (formula := _AS_TEXT.fullmatch(text)):
        return formula[1].replace('""', '"').strip()
    return text
