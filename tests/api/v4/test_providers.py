"""Connections to services over v4: what is shown, what a change leaves alone, and which is used."""

import asyncio

import pytest

from tearoff.kit import clock
from tearoff.messages import replies
from tearoff.people.keywords import Keyword
from tearoff.providers import registry
from tests.api.v4.client import client_of
from tests.cast import until_guards_are_freed
from tests.providers.dialects import ACCOUNT, TOKEN
from tests.running import PATIENCE

BODY = '{"to": "{to}", "text": "{text}"}'
TWILIO = {"account_sid": ACCOUNT, "auth_token": TOKEN, "sender": "+12015550100"}


@pytest.fixture
def v4(caller):
    return client_of(caller)


@pytest.fixture
def other(other_caller):
    return client_of(other_caller)


async def made(v4, **given):
    answer = await v4.post("/v4/providers", {"kind": "twilio", "settings": TWILIO, **given})
    assert answer.status == 201, answer.text
    return answer.body


async def outbox_of(v4, services, shop, phone):
    """The connection and the cost of a send to this number."""
    sent = await v4.post("/v4/messages", {"campaign": shop.campaign, "phone": phone})
    assert sent.status == 201, sent.text
    await until_guards_are_freed(services, shop)
    row = await services.db.fetchrow(
        "SELECT connection_id, cost FROM messages WHERE id = $1", sent.body["id"]
    )
    return tuple(row)


async def test_every_kind_says_what_it_needs(v4):
    kinds = {kind["kind"]: kind for kind in (await v4.get("/v4/providers/kinds")).body["data"]}
    assert list(kinds) == list(registry.KINDS)
    for kind in kinds.values():
        assert kind["title"]
        assert all(s["label"] and s["help"] for s in kind["settings"]), kind["kind"]
    assert not [s for k in kinds.values() for s in k["settings"] if "file" in s["name"]]
    assert [s["name"] for s in kinds["smtp"]["on_server"]] == ["tls_ca_file"]
    token = next(s for s in kinds["twilio"]["settings"] if s["name"] == "auth_token")
    assert (token["secret"], token["required"], token["label"]) == (True, True, "Auth Token")
    security = next(s for s in kinds["smtp"]["settings"] if s["name"] == "security")
    assert (security["default"], security["choices"]) == ("starttls", ["starttls", "tls", "none"])


async def test_a_secret_is_never_shown_again(v4, services):
    one = await made(v4, name="Main")
    assert one["settings"] == {k: v for k, v in TWILIO.items() if k != "auth_token"}
    assert one["secrets"] == {"auth_token": one["created_at"]}
    assert one["callback_url"].startswith("https://coupons.example.com/callbacks/twilio/")
    path = f"/v4/providers/{one['id']}"
    later = await v4.patch(path, {"settings": {"auth_token": "another"}})
    assert later.body["secrets"]["auth_token"] > one["created_at"]
    for answer in (await v4.get(path), await v4.get("/v4/providers"), later):
        assert TOKEN not in answer.text and "another" not in answer.text


async def test_a_change_of_another_field_keeps_the_stored_secret(v4, services):
    """dashboard-complaints.md, line 5: the same bytes, also where an empty field was sent."""
    one = await made(v4)
    path, sealed = (
        f"/v4/providers/{one['id']}",
        "SELECT settings_sealed FROM connections WHERE id=$1",
    )
    before = await services.db.fetchval(sealed, one["id"])
    for change in ({"name": "Shop"}, {"settings": {"auth_token": ""}}, {"settings": TWILIO}, {}):
        answer = await v4.patch(path, change)
        assert answer.status == 200, answer.text
        assert answer.body["secrets"] == one["secrets"]
        assert await services.db.fetchval(sealed, one["id"]) == before
    changed = await v4.patch(path, {"settings": {"sender": "SHOP", "auth_token": ""}})
    assert (changed.body["sender"], changed.body["secrets"]) == ("SHOP", one["secrets"])
    opened = services.vault.open(await services.db.fetchval(sealed, one["id"]))
    assert TOKEN.encode() in opened
    refused = await v4.patch(path, {"settings": {"auth_token": None}})
    assert refused.body["errors"][0]["field"] == "settings.auth_token"


async def test_a_stored_secret_goes_to_no_other_address(v4):
    """Unless it is given again: on a change and on a test before one."""
    elsewhere = {"base_url": "http://127.0.0.1:9/theirs"}
    twilio = await made(v4)
    gateway = await made(
        v4, kind="http",
        settings={"url": "http://127.0.0.1:9/a", "body": BODY, "hmac_header": "x-sum",
                  "hmac_secret": "what comes in", "username": "shop", "auth": "basic",
                  "password": "what goes out"},
    )  # fmt: skip
    mail = await made(
        v4, kind="smtp",
        settings={"host": "127.0.0.1", "port": "9", "from": "a@example.com",
                  "username": "shop", "password": "what goes out"},
    )  # fmt: skip
    told = "Give it again: a stored secret is not sent to another address."
    for one, change, field in (
        (twilio, elsewhere, "auth_token"),
        (twilio, elsewhere | {"auth_token": ""}, "auth_token"),
        (gateway, {"url": "http://127.0.0.1:9/b"}, "password"),
        (mail, {"host": "localhost"}, "password"),
        (mail, {"port": "10"}, "password"),
    ):
        for answer in (
            await v4.patch(f"/v4/providers/{one['id']}", {"settings": change}),
            await v4.post("/v4/providers/test", {"id": one["id"], "settings": change}),
        ):
            assert answer.status == 422, answer.text
            (error,) = answer.body["errors"]
            assert error["field"] == f"settings.{field}"
            assert error["detail"].endswith(told)
    same = await v4.patch(f"/v4/providers/{mail['id']}", {"settings": {"host": "127.0.0.1"}})
    assert same.status == 200, same.text
    for one, change in (
        (twilio, elsewhere | {"auth_token": TOKEN}),
        (gateway, {"url": "http://127.0.0.1:9/b", "password": "once more"}),
        (mail, {"host": "localhost", "password": "once more"}),
    ):
        path = f"/v4/providers/{one['id']}"
        changed = await v4.patch(path, {"settings": change})
        assert changed.status == 200, changed.text


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({}, "kind"),
        ({"kind": "pigeon"}, "kind"),
        ({"kind": "twilio"}, "settings.account_sid"),
        ({"kind": "twilio", "settings": TWILIO | {"account_sid": "AC1"}}, "settings.account_sid"),
        ({"kind": "twilio", "settings": TWILIO | {"wings": "2"}}, "settings.wings"),
        ({"kind": "twilio", "settings": TWILIO | {"base_url": "http://10.0.0.7"}},
         "settings.base_url"),
        ({"kind": "twilio", "settings": TWILIO | {"base_url": "http://[::1"}},
         "settings.base_url"),
        ({"kind": "smpp", "settings": {"host": "169.254.169.254", "system_id": "a",
                                       "password": "b"}}, "settings.host"),
        ({"kind": "smpp", "settings": {"host": "a" * 300, "system_id": "a", "password": "b"}},
         "settings.host"),
        ({"kind": "smtp", "settings": {"host": "10.0.0.7", "from": "a@example.com"}},
         "settings.host"),
        ({"kind": "smtp", "settings": {"tls_ca_file": "/etc/hostname"}}, "settings.tls_ca_file"),
        ({"kind": "log", "settings": {"delay_ms": "²"}}, "settings.delay_ms"),
        ({"kind": "log", "settings": {"delay_ms": "9" * 5000}}, "settings.delay_ms"),
        ({"kind": "log", "settings": {"country": "XX"}}, "settings.country"),
        ({"kind": "log", "settings": {"sender": 7}}, "settings"),
        ({"kind": "log", "settings": {"sender": "a\0b"}}, "settings"),
        ({"kind": "log", "settings": []}, "settings"),
        ({"kind": "log", "prices": {"Belgium": 1}}, "prices"),
        ({"kind": "log", "prices": {"BE": -1}}, "prices"),
        ({"kind": "log", "prices": {"BE": True}}, "prices"),
        ({"kind": "log", "reply_numbers": [1]}, "reply_numbers"),
        ({"kind": "log", "name": "x" * 101}, "name"),
    ],
)  # fmt: skip
async def test_what_is_wrong_is_told_at_its_field(v4, given, field):
    for path in ("/v4/providers", *(["/v4/providers/test"] if field != "kind" else [])):
        if path.endswith("test") and field in ("prices", "reply_numbers", "name"):
            continue
        answer = await v4.post(path, given)
        assert (answer.status, answer.body["errors"][0]["field"]) == (422, field), answer.text


async def test_the_first_of_a_channel_is_used(v4, services, shop):
    """Whatever a process remembers of the order before."""
    first = shop.connection
    second = (await made(v4, kind="log", settings={}))["id"]
    third = (await made(v4, kind="log", settings={}))["id"]

    async def used():
        return (await outbox_of(v4, services, shop, "+32470008001"))[0]

    assert await used() == first
    put = await v4.put("/v4/routes", {"channel": "sms", "providers": [third]})
    assert put.body["data"][0] == {"channel": "sms", "providers": [third, first, second]}
    assert await used() == third
    await v4.put("/v4/routes", {"channel": "sms", "providers": [second, third]})
    assert await used() == second
    assert (await v4.delete(f"/v4/providers/{second}")).status == 204
    assert await used() == third
    off = (await v4.get(f"/v4/providers/{second}")).body
    assert (off["state"], off["position"], off["default"], off["active"]) == (
        "off", None, False, False,
    )  # fmt: skip
    assert (await v4.patch(f"/v4/providers/{second}", {"active": True})).body["default"]
    assert await used() == second
    listed = (await v4.get("/v4/providers")).body["data"]
    assert [(one["id"], one["position"]) for one in listed] == [(second, 1), (third, 2), (first, 3)]
    for wrong in ({"channel": "email", "providers": [first]}, {"channel": "sms", "providers": [7]}):
        answer = await v4.put("/v4/routes", wrong)
        assert answer.body["errors"][0]["field"] == "providers"


async def test_many_changes_of_the_order_at_once(v4, shop):
    ids = [shop.connection, *[(await made(v4, kind="log", settings={}))["id"] for _ in range(3)]]
    calls = [
        call
        for n in range(4)
        for call in (
            v4.put("/v4/routes", {"channel": "sms", "providers": ids[n:] + ids[:n]}),
            v4.patch(f"/v4/providers/{ids[n]}", {"active": n % 2 == 0}),
        )
    ]
    assert {answer.status for answer in await asyncio.gather(*calls)} == {200}


async def test_a_message_costs_what_its_country_does(v4, services, shop):
    path = f"/v4/providers/{shop.connection}"
    prices = {"*": 90_000, "FR": 55_000, "GB": 40_000}
    shown = (await v4.patch(path, {"prices": prices})).body
    assert shown["prices"] == prices
    for phone, cost in (("+32470008101", 90_000), ("+33600008101", 55_000)):
        assert (await outbox_of(v4, services, shop, phone))[1] == cost
    assert (await v4.patch(path, {"name": "x"})).body["prices"] == prices
    assert (await v4.patch(path, {"prices": {"BE": 1}})).body["prices"] == {"*": 0, "BE": 1}
    await services.db.execute(
        "UPDATE accounts SET limit_spend_day = 145001 WHERE id = $1", shop.account
    )
    assert (await outbox_of(v4, services, shop, "+32470008102"))[1] == 1
    await v4.patch(path, {"prices": {"*": 0, "BE": 145_001}})
    body = {"campaign": shop.campaign, "phone": "+32470008103"}
    refused = await v4.post("/v4/messages", body)
    assert refused.body["code"] == 602 and "spending limit" in refused.body["detail"]
    usage = (await v4.get("/v4/usage")).body["total"]
    assert usage["cost"] == 145_001


async def test_a_failing_provider_says_since_when_and_why(v4, services, shop):
    """Written when it begins and when it ends; a message that was only not wanted is no fault."""
    path = f"/v4/providers/{shop.connection}"
    assert (await v4.get(path)).body["state"] == "new"
    closed = {"kind": "http", "settings": {"url": "http://127.0.0.1:9/sms", "body": BODY}}
    one = await made(v4, **closed)
    await v4.put("/v4/routes", {"channel": "sms", "providers": [one["id"]]})
    body = {"campaign": shop.campaign, "phone": "+32470008201"}
    assert (await v4.post("/v4/messages", body)).body["code"] == 602
    failing = (await v4.get(f"/v4/providers/{one['id']}")).body
    assert failing["state"] == "failing" and failing["failing_since"]
    assert failing["last_error"] == "The SMS provider could not be reached. Nothing was sent."
    version = "SELECT version FROM connections WHERE id = $1"
    before = await services.db.fetchval(version, one["id"])
    for _ in range(3):
        assert (await v4.post("/v4/messages", body)).body["code"] == 602
    assert await services.db.fetchval(version, one["id"]) == before
    mended = await v4.patch(f"/v4/providers/{one['id']}", {"settings": {"sender": "SHOP"}})
    assert (mended.body["state"], mended.body["last_error"]) == ("new", None)

    await services.db.execute(
        "UPDATE connections SET failing_since = now(), last_error = 'x' WHERE id = $1",
        shop.connection,
    )
    await v4.put("/v4/routes", {"channel": "sms", "providers": [shop.connection]})
    await outbox_of(v4, services, shop, "+32470008202")
    async with asyncio.timeout(PATIENCE):
        while (shown := (await v4.get(path)).body)["last_accepted_at"] is None:
            await asyncio.sleep(0.05)
    assert (shown["state"], shown["failing_since"], shown["last_error"]) == ("working", None, None)


async def test_replies_to_a_number_of_nobody_are_counted(v4, services, shop):
    """dashboard-complaints.md, line 7: shown at the provider, until the number is one's own."""
    path = f"/v4/providers/{shop.connection}"
    await v4.patch(path, {"settings": {"sender": "+32470009000"}})
    for to in ("+32470009001", "32470009001", "0032470009000"):
        await replies.keep(
            services.db,
            replies.Arriving(
                shop.account, shop.connection, "+32470009002", "+32470009002", to, "hi",
                Keyword.NONE, "", clock.now(),
            ),
        )  # fmt: skip
    found = (await v4.get(path)).body["unmatched_replies"]
    assert (found["count"], found["number"]) == (2, "32470009001")
    own = await v4.patch(path, {"reply_numbers": ["+32470009001"]})
    assert own.body["unmatched_replies"] is None


async def test_a_test_before_saving_and_one_message(v4, services, shop):
    path = f"/v4/providers/{shop.connection}"
    tried = await v4.post("/v4/providers/test", {"kind": "log", "settings": {}})
    assert tried.body == {"result": "ok", "reason": None, "message": None}
    refusing = {"url": "http://127.0.0.1:9/x", "body": BODY}
    assert (
        await v4.post("/v4/providers/test", {"kind": "http", "settings": refusing})
    ).status == 200
    assert (await v4.post(f"{path}/test")).body["result"] == "ok"
    await services.db.execute("UPDATE accounts SET country = 'BE' WHERE id = $1", shop.account)
    key = {"Idempotency-Key": "one test"}
    told = await v4.post(f"{path}/test", {"to": "0470 00 83 01"}, extra=key)
    assert told.body["result"] == "ok", told.text
    assert (await v4.post(f"{path}/test", {"to": "0470 00 83 01"}, extra=key)).body == told.body
    message = (await v4.get(f"/v4/messages/{told.body['message']}")).body
    assert (message["recipient"], message["state"]) == ("+32470008301", "accepted")
    assert message["campaign"] is None and message["text"] == "This is a test from Tearoff."
    await v4.post("/v4/suppressions", {"address": "+32470008302"})
    assert (await v4.post(f"{path}/test", {"to": "+32470008302"})).body["code"] == 605
    for wrong in ("a@example.com", "12"):
        answer = await v4.post(f"{path}/test", {"to": wrong})
        assert (answer.status, answer.body["errors"][0]["field"]) == (422, "to")
    await services.db.execute(
        "UPDATE accounts SET limit_number_day = 1 WHERE id = $1", shop.account
    )
    assert (await v4.post(f"{path}/test", {"to": "+32470008304"})).body["result"] == "ok"
    assert (await v4.post(f"{path}/test", {"to": "+32470008304"})).body["code"] == 602


async def test_a_refused_test_is_a_failed_message(v4, shop):
    await v4.patch(f"/v4/providers/{shop.connection}", {"settings": {"scripted": "true"}})
    path = f"/v4/providers/{shop.connection}/test"
    for phone, result, state in (
        ("+32470000211", "failed", "failed"), ("+32470000900", "unknown", "unknown"),
    ):  # fmt: skip
        told = (await v4.post(path, {"to": phone})).body
        assert (told["result"], bool(told["reason"])) == (result, True)
        assert (await v4.get(f"/v4/messages/{told['message']}")).body["state"] == state


async def test_another_tenant_sees_and_changes_nothing(v4, other, services, shop):
    one = await made(v4)
    path = f"/v4/providers/{one['id']}"
    assert one["id"] not in [p["id"] for p in (await other.get("/v4/providers")).body["data"]]
    assert str(one["id"]) not in (await other.get("/v4/routes")).text
    tries = [
        await other.get(path),
        await other.patch(path, {"name": "mine"}),
        await other.patch(path, {"settings": {"sender": "x"}}),
        await other.delete(path),
        await other.post(f"{path}/test"),
        await other.post(f"{path}/test", {"to": "+32470008401"}),
        await other.post("/v4/providers/test", {"id": one["id"]}),
    ]
    assert [(a.status, a.body["code"]) for a in tries] == [(404, 501)] * len(tries)
    order = {"channel": "sms", "providers": [one["id"]]}
    assert (await other.put("/v4/routes", order)).status == 422
    assert (await v4.get(path)).body == one
