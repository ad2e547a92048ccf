"""What the screens for sending brought to v4: mail, prices, opt-outs by address, coupons looked
for."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta

import pytest
import pytest_asyncio

from tearoff.coupons.campaigns.campaigns import campaign
from tearoff.coupons.models import NewSession
from tearoff.coupons.sessions import actions, lists, search
from tearoff.coupons.sessions.search import Wanted
from tearoff.kit import clock, times
from tests.api.caller import Caller
from tests.api.v4.client import client_of
from tests.cast import open_shop
from tests.providers.postoffice import connect_mail, open_post_office
from tests.running import PATIENCE

NUMBER = "+32470001234"


@pytest.fixture
def v4(caller):
    return client_of(caller)


@pytest_asyncio.fixture
async def office():
    async with open_post_office() as opened:
        yield opened


async def test_a_test_by_mail_speaks_the_accounts_language(http, server, services, office):
    """Complaint 40. It has the shape of all mails of the house, plain and as HTML."""
    shop = await open_shop(services, kind=None, account={"language": "nl"})
    await connect_mail(services, shop.account, office)
    v4 = client_of(Caller(http, server.url, shop))
    (one,) = (await v4.get("/v4/providers")).body["data"]
    tested = await v4.post(f"/v4/providers/{one['id']}/test", {"to": "ann@example.com"})
    assert tested.body["result"] == "ok"
    (taken,) = office.of("ann@example.com")
    assert taken.mail["Subject"] == "Dit is een test van Tearoff."
    assert "Dit is een test van Tearoff." in taken.part("plain")
    assert '<html lang="nl" dir="ltr">' in taken.part("html")


async def test_a_coupon_is_mailed(http, server, services, office):
    shop = await open_shop(services, kind=None)
    await connect_mail(services, shop.account, office)
    v4 = client_of(Caller(http, server.url, shop))
    sent = await v4.post(
        "/v4/messages",
        {"campaign": shop.campaign, "channel": "email", "email": "ann@example.com",
         "subject": "For {first_name}", "text": "Hi {first_name}!", "firstname": "Ann",
         "phone": NUMBER},
    )  # fmt: skip
    assert sent.status == 201, sent.text
    assert (sent.body["channel"], sent.body["recipient"]) == ("email", "ann@example.com")
    assert sent.body["subject"] == "For Ann"
    session = (await v4.get(f"/v4/sessions/{sent.body['session']}")).body
    assert (session["customer"]["phone"], session["customer"]["email"]) == (
        NUMBER, "ann@example.com",
    )  # fmt: skip
    (taken,) = office.taken
    assert taken.mail["Subject"] == "For Ann"


async def test_a_mail_names_the_end_of_its_coupon(http, server, services, office):
    """Its own or the campaign's, whichever is first, unless the shop has extended it."""
    ends = clock.now().replace(hour=9, minute=0, second=0, microsecond=0) + timedelta(days=20)
    shop = await open_shop(services, kind=None, campaign={"expires_at": ends, "timezone": "UTC"})
    await connect_mail(services, shop.account, office)
    v4 = client_of(Caller(http, server.url, shop))

    async def told(name, **given):
        sent = await v4.post("/v4/messages", {
            "campaign": shop.campaign, "channel": "email", "email": f"{name}@example.com", **given,
        })  # fmt: skip
        assert sent.status == 201, sent.text
        (taken,) = office.of(f"{name}@example.com")
        return sent.body["session"], re.search("Valid until (.+)", taken.part("plain"))[1]

    def words(at):
        return times.end_of(at, "UTC", "en")

    code, of_new = await told("new")
    assert of_new == words(ends)
    earlier, later = ends - timedelta(days=9), ends + timedelta(days=9)
    made = await v4.post(
        f"/v4/campaigns/{shop.campaign}/sessions", {"expires_at": earlier.isoformat()}
    )
    assert made.status == 201, made.text
    assert (await told("early", session=made.body["code"]))[1] == words(earlier)
    await services.db.execute(
        "UPDATE campaigns SET expires_at = now() - interval '1 day' WHERE id = $1", shop.campaign
    )
    longer = await v4.patch(f"/v4/sessions/{code}", {"expires_at": later.isoformat()})
    assert longer.status == 200, longer.text
    assert (await told("again", session=code))[1] == words(later)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 422, 200),
        ({"email": "ann@example.com"}, 422, 200),
        ({"channel": "email", "phone": NUMBER}, 422, 200),
        ({"channel": "pigeon", "phone": NUMBER}, 422, 302),
        ({"channel": "email", "email": "ann@example.com"}, 409, 104),
    ],
)
async def test_a_receiver_is_needed_and_a_service(v4, shop, body, status, code):
    answer = await v4.post("/v4/messages", {"campaign": shop.campaign, **body})
    assert (answer.status, answer.body["code"]) == (status, code)


async def test_a_preview_says_sender_price_and_template(v4, shop, services):
    await services.db.execute(
        "UPDATE connections SET segment_price = 30000, sender = 'BEANLEAF',"
        " price_countries = '{BE}', country_prices = '{49000}' WHERE account_id = $1",
        shop.account,
    )
    body = {"campaign": shop.campaign, "text": "x" * 200}
    found = (await v4.post("/v4/messages/preview", {**body, "phone": NUMBER})).body
    assert (found["sender"], found["price"], found["template"]) == ("BEANLEAF", 98_000, "x" * 200)
    found = (await v4.post("/v4/messages/preview", {**body, "phone": "+33600001234"})).body
    assert found["price"] == 60_000
    assert (await v4.post("/v4/messages/preview", body)).body["price"] is None


async def test_why_one_address_gets_nothing(v4, shop):
    for address in (NUMBER, "+32470001235"):
        assert (await v4.post("/v4/suppressions", {"address": address})).status == 201
    found = await v4.get("/v4/suppressions?address=%2B32470001234")
    assert [one["address"] for one in found.body["data"]] == [NUMBER]
    assert (await v4.get("/v4/suppressions?address=x")).status == 422


async def test_the_reason_for_taking_one_off_is_kept(v4, shop, services):
    await v4.post("/v4/suppressions", {"address": NUMBER})
    gone = await v4.delete(f"/v4/suppressions/{NUMBER}?reason=Asked+by+phone")
    assert gone.status == 204
    words = await services.db.fetchval(
        "SELECT words FROM consent_events WHERE account_id = $1 AND kind = 'opted_in'",
        shop.account,
    )
    assert words == "Asked by phone"
    entry = await services.db.fetchrow(
        "SELECT subject, before, after FROM audit_entries WHERE account_id = $1"
        " AND verb = 'suppression.remove'",
        shop.account,
    )
    assert (entry["subject"], entry["before"]) == ("…234", None)
    assert entry["after"] == '{"reason": "Asked by phone"}'


async def test_sessions_are_looked_for_newest_first(v4, shop):
    path = f"/v4/campaigns/{shop.campaign}/sessions"
    made = []
    for n in range(5):
        body = {"phone": NUMBER, "customid": f"K{n % 2}"}
        made.append((await v4.post(path, body)).body["code"])
    newest = (await v4.get(f"{path}?order=newest&limit=3")).body
    assert [one["code"] for one in newest["data"]] == made[:1:-1]
    rest = (await v4.get(f"{path}?order=newest&cursor={newest['next_cursor']}")).body
    assert [one["code"] for one in rest["data"]] == made[1::-1]
    found = (await v4.get(f"{path}?search=%2B32470001234&limit=4")).body
    assert [one["code"] for one in found["data"]] == made[:0:-1]
    rest = await v4.get(f"{path}?search=%2B32470001234&cursor={found['next_cursor']}")
    assert [one["code"] for one in rest.body["data"]] == made[:1]
    found = (await v4.get(f"{path}?search=K1")).body
    assert [one["code"] for one in found["data"]] == [made[3], made[1]]
    found = (await v4.get(f"{path}?search={made[2][:6]}")).body
    assert [one["code"] for one in found["data"]] == [made[2]]


async def test_a_receipt_of_the_trial_service_arrives(http, server, services):
    shop = await open_shop(services, settings={"receipts": "true"})
    v4 = client_of(Caller(http, server.url, shop))
    sent = await v4.post("/v4/messages", {"campaign": shop.campaign, "phone": NUMBER})
    assert sent.body["state"] == "accepted"
    async with asyncio.timeout(PATIENCE):
        while True:
            found = (await v4.get(f"/v4/messages/{sent.body['id']}")).body
            if found["state"] == "delivered":
                break
            await asyncio.sleep(0.1)
    assert [event["event"] for event in found["timeline"]] == ["created", "accepted", "delivered"]


async def test_looking_for_sessions_reads_no_table_whole(services):
    """The plans that the queries get, with 20,000 sessions in the campaign and more beside it."""
    shop, now = await open_shop(services, kind=None), clock.now()
    seen: list[tuple[str, tuple[object, ...]]] = []
    async with services.db.transaction() as db:
        found = await campaign(db, shop.account, shop.campaign)
        assert found is not None
        await db.execute(
            "INSERT INTO sessions (account_id, campaign_id, code, phone, customid, created_at)"
            " SELECT $1, $2, substr(md5('plan' || i), 1, 21), '+3247' || (1000000 + i), 'K' || i,"
            " $3::timestamptz - i * interval '1 second' FROM generate_series(1, 20000) i"
            " ON CONFLICT DO NOTHING",
            shop.account, shop.campaign, now,
        )  # fmt: skip
        await actions.issue_session(db, found, NewSession(phone=NUMBER), now=now)
        await db.execute("ANALYZE sessions")

        class Watched:
            async def fetch(self, text, *values):
                seen.append((text, values))
                return await db.fetch(text, *values)

        watched = Watched()
        rows = await search.newest(watched, found, Wanted(anything="x", phone=NUMBER), None, 51)
        assert [row.phone for row in rows] == [NUMBER]
        await search.newest(watched, found, Wanted(anything="K17"), rows[0].id, 51)
        assert len(await lists.sessions_before(watched, found.id, rows[0].id, 51)) == 51
        for text, values in seen:
            plan = await db.fetch(f"EXPLAIN {text}", *values)
            told = "\n".join(row[0] for row in plan)
            assert "Seq Scan on sessions" not in told, told
        await db.execute("DELETE FROM sessions WHERE campaign_id = $1", shop.campaign)
