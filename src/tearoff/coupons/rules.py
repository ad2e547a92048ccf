"""Pure decisions about campaigns and sessions."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from tearoff.coupons.models import Campaign, Session
from tearoff.errors import Conflict


class State(StrEnum):
    """How a session stands, as the page and the counter see it."""

    READY = "ready"
    USED = "used"
    EXPIRED = "expired"
    NOT_YET = "not_yet"
    WITHDRAWN = "withdrawn"


class CannotUse(Conflict):
    """The session cannot be used. `at` and `where` say when and where what stands in the
    way happened, if it is something that happened."""

    def __init__(self, *, at: datetime | None = None, where: int | None = None) -> None:
        super().__init__()
        self.at = at
        self.where = where


class AlreadyValidated(CannotUse):
    """Couponsession already validated."""


class Voided(CannotUse):
    """Couponsession is voided."""


class Locked(CannotUse):
    """Couponsession is locked."""


class Expired(CannotUse):
    """Couponsession has expired."""


class NotYetValid(CannotUse):
    """Not valid yet."""


class CampaignNotActive(CannotUse):
    """Campaign is not active."""


class WrongLocation(CannotUse):
    """Not valid at this location."""


class LimitReached(CannotUse):
    """Limit reached."""


class Reserved(CannotUse):
    """Reserved by another till."""


def why_not_usable(session: Session, campaign: Campaign, now: datetime) -> CannotUse | None:
    """The reason for which the session cannot be validated now, the strongest first."""
    if session.is_used_up:
        return AlreadyValidated(at=session.validated_at, where=session.location_id)
    if session.voided:
        return Voided(at=session.voided_at)
    if session.locked:
        return Locked(at=session.locked_at)
    if campaign.status != "active":
        return CampaignNotActive()
    if session.has_expired(campaign, now):
        return Expired(at=session.expiry(campaign))
    if not campaign.has_begun(now):
        return NotYetValid(at=campaign.starts_at)
    return None


_STATES: dict[type[CannotUse], State] = {
    AlreadyValidated: State.USED,
    Voided: State.WITHDRAWN,
    Locked: State.WITHDRAWN,
    CampaignNotActive: State.WITHDRAWN,
    Expired: State.EXPIRED,
    NotYetValid: State.NOT_YET,
}


def state_of(session: Session, campaign: Campaign, now: datetime) -> State:
    refusal = why_not_usable(session, campaign, now)
    return State.READY if refusal is None else _STATES[type(refusal)]
