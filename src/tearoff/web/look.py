"""What the coupon's page shows in each state: rows in, words out. No HTML, no database."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from tearoff.coupons import rules
from tearoff.coupons.links import Linked
from tearoff.coupons.models import Campaign
from tearoff.coupons.rules import State
from tearoff.web import times
from tearoff.web.qr import draw_qr
from tearoff.web.words import WORDS, Words, counted, preferred

COUNTDOWN = timedelta(hours=48)
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


class Code(msgspec.Struct, frozen=True):
    path: str
    box: int
    short: str
    till: str


class Staff(msgspec.Struct, frozen=True):
    """The staff's section: open when it has something to say about the last try."""

    is_open: bool = False
    alert: str = ""
    pin_error: str = ""
    amount: str = ""
    amount_error: str = ""
    is_locked: bool = False


class Accepted(msgspec.Struct, frozen=True):
    clock: str
    second_of_day: int
    seconds_left: int
    sentence: str


class Switch(msgspec.Struct, frozen=True):
    language: str
    name: str


class CouponPage(msgspec.Struct, frozen=True, kw_only=True):
    path: str
    query: str
    lang: str
    title: str
    subtitle: str
    value: str
    description: str
    terms: str
    brand: str
    brand_css: str
    picture: str
    picture_alt: str
    preview: str
    preview_picture: str
    switch: Switch | None
    badge: Badge | None
    is_spent: bool = False
    stamps: tuple[bool, ...] = ()
    dates: tuple[DateLine, ...] = ()
    fact: Fact | None = None
    calendar: str = ""
    note: str = ""
    code: Code | None = None
    staff: Staff | None = None
    token: str = ""
    reports_open: bool = False
    accepted: Accepted | None = None


def coupon_page(
    linked: Linked,
    visit: Visit,
    now: datetime,
    *,
    brand_css: str,
    token: str,
    staff: Staff | None = None,
    accepted_at: datetime | None = None,
) -> CouponPage:
    """The page of a personal link. `staff` is what the last try of the staff came to;
    `accepted_at` is given on the phone that was just served."""
    campaign, session = linked.campaign, linked.session
    state = rules.state_of(session, campaign, now)
    page = _offer(campaign, visit, f"/p/{campaign.code}/{session.code}", brand_css)
    is_news = session.opened_at is None and state not in (State.USED, State.EXPIRED)
    page = _with(page, token=token, reports_open=is_news)
    if accepted_at is not None:
        page = _with(page, accepted=_accepted(linked, accepted_at, now))
    if state is State.READY:
        return _ready(page, linked, visit, now, staff)
    return _not_ready(page, state, linked, visit)


def offer_page(campaign: Campaign, visit: Visit, now: datetime, *, brand_css: str) -> CouponPage:
    """The page of the public link: the offer without a code."""
    page = _offer(campaign, visit, f"/p/{campaign.code}", brand_css)
    words = WORDS[visit.language]
    if campaign.status != "active":
        return _with(page, badge=_badge(State.WITHDRAWN, words), note=words.withdrawn_text)
    if campaign.has_ended(now):
        fact = _fact(words.ended_on, campaign.expires_at, campaign, visit)
        return _with(page, badge=_badge(State.EXPIRED, words), is_spent=True, fact=fact)
    if not campaign.has_begun(now):
        dates = _dates(campaign, campaign.expires_at, visit)
        return _with(page, badge=_badge(State.NOT_YET, words), dates=dates)
    dates = _until(campaign, campaign.expires_at, visit, now)
    return _with(page, dates=dates, note=words.offer_note)


def link_of(linked: Linked, visit: Visit) -> str:
    """The full personal link, as the message carried it."""
    host = linked.link_host or visit.link_host
    return f"{host}/p/{linked.campaign.code}/{linked.session.code}"


def _offer(campaign: Campaign, visit: Visit, path: str, brand_css: str) -> CouponPage:
    picture = f"/p/{campaign.code}/picture/{campaign.picture_id}.webp"
    return CouponPage(
        path=path,
        query=visit.query,
        lang=campaign.language,
        title=campaign.title or campaign.value or campaign.brand or campaign.name,
        subtitle=campaign.subtitle,
        value=campaign.value,
        description=campaign.description,
        terms=campaign.terms,
        brand=campaign.brand,
        brand_css=brand_css,
        picture=picture if campaign.picture_id else "",
        picture_alt=campaign.picture_alt,
        preview=_preview(campaign, visit),
        preview_picture=f"{visit.public_url}{picture}"
        if campaign.picture_id and visit.public_url
        else "",
        switch=_switch(campaign, visit),
        badge=None,
    )


def _preview(campaign: Campaign, visit: Visit) -> str:
    """What a message app may show of the link: never the code, the name or the state."""
    parts = [campaign.value or campaign.subtitle]
    if campaign.expires_at is not None:
        until = times.words_of(campaign.expires_at, campaign.timezone, visit.language)
        parts.append(f"{WORDS[visit.language].valid_until} {until}")
    return " · ".join(part for part in parts if part)


def _switch(campaign: Campaign, visit: Visit) -> Switch | None:
    """One other language that this reader may want: the campaign's, or the browser's."""
    for tag in (campaign.language, *preferred(visit.accepted), "en"):
        language = tag.partition("-")[0].lower()
        if language in WORDS and language != visit.language:
            return Switch(language, WORDS[language].name)
    return None


def _ready(
    page: CouponPage, linked: Linked, visit: Visit, now: datetime, staff: Staff | None
) -> CouponPage:
    campaign, session, words = linked.campaign, linked.session, WORDS[visit.language]
    stamps: tuple[bool, ...] = ()
    badge = _badge(State.READY, words)
    if campaign.uses > 1:
        left = str(campaign.uses - session.uses)
        text = words.left.replace("{n}", left).replace("{all}", str(campaign.uses))
        badge = Badge("ok", "tick", text)
        stamps = _stamps(session.uses, campaign.uses)
    return _with(
        page,
        badge=badge,
        stamps=stamps,
        dates=_until(campaign, session.expiry(campaign), visit, now),
        code=_code(linked, visit),
        staff=(staff or Staff()) if linked.has_pins else None,
    )


def _not_ready(page: CouponPage, state: State, linked: Linked, visit: Visit) -> CouponPage:
    campaign, session, words = linked.campaign, linked.session, WORDS[visit.language]
    page = _with(page, badge=_badge(state, words))
    if state is State.USED:
        fact = _fact(words.used_on, session.validated_at, campaign, visit, linked.place)
        return _with(page, is_spent=True, fact=fact)
    if state is State.EXPIRED:
        fact = _fact(words.ended_on, session.expiry(campaign), campaign, visit)
        return _with(page, is_spent=True, fact=fact)
    if state is State.NOT_YET:
        dates = _dates(campaign, session.expiry(campaign), visit)
        return _with(page, dates=dates, calendar=f"{page.path}/coupon.ics")
    return _with(page, is_spent=True, fact=Fact(words.withdrawn_text))


def _stamps(used: int, uses: int) -> tuple[bool, ...]:
    return tuple(i < used for i in range(uses)) if uses <= MOST_STAMPS else ()


def _code(linked: Linked, visit: Visit) -> Code:
    qr = draw_qr(link_of(linked, visit))
    short = linked.session.short_code
    till = linked.session.validation_code or ""
    return Code(qr.path, qr.size + 2 * QUIET_ZONE, f"{short[:3]} {short[3:]}", till)


def _dates(campaign: Campaign, ends: datetime | None, visit: Visit) -> tuple[DateLine, ...]:
    """From when, and until when, for a coupon that cannot be used yet."""
    words = WORDS[visit.language]
    both = [(words.valid_from, campaign.starts_at), (words.valid_until, ends)]
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
    words = WORDS[visit.language]
    date, iso = times.words_of(ends, campaign.timezone, visit.language), times.iso(ends)
    left = max(1, int((ends - now).total_seconds()))
    if ends - now >= COUNTDOWN:
        days = counted(visit.language, words.days_left, left // DAY)
        return (DateLine(words.valid_until, date, iso, days_left=days),)
    hours, minutes = left // 3600, left // 60 % 60
    text = f"{minutes} {words.minute}"
    if hours:
        text = f"{hours} {words.hour} {text}"
    return (DateLine(words.valid_until, date, iso, seconds_left=left, time_left=text),)


def _accepted(linked: Linked, at: datetime, now: datetime) -> Accepted:
    zone = linked.campaign.timezone
    clock, then = times.clock_of(now, zone), times.clock_of(at, zone)
    place = f" · {linked.place}" if linked.place else ""
    return Accepted(
        clock=f"{clock:%H:%M:%S}",
        second_of_day=clock.hour * 3600 + clock.minute * 60 + clock.second,
        seconds_left=max(1, 300 - int((now - at).total_seconds())),
        sentence=f"{then:%H:%M:%S}{place}",
    )


def _fact(
    words: str, at: datetime | None, campaign: Campaign, visit: Visit, place: str = ""
) -> Fact:
    if at is None:
        return Fact(words)
    date = times.words_of(at, campaign.timezone, visit.language)
    return Fact(words, date, times.iso(at), place)


def _badge(state: State, words: Words) -> Badge:
    return {
        State.READY: Badge("ok", "tick", words.ready),
        State.USED: Badge("no", "used", words.used),
        State.EXPIRED: Badge("dull", "stop", words.expired),
        State.NOT_YET: Badge("warn", "clock", words.not_yet),
        State.WITHDRAWN: Badge("dull", "stop", words.withdrawn),
    }[state]


def _with(page: CouponPage, **changes: object) -> CouponPage:
    return msgspec.structs.replace(page, **changes)
