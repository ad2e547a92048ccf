"""Sends whose first commit got no answer: their callers are told that nothing was sent."""

from __future__ import annotations

import asyncio
from collections import deque
from datetime import datetime

import msgspec
import structlog

from tearoff.accounts import idempotency
from tearoff.distribution import outcome, queries
from tearoff.distribution.outcome import About
from tearoff.kit import clock
from tearoff.kit.db import NOT_NOW
from tearoff.kit.services import Services
from tearoff.providers.base import Reason, Refused

LOOKS = 3
LOOK_EVERY = 2.0
"""Seconds between two looks of one send, and of the whole while the database is away."""
MOST = 10_000
"""Sends that are remembered at most. One that is not becomes `unknown` by its lease."""

_NOT_MADE = Refused(
    Reason.OTHER, "The database did not answer in time, so nothing was sent.", permanent=False
)


log = structlog.get_logger()


class Lost(msgspec.Struct):
    """`about` has no message id yet: only the database knows it."""

    about: About
    session_code: str
    key: idempotency.Key | None
    looks: int = LOOKS


class TakingBack:
    """Takes back, for one process, what was written of sends that were given up.

    A database that stood still makes the commit when it goes on, long after its caller was told
    to try later. Its service was never asked, so that much is certain: the message `failed`, and
    everything is given back. Else it would become `unknown`, and keep the caller's next try from
    going out for ten minutes. The late commit races with the look for it, so there are several.
    """

    def __init__(self, services: Services) -> None:
        self._services = services
        self._lost: deque[Lost] = deque(maxlen=MOST)
        self._work: asyncio.Task[None] | None = None

    def add(self, lost: Lost) -> None:
        self._lost.append(lost)
        if self._work is None or self._work.done():
            self._work = asyncio.create_task(self._take_all_back())

    async def finish(self, patience: float) -> None:
        if self._work is not None:
            await asyncio.wait([self._work], timeout=patience)

    async def _take_all_back(self) -> None:
        while self._lost:
            lots, self._lost = self._lost, deque(maxlen=MOST)
            for lost in lots:
                if not await self._is_settled(lost):
                    self._lost.append(lost)
            if self._lost:
                await asyncio.sleep(LOOK_EVERY)

    async def _is_settled(self, lost: Lost) -> bool:
        try:
            message_id = await queries.opened_at(
                self._services.db, lost.about.account_id, lost.session_code, lost.about.created_at
            )
            if message_id is not None:
                await self._take_back(lost, message_id, clock.now())
                return True
        except NOT_NOW:
            return False
        except Exception:  # its lease makes it `unknown`; the others are taken back all the same
            log.exception("send.not_taken_back")
            return True
        lost.looks -= 1
        return lost.looks == 0

    async def _take_back(self, lost: Lost, message_id: int, now: datetime) -> None:
        about = msgspec.structs.replace(lost.about, message_id=message_id)
        guard_for = self._services.settings.open_guard
        async with self._services.db.transaction() as db:
            await outcome.record(db, about, _NOT_MADE, now, guard_for)
            if lost.key is not None:
                await idempotency.forget(db, lost.key, message_id)
