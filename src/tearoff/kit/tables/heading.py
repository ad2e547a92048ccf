"""Whether the first row is a heading, and in which column the values are."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from tearoff.kit.tables.models import Asked, Row, Unreadable, Wanted, bare, plain
from tearoff.kit.visible import as_seen


class Column(msgspec.Struct, frozen=True):
    """`place` from 0 on; `name` is its heading, or its number from 1 on. `names`: the headings of
    all columns, none where the first line is no heading."""

    place: int
    name: str
    header: bool
    first_line: str
    names: list[str]


def find_column(rows: Sequence[Row], wanted: Wanted, asked: Asked) -> Column:
    """Judged by the first rows of a list. The column is the one that was asked for, else the
    one with a heading that is known, else the only one. Raises `Unreadable` when it can be
    several, with what there is."""
    if not rows:
        raise Unreadable(f"There is no {wanted.what} in this list.", field=wanted.field)
    header = has_header(rows, wanted, asked)
    names = [as_seen(bare(cell)) for cell in rows[0].cells] if header else []
    places = _filled(rows[1:] if header else rows) or _filled(rows)
    place = _asked_for(names, rows, asked) if asked.column else _known(places, names, wanted)
    if place is None:
        place = places[0]
        if len(places) > 1:
            raise _several(places, names, wanted)
    name = _name(place, names)
    if header:
        told = f"first line read as header: column {name!r} taken"
    else:
        told = f"no header: first line read as a {wanted.what}"
        told += f", column {name} taken" if len(places) > 1 else ""
    return Column(place, name, header, told, names)


def has_header(rows: Sequence[Row], wanted: Wanted, asked: Asked) -> bool:
    if asked.header is not None:
        return asked.header
    first = [plain(cell) for cell in rows[0].cells]
    named = plain(asked.column) if asked.column and not asked.column.isdecimal() else ""
    return named in first if named else _is_known(first, wanted) or is_unlike(rows)


def _is_known(first: Sequence[str], wanted: Wanted) -> bool:
    return any(cell in wanted.names for cell in first)


def is_unlike(rows: Sequence[Row]) -> bool:
    """By form: the first row has no digits, in a column in which all others have them, and
    either all of those are numbers, or none of them is written as it is, in capitals or small
    letters, with blanks or without. (`WELCOME` above `SAVE10` is a code, `Rabatt` is none.)"""
    for place, cell in enumerate(rows[0].cells):
        first = bare(cell)
        below = [text for row in rows[1:] if (text := _cell(row, place))]
        if len(below) < 2 or not first or _has_digit(first):
            continue
        if "@" not in first and all("@" in text for text in below):
            return True
        if not all(map(_has_digit, below)):
            continue
        if all(map(_NUMBER.fullmatch, below)) or _form(first) not in set(map(_form, below)):
            return True
    return False


_NUMBER = re.compile(r"[\d\s.,:/+()€$£%-]+")


def _has_digit(text: str) -> bool:
    return any(c.isdigit() for c in text)


def _form(text: str) -> tuple[bool, bool, bool]:
    return any(map(str.isupper, text)), any(map(str.islower, text)), " " in text


def _filled(rows: Sequence[Row]) -> list[int]:
    width = max((len(row.cells) for row in rows), default=0)
    return [place for place in range(width) if any(_cell(row, place) for row in rows)]


def _cell(row: Row, place: int) -> str:
    return bare(row.cells[place]) if place < len(row.cells) else ""


def _asked_for(names: Sequence[str], rows: Sequence[Row], asked: Asked) -> int:
    fitting = [i for i, name in enumerate(names) if plain(name) == plain(asked.column)]
    if len(fitting) == 1:
        return fitting[0]
    width = max(len(row.cells) for row in rows)
    if asked.column.isdecimal() and 1 <= int(asked.column[:9]) <= width:
        return int(asked.column) - 1
    there = ", ".join(map(repr, filter(None, names))) or "no headings"
    many = "several columns" if fitting else "no column"
    raise Unreadable(
        f"There is {many} {asked.column!r} in the first line ({there}). A number from 1 to"
        f" {width} names one too.",
        field="column",
    )


def _known(places: Sequence[int], names: Sequence[str], wanted: Wanted) -> int | None:
    fitting = [i for i in range(len(names)) if plain(names[i]) in wanted.names]
    if len(fitting) > 1:
        raise _several(fitting, names, wanted)
    return fitting[0] if fitting else None


def _several(places: Sequence[int], names: Sequence[str], wanted: Wanted) -> Unreadable:
    listed = ", ".join(
        f"{place + 1} {names[place]!r}" if place < len(names) and names[place] else str(place + 1)
        for place in places
    )
    return Unreadable(
        f"The list has several columns ({listed}). Say in `column` which of them to take"
        f" each {wanted.what} from, by its heading or its number. If all is one value, write quotes"
        " round it.",
        field=wanted.field,
    )


def _name(place: int, names: Sequence[str]) -> str:
    return (names[place] if place < len(names) else "") or str(place + 1)
