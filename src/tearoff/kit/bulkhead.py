"""Costly work, kept from sinking the ship: only so much at once, only so much waiting.

Whatever takes more than about 50 ms of a processor (password hashes, pictures, PDFs) runs in a
bulkhead, beside the event loop. Who comes when it is full is told so at once: waiting longer
would only make everything slower for everybody.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from tearoff.errors import TryLater

P = ParamSpec("P")
T = TypeVar("T")


class TooBusy(TryLater):
    """Too much of this is being done just now. Try again in a few seconds."""


class Bulkhead:
    """Of one kind of work at most `at_once` are done, and `waiting` wait, in each process.
    `after`: seconds until a refused caller may try again."""

    def __init__(self, name: str, *, at_once: int, waiting: int, after: float) -> None:
        self._after = after
        self._threads = ThreadPoolExecutor(at_once, thread_name_prefix=name)
        self._places = threading.Semaphore(at_once + waiting)

    async def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Do it, beside the event loop and never in a database transaction. A caller who goes
        away leaves the line; what has begun keeps its place until it is done. Raises `TooBusy`."""
        if not self._places.acquire(blocking=False):
            raise TooBusy(after=self._after)
        try:
            future = self._threads.submit(work, *args, **kwargs)
        except BaseException:
            self._places.release()
            raise
        future.add_done_callback(lambda _: self._places.release())
        return await asyncio.wrap_future(future)
