"""The timed work of this room."""

from __future__ import annotations

from datetime import datetime, timedelta

from tearoff.hooks import queries
from tearoff.jobs.queue import Chore
from tearoff.kit.services import Services

KEPT = timedelta(days=30)
_LOT = 5_000


async def sweep(services: Services, now: datetime) -> None:
    """Events and the log of their deliveries are kept for 30 days."""
    while await queries.sweep_events(services.db, now - KEPT, _LOT):
        pass


CHORES = (Chore("hooks.sweep", "37 3 * * *", sweep),)
