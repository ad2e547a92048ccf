"""Telling wallets that a pass has changed, every few seconds."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from tearoff.coupons import queries, rules, wallets
from tearoff.coupons.models import SessionAndCampaign
from tearoff.coupons.rules import State
from tearoff.coupons.wallets import Pass
from tearoff.kit.http import open_session
from tearoff.kit.services import Services
from tearoff.providers.wallets.apple import Apple, Pushes, apple_of
from tearoff.providers.wallets.google import Google, News, google_of
from tearoff.providers.wallets.google import State as GoogleState

AT_ONCE = 100

_STATES: dict[State, GoogleState] = {
    State.USED: "COMPLETED",
    State.EXPIRED: "EXPIRED",
    State.TIME_OVER: "EXPIRED",
    State.WITHDRAWN: "INACTIVE",
    State.NO_PRIZE: "INACTIVE",
}


async def tell_wallets(services: Services, now: datetime) -> int:
    """Tell of what changed; gives how many passes were looked at."""
    apple, google = apple_of(services.settings), google_of(services.settings)
    if apple is None and google is None:
        return 0
    due = await wallets.take_due(services.db, now, AT_ONCE)
    if apple is not None:
        await _tell_apple(services, apple, [one for one in due if one.wallet == "apple"], now)
    if google is not None:
        await _tell_google(services, google, [one for one in due if one.wallet == "google"], now)
    return len(due)


async def _tell_apple(services: Services, apple: Apple, due: Sequence[Pass], now: datetime) -> None:
    if not due:
        return
    db = services.db
    async with Pushes(apple) as pushes:
        for kept in due:
            came_to = []
            for device, token in await wallets.tokens(db, kept):
                came_to.append(await pushes.push(token))
                if came_to[-1] == "gone":
                    await wallets.unregister(db, kept.serial, device)
            done = wallets.not_told if "later" in came_to else wallets.told
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
            both = await queries.session(db, kept.account_id, kept.session_id)
            if both is None:
                await wallets.told(db, kept, now)
                continue
            told = await news.tell(kept.serial, google_state(both, now), kept.message)
            if told == "saved":
                await wallets.saved(db, kept, now)
            done = wallets.told if told == "saved" else wallets.not_told
            await done(db, kept, now)


def google_state(both: SessionAndCampaign, now: datetime) -> GoogleState:
    return _STATES.get(rules.state_of(both.session, both.campaign, now), "ACTIVE")
