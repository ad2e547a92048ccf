"""Somebody who was erased is nowhere any more: not in a dump, not in a file that we can change, not
in an answer that was kept; and gets no message all the same."""

import json
import re

import pytest
import pytest_asyncio

from tearoff.kit import clock, forgotten, pgbackup
from tearoff.providers.log import OUTBOX
from tests.api.caller import Caller
from tests.api.v4.client import client_of
from tests.cast import open_shop, until_guards_are_freed

SQL = (
    "INSERT INTO replies (account_id, connection_id, sender, phone, text, keyword, received_at,"
    " state, received_by) VALUES ($1, $2, replace($3, '+', '00'), $3, $4, 'other', now(), 'open',"
    " '+3247000')",
    "INSERT INTO arrivals (account_id, connection_id, key, kind, raw, received_at, handled_at)"
    " VALUES ($1, $2, md5($4), 'callback',"
    " convert_to('From=%2B' || substr($3, 2) || '&Body=' || $4, 'UTF8'), now(), now())",
    "INSERT INTO consent_events (account_id, address, kind, source, words, at)"
    " VALUES ($1 + 0 * $2, $3, 'opted_out', 'reply', $4, now())",
    "INSERT INTO counter_scans (account_id, location_id, device_id, key, code, verdict, scanned_at,"
    " at) SELECT $1 + 0 * $2, id, 1, md5($4), $3, 'unknown', now(), now() FROM locations"
    " WHERE account_id = $1 LIMIT 1",
)
"""What comes in by ways of its own: an answer, its raw form, a scan of a number. $4: words."""


class Person:
    """Somebody whose names stand nowhere else in the database."""

    def __init__(self, digits):
        self.phone, self.email = f"+3360000{digits}", f"Quentin.{digits}@petrova.example"
        self.first, self.last = f"Quentinus{digits}", f"Petrova{digits}"

    @property
    def traces(self):
        words = (self.phone[1:], "0" + self.phone[3:], self.email.lower(), self.first, self.last)
        return re.compile("|".join(map(re.escape, words)), re.IGNORECASE)

    def fields(self, **more):
        return {
            "firstname": self.first, "lastname": self.last, "email": self.email,
            "customid": f"K-{self.last}", "customfield1": f"likes {self.first}",
            "utm_source": self.last, **more,
        }  # fmt: skip


def dump_of(services):
    """All of the database, as a backup has it."""
    return pgbackup._run(["pg_dump", "--no-owner", "--inserts"], services.database_url)


@pytest_asyncio.fixture
async def shop(services, request):
    return await open_shop(services, unlimited=False, campaign={"limit_person": 3})


@pytest.fixture
def v4(http, server, shop):
    return client_of(Caller(http, server.url, shop))


async def ok(asked):
    answer = await asked
    assert answer.status < 300, answer.text
    return answer.body


async def known_everywhere(v4, services, shop, who):
    """Gives the code of a coupon that they have used, and how a call of theirs was made."""
    # Nobody listens there: all events stay due.
    await ok(v4.post("/v4/webhooks", {"url": "https://127.0.0.1:9/hook"}))
    await ok(v4.post("/v4/groups", {"name": "Regulars", "channel": "sms"}))
    group = (await ok(v4.get("/v4/groups")))["data"][0]["id"]
    await ok(v4.post(f"/v4/groups/{group}/contacts", {
        "phone": who.phone, "firstname": who.first, "lastname": who.last}))  # fmt: skip
    made = await ok(v4.call("POST", f"/v4/campaigns/{shop.campaign}/sessions",
        json=who.fields(phone=who.phone), extra={"Idempotency-Key": "make"}))  # fmt: skip
    sent = {"campaign": shop.campaign, "phone": who.phone, **who.fields(),
            "text": f"Dear {who.first}, {{link}}"}  # fmt: skip
    await ok(v4.call("POST", "/v4/messages", json=sent, extra={"Idempotency-Key": "send"}))
    await until_guards_are_freed(services, shop)
    await ok(v4.post(f"/v4/sessions/{made['code']}/validated", {}))
    await ok(v4.post("/v4/suppressions", {"address": who.phone, "reason": f"{who.first} asked"}))
    await ok(v4.post("/v4/suppressions", {"address": who.email}))
    words = f"I am {who.first} {who.last}, stop"
    for statement in SQL:
        await services.db.execute(statement, shop.account, shop.connection, who.phone, words)
    await services.db.execute(
        "UPDATE session_events SET reason = $2 WHERE account_id = $1", shop.account, words
    )
    await services.db.execute(
        "UPDATE hook_deliveries SET last_answer = $2 WHERE account_id = $1", shop.account, words
    )
    return made["code"], sent


@pytest.mark.parametrize("way", ["coupon", "number", "mail"])
async def test_nothing_is_left_of_somebody_who_was_erased(v4, services, shop, settings, way):
    who = Person({"coupon": "7391", "number": "7392", "mail": "7393"}[way])
    code, sent = await known_everywhere(v4, services, shop, who)
    outbox = settings.data / OUTBOX
    assert len(who.traces.findall(dump_of(services))) > 25
    assert who.traces.search(outbox.read_text())
    before = await counted(v4, shop)

    if way == "coupon":
        known = await ok(v4.get(f"/v4/sessions/{code}/person"))
        gone = await ok(v4.call("DELETE", f"/v4/sessions/{code}/person"))
    else:
        given = {"address": who.phone if way == "number" else who.email}
        known = await ok(v4.post("/v4/people/find", given))
        gone = await ok(v4.post("/v4/people/erase", given))
    assert gone == known
    assert (gone["coupons"], gone["opted_out"]) == (2, True)

    dump = dump_of(services)
    assert who.traces.findall(dump) == [], [
        line[:300] for line in dump.splitlines() if who.traces.search(line)
    ]
    assert not who.traces.search(outbox.read_text())
    assert not who.traces.search((settings.data / "erased.jsonl").read_text())
    rows = await services.db.fetch(
        "SELECT answer_sealed FROM idempotency_keys WHERE account_id = $1"
        " AND answer_sealed IS NOT NULL", shop.account,
    )  # fmt: skip
    answers = [services.vault.open(row["answer_sealed"]).decode() for row in rows]
    assert len(answers) >= 2
    assert not who.traces.search("".join(answers))
    await what_stays(v4, services, shop, who, code, sent, before)


async def counted(v4, shop):
    campaign = await ok(v4.get(f"/v4/campaigns/{shop.campaign}"))
    names = ("issued", "sent", "opened", "claimed", "redeemed")
    found = [campaign[name] for name in names]
    assert found[0] == 2
    return found


async def what_stays(v4, services, shop, who, code, sent, before):
    coupon = await ok(v4.get(f"/v4/sessions/{code}"))
    assert (coupon["state"], coupon["customer"]["phone"]) == ("validated", None)
    assert await counted(v4, shop) == before
    refused = await v4.post("/v4/messages", sent)
    assert refused.body["code"] == 605
    listed = (await ok(v4.get("/v4/suppressions")))["data"]
    assert [one["address"] for one in listed] == ["", ""]
    found = (await ok(v4.get(f"/v4/suppressions?address={who.phone.replace('+', '%2B')}")))["data"]
    assert len(found) == 1
    again = await v4.call("POST", "/v4/messages", json=sent, extra={"Idempotency-Key": "send"})
    assert again.status == 201, again.text
    rows = await services.db.fetch(
        "SELECT verb, subject, before::text, after::text FROM audit_entries WHERE account_id = $1"
        " AND verb = 'person.erase'", shop.account,
    )  # fmt: skip
    assert rows
    assert not who.traces.search(str(rows))
    events = await services.db.fetch(
        "SELECT body FROM hook_events WHERE account_id = $1 ORDER BY id", shop.account
    )
    assert [json.loads(row["body"])["type"] for row in events].count("coupon_distributed") == 2


async def test_the_same_number_put_on_the_list_again_stays_a_mark(v4, services, shop):
    who = Person("7394")
    await ok(v4.post("/v4/suppressions", {"address": who.phone}))
    await ok(v4.post("/v4/people/erase", {"address": who.phone}))
    await ok(v4.post("/v4/suppressions", {"address": who.phone, "reason": "again"}))
    done = await ok(v4.call("POST", "/v4/suppressions/import", data=f"phone\n{who.phone}\n",
                            extra={"Content-Type": "text/csv"}))  # fmt: skip
    assert (done["added"], done["already"]) == (0, 1)
    assert not who.traces.search(dump_of(services))
    removed = await v4.call("DELETE", f"/v4/suppressions/{who.phone}")
    assert removed.status == 204
    assert (await ok(v4.get("/v4/suppressions")))["data"] == []


async def test_a_mark_matches_when_a_newer_key_stands_in_front(v4, services, shop):
    who = Person("7395")
    await ok(v4.post("/v4/suppressions", {"address": who.phone}))
    await ok(v4.post("/v4/people/erase", {"address": who.phone}))
    (row,) = await services.db.fetch(
        "SELECT address FROM opt_outs WHERE account_id = $1", shop.account
    )
    vault = type(services.vault)
    forgotten.use(vault(f"{'n' * 40},{services.settings.secret_key}"))
    newest, older = forgotten.marks_of(shop.account, who.phone)
    assert older == row["address"] != newest
    assert forgotten.without_key([older]) == []
    forgotten.use(vault("n" * 40))
    assert forgotten.without_key([older]) == [older]


async def test_a_message_under_way_comes_first(v4, services, shop):
    who = Person("7396")
    sent = {"campaign": shop.campaign, "phone": who.phone}
    message = await ok(v4.post("/v4/messages", sent))
    await services.db.execute(
        "UPDATE messages SET state = 'submitting', answered_at = NULL WHERE id = $1", message["id"]
    )
    refused = await v4.post("/v4/people/erase", {"address": who.phone})
    assert (refused.status, refused.headers["retry-after"]) == (503, "30")
    await services.db.execute("UPDATE messages SET state = 'accepted' WHERE id = $1", message["id"])
    assert (await ok(v4.post("/v4/people/erase", {"address": who.phone})))["messages"] == 1


async def test_a_report_that_could_not_be_read_is_listed_no_more(v4, services, shop):
    who = Person("7399")
    await services.db.execute(
        "WITH a AS (INSERT INTO arrivals (account_id, connection_id, key, kind, raw, received_at,"
        " handled_at, result)"
        " VALUES ($1, $2, md5(random()::text), 'link', $3, $4, $4, 'unreadable')"
        " RETURNING account_id, id, received_at) INSERT INTO unread_arrivals SELECT * FROM a",
        shop.account, shop.connection, f"?{who.phone[1:]}".encode(), clock.now(),
    )  # fmt: skip
    assert len((await ok(v4.get("/v4/replies/unread")))["data"]) == 1
    assert (await ok(v4.post("/v4/people/erase", {"address": who.phone})))["reports"] == 1
    assert (await ok(v4.get("/v4/replies/unread")))["data"] == []
    assert not (await ok(v4.get("/v4/replies/waiting")))["has_unread"]


async def test_another_account_keeps_what_it_knows(v4, services, shop, http, server):
    who, other = Person("7397"), await open_shop(services)
    theirs = client_of(Caller(http, server.url, other))
    made = await ok(theirs.post(f"/v4/campaigns/{other.campaign}/sessions", who.fields()))
    assert (await v4.call("DELETE", f"/v4/sessions/{made['code']}/person")).status == 404
    await ok(v4.post("/v4/people/erase", {"address": who.email}))
    kept = await ok(theirs.get(f"/v4/sessions/{made['code']}"))
    assert kept["customer"]["firstname"] == who.first


async def test_every_spelling_of_a_number_is_theirs(v4, services, shop):
    for phone in ("+5215512345678", "+525512345678"):
        await services.db.execute(
            "INSERT INTO sessions (account_id, campaign_id, code, phone, created_at)"
            " VALUES ($1, $2, md5($3), $3, now())", shop.account, shop.campaign, phone,
        )  # fmt: skip
    gone = await ok(v4.post("/v4/people/erase", {"address": "+5215512345678"}))
    assert gone["coupons"] == 2


async def test_where_the_list_cannot_be_written_nothing_is_erased(
    services, shop, settings, tmp_path
):
    import msgspec

    from tearoff.keeping import erased_list, erasing, finding

    who = Person("7398")
    broken = msgspec.structs.replace(
        services, settings=msgspec.structs.replace(settings, erased_list=str(tmp_path))
    )
    await services.db.execute(
        "INSERT INTO sessions (account_id, campaign_id, code, phone, created_at)"
        " VALUES ($1, $2, md5($3), $3, now())", shop.account, shop.campaign, who.phone,
    )  # fmt: skip
    given = finding.addresses_of([who.phone])
    found = await finding.find(services.db, shop.account, given, clock.now())
    with pytest.raises(erased_list.CannotNote):
        async with services.db.transaction() as db:
            await erasing.erase(broken, db, shop.account, found, clock.now())
    assert who.traces.search(dump_of(services))
