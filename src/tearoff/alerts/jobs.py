"""The background work of this room: the looks, and the mails of what they found."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime

from tearoff.alerts import looks, mails, queries
from tearoff.alerts.looks import Look
from tearoff.jobs.queue import Chore, Job
from tearoff.kit.services import Services


def _watch(each: Mapping[str, Look]) -> Callable[[Services, datetime], Awaitable[None]]:
    async def watch(services: Services, now: datetime) -> None:
        for kind, look in each.items():
            await _look(services, kind, look, now)

    return watch


async def _look(services: Services, kind: str, look: Look, now: datetime) -> None:
    found = await look(services.db, now)
    async with services.db.transaction() as db:
        begun = await queries.settle(db, kind, found, now)
        await mails.order(db, services, begun)


async def sweep(services: Services, now: datetime) -> None:
    await queries.sweep(services.db, now - queries.KEPT)


watch_each_minute = _watch(looks.EACH_MINUTE)
watch_each_ten_minutes = _watch(looks.EACH_TEN_MINUTES)
watch_each_hour = _watch(looks.EACH_HOUR)

JOBS = (Job(mails.MAIL, mails.send, at_once=2),)
CHORES = (
    Chore("alerts.each_minute", "* * * * *", watch_each_minute),
    Chore("alerts.each_ten_minutes", "4-59/10 * * * *", watch_each_ten_minutes),
    Chore("alerts.each_hour", "27 * * * *", watch_each_hour),
    Chore("alerts.sweep", "43 3 * * *", sweep),
)
