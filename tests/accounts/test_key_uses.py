"""When a key was used last is known to the hour, and costs a call nothing but the first of it."""

import asyncio
from datetime import timedelta

from tearoff.accounts import keys, queries
from tearoff.accounts.key_uses import EXACT_TO, Uses
from tearoff.kit import clock
from tearoff.kit.db import DatabaseAway


class Counting:
    def __init__(self, db):
        self.db, self.statements = db, 0

    async def execute(self, *words):
        self.statements += 1
        return await self.db.execute(*words)


class Away:
    async def execute(self, *words):
        raise DatabaseAway


async def test_a_key_is_noted_once_an_hour(services, shop):
    caller = await queries.caller(services.db, shop.client_id)
    uses, db, now = Uses(), Counting(services.db), clock.now()

    async def last():
        return (await keys.find(services.db, shop.account, shop.client_id, now)).last_used_at

    assert await last() is None
    await uses.note(Away(), caller, now)  # harms no call, and the next one tries again
    await asyncio.gather(*(uses.note(db, caller, now) for _ in range(20)))
    assert (db.statements, await last()) == (1, now)
    await uses.note(db, caller, now + EXACT_TO - timedelta(seconds=1))
    assert (db.statements, await last()) == (1, now)
    later = now + EXACT_TO
    await uses.note(db, caller, later)
    await Uses().note(db, caller, now)  # another process, whose call began before
    assert (db.statements, await last()) == (3, later)
    fresh = await queries.caller(services.db, shop.client_id)
    assert fresh.key.version == caller.key.version, "what memory knows of a key stays good"
