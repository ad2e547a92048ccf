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
TOO_MANY, FEW_AGAIN = 10_000, 2_000
"""Deliveries waiting to be stored at which we stop, and begin again, to read from the link."""
SWEEP_EVERY = 0.25
UNBIND_WITHIN = 2.0

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
        self._is_leaving = False
        self._buffer = bytearray()
        self._out: list[bytes] = []
        self._sequence = 0
        self._waiting: dict[int, tuple[asyncio.Future[Pdu], float, int]] = {}
        self._delivered: deque[Pdu] = deque()
        self._storing = 0
        self._has_delivered = asyncio.Event()
        self._is_paused = False
        self._heard = self._loop.time()
        self._tasks: list[asyncio.Task[None]] = []

    # for callers -------------------------------------------------------------------------

    @property
    def is_usable(self) -> bool:
        """Whether requests can be written: neither side has left, and the link stands."""
        transport = self._transport
        return transport is not None and not self._is_leaving and not transport.is_closing()

    async def request(self, command: int, body: bytes = b"") -> Pdu:
        """Write a request and wait for its answer.

        Raises `NotBound` (not written), `LinkLost` or `NoResponse` (nobody knows).
        """
        if not self.is_usable:
            raise NotBound("the link to the SMSC is closed")
        self._sequence = self._sequence % 0x7FFFFFFE + 1
        future: asyncio.Future[Pdu] = self._loop.create_future()
        deadline = self._loop.time() + self._answer_within
        self._waiting[self._sequence] = (future, deadline, command)
        self._write(pdu.encode(command, self._sequence, body))
        return await future

    async def unbind(self) -> None:
        """Say goodbye, wait two seconds at the most for the answer, and close."""
        with contextlib.suppress(ConnectionError, TimeoutError):
            async with asyncio.timeout(UNBIND_WITHIN):
                await self.request(pdu.UNBIND)
        self.close()

    def close(self) -> None:
        if self._transport is not None:
            self._flush()
            self._transport.close()

    def abort(self) -> None:
        """Drop the link without waiting for what is still to be written."""
        if self._transport is not None:
            self._transport.abort()

    async def drained(self) -> None:
        """Wait until every request has its answer and every delivery its own, or none can
        come any more."""
        while self._has_work and not self.closed.is_set():  # noqa: ASYNC110 (once in its life)
            await asyncio.sleep(0.01)

    @property
    def _has_work(self) -> bool:
        return bool(self._waiting or self._delivered or self._storing)

    # asyncio.Protocol --------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is of a class of its own
        self._tasks = [
            self._loop.create_task(self._hand_over()),
            self._loop.create_task(self._sweep()),
            self._loop.create_task(self._keep_alive()),
        ]

    def connection_lost(self, error: Exception | None) -> None:
        self.closed.set()
        for task in self._tasks:
            task.cancel()
        unwritten = {octets[12:16] for octets in self._out if not octets[4] & 0x80}
        waiting, self._waiting = self._waiting, {}
        for sequence, (future, _, _) in waiting.items():
            if not future.done():
                is_unwritten = sequence.to_bytes(4) in unwritten
                kind = NotBound if is_unwritten else LinkLost
                future.set_exception(kind("the link to the SMSC broke"))

    def data_received(self, data: bytes) -> None:
        self._heard = self._loop.time()
        self._buffer += data
        try:
            received = pdu.split(self._buffer)
        except pdu.Malformed as error:
            self._hang_up(str(error))
            return
        for one in received:
            self._receive(one)

    # what comes in -----------------------------------------------------------------------

    def _hang_up(self, why: str) -> None:
        """The stream is out of step; nothing behind this point can be trusted."""
        log.warning("smpp.malformed", error=why)
        self._buffer.clear()
        self._write(pdu.encode(pdu.GENERIC_NACK, 0, status=pdu.INVALID_COMMAND_LENGTH))
        self.close()

    def _receive(self, one: Pdu) -> None:
        if one.command & pdu.RESPONSE:
            self._answered(one)
        elif one.command in pdu.DELIVERIES:
            self._keep_for_storing(one)
        elif one.command == pdu.ENQUIRE_LINK:
            self._write(pdu.encode(pdu.ENQUIRE_LINK | pdu.RESPONSE, one.sequence))
        elif one.command == pdu.UNBIND:
            self._write(pdu.encode(pdu.UNBIND | pdu.RESPONSE, one.sequence))
            self._is_leaving = True  # answers that are under way are still read: see `_sweep`
        elif one.command not in pdu.UNANSWERED:
            nack = pdu.encode(pdu.GENERIC_NACK, one.sequence, status=pdu.INVALID_COMMAND)
            self._write(nack)

    def _answered(self, one: Pdu) -> None:
        entry = self._waiting.pop(one.sequence, None)
        if entry is None:
            self._too_late(one)
            return
        future, _, command = entry
        if one.command not in (command | pdu.RESPONSE, pdu.GENERIC_NACK):
            log.warning("smpp.odd_answer", to=command, answer=one.command)
            self._waiting[one.sequence] = entry
        elif not future.done():
            future.set_result(one)

    def _too_late(self, one: Pdu) -> None:
        """Its message is called unknown by now; the id helps whoever looks into it."""
        if one.command == pdu.SUBMIT_SM | pdu.RESPONSE:
            given = pdu.decode_message_id(one.body)
            log.warning("smpp.late_answer", status=one.status, provider_id=given)

    def _keep_for_storing(self, one: Pdu) -> None:
        self._delivered.append(one)
        self._has_delivered.set()
        if len(self._delivered) >= TOO_MANY and not self._is_paused:
            assert self._transport is not None
            self._transport.pause_reading()
            self._is_paused = True

    async def _hand_over(self) -> None:
        """Deliveries in the order in which they came, those that came together in one go. The
        SMSC hears "got it" only when they are stored."""
        while True:
            await self._has_delivered.wait()
            batch = [self._delivered.popleft() for _ in range(min(BATCH, len(self._delivered)))]
            if not self._delivered:
                self._has_delivered.clear()
            self._storing = len(batch)
            for one, status in zip(batch, await self._store(batch), strict=True):
                answer = one.command | pdu.RESPONSE
                self._write(pdu.encode(answer, one.sequence, b"\0", status))
            self._storing = 0
            self._read_on()

    async def _store(self, batch: Sequence[Pdu]) -> list[int]:
        """The status to answer to each. What cannot be read is kept as it is and refused for
        good, because a repetition would be as unreadable."""
        delivered = [_decode(one) for one in batch]
        statuses = [pdu.REJECTED if one.is_broken else pdu.OK for one in delivered]
        if await self._is_taken(delivered):
            return statuses
        return [status or pdu.TEMPORARY for status in statuses]

    async def _is_taken(self, delivered: Sequence[pdu.Delivered]) -> bool:
        try:
            await self._take(delivered)
        except Exception:
            log.exception("smpp.not_stored", count=len(delivered))
            return False
        return True

    def _read_on(self) -> None:
        if self._is_paused and len(self._delivered) <= FEW_AGAIN:
            assert self._transport is not None
            self._is_paused = False
            self._transport.resume_reading()

    # time --------------------------------------------------------------------------------

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(min(SWEEP_EVERY, self._answer_within))
            self._give_up(self._loop.time())
            if self._is_leaving and not self._has_work:
                self.close()

    def _give_up(self, now: float) -> None:
        """Answers come in about the order of their requests, so the first ones are the oldest."""
        late = []
        for sequence, (_, deadline, _) in self._waiting.items():
            if deadline > now:
                break
            late.append(sequence)
        for sequence in late:
            future, _, _ = self._waiting.pop(sequence)
            if not future.done():
                future.set_exception(NoResponse("the SMSC did not answer in time"))

    async def _keep_alive(self) -> None:
        while True:
            calm = self._heard + self._enquire - self._loop.time()
            if calm > 0:
                await asyncio.sleep(calm)
            elif not await self._is_alive():
                log.warning("smpp.silent")
                self.abort()
                return

    async def _is_alive(self) -> bool:
        """Ask whether somebody is there. Anything heard while waiting is an answer too."""
        asked = self._loop.time()
        try:
            await self.request(pdu.ENQUIRE_LINK)
        except NoResponse:
            return self._heard > asked
        except ConnectionError:
            return False
        return True

    # writing -----------------------------------------------------------------------------

    def _write(self, octets: bytes) -> None:
        if not self._out:
            self._loop.call_soon(self._flush)
        self._out.append(octets)

    def _flush(self) -> None:
        """What is left in `_out` when the link is gone was certainly not written."""
        if self._out and self._transport is not None and not self._transport.is_closing():
            out, self._out = self._out, []
            self._transport.write(b"".join(out))


def _decode(one: Pdu) -> pdu.Delivered:
    try:
        if one.command == pdu.DATA_SM:
            return pdu.decode_data(one.body)
        return pdu.decode_delivered(one.body)
    except pdu.Malformed as error:
        log.warning("smpp.unreadable_delivery", error=str(error))
        return pdu.Delivered("", "", 0, 0, one.body, {}, is_broken=True)
