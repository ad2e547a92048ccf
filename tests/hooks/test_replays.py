"""A span is sent again in order, each event once; what happens while an endpoint is off is kept."""

import asyncio
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
import pytest_asyncio
from aiohttp import web

from tearoff.hooks import replays, retry_after, workers
from tearoff.hooks.deliverer import LEASE
from tests.api.v4.client import client_of
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
from tests.hooks.test_deliveries import owe_many
from tests.running import PATIENCE

LONG_AGO = "2020-01-01T00:00:00Z"


@pytest_asyncio.fixture
async def receiver():
    async with open_receiver() as receiver:
        yield receiver


@pytest.fixture
def v4(caller):
    return client_of(caller)


async def switch(caller, webhook, *, on):
    body = {"webhook": webhook["ID"], "active": on}
    assert (await caller.post("/v3/webhook/update", body)).status == 200


def path_of(webhook):
    return f"/v4/webhooks/{id_of(webhook)}"


async def until_sent(v4, webhook, replay):
    async with asyncio.timeout(PATIENCE):
        while True:
            found = (await v4.get(f"{path_of(webhook)}/replays/{replay}")).body
            if found["placed"] and not found["waiting"]:
                return found
            await asyncio.sleep(0.05)


async def test_what_did_not_arrive_is_counted_as_it_is_sent_again(caller, v4, receiver, services):
    """Also what was given up before it began to fail, but happened in the span that is offered."""
    receiver.answer = lambda got: 503
    webhook = await listen(caller, receiver, ["coupon_distributed"])
    for n in range(1, 4):
        await make_session(caller)
        await until_tried(services, webhook, n)
    await services.db.execute(
        "UPDATE hook_deliveries SET state = 'failed', settled_at = now() - interval '1 day'"
        " WHERE id = (SELECT max(id) FROM hook_deliveries WHERE endpoint_id = $1)", id_of(webhook),
    )  # fmt: skip
    shown = (await v4.get(path_of(webhook))).body
    found = await v4.get(f"{path_of(webhook)}/missed?since={shown['missed_since'][:16]}:00Z")
    assert (shown["missed"], found.body["events"]) == (3, 3)
    assert (shown["last_status"], shown["last_error"]) == (503, "HTTP 503.")


async def until_tried(services, webhook, n):
    async with asyncio.timeout(PATIENCE):
        while await services.db.fetchval(
            "SELECT count(*) FILTER (WHERE tries > 0 AND claimed_until IS NULL) < $2"
            " OR count(claimed_until) > 0 FROM hook_deliveries WHERE endpoint_id = $1",
            id_of(webhook), n,
        ):  # fmt: skip
            await asyncio.sleep(0.05)


async def test_what_happens_while_it_is_off_is_kept(caller, v4, receiver):
    webhook = await listen(caller, receiver, ["coupon_distributed", "coupon_voided"])
    await switch(caller, webhook, on=False)
    codes = [await make_session(caller) for _ in range(2)]
    await operate(caller, codes[0], "opened", "voided")
    shown = (await v4.get(path_of(webhook))).body
    assert (shown["missed"], shown["waiting"], shown["active"]) == (3, 0, False)
    assert shown["missed_since"] and shown["kept_until"] > shown["switched_off_at"]
    off = await v4.post(f"{path_of(webhook)}/replays", {"since": LONG_AGO})
    assert (off.status, off.body["code"]) == (409, 523)
    begun = await v4.post(f"{path_of(webhook)}/replays", {"since": LONG_AGO, "switch_on": True})
    assert (begun.status, begun.body["events"]) == (201, 3)
    told = await until_sent(v4, webhook, begun.body["id"])
    assert (told["delivered"], told["failed"]) == (3, 0)
    mine = [got for got in receiver.got if got.body["session"] == codes[0]]
    assert [got.kind for got in mine] == ["coupon_distributed", "coupon_voided"]
    again = await v4.post(f"{path_of(webhook)}/replays", {"since": LONG_AGO})
    assert again.body["events"] == 0
    assert len(receiver.got) == 3


async def test_a_span_is_a_span(caller, v4, receiver, services):
    webhook = await listen(caller, receiver, "coupon_distributed")
    await switch(caller, webhook, on=False)
    for _ in range(4):
        await make_session(caller)
    await services.db.execute(
        "UPDATE hook_deliveries d SET created_at = now() - n * interval '1 day' FROM (SELECT id,"
        " row_number() OVER (ORDER BY id) AS n FROM hook_deliveries WHERE endpoint_id = $1) o"
        " WHERE o.id = d.id", id_of(webhook),
    )  # fmt: skip
    now = datetime.now(UTC)
    span = {
        "since": (now - timedelta(days=3.5)).isoformat(),
        "until": (now - timedelta(days=1.5)).isoformat(),
    }
    counted = await v4.get(f"{path_of(webhook)}/missed", params=span)
    assert counted.body == {"events": 2}
    begun = await v4.post(f"{path_of(webhook)}/replays", {**span, "switch_on": True})
    assert begun.body["events"] == 2
    await until_sent(v4, webhook, begun.body["id"])
    assert len(receiver.got) == 2
    missed = await v4.get(f"{path_of(webhook)}/deliveries", params={"state": "missed"})
    assert len(missed.body["data"]) == 2
    turned = {"since": span["until"], "until": span["since"]}
    assert (await v4.post(f"{path_of(webhook)}/replays", turned)).status == 422


async def test_a_long_span_goes_lot_by_lot(caller, v4, receiver, services, monkeypatch):
    """While it is being put in line nothing goes out, so that nothing new overtakes it; asked for
    a second time meanwhile, it is refused."""
    webhook = await listen(caller, receiver, "coupon_distributed")
    await switch(caller, webhook, on=False)
    n = replays.LOT + 300
    await owe_many(services, caller, webhook, n)
    await services.db.execute(
        "UPDATE hook_deliveries SET state = 'dropped', settled_at = now() WHERE endpoint_id = $1",
        id_of(webhook),
    )
    body = {"since": LONG_AGO, "switch_on": True}
    told = await asyncio.gather(*(v4.post(f"{path_of(webhook)}/replays", body) for _ in range(3)))
    begun = [one for one in told if one.status == 201 and one.body["events"]]
    assert [one.body["events"] for one in begun] == [n]
    assert {one.body.get("code") for one in told if one.status != 201} <= {531}
    async with asyncio.timeout(PATIENCE):
        while not (await v4.get(f"{path_of(webhook)}/replays/{begun[0].body['id']}")).body[
            "placed"
        ]:
            await asyncio.sleep(0.05)
    in_line = await services.db.fetchval(
        "SELECT count(*) FROM hook_deliveries WHERE endpoint_id = $1 AND replay_id IS NOT NULL",
        id_of(webhook),
    )
    assert in_line == n
    await v4.call("DELETE", path_of(webhook))


async def test_a_replay_whose_worker_died_goes_on(caller, v4, receiver, services):
    webhook = await listen(caller, receiver, "coupon_distributed")
    await switch(caller, webhook, on=False)
    await make_session(caller)
    await switch(caller, webhook, on=True)
    left = await services.db.fetchval(
        "INSERT INTO hook_replays (account_id, endpoint_id, from_at, until_at, found, started_at)"
        " VALUES ($1, $2, now() - interval '1 day', now(), 1, now() - interval '3 minutes')"
        " RETURNING id", caller.shop.account, id_of(webhook),
    )  # fmt: skip
    await replays.go_on_forgotten(services, datetime.now(UTC))
    assert (await until_sent(v4, webhook, left))["delivered"] == 1
    assert len(receiver.got) == 1


async def test_a_failed_test_is_not_sent_again(caller, v4, receiver):
    receiver.answer = lambda got: 500
    webhook = await listen(caller, receiver)
    await v4.post(f"{path_of(webhook)}/test")
    assert (await v4.get(path_of(webhook))).body["missed"] == 0
    body = {"since": LONG_AGO}
    assert (await v4.post(f"{path_of(webhook)}/replays", body)).body["events"] == 0
    resent = await caller.post(
        "/v3/webhook/resend", {"webhook": webhook["ID"], "since": "2020-01-01"}
    )
    assert resent.body["amount_of_results"] == 0
    assert len(receiver.got) == 1


async def test_others_see_no_replay(caller, other_caller, v4, receiver):
    webhook = await listen(caller, receiver)
    body = {"since": LONG_AGO}
    begun = (await v4.post(f"{path_of(webhook)}/replays", body)).body
    other = client_of(other_caller)
    for answer in (
        await other.get(f"{path_of(webhook)}/replays/{begun['id']}"),
        await other.get(f"{path_of(webhook)}/missed", params=body),
        await other.post(f"{path_of(webhook)}/replays", body),
    ):
        assert (answer.status, answer.body["code"]) == (404, 509)


# Retry-After ----------------------------------------------------------------------------------

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "value", "seconds"),
    [
        (429, "120", 120),
        (503, " 7 ", 7),
        (503, format_datetime(NOW + timedelta(minutes=5), usegmt=True), 300),
        (429, "99999999", retry_after.MOST.total_seconds()),
        (429, "9" * 400, retry_after.MOST.total_seconds()),
        (429, "Fri, 01 Jan 2999 00:00:00 GMT", retry_after.MOST.total_seconds()),
        (429, format_datetime(NOW - timedelta(minutes=5), usegmt=True), None),
        (429, "0", None),
        (429, "-5", None),
        (429, "soon", None),
        (429, "\u0661\u0662", None),
        (429, "", None),
        (500, "120", None),
        (200, "120", None),
    ],
)
def test_what_retry_after_asks(status, value, seconds):
    found = retry_after.asked(status, value, NOW)
    assert (found and found.total_seconds()) == seconds


@pytest.mark.parametrize("status", [429, 503])
async def test_a_receiver_that_wants_to_be_left_alone_is(caller, v4, receiver, services, status):
    """Neither this event nor another one goes before (svix-webhooks issue 2200)."""
    receiver.answer = lambda got: web.Response(status=status, headers={"Retry-After": "3600"})
    webhook = await listen(caller, receiver, "coupon_distributed")
    await make_session(caller)
    await wait_for_tries(services, webhook, 1)
    wait = await services.db.fetchval(
        "SELECT next_at - now() FROM hook_deliveries WHERE endpoint_id = $1", id_of(webhook)
    )
    assert timedelta(minutes=58) < wait <= timedelta(hours=1)
    async with asyncio.timeout(PATIENCE):
        while (paused := (await v4.get(path_of(webhook))).body["paused_until"]) is None:
            await asyncio.sleep(0.05)
    assert datetime.fromisoformat(paused) - datetime.now(UTC) > timedelta(minutes=58)
    await make_session(caller)
    async with open_receiver() as other:  # which gets its event: so this one had its turn
        await listen(caller, other, "coupon_distributed")
        await make_session(caller)
        await other.wait_for(1)
    assert len(receiver.got) == 1
    receiver.answer = lambda got: 200
    begun = await v4.post(f"{path_of(webhook)}/replays", {"since": LONG_AGO})
    assert begun.body["events"] == 1
    await wait_for_states(caller, webhook, *["delivered"] * 3)
    assert (await v4.get(path_of(webhook))).body["paused_until"] is None


# workers that die -----------------------------------------------------------------------------


async def test_what_a_dead_worker_had_in_hand_is_due_at_once(caller, receiver, services):
    """Its claims do not fill the account's places until their lease is over."""
    webhook = await listen(caller, receiver, "coupon_distributed")
    ids = await services.db.fetch("SELECT id FROM hook_endpoints WHERE id = $1", id_of(webhook))
    assert ids
    dead = workers.new_worker()
    now = datetime.now(UTC)
    await owe_many(services, caller, webhook, 20)
    await services.db.execute(
        "UPDATE hook_deliveries SET claimed_until = $2, next_at = $2, claimed_by = $3, tries = 1"
        " WHERE endpoint_id = $1", id_of(webhook), now + LEASE, dead,
    )  # fmt: skip
    async with asyncio.timeout(LEASE.total_seconds() / 2):
        await receiver.wait_for(20)
    assert all(row["tries"] == 2 for row in await deliveries(caller, webhook))


async def test_who_is_alive_keeps_what_it_has(caller, receiver, services):
    webhook = await listen(caller, receiver, "coupon_distributed")
    alive, now = workers.new_worker(), datetime.now(UTC)
    async with services.db.connection() as held:
        await workers.tell_alive(held, alive)
        await owe_many(services, caller, webhook, 1)
        await services.db.execute(
            "UPDATE hook_deliveries SET claimed_until = $2, next_at = $2, claimed_by = $3"
            " WHERE endpoint_id = $1", id_of(webhook), now + LEASE, alive,
        )  # fmt: skip
        assert alive not in await workers.gone(services.db, now)
        await held.execute("SELECT pg_advisory_unlock_all()")
    assert alive in await workers.gone(services.db, now)
