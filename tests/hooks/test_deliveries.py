"""Deliveries: in order, tried again, given up, and fair."""

import asyncio
import re
import time
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from tearoff.hooks import claims, endpoints, outbox, retry_schedule
from tearoff.hooks.bodies import Body
from tearoff.hooks.deliverer import Deliverer
from tearoff.hooks.jobs import sweep
from tearoff.kit import metrics
from tests.hooks.listening import (
    deliveries,
    id_of,
    let_time_pass,
    listen,
    make_session,
    operate,
    wait_for_states,
    wait_for_tries,
)
from tests.hooks.receiver import open_receiver
from tests.running import PATIENCE


@pytest.mark.parametrize("status", [200, 201, 204, 299])
async def test_any_success_is_a_success(caller, receiver, status):
    receiver.answer = lambda got: status
    webhook = await listen(caller, receiver, "coupon_distributed")
    await make_session(caller)
    (row,) = await wait_for_states(caller, webhook, "delivered")
    assert (row["http_status"], row["tries"], row["error"]) == (status, 1, "")
    assert row["settled_date_utc"] and row["next_try_date_utc"] == ""


async def test_redirects_are_not_followed(caller, receiver, services):
    elsewhere = web.Response(status=307, headers={"Location": f"{receiver.url}/elsewhere"})
    receiver.answer = lambda got: elsewhere
    webhook = await listen(caller, receiver, "coupon_distributed")
    await make_session(caller)
    await wait_for_tries(services, webhook, 1)
    (row,) = await deliveries(caller, webhook)
    assert (row["state"], row["error"]) == ("waiting", "HTTP 307: redirects are not followed.")
    assert [got.path for got in receiver.got] == ["/hooks"]


async def test_ten_tries_in_three_days(caller, receiver, services):
    receiver.answer = lambda got: 500
    webhook = await listen(caller, receiver, "coupon_distributed")
    await make_session(caller)
    waits = []
    for n in range(1, 11):
        await wait_for_tries(services, webhook, n)
        row = await services.db.fetchrow(
            "SELECT state, next_at - now() AS wait FROM hook_deliveries WHERE endpoint_id = $1",
            id_of(webhook),
        )
        waits.append(row["wait"])
        await let_time_pass(services, webhook)
    (row,) = await wait_for_states(caller, webhook, "failed")
    assert (row["tries"], row["http_status"], row["error"]) == (10, 500, "HTTP 500.")
    late = timedelta(seconds=20)
    for wait, base in zip(waits[1:9], retry_schedule.WAITS[1:], strict=True):
        assert base * 0.9 - late < wait <= base * 1.1
    assert timedelta(days=2.5) < sum(waits[1:9], timedelta()) < timedelta(days=3.5)
    ids = {got.headers["webhook-id"] for got in receiver.got}
    assert len(receiver.got) == 10 and ids == {row["event"]}
    assert len({got.raw for got in receiver.got}) == 1


@given(st.integers(1, 12), st.floats(0, 1))
def test_waits_grow_and_differ(tries, luck):
    wait = retry_schedule.wait_after(tries, luck)
    if tries >= 10:
        assert wait is None
    else:
        base = retry_schedule.WAITS[tries - 1]
        assert base * 0.9 <= wait <= base * 1.1


async def test_a_success_forgets_failures(caller, receiver, services):
    receiver.answer = lambda got: 500 if len(receiver.got) < 2 else 200
    webhook = await listen(caller, receiver, "coupon_distributed")
    await make_session(caller)
    await wait_for_tries(services, webhook, 1)
    (shown,) = (await caller.post("/v3/webhook/list")).body["webhook"]
    assert shown["failing_since_utc"]
    await let_time_pass(services, webhook)
    await wait_for_states(caller, webhook, "delivered")
    (shown,) = (await caller.post("/v3/webhook/list")).body["webhook"]
    assert (shown["failing_since_utc"], shown["active"]) == ("", "1")


async def test_events_of_a_session_keep_their_order(caller, receiver, services):
    """The first fails twice: what follows in its session waits, another session does not."""
    failing = []

    def answer(got):
        if got.kind == "coupon_opened" and got.body["session"] == code and len(failing) < 2:
            failing.append(got)
            return 503
        return 200

    receiver.answer = answer
    webhook = await listen(
        caller, receiver, ["coupon_opened", "coupon_claimed", "coupon_validated"]
    )
    code, other = await make_session(caller), await make_session(caller)
    await operate(caller, code, "opened", "claimed", "validated")
    await receiver.wait_for(1)
    await operate(caller, other, "opened")
    for n in (1, 2):
        await until_tried(services, webhook, code, n)
        await let_time_pass(services, webhook)
    await wait_for_states(caller, webhook, *["delivered"] * 4)
    kinds = [got.kind for got in receiver.got if got.body["session"] == code]
    first = [kind for kind in kinds if kind == "coupon_opened"]
    assert kinds == [*first, "coupon_claimed", "coupon_validated"]
    taken = [got.body["sequence"] for got in receiver.got if got.body["session"] == code]
    assert taken == sorted(taken)


async def until_tried(services, webhook, code, n):
    """Until the first event of this session has failed n times, and nothing is under way."""
    end = time.monotonic() + PATIENCE
    while not await services.db.fetchval(
        "SELECT max(tries) = $3 AND count(claimed_until) = 0 FROM hook_deliveries"
        " WHERE endpoint_id = $1 AND thread = $2",
        id_of(webhook),
        code,
        n,
    ):
        assert time.monotonic() < end, f"not tried {n} times"
        await asyncio.sleep(0.05)


async def test_after_three_tries_the_next_event_goes_first(caller, receiver, services):
    receiver.answer = lambda got: 500 if got.kind == "coupon_opened" else 200
    webhook = await listen(caller, receiver, ["coupon_opened", "coupon_claimed"])
    code = await make_session(caller)
    await operate(caller, code, "opened", "claimed")
    for n in (1, 2):
        await until_tried(services, webhook, code, n)
        assert receiver.kinds == ["coupon_opened"] * n
        await let_time_pass(services, webhook)
    await receiver.wait_for(4)
    assert receiver.kinds == ["coupon_opened"] * 3 + ["coupon_claimed"]


async def test_sent_again_it_waits_for_no_clock(caller, receiver, services):
    """What happened before in its session, and waits for its next try, goes at once and first;
    another session's is left alone."""
    receiver.answer = lambda got: 503
    webhook = await listen(caller, receiver, ["coupon_opened", "coupon_claimed"])
    code, other = await make_session(caller), await make_session(caller)
    await operate(caller, code, "opened", "claimed")
    await until_tried(services, webhook, code, 1)
    await operate(caller, other, "opened")
    await until_tried(services, webhook, other, 1)
    later = "UPDATE hook_deliveries SET next_at = now() + interval '1 hour' WHERE endpoint_id = $1"
    await services.db.execute(later, id_of(webhook))
    receiver.got.clear()
    receiver.answer = lambda got: 200
    ref = (await deliveries(caller, webhook))[1]["event"]
    body = {"webhook": webhook["ID"], "event": ref}
    assert (await caller.post("/v3/webhook/resend", body)).body["amount_of_results"] == 1
    await wait_for_states(caller, webhook, "delivered", "delivered", "waiting")
    assert receiver.kinds == ["coupon_opened", "coupon_claimed"]
    assert {got.body["session"] for got in receiver.got} == {code}


async def test_gone_switches_off_at_once(caller, receiver, services):
    receiver.answer = lambda got: 500 if len(receiver.got) < 2 else 410
    webhook = await listen(caller, receiver, "coupon_distributed")
    await make_session(caller)
    await wait_for_tries(services, webhook, 1)
    await make_session(caller)
    await wait_for_states(caller, webhook, "dropped", "failed")
    (shown,) = (await caller.post("/v3/webhook/list")).body["webhook"]
    assert (shown["active"], shown["switched_off_reason"]) == ("0", "It answered 410 Gone.")
    assert await hooks_of(services, caller) == ["coupon_distributed"]
    await make_session(caller)
    await wait_for_states(caller, webhook, "dropped", "failed", "dropped")
    assert len(receiver.got) == 2


async def test_three_days_of_failures_switch_off(caller, receiver, services):
    receiver.answer = lambda got: 500
    webhook = await listen(caller, receiver, "coupon_distributed")
    for n, days in enumerate((2.9, 3.1), start=1):
        await services.db.execute(
            "UPDATE hook_endpoints SET failing_since = now() - $2::interval WHERE id = $1",
            id_of(webhook),
            timedelta(days=days),
        )
        (shown,) = (await caller.post("/v3/webhook/list")).body["webhook"]
        assert shown["active"] == "1"
        code = await make_session(caller)
        await receiver.wait_for(n)
        if days < 3:
            await until_tried(services, webhook, code, 1)
    await wait_for_states(caller, webhook, "dropped", "dropped")
    (shown,) = (await caller.post("/v3/webhook/list")).body["webhook"]
    assert shown["switched_off_reason"] == "It only failed for three days. HTTP 500."
    assert shown["switched_off_date_utc"]

    receiver.answer = lambda got: 200
    body = {"webhook": webhook["ID"], "active": True}
    on = (await caller.post("/v3/webhook/update", body)).body["webhook"]
    assert (on["active"], on["failing_since_utc"], on["switched_off_reason"]) == ("1", "", "")
    body = {"webhook": webhook["ID"], "since": "2020-01-01"}
    assert (await caller.post("/v3/webhook/resend", body)).body["amount_of_results"] == 2
    await wait_for_states(caller, webhook, "delivered", "delivered")


async def hooks_of(services, caller):
    return await services.db.fetchval(
        "SELECT hooks FROM accounts WHERE id = $1", caller.shop.account
    )


async def test_what_was_owed_at_the_moment_of_switching_off_is_dropped(caller, receiver, services):
    """An announcement that did not see it yet must not wait for ever."""
    webhook = await listen(caller, receiver, "coupon_distributed")
    await services.db.execute(
        "UPDATE hook_endpoints SET active = false WHERE id = $1", id_of(webhook)
    )
    event = await services.db.fetchval(
        "INSERT INTO hook_events (ref, account_id, kind, at, body) VALUES ($1, $2, 'pool_low',"
        " now(), '{}') RETURNING id",
        f"evt_{webhook['ID']}",
        caller.shop.account,
    )
    await services.db.execute(
        "INSERT INTO hook_deliveries (account_id, endpoint_id, event_id, next_at, created_at)"
        " VALUES ($1, $2, $3, now(), now())",
        caller.shop.account,
        id_of(webhook),
        event,
    )
    await wait_for_states(caller, webhook, "dropped")
    assert receiver.got == []


@pytest.mark.timeout(60)
async def test_no_answer_in_time_and_nobody_there(caller, receiver, services):
    receiver.delay = 11
    webhook = await listen(caller, receiver, "coupon_distributed")
    async with open_receiver() as gone:
        other = await listen(caller, gone, "coupon_distributed")
    await make_session(caller)
    await wait_for_tries(services, other, 1)
    await wait_for_tries(services, webhook, 1)
    (slow,), (nobody,) = await deliveries(caller, webhook), await deliveries(caller, other)
    assert (slow["http_status"], slow["error"]) == (None, "No answer within 10 seconds.")
    assert nobody["error"] == "No connection: refused, or the network is not reachable."


async def test_an_answer_that_never_ends_has_its_status(caller, receiver, services):
    """The status counts; of the body only what comes is kept."""
    webhook = await listen(caller, receiver, "coupon_distributed")
    receiver.answer = lambda got: web.Response(body=b"x" * 5_000_000)
    await make_session(caller)
    (row,) = await wait_for_states(caller, webhook, "delivered")
    assert row["answer"] == "x" * 1024


async def test_a_slow_receiver_does_not_keep_another_tenant_waiting(
    caller, other_caller, receiver, services
):
    async with open_receiver() as slow:
        slow.delay = 5
        webhook = await listen(caller, slow, "coupon_distributed")
        await owe_many(services, caller, webhook, 10_000)
        await slow.wait_for(4)
        await listen(other_caller, receiver, "coupon_distributed")
        for n in range(1, 6):
            await make_session(other_caller)
            await receiver.wait_for(n)
        assert slow.most_at_once == 4
        body = {"webhook": webhook["ID"], "state": "waiting"}
        left = (await caller.post("/v3/webhook/deliveries", body)).body["amount_of_results"]
        assert left > 9_900
        await caller.post("/v3/webhook/delete", {"webhook": webhook["ID"]})


async def owe_many(services, caller, webhook, n):
    await services.db.execute(
        "WITH e AS (INSERT INTO hook_events (ref, account_id, kind, at, thread, body)"
        " SELECT 'evt_' || $2::bigint || '_' || i, $1, 'coupon_distributed', now(), i::text,"
        " convert_to('{\"id\":\"' || i || '\"}', 'UTF8') FROM generate_series(1, $3) AS i"
        " RETURNING id, thread)"
        " INSERT INTO hook_deliveries (account_id, endpoint_id, event_id, thread, next_at,"
        " created_at) SELECT $1, $2, id, thread, now(), now() FROM e",
        caller.shop.account,
        id_of(webhook),
        n,
    )


async def test_a_tenant_with_many_slow_endpoints_leaves_room(
    caller, other_caller, receiver, services
):
    async with open_receiver() as slow:
        slow.delay = 3
        for _ in range(20):
            webhook = await listen(caller, slow, "coupon_distributed")
            await owe_many(services, caller, webhook, 50)
        await slow.wait_for(16)
        await listen(other_caller, receiver, "coupon_distributed")
        await make_session(other_caller)
        await receiver.wait_for(1)
        assert slow.most_at_once <= 16
        for shown in (await caller.post("/v3/webhook/list")).body["webhook"]:
            await caller.post("/v3/webhook/delete", {"webhook": shown["ID"]})


async def test_several_deliverers_share_the_work(caller, receiver, services):
    """Limits and order hold over all processes, and nobody gets what another one has."""
    receiver.delay = 0.02
    stop = asyncio.Event()
    pumps = [asyncio.create_task(Deliverer(services).run(stop)) for _ in range(3)]
    try:
        await listen(caller, receiver, ["coupon_opened", "coupon_claimed", "coupon_validated"])
        codes = [await make_session(caller) for _ in range(20)]
        await asyncio.gather(*(operate(caller, code, "validated") for code in codes))
        await receiver.wait_for(60)
    finally:
        stop.set()
        await asyncio.gather(*pumps)
    assert len(receiver.got) == len({got.headers["webhook-id"] for got in receiver.got}) == 60
    assert receiver.most_at_once <= 4
    for code in codes:
        kinds = [got.kind for got in receiver.got if got.body["session"] == code]
        assert kinds == ["coupon_opened", "coupon_claimed", "coupon_validated"]


async def test_one_deliverer_at_a_time_chooses_for_an_endpoint(caller, receiver, services):
    webhook = await listen(caller, receiver)
    ids = [id_of(webhook)]
    async with services.db.transaction() as first, services.db.transaction() as second:
        assert await claims.hold_endpoints(first, ids) == {ids[0]: True}
        assert await claims.hold_endpoints(second, ids) == {}


async def test_one_deliverer_at_a_time_chooses_for_an_account(
    caller, other_caller, receiver, services
):
    first, second = [id_of(await listen(caller, receiver)) for _ in range(2)]
    other = id_of(await listen(other_caller, receiver))
    async with services.db.transaction() as one, services.db.transaction() as two:
        assert await claims.hold_endpoints(one, [first]) == {first: True}
        assert await claims.hold_endpoints(two, [first, second, other]) == {other: True}
    assert await claims.hold_endpoints(services.db, [second]) == {second: True}


async def test_webhooks_that_come_and_go_disturb_nobody(caller, receiver):
    """What is announced while its webhook is being deleted, tested or sent to again."""

    async def come_and_go(n):
        made = await listen(caller, receiver, "all")
        body = {"webhook": made["ID"], "since": "2020-01-01"}
        told = [made["ID"]]
        told += await asyncio.gather(
            caller.post("/v3/webhook/delete", body), caller.post("/v3/webhook/test", body),
            caller.post("/v3/webhook/resend", body), caller.post("/v3/webhook/update", body),
        )  # fmt: skip
        return told[1:]

    async def use(n):
        code = await make_session(caller)
        await operate(caller, code, "opened", "validated", "unvalidated", "voided")

    told = await asyncio.gather(*(come_and_go(n) for n in range(15)), *(use(n) for n in range(30)))
    answers = [answer for some in told[:15] for answer in some]
    assert {answer.status for answer in answers} <= {200, 422}
    assert all(answer.codes == [509] for answer in answers if answer.status == 422)


async def test_old_events_are_swept(caller, receiver, services):
    webhook = await listen(caller, receiver, "coupon_distributed")
    await make_session(caller)
    (row,) = await wait_for_states(caller, webhook, "delivered")
    body = {"webhook": row["event"]}
    now = datetime.now(UTC)
    await sweep(services, now)
    assert (await caller.post("/v3/webhook/verification", body)).status == 200
    await services.db.execute(
        "UPDATE hook_events SET at = $2 WHERE ref = $1", row["event"], now - timedelta(days=31)
    )
    await sweep(services, now)
    assert (await caller.post("/v3/webhook/verification", body)).codes == [509]
    assert await deliveries(caller, webhook) == []


async def test_metrics_tell_of_tries_and_of_what_waits(caller, receiver, services):
    receiver.answer = lambda got: 500
    webhook = await listen(caller, receiver, "coupon_distributed")
    await make_session(caller)
    await wait_for_tries(services, webhook, 1)
    tried = None
    async with asyncio.timeout(PATIENCE):  # it is counted a moment after it was written
        while tried is None:
            async with caller.http.get(f"{caller.url}/metrics") as answer:
                told = await answer.text()
            tried = re.search(r'^tearoff_hook_tries_total\{state="waiting"\} (\S+)$', told, re.M)
    assert float(tried[1]) >= 1
    await metrics.read_database(services.db, datetime.now(UTC))
    waiting = re.search(r"^tearoff_hooks_waiting (\S+)$", metrics.exposition(None).decode(), re.M)
    assert float(waiting[1]) >= 1


async def test_the_sweep_and_whoever_changes_a_webhook_wait_for_each_other_in_one_order(
    caller, receiver, services
):
    """Both take the account first: while somebody is at it, the sweep holds nothing of theirs."""
    webhook = await listen(caller, receiver)
    await caller.post("/v3/webhook/update", {"webhook": webhook["ID"], "active": False})
    await services.db.execute(
        "UPDATE hook_endpoints SET kept_until = now() WHERE id = $1", id_of(webhook)
    )
    account = caller.shop.account
    waits = "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE $1 = ANY(pg_blocking_pids(pid)))"
    async with services.db.transaction() as db:
        await endpoints.hold(db, account, id_of(webhook))
        sweeping = asyncio.create_task(sweep(services, datetime.now(UTC)))
        own = await db.fetchval("SELECT pg_backend_pid()")
        async with asyncio.timeout(PATIENCE):
            while not await services.db.fetchval(waits, own):
                await asyncio.sleep(0.01)
        await endpoints.switch_on(db, account, id_of(webhook), datetime.now(UTC))
    await sweeping
    assert (await endpoints.find(services.db, account, id_of(webhook))).active
    assert await services.db.fetchval("SELECT hooks FROM accounts WHERE id = $1", account)


async def test_deliverers_are_woken_only_where_something_is_due(caller, receiver, services):
    """Commits that notify stand in one line on the whole server: not for what is only kept."""
    on = await listen(caller, receiver, "coupon_voided")
    off = await listen(caller, receiver, ["coupon_opened", "coupon_voided"])
    await caller.post("/v3/webhook/update", {"webhook": off["ID"], "active": False})
    heard: asyncio.Queue[tuple[int, str]] = asyncio.Queue()
    told = await outbox.listener_of(services.db, caller.shop.account)
    async with services.db.connection() as ear, services.db.connection() as db:

        def hear(_, pid, channel, payload):
            heard.put_nowait((pid, payload))

        await ear.add_listener(outbox.CHANNEL, hear)
        own, now, body = db.get_server_pid(), datetime.now(UTC), Body()
        for kind in ("coupon_opened", "coupon_voided"):
            await outbox.announce(db, told, kind, at=now, body=body)
            await outbox.announce_all(db, told, kind, [("a", body), ("b", body)], at=now)
            await db.execute("SELECT pg_notify($1, $2)", outbox.CHANNEL, kind)
        payloads = []
        async with asyncio.timeout(PATIENCE):
            while payloads[-1:] != ["coupon_voided"]:
                pid, payload = await heard.get()
                payloads += [payload] if pid == own else []
        await ear.remove_listener(outbox.CHANNEL, hear)
    assert payloads == ["coupon_opened", "", "", "coupon_voided"]
    assert [one["state"] for one in await deliveries(caller, off)] == ["dropped"] * 6
    await wait_for_states(caller, on, *["delivered"] * 3)
