"""Replies that may mean STOP, and one number in its two spellings, as programs see them."""

import pytest

from tearoff.kit import clock
from tearoff.messages import replies
from tearoff.people.keywords import Keyword
from tests.api.v4.client import client_of
from tests.cast import until_guards_are_freed


@pytest.fixture
def v4(caller):
    return client_of(caller)


@pytest.fixture
def other(other_caller):
    return client_of(other_caller)


async def written(services, shop, *, phone, keyword=Keyword.MAYBE_STOP, text="so stop?"):
    return await replies.keep(
        services.db,
        replies.Arriving(
            shop.account, shop.connection, "470001234", phone, "8850", text, keyword, "p1",
            clock.now(),
        ),
    )  # fmt: skip


async def test_a_person_decides_what_was_meant(v4, services, shop):
    number = "+32470001300"
    meant = await written(services, shop, phone=number)
    not_meant = await written(services, shop, phone="+32470001301", text="the bus stop?")
    await written(services, shop, phone="+32470001302", keyword=Keyword.NONE, text="thanks")
    page = (await v4.get("/v4/replies?keyword=maybe_stop&limit=1")).body
    rest = (await v4.get(f"/v4/replies?keyword=maybe_stop&cursor={page['next_cursor']}")).body
    assert [r["id"] for r in page["data"] + rest["data"]] == [not_meant, meant]
    assert rest["data"][0]["phone"] == number
    assert len((await v4.get("/v4/replies")).body["data"]) == 3

    done = await v4.post(f"/v4/replies/{meant}/optout")
    assert (done.status, done.body["state"]) == (200, "opted_out")
    assert (await v4.post(f"/v4/replies/rep_{meant}/optout")).status == 200
    late = await v4.post(f"/v4/replies/{meant}/dismiss")
    assert (late.status, late.body["code"]) == (409, 526)
    body = {"campaign": shop.campaign, "phone": number}
    assert (await v4.post("/v4/messages", body)).body["code"] == 605
    (listed,) = (await v4.get("/v4/suppressions")).body["data"]
    assert (listed["address"], listed["source"]) == (number, "reply")

    assert (await v4.post(f"/v4/replies/{not_meant}/dismiss")).body["state"] == "dismissed"
    assert (await v4.get("/v4/replies?keyword=maybe_stop")).body["data"] == []
    (kept,) = (await v4.get("/v4/replies?keyword=maybe_stop&state=dismissed")).body["data"]
    assert kept["id"] == not_meant


async def test_a_sender_that_could_not_be_read_is_named_by_the_person(v4, services, shop):
    maybe = await written(services, shop, phone="+32470001304")
    lost = await written(services, shop, phone=None, keyword=Keyword.STOP, text="STOP")
    waits = (await v4.get("/v4/replies?state=open")).body["data"]
    assert [reply["id"] for reply in waits] == [lost, maybe]
    assert (await v4.post(f"/v4/replies/{maybe}/dismiss")).status == 200
    (shown,) = (await v4.get("/v4/replies?state=open")).body["data"]
    assert (shown["sender"], shown["phone"], shown["keyword"]) == ("470001234", None, "stop")
    refused = await v4.post(f"/v4/replies/{lost}/optout")
    assert (refused.status, refused.body["errors"][0]["field"]) == (422, "phone")
    assert len((await v4.get("/v4/replies?state=open")).body["data"]) == 1
    answer = await v4.post(f"/v4/replies/{lost}/optout", {"phone": "+32 (0)470/00.13.03"})
    assert answer.status == 200
    body = {"campaign": shop.campaign, "phone": "+32470001303"}
    assert (await v4.post("/v4/messages", body)).body["code"] == 605


async def test_another_tenant_sees_and_decides_nothing(v4, other, services, shop):
    one = await written(services, shop, phone="+32470001304")
    assert (await other.get("/v4/replies")).body["data"] == []
    assert (await other.get("/v4/replies?keyword=maybe_stop")).body["data"] == []
    for verb in ("optout", "dismiss"):
        assert (await other.post(f"/v4/replies/{one}/{verb}")).status == 404
        assert (await other.post(f"/v4/replies/{one + 10_000}/{verb}")).status == 404
    assert (await other.get("/v4/suppressions")).body["data"] == []
    (still,) = (await v4.get("/v4/replies")).body["data"]
    assert still["state"] == "open"


@pytest.mark.parametrize("query", ["keyword=maybe", "state=closed", "limit=0", "cursor=x"])
async def test_wrong_questions(v4, query):
    assert (await v4.get(f"/v4/replies?{query}")).status == 422


async def test_they_are_found_counted_and_told_of_what_could_not_be_read(v4, other, services, shop):
    mine = await written(services, shop, phone="+32470001300", text="100% Ünsure, stop_it?")
    await written(services, shop, phone="+32470001301", text="other", keyword=Keyword.NONE)
    for text in ("%2B32470001300", "1300", "ÜNSURE", "100%25", "stop_it"):
        found = (await v4.get(f"/v4/replies?search={text}")).body["data"]
        assert [one["id"] for one in found] == [mine], text
        assert (await other.get(f"/v4/replies?search={text}")).body["data"] == []
    assert (await v4.get("/v4/replies?search=1_0%25")).body["data"] == []
    assert (await v4.get("/v4/replies/waiting")).body == {"open": 1, "has_unread": False}
    await services.db.execute(
        "WITH a AS (INSERT INTO arrivals (account_id, connection_id, key, kind, raw, received_at,"
        " handled_at, result) VALUES ($1, $2, 'k', 'link', 'x', now(), now(), 'broken')"
        " RETURNING account_id, id, received_at) INSERT INTO unread_arrivals SELECT * FROM a",
        shop.account, shop.connection,
    )  # fmt: skip
    (report,) = (await v4.get("/v4/replies/unread")).body["data"]
    assert (report["provider"], report["reason"], report["text"]) == (
        shop.connection,
        "broken",
        "x",
    )
    assert (await v4.get("/v4/replies/waiting")).body == {"open": 1, "has_unread": True}
    assert (await other.get("/v4/replies/waiting")).body == {"open": 0, "has_unread": False}
    assert (await other.get("/v4/replies/unread")).body["data"] == []


# one number in two spellings --------------------------------------------------------------


@pytest.mark.parametrize(
    ("listed", "dialled"),
    [
        ("+5215512345670", "+525512345670"),
        ("+541123456780", "+5491123456780"),
        ("+5491123456781", "+541123456781"),
        ("+551187654322", "+5511987654322"),
        ("\u202a+32 470\u201100\u201113\u201110\u202c", "+32470001310"),
        ("0032 (0) 470/00.13.11", "+32470001311"),
    ],
)
async def test_who_opted_out_in_one_spelling_gets_nothing_in_the_other(v4, shop, listed, dialled):
    body = {"campaign": shop.campaign, "phone": dialled}
    assert (await v4.post("/v4/suppressions", {"address": listed})).status == 201
    assert (await v4.post("/v4/suppressions", {"address": dialled})).status == 200
    assert (await v4.post("/v4/messages", body)).body["code"] == 605
    assert (await v4.delete(f"/v4/suppressions/{dialled}")).status == 204
    assert (await v4.post("/v4/messages", body)).status == 201


async def test_searches_duplicates_contacts_and_tallies_know_both_spellings(
    v4, caller, services, shop
):
    one, other = "+5491123456790", "+541123456790"
    made = await caller.post("/v3/singleuse/create", {"campaign": shop.ref, "phone": one})
    code = made.body["single_use_code"]
    again = await caller.post(
        "/v3/singleuse/create", {"campaign": shop.ref, "phone": other, "duplicate_check": "phone"}
    )
    assert again.body["single_use_code"] == code
    for way in ("phone", "search"):
        found = await caller.post("/v3/couponsession/search", {way: other})
        assert [s["session"] for s in found.body["data"]] == [code]

    group = (await v4.post("/v4/groups", {"name": "Both", "channel": "sms"})).body["id"]
    first = await v4.post(f"/v4/groups/{group}/contacts", {"phone": one})
    second = await v4.post(f"/v4/groups/{group}/contacts", {"phone": other, "firstname": "Ana"})
    assert (second.body["id"], second.body["phone"]) == (first.body["id"], one)
    await v4.post("/v4/suppressions", {"address": other})
    (member,) = (await v4.get(f"/v4/groups/{group}/contacts")).body["data"]
    assert member["opted_out_at"] is not None
    await v4.delete(f"/v4/suppressions/{one}")

    await services.db.execute(
        "UPDATE accounts SET limit_number_hour = 1 WHERE id = $1", shop.account
    )
    body = {"campaign": shop.campaign, "text": "one"}
    assert (await v4.post("/v4/messages", body | {"phone": one})).status == 201
    await until_guards_are_freed(services, shop)
    full = await v4.post("/v4/messages", body | {"phone": other, "text": "two"})
    assert (full.status, full.body["detail"]) == (
        409, "Too many messages to this number in the last hour.",
    )  # fmt: skip
