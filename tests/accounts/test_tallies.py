"""Counting up to a limit: what is over is taken away, in nobody's way."""

from datetime import UTC, datetime, timedelta

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
