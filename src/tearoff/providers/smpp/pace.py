"""How fast a bind may send: the contract's rate, and less when the SMSC says it is too much."""

from __future__ import annotations

import asyncio

import structlog

log = structlog.get_logger()

SLOWEST = 1.0
LEAST_DRIVEN = 10.0
"""Messages a second that are assumed when hardly any were sent: one complaint at a quiet hour
must not bring the link down to nothing."""
CALM = 2.0
"""Seconds without a complaint after which a slowed link gets a fifth faster."""
TOGETHER = 0.5
"""Complaints within so many seconds are about the same burst and count once."""
FREE_AGAIN = 5_000.0
"""Messages a second from which a link without a contract rate needs no brake any more."""


class Busy(TimeoutError):
    """No place within window and rate in time: the request was not written."""


class Pace:
    """At most `rate` messages a second (None: no limit), slower after the SMSC said so."""

    def __init__(self, rate: float | None) -> None:
        self._wanted = rate
        self._rate = rate
        self._next = 0.0
        self._changed_at = 0.0
        self._count, self._counted_from = 0, 0.0
        self._measured = 0.0

    @property
    def per_second(self) -> float | None:
        return self._rate

    async def wait(self, give_up: float) -> None:
        """Wait for this message's turn. Raises `Busy` at once when it comes after `give_up`
        (loop time)."""
        now = asyncio.get_running_loop().time()
        self._measure(now)
        self._recover(now)
        if self._rate is None:
            return
        at = max(self._next, now)
        if at > give_up:
            raise Busy(f"the rate of {self._rate:.0f}/s is used up")
        self._next = at + 1 / self._rate
        if at > now:
            await asyncio.sleep(at - now)

    def slow_down(self) -> None:
        """Half the speed that was really driven."""
        now = asyncio.get_running_loop().time()
        if now - self._changed_at < TOGETHER:
            return
        self._changed_at = now
        driven = max(LEAST_DRIVEN, self._measured, self._count / max(now - self._counted_from, 1.0))
        self._rate = max(SLOWEST, min(self._rate or driven, driven) / 2)
        log.info("smpp.slower", per_second=self._rate)

    def _measure(self, now: float) -> None:
        self._count += 1
        if now - self._counted_from >= 1.0:
            self._measured = self._count / max(now - self._counted_from, 1.0)
            self._count, self._counted_from = 0, now

    def _recover(self, now: float) -> None:
        while self._rate is not None and self._rate != self._wanted:
            if now - self._changed_at < CALM:
                return
            self._changed_at += CALM
            self._rate = self._faster(self._rate)

    def _faster(self, rate: float) -> float | None:
        faster = max(rate * 1.2, rate + 1)
        if self._wanted is not None:
            return min(self._wanted, faster)
        return None if faster > FREE_AGAIN else faster
