"""The consumer's pages: the coupon behind a personal link, the offer behind a public one.

GET and HEAD change nothing. An open is recorded when the visible page reports itself, a use
when the staff's PIN is posted.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any, Literal

import msgspec
from litestar import Request, Router, post, route
from litestar.params import FromPath

from tearoff.accounts.actions import is_pin
from tearoff.coupons import campaigns, rules
from tearoff.coupons.links import Linked
from tearoff.coupons.models import Campaign
from tearoff.kit import clock
from tearoff.kit.proxies import client_address, network_of
from tearoff.kit.services import services_of
from tearoff.web import forms, framing, ics, look, notes, opens, paper, pins, stop
from tearoff.web.finding import PERSONAL, PUBLIC, find, find_campaign, patiently, read_code
from tearoff.web.look import Rest, Staff, Standing, Visit
from tearoff.web.notes import error_page
from tearoff.web.paper import Answer, answer
from tearoff.web.words import choose_language, counted

__all__ = ["ROUTES", "error_page"]

AnyRequest = Request[Any, Any, Any]
Part = FromPath[str]

_AMOUNT = re.compile(r"[0-9]{1,9}([.,][0-9]{1,2})?\Z")
_PICTURE = re.compile(r"([0-9]{1,15})\.webp\Z")
_RETRY = (("retry-after", str(int(pins.LOCKED_FOR.total_seconds()))),)
_READ: list[Literal["GET", "HEAD"]] = ["GET", "HEAD"]
_NOWHERE = ["/p", "/z", *(f"{path}/{{rest:path}}" for path in PERSONAL)]

_BLANKS = ("path", "token", "qr", "box", "short")
"""What differs between people whose coupons stand the same."""

_kept = paper.Kept()


@route(PERSONAL, http_method=_READ)
async def show_coupon(request: AnyRequest, campaign: Part, session: Part) -> Answer:
    services, now = services_of(request), clock.now()
    found = await find(services, campaign, session)
    if found is None:
        return notes.unknown(request)
    receipt = request.query_params.get("ok", "") if request.scope["query_string"] else ""
    at = forms.accepted_second(services.vault, receipt, found.session, now) if receipt else None
    return _coupon(request, found, now, accepted_at=datetime.fromtimestamp(at, UTC) if at else None)


@route(PUBLIC, http_method=_READ)
async def show_offer(request: AnyRequest, campaign: Part) -> Answer:
    found = await find_campaign(services_of(request), campaign)
    if found is None or found.status == "draft":
        return notes.unknown(request)
    visit = _visit(request, found)
    standing = look.public_standing(found, visit, clock.now())
    note = visit.words.offer_note if standing.is_active else ""
    frames = await framing.frames_of(request, found)
    rest = Rest(f"/p/{found.code}", note=note)
    return _print(request, found, visit, standing, rest, frames=frames)


@post([f"{path}/redeem" for path in PERSONAL])
async def redeem(request: AnyRequest, campaign: Part, session: Part) -> Answer:
    """The staff types the PIN of the place on the consumer's phone."""
    services, now, form = services_of(request), clock.now(), await forms.read_form(request)
    found = await find(services, campaign, session)
    if found is None:
        return notes.unknown(request)
    visit = _visit(request, found.campaign)
    uses = forms.shown_uses(services.vault, form.token, found.session.code, now)
    problem = _problem(found, visit, form, uses, now)
    if problem is not None:
        return _coupon(request, found, now, staff=problem[1], status=problem[0])
    network = network_of(client_address(request.scope, services.settings.trusted_proxies))
    amount = form.amount.replace(",", ".") or None
    listener = found.listener(services.settings.link_host)
    attempt = pins.Attempt(form.pin, amount, found.session.uses, network, listener)
    try:
        used = await patiently(pins.redeem(services.db, services.vault, found, attempt, now))
    except (pins.WrongPin, pins.PinLocked, rules.CannotUse) as error:
        return await _refused(request, found, error, form, now)
    receipt = forms.make_receipt(services.vault, used.code, used.uses, now)
    query = f"{visit.query}&" if visit.query else "?"
    to = f"{look.path_of(found)}{query}ok={receipt}"
    return answer(303, [("location", to), ("cache-control", "no-store")])


@route("/p/{campaign:str}/{session:str}/coupon.ics", http_method=_READ)
async def show_calendar(request: AnyRequest, campaign: Part, session: Part) -> Answer:
    """The first day of a coupon that is not valid yet, for the consumer's calendar."""
    now = clock.now()
    found = await find(services_of(request), campaign, session)
    if found is None or found.campaign.starts_at is None or found.campaign.has_begun(now):
        return notes.unknown(request)
    link = look.link_of(found, _visit(request, found.campaign))
    event = ics.calendar(found.campaign, found.campaign.starts_at, link, now)
    headers = [
        ("content-type", "text/calendar; charset=utf-8"),
        ("cache-control", "private, no-store"),
        ("referrer-policy", "no-referrer"),
    ]
    return answer(200, headers, event.encode("utf-8", "replace"))


@route("/p/{campaign:str}/picture/{name:str}", http_method=_READ)
async def show_picture(request: AnyRequest, campaign: Part, name: Part) -> Answer:
    number, code = _PICTURE.match(name), read_code(campaign)
    if not number or not code:
        return notes.unknown(request)
    db = services_of(request).db
    picture = await patiently(campaigns.picture_of_code(db, code, int(number[1])))
    if picture is None:
        return notes.unknown(request)
    headers = [
        ("content-type", "image/webp"),
        ("cache-control", "public, max-age=31536000, immutable"),
        ("x-content-type-options", "nosniff"),
    ]
    return answer(200, headers, bytes(picture.webp))


@route(_NOWHERE, http_method=_READ)
async def show_nothing(request: AnyRequest) -> Answer:
    return notes.unknown(request)


def _visit(request: AnyRequest, campaign: Campaign) -> Visit:
    settings = services_of(request).settings
    asked, accepted = notes.asked_language(request), notes.accepted_languages(request)
    return Visit(
        language=choose_language(asked, accepted, campaign.language),
        asked=asked,
        accepted=accepted,
        link_host=settings.link_host,
        public_url=settings.public_url,
    )


def _coupon(
    request: AnyRequest,
    found: Linked,
    now: datetime,
    *,
    staff: Staff | None = None,
    accepted_at: datetime | None = None,
    status: int = 200,
) -> Answer:
    session, visit = found.session, _visit(request, found.campaign)
    state = rules.state_of(session, found.campaign, now)
    token = forms.make_token(services_of(request).vault, session.code, session.uses, now)
    standing = look.standing(found, state, visit, now, accepted_at)
    rest = look.rest(found, state, visit, token, staff)
    return _print(request, found.campaign, visit, standing, rest, status)


def _print(
    request: AnyRequest,
    campaign: Campaign,
    visit: Visit,
    standing: Standing,
    rest: Rest,
    status: int = 200,
    frames: str = framing.NOBODY,
) -> Answer:
    gzip = notes.reads_gzip(request)
    if standing.is_common and rest.is_plain and rest.code is not None:
        other = look.switch(campaign, visit)
        key = (campaign.code, campaign.version, visit.language, visit.query, other, standing,
               rest.reports_open, rest.staff is None, visit.public_url)  # fmt: skip
        blank = _kept.get(key, lambda: _blank(campaign, visit, standing, rest))
        code = rest.code
        mine = (rest.path, rest.token, code.path, code.box, code.short)
        text = blank.fill(dict(zip(_BLANKS, mine, strict=True)))
        return paper.print_page(blank.beginning, text, status=status, gzip=gzip)
    beginning = _begin(campaign, visit, standing)
    text = paper.render("personal.html", r=rest, w=visit.words, c=campaign)
    headers = _RETRY if status == 429 else ()
    return paper.print_page(
        beginning, text, status=status, gzip=gzip, headers=headers, frames=frames
    )


def _begin(campaign: Campaign, visit: Visit, standing: Standing) -> paper.Beginning:
    css, offer = paper.style_of(campaign.brand_color), look.offer(campaign, visit)
    return paper.begin(visit.language, css, "offer.html", o=offer, s=standing, w=visit.words)


def _blank(campaign: Campaign, visit: Visit, standing: Standing, rest: Rest) -> paper.Blank:
    """The page of everybody whose coupon stands the same, with blanks for the codes."""
    path, token, *code = map(paper.blank_of, _BLANKS)
    empty = msgspec.structs.replace(rest, path=path, token=token, code=look.Code(*code))
    return paper.print_blank(
        _begin(campaign, visit, standing),
        "personal.html",
        _BLANKS,
        r=empty,
        w=visit.words,
        c=campaign,
    )


def _problem(
    found: Linked, visit: Visit, form: forms.Form, uses: int | None, now: datetime
) -> tuple[int, Staff] | None:
    """What is wrong with the form, before any PIN is looked at: status and what to say."""
    words = visit.words
    if rules.why_not_usable(found.session, found.campaign, now) or not found.has_pins:
        return 409, Staff()
    if uses is None:
        return 422, Staff(is_open=True, alert=words.too_old, amount=form.amount)
    if uses != found.session.uses:
        return 409, Staff(is_open=True, alert=words.used_meanwhile)
    if not is_pin(form.pin):
        return 422, Staff(is_open=True, pin_error=words.no_pin, amount=form.amount)
    if form.amount and not _AMOUNT.match(form.amount):
        return 422, Staff(is_open=True, amount_error=words.bad_amount, amount=form.amount)
    return None


async def _refused(
    request: AnyRequest, found: Linked, error: Exception, form: forms.Form, now: datetime
) -> Answer:
    """The same page again with the reason; after a lost race, with the state of now."""
    visit = _visit(request, found.campaign)
    words = visit.words
    if isinstance(error, pins.WrongPin) and error.left:
        text = f"{words.wrong_pin} {counted(visit.language, words.tries_left, error.left)}"
        staff = Staff(is_open=True, pin_error=text, amount=form.amount)
        return _coupon(request, found, now, staff=staff, status=422)
    if isinstance(error, pins.WrongPin | pins.PinLocked):
        staff = Staff(is_open=True, is_locked=True)
        return _coupon(request, found, now, staff=staff, status=429)
    services = services_of(request)
    current = await find(services, found.campaign.code, found.session.code) or found
    alert = words.used_meanwhile
    if isinstance(error, rules.LimitReached):
        alert = words.limit
    elif isinstance(error, rules.Reserved):
        alert = words.held
    staff = Staff(is_open=True, alert=alert)
    return _coupon(request, current, now, staff=staff, status=409)


ROUTES: list[Router] = [
    Router(
        path="/",
        route_handlers=[
            show_coupon,
            show_offer,
            opens.report_open,
            *stop.ROUTES,
            redeem,
            show_calendar,
            show_picture,
            show_nothing,
        ],
        exception_handlers={Exception: notes.trouble},
        include_in_schema=False,
    )
]
