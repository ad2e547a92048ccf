"""How a coupon stands, in words: rows in, what the page says out. No HTML, no database."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec

from tearoff.coupons import rules
from tearoff.coupons.models import Campaign
from tearoff.coupons.rules import State
from tearoff.coupons.sessions import limits
from tearoff.coupons.sessions.behind_link import Linked
from tearoff.kit import times
from tearoff.kit.hours import in_words
from tearoff.kit.words import Words, phrase
from tearoff.web.coupon.dates import DateLine, countdown, lines_of, told_at, until
from tearoff.web.coupon.visits import Visit

ACCEPTED_FOR = timedelta(minutes=5)
MOST_STAMPS = 20


class Badge(msgspec.Struct, frozen=True):
    kind: str
    icon: str
    text: str


class Fact(msgspec.Struct, frozen=True):
    """What happened, told large: when, and where; and lines below. `is_said`: a screen reader
    says it, since it answers what was just done."""

    words: str
    date: str = ""
    iso: str = ""
    city: str = ""
    place: str = ""
    more: tuple[str, ...] = ()
    is_said: bool = False


class Accepted(msgspec.Struct, frozen=True):
    """The green panel on the phone that was just served; `then` is where it leads when its
    five minutes are over."""

    clock: str
    second_of_day: int
    seconds_left: int
    place: str
    then: str


class Standing(msgspec.Struct, frozen=True):
    """`is_common`: many people's coupons stand like this; `is_active`: the public offer can be
    had now; `prize`: what the scratch card won."""

    badge: Badge | None = None
    is_spent: bool = False
    stamps: tuple[bool, ...] = ()
    prize: str = ""
    dates: tuple[DateLine, ...] = ()
    fact: Fact | None = None
    calendar: str = ""
    accepted: Accepted | None = None
    is_common: bool = False
    is_active: bool = False


def standing(linked: Linked, state: State, visit: Visit, now: datetime) -> Standing:
    """How this person's coupon stands."""
    if linked.is_full and state not in _KEPT_WHEN_FULL:
        return _gone(
            visit.words,
            _limit_text(linked.campaign, visit, visit.words("This offer has reached its limit.")),
        )
    if is_full_today(linked, state, now):
        return _full_today(linked, state, visit, now)
    return _TOLD[state](linked, visit, now)


def is_full_today(linked: Linked, state: State, now: datetime) -> bool:
    """Whether the coupon could be used, or activated, if the day had not had all its uses."""
    is_near = bool(linked.full_day) and state in (State.READY, State.CLAIMABLE, State.ACTIVE)
    return is_near and linked.full_day == limits.day_of(linked.campaign, now)


def after_use(
    stands: Standing, linked: Linked, visit: Visit, now: datetime, at: datetime, *, is_here: bool
) -> Standing:
    """What is told right after a use: large and green in the browser that did it, with what is
    left of the coupon; and elsewhere when and where, in neutral words."""
    if is_here:
        told, badge = _accepted(linked, visit, at, now), stands.badge
        if not linked.session.is_used_up(linked.campaign):
            badge = left_of(linked, visit)
        return msgspec.structs.replace(stands, accepted=told, badge=badge, is_common=False)
    if stands.fact is not None:
        return stands
    fact = _fact(visit.words("This coupon was used on"), at, linked.campaign, visit, linked.place)
    return msgspec.structs.replace(stands, fact=fact, is_common=False)


_KEPT_WHEN_FULL = (State.USED, State.EXPIRED, State.WITHDRAWN, State.NO_PRIZE)
"""States that say more than that the offer has reached its limit."""


def public_standing(campaign: Campaign, visit: Visit, now: datetime) -> Standing:
    """How the offer stands for somebody without a coupon."""
    words = visit.words
    if campaign.status != "active":
        return _gone(words, _withdrawn_text(campaign, visit))
    ends = rules.last_use(campaign, campaign.expires_at)
    if ends is not None and ends <= now:
        return _ended(ends, campaign, visit)
    if not campaign.has_begun(now):
        dates = lines_of(campaign, visit, rules.first_use(campaign), ends)
        calendar = f"/p/{campaign.code}/coupon.ics{visit.query}"
        return Standing(_badge(State.NOT_YET, words), dates=dates, calendar=calendar)
    dates = until(campaign, ends, visit, now)
    return Standing(dates=dates, is_common=_is_calm(dates), is_active=True)


GONE = "gone"


def public_mark(campaign: Campaign, now: datetime, *, is_gone: bool) -> str:
    """Changes with everything that makes the offer's page another one."""
    if campaign.status != "active":
        return campaign.status
    if campaign.has_ended(now):
        return "ended"
    if not campaign.has_begun(now):
        return "early"
    return GONE if is_gone and campaign.options.public_link else "open"


def all_gone(campaign: Campaign, visit: Visit) -> Standing:
    """The public offer when no coupon is left."""
    return _gone(
        visit.words,
        _limit_text(campaign, visit, visit.words("All coupons of this offer have been given out.")),
    )


def was_just_used(linked: Linked, now: datetime) -> bool:
    """Whether the last use is as young as what is green elsewhere."""
    at = linked.session.used_at
    return at is not None and now - at < ACCEPTED_FOR


def path_of(linked: Linked) -> str:
    return f"/p/{linked.campaign.code}/{linked.session.code}"


def _ready(linked: Linked, visit: Visit, now: datetime) -> Standing:
    campaign, session, words = linked.campaign, linked.session, visit.words
    badge = left_of(linked, visit) if campaign.uses > 1 else _badge(State.READY, words)
    dates = until(campaign, rules.ends_at(session, campaign), visit, now)
    return Standing(
        badge, stamps=_stamps(linked), prize=prize_of(linked, visit), dates=dates,
        is_common=_is_calm(dates) and session.prize is None,
    )  # fmt: skip


def _claimable(linked: Linked, visit: Visit, now: datetime) -> Standing:
    ready = _ready(linked, visit, now)
    badge = ready.badge if linked.session.uses else _badge(State.CLAIMABLE, visit.words)
    return msgspec.structs.replace(ready, badge=badge, is_common=False)


def _active(linked: Linked, visit: Visit, now: datetime) -> Standing:
    """The window that the consumer opened is running: its exact end, and what is left of it."""
    ready, until = (
        _ready(linked, visit, now),
        rules.window_until(linked.session, linked.campaign, now),
    )
    assert until is not None
    line = countdown(
        visit.words("Show this at the counter before"),
        until,
        linked.campaign,
        visit,
        now,
        is_time=True,
    )
    badge = _badge(State.ACTIVE, visit.words)
    return msgspec.structs.replace(ready, badge=badge, dates=(line,), is_common=False)


def _time_over(linked: Linked, visit: Visit, now: datetime) -> Standing:
    words = visit.words
    again = linked.campaign.options.reactivates
    text = (
        words("The time is over. Ask the staff, then activate the coupon again.")
        if again
        else words("The time to use this coupon is over. Ask the staff if they can help.")
    )
    return Standing(_badge(State.TIME_OVER, words), is_spent=not again, fact=Fact(text))


def _used(linked: Linked, visit: Visit, now: datetime) -> Standing:
    words, campaign = visit.words, linked.campaign
    at = linked.session.used_up_at(campaign)
    fact = _fact(words("This coupon was used on"), at, campaign, visit, linked.place)
    return Standing(_badge(State.USED, words), is_spent=True, fact=fact)


def _expired(linked: Linked, visit: Visit, now: datetime) -> Standing:
    return _ended(rules.ends_at(linked.session, linked.campaign), linked.campaign, visit)


def _not_yet(linked: Linked, visit: Visit, now: datetime) -> Standing:
    campaign = linked.campaign
    dates = lines_of(
        campaign, visit, rules.first_use(campaign), rules.ends_at(linked.session, campaign)
    )
    calendar = f"{path_of(linked)}/coupon.ics{visit.query}"
    return Standing(_badge(State.NOT_YET, visit.words), dates=dates, calendar=calendar)


def _withdrawn(linked: Linked, visit: Visit, now: datetime) -> Standing:
    """What was done to this coupon alone is told in words of its own: the campaign runs on."""
    session, words = linked.session, visit.words
    if session.voided:
        return _gone(words, words("This coupon was made invalid. The shop can tell you why."))
    if session.locked:
        return _gone(words, words("This coupon is locked for now. The shop can unlock it."))
    return _gone(words, _withdrawn_text(linked.campaign, visit))


def _unplayed(linked: Linked, visit: Visit, now: datetime) -> Standing:
    ready = _ready(linked, visit, now)
    badge = _badge(State.UNPLAYED, visit.words)
    return msgspec.structs.replace(ready, badge=badge, stamps=(), is_common=False)


def _no_prize(linked: Linked, visit: Visit, now: datetime) -> Standing:
    scratch, words = linked.campaign.options.scratch, visit.words
    own = scratch.blank_text.get(visit.language, "") if scratch else ""
    fact = Fact(
        words("No prize this time"),
        more=(own or words("Thank you for playing. Better luck next time!"),),
        is_said=True,
    )
    return Standing(_badge(State.NO_PRIZE, words), fact=fact)


def _resting(linked: Linked, visit: Visit, now: datetime) -> Standing:
    words, campaign = visit.words, linked.campaign
    again = linked.session.rests_until(campaign)
    fact = _fact(words("This coupon can be used again from"), again, campaign, visit)
    return Standing(_badge(State.RESTING, words), stamps=_stamps(linked), fact=fact)


def _full_today(linked: Linked, state: State, visit: Visit, now: datetime) -> Standing:
    campaign, session, words = linked.campaign, linked.session, visit.words
    ends = rules.ends_at(session, campaign)
    last = ends
    if state is State.ACTIVE and not campaign.options.reactivates:
        last = rules.window_until(session, campaign, now)
    # Nobody is sent to another day that the coupon does not have.
    is_last = last is not None and limits.day_of(campaign, last) <= linked.full_day
    fact = Fact(
        words("This offer has reached its limit.")
        if is_last
        else words("This offer has reached its limit for today. Try again tomorrow.")
    )
    dates = until(campaign, ends, visit, now)
    return Standing(_badge(State.CLOSED, words), stamps=_stamps(linked), dates=dates, fact=fact)


def _closed(linked: Linked, visit: Visit, now: datetime) -> Standing:
    words, campaign = visit.words, linked.campaign
    dates = until(campaign, rules.ends_at(linked.session, campaign), visit, now)
    fact = Fact(
        words("This coupon can be used:"), more=in_words(campaign.options.hours, visit.language)
    )
    return Standing(_badge(State.CLOSED, words), dates=dates, fact=fact)


_TOLD: dict[State, Callable[[Linked, Visit, datetime], Standing]] = {
    State.READY: _ready,
    State.CLAIMABLE: _claimable,
    State.ACTIVE: _active,
    State.TIME_OVER: _time_over,
    State.UNPLAYED: _unplayed,
    State.NO_PRIZE: _no_prize,
    State.RESTING: _resting,
    State.CLOSED: _closed,
    State.USED: _used,
    State.EXPIRED: _expired,
    State.NOT_YET: _not_yet,
    State.WITHDRAWN: _withdrawn,
}


def _gone(words: Words, text: str) -> Standing:
    return Standing(_badge(State.WITHDRAWN, words), is_spent=True, fact=Fact(text))


def _withdrawn_text(campaign: Campaign, visit: Visit) -> str:
    """The merchant's own sentence, or ours."""
    options = campaign.options
    told = options.texts.get(visit.language)
    return (
        (told and told.withdrawn)
        or options.withdrawn_text
        or visit.words("This coupon cannot be used at the moment. The shop can tell you more.")
    )


def _limit_text(campaign: Campaign, visit: Visit, ours: str) -> str:
    told = campaign.options.texts.get(visit.language)
    return (told and told.limit) or campaign.options.limit_text or ours


def prize_of(linked: Linked, visit: Visit) -> str:
    """What was won, in the reader's language where the campaign still says it."""
    scratch, won = linked.campaign.options.scratch, linked.session.prize
    if scratch is None or not won:
        return ""
    titles = {prize.key: prize.title for prize in scratch.prizes}.get(won, {})
    return titles.get(visit.language) or linked.session.value or won


def _is_calm(dates: tuple[DateLine, ...]) -> bool:
    """Whether no countdown runs, so that the words stay the same for a day."""
    return not any(line.seconds_left for line in dates)


def _stamps(linked: Linked) -> tuple[bool, ...]:
    uses = linked.campaign.uses
    if not 1 < uses <= MOST_STAMPS:
        return ()
    return tuple(i < linked.session.uses for i in range(uses))


def _accepted(linked: Linked, visit: Visit, at: datetime, now: datetime) -> Accepted:
    clock = times.clock_of(now, linked.campaign.timezone)
    return Accepted(
        clock=f"{clock:%H:%M:%S}",
        second_of_day=clock.hour * 3600 + clock.minute * 60 + clock.second,
        seconds_left=max(1, int((at + ACCEPTED_FOR - now).total_seconds())),
        place=linked.place,
        then=path_of(linked) + visit.query,
    )


def _ended(ends: datetime | None, campaign: Campaign, visit: Visit) -> Standing:
    fact = _fact(visit.words("This coupon ended on"), ends, campaign, visit)
    if ends is not None:
        date = times.end_of(ends, campaign.timezone, visit.language)
        fact = msgspec.structs.replace(fact, date=date)
    return Standing(_badge(State.EXPIRED, visit.words), is_spent=True, fact=fact)


def _fact(
    words: str, at: datetime | None, campaign: Campaign, visit: Visit, place: str = ""
) -> Fact:
    if at is None:
        return Fact(words)
    date = times.words_of(at, campaign.timezone, visit.language)
    return Fact(words, date, *told_at(at, campaign.timezone, visit.language), place)


def left_of(linked: Linked, visit: Visit) -> Badge:
    """How many uses of the coupon are left, of how many."""
    uses, left = linked.campaign.uses, linked.campaign.uses - linked.session.uses
    text = visit.words("{n} of {all} left", n=left, all=uses)
    return Badge("ok", "tick", text)


def _badge(state: State, words: Words) -> Badge:
    kind, icon, told = BADGES[state]
    return Badge(kind, icon, words(told))


BADGES = {
    State.READY: ("ok", "tick", phrase("Ready to use")),
    State.CLAIMABLE: ("ok", "hand", phrase("Ready to activate")),
    State.ACTIVE: ("ok", "clock", phrase("Active")),
    State.TIME_OVER: ("dull", "clock", phrase("Time is over")),
    State.UNPLAYED: ("ok", "star", phrase("Scratch to see")),
    State.NO_PRIZE: ("dull", "star", phrase("No prize")),
    State.RESTING: ("warn", "clock", phrase("Used for now")),
    State.CLOSED: ("warn", "clock", phrase("Not at this hour")),
    State.USED: ("no", "used", phrase("Used")),
    State.EXPIRED: ("dull", "stop", phrase("Expired")),
    State.NOT_YET: ("warn", "clock", phrase("Not yet valid")),
    State.WITHDRAWN: ("dull", "stop", phrase("Not available")),
}
