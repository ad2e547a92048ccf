"""Opt-outs from a file: chosen, looked at, put on the list once."""

from __future__ import annotations

import asyncio
import contextlib
import csv
import io
import re
from typing import Any

import asyncpg
import pytest
from litestar import Litestar
from litestar.datastructures import State

from tearoff.api.deps import open_doors
from tearoff.hooks import endpoints
from tearoff.kit import clock
from tearoff.people import optouts
from tearoff.web.dashboard.routes import ROUTES
from tearoff.web.paper import reading
from tests.api.caller import Caller
from tests.api.v4.client import client_of
from tests.cast import open_shop
from tests.kit.test_workbooks import workbook
from tests.web.browsing import in_browser
from tests.web.conftest import Page
from tests.web.dashboard.conftest import Person, text_of

UGLY = (
    'sep=;\r\nNaam;GSM-nummer;Stad\r\n\r\nAnn;"0470/00 12 01";Gent\r\n;;\r\n'
    'Bob;\'+32 470 00 12 02;"Sint-""Niklaas"""\r\nCas;3,247E+10;Gent\r\n'
    "Dé;0032470001203;Liège\r\nAnn;+32 470 00 12 01;Gent\r\nEef;niemand;Gent\r\n"
    "Fé;ANN@Example.com;Gent\r\nGé;;Gent\r\nHa;+32470001204;Gent\r\n"
)
"""Eleven lines with something in them: four new, one that is there, one twice, three refused."""
ROWS, NEW, ALREADY, TWICE, BAD = 9, 4, 1, 1, 3


@pytest.fixture
async def beach(services):
    shop = await open_shop(services, account={"country": "BE"})
    async with services.db.transaction() as db:
        await optouts.add(db, shop.account, "+32470001204", source="shop", now=clock.now())
    return shop


async def upload(person, content: bytes, *, reason="", name="list.csv"):
    token = await person.token_of("/opt-outs/import")
    head = (
        f'--xyz\r\nContent-Disposition: form-data; name="t"\r\n\r\n{token}\r\n--xyz\r\n'
        f'Content-Disposition: form-data; name="reason"\r\n\r\n{reason}\r\n--xyz\r\n'
        f'Content-Disposition: form-data; name="file"; filename="{name}"\r\n'
        "Content-Type: text/csv\r\n\r\n"
    )
    body = head.encode() + content + b"\r\n--xyz--\r\n"
    headers = {"content-type": "multipart/form-data; boundary=xyz"}
    return await person._ask("POST", "/opt-outs/import", io.BytesIO(body), headers)


async def look(person, content: bytes, **more):
    answer = await upload(person, content, **more)
    assert answer.status == 303, text_of(answer)
    path = answer.headers["location"]
    return path.partition("?")[0], await person.get(path)


def figures(page) -> list[int]:
    return [
        int(n.replace(",", ""))
        for n in re.findall(r'class="card figure">[^<]+<b>([\d,]+)</b>', page.text)
    ]


def rows_of(page) -> list[list[str]]:
    return list(csv.reader(io.StringIO(page.text.removeprefix("\ufeff"))))[1:]


async def listed(services, shop) -> set[str]:
    rows = await services.db.fetch(
        "SELECT address FROM opt_outs WHERE account_id = $1", shop.account
    )
    return {row["address"] for row in rows}


@pytest.mark.parametrize("charset", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
async def test_ugly_lines_add_up_on_the_page_in_v4_and_in_the_file(
    beach, sign_in, services, http, server, charset
):
    """Complaint 18: new, already, twice and refused are together all lines, everywhere."""
    person, content = await sign_in(beach, "sender"), UGLY.encode(charset)
    path, page = await look(person, content, reason="old system")
    assert figures(page) == [ROWS, NEW, ALREADY, TWICE, BAD]
    told = text_of(page)
    assert "GSM-nummer" in told
    assert "Put 4 on the list" in told
    assert "a spreadsheet has shortened this number" in told
    lines = rows_of(await person.get(f"{path}/lines.csv"))
    assert len(lines) == ALREADY + TWICE + BAD
    assert [line[1] for line in lines if "shortened" in line[2]] == ["3,247E+10"]
    assert await listed(services, beach) == {"+32470001204"}, "nothing is done by looking"

    v4 = client_of(Caller(http, server.url, beach))
    csv_of = {"data": content, "extra": {"Content-Type": "text/csv"}}
    checked = (await v4.call("POST", "/v4/suppressions/import/check", **csv_of)).body
    assert [checked[n] for n in ("rows", "new", "already", "twice", "bad")] == figures(page)
    named = [one["line"] for one in checked["bad_lines"] + checked["known_lines"]]
    assert sorted(named) == [int(line[0]) for line in lines]

    done = await person.post(path, {"reason": "old system"})
    assert done.status == 303, text_of(done)
    report = await person.get(path)
    assert figures(report) == [ROWS, NEW, ALREADY, TWICE, BAD]
    assert rows_of(await person.get(f"{path}/lines.csv")) == lines
    assert await listed(services, beach) == {
        "ann@example.com", *(f"+3247000120{n}" for n in range(1, 5)),
    }  # fmt: skip
    for number in ("+32470001201", "+32470001202", "+32470001203", "+32470001204"):
        body = {"campaign": beach.campaign, "phone": number}
        assert (await v4.post("/v4/messages", body)).body["code"] == 605


async def test_the_same_list_pressed_twice_at_once_is_put_once(beach, sign_in, services):
    person = await sign_in(beach)
    path, _ = await look(person, "\n".join(f"+3247000{n:04d}" for n in range(2_500)).encode())
    token = await person.token_of("/opt-outs")
    answers = await asyncio.gather(*(person.post(path, {}, token=token) for _ in range(4)))
    assert {a.status for a in answers} == {303}
    assert figures(await person.get(path)) == [2_500, 2_499, 1, 0, 0]
    imports = await services.db.fetchval(
        "SELECT count(*) FROM audit_entries WHERE account_id = $1 AND verb = 'suppression.import'",
        beach.account,
    )
    assert imports == 1
    again = await person.post(path, {})
    assert again.status == 303
    assert figures(await person.get(path)) == [2_500, 2_499, 1, 0, 0], "a reload does nothing"


async def test_the_same_file_by_two_people_at_once_adds_up(beach, sign_in, services):
    people = [await sign_in(beach), await sign_in(beach, "sender")]
    content = "\n".join(f"+3247000{n:04d}" for n in range(1_500)).encode()
    paths = [(await look(person, content))[0] for person in people]
    tokens = [await person.token_of("/opt-outs") for person in people]
    await asyncio.gather(
        *(p.post(path, {}, token=t) for p, path, t in zip(people, paths, tokens, strict=True))
    )
    told = [figures(await p.get(path)) for p, path in zip(people, paths, strict=True)]
    assert sum(one[1] for one in told) == 1_499
    assert all(one[0] == sum(one[1:]) for one in told)
    assert len(await listed(services, beach)) == 1_500


@contextlib.asynccontextmanager
async def somebody_else(services, statement):
    """Holds what this statement locks, in a transaction that is never committed."""
    holder = await asyncpg.connect(services.database_url)
    try:
        await holder.execute(f"BEGIN; {statement}")
        yield holder.get_server_pid()
    finally:
        await holder.close()


async def waiting_for(services, holder, task):
    """The connection that waits for this one, once it does."""
    while True:
        assert not task.done(), text_of(task.result())
        found = await services.db.fetchval(
            "SELECT pid FROM pg_stat_activity WHERE $1 = ANY(pg_blocking_pids(pid))", holder
        )
        if found:
            return found
        await asyncio.sleep(0.05)


async def test_a_list_that_breaks_off_says_so_and_can_be_put_again(beach, sign_in, services):
    person = await sign_in(beach)
    path, _ = await look(
        person, "\n".join(f"+3247000{n:04d}" for n in range(2_001, 3_004)).encode()
    )
    token = await person.token_of("/opt-outs")
    last = (
        "INSERT INTO opt_outs (account_id, address, source, created_at)"
        f" VALUES ({beach.account}, '+32470003003', 'shop', now())"
    )
    async with somebody_else(services, last) as holder:
        putting = asyncio.create_task(person.post(path, {}, token=token))
        waiting = await waiting_for(services, holder, putting)
        await services.db.fetchval("SELECT pg_terminate_backend($1)", waiting)
        page = await putting
    assert page.status == 503
    assert "1,000 of 1,003 addresses are on the list" in text_of(page)
    assert "Nothing was changed" not in text_of(page)
    assert len(await listed(services, beach)) == 1_001
    again = await person.post(path, {}, token=token)
    assert again.status == 303
    assert figures(await person.get(path)) == [1_003, 3, 1_000, 0, 0]


async def test_what_was_put_is_not_denied_where_its_report_cannot_be_kept(
    beach, sign_in, services, monkeypatch
):
    person = await sign_in(beach)
    path, _ = await look(person, b"+32470001301\n+32470001302\n")
    token = await person.token_of("/opt-outs")
    mine = Inside.of(person, services)
    async with contextlib.AsyncExitStack() as later:
        async with somebody_else(services, "LOCK TABLE opt_outs IN EXCLUSIVE MODE") as holder:
            putting = asyncio.create_task(mine.post(path, {}, token=token))
            await waiting_for(services, holder, putting)
            monkeypatch.setattr(reading, "PATIENCE", 0.3)
            locked = "LOCK TABLE kept_lists IN EXCLUSIVE MODE"
            await later.enter_async_context(somebody_else(services, locked))
        page = await putting
    assert page.status == 503
    assert "2 of 2 addresses are on the list" in text_of(page)


class Inside(Person):
    """The same person at screens in this process, whose patience a test may change."""

    @classmethod
    def of(cls, person, services):
        found = cls(person.shop, person.role, person.secret, person.http, person.url)
        state = State({"services": services, "doors": open_doors(services)})
        found.app = Litestar(ROUTES, state=state, openapi_config=None)
        return found

    async def _ask(self, method: str, path: str, body: str | None, headers: Any) -> Page:
        sent: list[Any] = []

        async def receive() -> Any:
            return {"type": "http.request", "body": (body or "").encode(), "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        address = path if path.startswith("/a/") else self.address(path)
        names = {
            "host": "127.0.0.1", "sec-fetch-site": "same-origin", "x-forwarded-proto": "https",
            "cookie": f"__Host-tearoff_sign_in={self.secret}",
            "content-type": "application/x-www-form-urlencoded",
        }  # fmt: skip
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method,
            "scheme": "https", "path": address, "raw_path": address.encode(), "query_string": b"",
            "root_path": "", "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 2), "state": {},
            "headers": [(k.encode(), v.encode()) for k, v in names.items()],
        }  # fmt: skip
        await self.app(scope, receive, send)
        answer = {k.decode(): v.decode() for k, v in sent[0]["headers"]}
        text = b"".join(m.get("body", b"") for m in sent[1:]).decode()
        return Page(sent[0]["status"], text, answer)


async def test_a_list_takes_as_long_as_it_takes(beach, sign_in, services, monkeypatch):
    """However long that is: who waits for a database that answers is not sent away."""
    person = await sign_in(beach)
    path, _ = await look(person, b"+32470001301\n+32470001302\n")
    token = await person.token_of("/opt-outs")
    monkeypatch.setattr(reading, "PATIENCE", 2)
    mine = Inside.of(person, services)
    for ask, status in (
        (lambda: mine.get(path), 200),
        (lambda: mine.post(path, {}, token=token), 303),
    ):
        locked = "LOCK TABLE opt_outs IN ACCESS EXCLUSIVE MODE"
        async with somebody_else(services, locked) as holder:
            asking = asyncio.create_task(ask())
            await waiting_for(services, holder, asking)
            await asyncio.wait([asking], timeout=reading.PATIENCE + 0.5)
        page = await asking
        assert page.status == status, text_of(page)
    assert figures(await person.get(path)) == [2, 2, 0, 0, 0]


@pytest.mark.soak
async def test_the_longest_list_comes_in_with_a_webhook_that_is_told(beach, sign_in, services):
    async with services.db.transaction() as db:
        await endpoints.create(
            db, services.vault, beach.account, url="https://example.com/",
            kinds=("contact_opted_out",), description="", now=clock.now(),
        )  # fmt: skip
    person = await sign_in(beach)
    path, page = await look(person, b"".join(b"+32470%06d\n" % n for n in range(100_000)))
    assert figures(page) == [100_000, 99_999, 1, 0, 0]
    done = await person.post(path, {})
    assert done.status == 303, text_of(done)
    assert figures(await person.get(path)) == [100_000, 99_999, 1, 0, 0]
    events = "SELECT count(*) FROM hook_events WHERE account_id = $1"
    assert await services.db.fetchval(events, beach.account) == 99_999


async def test_which_column_it_is_can_be_said(beach, sign_in, services):
    person = await sign_in(beach)
    path, page = await look(person, b"one;two\n+32470001301;+32470001401\n+32470001302;x\n")
    assert page.status == 200, "nobody has made a mistake yet"
    assert "Several columns may have the numbers" in text_of(page)
    assert "+32470001401" in text_of(page)
    page = await person.get(f"{path}?column=&header=yes")
    assert page.status == 422
    assert "Say which column has the numbers" in text_of(page)
    page = await person.get(f"{path}?column=2&header=yes")
    assert figures(page) == [2, 1, 0, 0, 1]
    done = await person.post(path, {"column": "2", "header": "yes"})
    assert done.status == 303
    assert await listed(services, beach) == {"+32470001204", "+32470001401"}


async def test_a_column_that_is_not_taken_is_told(beach, sign_in, services):
    """Numbers and mail addresses side by side: nobody in the other column is forgotten unsaid."""
    content = (
        b"Order,GSM,Contact,Note\n0470001399,+32470001301,ann@example.com,call @ noon\n"
        b"0470001398,+32470001302,ben@example.com,\n0470001397,+32470001303,ANN@example.com,\n"
    )
    person = await sign_in(beach)
    path, page = await look(person, content)
    told = "The column “Contact” has 2 addresses too: import the file once more with it."
    assert told in text_of(page)
    assert text_of(page).count("once more with it") == 1
    assert figures(page)[:2] == [3, 3]
    await person.post(path, {})
    assert told in text_of(await person.get(path)), "the report says it too"
    path, page = await look(person, content)
    page = await person.get(f"{path}?column=3&header=yes")
    assert "once more with it" not in text_of(page), "the numbers are on the list by now"
    await person.post(path, {"column": "3", "header": "yes"})
    assert {"+32470001301", "ann@example.com", "ben@example.com"} <= await listed(services, beach)
    assert "+32470001399" not in await listed(services, beach)


async def test_a_first_line_may_be_one_of_the_list(beach, sign_in):
    _, page = await look(await sign_in(beach), b"phone\n+32470001301\n")
    assert figures(page)[:2] == [1, 1]
    assert 'value="yes" selected' in page.text


async def test_a_workbook_is_read(beach, sign_in, services):
    raw = workbook(("S", [["Telefoon", "Naam"], [32470001211, "Ann"], ["0470 00 12 13", "Bo"]]))
    person = await sign_in(beach)
    path, page = await look(person, raw, name="list.xlsx")
    assert figures(page) == [2, 2, 0, 0, 0]
    await person.post(path, {})
    assert {"+32470001211", "+32470001213"} <= await listed(services, beach)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "There is nothing in this file."),
        (b"\n\n \n", "There is no number or address in this list."),
        (b"%PDF-1.7 x", "not a list"),
        (b"PK\x03\x04 broken", "cannot be read as a workbook"),
    ],
)
async def test_what_is_no_list_is_told_at_its_field(beach, sign_in, content, told):
    page = await upload(await sign_in(beach), content)
    assert page.status == 422
    assert told in text_of(page)


async def test_a_list_of_another_account_or_an_hour_ago_is_not_there(
    beach, sign_in, services, other_shop
):
    person, other = await sign_in(beach), await sign_in(other_shop)
    path, _ = await look(person, b"+32470001301\n")
    word = path.rpartition("/")[2]
    for method in (other.get, lambda p: other.post(p, {})):
        assert (await method(f"/opt-outs/import/{word}")).status == 404
    assert (await other.get(f"/opt-outs/import/{word}/lines.csv")).status == 404
    await services.db.execute("UPDATE kept_lists SET until = now()")
    assert (await person.get(path)).status == 404
    assert await listed(services, other_shop) == set()


async def test_what_is_kept_between_the_steps_is_sealed(beach, sign_in, services):
    await look(await sign_in(beach), b"+32470001301\nann@example.com\n")
    kept = await services.db.fetchval(
        "SELECT sealed FROM kept_lists WHERE account_id = $1", beach.account
    )
    assert b"47000" not in kept
    assert b"ann@" not in kept


@pytest.mark.parametrize("script", [True, False])
class TestInBrowser:
    pytestmark = in_browser

    async def test_a_list_comes_in_and_nobody_on_it_is_written_to(
        self, beach, sign_in, visit, services, tmp_path, script
    ):
        file = tmp_path / "old list.csv"
        file.write_bytes(UGLY.encode("cp1252"))
        person = await sign_in(beach, "manager")
        async with visit(
            person.address("/opt-outs"), cookies=[person.cookie], script=script
        ) as page:
            await page.get_by_role("link", name="Import", exact=True).click()
            await page.get_by_label("File").set_input_files(file)
            await page.get_by_role("button", name="Next: look at it").click()
            await page.get_by_role("button", name="Put 4 on the list").click()
            await page.get_by_text("4 entries are on the list now.").wait_for()
            await page.reload()
            await page.get_by_role("link", name="To the list").click()
            await page.get_by_label("Find a number or an address").fill("0470 00 12 03")
            await page.get_by_role("button", name="Find").click()
            await page.get_by_text("+32 470 00 12 03").wait_for()
        assert len(await listed(services, beach)) == 5
