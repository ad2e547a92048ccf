"""Workbooks, read to the values of one column, and what is in them by accident or on purpose."""

import datetime
import io
import struct
import zipfile
import zlib

import openpyxl
import pytest

from tearoff.kit.tables import archive
from tearoff.kit.tables import workbook as conversion
from tearoff.kit.tables.models import Unreadable
from tearoff.kit.tables.sheet_marks import letters_of, place_of
from tests.kit.test_tables import read, texts


@pytest.fixture
def path(tmp_path):
    return tmp_path / "list"


def workbook(*sheets):
    """Each sheet is its name and its rows."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets:
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


async def test_a_workbook(path):
    raw = workbook(
        ("Leer", []),
        ("Codes", [[], ["Nr", "Code promo"], [1, "00123"], [2, " B-2 "], [], [3, None], [4, "ä"]]),
        ("Mehr", [["Code"], ["Z9"]]),
    )
    reading, values = await read(path, raw)
    assert (reading.format, reading.sheet, reading.column) == ("xlsx", "Codes", "Code promo")
    assert reading.first_line.startswith("sheet 'Codes' of 3: first line read as header")
    assert [(v.line, v.text) for v in values] == [(3, "00123"), (4, "B-2"), (6, ""), (7, "ä")]
    reading, values = await read(path, raw, sheet="mehr")
    assert (reading.sheet, texts(values)) == ("Mehr", ["Z9"])
    with pytest.raises(Unreadable, match="'Leer', 'Codes', 'Mehr'") as error:
        await read(path, raw, sheet="Other")
    assert error.value.field == "sheet"
    with pytest.raises(Unreadable, match="all of its sheets are empty"):
        await read(path, workbook(("A", []), ("B", [])))


async def test_what_is_no_text_is_told(path):
    rows = [
        ["Code", "n"], ["A1", 1], [123, 1], [1.5, 1], [123456789012345678, 1],
        [datetime.date(2026, 1, 2), 1], [True, 1], ["#N/A", 1], ["=1/0", 1], ["=B2", 1], ["Z", 1],
    ]  # fmt: skip
    raw = workbook(("S", rows))
    _, values = await read(path, raw)
    told = {value.line: value.problem for value in values}
    assert told[2] == told[11] == ""
    assert "leading zeros may be lost" in told[3]
    assert "confirm" in told[4]
    assert "more digits" in told[5]
    assert "date" in told[6]
    assert "truth value" in told[7]
    assert "formula" in told[8]
    assert told[9] == told[10] != ""
    assert "formula without a result" in told[9]
    _, values = await read(path, raw, numeric=True)
    taken = [value.text for value in values if not value.problem]
    assert taken == ["A1", "123", "1.5", "Z"]
    assert values[3].problem  # too many digits: confirming brings none back


def test_names_of_columns():
    assert [letters_of(place) for place in (0, 25, 26, 701, 702, 16383)] == [
        "A", "Z", "AA", "ZZ", "AAA", "XFD",
    ]  # fmt: skip
    assert all(place_of(letters_of(place)) == place for place in range(16384))


def packed(**files):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in files.items():
            made.writestr(name.replace("__", "/"), content)
    return out.getvalue()


BY_ACCIDENT = {
    "a zip": (packed(codes="A1"), "zip archive; unpack it first"),
    "a text document": (packed(word__document="x"), "a text document"),
    "Numbers": (packed(Index__Document="x"), "a Numbers document"),
    "OpenDocument": (packed(mimetype="x") + b"", "zip archive"),
    "cut off": (workbook(("S", [["Code"], ["A1"]]))[:-100], "damaged"),
    "broken inside": (packed(xl__workbook="<x"), "an Excel file of another kind"),
}


@pytest.mark.parametrize("name", BY_ACCIDENT)
async def test_by_accident(path, name):
    raw, told = BY_ACCIDENT[name]
    with pytest.raises(Unreadable, match=told) as error:
        await read(path, raw)
    assert "Save the list as CSV or XLSX" in str(error.value)


def with_part(raw, name, content):
    """The workbook with another part in the place of one."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(raw)) as old, zipfile.ZipFile(out, "w", 8) as new:
        for entry in old.namelist():
            new.writestr(entry, content if entry == name else old.read(entry))
    return out.getvalue()


SHEET = "xl/worksheets/sheet1.xml"


def lying(raw, name):
    """The workbook, whose directory and headers call this part ten bytes long."""
    with zipfile.ZipFile(io.BytesIO(raw)) as one:
        size = struct.pack("<L", one.getinfo(name).file_size)
        crc = struct.pack("<L", one.getinfo(name).CRC)
    content = zipfile.ZipFile(io.BytesIO(raw)).read(name)
    short = struct.pack("<L", zlib.crc32(content[:10]))
    assert raw.count(size) >= 2
    return raw.replace(size, struct.pack("<L", 10)).replace(crc, short)


def far_away():
    """A cell in the last row and column: as a whole the sheet would have 17 billion."""
    raw = workbook(("S", [["Code"], ["A1"]]))
    xml = (
        '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
        '<row r="1"><c r="A1"><v>1</v></c></row>'
        '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData></worksheet>'
    )
    return with_part(raw, SHEET, xml)


def entities():
    raw = workbook(("S", [["Code"], ["A1"]]))
    names = "".join(f'<!ENTITY e{i} "{f"&e{i - 1};" * 20}">' for i in range(1, 12))
    xml = f'<!DOCTYPE x [<!ENTITY e0 "x">{names}]><worksheet><v>&e11;</v></worksheet>'
    return with_part(raw, SHEET, xml)


@pytest.fixture(scope="module")
def bomb():
    return with_part(workbook(("S", [["Code"], ["A1"]])), SHEET, b" " * 201_000_000)


async def test_a_bomb_is_not_unpacked(path, bomb):
    assert len(bomb) < 500_000
    for raw in (bomb, lying(bomb, SHEET)):
        with pytest.raises(Unreadable, match=r"unpacked it is larger than 200 MB\. Save .* CSV:"):
            await read(path, raw)


async def test_costly_workbooks_cost_no_more_than_a_process_may_have(path):
    with pytest.raises(Unreadable, match=r"than 1,024 MB of memory\. Save the list as CSV: "):
        await read(path, far_away())
    with pytest.raises(Unreadable, match="cannot be read as a workbook"):
        await read(path, entities())


async def test_a_workbook_that_takes_too_long(path, monkeypatch):
    monkeypatch.setattr(conversion, "SECONDS", 0.001)
    with pytest.raises(Unreadable, match=r"takes longer .* Save the list as CSV: "):
        await read(path, workbook(("S", [["Code"], ["A1"]])))


def test_what_an_archive_says_is_not_believed(bomb):
    with pytest.raises(archive.Refused, match="larger"):
        archive.check(io.BytesIO(lying(bomb, SHEET)))
    small = workbook(("S", [["Code"], ["A1"]]))
    assert SHEET in archive.check(io.BytesIO(small)).namelist()
