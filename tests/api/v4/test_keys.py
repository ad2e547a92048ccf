"""API keys: made, changed, rolled, revoked; what one may do, and which one signs the webhooks."""

import hashlib
import hmac
from datetime import timedelta

import pytest

from tearoff.accounts import keys
from tearoff.kit import clock
from tests.cast import Shop
from tests.hooks.receiver import open_receiver
from tests.scopes import client_with

ALL = ["read", "send", "manage", "validate", "admin"]


@pytest.fixture
async def admin(caller, services):
    """A client whose key may do everything."""
    return await client_with(caller, services, ALL)


async def test_a_key_from_its_making_to_its_end(admin, caller, services):
    made = await admin.post("/v4/keys", {"name": "Web shop"})
    assert made.status == 201, made.text
    client_id = made.body["client_id"]
    assert made.body["scopes"] == ALL[:4] and len(made.body["client_secret"]) == 31
    assert made.body["created_by"] == f"key {admin.headers['x-api-key']}"
    mine = {"x-api-key": client_id, "x-api-secret": made.body["client_secret"]}
    assert (await admin.get("/v4/account", headers=mine)).status == 200
    path = f"/v4/keys/{client_id}"
    refused = await admin.get(path, headers=mine)
    assert (refused.status, refused.body["code"]) == (403, 105)
    assert "'admin'" in refused.body["detail"]
    changed = await admin.patch(path, {"name": "Till", "scopes": ["validate", "read"]})
    assert (changed.body["name"], changed.body["scopes"]) == ("Till", ["read", "validate"])
    assert changed.body["last_used_at"] is not None
    listed = await admin.get("/v4/keys")
    assert "client_secret" not in listed.text and "sealed" not in listed.text
    assert next(one["client_id"] for one in listed.body["data"]) == caller.shop.client_id
    rolled = await admin.post(f"{path}/roll", {})
    assert rolled.body["old_secret_ends_at"] is not None
    newer = {**mine, "x-api-secret": rolled.body["client_secret"]}
    for headers in (mine, newer):
        assert (await admin.get("/v4/account", headers=headers)).status == 200
    at_once = await admin.post(f"{path}/roll", {"at_once": True})
    last = {**mine, "x-api-secret": at_once.body["client_secret"]}
    found = [(await admin.get("/v4/account", headers=h)).status for h in (mine, newer, last)]
    assert found == [401, 401, 200]
    assert (await admin.delete(path)).status == 204
    assert (await admin.get("/v4/account", headers=last)).status == 401
    for method, tail in (("PATCH", ""), ("POST", "/roll"), ("POST", "/switch"), ("DELETE", "")):
        gone = await admin.call(method, path + tail)
        assert gone.status == 404, (method, tail)
    kept = await services.db.fetchrow("SELECT * FROM api_keys WHERE client_id = $1", client_id)
    assert (kept["secret_sealed"], kept["previous_sha256"], kept["signing_sealed"]) == (
        b"", None, None,
    )  # fmt: skip
    assert (await admin.get(path)).body["revoked_at"] is not None
    await keys.sweep(services.db, clock.now() + keys.REVOKED_ARE_SHOWN + timedelta(hours=1))
    assert (await admin.get(path)).status == 404


async def test_no_key_makes_one_stronger_than_itself(admin, caller, services):
    weak = await client_with(caller, services, ["admin", "read"])
    strong = admin.headers["x-api-key"]
    path, own = "/v4/keys", f"/v4/keys/{weak.headers['x-api-key']}"
    refused = [
        await weak.post(path, {"name": "x", "scopes": ["send"]}),
        await weak.patch(own, {"scopes": ["admin", "read", "send"]}),
        await weak.post(f"/v4/keys/{strong}/roll", {}),
    ]
    assert [(r.status, r.body["code"]) for r in refused] == [(403, 105)] * 3
    assert all("'send'" in r.body["detail"] for r in refused)
    made = await weak.post(path, {"name": "x"})
    assert made.body["scopes"] == ["read"]
    # What another key has already it may keep, and less is always allowed.
    kept = await weak.patch(f"/v4/keys/{strong}", {"scopes": ["read", "send"]})
    assert kept.body["scopes"] == ["read", "send"]
    assert (await admin.get(path)).body["code"] == 105


async def test_a_subaccounts_key_gets_at_most_what_its_maker_has(caller, services):
    weak = await client_with(caller, services, ["manage", "admin"])
    answer = await weak.caller.post(
        "/v3/subaccount/create",
        {"email": f"sub-{caller.shop.account}@example.com"},
        headers={"X-Client-Id": weak.headers["x-api-key"],
                 "X-Client-Secret": weak.headers["x-api-secret"]},
    )  # fmt: skip
    assert answer.status == 200, answer.text
    scopes = await services.db.fetchval(
        "SELECT scopes FROM api_keys WHERE client_id = $1", answer.body["subaccount"]["api_key"]
    )
    assert scopes == ["manage"]


async def test_keys_of_others_do_not_exist(admin, other_caller):
    path = f"/v4/keys/{other_caller.shop.client_id}"
    calls = [
        await admin.get(path),
        await admin.patch(path, {"name": "mine"}),
        await admin.post(f"{path}/roll", {}),
        await admin.post(f"{path}/switch"),
        await admin.delete(path),
    ]
    assert [c.status for c in calls] == [404] * 5
    own = f"/v4/keys/{admin.caller.shop.client_id}"
    wrong = await admin.delete(f"{own}?confirm=true&signer={other_caller.shop.client_id}")
    assert (wrong.status, wrong.body["errors"][0]["field"]) == (422, "signer")
    assert (await other_caller.post("/v3/account/info")).status == 200


async def test_a_create_that_is_repeated_shows_the_same_secret(admin):
    key = {"Idempotency-Key": "k1"}
    first = await admin.post("/v4/keys", {"name": "Once"}, extra=key)
    again = await admin.post("/v4/keys", {"name": "Once"}, extra=key)
    assert again.body == first.body and again.headers["Idempotent-Replay"] == "true"


async def test_the_old_secret_signs_until_its_end_or_until_somebody_switches(
    admin, caller, services
):
    shop: Shop = caller.shop
    path = f"/v4/keys/{shop.client_id}"
    async with open_receiver() as receiver:
        hook = await admin.post("/v4/webhooks", {"url": receiver.url, "events": []})
        hook_path = f"/v4/webhooks/{hook.body['id']}/test"

        async def signed_with():
            """The secret with which a delivery is signed now."""
            n = len(receiver.got)
            assert (await admin.post(hook_path)).body["state"] == "delivered"
            got = receiver.got[n]
            return {
                secret
                for secret in (shop.client_secret, *newer)
                if hmac.new(secret.encode(), got.raw, hashlib.sha256).hexdigest()
                == got.headers["X-Hmac"]
            }

        newer = []
        assert await signed_with() == {shop.client_secret}
        newer.append((await admin.post(f"{path}/roll", {})).body["client_secret"])
        assert await signed_with() == {shop.client_secret}
        # Another roll changes nothing of what signs, nor of its end.
        ends = (await admin.get(path)).body["signs_with_old_until"]
        newer.append((await admin.post(f"{path}/roll", {})).body["client_secret"])
        assert (await admin.get(path)).body["signs_with_old_until"] == ends
        assert await signed_with() == {shop.client_secret}
        await services.db.execute(
            "UPDATE api_keys SET signing_until = now() - interval '1 second' WHERE client_id = $1",
            shop.client_id,
        )
        assert await signed_with() == {newer[1]}
        await keys.sweep(services.db, clock.now())
        assert await services.db.fetchval(
            "SELECT signing_sealed IS NULL FROM api_keys WHERE client_id = $1", shop.client_id
        )
        newer.append((await admin.post(f"{path}/roll", {})).body["client_secret"])
        assert await signed_with() == {newer[1]}
        switched = await admin.post(f"{path}/switch")
        assert switched.body["signs_with_old_until"] is None
        assert switched.body["old_secret_ends_at"] is not None
        assert await signed_with() == {newer[2]}
        newer.append((await admin.post(f"{path}/roll", {"at_once": True})).body["client_secret"])
        assert await signed_with() == {newer[3]}


async def test_the_key_that_signs_is_kept_until_somebody_knows_what_breaks(admin, caller):
    path, other = f"/v4/keys/{caller.shop.client_id}", f"/v4/keys/{admin.headers['x-api-key']}"
    assert (await admin.get(path)).body["signs_webhooks"] is True
    async with open_receiver() as receiver:
        assert (await admin.post("/v4/webhooks", {"url": receiver.url})).status == 201
        kept = await admin.delete(path)
        assert (kept.status, kept.body["code"]) == (409, 527)
        assert receiver.url in kept.body["detail"]
    moved = await admin.patch(other, {"signs_webhooks": True})
    assert moved.body["signs_webhooks"] is True
    assert (await admin.get(path)).body["signs_webhooks"] is False
    assert (await admin.patch(path, {"signs_webhooks": False})).body["code"] == 302
    assert (await admin.delete(f"{other}?signer={caller.shop.client_id}")).status == 204
