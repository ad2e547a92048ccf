"""Costly work, kept from sinking the ship: only so much at once, only so much waiting.

Whatever takes more than about 50 ms of a processor (password hashes, pictures, PDFs) runs in a
bulkhead, beside the event loop. Who comes when it is full is told so at once: waiting longer
would only make everything slower for everybody.
"""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from tearoff.errors import TryLater

P = ParamSpec("P")
T = TypeVar("T")


class TooBusy(TryLater):
    """Too much of this is being done just now. Try again in a few seconds."""


class Bulkhead:
    """Of one kind of work at most `at_once` are done, and `waiting` wait, in each process.
    `after`: seconds until a refused caller may try again. One network (`run_for`) has at most two
    thirds of the places: whoever asks for all of them leaves some to everybody else."""

    def __init__(self, name: str, *, at_once: int, waiting: int, after: float) -> None:
        self._after = after
        self._threads = ThreadPoolExecutor(at_once, thread_name_prefix=name)
        self._places = threading.Semaphore(at_once + waiting)
        self._share = max(1, (at_once + waiting) * 2 // 3)
        self._taken: Counter[str] = Counter()
        self._counting = threading.Lock()

    async def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Do it, beside the event loop and never in a database transaction. A caller who goes
        away leaves the line; what has begun keeps its place until it is done. Raises `TooBusy`."""
        return await asyncio.wrap_future(self._begin(work, *args, **kwargs))

    async def run_for(
        self, network: str, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """The same for somebody of whom nothing is known but their network."""
        with self._counting:
            if self._taken[network] >= self._share:
                raise TooBusy(after=self._after)
            self._taken[network] += 1
        try:
            future = self._begin(work, *args, **kwargs)
        except BaseException:
            self._leave(network)
            raise
        future.add_done_callback(lambda _: self._leave(network))
        return await asyncio.wrap_future(future)

    def _leave(self, network: str) -> None:
        with self._counting:
            self._taken[network] -= 1
            if not self._taken[network]:
                del self._taken[network]

    def _begin(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        if not self._places.acquire(blocking=False):
            raise TooBusy(after=self._after)
        try:
            future = self._threads.submit(work, *args, **kwargs)
        except BaseException:
            self._places.release()
            raise
        future.add_done_callback(lambda _: self._places.release())
        return future
