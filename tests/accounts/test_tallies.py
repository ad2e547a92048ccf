"""Counting up to a limit: what is over is taken away, in nobody's way."""

from datetime import UTC, datetime, timedelta

import pytest

from tearoff.accounts import tallies
from tearoff.accounts.tallies import Tally

NOW = datetime.now(UTC)
LONG_AGO = NOW - timedelta(days=3)


async def test_the_sweep_waits_for_nobody(services, shop):
    """Whoever counts in several holds the first and waits for the second."""
    db, hour = services.db, timedelta(hours=1)
    over = [Tally("a", 5, hour), Tally("b", 5, hour)]
    async with db.transaction() as work:
        await tallies.count(work, shop.account, over, LONG_AGO)
    async with db.transaction() as work:
        await tallies.count(work, shop.account, [over[1]], NOW)
        async with db.transaction() as other:
            await other.execute("SET LOCAL lock_timeout = '2s'")
            await tallies.sweep(other, NOW)
    rows = await db.fetch("SELECT scope, n FROM tallies WHERE account_id = $1", shop.account)
    assert [tuple(row) for row in rows] == [("b", 1)]


async def test_what_is_given_back_among_what_is_counted(services, shop):
    """Never counted: nothing to give back, nor more room. Counted by neither: held to its cap."""
    db, hour = services.db, timedelta(hours=1)

    async def count(*counted):
        async with db.transaction() as work:
            return await tallies.count(work, shop.account, counted, NOW)

    async def reached():
        return [await tallies.reached(db, shop.account, scope, NOW) for scope in ("a", "b", "c")]

    await count(Tally("c", 2, hour, 2))
    await count(Tally("a", 1, hour), Tally("b", 0, timedelta(0), -1), Tally("c", 0, hour, -1))
    assert await reached() == [1, 0, 1]
    await count(Tally("b", 2, hour, 2), Tally("c", 1, hour, 0))
    assert await reached() == [1, 2, 1]
    with pytest.raises(tallies.TallyFull) as full:
        await count(Tally("a", 0, hour, -1), Tally("b", 1, hour, 0))
    assert full.value.scope == "b"
    assert await reached() == [1, 2, 1]
