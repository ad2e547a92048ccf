"""What the queue keeps of a job that failed quotes nobody."""

import asyncio

from tearoff.jobs.queue import Job, enqueue
from tearoff.jobs.running import work
from tests.running import PATIENCE

PHONE = "+33600008812"


async def test_what_is_kept_of_a_job_that_failed_quotes_nobody(services):
    async def fail(services, payload):
        raise ValueError(f"cannot read {payload!r}")

    async with services.db.transaction() as db:
        await enqueue(db, "keeping.test_that_fails", PHONE)
    stop = asyncio.Event()
    working = asyncio.create_task(work(services, [Job("keeping.test_that_fails", fail)], [], stop))
    async with asyncio.timeout(PATIENCE):
        while not (kept := await services.db.fetchval(
            "SELECT traceback::text FROM pgqueuer_log WHERE traceback IS NOT NULL"
            " AND entrypoint = 'keeping.test_that_fails'"
        )):  # fmt: skip
            await asyncio.sleep(0.05)
    stop.set()
    await working
    assert "JobFailed" in kept
    assert PHONE[1:] not in kept
