"""Both signatures, judged by others' code and by the field's own recipe."""

import hashlib
import hmac

import pytest
from standardwebhooks import Webhook, WebhookVerificationError


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
