"""The process that does the background work."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta

import asyncpg
import structlog
from pgqueuer import PgQueuer
from pgqueuer.errors import RetryRequested
from pgqueuer.models import Job as QueuedJob
from pgqueuer.models import Schedule

from tearoff.errors import TryLater
from tearoff.jobs.queue import Chore, Job
from tearoff.kit import clock
from tearoff.kit.db import AWAY, DatabaseAway, connect
from tearoff.kit.services import Services

log = structlog.get_logger()

TOGETHER = 32
"""Jobs of all kinds that one process runs at the same time. Without such a limit a worker
takes everything there is and all of it runs again after a crash."""
AGAIN_AFTER = timedelta(seconds=5)
"""After which a job is begun again that met a database that was away."""


class JobFailed(Exception):
    """The log says why. What stands in its place in the queue's own table is kept for good, and an
    error may quote a person."""


async def work(
    services: Services, jobs: Sequence[Job], chores: Sequence[Chore], stop: asyncio.Event
) -> None:
    """Work until `stop` is set. Outlives the database: it comes back when that does."""
    while not stop.is_set():
        try:
            await _work_once(services, jobs, chores, stop)
        except AWAY as error:
            log.warning("worker.database_away", error=str(error))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), 1)


async def _work_once(
    services: Services, jobs: Sequence[Job], chores: Sequence[Chore], stop: asyncio.Event
) -> None:
    connection = await connect(
        services.database_url, statement_within=services.settings.background_limit
    )
    try:
        queuer = PgQueuer.from_asyncpg_connection(connection)
        for job in jobs:
            _add_job(queuer, job, services)
        for chore in chores:
            _add_chore(queuer, chore, services)
        async with _stopping(queuer, stop, connection):
            await queuer.run(
                dequeue_timeout=timedelta(seconds=5),
                batch_size=TOGETHER,
                max_concurrent_tasks=TOGETHER * 2,
            )
    finally:
        with contextlib.suppress(*AWAY):
            await connection.close(timeout=2)


def _add_job(queuer: PgQueuer, job: Job, services: Services) -> None:
    @queuer.entrypoint(job.name, concurrency_limit=job.at_once)
    async def run(queued: QueuedJob) -> None:
        try:
            await job.run(services, queued.payload or b"")
        except DatabaseAway as error:
            log.warning("job.put_off", job=job.name, id=queued.id, error=str(error))
            raise RetryRequested(AGAIN_AFTER, "database away") from error
        except Exception as error:
            if isinstance(error, TryLater) and queued.attempts < len(job.again):
                log.warning("job.put_off", job=job.name, id=queued.id, error=str(error))
                raise RetryRequested(job.again[queued.attempts], "try later") from error
            log.exception("job.failed", job=job.name, id=queued.id)
            raise JobFailed from None


def _add_chore(queuer: PgQueuer, chore: Chore, services: Services) -> None:
    @queuer.schedule(chore.name, chore.cron)
    async def run(schedule: Schedule) -> None:
        try:
            await chore.run(services, clock.now())
        except DatabaseAway as error:
            log.warning("chore.put_off", chore=chore.name, error=str(error))
        except Exception:
            log.exception("chore.failed", chore=chore.name)


@contextlib.asynccontextmanager
async def _stopping(
    queuer: PgQueuer, stop: asyncio.Event, connection: asyncpg.Connection
) -> AsyncIterator[None]:
    async def watch() -> None:
        while not stop.is_set() and not connection.is_closed():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), 1)
        queuer.shutdown.set()

    watcher = asyncio.create_task(watch())
    try:
        yield
    finally:
        watcher.cancel()
