"""The pump of one worker process: takes what is due, endpoint by endpoint in turn, and delivers.

No endpoint has more than four requests under way and no account more than sixteen, so that a
receiver that is slow keeps others waiting no longer than it takes to ask who is due.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import aiohttp
import asyncpg
import structlog

from tearoff.hooks import attempt, claims, endpoints, outbox, queries, retry_schedule, workers
from tearoff.hooks.claims import Claimed, Result
from tearoff.hooks.sentences import ONLY_FAILED
from tearoff.kit import clock, metrics
from tearoff.kit.db import AWAY, DatabaseAway, Handle, connect
from tearoff.kit.services import Services
from tearoff.kit.words import phrase

log = structlog.get_logger()

LEASE = timedelta(seconds=30)
TICK = 1.0
ENDPOINTS_AT_ONCE = 200
GONE = phrase("It answered 410 Gone.")
"""Why an endpoint is switched off at its first such answer."""
LAST_WORDS = 12.0
"""Seconds that deliveries under way get when the worker ends."""
_AWAY: tuple[type[BaseException], ...] = (DatabaseAway, *AWAY)

SwitchedOff = Callable[[Handle, int, int, str, datetime], Awaitable[None]]
"""What else belongs into the transaction that switches an endpoint off: handle, account, endpoint,
reason, moment. Rooms above know it."""


class Deliverer:
    """Delivers for one process."""

    def __init__(self, services: Services, on_off: SwitchedOff | None = None) -> None:
        self._services = services
        self._on_off = on_off
        self._worker = workers.new_worker()
        self._missing: set[int] = set()
        self._look_at = 0.0
        self._wake = asyncio.Event()
        self._running: set[asyncio.Task[None]] = set()
        self._at: Counter[int] = Counter()
        self._cursor = 0
        self._ear: asyncpg.Connection | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Deliver until `stop`. Outlives the database, and its own mistakes."""
        async with attempt.open_session(self._services.settings) as http:
            while not stop.is_set():
                self._wake.clear()
                try:
                    await self._listen()
                    await self._look_for_dead()
                    await self._start_all(http)
                except _AWAY as error:
                    log.warning("hooks.database_away", error=str(error))
                except Exception:
                    log.exception("hooks.pump_broke")
                await self._rest(stop)
            await self._finish()

    async def _start_all(self, http: aiohttp.ClientSession) -> None:
        """Start what is due, as long as there is any and room for it."""
        while self._room() > 0 and await self._start_some(http):
            pass

    async def _start_some(self, http: aiohttp.ClientSession) -> bool:
        """False when there is nothing (more) that could be started."""
        due = await self._due()
        if not due:
            return False
        taken, put_off = await self._claim(due)
        for claimed in taken:
            self._start(http, claimed)
        return bool(taken or put_off) or self._cursor > 0

    async def _due(self) -> list[int]:
        """The next endpoints with something due, each in its turn when there are very many."""
        busy = [id_ for id_, n in self._at.items() if n >= claims.PER_ENDPOINT]
        due = await claims.endpoints_due(
            self._services.db, self._cursor, clock.now(), busy, ENDPOINTS_AT_ONCE
        )
        came_round = len(due) < ENDPOINTS_AT_ONCE
        began, self._cursor = self._cursor, 0 if came_round else due[-1]
        return due if due or not began else await self._due()

    async def _claim(self, due: list[int]) -> tuple[list[Claimed], int]:
        now = clock.now()
        async with self._services.db.transaction() as db:
            held = await claims.hold_endpoints(db, due)
            for endpoint_id, active in held.items():
                if not active:  # it was owed this at the moment at which it was switched off
                    await queries.drop_waiting(db, endpoint_id, now)
            active_ones = [id_ for id_, active in held.items() if active]
            return await claims.claim(db, active_ones, now, self._room(), now + LEASE, self._worker)

    async def _look_for_dead(self) -> None:
        """Take back what workers have in hand that were gone at the last look, and still are."""
        if time.monotonic() < self._look_at:
            return
        self._look_at = time.monotonic() + workers.LOOK_EVERY
        db, now = self._services.db, clock.now()
        gone = await workers.gone(db, now)
        if self._worker in gone and self._ear is not None:
            await self._ear.close(timeout=2)  # it was lost unseen: the next round opens another
        gone.discard(self._worker)
        dead, self._missing = gone & self._missing, gone
        if dead:
            taken = await workers.take_back(db, dead, now)
            log.warning("hooks.worker_gone", taken_back=taken)

    def _room(self) -> int:
        return attempt.TOGETHER - len(self._running)

    def _start(self, http: aiohttp.ClientSession, claimed: Claimed) -> None:
        task = asyncio.create_task(self._deliver(http, claimed))
        self._running.add(task)
        self._at[claimed.endpoint_id] += 1

        def ended(task: asyncio.Task[None]) -> None:
            self._running.discard(task)
            self._at[claimed.endpoint_id] -= 1
            if not self._at[claimed.endpoint_id]:
                del self._at[claimed.endpoint_id]
            self._wake.set()

        task.add_done_callback(ended)

    async def _deliver(self, http: aiohttp.ClientSession, claimed: Claimed) -> None:
        try:
            result = await attempt.attempt(http, self._services.vault, claimed, clock.now())
            await settle(self._services, claimed, result, self._on_off)
        except _AWAY as error:
            log.warning("hooks.not_noted", event_id=claimed.ref, error=str(error))
        except Exception:
            log.exception("hooks.delivery_broke", event_id=claimed.ref)

    async def _listen(self) -> None:
        if self._ear is not None and not self._ear.is_closed():
            return
        ear = await connect(
            self._services.database_url,
            statement_within=self._services.settings.background_limit,
        )
        await workers.tell_alive(ear, self._worker)
        await ear.add_listener(outbox.CHANNEL, self._on_news)
        self._ear = ear

    def _on_news(self, *_: object) -> None:
        self._wake.set()

    async def _rest(self, stop: asyncio.Event) -> None:
        """Until there is news, a delivery has ended, or a second is over."""
        waits = [asyncio.create_task(event.wait()) for event in (self._wake, stop)]
        await asyncio.wait(waits, timeout=TICK, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()

    async def _finish(self) -> None:
        if self._running:
            await asyncio.wait(self._running, timeout=LAST_WORDS)
        for task in self._running:
            task.cancel()
        if self._ear is not None:
            with contextlib.suppress(*AWAY):
                await self._ear.close(timeout=2)


async def settle(
    services: Services, claimed: Claimed, result: Result, on_off: SwitchedOff | None = None
) -> None:
    """Note what a try brought: delivered, to be tried again, or failed for good; and whether
    its endpoint is to be told anything more, or is to be left alone for a while."""
    now = clock.now()
    wait = (
        None
        if result.status == retry_schedule.GONE
        else retry_schedule.wait_after(claimed.tries, _luck())
    )
    if wait is not None and result.asked is not None:
        wait = max(wait, result.asked)
    state = "delivered" if result.is_success else "waiting" if wait else "failed"
    next_at = now + wait if wait else now
    metrics.hook_tries.labels(state).inc()
    since = await claims.settle(services.db, claimed, result, state, next_at, now)
    if since is None:
        return
    if result.asked is not None:
        await queries.pause(services.db, claimed.endpoint_id, now + result.asked)
    if result.status == retry_schedule.GONE:
        await _switch_off(services, claimed, GONE, on_off)
    elif since <= now - retry_schedule.GIVE_UP_AFTER:
        await _switch_off(services, claimed, _only_failed(result), on_off)


async def _switch_off(
    services: Services, claimed: Claimed, reason: str, on_off: SwitchedOff | None
) -> None:
    now, account_id, endpoint_id = clock.now(), claimed.account_id, claimed.endpoint_id
    async with services.db.transaction() as db:
        off = await endpoints.switch_off(db, account_id, endpoint_id, reason, now)
        if off and on_off is not None:
            await on_off(db, account_id, endpoint_id, reason, now)
    if off:
        log.warning("hooks.switched_off", endpoint=claimed.endpoint_id, reason=reason)


def _only_failed(result: Result) -> str:
    return f"{ONLY_FAILED} {result.error}".strip()


def _luck() -> float:
    return random.random()  # noqa: S311 (spreads retries)
