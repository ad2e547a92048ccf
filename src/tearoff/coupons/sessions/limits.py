"""The limits of a campaign, as tallies that hold under concurrency: how many coupons are given
out, claimed and used, in all, on a day, at a location, by a person."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta

from tearoff.accounts import tallies
from tearoff.accounts.tallies import Tally
from tearoff.coupons import rules
from tearoff.coupons.models import Campaign, NewSession, Session
from tearoff.coupons.options import Prize
from tearoff.kit import times
from tearoff.kit.db import Handle
from tearoff.kit.mail_addresses import person_key
from tearoff.kit.phone import phone_key
from tearoff.kit.proxies import UNKNOWN

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
HOURS_IN_A_DAY = 3
"""A network's day has room for so many of its hours."""
FOR_EVER = timedelta(days=36_500)
DAY_KEPT = timedelta(days=3)
"""A day's tally outlives its day, so that taking back a use of yesterday evening finds it."""


async def count(db: Handle, campaign: Campaign, counted: Sequence[Tally], now: datetime) -> None:
    """Raises `rules.LimitReached`, which says which limit it was."""
    try:
        await tallies.count(db, campaign.account_id, counted, now)
    except tallies.TallyFull as full:
        raise rules.LimitReached(which=full.scope.split(":")[2]) from None


def has_use_limits(campaign: Campaign) -> bool:
    """Whether a use counts anywhere, which costs a statement more."""
    limits = (
        campaign.limit_claims,
        campaign.limit_validations,
        campaign.limit_day,
        campaign.limit_location,
        campaign.limit_person,
    )
    return any(limit is not None for limit in limits)


def of_session(campaign: Campaign, amount: int = 1) -> list[Tally]:
    """What new sessions count in."""
    return _if(campaign, "sessions", campaign.limit_sessions, step=amount)


def of_lost_session(campaign: Campaign) -> Tally:
    """What a session gives back that nobody ever had, whether there is a limit or not, and also
    where a recount has begun the window since."""
    return Tally(scope_of(campaign, "sessions"), 0, 2 * FOR_EVER, -1)


def of_all(campaign: Campaign) -> list[Tally]:
    """What, once it is full, leaves nothing of the offer for anybody new."""
    return [
        *of_session(campaign),
        *_if(campaign, "validations", campaign.limit_validations),
        *of_claim(campaign),
        *(_if(campaign, "day", 0) if campaign.limit_day == 0 else ()),
    ]


def of_person(campaign: Campaign, person: str) -> list[Tally]:
    """What a coupon counts in that somebody fetches from the public link."""
    return _if(campaign, "fetched", campaign.limit_person, of=mark(person))


def of_network(campaign: Campaign, network: str) -> list[Tally]:
    """What a coupon counts in that somebody in this network fetches from the public link. Nobody
    is held to an address that nobody knows."""
    an_hour = campaign.options.limit_network
    if not an_hour or network == UNKNOWN:
        return []
    return [
        Tally(scope_of(campaign, "network_hour", network), an_hour, HOUR),
        Tally(scope_of(campaign, "network_day", network), HOURS_IN_A_DAY * an_hour, DAY),
    ]


def of_prize(campaign: Campaign, prize: Prize) -> list[Tally]:
    return _if(campaign, "prize", prize.amount, of=prize.key)


def of_claim(campaign: Campaign, step: int = 1) -> list[Tally]:
    """What a coupon counts in that becomes activated, by whatever makes it so: its own step, a
    use that implies it, or being made activated."""
    return _if(campaign, "claims", campaign.limit_claims, step=step)


def of_use(
    campaign: Campaign, session: Session, location_id: int | None, now: datetime, step: int = 1
) -> list[Tally]:
    """What one use of this session counts in. A person's coupon counts with its first use; one
    that was not activated is so by its use, and stays so when the use is taken back."""
    day = day_of(campaign, now)
    place = "" if location_id is None else str(location_id)
    first_of_person = session.uses == (0 if step > 0 else 1)
    person = person_of(session) if first_of_person else ""
    return [
        *(of_claim(campaign) if step > 0 and session.claimed_at is None else ()),
        *_if(campaign, "validations", campaign.limit_validations, step=step),
        *_if(campaign, "day", campaign.limit_day, of=day, step=step, window=DAY_KEPT),
        *(_if(campaign, "location", campaign.limit_location, of=place, step=step) if place else ()),
        *(_if(campaign, "person", campaign.limit_person, of=mark(person), step=step)
          if person else ()),
    ]  # fmt: skip


def of_new_person(campaign: Campaign, before: Session, after: Session) -> list[Tally]:
    """What changes hands with a used coupon whose person is somebody else from now on."""
    old, new = person_of(before), person_of(after)
    if campaign.limit_person is None or before.uses == 0 or old == new:
        return []
    left = _if(campaign, "person", tallies.NO_CAP, of=mark(old), step=-1) if old else []
    come = _if(campaign, "person", tallies.NO_CAP, of=mark(new)) if new else []
    return [*left, *come]


def day_of(campaign: Campaign, at: datetime) -> str:
    return times.clock_of(at, campaign.timezone).date().isoformat()


def person_of(session: Session | NewSession) -> str:
    """By what a person is known: phone, else e-mail address, else the caller's own id."""
    if session.phone:
        return phone_key(session.phone)
    return person_key(session.email) if session.email else session.customid or ""


def fetcher_of(new: NewSession, unique: str) -> str:
    """By what the person is known who fetches this coupon: the form's unique field."""
    given = new.field(unique)
    return phone_key(given) if unique == "phone" else person_key(given)


def _if(
    campaign: Campaign,
    what: str,
    cap: int | None,
    *,
    of: str = "",
    step: int = 1,
    window: timedelta = FOR_EVER,
) -> list[Tally]:
    if cap is None:
        return []
    return [Tally(scope_of(campaign, what, of), cap, window, step)]


def scope_of(campaign: Campaign, what: str, of: str = "") -> str:
    scope = f"campaign:{campaign.id}:{what}"
    return f"{scope}:{of}" if of else scope


def mark(person: str) -> str:
    """Of whom it is need not stand in another table."""
    return hashlib.sha256(person.encode("utf-8", "replace")).hexdigest()[:32]
