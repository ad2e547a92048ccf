"""Wrong credentials are slowed: the pair of address and key, and the address.

The secret is looked at first, and only wrong ones are refused: behind one address there may be
many, and whoever fills its limit must not stop the others. Guessing is not made easier by that: a
secret has 184 random bits. Failures are counted in the database, so that all processes know;
nothing is read or written while calls are right.
"""

from __future__ import annotations

import hashlib
import time
from collections import OrderedDict
from datetime import datetime, timedelta

import msgspec

from tearoff.accounts import tallies
from tearoff.accounts.tallies import Tally, TallyFull
from tearoff.errors import TryLater
from tearoff.kit import doorbook
from tearoff.kit.db import Database
from tearoff.kit.doorbook import Event

NOBODY = 0
"""The account that these tallies stand under: a wrong key belongs to nobody."""
WINDOW = timedelta(minutes=5)
PAIR_FAILURES = 10
_REMEMBERED = 20_000


class TooManyFailures(TryLater):
    """Too many wrong credentials."""


class Memory:
    """Keys with a time until which they count, at most so many."""

    def __init__(self) -> None:
        self._until: OrderedDict[str, float] = OrderedDict()

    def left(self, key: str) -> float:
        """Seconds for which the key still counts."""
        until = self._until.get(key)
        return 0.0 if until is None else max(0.0, until - time.monotonic())

    def keep(self, key: str, seconds: float) -> None:
        self._until[key] = time.monotonic() + seconds
        self._until.move_to_end(key)
        if len(self._until) > _REMEMBERED:
            self._until.popitem(last=False)


class Source(msgspec.Struct, frozen=True):
    """Where a call comes from (`kit.proxies.host_of`) and the key it names."""

    address: str
    client_id: str

    @property
    def pair(self) -> str:
        key = hashlib.sha256(self.client_id.encode()).hexdigest()[:32]
        return f"refused-pair:{self.address}:{key}"

    @property
    def place(self) -> str:
        return f"refused-address:{self.address}"


class Refusals:
    """What one process knows of them. `address_failures` in five minutes block what is wrong
    from an address."""

    def __init__(self, address_failures: int) -> None:
        self._address_failures = address_failures
        self._blocked = Memory()

    async def failed(self, db: Database, source: Source, now: datetime) -> None:
        """Count a wrong pair. Raises `TooManyFailures` when that is one too many; what is blocked
        already costs no statement."""
        self._check(source)
        for scope, most in self._scopes(source):
            try:
                async with db.transaction() as work:
                    await tallies.count(work, NOBODY, [Tally(scope, most, WINDOW)], now)
            except TallyFull:
                until = await tallies.full_until(db, NOBODY, scope, most, now)
                if until is not None:
                    doorbook.note(Event.CREDENTIALS_SLOWED, address=source.address)
                    self._blocked.keep(scope, (until - now).total_seconds())
        self._check(source)

    def _check(self, source: Source) -> None:
        wait = self._blocked.left(source.pair) or self._blocked.left(source.place)
        if wait:
            raise TooManyFailures("Too many wrong credentials.", after=wait)

    def _scopes(self, source: Source) -> tuple[tuple[str, int], tuple[str, int]]:
        return (source.pair, PAIR_FAILURES), (source.place, self._address_failures)
