"""Standing links (SMPP binds), never more of them than the service allows.

A connection has `max_binds` slots for all processes of all machines. A slot is a session
lock in the database, so it is free as soon as its process is gone. A process that gets no
slot hands its message to one that has: it names the message on a channel, exactly one owner
takes it over (one guarded update), sends it, and tells the outcome back.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from typing import cast

import asyncpg
import msgspec
import structlog

from tearoff.kit import clock, codes
from tearoff.kit.db import AWAY, NOT_NOW, DatabaseAway, connect
from tearoff.kit.services import Services
from tearoff.messages import arrivals, connections
from tearoff.messages.models import Connection
from tearoff.messages.open_connections import Links
from tearoff.providers.base import (
    Accepted,
    Arrived,
    Linked,
    NoAnswer,
    Outcome,
    Outgoing,
    Provider,
    Reason,
    Refused,
    refused,
)

log = structlog.get_logger()

LOCK_SPACE = 74_651
"""First half of the slots' lock keys, so that no other lock of the database is meant."""
TAKEN_WITHIN = 3.0
ANSWERED_WITHIN = 15.0
KEEP_EVERY = 10.0
SLOT_WITHIN = 10.0
"""Seconds that a send waits for the database to say whether there is a slot for it."""
RAW_LIMIT = 2_000


class Errand(msgspec.Struct, frozen=True):
    """A message for an owner of a link, and the channel on which it answers."""

    message: Outgoing
    answer_on: str


class Told(msgspec.Struct, frozen=True):
    """An owner's answer. `taken` alone says that it has the message in hand."""

    message_id: int
    accepted: Accepted | None = None
    refused: Refused | None = None
    no_answer: NoAnswer | None = None

    def outcome(self) -> Outcome | None:
        return self.accepted or self.refused or self.no_answer


class Binds:
    """The standing links of one process."""

    def __init__(self, services: Services, links: Links) -> None:
        self._services = services
        self._links = links
        self._line: asyncpg.Connection | None = None
        self._line_lock = asyncio.Lock()
        self._slots: dict[int, int] = {}
        self._begun: dict[int, Connection] = {}
        self._channel = f"tearoff_{codes.digits(20)}"
        self._waiting: dict[int, asyncio.Queue[Told]] = {}
        self._errands: set[asyncio.Task[None]] = set()

    async def send(self, connection: Connection, message: Outgoing) -> Outcome:
        """Send over a link of this process, or of the one that has a slot."""
        try:
            async with asyncio.timeout(SLOT_WITHIN):
                is_ours = await self._own(connection)
        except NOT_NOW as error:
            return refused(Reason.PROVIDER_DOWN, raw=f"database away: {error}")
        if is_ours:
            return await self._provider(connection).send(message)
        try:
            return await self._hand_over(connection, message)
        except DatabaseAway:
            return NoAnswer("The database did not say whether another process took it.")

    async def keep(self, stop: asyncio.Event) -> None:
        """Keep one link of every active connection open, so that receipts and replies arrive
        although nobody sends. Runs until `stop`."""
        while not stop.is_set():
            try:
                for connection in await connections.active_of_kind(self._services.db, "smpp"):
                    await self._own(connection)
            except Exception as error:
                log.warning("binds.keep_failed", error=str(error))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), KEEP_EVERY)

    async def close(self) -> None:
        for task in self._errands:
            task.cancel()
        line, self._line = self._line, None
        self._slots.clear()
        if line is not None:
            with contextlib.suppress(*AWAY):
                await line.close(timeout=2)

    async def _own(self, connection: Connection) -> bool:
        """Whether this process has a slot of the connection, taking a free one if there is."""
        if connection.id in self._slots and self._line is not None:
            await self._renew(connection)
            return True
        line = await self._open_line()
        async with self._line_lock:
            if connection.id in self._slots:
                return True
            # Before the lock: who finds no slot free hands over at once, and must be heard.
            await line.add_listener(_errands_of(connection.id), self._on_errand)
            for slot in range(max(1, connection.max_binds)):
                key = connection.id * 64 + slot
                if await line.fetchval("SELECT pg_try_advisory_lock($1::bigint)", _lock_key(key)):
                    await self._begin(connection, slot)
                    return True
        return False

    async def _begin(self, connection: Connection, slot: int) -> None:
        self._slots[connection.id] = slot
        self._begun[connection.id] = connection
        provider = cast(Linked, self._links.provider(connection))

        async def take(arrived: Sequence[Arrived]) -> None:
            items = [arrivals.of_link(one) for one in arrived]
            async with self._services.db.transaction() as db:
                await arrivals.store(db, connection, "link", items, clock.now())

        provider.listen(take)
        await provider.start()

    async def _renew(self, connection: Connection) -> None:
        """Take the link down and up again where its settings have changed. Whoever knows an older
        state of them than the link has changes nothing."""
        begun = self._begun[connection.id]
        if connection.version <= begun.version:
            return
        if connection.settings_sealed == begun.settings_sealed:
            self._begun[connection.id] = connection
            return
        self._links.drop(connection.id)
        await self._begin(connection, self._slots[connection.id])

    def _provider(self, connection: Connection) -> Provider:
        """The adapter with the newest settings that are known here: another one has no link."""
        return self._links.provider(self._begun.get(connection.id, connection))

    async def _open_line(self) -> asyncpg.Connection:
        """The connection that holds this process's slots and hears its channels."""
        async with self._line_lock:
            if self._line is not None and not self._line.is_closed():
                return self._line
            settings = self._services.settings
            line = await connect(
                self._services.database_url, statement_within=settings.statement_limit
            )
            line.add_termination_listener(self._on_line_lost)
            await line.add_listener(self._channel, self._on_told)
            self._line = line
            return line

    def _on_line_lost(self, line: object) -> None:
        """With the connection the slots are gone: others may take them, so ours must end."""
        if self._line is not line:
            return
        self._line = None
        lost, self._slots = list(self._slots), {}
        self._begun.clear()
        for connection_id in lost:
            self._links.drop(connection_id)

    async def _hand_over(self, connection: Connection, message: Outgoing) -> Outcome:
        queue: asyncio.Queue[Told] = asyncio.Queue()
        self._waiting[message.id] = queue
        try:
            errand = msgspec.json.encode(Errand(message, self._channel)).decode()
            await self._services.db.execute(
                "SELECT pg_notify($1, $2)", _errands_of(connection.id), errand
            )
            return await self._wait(queue, message)
        finally:
            del self._waiting[message.id]

    async def _wait(self, queue: asyncio.Queue[Told], message: Outgoing) -> Outcome:
        try:
            told = await asyncio.wait_for(queue.get(), TAKEN_WITHIN)
        except TimeoutError:
            if await self._take(message.id):  # now nobody else can: it certainly stays here
                return refused(Reason.PROVIDER_DOWN, raw="no process with a link took it")
            told = Told(message.id)
        give_up = asyncio.get_running_loop().time() + ANSWERED_WITHIN
        while (outcome := told.outcome()) is None:
            left = give_up - asyncio.get_running_loop().time()
            try:
                told = await asyncio.wait_for(queue.get(), max(0, left))
            except TimeoutError:
                return NoAnswer("The process that holds the link to the SMS provider went away.")
        return outcome

    async def _take(self, message_id: int) -> bool:
        """Take a handed-over message; exactly one process can."""
        taken = await self._services.db.fetchval(
            "UPDATE open_sends SET taken = true WHERE message_id = $1 AND NOT taken"
            " AND EXISTS (SELECT 1 FROM messages WHERE id = $1 AND state = 'submitting')"
            " RETURNING true",
            message_id,
        )
        return bool(taken)

    def _on_told(self, line: object, pid: int, channel: str, payload: object) -> None:
        told = msgspec.json.decode(str(payload), type=Told)
        queue = self._waiting.get(told.message_id)
        if queue is not None:
            queue.put_nowait(told)

    def _on_errand(self, line: object, pid: int, channel: str, payload: object) -> None:
        connection_id = int(channel.rpartition("_")[2])
        errand = msgspec.json.decode(str(payload), type=Errand)
        task = asyncio.get_running_loop().create_task(self._run_errand(connection_id, errand))
        self._errands.add(task)
        task.add_done_callback(self._errands.discard)

    async def _run_errand(self, connection_id: int, errand: Errand) -> None:
        async with self._line_lock:  # a slot that is just being taken counts
            if connection_id not in self._slots:
                return
        try:
            connection = await connections.connection(self._services.db, connection_id)
            if connection is None or not await self._take(errand.message.id):
                return
            await self._tell(errand, Told(errand.message.id))
            await self._own(connection)
            outcome = await self._provider(connection).send(errand.message)
            await self._tell(errand, _told(errand.message.id, outcome))
        except NOT_NOW as error:
            log.warning("binds.errand_lost", message=errand.message.id, error=str(error))

    async def _tell(self, errand: Errand, told: Told) -> None:
        payload = msgspec.json.encode(told).decode()
        await self._services.db.execute("SELECT pg_notify($1, $2)", errand.answer_on, payload)


def _told(message_id: int, outcome: Outcome) -> Told:
    """Cut to what fits on a channel (8,000 bytes)."""
    short = msgspec.structs.replace(outcome, raw=outcome.raw[:RAW_LIMIT])
    match short:
        case Accepted():
            return Told(message_id, accepted=short)
        case Refused():
            return Told(message_id, refused=short)
        case _:
            return Told(message_id, no_answer=short)


def _errands_of(connection_id: int) -> str:
    return f"tearoff_errands_{connection_id}"


def _lock_key(key: int) -> int:
    return LOCK_SPACE << 40 | key
