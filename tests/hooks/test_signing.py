"""Both signatures, judged by others' code and by the field's own recipe."""

import hashlib
import hmac

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from tests.hooks.listening import (
    let_time_pass,
    listen,
    make_session,
    operate,
    wait_for_states,
    wait_for_tries,
)
from tests.hooks.receiver import until
from tests.running import PATIENCE


async def test_a_validation_is_told_signed_twice(caller, receiver):
    made = await caller.post(
        "/v3/webhook/create", {"url": receiver.url, "events": "coupon_validated"}
    )
    assert made.status == 200, made.text
    session = await caller.post("/v3/singleuse/create", {"campaign": caller.shop.ref})
    code = session.body["single_use_code"]
    done = await caller.post(
        "/v3/couponsession/update", {"couponsession": code, "operation": "validated"}
    )
    assert done.status == 200, done.text
    (got,) = await receiver.wait_for(1)
    assert (got.body["type"], got.body["session"]) == ("coupon_validated", code)
    secret = made.body["webhook"]["secret"]
    assert Webhook(secret).verify(got.raw, got.headers) == got.body
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(got.raw.replace(b"coupon", b"koupon", 1), got.headers)
    expected = hmac.new(caller.shop.client_secret.encode(), got.raw, hashlib.sha256).hexdigest()
    assert got.headers["X-Hmac"] == expected


async def test_a_receiver_that_knows_the_old_secret_alone_accepts_for_its_day(
    caller, receiver, services
):
    """What is tried again too. Programs go on calling with the old secret meanwhile."""
    known, right = caller.shop.client_secret, set()

    def answer(got):
        right.add(got.headers["X-Hmac"] == by(known, got))
        return 200 if right == {True} and len(receiver.got) > 1 else 500

    receiver.answer = answer
    webhook = await listen(caller, receiver, "coupon_validated")
    code = await make_session(caller)
    await operate(caller, code, "validated")
    await wait_for_tries(services, webhook, 1)
    path = f"/v4/keys/{caller.shop.client_id}"
    rolled = await caller.post(f"{path}/roll", {})
    assert rolled.status == 200, rolled.text
    await operate(caller, code, "unvalidated")  # by the old secret
    await let_time_pass(services, webhook)
    await wait_for_states(caller, webhook, "delivered")
    assert right == {True}
    # Its day is over: from now on only who knows the new one accepts, and what waited is told too.
    right.clear()
    await services.db.execute(
        "UPDATE api_keys SET signing_until = now(), previous_until = now() WHERE client_id = $1",
        caller.shop.client_id,
    )
    caller.shop.client_secret = rolled.body["client_secret"]
    await operate(caller, code, "validated")
    await until(lambda: False in right, PATIENCE, lambda: "nothing came")
    known = rolled.body["client_secret"]
    right.clear()
    await let_time_pass(services, webhook)
    await wait_for_states(caller, webhook, "delivered", "delivered")
    assert right == {True}


def by(secret, got):
    return hmac.new(secret.encode(), got.raw, hashlib.sha256).hexdigest()
