"""Steps that the tests of webhooks share."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from tearoff.kit import clock
from tearoff.kit.services import Services
from tearoff.messages import arrivals, connections
from tearoff.providers.base import Arrived, Receipt, Reply
from tests.api.caller import Caller
from tests.cast import Shop
from tests.hooks.receiver import Receiver
from tests.running import PATIENCE


async def listen(caller: Caller, receiver: Receiver, events: Any = "all", **values: Any) -> Any:
    """A webhook, with its secret."""
    body = {"url": receiver.url, "events": events, **values}
    answer = await caller.post("/v3/webhook/create", body)
    assert answer.status == 200, answer.text
    return answer.body["webhook"]


async def make_session(caller: Caller, **values: Any) -> str:
    body = {"campaign": caller.shop.ref, **values}
    answer = await caller.post("/v3/singleuse/create", body)
    assert answer.status == 200, answer.text
    return answer.body["single_use_code"]


async def operate(caller: Caller, code: str, *operations: str) -> None:
    for operation in operations:
        body = {"couponsession": code, "operation": operation}
        answer = await caller.post("/v3/couponsession/update", body)
        assert answer.status == 200, answer.text


async def deliveries(caller: Caller, webhook: Any, **values: Any) -> list[dict[str, Any]]:
    body = {"webhook": webhook["ID"], **values}
    answer = await caller.post("/v3/webhook/deliveries", body)
    assert answer.status == 200, answer.text
    return answer.body["data"]


async def wait_for_states(caller: Caller, webhook: Any, *states: str) -> list[dict[str, Any]]:
    """Until the log shows exactly these states."""
    end = time.monotonic() + PATIENCE
    while True:
        found = await deliveries(caller, webhook)
        if [one["state"] for one in found] == list(states):
            return found
        assert time.monotonic() < end, found
        await asyncio.sleep(0.05)


async def wait_for_tries(services: Services, webhook: Any, n: int) -> None:
    """Until the only delivery of a webhook was tried so often, and no try is under way."""
    end = time.monotonic() + PATIENCE
    while True:
        row = await services.db.fetchrow(
            "SELECT tries, claimed_until FROM hook_deliveries WHERE endpoint_id = $1",
            id_of(webhook),
        )
        if row["tries"] == n and row["claimed_until"] is None:
            return
        assert time.monotonic() < end, row
        await asyncio.sleep(0.05)


async def let_time_pass(services: Services, webhook: Any) -> None:
    """What waits for its next try is due now."""
    await services.db.execute(
        "UPDATE hook_deliveries SET next_at = now(), claimed_until = NULL"
        " WHERE endpoint_id = $1 AND state = 'waiting'",
        id_of(webhook),
    )


def id_of(webhook: Any) -> int:
    return int(webhook["ID"].removeprefix("whk_"))


async def arrive(
    services: Services, shop: Shop, key: str, *, receipt: Receipt | None = None,
    reply: Reply | None = None,
) -> None:  # fmt: skip
    """A service reports over its link; the worker reads it."""
    arrived = Arrived(key=key, raw="", receipt=receipt, reply=reply)
    connection = await connections.connection(services.db, shop.connection)
    async with services.db.transaction() as db:
        await arrivals.store(db, connection, "link", [arrivals.of_link(arrived)], clock.now())
