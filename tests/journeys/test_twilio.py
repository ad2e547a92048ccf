"""A coupon through Twilio's dialect and back: receipts, replies, lost answers."""

import asyncio

import pytest
import pytest_asyncio

from tests.api.caller import Caller
from tests.cast import open_shop
from tests.journeys.conftest import wait_for_state
from tests.providers.dialects import ACCOUNT, TOKEN, Twilio
from tests.providers.standin import running_standin
from tests.running import PATIENCE


@pytest_asyncio.fixture(scope="module")
async def standin():
    async with running_standin() as running:
        yield running


@pytest_asyncio.fixture
async def caller(http, journey_server, services, standin):
    shop = await open_shop(
        services,
        kind="twilio",
        settings={
            "account_sid": ACCOUNT, "auth_token": TOKEN, "sender": "+12015550100",
            "base_url": standin.url,
        },
    )  # fmt: skip
    return Caller(http, journey_server.url, shop)


@pytest.mark.parametrize(
    ("ending", "state"),
    [("000", "delivered"), ("910", "delivered"), ("911", "delivered"), ("912", "delivered"),
     ("913", "accepted"), ("914", "delivered")],
)  # fmt: skip
async def test_receipts_climb(caller, services, standin, ending, state):
    phone = f"+32470006{ending}"
    answer = await caller.send(phone)
    assert answer.status == 200
    await standin.settle()
    await wait_for_state(services, answer.body["message_id"], state)
    assert len(standin.taken_for(phone)) == 1
    assert set(standin.told) <= {200}


@pytest.mark.parametrize("ending", ["500", "901", "902", "903"])
async def test_a_lost_answer_is_unknown_until_a_receipt_settles_it(
    caller, services, standin, ending
):
    phone = f"+32470007{ending}"
    with standin.holding_receipts():
        answer = await caller.send(phone)
        assert answer.codes == [602]
        again = await caller.send(phone)
    assert again.codes == [602]
    ref = answer.body["message_id"]
    assert again.body["message_id"] == ref
    assert len(standin.taken_for(phone)) <= 1
    await standin.settle()
    await wait_for_state(services, ref, "unknown" if ending == "902" else "delivered")


async def test_the_providers_refusals(caller, services, standin):
    assert (await caller.send("+32470006211")).codes == [602]
    assert (await caller.send("+32470006429")).codes == [602]
    assert (await caller.send("+32470006610")).codes == [605]
    assert (await caller.send("+32470006610")).codes == [605]
    assert sum(b"6610" in seen.body for seen in standin.seen) == 1
    assert not standin.taken_for("+32470006610")


async def test_stop_and_start(caller, services, standin):
    phone = "+32470006001"
    assert (await caller.send(phone)).status == 200
    url = f"{caller.url}/callbacks/twilio/{caller.shop.token}"
    await standin.reply(Twilio(), url, phone, "+12015550100", "Arrêt!")
    await until(lambda: is_opted_out(services, caller.shop, phone))
    assert (await caller.send(phone)).codes == [605]
    assert len(standin.taken_for(phone)) == 1
    await standin.reply(Twilio(), url, phone, "+12015550100", "START")
    await until(lambda: is_opted_out(services, caller.shop, phone), wanted=False)
    assert (await caller.send(phone)).status == 200


async def test_start_does_not_lift_what_the_shop_set(caller, services, standin):
    phone = "+32470006002"
    for source in ("shop", "reply"):
        await services.db.execute(
            "INSERT INTO opt_outs (account_id, address, source, created_at)"
            " VALUES ($1, $2, $3, now())",
            caller.shop.account, phone, source,
        )  # fmt: skip
    url = f"{caller.url}/callbacks/twilio/{caller.shop.token}"
    await standin.reply(Twilio(), url, phone, "+12015550100", "START")
    await until(lambda: count_opt_outs(services, caller.shop, phone), wanted=1)
    assert (await caller.send(phone)).codes == [605]


async def test_unsigned_unknown_and_garbage_callbacks_do_no_harm(caller, services, http):
    answer = await caller.send("+32470005913")
    ref = answer.body["message_id"]
    number = ref.removeprefix("msg_")
    url = f"{caller.url}/callbacks/twilio/{caller.shop.token}"
    forged = {"MessageSid": "SM1", "MessageStatus": "delivered"}
    async with http.post(f"{url}?m={number}", data=forged) as response:
        assert response.status == 403
    async with http.post(f"{url}?m={number}", data=b"\xff\x00") as response:
        assert response.status == 403
    for path in ("twilio/" + "x" * 22, "smpp/" + caller.shop.token, "nothing/x", "twilio/é"):
        async with http.post(f"{caller.url}/callbacks/{path}", data=forged) as response:
            assert response.status == 404
    unknown = Twilio().signed(f"{url}?m=1", {"MessageSid": "SM1", "MessageStatus": "delivered"})
    async with http.post(
        unknown.url, data=unknown.body,
        headers={"Content-Type": unknown.content_type, **unknown.headers},
    ) as response:  # fmt: skip
        assert response.status == 200
    await wait_for_state(services, ref, "accepted")


async def test_a_receipt_of_another_tenants_connection_changes_nothing(
    caller, services, standin, http
):
    answer = await caller.send("+32470004913")
    number = answer.body["message_id"].removeprefix("msg_")
    other = await open_shop(
        services,
        kind="twilio",
        settings={
            "account_sid": ACCOUNT, "auth_token": TOKEN, "sender": "+12015550100",
            "base_url": standin.url,
        },
    )  # fmt: skip
    url = f"{caller.url}/callbacks/twilio/{other.token}?m={number}"
    report = Twilio().signed(url, {"MessageSid": "SM1", "MessageStatus": "delivered"})
    async with http.post(
        url, data=report.body, headers={"Content-Type": report.content_type, **report.headers}
    ) as response:
        assert response.status == 200
    await until(lambda: unhandled(services, other), wanted=0)
    await wait_for_state(services, answer.body["message_id"], "accepted")


async def is_opted_out(services, shop, phone):
    return bool(await count_opt_outs(services, shop, phone))


async def count_opt_outs(services, shop, phone):
    return await services.db.fetchval(
        "SELECT count(*) FROM opt_outs WHERE account_id = $1 AND address = $2", shop.account, phone
    )


async def unhandled(services, shop):
    return await services.db.fetchval(
        "SELECT count(*) FROM arrivals WHERE account_id = $1 AND handled_at IS NULL", shop.account
    )


async def until(ask, wanted=True, seconds=PATIENCE):
    async with asyncio.timeout(seconds):
        while await ask() != wanted:
            await asyncio.sleep(0.1)
