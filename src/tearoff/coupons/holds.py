"""What a till's reservation holds of the limits of its campaign: it counts as the use that it
announces, so that a `confirm` in time is never one too many. What was held is given back when the
coupon is used (and counted then), when the reservation is released, and when it is over."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

from tearoff.accounts import tallies
from tearoff.accounts.tallies import Tally
from tearoff.coupons import limits
from tearoff.coupons.models import Campaign, Session
from tearoff.kit.db import Handle

_AT_ONCE = 500


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
    await free(db, session, now)
    if not limits.has_use_limits(campaign):
        return
    counted = limits.of_use(campaign, session, location_id, now)
    await limits.count(db, campaign, counted, now)
    await db.execute(
        "INSERT INTO reserved_limits (session_id, account_id, campaign_id, until, scopes)"
        " VALUES ($1, $2, $3, $4, $5)",
        session.id,
        session.account_id,
        campaign.id,
        until,
        [tally.scope for tally in counted],
    )


async def free(db: Handle, session: Session, now: datetime) -> None:
    """Give back what the last reservation of this session held, if that was not done yet."""
    if session.reserved_until is None:
        return
    scopes = await db.fetchval(
        "DELETE FROM reserved_limits WHERE account_id = $1 AND session_id = $2 RETURNING scopes",
        session.account_id,
        session.id,
    )
    await _give_back(db, session.account_id, scopes or (), now)


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
        await _give_back(db, account_id, scopes[account_id], now)
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


async def _give_back(db: Handle, account_id: int, scopes: Sequence[str], now: datetime) -> None:
    back = [Tally(scope, 0, timedelta(0), -n) for scope, n in Counter(scopes).items()]
    await tallies.give_back(db, account_id, back, now)
