"""The background work of this room, and when it is done."""

from __future__ import annotations

from datetime import datetime
from functools import partial

import structlog

from tearoff.jobs.queue import Chore, Job
from tearoff.kit.services import Services
from tearoff.messages import arrivals, callbacks, older_replies, unknown
from tearoff.messages.news import Tell

log = structlog.get_logger()


async def seal_callback_tokens(services: Services, now: datetime) -> None:
    sealed = await callbacks.seal_clear_tokens(services.db, services.vault, now)
    if sealed:
        log.info("callbacks.sealed", count=sealed)


async def read_older_replies(services: Services, now: datetime) -> None:
    await older_replies.read_if_due(services, now)


def jobs(tell: Tell) -> tuple[Job, ...]:
    return (Job(arrivals.READ, partial(arrivals.read_arrivals, tell=tell), at_once=4),)


def chores(tell: Tell) -> tuple[Chore, ...]:
    return (
        Chore("messages.settle_overdue", "* * * * *", unknown.settle_overdue),
        Chore(
            "messages.look_up_unknown", "*/5 * * * *", partial(unknown.look_up_unknown, tell=tell)
        ),
        Chore("messages.read_forgotten", "*/3 * * * *", arrivals.read_forgotten),
        Chore("messages.sweep_arrivals", "17 3 * * *", arrivals.sweep),
        Chore("messages.seal_callback_tokens", "37 * * * *", seal_callback_tokens),
        Chore("messages.read_older_replies", "*/5 * * * *", read_older_replies),
    )
