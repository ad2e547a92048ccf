"""Receipts that arrive at the same moment."""

import asyncio

import msgspec

from tearoff.distribution.events import tell
from tearoff.kit import clock
from tearoff.messages import arrivals, connections, queries
from tearoff.providers.base import Arrived, Receipt, ReceiptState
from tests.running import PATIENCE


async def test_all_parts_at_once_make_the_message_delivered(services, shop):
    for round_ in range(20):
        message_id = await accepted_in_parts(services, shop, f"r{round_}")
        stored = [await store_receipt(services, shop, f"r{round_}-{i}") for i in range(4)]
        await asyncio.gather(*(read(services, id_) for id_ in stored))
        message = await queries.message(services.db, message_id)
        assert message.state == "delivered"


async def test_one_failed_part_fails_the_message(services, shop):
    message_id = await accepted_in_parts(services, shop, "f")
    stored = [await store_receipt(services, shop, f"f-{i}") for i in range(3)]
    stored.append(await store_receipt(services, shop, "f-3", ReceiptState.FAILED))
    await asyncio.gather(*(read(services, id_) for id_ in stored))
    message = await queries.message(services.db, message_id)
    assert message.state == "failed"


async def accepted_in_parts(services, shop, name):
    message_id = await services.db.fetchval(
        "INSERT INTO messages (account_id, connection_id, recipient, text, encoding, segments,"
        " state, created_at) VALUES ($1, $2, '+32470001000', 'long', 'UCS-2', 4, 'submitting',"
        " now()) RETURNING id",
        shop.account,
        shop.connection,
    )
    ids = [f"{name}-{i}" for i in range(4)]
    await queries.accept(services.db, message_id, ids, "", clock.now(), find_by_id=True)
    return message_id


async def store_receipt(services, shop, provider_id, state=ReceiptState.DELIVERED):
    receipt = Receipt(state=state, provider_id=provider_id)
    arrived = Arrived(key=provider_id, raw="", receipt=receipt)
    connection = await connections.connection(services.db, shop.connection)
    async with services.db.transaction() as db:
        await arrivals.store(db, connection, "link", [arrivals.of_link(arrived)], clock.now())
    return await services.db.fetchval(
        "SELECT id FROM arrivals WHERE connection_id = $1 AND key = $2",
        shop.connection,
        provider_id,
    )


async def read(services, stored_id):
    """Read one now. A worker of the tests' server may have it already: then that one reads it,
    and this waits until it has."""
    job = msgspec.json.encode(arrivals.ToRead([stored_id]))
    await arrivals.read_arrivals(services, job, tell=tell)
    async with asyncio.timeout(PATIENCE):
        while await services.db.fetchval(
            "SELECT handled_at IS NULL FROM arrivals WHERE id = $1", stored_id
        ):
            await asyncio.sleep(0.02)
