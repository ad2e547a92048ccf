"""What the coupon's page shows in each state: rows in, words out. No HTML, no database.

A page has two parts. The offer is the same for everybody whose coupon of a campaign stands the
same; the rest is one person's.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache

import msgspec

from tearoff.coupons.links import Linked
from tearoff.coupons.models import Campaign
from tearoff.coupons.rules import State
from tearoff.kit import times
from tearoff.web.qr import draw_qr
from tearoff.web.words import WORDS, Words, counted, preferred

COUNTDOWN = timedelta(hours=48)
ACCEPTED_FOR = timedelta(minutes=5)
QUIET_ZONE = 4
MOST_STAMPS = 20
DAY = 86_400


class Visit(msgspec.Struct, frozen=True):
    """What a request says about how to show the page. `asked` is the language in the link,
    `accepted` the browser's Accept-Language; `link_host` and `public_url` are settings."""

    language: str
    asked: str
    accepted: str
    link_host: str
    public_url: str

    @property
    def query(self) -> str:
        return f"?lang={self.language}" if self.asked == self.language else ""

    @property
    def words(self) -> Words:
        return WORDS[self.language]


class Badge(msgspec.Struct, frozen=True):
    kind: str
    icon: str
    text: str


class DateLine(msgspec.Struct, frozen=True):
    words: str
    date: str
    iso: str
    days_left: str = ""
    seconds_left: int = 0
    time_left: str = ""


class Fact(msgspec.Struct, frozen=True):
    """What happened, told large: when, and where."""

    words: str
    date: str = ""
    iso: str = ""
    place: str = ""


class Accepted(msgspec.Struct, frozen=True):
    """The green panel on the phone that was just served; `then` is where it leads when its
    five minutes are over."""

    clock: str
    second_of_day: int
    seconds_left: int
    sentence: str
    then: str


class Standing(msgspec.Struct, frozen=True):
    """How a coupon stands, in words. `is_common`: many people's coupons stand like this;
    `is_active`: the public offer can be had now."""

    badge: Badge | None = None
    is_spent: bool = False
    stamps: tuple[bool, ...] = ()
    dates: tuple[DateLine, ...] = ()
    fact: Fact | None = None
    calendar: str = ""
    accepted: Accepted | None = None
    is_common: bool = False
    is_active: bool = False


class Switch(msgspec.Struct, frozen=True):
    language: str
    name: str


class Offer(msgspec.Struct, frozen=True):
    """The campaign's words, and those that follow from them."""

    lang: str
    title: str
    subtitle: str
    value: str
    description: str
    brand: str
    picture: str
    picture_alt: str
    preview: str
    preview_picture: str
    switch: Switch | None


class Code(msgspec.Struct, frozen=True):
    """`path` and `box` (the side with its quiet zone) draw the QR code; `till` is the shop's
    own code, if the coupon has one."""

    path: str
    box: str
    short: str
    till: str = ""


class Staff(msgspec.Struct, frozen=True):
    """The staff's section: open when it has something to say about the last try."""

    is_open: bool = False
    alert: str = ""
    pin_error: str = ""
    amount: str = ""
    amount_error: str = ""
    is_locked: bool = False


class Rest(msgspec.Struct, frozen=True):
    path: str
    query: str = ""
    reports_open: bool = False
    token: str = ""
    note: str = ""
    code: Code | None = None
    staff: Staff | None = None

    @property
    def is_plain(self) -> bool:
        """Whether it differs from other people's in its codes only."""
        return self.code is not None and not self.code.till and self.staff in (None, _QUIET_STAFF)


_QUIET_STAFF = Staff()


def standing(
    linked: Linked, state: State, visit: Visit, now: datetime, accepted_at: datetime | None = None
) -> Standing:
    """How this person's coupon stands. `accepted_at` is given on the phone that was served."""
    campaign, session, words = linked.campaign, linked.session, visit.words
    badge = _badge(state, words)
    if state is State.READY:
        return _ready(linked, visit, now, accepted_at)
    if state is State.USED:
        fact = _fact(words.used_on, session.validated_at, campaign, visit, linked.place)
        accepted = _accepted(linked, visit, accepted_at, now)
        return Standing(badge, is_spent=True, fact=fact, accepted=accepted)
    if state is State.EXPIRED:
        fact = _fact(words.ended_on, session.expiry(campaign), campaign, visit)
        return Standing(badge, is_spent=True, fact=fact)
    if state is State.NOT_YET:
        dates = _dates(campaign, session.expiry(campaign), visit)
        calendar = f"{path_of(linked)}/coupon.ics"
        return Standing(badge, dates=dates, calendar=calendar)
    return Standing(badge, is_spent=True, fact=Fact(words.withdrawn_text))


def public_standing(campaign: Campaign, visit: Visit, now: datetime) -> Standing:
    """How the offer stands for somebody without a coupon."""
    words = visit.words
    if campaign.status != "active":
        badge = _badge(State.WITHDRAWN, words)
        return Standing(badge, is_spent=True, fact=Fact(words.withdrawn_text))
    if campaign.has_ended(now):
        fact = _fact(words.ended_on, campaign.expires_at, campaign, visit)
        return Standing(_badge(State.EXPIRED, words), is_spent=True, fact=fact)
    if not campaign.has_begun(now):
        dates = _dates(campaign, campaign.expires_at, visit)
        return Standing(_badge(State.NOT_YET, words), dates=dates)
    dates = _until(campaign, campaign.expires_at, visit, now)
    return Standing(dates=dates, is_common=_is_calm(dates), is_active=True)


def offer(campaign: Campaign, visit: Visit) -> Offer:
    picture = ""
    if campaign.picture_id is not None:
        picture = f"/p/{campaign.code}/picture/{campaign.picture_id}.webp"
    return Offer(
        lang=campaign.language,
        title=campaign.title or campaign.value or campaign.brand or campaign.name,
        subtitle=campaign.subtitle,
        value=campaign.value,
        description=campaign.description,
        brand=campaign.brand,
        picture=picture,
        picture_alt=campaign.picture_alt,
        preview=_preview(campaign, visit),
        preview_picture=visit.public_url + picture if picture and visit.public_url else "",
        switch=switch(campaign, visit),
    )


def rest(
    linked: Linked, state: State, visit: Visit, token: str, staff: Staff | None = None
) -> Rest:
    """The personal part. `staff` is what the last try of the staff came to. An open is
    reported once, and not for a coupon that cannot be opened any more."""
    is_ready = state is State.READY
    is_news = linked.session.opened_at is None and state not in (State.USED, State.EXPIRED)
    return Rest(
        path=path_of(linked),
        query=visit.query,
        reports_open=is_news,
        token=token,
        code=_code(linked, visit) if is_ready else None,
        staff=(staff or _QUIET_STAFF) if is_ready and linked.has_pins else None,
    )


def path_of(linked: Linked) -> str:
    return f"/p/{linked.campaign.code}/{linked.session.code}"


def link_of(linked: Linked, visit: Visit) -> str:
    """The full personal link, as the message carried it."""
    return (linked.link_host or visit.link_host) + path_of(linked)


def switch(campaign: Campaign, visit: Visit) -> Switch | None:
    """One other language that this reader may want: the campaign's, or the browser's."""
    for tag in (campaign.language, *preferred(visit.accepted), "en"):
        language = tag.partition("-")[0].lower()
        if language in WORDS and language != visit.language:
            return Switch(language, WORDS[language].name)
    return None


def _ready(linked: Linked, visit: Visit, now: datetime, accepted_at: datetime | None) -> Standing:
    campaign, session, words = linked.campaign, linked.session, visit.words
    stamps: tuple[bool, ...] = ()
    badge = _badge(State.READY, words)
    if campaign.uses > 1:
        left = str(campaign.uses - session.uses)
        text = words.left.replace("{n}", left).replace("{all}", str(campaign.uses))
        badge, stamps = Badge("ok", "tick", text), _stamps(session.uses, campaign.uses)
    dates = _until(campaign, session.expiry(campaign), visit, now)
    accepted = _accepted(linked, visit, accepted_at, now)
    is_common = accepted is None and _is_calm(dates)
    return Standing(badge, stamps=stamps, dates=dates, accepted=accepted, is_common=is_common)


def _is_calm(dates: tuple[DateLine, ...]) -> bool:
    """Whether no countdown runs, so that the words stay the same for a day."""
    return not any(line.seconds_left for line in dates)


def _stamps(used: int, uses: int) -> tuple[bool, ...]:
    return tuple(i < used for i in range(uses)) if uses <= MOST_STAMPS else ()


def _code(linked: Linked, visit: Visit) -> Code:
    qr = draw_qr(link_of(linked, visit))
    short = linked.session.short_code
    till = linked.session.validation_code or ""
    return Code(qr.path, str(qr.size + 2 * QUIET_ZONE), f"{short[:3]} {short[3:]}", till)


def _preview(campaign: Campaign, visit: Visit) -> str:
    """What a message app may show of the link: never the code, the name or the state."""
    parts = [campaign.value or campaign.subtitle]
    if campaign.expires_at is not None:
        until = times.words_of(campaign.expires_at, campaign.timezone, visit.language)
        parts.append(f"{visit.words.valid_until} {until}")
    return " · ".join(part for part in parts if part)


def _dates(campaign: Campaign, ends: datetime | None, visit: Visit) -> tuple[DateLine, ...]:
    """From when, and until when, for a coupon that cannot be used yet."""
    both = [(visit.words.valid_from, campaign.starts_at), (visit.words.valid_until, ends)]
    return tuple(
        DateLine(text, times.words_of(at, campaign.timezone, visit.language), times.iso(at))
        for text, at in both
        if at is not None
    )


def _until(
    campaign: Campaign, ends: datetime | None, visit: Visit, now: datetime
) -> tuple[DateLine, ...]:
    """Until when, with the days that are left; in the last two days a countdown."""
    if ends is None:
        return ()
    left = max(1, int((ends - now).total_seconds()))
    if ends - now >= COUNTDOWN:
        return _days_left(ends, campaign.timezone, visit.language, left // DAY)
    words = visit.words
    date, iso = times.words_of(ends, campaign.timezone, visit.language), times.iso(ends)
    hours, minutes = left // 3600, left // 60 % 60
    text = f"{minutes} {words.minute}"
    if hours:
        text = f"{hours} {words.hour} {text}"
    return (DateLine(words.valid_until, date, iso, seconds_left=left, time_left=text),)


@lru_cache(1024)
def _days_left(ends: datetime, zone: str, language: str, days: int) -> tuple[DateLine, ...]:
    words, date = WORDS[language], times.words_of(ends, zone, language)
    text = counted(language, words.days_left, days)
    return (DateLine(words.valid_until, date, times.iso(ends), days_left=text),)


def _accepted(linked: Linked, visit: Visit, at: datetime | None, now: datetime) -> Accepted | None:
    if at is None:
        return None
    zone = linked.campaign.timezone
    clock, then = times.clock_of(now, zone), times.clock_of(at, zone)
    place = f" · {linked.place}" if linked.place else ""
    return Accepted(
        clock=f"{clock:%H:%M:%S}",
        second_of_day=clock.hour * 3600 + clock.minute * 60 + clock.second,
        seconds_left=max(1, int((at + ACCEPTED_FOR - now).total_seconds())),
        sentence=f"{then:%H:%M:%S}{place}",
        then=path_of(linked) + visit.query,
    )


def _fact(
    words: str, at: datetime | None, campaign: Campaign, visit: Visit, place: str = ""
) -> Fact:
    if at is None:
        return Fact(words)
    date = times.words_of(at, campaign.timezone, visit.language)
    return Fact(words, date, times.iso(at), place)


def _badge(state: State, words: Words) -> Badge:
    kind, icon = _BADGES[state]
    return Badge(kind, icon, getattr(words, state.value))


_BADGES = {
    State.READY: ("ok", "tick"),
    State.USED: ("no", "used"),
    State.EXPIRED: ("dull", "stop"),
    State.NOT_YET: ("warn", "clock"),
    State.WITHDRAWN: ("dull", "stop"),
}
