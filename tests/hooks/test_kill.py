"""A worker that is stopped or killed in the middle of a delivery loses nothing."""

import asyncio
import time

import msgspec
import pytest
import pytest_asyncio

from tearoff.hooks.deliverer import LEASE
from tests.api.caller import Caller
from tests.cast import open_shop
from tests.databases import own_services
from tests.hooks.listening import listen, make_session, wait_for_states
from tests.running import launch

pytestmark = pytest.mark.kill


@pytest_asyncio.fixture
async def own(settings, cluster, worker_id, tmp_path):
    """Services with a database of their own: the worker of the other tests must not help."""
    settings = msgspec.structs.replace(settings, data=tmp_path)
    async with own_services(cluster, settings, f"tearoff_hooks_{worker_id}") as own:
        yield own


async def test_killed_and_stopped_in_the_middle(own, http, receiver, tmp_path):
    """Whoever is killed leaves its delivery to the next; whoever is stopped finishes it first."""
    receiver.delay = 60
    shop = await open_shop(own, kind=None)
    server = launch(own.settings, tmp_path)
    try:
        caller = Caller(http, server.url, shop)
        webhook = await listen(caller, receiver, "coupon_distributed")
        await make_session(caller)
        await receiver.wait_for(1)
        server.kill()
        receiver.delay = 0
        server = launch(own.settings, tmp_path)
        caller = Caller(http, server.url, shop)
        began = time.monotonic()
        first, second = await receiver.wait_for(2)
        assert time.monotonic() - began < LEASE.total_seconds() / 2  # nobody waits for its lease
        assert first.headers["webhook-id"] == second.headers["webhook-id"]
        assert first.raw == second.raw
        (row,) = await wait_for_states(caller, webhook, "delivered")
        assert row["tries"] == 2
        receiver.delay = 2
        await make_session(caller)
        await receiver.wait_for(3)
    finally:
        await asyncio.to_thread(server.stop)
    rows = await own.db.fetch("SELECT state, tries FROM hook_deliveries ORDER BY id")
    assert [tuple(row) for row in rows] == [("delivered", 2), ("delivered", 1)]
