"""`/v4/messages` as a program sees it."""

import asyncio

import pytest

from tests.api.v4.client import client_of


@pytest.fixture
def v4(caller):
    return client_of(caller)


async def test_a_text_alone_is_measured_as_it_stands(v4):
    answer = await v4.post("/v4/messages/preview", {"text": "Café 2 for 1"})
    assert answer.status == 200
    assert answer.body == {
        "encoding": "GSM-7", "segments": 1, "units": 12, "text": "Café 2 for 1", "offending": [],
        "template": "Café 2 for 1", "sender": None, "price": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "encoding", "units", "segments", "offending"),
    [
        ("", "GSM-7", 0, 1, []),
        ("x" * 160, "GSM-7", 160, 1, []),
        ("x" * 161, "GSM-7", 161, 2, []),
        ("€" * 80, "GSM-7", 160, 1, []),
        ("ç" + "x" * 69, "UCS-2", 70, 1, ["ç"]),
        ("“hi” 😀", "UCS-2", 7, 1, ["“", "”", "😀"]),
        ("line\nnext {first_name}", "GSM-7", 24, 1, []),
    ],
)
async def test_units_and_segments(v4, text, encoding, units, segments, offending):
    answer = await v4.post("/v4/messages/preview", {"text": text})
    assert answer.body == {
        "encoding": encoding, "segments": segments, "units": units, "text": text,
        "offending": offending, "template": text, "sender": None, "price": None,
    }  # fmt: skip


async def test_with_a_campaign_the_link_is_counted(v4, shop):
    answer = await v4.post(
        "/v4/messages/preview",
        {"text": "Hi {first_name}: {link}", "campaign": shop.campaign,
         "fields": {"first_name": "Ann"}},
    )  # fmt: skip
    sent = await v4.post(
        "/v4/messages",
        {"campaign": shop.campaign, "phone": "+32470001000", "text": "Hi {first_name}: {link}",
         "firstname": "Ann"},
    )  # fmt: skip
    assert sent.status == 201, sent.text
    assert answer.body["units"] == len(sent.body["text"])
    assert answer.body["text"].startswith("Hi Ann: https://")


async def test_a_field_that_nobody_gave_is_named(v4, shop):
    answer = await v4.post(
        "/v4/messages/preview", {"text": "Hi {first_name}", "campaign": shop.campaign}
    )
    assert answer.status == 422
    assert answer.body["errors"][0]["field"] == "fields"


async def test_the_campaigns_text_is_the_default(v4, shop):
    answer = await v4.post("/v4/messages/preview", {"campaign": shop.campaign})
    assert answer.body["text"].startswith("Your coffee: https://")


async def test_a_message_is_sent_and_found_again(v4, shop):
    sent = await v4.post("/v4/messages", {"campaign": shop.campaign, "phone": "+32470001000"})
    assert sent.status == 201, sent.text
    assert sent.body["campaign"] == shop.campaign
    assert sent.body["ref"] == f"msg_{sent.body['id']}"
    assert sent.body["session"] in sent.body["text"]
    for name in (sent.body["id"], sent.body["ref"]):
        found = await v4.get(f"/v4/messages/{name}")
        assert found.status == 200
        assert found.body["recipient"] == "+32470001000"
        assert [event["event"] for event in found.body["timeline"]][:2] == ["created", "accepted"]


async def test_messages_come_in_pages_newest_first(v4, shop):
    made = []
    for i in range(5):
        sent = await v4.post(
            "/v4/messages", {"campaign": shop.campaign, "phone": f"+3247000100{i}"}
        )
        made.append(sent.body["id"])
    seen, cursor = [], ""
    while True:
        page = await v4.get(f"/v4/messages?limit=2{cursor}")
        assert page.status == 200
        assert len(page.body["data"]) <= 2
        seen += [message["id"] for message in page.body["data"]]
        if page.body["next_cursor"] is None:
            break
        cursor = f"&cursor={page.body['next_cursor']}"
    assert seen == made[::-1]


@pytest.mark.parametrize("cursor", ["x", "%00", "WyJtZXNzYWdlcyIsLTFd", "W10", "bnVsbA", "🙂"])
async def test_a_cursor_that_is_none_is_refused(v4, cursor):
    answer = await v4.get(f"/v4/messages?cursor={cursor}")
    assert answer.status == 422
    assert answer.body["errors"][0]["field"] == "cursor"


async def test_a_key_sends_once(v4, shop, services):
    body = {"campaign": shop.campaign, "phone": "+32470001000"}
    both = [await v4.post("/v4/messages", body, extra={"Idempotency-Key": "one"}) for _ in range(2)]
    assert [answer.status for answer in both] == [201, 201]
    assert both[0].body == both[1].body
    assert both[1].headers["Idempotent-Replay"] == "true"
    n = await services.db.fetchval(
        "SELECT count(*) FROM messages WHERE account_id = $1", shop.account
    )
    assert n == 1
    other = await v4.post(
        "/v4/messages", {**body, "phone": "+32470001001"}, extra={"Idempotency-Key": "one"}
    )
    assert (other.status, other.body["code"]) == (422, 422)


async def test_a_key_used_by_many_at_once_sends_once(v4, shop, services):
    body = {"campaign": shop.campaign, "phone": "+32470001002"}
    answers = await asyncio.gather(
        *(v4.post("/v4/messages", body, extra={"Idempotency-Key": "two"}) for _ in range(10))
    )
    assert {answer.status for answer in answers} <= {201, 409}
    n = await services.db.fetchval(
        "SELECT count(*) FROM messages WHERE account_id = $1", shop.account
    )
    assert n == 1


async def test_who_opted_out_gets_nothing(v4, shop):
    await v4.post("/v4/suppressions", {"address": "+32470001003"})
    sent = await v4.post("/v4/messages", {"campaign": shop.campaign, "phone": "+32470001003"})
    assert (sent.status, sent.body["code"]) == (409, 605)


async def test_another_tenant_sees_no_message(v4, other_caller, shop):
    sent = await v4.post("/v4/messages", {"campaign": shop.campaign, "phone": "+32470001000"})
    other = client_of(other_caller)
    assert (await other.get(f"/v4/messages/{sent.body['id']}")).status == 404
    assert (await other.get("/v4/messages")).body["data"] == []
    again = await other.post("/v4/messages", {"campaign": shop.campaign, "phone": "+32470001000"})
    assert (again.status, again.body["code"]) == (404, 502)
