"""Keeping a bind: connecting again with growing waits, and the window."""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
import ssl
from collections.abc import Awaitable, Callable

import structlog

from tearoff.providers.smpp import pdu
from tearoff.providers.smpp.pace import Busy, Pace
from tearoff.providers.smpp.session import NotBound, Session, TakeDelivered

log = structlog.get_logger()

Address = tuple[str, int]
Resolve = Callable[[], Awaitable[list[Address]]]

FIRST_WAIT, LONGEST_WAIT = 1.0, 60.0
STEADY = 30.0
"""Seconds a link must have stood for the next wait to be short again."""
CONNECT_WITHIN = 5.0
MISCONFIGURED = frozenset(
    {
        pdu.BIND_FAILED,
        pdu.INVALID_PASSWORD,
        pdu.ALREADY_BOUND,
        pdu.INVALID_SYSTEM_ID,
        pdu.INVALID_SYSTEM_TYPE,
    }
)


class BindRefused(NotBound):
    """The SMSC does not accept the bind. `status` is its command_status."""

    def __init__(self, status: int) -> None:
        super().__init__(f"the SMSC refused the bind with status 0x{status:02X}")
        self.status = status

    @property
    def is_misconfigured(self) -> bool:
        """Whether a person must change something before a bind can succeed."""
        return self.status in MISCONFIGURED


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
        self._is_closed = False

    async def submit(self, body: bytes, give_up: float) -> pdu.Pdu:
        """Send one submit_sm within window and rate, written before `give_up` (loop time) or
        not at all.

        Raises `Busy`, `NotBound` or `BindRefused` (not written), `LinkLost` or `NoResponse`.
        """
        await self._enter_window(give_up)
        try:
            await self.pace.wait(give_up)
            return await self._request(body, give_up)
        finally:
            self._window.release()

    async def bound(self, give_up: float | None = None) -> Session:
        """The bound session, connecting if there is none yet. Waits until `give_up` (loop
        time), and never longer than one attempt to connect. Raises `NotBound`."""
        self.start()
        patience = asyncio.get_running_loop().time() + CONNECT_WITHIN + 1
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout_at(min(patience, give_up or patience)):
                while not self.is_up and self._trouble is None:
                    self._changed.clear()
                    await self._changed.wait()
        if self._session is not None and self._session.is_usable:
            return self._session
        if isinstance(self._trouble, BindRefused):
            raise self._trouble
        raise NotBound(f"no link to the SMSC: {self._trouble or 'it does not answer'}")

    @property
    def is_up(self) -> bool:
        return self._session is not None and self._session.is_usable

    def start(self) -> None:
        """Connect, and keep connecting, until `close`. Raises `NotBound` after that."""
        if self._is_closed:
            raise NotBound("the link was closed")
        if self._keeper is None or self._keeper.done():
            self._keeper = asyncio.get_running_loop().create_task(self._keep())

    async def close(self, patience: float) -> None:
        """Let the window drain for `patience` seconds, unbind, and stay closed."""
        self._is_closed = True
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.wait({self._keeper})
        session, self._session = self._session, None
        if session is None:
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience):
                await session.drained()
        await session.unbind()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(session.closed.wait(), 2)
        session.abort()

    async def open_session(self) -> Session:
        """Connect and bind once. Raises OSError or `BindRefused`."""
        session = await self._connect()
        try:
            answer = await session.request(pdu.BIND_TRANSCEIVER, pdu.encode_bind(self._bind))
        except BaseException:
            session.abort()
            raise
        if answer.status != pdu.OK or answer.command == pdu.GENERIC_NACK:
            session.close()
            raise BindRefused(answer.status)
        return session

    # sending -----------------------------------------------------------------------------

    async def _enter_window(self, give_up: float) -> None:
        if not self._window.locked():
            await self._window.acquire()
            return
        try:
            async with asyncio.timeout_at(give_up):
                await self._window.acquire()
        except TimeoutError:
            raise Busy("the window of unanswered messages is full") from None

    async def _request(self, body: bytes, give_up: float) -> pdu.Pdu:
        """A link that falls before the PDU was written is no reason not to take the next one."""
        while True:
            session = self._session
            if session is None or not session.is_usable:
                session = await self.bound(give_up)
            try:
                return await session.request(pdu.SUBMIT_SM, body)
            except NotBound:
                if asyncio.get_running_loop().time() > give_up:
                    raise

    # keeping -----------------------------------------------------------------------------

    async def _keep(self) -> None:
        wait = FIRST_WAIT
        while True:
            lived = await self._live_once()
            if lived > STEADY:
                wait = FIRST_WAIT
            if isinstance(self._trouble, BindRefused) and self._trouble.is_misconfigured:
                wait = LONGEST_WAIT
            if self._trouble is not None:
                log.warning("smpp.no_link", error=str(self._trouble), again_in=wait)
            await asyncio.sleep(wait * random.uniform(0.7, 1.0))  # noqa: S311 (jitter)
            wait = min(wait * 2, LONGEST_WAIT)
            self._trouble = None

    async def _live_once(self) -> float:
        """Open a session and stay until it is gone. Gives the seconds for which it stood; what
        was in the way of it is in `_trouble`."""
        loop = asyncio.get_running_loop()
        try:
            self._session = await self.open_session()
        except (OSError, ValueError) as error:
            self._trouble = error
            self._changed.set()
            return 0.0
        began = loop.time()
        self._changed.set()
        await self._session.closed.wait()
        self._session = None
        log.warning("smpp.link_lost", stood=round(loop.time() - began, 1))
        return loop.time() - began

    async def _connect(self) -> Session:
        trouble: OSError = NotBound("the host has no address")
        for host, port in await self._resolve():
            try:
                async with asyncio.timeout(CONNECT_WITHIN):
                    return await self._connect_to(host, port)
            except OSError as error:  # a time-out too
                trouble = error if str(error) else NotBound("the SMSC does not answer")
        raise trouble

    async def _connect_to(self, host: str, port: int) -> Session:
        transport, session = await asyncio.get_running_loop().create_connection(
            lambda: Session(self._take, enquire=self._enquire, answer_within=self._answer_within),
            host,
            port,
            ssl=self._tls,
            server_hostname=self._server_name if self._tls else None,
        )
        raw = transport.get_extra_info("socket")
        if raw is not None and raw.family in (socket.AF_INET, socket.AF_INET6):
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return session
