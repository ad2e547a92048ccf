"""Why the counter says no: what stood in the way when a scan was judged, and when and where. It is
kept with the scan, so that it can still be told when all has changed since."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from tearoff.coupons import rules
from tearoff.coupons.models import Campaign, SessionAndCampaign
from tearoff.kit import times
from tearoff.kit.db import Handle

MOST_PLACES = 3
NOWHERE = "-"

_REASONS: dict[type[rules.CannotUse], str] = {
    rules.AlreadyValidated: "already_used",
    rules.NoPrize: "no_prize",
    rules.Voided: "withdrawn",
    rules.Locked: "withdrawn",
    rules.CampaignNotActive: "withdrawn",
    rules.TimeOver: "time_over",
    rules.Expired: "expired",
    rules.NotAgainYet: "not_again_yet",
    rules.WrongTime: "wrong_time",
    rules.NotPlayed: "not_played",
    rules.NotYetValid: "not_yet",
    rules.LimitReached: "limit",
    rules.Reserved: "reserved",
    rules.WrongLocation: "wrong_place",
}


class Refusal(msgspec.Struct, frozen=True):
    """`detail` is what of the reason it was: which limit; locked, or the campaign's state, where
    the coupon was not withdrawn itself; the places that would be right. `moment` is when it
    happened, or will be over, `where_id` the location at which."""

    reason: str
    detail: str = ""
    moment: datetime | None = None
    where_id: int | None = None


async def refusal_of(
    db: Handle, error: rules.CannotUse, found: SessionAndCampaign, as_of: datetime
) -> Refusal:
    reason = next(_REASONS[kind] for kind in type(error).__mro__ if kind in _REASONS)
    campaign = found.campaign
    if isinstance(error, rules.LimitReached):
        return Refusal(reason, error.which, _next_day(campaign, as_of, error.which))
    if isinstance(error, rules.Locked):
        return Refusal(reason, "locked", error.at)
    if isinstance(error, rules.CampaignNotActive):
        return Refusal(reason, campaign.status, await _status_since(db, campaign))
    if isinstance(error, rules.WrongLocation):
        return Refusal(reason, await _taken_in_at(db, campaign))
    return Refusal(reason, "", error.at, error.where)


def _next_day(campaign: Campaign, as_of: datetime, which: str) -> datetime | None:
    """The day of the campaign's time zone is over then."""
    if which != "day":
        return None
    today = times.clock_of(as_of, campaign.timezone)
    return (today + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)


async def _status_since(db: Handle, campaign: Campaign) -> datetime | None:
    since: datetime | None = await db.fetchval(
        "SELECT status_since FROM campaigns WHERE account_id = $1 AND id = $2",
        campaign.account_id,
        campaign.id,
    )
    return since


async def _taken_in_at(db: Handle, campaign: Campaign) -> str:
    """The names of the first places that take it in; `NOWHERE` if none does (any more)."""
    rows = await db.fetch(
        "SELECT l.name FROM campaign_locations c JOIN locations l ON l.id = c.location_id"
        " WHERE c.campaign_id = $1 AND l.account_id = $2 AND l.removed_at IS NULL"
        " ORDER BY l.name LIMIT $3",
        campaign.id,
        campaign.account_id,
        MOST_PLACES + 1,
    )
    names = [row["name"] for row in rows] or [NOWHERE]
    return ", ".join(names[:MOST_PLACES]) + (", …" if names[MOST_PLACES:] else "")
