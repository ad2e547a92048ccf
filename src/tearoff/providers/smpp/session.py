"""One bind over one connection: requests and their answers, and what the SMSC sends by itself.

A sequence number is registered before its PDU is written, and PDUs of one turn of the loop
are written together; both make up most of the speed, and the first is what keeps an answer
from arriving before anybody waits for it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import cast

import structlog

from tearoff.providers.smpp import pdu
from tearoff.providers.smpp.pdu import Pdu

log = structlog.get_logger()

BATCH = 500
"""Deliveries that are handed over together at the most."""
SWEEP_EVERY = 0.25

TakeDelivered = Callable[[Sequence[pdu.Delivered]], Awaitable[None]]


class LinkLost(ConnectionError):
    """The link broke after a request may have been written: nobody knows what became of it."""


class NotBound(ConnectionError):
    """There is no link: the request was certainly not written."""


class NoResponse(TimeoutError):
    """A request was written and not answered in time."""


class Session(asyncio.Protocol):
    """Speaks SMPP over one connection; `closed` is set when that is gone."""

    def __init__(self, take: TakeDelivered, *, enquire: float, answer_within: float) -> None:
        self.closed = asyncio.Event()
        self._take = take
        self._enquire = enquire
        self._answer_within = answer_within
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._buffer = bytearray()
        self._out: list[bytes] = []
        self._sequence = 0
        self._waiting: dict[int, tuple[asyncio.Future[Pdu], float]] = {}
        self._delivered: deque[Pdu] = deque()
        self._has_delivered = asyncio.Event()
        self._heard = self._loop.time()
        self._tasks: list[asyncio.Task[None]] = []

    # for callers -------------------------------------------------------------------------

    async def request(self, command: int, body: bytes = b"") -> Pdu:
        """Write a request and wait for its answer.

        Raises `NotBound` (not written), `LinkLost` or `NoResponse` (nobody knows).
        """
        if self._transport is None or self._transport.is_closing():
            raise NotBound("the link to the SMSC is closed")
        self._sequence = self._sequence % 0x7FFFFFFE + 1
        future: asyncio.Future[Pdu] = self._loop.create_future()
        self._waiting[self._sequence] = (future, self._loop.time() + self._answer_within)
        self._write(pdu.encode(command, self._sequence, body))
        return await future

    async def unbind(self) -> None:
        with contextlib.suppress(ConnectionError, TimeoutError):
            await asyncio.wait_for(self.request(pdu.UNBIND), 2)
        self.close()

    def close(self) -> None:
        if self._transport is not None:
            self._flush()
            self._transport.close()

    async def drained(self) -> None:
        """Wait until every request has its answer, or none can come any more."""
        waiting = [future for future, _ in self._waiting.values()]
        if waiting:
            await asyncio.wait(waiting)

    # asyncio.Protocol --------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is of a class of its own
        self._tasks = [
            self._loop.create_task(self._hand_over()),
            self._loop.create_task(self._watch()),
        ]

    def connection_lost(self, error: Exception | None) -> None:
        self.closed.set()
        for task in self._tasks:
            task.cancel()
        waiting, self._waiting = self._waiting, {}
        for future, _ in waiting.values():
            if not future.done():
                future.set_exception(LinkLost("the link to the SMSC broke"))

    def data_received(self, data: bytes) -> None:
        self._heard = self._loop.time()
        self._buffer += data
        try:
            received = pdu.split(self._buffer)
        except pdu.Malformed as error:
            log.warning("smpp.malformed", error=str(error))
            self._write(pdu.encode(pdu.GENERIC_NACK, 0, status=pdu.INVALID_COMMAND))
            self.close()
            return
        for one in received:
            self._receive(one)

    # what comes in -----------------------------------------------------------------------

    def _receive(self, one: Pdu) -> None:
        if one.command & pdu.RESPONSE:
            self._answered(one)
        elif one.command == pdu.DELIVER_SM:
            self._delivered.append(one)
            self._has_delivered.set()
        elif one.command == pdu.ENQUIRE_LINK:
            self._write(pdu.encode(pdu.ENQUIRE_LINK | pdu.RESPONSE, one.sequence))
        elif one.command == pdu.UNBIND:
            self._write(pdu.encode(pdu.UNBIND | pdu.RESPONSE, one.sequence))
            self.close()
        else:
            nack = pdu.encode(pdu.GENERIC_NACK, one.sequence, status=pdu.INVALID_COMMAND)
            self._write(nack)

    def _answered(self, one: Pdu) -> None:
        entry = self._waiting.pop(one.sequence, None)
        if entry is not None and not entry[0].done():
            entry[0].set_result(one)

    async def _hand_over(self) -> None:
        """Deliveries in the order in which they came, those that came together in one go. The
        SMSC hears "got it" only when they are stored."""
        while True:
            await self._has_delivered.wait()
            batch = [self._delivered.popleft() for _ in range(min(BATCH, len(self._delivered)))]
            if not self._delivered:
                self._has_delivered.clear()
            status = await self._store(batch)
            for one in batch:
                answer = pdu.DELIVER_SM | pdu.RESPONSE
                self._write(pdu.encode(answer, one.sequence, b"\0", status))

    async def _store(self, batch: Sequence[Pdu]) -> int:
        readable = []
        for one in batch:
            try:
                readable.append(pdu.decode_delivered(one.body))
            except pdu.Malformed as error:
                log.warning("smpp.unreadable_delivery", error=str(error))
        try:
            await self._take(readable)
        except Exception:
            log.exception("smpp.not_stored", count=len(readable))
            return pdu.TEMPORARY
        return pdu.OK

    # time --------------------------------------------------------------------------------

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(min(SWEEP_EVERY, self._answer_within))
            now = self._loop.time()
            self._give_up(now)
            if now - self._heard > self._enquire:
                await self._enquire_link()

    def _give_up(self, now: float) -> None:
        """Answers come in about the order of their requests, so the first ones are the oldest."""
        late = []
        for sequence, (_, deadline) in self._waiting.items():
            if deadline > now:
                break
            late.append(sequence)
        for sequence in late:
            future, _ = self._waiting.pop(sequence)
            if not future.done():
                future.set_exception(NoResponse("the SMSC did not answer in time"))

    async def _enquire_link(self) -> None:
        try:
            await self.request(pdu.ENQUIRE_LINK)
        except (NoResponse, NotBound):
            log.warning("smpp.silent")
            if self._transport is not None:
                self._transport.abort()
        except LinkLost:
            pass

    # writing -----------------------------------------------------------------------------

    def _write(self, octets: bytes) -> None:
        if not self._out:
            self._loop.call_soon(self._flush)
        self._out.append(octets)

    def _flush(self) -> None:
        out, self._out = self._out, []
        if out and self._transport is not None and not self._transport.is_closing():
            self._transport.write(b"".join(out))
