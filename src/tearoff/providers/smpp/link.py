"""Keeping a bind: connecting again with growing waits, the window, and the rate."""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
import ssl
from collections.abc import Awaitable, Callable

import structlog

from tearoff.providers.smpp import pdu
from tearoff.providers.smpp.session import LinkLost, NoResponse, NotBound, Session, TakeDelivered

log = structlog.get_logger()

Address = tuple[str, int]
Resolve = Callable[[], Awaitable[list[Address]]]

FIRST_WAIT, LONGEST_WAIT = 1.0, 60.0
CONNECT_WITHIN = 5.0
MISCONFIGURED = frozenset({pdu.BIND_FAILED, pdu.INVALID_PASSWORD, pdu.ALREADY_BOUND})


class BindRefused(NotBound):
    """The SMSC does not accept the bind. `status` is its command_status."""

    def __init__(self, status: int) -> None:
        super().__init__(f"the SMSC refused the bind with status 0x{status:02X}")
        self.status = status


class Pace:
    """At most `rate` messages a second (None: no limit), slower after the SMSC said so."""

    def __init__(self, rate: float | None) -> None:
        self._wanted = rate
        self._rate = rate
        self._next = 0.0
        self._slowed_at = 0.0

    async def wait(self) -> None:
        if self._rate is None:
            return
        now = asyncio.get_running_loop().time()
        self._recover(now)
        if self._rate is None:
            return
        at = max(self._next, now)
        self._next = at + 1 / self._rate
        if at > now:
            await asyncio.sleep(at - now)

    def slow_down(self, in_flight: int) -> None:
        """Half the speed. Answers to messages of one window that say so together count once."""
        now = asyncio.get_running_loop().time()
        if now - self._slowed_at < 0.5:
            return
        self._slowed_at = now
        self._rate = max(1.0, (self._rate or max(20.0, in_flight * 10.0)) / 2)
        log.info("smpp.slower", per_second=self._rate)

    def _recover(self, now: float) -> None:
        """A fifth faster for every two calm seconds, up to the rate that was wanted."""
        if self._rate == self._wanted or now - self._slowed_at < 2:
            return
        assert self._rate is not None
        self._slowed_at = now - 1e-9
        faster = self._rate * 1.2
        if self._wanted is not None:
            self._rate = min(self._wanted, faster)
        else:
            self._rate = None if faster > 5_000 else faster


class Link:
    """One bind that is kept. `resolve` gives the addresses that may be connected to, each time
    anew."""

    def __init__(
        self,
        bind: pdu.Bind,
        resolve: Resolve,
        take: TakeDelivered,
        *,
        tls: ssl.SSLContext | None,
        server_name: str,
        window: int,
        rate: float | None,
        enquire: float,
        answer_within: float,
    ) -> None:
        self._bind, self._resolve, self._take = bind, resolve, take
        self._tls, self._server_name = tls, server_name
        self._enquire, self._answer_within = enquire, answer_within
        self._window = asyncio.Semaphore(window)
        self.pace = Pace(rate)
        self._session: Session | None = None
        self._trouble: Exception | None = None
        self._changed = asyncio.Event()
        self._keeper: asyncio.Task[None] | None = None

    async def submit(self, body: bytes) -> pdu.Pdu:
        """Send one submit_sm within window and rate.

        Raises `NotBound` or `BindRefused` (not written), `LinkLost` or `NoResponse`.
        """
        async with self._window:
            await self.pace.wait()
            session = await self.bound()
            return await session.request(pdu.SUBMIT_SM, body)

    async def bound(self, patience: float = CONNECT_WITHIN + 1) -> Session:
        """The bound session, connecting if there is none yet. Raises `NotBound`."""
        if self._session is not None and not self._session.closed.is_set():
            return self._session
        self.start()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience):
                while self._session is None and self._trouble is None:
                    self._changed.clear()
                    await self._changed.wait()
        if self._session is not None:
            return self._session
        if isinstance(self._trouble, BindRefused):
            raise self._trouble
        raise NotBound(f"no link to the SMSC: {self._trouble or 'it does not answer'}")

    def start(self) -> None:
        if self._keeper is None or self._keeper.done():
            self._keeper = asyncio.get_running_loop().create_task(self._keep())

    async def close(self, patience: float = 5) -> None:
        """Let the window drain, unbind, and stay closed."""
        if self._keeper is not None:
            self._keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._keeper
        session, self._session = self._session, None
        if session is None:
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience):
                await session.drained()
        await session.unbind()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(session.closed.wait(), 2)

    async def _keep(self) -> None:
        wait = FIRST_WAIT
        while True:
            try:
                self._session = await self.open_session()
                self._trouble, wait = None, FIRST_WAIT
                self._changed.set()
                await self._session.closed.wait()
            except (OSError, LinkLost, NoResponse, ssl.SSLError) as error:
                self._trouble = error
                if isinstance(error, BindRefused) and error.status in MISCONFIGURED:
                    wait = LONGEST_WAIT
                log.warning("smpp.no_link", error=str(error), again_in=wait)
            self._session = None
            self._changed.set()
            await asyncio.sleep(wait * random.uniform(0.7, 1.3))  # noqa: S311 (jitter)
            wait = min(wait * 2, LONGEST_WAIT)
            self._trouble = None

    async def open_session(self) -> Session:
        """Connect and bind once. Raises OSError or `BindRefused`."""
        session = await self._connect()
        try:
            answer = await session.request(pdu.BIND_TRANSCEIVER, pdu.encode_bind(self._bind))
        except (LinkLost, NoResponse):
            session.close()
            raise
        if answer.status != pdu.OK or answer.command == pdu.GENERIC_NACK:
            session.close()
            raise BindRefused(answer.status)
        return session

    async def _connect(self) -> Session:
        loop = asyncio.get_running_loop()
        trouble: OSError = NotBound("the host has no address")
        for host, port in await self._resolve():
            try:
                async with asyncio.timeout(CONNECT_WITHIN):
                    transport, session = await loop.create_connection(
                        self._make_session,
                        host,
                        port,
                        ssl=self._tls,
                        server_hostname=self._server_name if self._tls else None,
                    )
            except OSError as error:  # a time-out too
                trouble = error if str(error) else NotBound("the SMSC does not answer")
                continue
            raw = transport.get_extra_info("socket")
            if raw is not None and raw.family in (socket.AF_INET, socket.AF_INET6):
                raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return session
        raise trouble

    def _make_session(self) -> Session:
        return Session(self._take, enquire=self._enquire, answer_within=self._answer_within)
