"""The coupons of the whole account: found, filtered, taken away as a file."""

from __future__ import annotations

import asyncio
import csv
import io
import itertools
import json
import re
from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlencode

import pytest

from tearoff.coupons.models import NewSession
from tests.cast import open_place, open_shop
from tests.running import PATIENCE
from tests.web.browsing import axe_finds_nothing, in_browser
from tests.web.conftest import do
from tests.web.dashboard.conftest import COOKIE, text_of

ANN = NewSession(
    firstname="Ann", lastname="Peeters", phone="+32470005678", email="Ann@example.com",
    customid="K-17",
)  # fmt: skip
ZOE = NewSession(firstname="Zoë", lastname="Çelik", phone="+32470009876")


@pytest.fixture
async def beach(services):
    return await open_shop(services, account={"country": "BE"})


def codes_in(page) -> list[str]:
    return list(
        dict.fromkeys(
            re.findall(r'<td><a class="code ltr no-wrap" href="[^"]*/coupons/(\w+)', page.text)
        )
    )


def form_of(page) -> list[tuple[str, str]]:
    """What the button for a file sends."""
    form = re.search(
        r'<form method="post" action="[^"]*/coupons/export".*?</form>', page.text, re.S
    )
    assert form is not None
    return re.findall(r'name="(?!t"|back")(\w+)" value="([^"]*)"', form[0])


def rows_of(answer) -> list[dict[str, str]]:
    assert answer.status == 200, text_of(answer)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))


async def test_days_that_end_before_they_begin_are_a_slip(beach, make_coupon, sign_in):
    await make_coupon(beach, new=ANN)
    person = await sign_in(beach)
    for at in ("/coupons", f"/campaigns/{beach.campaign}/coupons"):
        page = await person.get(f"{at}?from=2026-11-30&until=2026-11-29")
        assert page.status == 422
        assert "The last day is before the first one." in text_of(page)
        assert "is all of this at once" not in text_of(page)
        assert 'value="2026-11-30"' in page.text
        assert (await person.get(f"{at}?from=2026-11-30&until=2026-11-30")).status == 200


async def test_a_coupon_is_found_in_all_campaigns(beach, make_coupon, sign_in):
    ann, zoe = await make_coupon(beach, new=ANN), await make_coupon(beach, new=ZOE)
    person = await sign_in(beach, "sender")
    assert codes_in(await person.get("/coupons")) == [zoe.code[:6], ann.code[:6]]
    for text in ("0470 00 56 78", "5678", "ann@EXAMPLE.com", "pEETERS an", "K-17", ann.short):
        page = await person.get(f"/coupons?{urlencode({'search': text})}")
        assert codes_in(page) == [ann.code[:6]], text
    page = await person.get("/coupons?search=celik")
    assert codes_in(page) == [zoe.code[:6]]
    assert "Two for one" in text_of(page)
    assert "Without a message" in text_of(page)


async def test_nothing_found_says_what_helps(beach, make_coupon, sign_in):
    await make_coupon(beach, new=ANN)
    person = await sign_in(beach)
    page = text_of(await person.get("/coupons?search=67"))
    assert "Nothing for “67”" in page
    assert "numbers are found from 4 digits on" in page
    page = text_of(await person.get("/coupons?search=nobody&state=opened"))
    assert "Search without the filters" in page
    assert "found from" not in page
    page = await person.get("/coupons?state=voided")
    assert "Nothing fits these filters" in text_of(page)
    assert '<details class="whole-line" open>' in page.text
    own = await person.get(f"/campaigns/{beach.campaign}/coupons?search=nobody")
    assert "Search in all campaigns" in text_of(own)


async def test_none_yet_leads_to_sending_one(beach, sign_in):
    page = await (await sign_in(beach)).get("/coupons")
    assert "No coupon handed out yet" in text_of(page)
    assert "Send one" in text_of(page)
    assert "CSV" not in text_of(page)


async def test_a_filter_that_cannot_be_read_is_told(beach, make_coupon, sign_in):
    await make_coupon(beach, new=ANN)
    person = await sign_in(beach)
    for query in ("state=used", "channel=pigeon", "from=2026", "until=31.12.2026", "campaign=x",
                  "location=x", "differs=perhaps", "cursor=nonsense", "search=%01"):  # fmt: skip
        page = await person.get(f"/coupons?{query}")
        assert page.status == 422, query
        assert 'id="w-search"' in page.text, query
        assert codes_in(page) == [], query
    for query in ("campaign=99999999", "location=99999999"):
        assert (await person.get(f"/coupons?{query}")).status == 404


async def test_days_are_those_of_the_accounts_clock(services, make_coupon, sign_in):
    """The last day is whole, and a day is no day of UTC."""
    shop = await open_shop(services, account={"timezone": "America/New_York"})
    coupon = await make_coupon(shop, new=ANN)
    at = datetime(2026, 3, 2, 4, 30, tzinfo=UTC)  # 23:30 on the first of March there
    await services.db.execute(
        "UPDATE sessions SET created_at = $2 WHERE code = $1", coupon.code, at
    )
    person = await sign_in(shop)
    for query, found in (
        ("from=2026-03-01&until=2026-03-01", True), ("from=2026-03-02", False),
        ("until=2026-02-28", False), ("until=2026-03-01", True),
    ):  # fmt: skip
        assert bool(codes_in(await person.get(f"/coupons?{query}"))) == found, query


async def test_pages_keep_the_filters(beach, sign_in, services):
    await services.db.execute(
        "INSERT INTO sessions (account_id, campaign_id, code, created_at, locked)"
        " SELECT $1, $2, substr(translate(md5(i::text), '01', 'xy'), 1, 21),"
        " now() - i * interval '1 minute', i % 2 = 0 FROM generate_series(1, 230) i",
        beach.account, beach.campaign,
    )  # fmt: skip
    person = await sign_in(beach)
    for path in ("/coupons", f"/campaigns/{beach.campaign}/coupons"):
        address, seen = f"{path}?state=locked&channel=link", []
        for _ in range(4):
            page = await person.get(address)
            seen += codes_in(page)
            following = re.search(r'href="([^"]+)" rel="next"', page.text)
            if following is None:
                break
            address = following[1].replace("&amp;", "&")
            kept = dict(parse_qsl(address.partition("?")[2]))
            assert (kept["state"], kept["channel"]) == ("locked", "link")
        assert len(seen) == len(set(seen)) == 115


async def test_a_reader_finds_nobody_by_parts(beach, make_coupon, sign_in):
    """Digit by digit, whoever sees no numbers could put one together."""
    coupon = await make_coupon(beach, new=ANN)
    reader = await sign_in(beach, "reader")
    page = await reader.get("/coupons")
    assert "…678" in text_of(page)
    for hidden in ("Peeters", "0005678", "00 56 78", "ann@example", "K-17"):
        assert hidden.lower() not in page.text.lower(), hidden
    for text in ("5678", "ann", "example.com"):
        assert codes_in(await reader.get(f"/coupons?search={text}")) == [], text
    assert codes_in(await reader.get("/coupons?search=0470005678")) == [coupon.code[:6]]


async def test_another_accounts_coupons_are_not_there(beach, make_coupon, sign_in):
    coupon = await make_coupon(new=ANN)
    person = await sign_in(beach)
    for query in ("", "?search=5678", "?search=ann", f"?search={coupon.code}"):
        assert codes_in(await person.get(f"/coupons{query}")) == []
    assert (await person.get(f"/coupons?campaign={coupon.shop.campaign}")).status == 404
    answer = await person.post("/coupons/export", {"of": "all"})
    assert rows_of(answer) == []


class TestFile:
    async def test_it_is_what_the_list_finds(self, beach, make_coupon, sign_in, services):
        """For every pair of filters (complaints 26 and 37): the file holds the rows of the list,
        in its order, and its name says which filters."""
        place = await open_place(services, beach.account, "Antwerp")
        for n in range(16):
            coupon = await make_coupon(beach, new=ANN if n % 2 else ZOE)
            if n % 3 == 0:
                await do(coupon, "validated")
                await services.db.execute(
                    "UPDATE sessions SET location_id = $2 WHERE code = $1",
                    coupon.code, beach.location if n % 2 else place,
                )  # fmt: skip
            await services.db.execute(
                "UPDATE sessions SET created_at = now() - $2 * interval '1 day' WHERE code = $1",
                coupon.code, n,
            )  # fmt: skip
            if n % 4 == 1:
                await services.db.execute(
                    "INSERT INTO counter_scans (account_id, location_id, device_id, key, code,"
                    " session_id, verdict, was_offline, scanned_at, at) SELECT account_id, $2, 1,"
                    " code, short_code, id, 'no', true, now(), now() FROM sessions WHERE code = $1",
                    coupon.code, place,
                )  # fmt: skip
        person = await sign_in(beach, "manager")
        today = datetime.now(UTC).date()
        days = [str(today.fromordinal(today.toordinal() - n)) for n in (9, 3)]
        filters = {
            "search": "ann", "campaign": str(beach.campaign), "state": "validated",
            "channel": "link", "location": str(beach.location), "from": days[0], "until": days[1],
            "differs": "true",
        }  # fmt: skip
        asked = [{}, *({name: filters[name]} for name in filters)]
        asked += [{a: filters[a], b: filters[b]} for a, b in itertools.combinations(filters, 2)]
        found = 0
        for path, query in [("/coupons", query) for query in asked] + [
            (f"/campaigns/{beach.campaign}/coupons", {"state": "validated"})
        ]:
            page = await person.get(f"{path}?{urlencode(query)}")
            codes = codes_in(page)
            if not codes:
                continue
            found += 1
            answer = await person.post("/coupons/export", form_of(page))
            assert [row["Code"].lower() for row in rows_of(answer)] == codes, query
            name = answer.headers["content-disposition"]
            for part in query.values():
                assert part in name or part in ("ann", "true"), name
        assert found > 25

    async def test_a_filter_that_got_lost_is_refused(self, beach, make_coupon, sign_in, services):
        """It is never read as all (complaint 37)."""
        await make_coupon(beach, new=ANN)
        person = await sign_in(beach)
        for form in (
            {}, {"of": "filtered"}, {"of": "all", "state": "voided"}, {"state": "voided"},
            {"of": "filtered", "statee": "voided"}, {"of": "all", "statee": "voided"},
            {"of": "filtered", "state": "used"}, {"of": "filtered", "from": "last week"},
            {"of": "all", "page": "²"}, {"of": "some", "state": "voided"},
        ):  # fmt: skip
            answer = await person.post("/coupons/export", form)
            assert answer.status == 422, form
            assert answer.headers["content-type"].startswith("text/html")
        written = "SELECT count(*) FROM audit_entries WHERE account_id = $1"
        assert await services.db.fetchval(written, beach.account) == 0

    async def test_formulas_do_nothing(self, beach, make_coupon, sign_in):
        odd = NewSession(firstname="=HYPERLINK(\"http://x\")", lastname="+1", customid="@SUM(A1)",
                         phone="+32470005678", email="-a@example.com")  # fmt: skip
        await make_coupon(beach, new=odd)
        person = await sign_in(beach)
        (row,) = rows_of(await person.post("/coupons/export", {"of": "all"}))
        assert row["First name"] == '\'=HYPERLINK("http://x")'
        assert row["Last name"] == "'+1"
        assert row["Your own tag"] == "'@SUM(A1)"
        assert row["Phone number"] == "+32470005678"
        del row["Phone number"]
        assert not any(cell.startswith(("=", "+", "-", "@", "\t")) for cell in row.values())

    async def test_times_are_on_the_accounts_clock(self, services, make_coupon, sign_in):
        shop = await open_shop(services, account={"timezone": "Asia/Kolkata"})
        coupon = await make_coupon(shop, new=ZOE)
        await services.db.execute(
            "UPDATE sessions SET created_at = $2 WHERE code = $1", coupon.code,
            datetime(2026, 3, 1, 20, 0, 5, tzinfo=UTC),
        )  # fmt: skip
        (row,) = rows_of(await (await sign_in(shop)).post("/coupons/export", {"of": "all"}))
        assert row["Handed out (Asia/Kolkata)"] == "2026-03-02 01:30:05"
        assert (row["First name"], row["Last name"]) == ("Zoë", "Çelik")
        assert row["Sent"] == row["Opened"] == ""

    async def test_it_is_noted_without_persons(self, beach, make_coupon, sign_in, services):
        await make_coupon(beach, new=ANN)
        person = await sign_in(beach, "manager")
        await person.post(
            "/coupons/export", {"of": "filtered", "search": "peeters", "state": "created"}
        )
        row = await services.db.fetchrow(
            "SELECT verb, actor_kind, after FROM audit_entries WHERE account_id = $1", beach.account
        )
        assert (row["verb"], row["actor_kind"]) == ("session.export", "person")
        assert json.loads(row["after"]) == {
            "filter": {"search": "…", "state": "created"}, "rows": 1, "is_whole": True,
        }  # fmt: skip

    async def test_only_owners_and_managers_take_it(self, beach, make_coupon, sign_in):
        await make_coupon(beach, new=ANN)
        for role in ("editor", "sender", "reader"):
            person = await sign_in(beach, role)
            assert "CSV" not in text_of(await person.get("/coupons"))
            assert (await person.post("/coupons/export", {"of": "all"})).status == 403

    async def test_many_pages_are_one_file(self, beach, sign_in, services):
        await services.db.execute(
            "INSERT INTO sessions (account_id, campaign_id, code, created_at)"
            " SELECT $1, $2, substr(translate(md5(i::text), '01', 'xy'), 1, 21),"
            " now() - i * interval '1 minute' FROM generate_series(1, 1234) i",
            beach.account, beach.campaign,
        )  # fmt: skip
        rows = rows_of(await (await sign_in(beach)).post("/coupons/export", {"of": "all"}))
        assert len({row["Code"] for row in rows}) == 1234

    async def test_a_slow_reader_holds_nothing(self, beach, sign_in, services):
        """It is read page by page; whoever stops reading leaves no statement and no transaction
        behind, and that the file broke off is noted."""
        await services.db.execute(
            "INSERT INTO sessions (account_id, campaign_id, code, firstname, lastname, email,"
            " created_at) SELECT $1, $2, substr(translate(md5(i::text), '01', 'xy'), 1, 21),"
            " repeat('n', 100), repeat('m', 100), repeat('e', 60) || '@example.com',"
            " now() - i * interval '1 second' FROM generate_series(1, 60000) i"
            " ON CONFLICT DO NOTHING",
            beach.account, beach.campaign,
        )  # fmt: skip
        person = await sign_in(beach)
        token = await person.token_of()
        answer = await person.http.post(
            person.url + person.address("/coupons/export"), data={"t": token, "of": "all"},
            headers={"cookie": f"{COOKIE}={person.secret}", "sec-fetch-site": "same-origin",
                     "x-forwarded-proto": "https"},
        )  # fmt: skip
        assert answer.status == 200
        assert (await answer.content.read(1000)).startswith(b"\xef\xbb\xbfCode,")
        async with asyncio.timeout(PATIENCE):
            await _until_still(services)
        noted = "SELECT after FROM audit_entries WHERE account_id = $1"
        assert await services.db.fetchval(noted, beach.account) is None
        answer.close()
        async with asyncio.timeout(PATIENCE):
            while (row := await services.db.fetchval(noted, beach.account)) is None:
                await asyncio.sleep(0.05)
        told = json.loads(row)
        assert not told["is_whole"]
        assert 0 < told["rows"] < 59_000


async def _until_still(services) -> None:
    """Until nobody has asked the database for coupons for a while: the server waits to send."""
    asked = ("SELECT count(*) FILTER (WHERE state <> 'idle'), max(query_start) FROM"
             " pg_stat_activity WHERE datname = current_database() AND query LIKE"
             " '%created_at DESC, id DESC%' AND pid <> pg_backend_pid()")  # fmt: skip
    before, same = None, 0
    while same < 20:
        row = await services.db.fetchrow(asked)
        same = same + 1 if tuple(row) == before and row[0] == 0 else 0
        before = tuple(row)
        await asyncio.sleep(0.05)


class TestInABrowser:
    pytestmark = in_browser

    @pytest.mark.parametrize("width", [320, 1366])
    async def test_it_is_whole(self, visit, beach, make_coupon, sign_in, width):
        coupon = await make_coupon(beach, new=ANN)
        await make_coupon(beach, new=ZOE)
        person = await sign_in(beach)
        address = person.address("/coupons")
        async with visit(address, width=width, cookies=[person.cookie]) as page:
            await page.get_by_text("Filters", exact=True).click()
            await page.get_by_label("State", exact=True).select_option("created")
            await page.get_by_label("Find a coupon").fill("pee")
            await page.get_by_role("button", name="Use these filters").click()
            await page.wait_for_url("**/coupons?search=pee&*")
            assert await page.locator("tbody tr").count() == 1
            await axe_finds_nothing(page)
            async with page.expect_download() as coming:
                await page.get_by_role("button", name="These as a file").click()
            file = await coming.value
            assert "created" in file.suggested_filename
            text = (await file.path()).read_text("utf-8-sig")
            assert coupon.code[:6].upper() in text
            assert text.count("\n") == 2
