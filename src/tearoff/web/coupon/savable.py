"""What of a coupon can be taken along, and in which states: people plan before the first day and
outside hours; what is used, over or withdrawn is not kept."""

from __future__ import annotations

from datetime import datetime

from tearoff.coupons import rules
from tearoff.coupons.rules import State
from tearoff.coupons.sessions.behind_link import Linked
from tearoff.web.coupon.dates import DateLine, lines_of
from tearoff.web.coupon.visits import Visit

SHOWS_CODE = (State.READY, State.ACTIVE)
"""The states in which the page shows the code."""

_LASTING = (*SHOWS_CODE, State.NOT_YET, State.RESTING, State.CLOSED)
_SAVES = (*_LASTING, State.CLAIMABLE, State.UNPLAYED)


def can_save(linked: Linked, state: State) -> bool:
    """Whether the campaign lets people keep a coupon that stands like this."""
    return linked.campaign.options.saves and state in _SAVES and not linked.is_full


def has_lasting_code(linked: Linked, state: State, now: datetime) -> bool:
    """Whether paper and wallets, which cannot change by themselves when the first day or the hour
    comes, have the code already. Asked of the coupon itself: a state such as closed says nothing
    of a card that was not played, or of a window that was not opened."""
    campaign, session = linked.campaign, linked.session
    has_won = campaign.options.scratch is None or bool(session.prize)
    is_open = campaign.activation_seconds is None or session.is_active(now)
    return state in _LASTING and has_won and is_open


def has_paper(linked: Linked, state: State, now: datetime) -> bool:
    """Paper is of use where a code can be shown or typed. What a webshop takes, which does not
    ask us for the day, is not given before its time."""
    methods = linked.campaign.options.methods
    has_code = "code" in methods and has_lasting_code(linked, state, now)
    return can_save(linked, state) and (has_code or ("webshop" in methods and state in SHOWS_CODE))


def starts_at(linked: Linked, now: datetime) -> datetime | None:
    """From when it is of use, while that is ahead."""
    starts = rules.first_use(linked.campaign)
    return starts if starts is not None and starts > now else None


def ends_at(linked: Linked, now: datetime) -> datetime | None:
    """Until when it is of use: its end, or that of an open window after which nothing is left."""
    session, campaign = linked.session, linked.campaign
    is_last = campaign.uses - session.uses <= 1 and not campaign.options.reactivates
    if is_last and campaign.activation_seconds is not None and session.is_active(now):
        return rules.window_until(session, campaign, now)
    return rules.ends_at(session, campaign)


def has_calendar(linked: Linked, now: datetime) -> bool:
    return starts_at(linked, now) is not None or ends_at(linked, now) is not None


def dates_of(linked: Linked, visit: Visit, now: datetime) -> tuple[DateLine, ...]:
    """The same of somebody's coupon."""
    rests = linked.session.rests_until(linked.campaign)
    again = rests if rests is not None and rests > now else None
    starts, ends = starts_at(linked, now), ends_at(linked, now)
    return lines_of(linked.campaign, visit, starts, ends, again)
