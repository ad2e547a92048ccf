"""What a worker is made of: the jobs and chores of all rooms, and the standing links."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from datetime import datetime, timedelta

from tearoff.accounts import audit, idempotency, tallies
from tearoff.accounts import jobs as account_jobs
from tearoff.alerts import jobs as alert_jobs
from tearoff.config import Settings
from tearoff.coupons import jobs as coupon_jobs
from tearoff.coupons.wallets.pass_updates import AT_ONCE, tell_wallets
from tearoff.distribution.events import tell
from tearoff.hooks import jobs as hook_jobs
from tearoff.hooks.deliverer import Deliverer
from tearoff.jobs.queue import Chore
from tearoff.jobs.running import work
from tearoff.keeping import jobs as keeping_jobs
from tearoff.kit import clock, keys, logs, signs_of_life
from tearoff.kit.db import AWAY, Database, DatabaseAway, Handle
from tearoff.kit.processes import end_with_parent
from tearoff.kit.services import Services
from tearoff.messages import jobs as message_jobs
from tearoff.messages import unknown
from tearoff.messages.binds import Binds
from tearoff.messages.open_connections import Links

SETTLE_EVERY = 5.0
TELL_EVERY = 3.0


async def run_worker(settings: Settings) -> None:
    """Work until SIGTERM or SIGINT, or until the server that started it is gone."""
    logs.configure(settings)
    clock.set_offset(settings.clock_offset)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    end_with_parent(stop.set)
    db = await Database.open(
        settings.database_url,
        size=settings.pool_size,
        patience=30,
        statement_within=settings.background_limit,
    )
    services = Services(settings, db, keys.open_vault(settings), settings.database_url)
    links = Links(services)
    binds = Binds(services, links)
    links.binds = binds
    try:
        await asyncio.gather(
            work(services, JOBS, CHORES, stop),
            binds.keep(stop),
            Deliverer(services, _note_switched_off).run(stop),
            _settle(services, stop),
            _tell_wallets(services, stop),
            _tell_of_life(services, stop),
            _read_older_replies(services),
        )
    finally:
        await binds.close()
        await links.close()
        await db.close()


async def _settle(services: Services, stop: asyncio.Event) -> None:
    """Interrupted sends are settled within seconds of their lease, not at the next minute."""
    while not stop.is_set():
        with contextlib.suppress(DatabaseAway, *AWAY):
            await unknown.settle_overdue(services, clock.now())
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), SETTLE_EVERY)


async def _read_older_replies(services: Services) -> None:
    """Right after an upgrade, not at the next chore: until then sends go to who wished to stop."""
    with contextlib.suppress(DatabaseAway, *AWAY):
        await message_jobs.read_older_replies(services, clock.now())


async def _tell_wallets(services: Services, stop: asyncio.Event) -> None:
    """A coupon that was used looks used in the wallet before its owner has left the counter."""
    while not stop.is_set():
        looked_at = 0
        with contextlib.suppress(DatabaseAway, *AWAY):
            looked_at = await tell_wallets(services, clock.now())
        if looked_at < AT_ONCE:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), TELL_EVERY)


async def _tell_of_life(services: Services, stop: asyncio.Event) -> None:
    """Whoever waits for a job can be told that nobody works on any."""
    while not stop.is_set():
        with contextlib.suppress(DatabaseAway, *AWAY):
            await signs_of_life.note(services.db, signs_of_life.WORKER, clock.now())
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), signs_of_life.TELLS_EVERY)


async def _cut_months(services: Services, now: datetime) -> None:
    await services.db.execute("SELECT cut_months(3)")


async def _sweep_tallies(services: Services, now: datetime) -> None:
    await tallies.sweep(services.db, now)


async def _sweep_keys(services: Services, now: datetime) -> None:
    await idempotency.sweep(services.db, now - timedelta(hours=1))


async def _note_switched_off(
    db: Handle, account_id: int, webhook_id: int, reason: str, now: datetime
) -> None:
    """A webhook was switched off by nobody: the audit log says when, and why."""
    after = {"active": False, "switched_off_reason": reason}
    await audit.write(
        db, account_id, audit.SYSTEM, "webhook.switch_off", now, subject=str(webhook_id),
        before={"active": True}, after=after,
    )  # fmt: skip


JOBS = (
    *message_jobs.jobs(tell),
    *account_jobs.JOBS,
    *alert_jobs.JOBS,
    *hook_jobs.JOBS,
    *keeping_jobs.JOBS,
)
CHORES = (
    *message_jobs.chores(tell),
    *coupon_jobs.CHORES,
    *hook_jobs.CHORES,
    *account_jobs.CHORES,
    *alert_jobs.CHORES,
    *keeping_jobs.CHORES,
    Chore("months.cut", "23 2 * * *", _cut_months),
    Chore("tallies.sweep", "*/15 * * * *", _sweep_tallies),
    Chore("idempotency.sweep", "11 * * * *", _sweep_keys),
)
"""Every timed chore there is."""
