"""Cells of a sheet whose value cannot be known: formulas that failed or were never worked out.

The reader of workbooks gives nothing for them, as for empty cells, so a code would be missing
without a word. They are looked for in the sheet itself (ECMA-376 Part 1, 18.3.1.4: `t="e"`, and
`f` without `v`).
"""

from __future__ import annotations

import posixpath
import re
import zipfile
from xml.etree import ElementTree
from xml.parsers import expat

ERROR, UNKNOWN = "error of a formula", "formula without a result"
MOST = 100_000

_LOT = 1 << 18
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_STRICT_RELATION = "{http://purl.oclc.org/ooxml/officeDocument/relationships}id"
_REFERENCE = re.compile(r"([A-Z]{1,3})([0-9]{1,7})", re.ASCII)

Marks = dict[tuple[int, int], str]
"""By line (from 1 on) and place in it (from 0 on)."""


def marks_of(archive: zipfile.ZipFile, sheet: str) -> Marks:
    part = _part_of(archive, sheet)
    if part is None:
        return {}
    reader = _Reader()
    with archive.open(part) as file:
        while lot := file.read(_LOT):
            reader.feed(lot)
    return reader.marks


def _part_of(archive: zipfile.ZipFile, sheet: str) -> str | None:
    names = set(archive.namelist())
    book = ElementTree.fromstring(archive.read("xl/workbook.xml"))  # noqa: S314 (in a bounded process)
    relations = "xl/_rels/workbook.xml.rels"
    if relations not in names:
        return None
    targets = {
        one.get("Id"): one.get("Target", "")
        for one in ElementTree.fromstring(archive.read(relations))  # noqa: S314 (the same)
    }
    for one in book.iter():
        if one.tag.endswith("}sheet") and one.get("name") == sheet:
            target = targets.get(one.get(_RELATION) or one.get(_STRICT_RELATION), "")
            part = posixpath.normpath(posixpath.join("/xl", target)).lstrip("/")
            return part if part in names else None
    return None


class _Reader:
    def __init__(self) -> None:
        self.marks: Marks = {}
        self._line = self._place = 0
        self._kind, self._has_formula, self._has_value, self._in_value = "", False, False, False
        self._parser = expat.ParserCreate(namespace_separator="}")
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text

    def feed(self, data: bytes) -> None:
        self._parser.Parse(data)

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition("}")[2]
        if name == "row":
            self._line = int(attributes.get("r", self._line + 1))
            self._place = -1
        elif name == "c":
            self._place += 1
            if match := _REFERENCE.fullmatch(attributes.get("r", "")):
                self._place, self._line = place_of(match[1]), int(match[2])
            self._kind, self._has_formula, self._has_value = attributes.get("t", ""), False, False
        elif name == "f":
            self._has_formula = True
        elif name in {"v", "t"}:
            self._in_value = True

    def _end(self, tag: str) -> None:
        name = tag.rpartition("}")[2]
        if name in {"v", "t"}:
            self._in_value = False
        if name != "c" or len(self.marks) >= MOST:
            return
        if self._kind == "e":
            self.marks[self._line, self._place] = ERROR
        elif self._has_formula and not self._has_value and self._kind != "str":
            self.marks[self._line, self._place] = UNKNOWN

    def _text(self, _: str) -> None:
        self._has_value = self._has_value or self._in_value


def place_of(letters: str) -> int:
    """The place of a column, from 0 on: A, B, … Z, AA."""
    place = 0
    for letter in letters:
        place = place * 26 + ord(letter) - 64
    return place - 1


def letters_of(place: int) -> str:
    letters, place = "", place + 1
    while place:
        place, rest = divmod(place - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
