"""`/v3/webhook/*` as its callers see it."""

import asyncio
import socket

import pytest
import pytest_asyncio
from aiohttp import web
from standardwebhooks import Webhook

from tearoff.cli import findings_webhooks
from tearoff.cli.findings_webhooks import of_webhooks
from tearoff.hooks.jobs import sweep
from tearoff.hooks.models import KINDS
from tearoff.kit import clock
from tests.api.caller import Caller
from tests.api.v4.client import client_of
from tests.cast import open_shop
from tests.hooks.listening import (
    deliveries,
    id_of,
    listen,
    make_session,
    operate,
    wait_for_states,
    wait_for_tries,
)
from tests.hooks.receiver import open_receiver

SHOWN = [
    "ID", "url", "events", "description", "active", "failing_since_utc", "switched_off_date_utc",
    "switched_off_reason", "created_date_utc", "secret",
    "warning",
]  # fmt: skip
LOGGED = [
    "event", "type", "state", "tries", "next_try_date_utc", "http_status", "error", "answer",
    "took_ms", "created_date_utc", "settled_date_utc", "body",
]  # fmt: skip


@pytest_asyncio.fixture
async def receiver():
    async with open_receiver() as receiver:
        yield receiver


async def test_create_and_list(caller, receiver):
    made = await listen(caller, receiver, "coupon_validated, coupon_voided", description="Shop")
    assert list(made) == SHOWN
    assert made["events"] == ["coupon_validated", "coupon_voided"]
    assert (made["url"], made["description"], made["active"]) == (receiver.url, "Shop", "1")
    assert made["secret"].startswith("whsec_") and len(made["secret"]) == 38
    await listen(caller, receiver, ["message_sent"])
    await listen(caller, receiver)
    for method in ("GET", "POST"):
        found = await caller.request(method, "/v3/webhook/list", headers=caller.shop.headers)
        assert found.body["amount_of_webhooks"] == 3
        assert found.body["webhook"][0] == {**made, "secret": ""}
        assert [one["events"] for one in found.body["webhook"][1:]] == [["message_sent"], ["all"]]


async def test_form_bodies_and_bare_ids(caller, receiver):
    data = {"url": receiver.url, "events": "coupon_opened"}
    made = await caller.post("/v3/webhook/create", data=data)
    number = made.body["webhook"]["ID"].removeprefix("whk_")
    body = {"webhook": int(number), "events": "*", "description": None}
    changed = await caller.post("/v3/webhook/update", body)
    assert changed.body["webhook"]["events"] == ["all"]
    gone = await caller.post("/v3/webhook/delete", data={"webhook": number})
    assert gone.body == {
        "status": {"status": "OK"}, "action": "webhook_deleted", "webhook": f"whk_{number}",
    }  # fmt: skip
    assert (await caller.post("/v3/webhook/list")).body["webhook"] == []


SAFE, OPEN = "https://127.0.0.1:9/key-4711", "http://127.0.0.1:9/key-4711"


async def test_http_works_with_a_warning(caller, services, monkeypatch):
    v4 = client_of(caller)
    made = (await caller.post("/v3/webhook/create", {"url": OPEN})).body["webhook"]
    assert "https://" in made["warning"] and "TLS" in made["warning"]
    other = (await v4.post("/v4/webhooks", {"url": OPEN})).body
    assert other["warnings"] == [made["warning"]]
    listed = (await caller.post("/v3/webhook/list")).body["webhook"]
    assert [one["warning"] for one in listed] == [made["warning"]] * 2
    monkeypatch.setattr(findings_webhooks, "MOST", 1_000_000)  # other tests have some, too
    told = {finding.what: finding.text for finding in await of_webhooks(services)}
    named = f"webhook {made['ID']} (account {caller.shop.account})"
    assert "http://127.0.0.1:9 " in told[named] and "4711" not in told[named]
    changed = await caller.post("/v3/webhook/update", {"webhook": made["ID"], "url": SAFE})
    assert changed.body["webhook"]["warning"] == ""
    changed = await v4.patch(f"/v4/webhooks/{other['id']}", {"url": SAFE})
    assert changed.body["warnings"] == []
    assert named not in {finding.what for finding in await of_webhooks(services)}


@pytest.mark.parametrize(
    ("url", "code", "words"),
    [
        (None, 200, "Missing parameter: url"),
        ("ftp://example.com/x", 300, "Use an address such as"),
        ("example.com/x", 300, "Use an address such as"),
        ("http://", 300, "Use an address such as"),
        ("http://example.com:99999/", 300, "Use an address such as"),
        ("http://[::1", 300, "Use an address such as"),
        ("https://user:pass@example.com/", 300, "Leave user and password out"),
        ("https://x" + "y" * 2000, 300, "Value too long"),
        ("https://example.com/\x00", 301, "Invalid character"),
        ("http://10.0.0.1/x", 300, "private or special"),
        ("http://169.254.169.254/latest/meta-data", 300, "private or special"),
        ("http://[fd12::1]/", 300, "private or special"),
        ("http://[::ffff:10.0.0.1]/", 300, "private or special"),
        ("http://0x0a.1/", 300, ""),
        ({"a": 1}, 301, "Invalid character"),
    ],
)
async def test_addresses_that_are_refused(caller, url, code, words):
    answer = await caller.post("/v3/webhook/create", {"url": url})
    assert answer.status == 422 and answer.codes == [code], answer.text
    assert "url" in answer.texts[0] and words in answer.texts[0]


async def test_the_host_is_looked_up_when_it_is_given(settings, monkeypatch):
    """A name that leads to a private address is refused; one that nobody has, too; one that
    cannot be looked up just now is not."""
    from tearoff.errors import Invalid
    from tearoff.hooks.addresses import check_host

    answers = {"inside.example.com": "10.1.2.3", "outside.example.com": "8.8.8.8"}

    def look_up(host, port, *args, **kwargs):
        if host in answers:
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (answers[host], port))]
        error = socket.EAI_AGAIN if host == "later.example.com" else socket.EAI_NONAME
        raise socket.gaierror(error, "no")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    await check_host("https://outside.example.com/x", settings)
    await check_host("https://later.example.com/x", settings)
    for host, words in (("inside.example.com", "private"), ("nobody.example.com", "be found")):
        with pytest.raises(Invalid, match=words):
            await check_host(f"https://{host}/x", settings)


async def test_unknown_kinds_are_named(caller, receiver):
    body = {"url": receiver.url, "events": ["coupon_validated", "coupon_eaten"]}
    answer = await caller.post("/v3/webhook/create", body)
    assert answer.codes == [302]
    assert "coupon_eaten" in answer.texts[0] and "coupon_validated" in answer.texts[0]


async def test_at_most_twenty_at_any_speed(caller, receiver):
    body = {"url": receiver.url}
    answers = await asyncio.gather(*(caller.post("/v3/webhook/create", body) for _ in range(25)))
    assert sorted(a.status for a in answers) == [200] * 20 + [422] * 5
    assert {a.codes[0] for a in answers if a.status == 422} == {516}


async def test_the_account_knows_what_is_wanted(caller, receiver, services):
    async def wanted():
        found = await services.db.fetchval(
            "SELECT hooks FROM accounts WHERE id = $1", caller.shop.account
        )
        return None if found is None else set(found)

    assert await wanted() is None
    first = await listen(caller, receiver, "coupon_opened")
    second = await listen(caller, receiver, ["coupon_voided", "coupon_opened"])
    assert await wanted() == {"coupon_opened", "coupon_voided"}
    update = {"webhook": second["ID"], "events": "all"}
    await caller.post("/v3/webhook/update", update)
    assert await wanted() == set(KINDS)
    await caller.post("/v3/webhook/update", {"webhook": second["ID"], "active": "0"})
    assert await wanted() == set(KINDS)  # what happens is kept for it
    await services.db.execute(
        "UPDATE hook_endpoints SET kept_until = now() WHERE id = $1", id_of(second)
    )
    await sweep(services, clock.now())
    assert await wanted() == {"coupon_opened"}
    await caller.post("/v3/webhook/delete", {"webhook": first["ID"]})
    assert await wanted() is None
    await caller.post("/v3/webhook/update", {"webhook": second["ID"], "active": "1"})
    assert await wanted() == set(KINDS)


async def test_webhooks_made_at_once_are_all_known(caller, receiver, services):
    kinds = KINDS[:10]
    await asyncio.gather(*(listen(caller, receiver, kind) for kind in kinds))
    found = await services.db.fetchval(
        "SELECT hooks FROM accounts WHERE id = $1", caller.shop.account
    )
    assert set(found) == set(kinds)


async def test_a_rolled_secret_signs_beside_the_old_one(caller, receiver, services):
    made = await listen(caller, receiver, "coupon_distributed")
    body = {"webhook": made["ID"], "roll_secret": True}
    rolled = (await caller.post("/v3/webhook/update", body)).body["webhook"]
    assert rolled["secret"].startswith("whsec_") and rolled["secret"] != made["secret"]
    await make_session(caller)
    (got,) = await receiver.wait_for(1)
    for secret in (made["secret"], rolled["secret"]):
        Webhook(secret).verify(got.raw, got.headers)
    assert len(got.headers["webhook-signature"].split(" ")) == 2
    await services.db.execute(
        "UPDATE hook_endpoints SET previous_until = now() WHERE id = $1", id_of(made)
    )
    await make_session(caller)
    got = (await receiver.wait_for(2))[1]
    Webhook(rolled["secret"]).verify(got.raw, got.headers)
    assert len(got.headers["webhook-signature"].split(" ")) == 1


async def test_a_switched_off_webhook_is_told_nothing(caller, receiver):
    made = await listen(caller, receiver, "coupon_distributed")
    off = await caller.post("/v3/webhook/update", {"webhook": made["ID"], "active": False})
    shown = off.body["webhook"]
    assert (shown["active"], shown["switched_off_reason"]) == ("0", "Switched off by its owner.")
    await make_session(caller)
    on = await caller.post("/v3/webhook/update", {"webhook": made["ID"], "active": True})
    assert on.body["webhook"]["switched_off_date_utc"] == ""
    code = await make_session(caller)
    (got,) = await receiver.wait_for(1)
    assert got.body["session"] == code


async def test_a_test_is_told_at_once(caller, receiver):
    made = await listen(caller, receiver, "coupon_voided")
    receiver.answer = lambda got: web.Response(text="thank you")
    answer = await caller.post("/v3/webhook/test", {"webhook": made["ID"]})
    (got,) = receiver.got
    assert answer.body == {
        "status": {"status": "OK"}, "webhook": made["ID"], "event": got.body["id"],
        "type": "webhook_test", "state": "delivered", "http_status": 200, "error": "",
        "answer": "thank you", "took_ms": answer.body["took_ms"],
    }  # fmt: skip
    assert Webhook(made["secret"]).verify(got.raw, got.headers)["type"] == "webhook_test"
    seen = await caller.post("/v3/webhook/verification", {"webhook": got.body["id"]})
    assert (seen.body["type"], seen.body["session"]) == ("webhook_test", got.body["session"])
    receiver.answer = lambda got: 500
    answer = await caller.post("/v3/webhook/test", {"webhook": made["ID"]})
    assert (answer.body["state"], answer.body["error"]) == ("failed", "HTTP 500.")
    (shown,) = (await caller.post("/v3/webhook/list")).body["webhook"]
    assert (shown["active"], shown["failing_since_utc"]) == ("1", "")
    await caller.post("/v3/webhook/update", {"webhook": made["ID"], "active": False})
    receiver.answer = lambda got: 200
    answer = await caller.post("/v3/webhook/test", {"webhook": made["ID"]})
    assert answer.body["state"] == "delivered"


async def test_a_test_with_a_key_is_sent_once(caller, receiver):
    made = await listen(caller, receiver)
    key = {"Idempotency-Key": "t1"}
    first = await caller.post("/v3/webhook/test", {"webhook": made["ID"]}, extra=key)
    again = await caller.post("/v3/webhook/test", {"webhook": made["ID"]}, extra=key)
    assert again.body == first.body and again.headers["Idempotent-Replay"] == "true"
    assert len(receiver.got) == 1


async def test_a_key_that_was_revoked_tests_nothing(caller, receiver, services):
    made = await listen(caller, receiver)
    assert (await caller.post("/v3/webhook/test", {"webhook": made["ID"]})).status == 200
    await services.db.execute(
        "UPDATE api_keys SET revoked_at = now() WHERE client_id = $1", caller.shop.client_id
    )
    assert (await caller.post("/v3/webhook/test", {"webhook": made["ID"]})).status == 401
    assert len(receiver.got) == 1


async def test_the_log(caller, receiver, services):
    receiver.answer = lambda got: web.Response(status=503, text="busy")
    made = await listen(caller, receiver, "coupon_distributed")
    code = await make_session(caller)
    await wait_for_tries(services, made, 1)
    for method in ("GET", "POST"):
        path = f"/v3/webhook/deliveries?webhook={made['ID']}"
        data = None if method == "GET" else {"webhook": made["ID"]}
        found = await caller.request(method, path, headers=caller.shop.headers, data=data)
        assert (found.body["webhook"], found.body["amount_of_results"]) == (made["ID"], 1)
        (row,) = found.body["data"]
    assert list(row) == LOGGED
    assert (row["state"], row["tries"], row["http_status"]) == ("waiting", 1, 503)
    assert (row["error"], row["answer"], row["type"]) == (
        "HTTP 503.", "busy", "coupon_distributed",
    )  # fmt: skip
    assert row["next_try_date_utc"] > row["created_date_utc"] and row["settled_date_utc"] == ""
    assert row["body"] == receiver.got[0].raw.decode() and code in row["body"]
    for values, n in (
        ({"state": "failed"}, 0), ({"state": "waiting"}, 1), ({"since": "2020-01-01"}, 1),
        ({"since": "2999-01-01 10:00"}, 0), ({"page": 2}, 0),
    ):  # fmt: skip
        assert len(await deliveries(caller, made, **values)) == n
    wrong = await caller.post("/v3/webhook/deliveries", {"webhook": made["ID"], "state": "lost"})
    assert wrong.codes == [302]


async def test_the_log_has_pages(caller, receiver):
    made = await listen(caller, receiver, "coupon_distributed")
    codes = [await make_session(caller) for _ in range(105)]
    first, second = await deliveries(caller, made), await deliveries(caller, made, page=2)
    assert (len(first), len(second)) == (100, 5)
    for code, row in zip(codes, first + second, strict=True):
        assert code in row["body"]


async def test_secrets_stay_secret(caller, receiver, services, server):
    """A receiver that answers with what it should keep does not get it into the log."""
    made = await listen(caller, receiver)
    secrets = [made["secret"], made["secret"].removeprefix("whsec_"), caller.shop.client_secret]
    echo = " ".join(secrets).encode() + b" \0 \xed\xa0\x80"
    receiver.answer = lambda got: web.Response(status=500, body=echo)
    told = await caller.post("/v3/webhook/test", {"webhook": made["ID"]})
    await make_session(caller, customid="x")
    await wait_for_tries(services, made, 1)
    shown = told.text + (await caller.post("/v3/webhook/list")).text
    shown += (await caller.post("/v3/webhook/deliveries", {"webhook": made["ID"]})).text
    row = await services.db.fetchrow("SELECT * FROM hook_endpoints WHERE id = $1", id_of(made))
    shown += repr(dict(row)) + server.log.read_text()
    assert "********" in shown
    for secret in secrets:
        assert secret not in shown


async def test_an_event_is_sent_again(caller, receiver):
    made = await listen(caller, receiver, "coupon_distributed")
    async with open_receiver() as late:
        await make_session(caller)
        (row,) = await wait_for_states(caller, made, "delivered")
        other = await listen(caller, late, "coupon_voided")
        answer = await caller.post("/v3/webhook/resend", {"event": row["event"]})
        assert answer.body == {
            "status": {"status": "OK"}, "action": "webhook_resent", "amount_of_results": 1,
        }  # fmt: skip
        first, again = await receiver.wait_for(2)
        assert (first.raw, first.headers["webhook-id"]) == (again.raw, again.headers["webhook-id"])
        bare = row["event"].removeprefix("evt_")
        body = {"event": bare, "webhook": other["ID"]}
        assert (await caller.post("/v3/webhook/resend", body)).status == 200
        assert (await late.wait_for(1))[0].raw == first.raw
        assert (await caller.post("/v3/webhook/resend", body)).status == 200
        await late.wait_for(2)
        assert len(receiver.got) == 2
        await caller.post("/v3/webhook/update", {"webhook": other["ID"], "active": False})
        assert (await caller.post("/v3/webhook/resend", body)).codes == [523]


async def test_everything_that_failed_is_sent_again(caller, receiver, services):
    receiver.answer = lambda got: 500
    made = await listen(caller, receiver, "coupon_opened,coupon_claimed,coupon_validated")
    codes = [await make_session(caller) for _ in range(3)]
    for code in codes:
        await operate(caller, code, "validated")
    await services.db.execute(
        "UPDATE hook_deliveries SET state = 'failed', claimed_until = NULL WHERE endpoint_id = $1",
        id_of(made),
    )
    body = {"webhook": made["ID"], "since": "2999-01-01"}
    assert (await caller.post("/v3/webhook/resend", body)).body["amount_of_results"] == 0
    receiver.got.clear()
    receiver.answer = lambda got: 200
    body = {"webhook": made["ID"], "since": "2020-01-01"}
    assert (await caller.post("/v3/webhook/resend", body)).body["amount_of_results"] == 9
    await wait_for_states(caller, made, *["delivered"] * 9)
    for code in codes:
        kinds = [got.kind for got in receiver.got if got.body["session"] == code]
        assert list(dict.fromkeys(kinds)) == ["coupon_opened", "coupon_claimed", "coupon_validated"]


async def test_what_to_send_again_must_be_said(caller, receiver):
    made = await listen(caller, receiver)
    for body, codes in (
        ({}, [200, 200]), ({"webhook": made["ID"]}, [200]), ({"since": "2020-01-01"}, [200]),
        ({"webhook": made["ID"], "since": "soon"}, [303]), ({"event": "evt_nope"}, [509]),
        ({"event": "évt"}, [301]),
    ):  # fmt: skip
        assert (await caller.post("/v3/webhook/resend", body)).codes == codes


async def test_verification(caller, receiver):
    await listen(caller, receiver, "coupon_validated")
    code = await make_session(caller)
    await operate(caller, code, "validated")
    (got,) = await receiver.wait_for(1)
    expected = {
        "status": {"status": "OK"}, "result": "valid", "webhook": got.body["id"],
        "date": got.body["datetime"], "campaign": caller.shop.ref, "session": code,
        "type": "coupon_validated",
    }  # fmt: skip
    for values in ({}, {"session": code}, {"session": code.upper()}):
        body = {"webhook": got.body["id"], **values}
        assert (await caller.post("/v3/webhook/verification", body)).body == expected
    bare = {"webhook": got.body["id"].removeprefix("evt_")}
    assert (await caller.post("/v3/webhook/verification", bare)).body == expected
    for values in (
        {"webhook": got.body["id"], "session": "x" * 21}, {"webhook": "evt_" + "a" * 20},
        {"webhook": "evt_"}, {"webhook": 12345},
    ):  # fmt: skip
        answer = await caller.post("/v3/webhook/verification", values)
        assert (answer.status, answer.codes) == (422, [509])
        assert answer.texts == ["Webhook not found."]
    assert (await caller.post("/v3/webhook/verification", {})).texts == [
        "Missing parameter: webhook"
    ]


async def test_other_tenants_see_nothing(caller, other_caller, receiver):
    made = await listen(caller, receiver, "coupon_distributed")
    await listen(other_caller, receiver, "coupon_voided")
    await make_session(caller)
    (row,) = await wait_for_states(caller, made, "delivered")
    mine = (await other_caller.post("/v3/webhook/list")).body["webhook"]
    calls = [
        ("update", {"webhook": made["ID"], "description": "stolen"}),
        ("delete", {"webhook": made["ID"]}), ("test", {"webhook": made["ID"]}),
        ("deliveries", {"webhook": made["ID"]}), ("resend", {"event": row["event"]}),
        ("resend", {"webhook": made["ID"], "since": "2020-01-01"}),
        ("resend", {"event": row["event"], "webhook": mine[0]["ID"]}),
        ("resend", {"event": row["event"], "webhook": made["ID"]}),
        ("verification", {"webhook": row["event"]}),
    ]  # fmt: skip
    for name, body in calls:
        answer = await other_caller.post(f"/v3/webhook/{name}", body)
        assert (answer.status, answer.codes) == (422, [509]), (name, body)
    assert [one["ID"] for one in mine] != [made["ID"]] and len(receiver.got) == 1
    (shown,) = (await caller.post("/v3/webhook/list")).body["webhook"]
    assert shown == {**made, "secret": ""}


async def test_an_event_goes_to_its_own_tenant_only(http, server, caller, services, receiver):
    async with open_receiver() as other:
        stranger = Caller(http, server.url, await open_shop(services))
        await listen(stranger, other)
        await listen(caller, receiver)
        await make_session(caller)
        await receiver.wait_for(1)
        await make_session(stranger)
        await other.wait_for(1)
        assert len(other.got) == len(receiver.got) == 1
