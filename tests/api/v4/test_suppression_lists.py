"""`/v4/suppressions/import`: many addresses at once, from lists as other programs keep them."""

import asyncio

import asyncpg
import pytest

from tearoff.kit import clock
from tearoff.people import optouts
from tests.api.caller import Caller
from tests.cast import open_shop
from tests.kit.test_workbooks import workbook

REASON = "?reason=Asked%20by%20phone"


async def put(caller, body, query=""):
    return await caller.post(
        f"/v4/suppressions/import{query}", data=body, extra={"Content-Type": "text/csv"}
    )


async def listed(caller):
    answer = await caller.request("GET", "/v4/suppressions?limit=200", headers=caller.shop.headers)
    return [one["address"] for one in answer.body["data"]]


async def belgian(http, server, services):
    return Caller(http, server.url, await open_shop(services, account={"country": "BE"}))


async def test_what_can_be_read_is_taken_and_the_rest_named(http, server, services):
    caller = await belgian(http, server, services)
    body = (
        "Naam;GSM-nummer\r\nAnn;+32 470 00 12 01\r\nBob;0470/00.12.02\r\nC;0032470001203\r\n"
        "D;32470001204\r\nE;\u202a+32\u00a0470‑00‑12‑05\u202c\r\nF;+32 (0)470 00 12 06\r\n"
        "G;470001207\r\nH;0470 00 12 01\r\nI;nobody\r\nJ;\r\nK;3,247E+10\r\n"
        "L;Ann@Straße.example\r\nM;+52 1 55 1234 5678\r\n"
    )  # fmt: skip
    answer = await put(caller, body.encode("utf-16"), REASON)
    assert answer.status == 200, answer.text
    got = answer.body
    assert (got["rows"], got["added"], got["already"], got["twice"], got["bad"]) == (13, 9, 0, 1, 3)
    assert got["known_lines"] == [{"line": 9, "why": "twice in this list", "text": "0470 00 12 01"}]
    assert [one["line"] for one in got["bad_lines"]] == [10, 11, 12]
    assert "country" in got["bad_lines"][0]["why"]
    assert got["read"]["column"] == "GSM-nummer"
    assert await listed(caller) == sorted(
        [*(f"+3247000120{i}" for i in range(1, 8)), "ann@xn--strae-oqa.example", "+525512345678"]
    )
    again = (await put(caller, body)).body
    assert (again["added"], again["already"], again["twice"], again["bad"]) == (0, 9, 1, 3)
    evidence = await services.db.fetch(
        "SELECT address, source FROM consent_events WHERE account_id = $1", caller.shop.account
    )
    assert sorted(row["address"] for row in evidence) == await listed(caller)


async def test_numbers_in_a_workbook_need_no_zeros(http, server, services):
    caller = await belgian(http, server, services)
    raw = workbook(("S", [["Telefoon"], [32470001211], [470001212], ["0470 00 12 13"]]))
    assert (await put(caller, raw)).body["added"] == 3
    assert await listed(caller) == ["+32470001211", "+32470001212", "+32470001213"]


async def test_a_broken_line_holds_no_other_back(caller):
    lines = [
        "phone;note", "+32470001241;a", '+32470001242;"never closed', "+32470001243;a",
        "+3247000\x001244;a", "+32470001245;" + "a" * 70_000, '+32470001246;"b"a', "+32470001247;b",
    ]  # fmt: skip
    answer = await put(caller, "\n".join(lines))
    assert answer.status == 200, answer.text
    got = answer.body
    assert (got["rows"], got["added"], got["bad"]) == (7, 3, 4)
    assert {one["line"]: one["why"].split()[0:2] for one in got["bad_lines"]} == {
        3: ["a", "quote"], 5: ["it", "has"], 6: ["it", "is"], 7: ["there", "are"],
    }  # fmt: skip
    assert await listed(caller) == ["+32470001241", "+32470001243", "+32470001247"]


async def test_without_a_country_national_numbers_are_named(caller):
    answer = await put(caller, "0470001221\n+32470001222\n")
    assert (answer.body["added"], [one["line"] for one in answer.body["bad_lines"]]) == (1, [1])


@pytest.mark.parametrize(
    ("body", "query", "field", "told"),
    [
        ("", "", "suppressions", "There is no number or address"),
        ("phone;email\n+32470001231;a@example.com\n", "", "suppressions", "several columns"),
        ("phone\n+32470001231\n", "?column=mail", "column", "no column 'mail'"),
        ("phone\n+32470001231\n" + '"n"n\n' * 1_001, "", "suppressions", "quotes that are wrong"),
        ("+32470001231\n" + "n\n" * 100_000, "", "suppressions", "At most 100,000"),
    ],
)
async def test_a_list_that_cannot_be_read_changes_nothing(caller, body, query, field, told):
    answer = await put(caller, body, query)
    assert answer.status == 422, answer.text
    assert answer.body["errors"][0]["field"] == field
    assert told in answer.body["detail"]
    assert await listed(caller) == []


async def test_a_list_that_breaks_off_says_what_is_on_it(caller, services, settings):
    """And while it waits for somebody, nobody waits for what it has written."""
    numbers = [f"+3247000{i}" for i in range(2000, 3003)]
    holder = await asyncpg.connect(settings.database_url)
    holding = holder.transaction()
    await holding.start()
    await optouts.add(holder, caller.shop.account, numbers[-1], source="shop", now=clock.now())
    importing = asyncio.create_task(put(caller, "\n".join(numbers)))
    waiting = None
    while waiting is None:
        assert not importing.done()
        await asyncio.sleep(0.05)
        waiting = await services.db.fetchval(
            "SELECT pid FROM pg_stat_activity WHERE $1 = ANY(pg_blocking_pids(pid))",
            holder.get_server_pid(),
        )
    async with services.db.transaction() as db:
        await db.execute("SET LOCAL lock_timeout = '5s'")
        await optouts.remove(db, caller.shop.account, numbers[0], now=clock.now())
        for number in (numbers[1], numbers[1001]):  # a STOP
            await optouts.add(db, caller.shop.account, number, source="reply", now=clock.now())
    await services.db.fetchval("SELECT pg_terminate_backend($1)", waiting)
    answer = await importing
    await holding.rollback()
    await holder.close()
    assert answer.status == 503, answer.text
    assert "the first 1,000 of 1,003 addresses are on the list" in answer.body["detail"]
    again = await put(caller, "\n".join(numbers))
    assert (again.status, again.body["added"], again.body["already"]) == (200, 4, 999)
