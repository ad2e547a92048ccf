"""Coupons over SMPP to an SMSC that others wrote: several processes, one link, receipts."""

import asyncio

import pytest

from tearoff.messages import arrivals
from tests.api.caller import Caller
from tests.api.v4.client import client_of
from tests.cast import open_shop
from tests.journeys.conftest import smpp_settings, start_smsc, wait_for_state
from tests.journeys.test_kill import ROUNDS
from tests.running import PATIENCE


@pytest.fixture(scope="module")
def smsc(tmp_path_factory):
    with start_smsc(tmp_path_factory.mktemp("smsc"), "--receipts") as running:
        yield running


async def test_sent_and_delivered(http, journey_server, services, smsc):
    shop = await open_shop(services, kind="smpp", settings=smpp_settings(smsc))
    caller = Caller(http, journey_server.url, shop)
    answer = await caller.send("+32470008001", body="Hé, {link}")
    assert answer.status == 200, answer.text
    await wait_for_state(services, answer.body["message_id"], "delivered")
    (text,) = smsc.texts("32470008001")
    assert text.startswith("Hé, http://127.0.0.1")


async def test_a_long_message_is_delivered_when_all_its_parts_are(
    http, journey_server, services, smsc
):
    shop = await open_shop(services, kind="smpp", settings=smpp_settings(smsc))
    caller = Caller(http, journey_server.url, shop)
    answer = await caller.send("+32470008002", body="Łódź " * 30)
    assert answer.body["segments"] == 4
    await wait_for_state(services, answer.body["message_id"], "delivered")
    assert smsc.accepted()["32470008002"] == 4


async def test_one_link_serves_every_process(http, journey_server, services, smsc):
    shop = await open_shop(services, kind="smpp", settings=smpp_settings(smsc, max_binds="1"))
    caller = Caller(http, journey_server.url, shop)
    numbers = [f"+3247000{8100 + i}" for i in range(60)]
    answers = await asyncio.gather(*(caller.send(n) for n in numbers))
    assert [a.text for a in answers if a.status != 200] == []
    accepted = smsc.accepted()
    assert all(accepted[n.removeprefix("+")] == 1 for n in numbers)
    for answer in answers:
        await wait_for_state(services, answer.body["message_id"], "delivered")


async def test_the_first_sends_of_a_link_find_its_owner(http, journey_server, services, smsc):
    """Whoever gets no slot hands over at once: the owner must have begun to listen."""
    for i in range(20):
        shop = await open_shop(services, kind="smpp", settings=smpp_settings(smsc, max_binds="1"))
        caller = Caller(http, journey_server.url, shop)
        numbers = [f"+32470008{200 + i * 8 + k}" for k in range(8)]
        answers = await asyncio.gather(*(caller.send(n) for n in numbers))
        assert [a.text for a in answers if a.status != 200] == []


async def test_no_smsc_is_a_refusal_and_nothing_is_kept(http, journey_server, services):
    settings = {"host": "127.0.0.1", "port": "1", "system_id": "x", "password": "y"}
    shop = await open_shop(services, kind="smpp", settings=settings)
    answer = await Caller(http, journey_server.url, shop).send("+32470008003")
    assert answer.codes == [602]
    assert "could not be reached. Nothing was sent." in answer.texts[0]
    voided = await services.db.fetchval(
        "SELECT voided FROM sessions WHERE account_id = $1", shop.account
    )
    assert voided is True


@pytest.mark.kill
@pytest.mark.parametrize("round_", range(ROUNDS))
async def test_the_answer_never_arrives_and_a_late_receipt_settles_it(
    round_, http, journey_server, services, tmp_path
):
    """The SMSC takes the message, its answer is lost; its receipt comes later."""
    with start_smsc(tmp_path, "--receipts", "--delay", "2500") as smsc:
        provider = smpp_settings(smsc, answer_seconds="1")
        shop = await open_shop(services, kind="smpp", settings=provider)
        caller = Caller(http, journey_server.url, shop)
        answer = await caller.send("+32470030001")
        assert answer.codes == [602]
        again = await caller.send("+32470030001")
        assert again.codes == [602]
        assert again.body["message_id"] == answer.body["message_id"]
        async with asyncio.timeout(PATIENCE):
            while await state_of(services, shop) != "delivered":
                await let_time_pass(services)
                await asyncio.sleep(0.5)
        assert smsc.accepted() == {"32470030001": 1}


async def let_time_pass(services):
    """A receipt without its message is looked at again after some seconds: they are over."""
    await services.db.execute(
        "UPDATE pgqueuer SET execute_after = now() WHERE entrypoint = $1 AND status = 'queued'",
        arrivals.READ,
    )


async def state_of(services, shop):
    return await services.db.fetchval(
        "SELECT state FROM messages WHERE account_id = $1", shop.account
    )


async def test_changed_settings_take_the_link_down_and_up_again(
    http, journey_server, services, smsc
):
    """Whichever process has it: the only one that the SMSC allows, and receipts go on arriving."""
    shop = await open_shop(services, kind="smpp", settings=smpp_settings(smsc, max_binds="1"))
    v4 = client_of(Caller(http, journey_server.url, shop))
    path = f"/v4/providers/{shop.connection}"
    for n in range(4):
        answer = await v4.patch(path, {"settings": {"window": str(10 + n)}})
        assert answer.status == 200, answer.text
        phones = [f"+3247000{8400 + n * 10 + i}" for i in range(6)]
        body = {"campaign": shop.campaign}
        sent = await asyncio.gather(*(v4.post("/v4/messages", body | {"phone": p}) for p in phones))
        assert {a.status for a in sent} == {201}, [a.text for a in sent]
        for one in sent:
            await wait_for_state(services, one.body["ref"], "delivered")
    told = (await v4.post(f"{path}/test", {"to": "+32470008490"})).body
    assert told["result"] == "ok", told
    await wait_for_state(services, f"msg_{told['message']}", "delivered")
