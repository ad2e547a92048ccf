"""Pure decisions about campaigns and sessions. What is changed is guarded once more, by the update
itself in `sessions/updates.py`; that both agree is held by a test of every state."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from functools import lru_cache

from tearoff.coupons.models import Campaign, Session
from tearoff.errors import Conflict, NotFound
from tearoff.kit.hours import Week, first_open, is_open, last_open, open_until


class State(StrEnum):
    """How a session stands, as the page and the counter see it."""

    READY = "ready"
    USED = "used"
    CLAIMABLE = "claimable"
    ACTIVE = "active"
    TIME_OVER = "time_over"
    UNPLAYED = "unplayed"
    NO_PRIZE = "no_prize"
    RESTING = "resting"
    CLOSED = "closed"
    EXPIRED = "expired"
    NOT_YET = "not_yet"
    WITHDRAWN = "withdrawn"


class CampaignNotFound(NotFound):
    """There is no campaign with this id."""


class CannotUse(Conflict):
    """The session cannot be used. `at` and `where` say when and where what stands in the
    way happened, if it is something that happened."""

    def __init__(self, *, at: datetime | None = None, where: int | None = None) -> None:
        super().__init__()
        self.at = at
        self.where = where


class AlreadyValidated(CannotUse):
    """Couponsession already validated."""


class Passing(AlreadyValidated):
    """Couponsession already validated. Whatever stood in the way was gone when it was looked for:
    a use that was taken back in that moment, say."""


class Voided(CannotUse):
    """Couponsession is voided."""


class Locked(CannotUse):
    """Couponsession is locked."""


class Expired(CannotUse):
    """Couponsession has expired."""


class TimeOver(Expired):
    """Couponsession has expired."""


class NotYetValid(CannotUse):
    """Not valid yet."""


class NotAgainYet(NotYetValid):
    """Not valid yet."""


class WrongTime(NotYetValid):
    """Not valid yet."""


class NotPlayed(NotYetValid):
    """Not valid yet."""


class NoPrize(Voided):
    """Couponsession is voided."""


class CampaignNotActive(CannotUse):
    """Campaign is not active."""


class WrongLocation(CannotUse):
    """Not valid at this location."""


class LimitReached(CannotUse):
    """Limit reached. `which`: sessions, fetched, claims, validations, day, location, person,
    network_hour, network_day."""

    def __init__(self, *, which: str) -> None:
        super().__init__()
        self.which = which


class Reserved(CannotUse):
    """Reserved by another till."""


def why_not_usable(session: Session, campaign: Campaign, now: datetime) -> CannotUse | None:
    """The reason for which the session cannot be validated now, the strongest first."""
    if session.is_used_up(campaign):
        return AlreadyValidated(at=session.used_up_at(campaign), where=session.location_id)
    if session.voided:
        return Voided(at=session.voided_at)
    if session.locked:
        return Locked(at=session.locked_at)
    if campaign.status != "active":
        return CampaignNotActive()
    if session.has_expired(campaign, now):
        return Expired(at=ends_at(session, campaign))
    if not campaign.has_begun(now):
        return NotYetValid(at=campaign.starts_at)
    return why_not_now(session, campaign, now)


def why_not_now(session: Session, campaign: Campaign, now: datetime) -> CannotUse | None:
    """What stands in the way of a coupon that is live and in time."""
    options = campaign.options
    if options.scratch is not None and session.prize is None:
        return NotPlayed()
    if session.has_lost(campaign):
        return NoPrize(at=session.played_at)
    rests_until = session.rests_until(campaign)
    if rests_until is not None and rests_until > now:
        return NotAgainYet(at=rests_until)
    if options.hours and not is_open(options.hours, campaign.timezone, now):
        last = ends_at(session, campaign)
        return WrongTime() if last is None or last > now else Expired(at=last)
    if campaign.activation_seconds is not None and session.active_until is not None:
        return None if session.active_until > now else TimeOver(at=session.active_until)
    return None


def why_over(session: Session, campaign: Campaign, now: datetime) -> CannotUse | None:
    """The reason for which the coupon is not even opened any more: it was used, is void, or its
    time is over. It counts also where something stands in the way that may pass."""
    refusal = why_not_usable(session, campaign, now)
    if isinstance(refusal, AlreadyValidated | Voided | Expired):
        return refusal
    return Expired(at=ends_at(session, campaign)) if session.has_expired(campaign, now) else None


def why_not_changed(
    kind: str, session: Session, campaign: Campaign, now: datetime
) -> CannotUse | None:
    """The reason for which a simple operation (a key of `sessions.updates.CHANGES`) cannot be done
    now. What is already so is no reason: then nothing changes."""
    if kind in ("voided", "locked") and session.is_used_up(campaign):
        return AlreadyValidated(at=session.used_up_at(campaign), where=session.location_id)
    if kind in ("reactivated", "lengthened"):
        return _why_no_window(kind, session, campaign, now)
    if kind == "opened" and session.opened_at is None:
        return why_over(session, campaign, now)
    if kind == "claimed" and session.claimed_at is None:
        return why_not_usable(session, campaign, now)
    return None


def _why_no_window(
    kind: str, session: Session, campaign: Campaign, now: datetime
) -> CannotUse | None:
    """Why the window of an activated coupon cannot be opened again or made longer."""
    options, refusal = campaign.options, why_not_usable(session, campaign, now)
    if kind == "lengthened":
        return refusal if options.lengthens else TimeOver(at=session.active_until)
    if isinstance(refusal, TimeOver) and options.reactivates:
        return None
    return refusal


def ends_at(session: Session, campaign: Campaign) -> datetime | None:
    """The moment up to which the coupon is of use: its end, or the last closing time before it
    where it can only be used at some hours."""
    return last_use(campaign, session.expiry(campaign))


def last_use(campaign: Campaign, ends: datetime | None) -> datetime | None:
    """The same of any coupon of this campaign that expires then."""
    if ends is None or not campaign.options.hours:
        return ends
    return _last_use(campaign.options.hours, campaign.timezone, campaign.starts_at, ends)


def first_use(campaign: Campaign) -> datetime | None:
    """The moment from which a coupon is of use."""
    starts = campaign.starts_at
    if starts is None or not campaign.options.hours:
        return starts
    return first_open(campaign.options.hours, campaign.timezone, starts)


@lru_cache(1024)
def _last_use(hours: Week, zone: str, starts: datetime | None, ends: datetime) -> datetime:
    last = last_open(hours, zone, ends)
    return ends if starts is not None and last <= starts else last


def usable_until(session: Session, campaign: Campaign, now: datetime) -> datetime | None:
    """Up to when a coupon that can be used now can be used without a break: its own end, the
    campaign's, or the closing hour, whichever is first."""
    closes = open_until(campaign.options.hours, campaign.timezone, now)
    return min((at for at in (session.expiry(campaign), closes) if at is not None), default=None)


def window_until(session: Session, campaign: Campaign, now: datetime) -> datetime | None:
    """Up to when the code can be shown in the window that claiming opened."""
    ends = (session.active_until, usable_until(session, campaign, now))
    return min((at for at in ends if at is not None), default=None)


_STATES: dict[type[CannotUse], State] = {
    AlreadyValidated: State.USED,
    Voided: State.WITHDRAWN,
    Locked: State.WITHDRAWN,
    CampaignNotActive: State.WITHDRAWN,
    Expired: State.EXPIRED,
    NotYetValid: State.NOT_YET,
    TimeOver: State.TIME_OVER,
    NotAgainYet: State.RESTING,
    WrongTime: State.CLOSED,
    NotPlayed: State.UNPLAYED,
    NoPrize: State.NO_PRIZE,
}


def state_of(session: Session, campaign: Campaign, now: datetime) -> State:
    refusal = why_not_usable(session, campaign, now)
    if refusal is not None:
        return _STATES[type(refusal)]
    if campaign.activation_seconds is None:
        return State.READY
    return State.ACTIVE if session.is_active(now) else State.CLAIMABLE
