"""The opt-out list: found in any spelling, one more, one less with a reason, and as a file."""

from __future__ import annotations

import csv
import io
import itertools
import json
import re
from datetime import UTC, datetime

import pytest

from tearoff.coupons.models import NewSession
from tearoff.kit import clock
from tearoff.kit.words import languages, words_in
from tearoff.people import optouts
from tearoff.people.optout_pages import CHANNELS, SOURCES
from tearoff.web.dashboard.optouts import NAMES
from tests.cast import open_shop
from tests.web.dashboard.conftest import text_of
from tests.web.dashboard.test_optout_import import figures, look

NUMBER = "+32470005678"


@pytest.fixture
async def beach(services):
    return await open_shop(services, account={"country": "BE"})


async def opt_out(services, shop, *addresses, source="reply", reason=""):
    async with services.db.transaction() as db:
        for address in addresses:
            await optouts.add(
                db, shop.account, address, source=source, now=clock.now(), reason=reason
            )


async def count(services, shop) -> int:
    return await services.db.fetchval(
        "SELECT count(*) FROM opt_outs WHERE account_id = $1", shop.account
    )


def cells(page) -> list[list[str]]:
    assert page.text.startswith("\ufeff")
    return list(csv.reader(io.StringIO(page.text.removeprefix("\ufeff"))))


@pytest.mark.parametrize(
    "written",
    ["0470 00 56 78", "%2B32 470/00.56.78", "0032470005678", "470005678", "5678", "0005678"],
)
async def test_a_number_is_found_however_it_is_written(beach, sign_in, services, written):
    await opt_out(services, beach, NUMBER, "+32470009999", "ann@example.com")
    page = await (await sign_in(beach, "sender")).get(f"/opt-outs?search={written}")
    told = text_of(page)
    assert "+32 470 00 56 78" in told
    assert "+32 470 00 99 99" not in told
    assert "1 entry" in told


async def test_an_address_is_found_by_any_case_and_by_its_end(beach, sign_in, services):
    await opt_out(services, beach, "ann@example.com", "b_%@example.org", NUMBER)
    person = await sign_in(beach)
    for written, found in (
        ("ANN@Example.com", "ann@example.com"), ("@example.com", "ann@example.com"),
        ("e.com", "ann@example.com"), ("b_%25@example.org", "b_%@example.org"),
    ):  # fmt: skip
        told = text_of(await person.get(f"/opt-outs?search={written}"))
        assert found in told, written
        assert "1 entry" in told, written
    assert "Nothing for “____”" in text_of(await person.get("/opt-outs?search=____"))


async def test_what_is_too_short_or_no_filter_shows_nothing(beach, sign_in, services):
    """Complaint 37: a filter that cannot be read is refused, never read as "all"."""
    await opt_out(services, beach, NUMBER)
    person = await sign_in(beach)
    for query in ("search=567", "source=nobody", "channel=fax", "cursor=x"):
        for path in ("/opt-outs", "/opt-outs/export.csv"):
            if query == "cursor=x" and path.endswith(".csv"):
                continue
            page = await person.get(f"{path}?{query}")
            assert page.status == 422, query
            assert "5678" not in page.text, query
            assert "56 78" not in page.text, query


async def test_each_entry_says_how_since_when_and_after_which_campaign(
    beach, sign_in, services, make_coupon
):
    await services.db.execute("UPDATE campaigns SET name = 'Beach' WHERE id = $1", beach.campaign)
    coupon = await make_coupon(beach, new=NewSession(phone=NUMBER))
    await opt_out(services, beach, NUMBER)
    await opt_out(services, beach, "+32470001111", source="shop", reason="asked by phone")
    page = await (await sign_in(beach)).get("/opt-outs")
    told = text_of(page)
    assert "Answered STOP" in told
    assert "asked by phone" in told
    assert "Beach" in told
    assert f"/coupons/{coupon.code[:6]}" in page.text


async def test_pages_are_the_newest_first(beach, sign_in, services):
    await services.db.execute(
        "INSERT INTO opt_outs (account_id, address, source, created_at) SELECT $1,"
        " '+3247000' || lpad(i::text, 4, '0'), 'reply', now() - i * interval '1 minute'"
        " FROM generate_series(1, 120) i",
        beach.account,
    )
    person, seen, path = await sign_in(beach), [], "/opt-outs"
    while path:
        page = await person.get(path)
        seen += re.findall(r"\+32 470 00 (\d\d) (\d\d)</bdi>", page.text)
        found = re.search(r'href="([^"]+)" rel="next"', page.text)
        path = found[1].replace("&amp;", "&") if found else ""
    assert ["".join(pair) for pair in seen] == [f"{i:04d}" for i in range(1, 121)]


# the file -----------------------------------------------------------------------------------


async def test_the_file_is_what_the_list_shows_for_each_pair_of_filters(beach, sign_in, services):
    """Complaint 26: the file's name carries the filters too."""
    for n, source in enumerate(SOURCES):
        await opt_out(services, beach, f"+3247000{n:04d}", f"ann{n}@example.com", source=source)
    person = await sign_in(beach, "manager")
    for source, channel in itertools.product(("", *SOURCES), ("", *CHANNELS)):
        query = f"?source={source}&channel={channel}"
        page = await person.get(f"/opt-outs{query}")
        file = await person.get(f"/opt-outs/export.csv{query}")
        heading, *rows = cells(file)
        assert heading[0] == "Phone number / E-mail address"
        told = int(re.search(r"(\d+) entr", text_of(page))[1])
        assert len(rows) == told == (5 if not source else 1) * (1 if channel else 2)
        assert {row[2] for row in rows} == {NAMES[one] for one in ([source] if source else SOURCES)}
        name = file.headers["content-disposition"]
        assert all(part in name for part in (source, channel))


async def test_the_file_has_all_and_calculates_nothing(beach, sign_in, services):
    """More than one lot; a number is left as other programs want it."""
    await services.db.execute(
        "INSERT INTO opt_outs (account_id, address, source, reason, created_at) SELECT $1,"
        " '+3247000' || lpad(i::text, 4, '0'), 'shop', $2, now() FROM generate_series(1, 450) i",
        beach.account,
        '=HYPERLINK("http://example.com")',
    )
    _, *rows = cells(await (await sign_in(beach)).get("/opt-outs/export.csv"))
    assert len({row[0] for row in rows}) == 450
    assert all(re.fullmatch(r"\+3247000\d{4}", row[0]) for row in rows)
    assert {row[3] for row in rows} == {'\'=HYPERLINK("http://example.com")'}
    entry = await services.db.fetchrow(
        "SELECT verb, after FROM audit_entries WHERE account_id = $1 ORDER BY id DESC LIMIT 1",
        beach.account,
    )
    assert (entry["verb"], json.loads(entry["after"])) == ("suppression.export", {"all": True})


@pytest.mark.parametrize("language", languages("dashboard"))
async def test_the_file_speaks_as_the_page_does_and_comes_in_again(
    beach, sign_in, services, language
):
    """In the words of whoever takes it, with the account's clock."""
    await services.db.execute(
        "UPDATE accounts SET timezone = 'Europe/Brussels' WHERE id = $1", beach.account
    )
    at = datetime(2026, 6, 30, 22, 30, tzinfo=UTC)
    for address in (NUMBER, "+32470001111", "ann@example.com"):
        await optouts.add(services.db, beach.account, address, source="link", now=at)
    person, words = await sign_in(beach, language=language), words_in("dashboard", language)
    file = await person.get("/opt-outs/export.csv")
    heading, *rows = cells(file)
    assert heading[1] == f"{words('Since')} (Europe/Brussels)"
    assert rows[0][:3] == ["ann@example.com", "2026-07-01 00:30:00", words("By the link")]
    assert [row[4] for row in rows] == [words(f"By {by}") for by in ("e-mail", "SMS", "SMS")]
    _, page = await look(person, file.text.encode())
    assert figures(page) == [3, 3, 0, 0, 0], "they are not the shop's own entries yet"


async def test_who_may_take_it_away_as_a_file(beach, sign_in):
    for role, status in (("sender", 403), ("editor", 403), ("manager", 200), ("owner", 200)):
        assert (await (await sign_in(beach, role)).get("/opt-outs/export.csv")).status == status


# one more, one less -------------------------------------------------------------------------


async def test_one_is_added_as_people_write_it(beach, sign_in, services):
    person = await sign_in(beach, "sender")
    done = await person.post("/opt-outs/new", {"address": "0470/00 56 78", "reason": "asked"})
    assert done.status == 303
    assert "+32 470 00 56 78 gets no more messages." in text_of(
        await person.get(done.headers["location"])
    )
    again = await person.post("/opt-outs/new", {"address": NUMBER})
    told = text_of(await person.get(again.headers["location"]))
    assert "stood on the list already, since" in told
    for wrong in ("nobody", "ann@", "12"):
        page = await person.post("/opt-outs/new", {"address": wrong, "reason": "kept"})
        assert page.status == 422
        assert 'value="kept"' in page.text
    assert "+32 470 00 12 34" in text_of(await person.post("/opt-outs/new", {"address": "x"}))
    assert await count(services, beach) == 1


async def test_one_is_taken_off_with_a_reason_alone_and_the_log_has_it(beach, sign_in, services):
    await opt_out(services, beach, NUMBER)
    person = await sign_in(beach, "manager")
    page = await person.get(f"/opt-outs/remove?address=%2B{NUMBER[1:]}")
    told = text_of(page)
    assert "They answered a message with a word such as STOP." in told
    assert "only if they have asked you" in told
    unsure = await person.post("/opt-outs/remove", {"address": NUMBER, "reason": "asked"})
    assert unsure.status == 303
    without = await person.post("/opt-outs/remove", {"address": NUMBER, "sure": "1"})
    assert without.status == 422
    assert "This is needed." in text_of(without)
    assert await count(services, beach) == 1
    form = {"address": NUMBER, "sure": "1", "reason": "asked at the counter", "once": "a"}
    for _ in range(2):
        assert (await person.post("/opt-outs/remove", form)).status == 303
    assert await count(services, beach) == 0
    entries = await services.db.fetch(
        "SELECT subject, after FROM audit_entries WHERE account_id = $1"
        " AND verb = 'suppression.remove'",
        beach.account,
    )
    assert [(e["subject"], json.loads(e["after"])) for e in entries] == [
        ("…678", {"reason": "asked at the counter"})
    ]
    event = await services.db.fetchrow(
        "SELECT kind, source, words FROM consent_events WHERE account_id = $1 ORDER BY id DESC",
        beach.account,
    )
    assert tuple(event) == ("opted_in", "shop", "asked at the counter")


async def test_a_sender_may_add_and_not_take_off(beach, sign_in, services):
    await opt_out(services, beach, NUMBER)
    person = await sign_in(beach, "sender")
    page = await person.get("/opt-outs")
    assert "Remove" not in text_of(page)
    assert "Export" not in text_of(page)
    answer = await person.post("/opt-outs/remove", {"address": NUMBER, "sure": "1", "reason": "x"})
    assert answer.status == 403
    assert await count(services, beach) == 1


async def test_nobody_sees_or_touches_those_of_others(beach, sign_in, services, other_shop):
    await opt_out(services, other_shop, NUMBER)
    person = await sign_in(beach)
    assert "Nobody has opted out yet" in text_of(await person.get("/opt-outs"))
    assert "56 78" not in text_of(await person.get("/opt-outs?search=5678"))
    assert len(cells(await person.get("/opt-outs/export.csv"))) == 1
    gone = await person.get(f"/opt-outs/remove?address=%2B{NUMBER[1:]}")
    assert gone.status == 303
    await person.post("/opt-outs/remove", {"address": NUMBER, "sure": "1", "reason": "x"})
    assert await count(services, other_shop) == 1


async def test_programs_take_off_as_the_contract_says(beach, services, http, server):
    """A key needs no reason: its shop has records of its own."""
    from tests.api.caller import Caller
    from tests.api.v4.client import client_of

    v4 = client_of(Caller(http, server.url, beach))
    await opt_out(services, beach, NUMBER)
    assert (await v4.delete(f"/v4/suppressions/{NUMBER}")).status == 204


async def test_no_deletion_takes_anybody_off(beach, sign_in, services, http, server):
    """Complaint 20: a group, its contacts, the campaign and an import go; whoever opted out
    through them still gets nothing."""
    from tests.api.caller import Caller
    from tests.api.v4.client import client_of

    v4 = client_of(Caller(http, server.url, beach))
    numbers = [f"+3247000{n:04d}" for n in range(3)]
    group = (await v4.post("/v4/groups", {"name": "Regulars", "channel": "sms"})).body["id"]
    contacts = [
        (await v4.post(f"/v4/groups/{group}/contacts", {"phone": n})).body["id"] for n in numbers
    ]
    await opt_out(services, beach, *numbers)
    assert (await v4.delete(f"/v4/groups/{group}/contacts/{contacts[0]}")).status == 204
    assert (await v4.delete(f"/v4/groups/{group}")).status == 204
    other = (await v4.post("/v4/campaigns", {"name": "Next", "status": "active"})).body["id"]
    assert (await v4.delete(f"/v4/campaigns/{beach.campaign}")).status in (200, 204)
    await services.db.execute("DELETE FROM kept_lists WHERE account_id = $1", beach.account)
    assert await count(services, beach) == 3
    for number in numbers:
        body = {"campaign": other, "phone": number, "text": "Hi {link}"}
        assert (await v4.post("/v4/messages", body)).body["code"] == 605
