"""What a till's reservation holds of the limits of its campaign: it counts as the use that it
announces, so that a `confirm` in time is never one too many of what it announced. What `reserve`
did not know is counted only with the use, and may be full by then: the place where only `confirm`
names it, the day after midnight, a limit that was set or lowered since. What was held is given back
when the coupon is used (and counted then), when the reservation is released, and when it is over.

Whoever changes both locks reservations before tallies."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from tearoff.accounts import tallies
from tearoff.accounts.tallies import Tally
from tearoff.coupons.models import Campaign, Session
from tearoff.coupons.sessions import limits
from tearoff.errors import NotFound
from tearoff.kit.db import Handle

_AT_ONCE = 500


class ReservationNotFound(NotFound):
    """Reservation not found or over."""


async def hold(
    db: Handle,
    campaign: Campaign,
    session: Session,
    *,
    location_id: int | None,
    until: datetime,
    now: datetime,
) -> None:
    """In the transaction that reserves the session, which is held. Raises `rules.LimitReached`."""
    counted = limits.of_use(campaign, session, location_id, now)
    await count(db, campaign, session, counted, now)
    if not counted:
        return
    await db.execute(
        "INSERT INTO reserved_limits (session_id, account_id, campaign_id, until, scopes)"
        " VALUES ($1, $2, $3, $4, $5)",
        session.id,
        session.account_id,
        campaign.id,
        until,
        [tally.scope for tally in counted],
    )


async def count(
    db: Handle, campaign: Campaign, session: Session, counted: Sequence[Tally], now: datetime
) -> None:
    """Count in the campaign's limits, in the transaction that holds the session. What its last
    reservation still holds is given back among them, in one order: one after the other would meet
    a use elsewhere that counts in the same tallies. Raises `rules.LimitReached`."""
    net = {tally.scope: tally for tally in counted}
    for back in _back(await _take(db, session)):
        same = net.get(back.scope)
        net[back.scope] = (
            msgspec.structs.replace(same, step=same.step + back.step) if same else back
        )
    await limits.count(db, campaign, list(net.values()), now)


async def free(db: Handle, session: Session, now: datetime) -> None:
    """Give back what the last reservation of this session held, if that was not done yet."""
    back = _back(await _take(db, session))
    await tallies.give_back(db, session.account_id, back, now)


async def _take(db: Handle, session: Session) -> Sequence[str]:
    """What the last reservation of this session still holds, once."""
    if session.reserved_until is None:
        return ()
    scopes: list[str] | None = await db.fetchval(
        "DELETE FROM reserved_limits WHERE account_id = $1 AND session_id = $2 RETURNING scopes",
        session.account_id,
        session.id,
    )
    return scopes or ()


async def held_by(db: Handle, account_id: int, sessions: Sequence[int]) -> list[Tally]:
    """What the last reservations of these sessions still hold, and hold until the transaction ends:
    who frees what is over leaves it."""
    rows = await db.fetch(
        "SELECT scopes FROM reserved_limits WHERE account_id = $1 AND session_id = ANY($2)"
        " ORDER BY session_id FOR UPDATE",
        account_id,
        list(sessions),
    )
    return _back([scope for row in rows for scope in row["scopes"]])


async def free_over(db: Handle, now: datetime) -> int:
    """Give back what reservations held that are over. Gives how many there were."""
    rows = await db.fetch(
        "DELETE FROM reserved_limits WHERE session_id IN (SELECT session_id FROM reserved_limits"
        " WHERE until <= $1 ORDER BY until LIMIT $2 FOR UPDATE SKIP LOCKED)"
        " RETURNING account_id, scopes",
        now,
        _AT_ONCE,
    )
    scopes = defaultdict[int, list[str]](list)
    for row in rows:
        scopes[row["account_id"]] += row["scopes"]
    for account_id in sorted(scopes):
        await tallies.give_back(db, account_id, _back(scopes[account_id]), now)
    return len(rows)


async def forget(db: Handle, campaign: Campaign, scope: str) -> None:
    """What is counted anew does not know of reservations: they give back nothing of it."""
    await db.execute(
        "UPDATE reserved_limits SET scopes = ARRAY(SELECT one FROM unnest(scopes) AS one"
        " WHERE one <> $3 AND NOT starts_with(one, $3 || ':'))"
        " WHERE account_id = $1 AND campaign_id = $2",
        campaign.account_id,
        campaign.id,
        scope,
    )


def _back(scopes: Sequence[str]) -> list[Tally]:
    return [Tally(scope, 0, timedelta(0), -n) for scope, n in Counter(scopes).items()]
