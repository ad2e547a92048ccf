"""`/v4/campaigns/{id}/codes`."""

import asyncio
import re

import pytest

from tearoff.coupons.pools.importing import LeftOut
from tearoff.coupons.pools.reports import bad_lines
from tests.cast import open_shop
from tests.kit.test_workbooks import workbook


async def put(caller, body, campaign=None, query="", **more):
    path = f"/v4/campaigns/{campaign or caller.shop.campaign}/codes{query}"
    return await caller.post(path, data=body, extra={"Content-Type": "text/csv"}, **more)


async def left(caller):
    path = f"/v4/campaigns/{caller.shop.campaign}/codes"
    return (await caller.request("GET", path, headers=caller.shop.headers)).body


async def test_import_and_use(caller):
    answer = await put(caller, "code\nA-1\nA-2\nA-1\n")
    assert answer.status == 200, answer.text
    assert answer.body == {
        "imported": 2, "left_out": 1,
        "lines": [{"line": 4, "code": "A-1", "why": "twice in this list"}],
        "twins": 0, "twin_lines": [], "rows": 3,
        "read": {
            "format": "csv", "charset": "utf-8", "delimiter": "", "sheet": "", "header": True,
            "column": "code", "first_line": "first line read as header: column 'code' taken",
        },
        "twice": 1, "already": 0, "empty": 0,
    }  # fmt: skip
    assert await left(caller) == {"left": 2, "low": 100}
    made = await caller.post("/v3/singleuse/create", {"campaign": caller.shop.ref})
    assert made.body["custom_validation_code"] == "A-1"
    assert (await left(caller))["left"] == 1


@pytest.mark.parametrize("lots", [20, pytest.param(100, marks=pytest.mark.soak)])
async def test_a_large_list_is_streamed(caller, lots):
    async def lines():
        for lot in range(lots):
            yield "".join(f"C-{lot}-{i}\n" for i in range(1000)).encode()
            await asyncio.sleep(0)

    answer = await put(caller, lines())
    assert answer.body["imported"] == lots * 1000
    assert (await left(caller))["left"] == lots * 1000


@pytest.mark.parametrize("body", ["", b"ok\n\x81", "ok\nb\x00d\n"])
async def test_a_bad_list_changes_nothing(caller, body):
    answer = await put(caller, body)
    assert answer.status == 422, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.body["errors"][0]["field"] == "codes"
    assert (await left(caller))["left"] == 0


@pytest.mark.parametrize(
    ("barcode", "good", "bad", "told"),
    [
        ("ean13", "4006381333931", "4006381333932", "The last digit should be 1."),
        ("upca", "036000291452", "03600029145", "12 digits."),
        ("itf", "1234", "123", "An even number of digits."),
        ("code128", "A-1", "É-1", "Letters without accents"),
        ("gs1_128", "(01)09506000134352", "(01)1", "After (01): 14 digits."),
    ],
)
async def test_codes_fit_the_barcode_that_holds_them(caller, barcode, good, bad, told):
    path = f"/v4/campaigns/{caller.shop.campaign}"
    set_to = {"barcode": barcode, "code_source": "own"}
    done = await caller.request("PATCH", path, json=set_to, headers=caller.shop.headers)
    assert done.status == 200, done.text
    answer = await put(caller, f"{good}\n{bad}\n")
    assert answer.status == 422
    assert answer.body["detail"].startswith(f"Line 2: {bad} does not fit")
    assert told in answer.body["detail"]
    assert (await left(caller))["left"] == 0
    assert (await put(caller, f"{good}\n")).body["imported"] == 1


@pytest.mark.parametrize(
    ("body", "query", "first", "given"),
    [
        ('"X;Y1";2\n"AB""C1";3\n', "?column=1", "no header", ["X;Y1", 'AB"C1']),
        ('Gutschein-Code;Wert\r="00123";5\r="00124";5\r', "", "'Gutschein-Code'",
         ["00123", "00124"]),
        ("Nummer;Land\nA1;BE\nB2;FR\n", "?header=yes&column=nummer", "'Nummer'", ["A1", "B2"]),
        ("code\nA1\n", "?header=no", "no header", ["code", "A1"]),
        ("\ufeffMijn kortingscode\r\nA1\r\nB2\r\n".encode("utf-16"), "?header=yes",
         "'Mijn kortingscode'", ["A1", "B2"]),
        ("1.23E+15\n", "?numeric=accept", "no header", ["1.23E+15"]),
    ],
)  # fmt: skip
async def test_lists_as_programs_write_them(caller, services, body, query, first, given):
    answer = await put(caller, body, query=query)
    assert answer.status == 200, answer.text
    assert first in answer.body["read"]["first_line"]
    stored = await services.db.fetch(
        "SELECT code FROM pool_codes WHERE campaign_id = $1 ORDER BY id", caller.shop.campaign
    )
    assert [row["code"] for row in stored] == given
    assert (answer.body["rows"], answer.body["imported"]) == (len(given), len(given))


@pytest.mark.parametrize(
    ("body", "query", "field", "told"),
    [
        ("A1;B1\nA2;B2\n", "", "codes", "several columns (1, 2)"),
        ("code;n\nA1;x\n", "?column=value", "column", "no column 'value'"),
        ("code\nA1\n1.23E+15\n", "", "codes", "Line 3: 1.23E+15 is a number"),
        ("code\nA1\n", "?header=perhaps", "header", "header"),
        ("%PDF-1.7", "", "codes", "This is a PDF"),
    ],
)
async def test_what_is_not_clear_is_asked(caller, body, query, field, told):
    answer = await put(caller, body, query=query)
    assert answer.status == 422, answer.text
    assert answer.body["errors"][0]["field"] == field
    assert told in answer.body["detail"]
    assert (await left(caller))["left"] == 0


async def test_a_workbook(caller):
    raw = workbook(("Leer", []), ("Herbst", [["Code", "n"], ["00123", 1], [124, 2]]))
    answer = await put(caller, raw)
    assert answer.status == 422
    assert answer.body["detail"].startswith("Cell A3: this is a number, so leading zeros may")
    assert (await left(caller))["left"] == 0
    answer = await put(caller, raw, query="?numeric=accept&sheet=herbst")
    assert (answer.body["imported"], answer.body["rows"]) == (2, 2)
    assert (answer.body["read"]["format"], answer.body["read"]["sheet"]) == ("xlsx", "Herbst")


async def test_all_bad_lines_are_counted_and_the_first_named(caller):
    bad = "".join(f"{'x' * 101}{i}\n" for i in range(25))
    answer = await put(caller, f"code;n\nA-1;x\n;only a note\n{bad}")
    assert answer.status == 422
    assert "Line 4: a code has at most 100" in answer.body["detail"]
    assert answer.body["detail"].endswith("So are 15 more. Nothing was imported.")


async def test_a_line_without_a_code_is_told(caller):
    answer = await put(caller, "code;n\nA-1;x\n;only a note\nA-1;y\n")
    assert answer.body["lines"] == [
        {"line": 3, "code": "", "why": "no code"},
        {"line": 4, "code": "A-1", "why": "twice in this list"},
    ]
    assert (answer.body["rows"], answer.body["imported"], answer.body["left_out"]) == (3, 1, 2)


async def test_another_tenants_campaign(caller, other_caller):
    answer = await put(other_caller, "A\n", campaign=caller.shop.campaign)
    assert answer.status == 404
    assert (await left(caller))["left"] == 0


async def test_a_refusal_is_heard_while_the_list_is_sent(caller):
    async def lines():
        yield b"ok\nb\x00d\n"
        for _ in range(200):  # as much as no socket holds
            yield (b"x" * 39 + b"\n") * 500
            await asyncio.sleep(0)

    answer = await put(caller, lines())
    assert answer.status == 422
    assert "Line 2" in answer.body["errors"][0]["detail"]


async def test_lines_that_cannot_be_read_refuse_all_codes(caller):
    """Each is named: no code may be lost without a word."""
    lines = ["code;n", "A-1;x", 'A-2;"x', "A-3;x", "A-\x004;x", "A-5;" + "x" * 70_000, "A-6;x"]
    answer = await put(caller, "\n".join(lines))
    assert answer.status == 422
    assert re.findall(r"Line (\d+): (\w+ \w+)", answer.body["detail"]) == [
        ("3", "a quote"), ("5", "it has"), ("6", "it is"),
    ]  # fmt: skip
    assert answer.body["detail"].endswith("Nothing was imported.")
    assert (await left(caller))["left"] == 0


async def check(caller, body, campaign=None):
    path = f"/v4/campaigns/{campaign or caller.shop.campaign}/codes/check"
    return await caller.post(path, data=body.encode(), extra={"Content-Type": "text/csv"})


async def test_a_check_says_what_would_become_of_every_line(caller, services):
    """Complaint 18: the figures are all lines of the file, before and after it is stored; one bad
    line hides none of the others."""
    assert (await put(caller, "code\nA-1\n")).status == 200
    long = "x" * 150
    body = f"code,note\nA-1,\nB-1,\nB-1,\n,only a note\n{long},\na-1,\nB-2,\n"
    told = (await check(caller, body)).body
    names = ("new", "twice", "already", "empty", "refused", "twins", "rows")
    assert [told[name] for name in names] == [3, 1, 1, 1, 1, 1, 7]
    assert sum(told[name] for name in names[:5]) == told["rows"]
    assert [(one["line"], one["code"][:3]) for one in told["lines"]] == [
        (2, "A-1"), (4, "B-1"), (5, ""), (6, "xxx"),
    ]  # fmt: skip
    assert (await left(caller))["left"] == 1
    assert (await put(caller, body)).status == 422
    done = (await put(caller, body.replace(f"{long},\n", ""))).body
    names = ("imported", "twice", "already", "empty")
    assert [done[name] for name in names] == [3, 1, 1, 1]
    assert sum(done[name] for name in names) == done["rows"] == 6
    lines = [LeftOut(**one) for one in told["lines"]]
    file = bad_lines([*lines, LeftOut(9, "=HYPERLINK(1)", "why")]).decode("utf-8-sig")
    assert len(file.splitlines()) == 6
    assert "9,'=HYPERLINK(1),why" in file
    other = await open_shop(services)
    assert (await check(caller, body, other.campaign)).status == 404
