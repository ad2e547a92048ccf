"""`POST /v3/send/sms` as a caller sees it, over HTTP."""

import asyncio
import io
import re
import time
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import web
from aiohttp.test_utils import RawTestServer

from tearoff.messages import queries as messages
from tearoff.providers.log import read_outbox
from tests.api.caller import Caller
from tests.cast import open_shop, until_guards_are_freed
from tests.running import PATIENCE


async def text_of(settings, phone):
    return [m.text for m in read_outbox(settings.data, 10_000) if m.to == phone]


async def test_a_coupon_goes_out(caller, settings):
    answer = await caller.send("+32 470 00-20.01", body="Hi, your coffee")
    assert answer.status == 200
    body = answer.body
    assert body["status"] == {"status": "OK"}
    assert body["campaign"] == caller.shop.ref
    assert body["message"] == "Hi, your coffee"
    assert body["phone"] == "32470002001"
    assert body["action"] == "sms_sent"
    assert re.fullmatch(r"[a-z0-9]{21}", body["single_use_code"])
    assert re.fullmatch(r"msg_\d+", body["message_id"])
    assert (body["segments"], body["encoding"]) == (1, "GSM-7")
    url = f"https://coupons.example.com/p/{caller.shop.code}/{body['single_use_code']}"
    assert body["single_use_url"] == url
    assert await text_of(settings, "+32470002001") == [f"Hi, your coffee {url}"]
    assert "\\/" not in answer.text and ", " not in answer.text.replace("Hi, your", "")


async def test_the_campaigns_text_is_the_default_and_fields_are_filled(caller, settings):
    await caller.send("+32470002002")
    (text,) = await text_of(settings, "+32470002002")
    assert text.startswith("Your coffee: https://")
    await caller.send("+32470002003", body="{first_name}: {link}", firstname="Zoë")
    (text,) = await text_of(settings, "+32470002003")
    assert text.startswith("Zoë: https://")


async def test_ucs2_is_told(caller):
    answer = await caller.send("+32470002004", body="Привет")
    assert answer.body["encoding"] == "UCS-2"


BODY_FORMS = {
    "json": lambda c, v: {"json": v},
    "json without a type": lambda c, v: {"data": __import__("json").dumps(v).encode(),
                                         "skip_auto_headers": ["Content-Type"]},
    "json with a form's type": lambda c, v: {
        "data": __import__("json").dumps(v),
        "headers": {**c.shop.headers, "Content-Type": "application/x-www-form-urlencoded"}},
    "form": lambda c, v: {"data": v},
}  # fmt: skip


@pytest.mark.parametrize("form", BODY_FORMS)
async def test_body_forms(caller, form):
    values = {"campaign": caller.shop.ref, "phone": "+32470002010", "body": form}
    more = {"headers": caller.shop.headers, **BODY_FORMS[form](caller, values)}
    answer = await caller.request("POST", "/v3/send/sms", **more)
    assert (answer.status, answer.body["phone"]) == (200, "32470002010")


async def test_numbers_and_bare_ids_are_read(caller):
    answer = await caller.post(
        "/v3/send/sms", {"campaign": caller.shop.campaign, "phone": 32470002011, "unknown": {}}
    )
    assert answer.status == 200


@pytest.mark.parametrize("style", ["x-client", "x-api", "body", "odd case", "extra beside"])
async def test_credential_styles(caller, style):
    shop = caller.shop
    pair = {"client_id": shop.client_id, "client_secret": shop.client_secret}
    headers, body = {
        "x-client": (shop.headers, {}),
        "x-api": ({"x-api-key": shop.client_id, "x-api-secret": shop.client_secret}, {}),
        "body": ({}, pair),
        "odd case": ({"x-CLIENT-id": shop.client_id, "X-client-SECRET": shop.client_secret}, {}),
        "extra beside": ({"X-Client-Id": "1", "X-Client-Secret": "wrong"}, pair),
    }[style]
    values = {"campaign": shop.ref, "phone": "+32470002012", "body": style, **body}
    answer = await caller.post("/v3/send/sms", values, headers=headers)
    assert answer.status == 200


@pytest.mark.parametrize(
    "headers",
    [{}, {"X-Client-Id": "1" * 31}, {"X-Client-Id": "1" * 31, "X-Client-Secret": "x" * 31},
     {"X-Client-Id": "é", "X-Client-Secret": "ü"}],
)  # fmt: skip
async def test_wrong_credentials(caller, headers):
    answer = await caller.post("/v3/send/sms", {"campaign": "cam_1"}, headers=headers)
    assert answer.status == 401
    text = "HTTP/1.0 401 Unauthorized. Client ID or Secret not correct."
    errors = {"error_code": 1000, "error_message": text, "error_message_description": [text]}
    assert answer.body["errors"] == errors
    assert answer.body["status"]["errors"] == errors
    assert answer.body["status"]["status"] == "failed"


async def test_a_rolled_secret_and_an_ended_account(caller, services):
    assert (await caller.send("+32470002013")).status == 200
    await services.db.execute(
        "UPDATE api_keys SET secret_sha256 = '\\x00' WHERE client_id = $1", caller.shop.client_id
    )
    assert (await caller.send("+32470002014")).status == 401
    other = await open_shop(services)
    caller.shop = other
    assert (await caller.send("+32470002013")).status == 200
    await services.db.execute("UPDATE accounts SET expires_at = now() WHERE id = $1", other.account)
    answer = await caller.send("+32470002014")
    assert (answer.status, answer.codes, answer.texts) == (403, [101], ["Account has expired"])


@pytest.mark.parametrize(
    ("values", "codes", "texts"),
    [
        ({}, [200, 200], ["Missing parameter: campaign", "Missing parameter: phone"]),
        (None, [200, 200], ["Missing parameter: campaign", "Missing parameter: phone"]),
        (
            {"campaign": "cam_x", "phone": "123"},
            [301, 301],
            ["Invalid character in parameter: campaign.", "Phone number not valid"],
        ),
        ({"campaign": None, "phone": "+32470002020"}, [200], ["Missing parameter: campaign"]),
        ({"campaign": "cam_999999999", "phone": "+32470002020"}, [502], ["Campaign ID not found."]),
        ({"campaign": "dir_123456", "phone": "+32470002020"}, [502], ["Campaign ID not found."]),
        ({"campaign": "CAM", "phone": "+31600000000"}, [301], ["Phone number not valid"]),
        ({"campaign": "CAM", "phone": "+32470002020", "body": "a\x00b"}, [301],
         ["Invalid character in parameter: body."]),
        ({"campaign": "CAM", "phone": "+32470002020", "body": "x" * 1600}, [301],
         ["Invalid character in parameter: body."]),
        ({"campaign": "CAM", "phone": "+32470002020", "body": "x" * 2001}, [301],
         ["Invalid character in parameter: body."]),
        ({"campaign": "cam_999999999", "phone": "1", "body": "{lnk}", "email": "x"},
         [301, 301, 305],
         ["Phone number not valid",
          "Invalid character in parameter: body. {lnk} is no field. Did you mean {link}?",
          "Email address is not valid"]),
        ({"campaign": "CAM", "phone": "+32470002020", "body": "Hi {first_name}"}, [301],
         ["Invalid character in parameter: body. {first_name} is empty for this receiver."]),
        ({"campaign": "CAM", "phone": "+32470002020", "couponsession": "a" * 21}, [513],
         ["Statcode not found"]),
        ({"campaign": "CAM", "phone": "+32470002020", "email": "nobody"}, [305],
         ["Email address is not valid"]),
        ({"campaign": "CAM", "phone": "+32470002020", "expiry_date": "tomorrow"}, [303],
         ["Invalid format in parameter: expiry_date. Required format: yyyy-MM-dd HH:mm:ss"]),
        ({"campaign": "CAM", "phone": "+32470002020", "customid": {"a": 1}}, [301],
         ["Invalid character in parameter: customid."]),
    ],
)  # fmt: skip
async def test_parameter_errors(caller, values, codes, texts):
    if values and values.get("campaign") == "CAM":
        values = {**values, "campaign": caller.shop.ref}
    answer = await caller.post("/v3/send/sms", values)
    assert (answer.status, answer.codes, answer.texts) == (422, codes, texts)
    errors = answer.body["errors"]
    assert errors["error_message"] == "HTTP/1.0 422 Unprocessable entity."
    assert answer.body["status"] == {"status": "failed", "message": texts[0], "errors": errors}


@pytest.mark.parametrize("body", [b"{", b"[1]", b'"x"', b"\xff\xfe", b'{"a":"\xff"}', b"7"])
async def test_an_unreadable_body(caller, body):
    answer = await caller.post("/v3/send/sms", data=body)
    assert (answer.status, answer.codes) == (400, [400])


@pytest.mark.parametrize("size", [1_000_100, 12_000_000])
async def test_a_body_that_is_too_large(caller, size):
    body = io.BytesIO(b'{"body":"' + b"x" * size + b'"}')
    answer = await caller.post("/v3/send/sms", data=body)
    assert (answer.status, answer.codes) == (400, [400])


async def test_another_accounts_campaign_is_not_found(caller, other_shop):
    answer = await caller.send("+32470002021", campaign=other_shop.ref)
    assert (answer.status, answer.codes) == (422, [502])


async def test_no_integration(caller, services):
    caller.shop = await open_shop(services, kind=None)
    answer = await caller.send("+32470002022")
    assert answer.codes == [103]
    assert answer.texts == [
        "No SMS integration has been setup in your Tearoff account. Go to 'integrations' and"
        " 'SMS marketing' to setup a SMS provider."
    ]
    assert await count(services, "sessions", caller.shop) == 0


async def count(services, table, shop):
    return await services.db.fetchval(
        f"SELECT count(*) FROM {table} WHERE account_id = $1", shop.account
    )


NOW = datetime.now(UTC)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"campaign": {"status": "paused"}}, "The campaign is not active."),
        ({"campaign": {"starts_at": NOW + timedelta(days=1)}}, "The campaign has not started yet."),
        ({"campaign": {"expires_at": NOW - timedelta(hours=1)}}, "The campaign has ended."),
        ({"campaign": {"limit_sessions": 0}}, "The campaign has reached its limit."),
        ({"account": {"country": "FR"}}, "This country is not allowed for your account."),
        (
            {"account": {"limit_number_hour": 0}},
            "Too many messages to this number in the last hour.",
        ),
        ({"account": {"limit_number_day": 0}}, "Too many messages to this number today."),
        ({"account": {"limit_prefix_hour": 0}},
         "Too many messages to numbers of this block in the last hour."),
    ],
)  # fmt: skip
async def test_refusals_before_anything_is_made(caller, services, change, reason):
    caller.shop = await open_shop(services, **change)
    answer = await caller.send("+32470002023")
    assert (answer.status, answer.codes) == (422, [602])
    assert answer.texts == [f"SMS not sent to '+32470002023'. Reason: {reason}"]
    for table in ("sessions", "messages", "open_sends"):
        assert await count(services, table, caller.shop) == 0


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"kind": None}, 103),
        ({"campaign": {"status": "paused"}}, 602),
        ({"account": {"country": "FR"}}, 602),
        ({"account": {"limit_number_hour": 0}}, 602),
    ],
)
async def test_a_session_that_is_not_there_is_told_before_what_stands_in_the_way(
    caller, services, change, code
):
    caller.shop = await open_shop(services, **change)
    assert (await caller.send("+32470002024")).codes == [code]
    assert (await caller.send("+32470002024", couponsession="a" * 21)).codes == [513]


async def test_a_campaign_that_was_paused_meanwhile_is_noticed(caller, services):
    assert (await caller.send("+32470002024")).status == 200
    await services.db.execute(
        "UPDATE campaigns SET status = 'paused' WHERE id = $1", caller.shop.campaign
    )
    assert (await caller.send("+32470002025")).codes == [602]
    await services.db.execute(
        "UPDATE campaigns SET status = 'active' WHERE id = $1", caller.shop.campaign
    )
    assert (await caller.send("+32470002025")).status == 200


async def test_the_limit_of_a_campaign_holds_under_concurrency(caller, services):
    caller.shop = await open_shop(services, campaign={"limit_sessions": 7})
    answers = await asyncio.gather(*(caller.send(f"+3247000{3000 + i}") for i in range(30)))
    assert sum(a.status == 200 for a in answers) == 7
    assert await count(services, "sessions", caller.shop) == 7
    assert await count(services, "messages", caller.shop) == 7


async def test_a_number_on_the_list_gets_nothing(caller, services, settings):
    await services.db.execute(
        "INSERT INTO opt_outs (account_id, address, source, created_at)"
        " VALUES ($1, '+32470002026', 'shop', now())",
        caller.shop.account,
    )
    answer = await caller.send("0032470002026")
    assert (answer.status, answer.codes) == (422, [605])
    assert answer.texts == [
        "SMS not sent to '0032470002026'. Reason: This number is on the blacklist or opt-out list."
    ]
    assert await count(services, "sessions", caller.shop) == 0
    assert await text_of(settings, "+32470002026") == []


async def test_the_providers_refusals(caller, services):
    caller.shop = await open_shop(services, settings={"scripted": "true"})
    answer = await caller.send("+32470002211")
    assert answer.codes == [602]
    assert answer.texts[0].startswith("SMS not sent to '+32470002211'. Reason: The number does not")
    row = await services.db.fetchrow(
        "SELECT m.state, m.reason, s.voided FROM messages m JOIN sessions s ON s.id = m.about"
        " WHERE m.account_id = $1",
        caller.shop.account,
    )
    assert tuple(row) == ("failed", "invalid_number", True)
    assert await count(services, "open_sends", caller.shop) == 0


async def test_the_provider_says_opted_out(caller, services):
    caller.shop = await open_shop(services, settings={"scripted": "true"})
    for _ in range(2):
        answer = await caller.send("+32470002610")
        assert answer.codes == [605]
    assert await count(services, "messages", caller.shop) == 1
    source = await services.db.fetchval(
        "SELECT source FROM opt_outs WHERE account_id = $1", caller.shop.account
    )
    assert source == "provider"


async def test_no_answer_is_unknown_and_nothing_goes_out_twice(caller, services, settings):
    caller.shop = await open_shop(services, settings={"scripted": "true"})
    first = await caller.send("+32470002900", body="once")
    assert (first.status, first.codes) == (422, [602])
    assert first.body["message_id"] in first.texts[0]
    row = await services.db.fetchrow(
        "SELECT m.state, s.voided FROM messages m JOIN sessions s ON s.id = m.about"
        " WHERE m.account_id = $1",
        caller.shop.account,
    )
    assert tuple(row) == ("unknown", False)
    again = await caller.send("+32470002900", body="once")
    assert again.texts == first.texts
    assert len(await text_of(settings, "+32470002900")) == 1
    told = await caller.send("+32470002900", body="once {link}")  # leaves as the same text
    assert told.texts == first.texts
    assert len(await text_of(settings, "+32470002900")) == 1
    other = await caller.send("+32470002900", body="something else")
    assert other.body["message_id"] != first.body["message_id"]


async def test_the_guard_ends_after_its_time(caller, services, settings):
    caller.shop = await open_shop(services, settings={"scripted": "true"})
    await caller.send("+32470003900", body="once")
    await services.db.execute(
        "UPDATE messages SET created_at = created_at - interval '11 minutes' WHERE account_id = $1",
        caller.shop.account,
    )
    await services.db.execute(
        "UPDATE open_sends SET until = now() - interval '1 minute' WHERE account_id = $1",
        caller.shop.account,
    )
    await caller.send("+32470003900", body="once")
    assert len(await text_of(settings, "+32470003900")) == 2


async def test_equal_sends_at_the_same_time(caller, services):
    """The service answers the one that it got when all the others have been answered."""
    may_answer, asked = asyncio.Event(), []

    async def answer_late(request):
        asked.append(await request.read())
        await may_answer.wait()
        return web.json_response({"id": "1"})

    async with RawTestServer(answer_late) as gateway:
        settings = {"url": str(gateway.make_url("/")), "body": '{"to": "{to}", "text": "{text}"}',
                    "id_path": "id", "sender": "Bakery"}  # fmt: skip
        caller.shop = await open_shop(services, kind="http", settings=settings)
        sends = asyncio.as_completed([caller.send("+32470002030", body="x") for _ in range(20)])
        refused = [await next(sends) for _ in range(19)]
        may_answer.set()
        (sent,) = [await one for one in sends]
    assert (sent.status, len(asked)) == (200, 1)
    assert {(a.status, *a.codes) for a in refused} == {(422, 602)}


async def test_an_existing_session_is_sent(caller, services):
    made = await caller.post("/v3/singleuse/create", {"campaign": caller.shop.ref})
    code = made.body["single_use_code"]
    answer = await caller.send("+32470002031", couponsession=code)
    assert answer.body["single_use_code"] == code
    assert await count(services, "sessions", caller.shop) == 1


async def test_an_existing_session_survives_a_refusal(caller, services):
    caller.shop = await open_shop(services, settings={"scripted": "true"})
    made = await caller.post("/v3/singleuse/create", {"campaign": caller.shop.ref})
    code = made.body["single_use_code"]
    assert (await caller.send("+32470002211", couponsession=code)).codes == [602]
    data = await caller.post("/v3/couponsession/data", {"couponsession": code})
    assert data.body["data"]["status"]["voided"] == "0"


async def test_another_campaigns_session_is_refused(caller, other_shop, http, server):
    other = Caller(http, server.url, other_shop)
    made = await other.post("/v3/singleuse/create", {"campaign": other_shop.ref})
    code = made.body["single_use_code"]
    assert (await caller.send("+32470002032", couponsession=code)).codes == [513]


async def test_a_duplicate_check_sends_the_same_session(caller, services):
    first = await caller.send("+32470002033", email="ann@example.com", duplicate_check="email")
    again = await caller.send("+32470002034", email="ANN@example.com", duplicate_check="email")
    assert first.status == again.status == 200
    assert first.body["single_use_code"] == again.body["single_use_code"]
    assert await count(services, "sessions", caller.shop) == 1


async def test_a_caller_who_hangs_up_changes_nothing(caller, services, settings):
    caller.shop = await open_shop(services, settings={"delay_ms": "2500"})

    async def becomes(wanted):
        async with asyncio.timeout(PATIENCE):
            while wanted != await services.db.fetchval(
                "SELECT state FROM messages WHERE account_id = $1", caller.shop.account
            ):
                await asyncio.sleep(0.02)

    send = asyncio.create_task(caller.send("+32470002035"))
    await becomes("submitting")
    send.cancel()
    await becomes("accepted")
    assert send.cancelled()
    assert len(await text_of(settings, "+32470002035")) == 1


async def test_an_interrupted_send_becomes_unknown(caller, services):
    await caller.send("+32470002036")
    await until_guards_are_freed(services, caller.shop)
    await services.db.execute(
        "UPDATE messages SET state = 'submitting' WHERE account_id = $1", caller.shop.account
    )
    row = await services.db.fetchrow(
        "SELECT id FROM messages WHERE account_id = $1", caller.shop.account
    )
    await services.db.execute(
        "INSERT INTO open_sends (account_id, guard, message_id, until)"
        " VALUES ($1, '\\x01', $2, now() - interval '1 second')",
        caller.shop.account,
        row["id"],
    )
    end = time.monotonic() + PATIENCE
    while (await messages.message(services.db, row["id"])).state != "unknown":
        assert time.monotonic() < end
        await asyncio.sleep(0.2)


async def test_only_post_and_known_paths(caller):
    for method, path in (("GET", "/v3/send/sms"), ("POST", "/v3/send/nothing"), ("PUT", "/v3/x")):
        answer = await caller.request(method, path, headers=caller.shop.headers)
        assert (answer.status, answer.codes) == (404, [404])
        told = "Unknown path for this method. Use POST." if method == "GET" else "Unknown path."
        assert answer.texts == [told]
