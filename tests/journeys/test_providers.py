"""A connection to Twilio that is changed over v4 while messages are under way."""

import asyncio

import pytest
import pytest_asyncio

from tearoff.people import optouts
from tests.api.caller import Caller
from tests.api.v4.client import client_of
from tests.cast import open_shop, until_guards_are_freed
from tests.journeys.conftest import wait_for_state
from tests.providers.dialects import ACCOUNT, TOKEN, Twilio
from tests.providers.standin import running_standin
from tests.running import PATIENCE


@pytest_asyncio.fixture(scope="module")
async def standin():
    async with running_standin() as running:
        yield running


@pytest_asyncio.fixture
async def v4(http, journey_server, services, standin):
    return client_of(Caller(http, journey_server.url, await open_shop(services, kind=None)))


@pytest.fixture
def twilio(standin):
    return {
        "account_sid": ACCOUNT, "auth_token": TOKEN, "sender": "+12015550100",
        "base_url": standin.url,
    }  # fmt: skip


async def connect(v4, settings):
    answer = await v4.post("/v4/providers", {"kind": "twilio", "settings": settings})
    assert answer.status == 201, answer.text
    return answer.body


async def send(v4, phone):
    shop = v4.caller.shop
    return await v4.post("/v4/messages", {"campaign": shop.campaign, "phone": phone})


async def until_stopped(services, shop, phone):
    async with asyncio.timeout(PATIENCE):
        while not await optouts.is_opted_out(services.db, shop.account, phone):
            await asyncio.sleep(0.05)


CHANGES = (
    {"name": "Shop"},
    {"prices": {"*": 70_000}},
    {"reply_numbers": ["+12015550199"]},
    {"settings": {"sender": "+12015550101"}},
    {"settings": {"validity_seconds": "3600"}},
    {"settings": {"provider_replies": "false"}},
    {"settings": {"country": "US"}},
    {"settings": {"messaging_service_sid": "MG" + "0" * 32}},
    {"settings": {"messaging_service_sid": None}},
    {"settings": {"auth_token": ""}},
)


async def test_no_change_loses_the_way_back(v4, services, standin, twilio):
    """dashboard-complaints.md, lines 5 and 6: after each change the next message goes out, and
    receipts and replies to the old address with the old signature are taken in."""
    shop, one = v4.caller.shop, await connect(v4, twilio)
    for n, change in enumerate(CHANGES):
        before, after = f"+3247000{n:02}20", f"+3247000{n:02}21"
        with standin.holding_receipts():
            under_way = await send(v4, before)
            changed = await v4.patch(f"/v4/providers/{one['id']}", change)
            assert changed.status == 200, changed.text
            assert changed.body["callback_url"] == one["callback_url"]
            assert changed.body["secrets"] == one["secrets"]
        await standin.settle()
        await wait_for_state(services, under_way.body["ref"], "delivered")
        sent = await send(v4, after)
        assert sent.status == 201, (change, sent.text)
        await wait_for_state(services, sent.body["ref"], "delivered")
        await standin.reply(Twilio(), one["callback_url"], after, "+12015550100", "STOP")
        await until_stopped(services, shop, after)
    assert set(standin.told) == {200}
    shown = (await v4.get(f"/v4/providers/{one['id']}")).body
    assert shown["state"] == "working" and shown["last_receipt_at"]


async def test_a_wrong_password_is_seen_and_mended(v4, services, standin, twilio):
    wrong = twilio | {"auth_token": "not this one"}
    tried = await v4.post("/v4/providers/test", {"kind": "twilio", "settings": wrong})
    assert tried.body["result"] == "failed"
    assert tried.body["reason"].startswith("The SMS provider does not accept the credentials")
    one = await connect(v4, wrong)
    path = f"/v4/providers/{one['id']}"
    assert (await v4.post(f"{path}/test", {"to": "+32470001100"})).body == tried.body
    assert (await send(v4, "+32470001101")).body["code"] == 602
    failing = (await v4.get(path)).body
    assert failing["state"] == "failing"
    assert "credentials" in failing["last_error"] and "not this one" not in failing["last_error"]
    body = {"id": one["id"], "settings": {"auth_token": TOKEN}}
    assert (await v4.post("/v4/providers/test", body)).body["result"] == "ok"
    assert (await v4.patch(path, {"settings": {"auth_token": TOKEN}})).body["state"] == "new"
    told = (await v4.post(f"{path}/test", {"to": "+32470001102"})).body
    assert told["result"] == "ok"
    await wait_for_state(services, f"msg_{told['message']}", "delivered")
    assert (await v4.get(path)).body["state"] == "working"
    await until_guards_are_freed(services, v4.caller.shop)


async def test_what_comes_for_a_provider_that_is_off_is_taken_in(v4, services, standin, twilio):
    one = await connect(v4, twilio)
    with standin.holding_receipts():
        sent = await send(v4, "+32470001200")
        assert (await v4.delete(f"/v4/providers/{one['id']}")).status == 204
    assert (await send(v4, "+32470001201")).body["code"] == 103
    await wait_for_state(services, sent.body["ref"], "delivered")


async def test_a_reply_to_a_number_of_nobody_is_taken_in_and_shown(v4, services, standin, twilio):
    """dashboard-complaints.md, line 7: genuine, so stored and answered 2xx, and told."""
    one = await connect(v4, twilio)
    before, (phone, to) = len(standin.told), ("+32470001300", "+12015550177")
    await standin.reply(Twilio(), one["callback_url"], phone, to, "STOP")
    assert standin.told[before:] == [200]
    assert await optouts.is_opted_out(services.db, v4.caller.shop.account, phone)
    found = (await v4.get(f"/v4/providers/{one['id']}")).body["unmatched_replies"]
    assert (found["count"], found["number"]) == (1, to)
