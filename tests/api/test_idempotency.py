"""`Idempotency-Key`: the same call again does nothing and is answered the same."""

import asyncio
from datetime import UTC, datetime

import pytest

from tearoff.messages import connections
from tearoff.messages.connections import NewConnection
from tearoff.messages.open_connections import surroundings_of
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


async def test_a_refusal_in_which_something_was_made_is_stored(caller, services):
    caller.shop = await open_shop(services, settings={"scripted": "true"})
    first = await keyed(caller, "k", "+32470004211")
    again = await keyed(caller, "k", "+32470004211")
    assert first.codes == [602] and first.text == again.text
    assert again.headers["Idempotent-Replay"] == "true"


async def test_a_refusal_in_which_nothing_was_made_is_not_stored(caller, services):
    """What stood in the way is mended, and the same call goes through; also with another body."""
    shop = caller.shop = await open_shop(services, kind=None)

    async def made(change, *values):
        await services.db.execute(change, shop.account, *values)

    async def refused(code, phone="+32470004009"):
        answer = await keyed(caller, "k", phone)
        assert (answer.codes, "Idempotent-Replay" in answer.headers) == ([code], False)

    await refused(103)
    await connect(services, shop)
    await refused(301, "nonsense")
    status = "UPDATE campaigns SET status = $2 WHERE account_id = $1"
    await made(status, "paused")
    await refused(602)
    await made(status, "active")
    removed = "UPDATE campaigns SET removed_at = $2 WHERE account_id = $1"
    await made(removed, datetime.now(UTC))
    await refused(502)
    await made(removed, None)
    await made("UPDATE accounts SET limit_number_hour = 0 WHERE id = $1")
    await refused(602)
    await made("UPDATE accounts SET limit_number_hour = NULL WHERE id = $1")
    await made(
        "INSERT INTO opt_outs (account_id, address, source, created_at)"
        " VALUES ($1, '+32470004009', 'shop', now())"
    )
    await refused(605)
    await made("DELETE FROM opt_outs WHERE account_id = $1")
    assert (await keyed(caller, "k", "+32470004009")).status == 200
    again = await keyed(caller, "k", "+32470004009")
    assert again.headers["Idempotent-Replay"] == "true"


async def test_nor_is_one_of_the_other_calls(caller, services):
    """In either dialect."""
    code = (await caller.post("/v3/singleuse/create", {"campaign": caller.shop.ref})).body
    use = {"couponsession": code["single_use_code"], "operation": "validated"}
    paused = "UPDATE campaigns SET status = $2 WHERE id = $1"
    made = {"campaign": caller.shop.campaign, "phone": "+32470004010"}
    for status, codes in (("paused", [518, 602]), ("active", [None, None])):
        await services.db.execute(paused, caller.shop.campaign, status)
        more = {"extra": {"Idempotency-Key": "again"}}
        one = await caller.post("/v3/couponsession/update", use, **more)
        two = await caller.post("/v4/messages", made, **more)
        told = [one.codes[0] if one.status != 200 else None, two.body.get("code")]
        assert told == codes


async def connect(services, shop):
    async with services.db.transaction() as db:
        await connections.add_connection(
            db, services.vault, shop.account, NewConnection(kind="log", settings={}),
            surroundings_of(services),
        )  # fmt: skip


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
