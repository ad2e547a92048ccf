"""The pool, when a connection is taken from under it."""

import asyncio

import pytest

from tearoff.api.v3.errors import failure_of
from tearoff.errors import TryLater
from tearoff.kit.db import Database, DatabaseAway


async def test_who_idles_in_a_transaction_loses_it_and_nobody_else_does(settings):
    db = await Database.open(settings.database_url, size=1)
    try:
        assert await db.fetchval("SHOW idle_in_transaction_session_timeout") == "1min"
        with pytest.raises(DatabaseAway):
            async with db.transaction() as work:
                await work.execute("SET idle_in_transaction_session_timeout = '50ms'")
                await work.execute("CREATE TABLE left_behind (n int)")
                async with asyncio.timeout(30):
                    while not work.is_closed():
                        await asyncio.sleep(0.02)
                await work.fetchval("SELECT 1")
        # The pool has one place, and it is free again; nothing of the transaction is left.
        assert await db.fetchval("SELECT to_regclass('left_behind')") is None
        assert await db.fetchval("SHOW idle_in_transaction_session_timeout") == "1min"
    finally:
        await db.close()


@pytest.mark.parametrize(
    "sqlstate", ["40P01", "40001", "55P03"], ids=["deadlock", "serialization", "lock timeout"]
)
async def test_a_transaction_that_met_others_can_be_tried_again(settings, sqlstate):
    db = await Database.open(settings.database_url, size=1)
    raised = f"DO $$ BEGIN RAISE 'met' USING ERRCODE = '{sqlstate}'; END $$"
    try:
        with pytest.raises(TryLater) as told:
            async with db.transaction() as work:
                await work.execute("CREATE TABLE left_behind (n int)")
                await work.execute(raised)
        with pytest.raises(TryLater):
            await db.execute(raised)
        assert await db.fetchval("SELECT to_regclass('left_behind')") is None
    finally:
        await db.close()
    failure = failure_of(told.value)
    assert (failure.http, failure.after) == (503, 1)
