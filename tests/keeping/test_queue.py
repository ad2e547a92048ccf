"""What the queue keeps of a job that failed quotes nobody."""

import asyncio
from datetime import timedelta

from tearoff.errors import TryLater
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


async def test_what_may_be_done_twice_is_tried_again_and_given_up(services):
    """A mail server that is away for a while costs nobody a mail."""
    tries: list[str] = []

    async def run(services, payload):
        tries.append(payload.decode())
        if payload == b'"never"' or len(tries) < 2:
            raise TryLater("away")

    name, stop = "keeping.test_again", asyncio.Event()
    job = Job(name, run, again=(timedelta(0), timedelta(0)))
    working = asyncio.create_task(work(services, [job], [], stop))
    for payload, times in (("soon", 2), ("never", 3)):
        tries.clear()
        async with services.db.transaction() as db:
            await enqueue(db, name, payload)
        async with asyncio.timeout(PATIENCE):
            while await services.db.fetchval(
                "SELECT EXISTS (SELECT FROM pgqueuer WHERE entrypoint = $1"
                " AND status IN ('queued', 'picked'))", name
            ):  # fmt: skip
                await asyncio.sleep(0.05)
        assert tries == [f'"{payload}"'] * times
    stop.set()
    await working
