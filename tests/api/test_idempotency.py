"""`Idempotency-Key`: the same call again does nothing and is answered the same."""

import asyncio

import pytest

from tearoff.providers.log import read_outbox
from tests.cast import open_shop


def sent_to(settings, phone):
    return sum(m.to == phone for m in read_outbox(settings.data, 100_000))


async def keyed(caller, key, phone="+32470004000", **values):
    body = {"campaign": caller.shop.ref, "phone": phone, **values}
    return await caller.post("/v3/send/sms", body, extra={"Idempotency-Key": key})


async def test_the_answer_is_given_again(caller, settings):
    first = await keyed(caller, "order 42")
    again = await keyed(caller, "order 42")
    assert first.status == again.status == 200
    assert first.text == again.text
    assert "Idempotent-Replay" not in first.headers
    assert again.headers["Idempotent-Replay"] == "true"
    assert sent_to(settings, "+32470004000") == 1


async def test_credentials_in_the_body_are_not_part_of_it(caller):
    pair = {"client_id": caller.shop.client_id, "client_secret": caller.shop.client_secret}
    first = await keyed(caller, "k", "+32470004001", **pair)
    again = await keyed(caller, "k", "+32470004001")
    assert first.text == again.text


async def test_another_body_is_refused(caller):
    await keyed(caller, "k", "+32470004002")
    answer = await keyed(caller, "k", "+32470004003")
    assert (answer.status, answer.codes) == (422, [422])


async def test_a_key_belongs_to_account_and_path(caller, other_caller):
    first = await keyed(caller, "k", "+32470004004")
    other = await keyed(other_caller, "k", "+32470004004")
    assert first.body["single_use_code"] != other.body["single_use_code"]
    made = await caller.post(
        "/v3/singleuse/create", {"campaign": caller.shop.ref}, extra={"Idempotency-Key": "k"}
    )
    assert made.status == 200


async def test_fifty_at_once_send_one_message(caller, services, settings):
    caller.shop = await open_shop(services, settings={"delay_ms": "400"})
    answers = await asyncio.gather(*(keyed(caller, "k50", "+32470004005") for _ in range(50)))
    assert sent_to(settings, "+32470004005") == 1
    assert {a.status for a in answers} <= {200, 409}
    assert sum(a.status == 200 for a in answers) >= 1
    for busy in (a for a in answers if a.status == 409):
        assert busy.codes == [409]
        assert int(busy.headers["Retry-After"]) >= 1
    again = await keyed(caller, "k50", "+32470004005")
    assert again.headers["Idempotent-Replay"] == "true"


@pytest.mark.parametrize("key", ["", "é", "x" * 256, "a\tb"])
async def test_a_bad_key_is_refused(caller, key):
    answer = await keyed(caller, key, "+32470004006")
    assert (answer.status, answer.codes) == (422, [301])
    assert answer.texts == ["Invalid character in parameter: Idempotency-Key."]


async def test_refusals_are_stored_too(caller, services):
    caller.shop = await open_shop(services, settings={"scripted": "true"})
    first = await keyed(caller, "k", "+32470004211")
    again = await keyed(caller, "k", "+32470004211")
    assert first.codes == [602] and first.text == again.text
    assert again.headers["Idempotent-Replay"] == "true"
    first = await keyed(caller, "k2", "nonsense")
    assert first.codes == [301]


async def test_an_interrupted_send_is_answered_from_its_message(caller, services):
    first = await keyed(caller, "crash", "+32470004007")
    await services.db.execute(
        "UPDATE idempotency_keys SET status = NULL, answer_sealed = NULL,"
        " lease_until = now() - interval '1 second' WHERE account_id = $1",
        caller.shop.account,
    )
    again = await keyed(caller, "crash", "+32470004007")
    assert again.status == 200
    assert again.body["single_use_url"] == first.body["single_use_url"]
    await services.db.execute(
        "UPDATE messages SET state = 'unknown' WHERE account_id = $1", caller.shop.account
    )
    unsure = await keyed(caller, "crash", "+32470004007")
    assert unsure.codes == [602]
    assert first.body["message_id"] in unsure.texts[0]


async def test_answers_are_sealed_at_rest(caller, services):
    first = await keyed(caller, "sealed", "+32470004008")
    sealed = await services.db.fetchval(
        "SELECT answer_sealed FROM idempotency_keys WHERE account_id = $1", caller.shop.account
    )
    assert first.body["single_use_code"].encode() not in bytes(sealed)


async def test_other_writing_calls_honour_it(caller, services):
    for _ in range(3):
        made = await caller.post(
            "/v3/singleuse/create", {"campaign": caller.shop.ref}, extra={"Idempotency-Key": "one"}
        )
    assert made.headers["Idempotent-Replay"] == "true"
    n = await services.db.fetchval(
        "SELECT count(*) FROM sessions WHERE account_id = $1", caller.shop.account
    )
    assert n == 1
