"""Lists as people's programs write them, read to the values of one column."""

import codecs
import csv
import io
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tearoff.kit.tables.models import Asked, Unreadable, Wanted
from tearoff.kit.tables.reading import opened

CODES = Wanted("code", "codes", frozenset({"code", "codepromo", "codigo", "gutscheincode"}))


async def read(path, raw, **asked):
    path.write_bytes(raw if isinstance(raw, bytes) else raw.encode())
    values = []
    async with opened(path, CODES, Asked(**asked)) as table:
        async for lot in table.lots():
            values += lot
    return table.reading, values


def texts(values):
    return [value.text for value in values]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "list"


AS_WRITTEN = {
    "one a line": ("A1\nB2\n", ["A1", "B2"]),
    "no end of the last line": ("A1\nB2", ["A1", "B2"]),
    "CR alone": ("A1\rB2\rC3", ["A1", "B2", "C3"]),
    "CRLF": ("A1\r\nB2\r\n", ["A1", "B2"]),
    "empty lines": ("\n\nA1\n  \n\r\nB2\n,,\n", ["A1", "B2"]),
    "blanks in codes": ("SAVE 10\nSAVE 20\n", ["SAVE 10", "SAVE 20"]),
    "dashes and the like": ("A-1_x.y/z#:+\nB-2_x.y/z#:+\n", ["A-1_x.y/z#:+", "B-2_x.y/z#:+"]),
    "semicolons": ("Code;Wert\nA1;1,50\nB2;2,50\n", ["A1", "B2"]),
    "commas": ("code,value\nA1,1.50\nB2,2.50\n", ["A1", "B2"]),
    "tabs": ("Wert\tCode\n5\tA1\n6\tB2\n", ["A1", "B2"]),
    "bars": ("note|code\nx|A1\ny|B2\n", ["A1", "B2"]),
    "sep=": ("sep=;\r\ncode;n\r\nA,1;x\r\nB,2;y\r\n", ["A,1", "B,2"]),
    "sep= in quotes": ('"sep=|"\ncode|n\nA;1|x\n', ["A;1"]),
    "delimiter in quotes": ('code;n\n"X;Y1";2\n"X;Y2";3\n', ["X;Y1", "X;Y2"]),
    "delimiter in quotes, one column": ('"X;Y1"\n"X;Y2"\n', ["X;Y1", "X;Y2"]),
    "quotes in quotes": ('"AB""C1"\n"AB""C2"\n', ['AB"C1', 'AB"C2']),
    "quotes inside": ('5"A1\n6"B2\n', ['5"A1', '6"B2']),
    "zeros kept by a formula": ('="00123"\n="00124"\n', ["00123", "00124"]),
    "the same in quotes": ('"=""00123""";x\n"=""00124""";y\n', ["00123", "00124"]),
    "columns once used": ("Code;;;\nA1;;;\nB2;;;\n", ["A1", "B2"]),
    "columns once used, no heading": ("A1;;;\nB2;;;\n", ["A1", "B2"]),
    "columns once used, some lines": ("Code;\nA1\nB2\nC3\n", ["A1", "B2", "C3"]),
    "UTF-8 with its mark": (codecs.BOM_UTF8 + "é1\né2".encode(), ["é1", "é2"]),
    "UTF-16 LE": ("\ufeffcode\r\né1\r\né2".encode("utf-16-le"), ["é1", "é2"]),
    "UTF-16 BE": ("\ufeffcode\tn\r\né1\tx\r\n".encode("utf-16-be"), ["é1"]),
    "UTF-16 LE without mark": ("code\ré1\ré2\r".encode("utf-16-le"), ["é1", "é2"]),
    "UTF-16 BE without mark": ("code\né1\né2\n".encode("utf-16-be"), ["é1", "é2"]),
    "windows-1252": ("é1\n€2\n".encode("cp1252"), ["é1", "€2"]),
    "two bytes beyond the sample": (b"A1\n" * 30_000 + "é1".encode(), ["A1"] * 30_000 + ["é1"]),
    "windows-1252 beyond the sample": (b"A1\n" * 30_000 + b"\xe91", ["A1"] * 30_000 + ["é1"]),
    "a break inside quotes, elsewhere": ('code;n\nA1;"x\ny"\nB2;z\n', ["A1", "B2"]),
    "a heading in another language": ("Código;País\nA1;ES\n", ["A1"]),
    "a heading with marks": ("\u200bCode\u00a0promo ;n\nA1;x\n", ["A1"]),
    "a heading by its form": ("Rabatt\nA1\nB2\nC3\n", ["A1", "B2", "C3"]),
    "a heading above numbers": ("EAN\n4006381333931\n4006381333948\n", ["4006381333931",
                                "4006381333948"]),
    "a word among codes": ("WELCOME\nSAVE10\nSAVE20\n", ["WELCOME", "SAVE10", "SAVE20"]),
    "words only": ("SPRING\nSUMMER\n", ["SPRING", "SUMMER"]),
}  # fmt: skip


@pytest.mark.parametrize("name", AS_WRITTEN)
async def test_as_programs_write(path, name):
    raw, expected = AS_WRITTEN[name]
    asked = {"column": "1"} if name == "the same in quotes" else {}
    reading, values = await read(path, raw, **asked)
    assert texts(values) == expected, reading
    assert not any(value.problem for value in values)


async def test_it_says_how_it_read(path):
    reading, values = await read(path, b"\xff\xfe" + "Gutschein-Code;n\nA1;x\n".encode("utf-16-le"))
    assert (reading.format, reading.charset, reading.delimiter) == ("csv", "utf-16", ";")
    assert (reading.header, reading.column) == (True, "Gutschein-Code")
    assert reading.first_line == "first line read as header: column 'Gutschein-Code' taken"
    assert [(value.line, value.text) for value in values] == [(2, "A1")]
    reading, _ = await read(path, b"\xe91\nA2\n")
    assert (reading.charset, reading.delimiter, reading.column) == ("windows-1252", "", "1")
    assert reading.first_line == "no header: first line read as a code"


@pytest.mark.parametrize(
    ("raw", "asked", "expected"),
    [
        ("code\nA1\n", {"header": False}, ["code", "A1"]),
        ("SPRING\nA1\n", {"header": True}, ["A1"]),
        ("a;b\nA1;B1\n", {"column": "B"}, ["B1"]),
        ("A1;B1\nA2;B2\n", {"column": "2"}, ["B1", "B2"]),
        ("Mein Code;2\nA1;B1\n", {"column": "2"}, ["A1"]),
        ("code;x\nA1;B1\n", {"column": "x"}, ["B1"]),
    ],
)
async def test_what_somebody_says_goes_first(path, raw, asked, expected):
    if "Mein" in raw:
        asked = {"column": "mein code"}
    assert texts((await read(path, raw, **asked))[1]) == expected


REFUSED = {
    "nothing": ("", "There is no code in this list."),
    "several columns": ("A1;B1\nA2;B2\n", "several columns (1, 2). Say in `column`"),
    "several with headings": ("a;b\nA1;B1\nA2;B2\n", "(1 'a', 2 'b')"),
    "known headings twice": ("Code;Code promo\nA1;B1\n", "(1 'Code', 2 'Code promo')"),
    "wrong quotes everywhere": ('"B"2\n' * 1_100, "More than 1,000 lines have quotes"),
    "open quotes everywhere": ("code,n\n" + 'x","\n' * 1_100, "More than 1,000 lines have quotes"),
    "UTF-16 that breaks off": (b"\xff\xfeA\x001", "it breaks off"),
    "UTF-8 that is none": (codecs.BOM_UTF8 + b"A\xe91\n", "UTF-8, and is not"),
    "no charset": (b"A\x811\n", "neither UTF-8"),
    "xls": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "an old Excel file"),
    "PDF": (b"%PDF-1.7\n", "This is a PDF"),
    "a web page": ("<html><table><tr><td>A1", "This is a web page"),
    "gzip": (b"\x1f\x8b\x08\0", "gzip"),
    "a form": ('--x\r\nContent-Disposition: form-data; name="f"\r\n\r\nA1\r\n--x--', "a form"),
}


@pytest.mark.parametrize("name", REFUSED)
async def test_refused_with_the_remedy(path, name):
    raw, told = REFUSED[name]
    with pytest.raises(Unreadable) as error:
        await read(path, raw)
    assert told in str(error.value)
    assert error.value.field == "codes"


UNREADABLE = {
    "NUL": ("B\x002", "it has a NUL byte"),
    "a quote that stays open": ('"B2', "a quote begins here"),
    "letters behind a quote": ('"B"2', "there are letters behind"),
    "a long line": ("A" * 70_000, "it is longer"),
    "a very long line": ("A" * 300_000, "it is longer"),
}


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("name", UNREADABLE)
async def test_a_line_that_cannot_be_read_holds_no_other_back(path, name, end):
    line, told = UNREADABLE[name]
    for before, behind in (("A1", ["C3", "D4"]), ("A1", []), ("code", ["C3", "D4"])):
        _, values = await read(path, "".join(x + end for x in (before, line, *behind)))
        bad = [value for value in values if value.problem]
        assert [value.line for value in bad] == [2] and bad[0].problem.startswith(told)
        good = [(value.line, value.text) for value in values if not value.problem]
        first = [(1, "A1")] if before == "A1" else []
        assert good == first + [(3 + i, text) for i, text in enumerate(behind)]


async def test_a_quote_that_stays_open_in_a_long_list(path):
    """The rows behind it are read as they are, however far it would reach, and those that have
    line breaks too."""
    rows = [f"K-{i:05d};x" for i in range(20_000)]
    rows[7] = 'K-00007;"x'
    rows[30] = 'K-00030;"x\ny"'
    _, values = await read(path, "code;n\n" + "\n".join(rows))
    assert [value.line for value in values if value.problem] == [9]
    good = [value for value in values if not value.problem]
    assert len(good) == 19_999
    assert (good[-1].text, good[-1].line) == ("K-19999", 20_002)


async def test_a_column_that_is_not_there(path):
    for column in ("value", "3", "0"):
        with pytest.raises(Unreadable, match="'code', 'n'") as error:
            await read(path, "code;n\nA1;x\n", column=column, header=True)
        assert error.value.field == "column"
    with pytest.raises(Unreadable, match="no headings"):
        await read(path, "A1;x\n", column="code")


async def test_values_that_are_none(path):
    raw = 'code;n\nA1;x\n;y\n1.23E+15;x\n1,2e-05;x\n#N/A;x\n"A\nB";x\n12E3;x\n'
    _, values = await read(path, raw)
    told = {value.line: value.problem for value in values}
    assert told[2] == told[9] == ""
    assert "nothing" in told[3]
    assert "shortened" in told[4]
    assert "shortened" in told[5]
    assert "formula" in told[6]
    assert "line break" in told[7]
    _, values = await read(path, raw, numeric=True)
    assert values[2].problem == ""


CELLS = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cs",), exclude_characters="\0"), max_size=12
)
DIALECTS = [
    {"delimiter": delimiter, "lineterminator": end, "quoting": quoting}
    for delimiter in ",;\t|"
    for end in ("\n", "\r\n", "\r")
    for quoting in (csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC)
]
# What Python's writer puts no quotes round: a CR alone where lines end in LF, and the reverse.
BREAKS = re.compile("\r\n|\r|\n")
CHARSETS = ["utf-8", "utf-8-sig", "utf-16"]


@given(
    rows=st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1, max_size=8),
    dialect=st.sampled_from(DIALECTS),
    charset=st.sampled_from(CHARSETS),
    place=st.integers(0, 2),
)
@example(rows=[("", "", "\x85")], dialect=DIALECTS[0], charset="utf-8", place=0)
async def test_what_csv_writes_reads_back_the_same(tmp_path_factory, rows, dialect, charset, place):
    rows = [tuple(BREAKS.sub("\r\n", cell.replace("=", "")) for cell in row) for row in rows]
    out = io.StringIO(newline="")
    out.write(f"sep={dialect['delimiter']}{dialect['lineterminator']}")
    csv.writer(out, **dialect).writerows([("a", "b", "c"), *rows])
    path = tmp_path_factory.getbasetemp() / "written.csv"
    reading, values = await read(
        path, out.getvalue().encode(charset), header=True, column="abc"[place]
    )
    assert reading.delimiter == dialect["delimiter"]
    assert texts(values) == [row[place].strip() for row in rows if any(map(str.strip, row))]


WORDS = st.from_regex(r"[A-Z0-9][A-Za-z0-9 .\-]{3,10}[0-9]", fullmatch=True)


@given(
    codes=st.lists(WORDS, min_size=1, max_size=20),
    notes=st.lists(CELLS.filter(str.strip), min_size=20, max_size=20),
    dialect=st.sampled_from(DIALECTS),
    charset=st.sampled_from(CHARSETS),
    header=st.sampled_from(["Code", "Code promo", "CÓDIGO"]),
)
async def test_codes_with_a_column_of_anything(
    tmp_path_factory, codes, notes, dialect, charset, header
):
    notes = [BREAKS.sub("\r\n", note) for note in notes]
    out = io.StringIO(newline="")
    csv.writer(out, **dialect).writerows([(header, "n"), *zip(codes, notes, strict=False)])
    path = tmp_path_factory.getbasetemp() / "codes.csv"
    reading, values = await read(path, out.getvalue().encode(charset))
    assert (reading.delimiter, reading.column) == (dialect["delimiter"], header)
    assert texts(values) == [code.strip() for code in codes]
