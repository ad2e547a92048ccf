"""The background work of this room."""

from __future__ import annotations

from datetime import datetime

import msgspec

from tearoff.jobs.queue import Chore, Job
from tearoff.keeping import retention
from tearoff.kit import clock
from tearoff.kit.services import Services


async def run_one(services: Services, payload: bytes) -> None:
    job = msgspec.json.decode(payload, type=retention.ToRun)
    await retention.run(services.db, job.account, clock.now())


async def run_all(services: Services, now: datetime) -> None:
    """At night; a change of the setting is followed at once."""
    for account_id in await retention.accounts_with_days(services.db):
        await retention.run(services.db, account_id, now)


JOBS = (Job(retention.RUN, run_one, at_once=1),)
CHORES = (Chore("keeping.run_all", "51 1 * * *", run_all),)
