"""How many calls an API key may make: a token bucket, shared by all processes.

A process takes tokens in lots and spends them from memory, so that a generous limit costs a call
next to nothing and a small one (lots of one) is exact. What is not spent within a second is
given up: a little less is allowed than the bucket holds, never more.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from datetime import datetime

import msgspec

from tearoff.accounts.models import Caller
from tearoff.errors import TryLater
from tearoff.kit.db import Handle
from tearoff.kit.turns import Turns

LOT_LIVES = 1.0
_MOST_KEYS = 10_000


class Quota(msgspec.Struct, frozen=True):
    """What a call is told of its limit. `remaining` is about right: other processes spend from
    the same bucket. `reset` is in seconds, until the bucket is full."""

    limit: int
    remaining: int
    reset: int


class TooManyCalls(TryLater):
    """Too many calls."""

    def __init__(self, quota: Quota, after: float) -> None:
        super().__init__("Too many calls.", after=max(0.001, after))
        self.quota = quota


class _Lot(msgspec.Struct):
    tokens: int
    until: float
    left: float
    """In the shared bucket when the lot was taken."""


_TAKE = """
WITH held AS MATERIALIZED (
  SELECT client_id,
    least($3, tokens + $2 * greatest(0, extract(epoch FROM $5 - at)::float8)) AS there
  FROM call_buckets WHERE client_id = $1 FOR UPDATE
)
UPDATE call_buckets b SET at = greatest(b.at, $5),
  tokens = h.there - least($4, floor(h.there))
FROM held h WHERE b.client_id = h.client_id
RETURNING least($4, floor(h.there)) AS taken, b.tokens AS left
"""


_MAKE = (
    "INSERT INTO call_buckets (client_id, tokens, at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING"
)


class Buckets:
    """The lots of one process."""

    def __init__(self) -> None:
        self._lots: OrderedDict[str, _Lot] = OrderedDict()
        self._turns: Turns[str] = Turns()

    async def spend(self, db: Handle, caller: Caller, now: datetime) -> Quota | None:
        """One call of a key. None when the account has no limit. Raises `TooManyCalls`."""
        rate, size = caller.account.calls_per_second, caller.account.calls_at_once
        if rate is None or size is None or caller.key is None:
            return None
        client_id = caller.key.client_id
        lot = self._open_lot(client_id)
        if lot is None:
            # One at a time: if each call of a burst took a lot, all but the last were lost.
            async with self._turns.take(client_id):
                lot = self._open_lot(client_id)
                if lot is None:
                    lot = await self._take(db, client_id, rate, size, now)
        lot.tokens -= 1
        remaining = lot.tokens + int(lot.left)
        return Quota(size, remaining, -(-(size - remaining) // rate))

    def _open_lot(self, client_id: str) -> _Lot | None:
        lot = self._lots.get(client_id)
        return None if lot is None or lot.tokens < 1 or lot.until < time.monotonic() else lot

    async def _take(self, db: Handle, client_id: str, rate: int, size: int, now: datetime) -> _Lot:
        amount = max(1, min(rate // 10, size // 20))
        values = (client_id, float(rate), float(size), float(amount), now)
        row = await db.fetchrow(_TAKE, *values)
        if row is None:
            await db.execute(_MAKE, client_id, float(size), now)
            row = await db.fetchrow(_TAKE, *values)
        assert row is not None
        if row["taken"] < 1:
            raise TooManyCalls(Quota(size, 0, -(-size // rate)), (1 - row["left"]) / rate)
        lot = _Lot(int(row["taken"]), time.monotonic() + LOT_LIVES, row["left"])
        self._lots[client_id] = lot
        self._lots.move_to_end(client_id)
        if len(self._lots) > _MOST_KEYS:
            self._lots.popitem(last=False)
        return lot
