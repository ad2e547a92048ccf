"""The background work of this room."""

from __future__ import annotations

from datetime import datetime, timedelta

from tearoff.hooks import endpoints, queries, replays
from tearoff.jobs.queue import Chore, Job
from tearoff.kit.services import Services

KEPT = timedelta(days=30)
_LOT = 5_000


async def sweep(services: Services, now: datetime) -> None:
    """Events and the log of their deliveries are kept for 30 days; for endpoints that are off,
    events are kept for less."""
    while await queries.sweep_events(services.db, now - KEPT, _LOT):
        pass
    await replays.sweep(services.db, now - KEPT)
    for account_id in await queries.kept_too_long(services.db, now):
        async with services.db.transaction() as db:
            await endpoints.keep_no_more(db, account_id, now)


JOBS = (Job(replays.JOB, replays.run, at_once=2),)
CHORES = (
    Chore("hooks.sweep", "37 3 * * *", sweep),
    Chore("hooks.replay_forgotten", "* * * * *", replays.go_on_forgotten),
)
