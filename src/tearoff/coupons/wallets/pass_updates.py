"""Which passes are made anew, and when: wallets are told every few seconds of what changed, and
again after pauses that grow."""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import structlog

from tearoff.coupons import rules
from tearoff.coupons.rules import State
from tearoff.coupons.sessions.behind_link import Linked, linked
from tearoff.coupons.wallets import passes
from tearoff.coupons.wallets.passes import Pass
from tearoff.kit.db import Handle
from tearoff.kit.http import open_session
from tearoff.kit.rows import columns, read
from tearoff.kit.services import Services
from tearoff.kit.times import clock_of
from tearoff.providers.wallets.apple import Apple, apple_of
from tearoff.providers.wallets.google import Google, News, Update, google_of
from tearoff.providers.wallets.google import State as GoogleState

LEASE = timedelta(minutes=2)
"""Within it a worker that has taken a pass must have told its wallet."""

AT_ONCE = 100

_STATES: dict[State, GoogleState] = {
    State.USED: "COMPLETED",
    State.EXPIRED: "EXPIRED",
    State.TIME_OVER: "EXPIRED",
    State.WITHDRAWN: "INACTIVE",
    State.NO_PRIZE: "INACTIVE",
}

log = structlog.get_logger()


async def tell_wallets(services: Services, now: datetime) -> int:
    """Tell of what changed; gives how many passes were looked at."""
    apple, google = apple_of(services.settings), google_of(services.settings)
    if apple is None and google is None:
        return 0
    await end(services.db, now, AT_ONCE)
    due = await take_due(services.db, now, AT_ONCE)
    if apple is not None:
        with _whatever_comes("apple"):
            await _tell_apple(services, apple, [one for one in due if one.wallet == "apple"], now)
    if google is not None:
        await _tell_google(services, google, [one for one in due if one.wallet == "google"], now)
    return len(due)


@contextlib.contextmanager
def _whatever_comes(wallet: passes.Wallet) -> Iterator[None]:
    """A certificate that the connection does not take is told to the operator, and the other
    wallet hears its news. The passes stay due: they are tried again when their lease is over."""
    try:
        yield
    except ssl.SSLError as error:
        log.error("wallet.not_told", wallet=wallet, error=str(error))


async def _tell_apple(services: Services, apple: Apple, due: Sequence[Pass], now: datetime) -> None:
    if not due:
        return
    from tearoff.providers.wallets.apple_push import Pushes  # noqa: PLC0415 (loads HTTP/2; few need it)

    db = services.db
    async with Pushes(apple) as pushes:
        for kept in due:
            came_to = []
            for device, token in await tokens(db, kept):
                came_to.append(await pushes.push(token))
                if came_to[-1] == "gone":
                    await passes.unregister(db, kept.serial, device)
            done = try_later if "later" in came_to else has_told
            await done(db, kept, now)


async def _tell_google(
    services: Services, google: Google, due: Sequence[Pass], now: datetime
) -> None:
    if not due:
        return
    db, settings = services.db, services.settings
    hosts = settings.allowed_hosts
    async with open_session(allowed_hosts=hosts, allow_loopback=settings.allow_loopback) as session:
        news = News(google, session)
        for kept in due:
            told = await news.tell(kept.serial, await _update(db, kept, now), kept.message)
            if told == "saved":
                await passes.saved(db, kept, now)
            done = has_told if told == "saved" else try_later
            await done(db, kept, now)


async def _update(db: Handle, kept: Pass, now: datetime) -> Update:
    """How the coupon stands; one that was deleted is good for nothing."""
    codes = await passes.codes_of(db, kept.session_id)
    found = await linked(db, *codes) if codes else None
    if found is None:
        return Update("INACTIVE")
    starts, ends = valid_time(found)
    return Update(google_state(found, now), starts, ends)


def google_state(found: Linked, now: datetime) -> GoogleState:
    state = _STATES.get(rules.state_of(found.session, found.campaign, now), "ACTIVE")
    return "INACTIVE" if found.is_full and state == "ACTIVE" else state


def valid_time(found: Linked) -> tuple[datetime | None, datetime | None]:
    """From when and until when it is of use, on the campaign's clock."""
    both = (rules.first_use(found.campaign), rules.ends_at(found.session, found.campaign))
    starts, ends = (at and clock_of(at, found.campaign.timezone) for at in both)
    return starts, ends


async def end(db: Handle, now: datetime, limit: int) -> None:
    """Their time is over, which no row of a coupon tells: the wallets must be told."""
    await db.execute(
        "UPDATE wallet_passes SET changed_at = $1, told_at = NULL, tries = 0, next_at = $1,"
        " ends_at = NULL WHERE id IN (SELECT id FROM wallet_passes WHERE ends_at <= $1"
        " ORDER BY ends_at LIMIT $2 FOR UPDATE SKIP LOCKED)",
        now,
        limit,
    )


async def take_due(db: Handle, now: datetime, limit: int) -> list[Pass]:
    """Passes whose wallets must be told, taken for as long as `LEASE`."""
    rows = await db.fetch(
        "UPDATE wallet_passes SET next_at = $2, tries = tries + 1 WHERE id IN (SELECT id"
        " FROM wallet_passes WHERE told_at IS NULL AND next_at <= $1 ORDER BY next_at LIMIT $3"
        f" FOR UPDATE SKIP LOCKED) RETURNING {columns(Pass)}",
        now,
        now + LEASE,
        limit,
    )
    return [read(Pass, row) for row in rows]


async def has_told(db: Handle, kept: Pass, now: datetime) -> None:
    """Its wallet knows, unless it was changed meanwhile."""
    await db.execute(
        "UPDATE wallet_passes SET told_at = $3 WHERE id = $1 AND changed_at = $2",
        kept.id,
        kept.changed_at,
        now,
    )


async def try_later(db: Handle, kept: Pass, now: datetime) -> None:
    """Try again later; after the last pause never, until it changes once more."""
    if kept.tries > len(passes.PAUSES):
        await has_told(db, kept, now)
        return
    await db.execute(
        "UPDATE wallet_passes SET next_at = $3 WHERE id = $1 AND changed_at = $2",
        kept.id,
        kept.changed_at,
        now + timedelta(seconds=passes.PAUSES[kept.tries - 1]),
    )


async def tokens(db: Handle, kept: Pass) -> list[tuple[str, str]]:
    """(device, push token) of the phones that have the pass."""
    rows = await db.fetch(
        "SELECT device, push_token FROM wallet_registrations WHERE pass_id = $1", kept.id
    )
    return [(row["device"], row["push_token"]) for row in rows]
