"""Standing in line within a process, before a place in the pool is taken: those who would only wait
for each other in the database leave the places to others."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from typing import Generic, TypeVar
from weakref import WeakValueDictionary

from tearoff.kit.db import NOT_NOW, DatabaseAway, DatabaseBusy

K = TypeVar("K")


class Turns(Generic[K]):
    """One at a time for each key. When the database does not answer the one whose turn it is, those
    behind are not made to find that out one after the other."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[K, asyncio.Lock] = WeakValueDictionary()
        self._away_at = 0.0

    @contextlib.asynccontextmanager
    async def take(self, key: K) -> AsyncIterator[None]:
        """Raises `DatabaseAway` when it went away while this caller stood in line."""
        lock, came = self._locks.setdefault(key, asyncio.Lock()), time.monotonic()
        async with lock:
            if self._away_at > came:
                raise DatabaseAway("The database is away: it does not answer", after=2)
            try:
                yield
            except DatabaseBusy:
                raise
            except NOT_NOW:
                self._away_at = time.monotonic()
                raise
