"""The pool, when a connection is taken from under it."""

import asyncio

import pytest

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
