"""After the service has answered: the second commit is insisted on, and the guard ends a moment
after the caller was told."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import structlog

from tearoff.kit import clock
from tearoff.kit.db import DatabaseAway
from tearoff.kit.services import Services
from tearoff.messages import queries as messages
from tearoff.messages import standing
from tearoff.messages.models import Connection
from tearoff.providers.base import Outcome

AT_ONCE = 3
"""Seconds for which the caller waits for the second commit when the database is away."""
PATIENCE = 600
"""Seconds for which it is tried, the caller having been answered."""
ANSWER_LEAVES_WITHIN = 0.2
"""Seconds between an answer and the end of its guard."""


Write = Callable[[], Awaitable[None]]

log = structlog.get_logger()


class Answers:
    """Frees guards a moment after their callers were answered.

    The guard of an accepted send outlives the second commit until its answer has left: a
    server that is killed in between leaves the guard behind, so that the caller who tries
    again is told of the message that went out instead of sending another one.
    """

    def __init__(self, services: Services) -> None:
        self._services = services
        self._told: list[int] = []
        self._went_well: set[int] = set()
        self._notes = standing.Notes()
        self._freeing: asyncio.Task[None] | None = None
        self._writing: set[asyncio.Task[None]] = set()

    def tell(self, message_id: int, connection_id: int | None = None) -> None:
        """That the caller has the answer: this connection has taken the message."""
        self._told.append(message_id)
        if connection_id is not None:
            self._went_well.add(connection_id)
        if self._freeing is None or self._freeing.done():
            self._freeing = asyncio.create_task(self._free_later())

    async def note(self, route: Connection, answer: Outcome) -> None:
        """What it says of the connection. Its message is recorded: nobody waits for a database
        that is away now."""
        with contextlib.suppress(DatabaseAway):
            await standing.note(self._services.db, route, answer, clock.now())

    def write_later(self, write: Write, accepted_id: int | None) -> None:
        """Go on with the second commit while the caller is answered. The guard stays until it is
        made: what is still `submitting` is found by it."""
        task = asyncio.create_task(self._write_later(write, accepted_id))
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)

    async def finish(self) -> None:
        left = [*self._writing, *([self._freeing] if self._freeing is not None else [])]
        if left:
            await asyncio.wait(left, timeout=5)

    async def _write_later(self, write: Write, accepted_id: int | None) -> None:
        try:
            await insist(write, PATIENCE)
        except DatabaseAway as error:  # its lease makes it `unknown`
            log.error("send.not_noted", error=str(error))
            return
        if accepted_id is not None:
            self.tell(accepted_id)

    async def _free_later(self) -> None:
        while self._told:
            await asyncio.sleep(ANSWER_LEAVES_WITHIN)
            told, self._told = self._told, []
            with contextlib.suppress(DatabaseAway):  # the chore frees what is left
                await messages.free_guards(self._services.db, told)
                await self._note_what_went_well()

    async def _note_what_went_well(self) -> None:
        now = clock.now()
        due, self._went_well = self._notes.due(self._went_well, now), set()
        if due:
            await standing.note_accepted(self._services.db, due, now)


async def insist(write: Write, patience: float) -> None:
    """Try again while the database is away. Raises `DatabaseAway` after so many seconds."""
    give_up = asyncio.get_running_loop().time() + patience
    wait = 0.05
    while True:
        try:
            return await write()
        except DatabaseAway:
            if asyncio.get_running_loop().time() > give_up:
                raise
            await asyncio.sleep(wait)
            wait = min(wait * 2, 2)
