"""After the service has answered: the second commit is insisted on, and the guard ends a moment
after the caller was told."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

from tearoff.kit.db import DatabaseAway
from tearoff.kit.services import Services
from tearoff.messages import queries as messages

PATIENCE = 60
"""Seconds for which the second commit is tried when the database is away."""
ANSWER_LEAVES_WITHIN = 0.2
"""Seconds between an answer and the end of its guard."""


class Answers:
    """Frees guards a moment after their callers were answered.

    The guard of an accepted send outlives the second commit until its answer has left: a
    server that is killed in between leaves the guard behind, so that the caller who tries
    again is told of the message that went out instead of sending another one.
    """

    def __init__(self, services: Services) -> None:
        self._services = services
        self._told: list[int] = []
        self._freeing: asyncio.Task[None] | None = None

    def tell(self, message_id: int) -> None:
        self._told.append(message_id)
        if self._freeing is None or self._freeing.done():
            self._freeing = asyncio.create_task(self._free_later())

    async def finish(self) -> None:
        if self._freeing is not None:
            await asyncio.wait([self._freeing], timeout=5)

    async def _free_later(self) -> None:
        while self._told:
            await asyncio.sleep(ANSWER_LEAVES_WITHIN)
            told, self._told = self._told, []
            with contextlib.suppress(DatabaseAway):  # the chore frees what is left
                await messages.free_guards(self._services.db, told)


async def insist(write: Callable[[], Awaitable[None]]) -> None:
    give_up = asyncio.get_running_loop().time() + PATIENCE
    wait = 0.05
    while True:
        try:
            return await write()
        except DatabaseAway:
            if asyncio.get_running_loop().time() > give_up:
                raise
            await asyncio.sleep(wait)
            wait = min(wait * 2, 2)
