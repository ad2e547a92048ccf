"""The consumer's pages: the coupon behind a personal link, the offer behind a public one.

GET and HEAD change nothing. An open is recorded when the visible page reports itself, a use
when the staff's PIN is posted.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable
from datetime import UTC, datetime
from typing import Any, Literal, TypeVar

from litestar import Request, Router, post, route
from litestar.response.base import ASGIResponse

from tearoff.accounts.actions import is_pin
from tearoff.coupons import actions, campaigns, rules
from tearoff.coupons.links import Linked, linked
from tearoff.coupons.models import Campaign, Doer
from tearoff.kit import clock
from tearoff.kit.db import DatabaseAway
from tearoff.kit.proxies import client_address, network_of
from tearoff.kit.services import Services, services_of
from tearoff.web import forms, ics, look, notes, pins
from tearoff.web.look import Staff, Visit
from tearoff.web.notes import error_page
from tearoff.web.paper import answer, print_page, style_of
from tearoff.web.robots import is_person
from tearoff.web.words import WORDS, choose_language, counted

__all__ = ["ROUTES", "error_page"]

T = TypeVar("T")
AnyRequest = Request[Any, Any, Any]

PATIENCE = 8
"""Seconds after which the database counts as away: the consumer stands at a counter."""

_CODE = re.compile(r"[0-9a-z]{1,32}\Z")
_AMOUNT = re.compile(r"[0-9]{1,9}([.,][0-9]{1,2})?\Z")
_BODY_LIMIT = 16_384
_RETRY = (("retry-after", str(int(pins.LOCKED_FOR.total_seconds()))),)
_READ: list[Literal["GET", "HEAD"]] = ["GET", "HEAD"]
_PERSONAL = ["/p/{campaign:str}/{session:str}", "/z/{campaign:str}/{session:str}"]
_PUBLIC = ["/p/{campaign:str}", "/z/{campaign:str}"]


@route(_PERSONAL, http_method=_READ, include_in_schema=False)
async def show_coupon(request: AnyRequest, campaign: str, session: str) -> ASGIResponse:
    services, now = services_of(request), clock.now()
    found = await _find(services, campaign, session)
    if found is None:
        return notes.unknown(request)
    receipt = request.query_params.get("ok", "")
    at = receipt and forms.accepted_second(
        services.vault, receipt, found.session.code, found.session.uses, now
    )
    return _coupon(request, found, now, accepted_at=datetime.fromtimestamp(at, UTC) if at else None)


@route(_PUBLIC, http_method=_READ, include_in_schema=False)
async def show_offer(request: AnyRequest, campaign: str) -> ASGIResponse:
    services, code = services_of(request), _read_code(campaign)
    found = await _patiently(campaigns.campaign_of_code(services.db, code))
    if found is None or found.status == "draft":
        return notes.unknown(request)
    visit, brand_css = _visit(request, services, found), style_of(found.brand_color)
    page = look.offer_page(found, visit, clock.now(), brand_css=brand_css)
    return _print(request, page, visit)


@post([f"{path}/open" for path in _PERSONAL], include_in_schema=False,
      request_max_body_size=_BODY_LIMIT)  # fmt: skip
async def report_open(request: AnyRequest, campaign: str, session: str) -> ASGIResponse:
    """The visible page reports itself. The answer is the same whatever becomes of it."""
    services, now, form = services_of(request), clock.now(), await forms.read_form(request)
    found = await _find(services, campaign, session) if is_person(request.headers) else None
    if found is not None and found.session.opened_at is None:
        await _record_open(services, found, form.token, now)
    return answer(b"", [("cache-control", "no-store")], status=204)


@post([f"{path}/redeem" for path in _PERSONAL], include_in_schema=False,
      request_max_body_size=_BODY_LIMIT)  # fmt: skip
async def redeem(request: AnyRequest, campaign: str, session: str) -> ASGIResponse:
    """The staff types the PIN of the place on the consumer's phone."""
    services, now, form = services_of(request), clock.now(), await forms.read_form(request)
    found = await _find(services, campaign, session)
    if found is None:
        return notes.unknown(request)
    visit = _visit(request, services, found.campaign)
    uses = forms.shown_uses(services.vault, form.token, found.session.code, now)
    problem = _problem(found, visit, form, uses, now)
    if problem is not None:
        return _coupon(request, found, now, staff=problem[1], status=problem[0])
    try:
        network = network_of(client_address(request.scope, services.settings.trusted_proxies))
        attempt = pins.Attempt(form.pin, form.amount.replace(",", ".") or None, uses or 0, network)
        used = await _patiently(pins.redeem(services.db, services.vault, found, attempt, now))
    except (pins.WrongPin, pins.PinLocked, rules.CannotUse) as error:
        return await _refused(request, found, error, form, now)
    receipt = forms.make_receipt(services.vault, used.code, used.uses, now)
    query = f"{visit.query}&" if visit.query else "?"
    to = f"/p/{found.campaign.code}/{used.code}{query}ok={receipt}"
    return answer(b"", [("location", to), ("cache-control", "no-store")], status=303)


@route("/p/{campaign:str}/{session:str}/coupon.ics", http_method=_READ, include_in_schema=False)
async def show_calendar(request: AnyRequest, campaign: str, session: str) -> ASGIResponse:
    """The first day of a coupon that is not valid yet, for the consumer's calendar."""
    services, now = services_of(request), clock.now()
    found = await _find(services, campaign, session)
    if found is None or found.campaign.starts_at is None or found.campaign.has_begun(now):
        return notes.unknown(request)
    link = look.link_of(found, _visit(request, services, found.campaign))
    event = ics.calendar(found.campaign, found.campaign.starts_at, link, now)
    headers = [("cache-control", "private, no-store"), ("referrer-policy", "no-referrer")]
    return answer(event.encode(), headers, media_type="text/calendar; charset=utf-8")


@route("/p/{campaign:str}/picture/{name:str}", http_method=_READ, include_in_schema=False)
async def show_picture(request: AnyRequest, campaign: str, name: str) -> ASGIResponse:
    number, code = re.fullmatch(r"([0-9]{1,15})\.webp", name), _read_code(campaign)
    if not number or not code:
        return notes.unknown(request)
    db = services_of(request).db
    picture = await _patiently(campaigns.picture_of_code(db, code, int(number[1])))
    if picture is None:
        return notes.unknown(request)
    headers = [("cache-control", "public, max-age=31536000, immutable"),
               ("x-content-type-options", "nosniff")]  # fmt: skip
    return answer(picture.webp, headers, media_type="image/webp")


@route(["/p", "/z", *(f"{path}/{{rest:path}}" for path in _PERSONAL)], http_method=_READ,
       include_in_schema=False)  # fmt: skip
async def show_nothing(request: AnyRequest) -> ASGIResponse:
    return notes.unknown(request)


async def _find(services: Services, campaign: str, session: str) -> Linked | None:
    codes = _read_code(campaign), _read_code(session)
    if not all(codes):
        return None
    return await _patiently(linked(services.db, *codes))


async def _patiently(work: Awaitable[T]) -> T:
    try:
        async with asyncio.timeout(PATIENCE):
            return await work
    except TimeoutError:
        raise DatabaseAway("The database does not answer.", after=2) from None


def _read_code(text: str) -> str:
    """A code as it stands in a link: in any case, with `&web=true` or the full stop of a
    sentence glued to it. Empty when it can be no code."""
    code = text.partition("&")[0].rstrip(".,;:!?)'\"").lower()
    return code if _CODE.match(code) else ""


def _visit(request: AnyRequest, services: Services, campaign: Campaign) -> Visit:
    asked = request.query_params.get("lang", "")[:10]
    accepted = request.headers.get("accept-language", "")[:200]
    return Visit(
        language=choose_language(asked, accepted, campaign.language),
        asked=asked,
        accepted=accepted,
        link_host=services.settings.link_host,
        public_url=services.settings.public_url,
    )


def _coupon(
    request: AnyRequest,
    found: Linked,
    now: datetime,
    *,
    staff: Staff | None = None,
    accepted_at: datetime | None = None,
    status: int = 200,
) -> ASGIResponse:
    services = services_of(request)
    visit = _visit(request, services, found.campaign)
    page = look.coupon_page(
        found,
        visit,
        now,
        brand_css=style_of(found.campaign.brand_color),
        token=forms.make_token(services.vault, found.session.code, found.session.uses, now),
        staff=staff,
        accepted_at=accepted_at,
    )
    return _print(request, page, visit, status)


def _print(
    request: AnyRequest, page: look.CouponPage, visit: Visit, status: int = 200
) -> ASGIResponse:
    return print_page(
        "coupon.html",
        visit.language,
        page.brand_css,
        status=status,
        gzip=notes.reads_gzip(request),
        headers=_RETRY if status == 429 else (),
        v=page,
        w=WORDS[visit.language],
    )


async def _record_open(services: Services, found: Linked, token: str, now: datetime) -> None:
    if forms.shown_uses(services.vault, token, found.session.code, now) is None:
        return
    try:
        async with services.db.transaction() as db:
            doer = Doer(actor="consumer", channel="page")
            await actions.change(db, found.both, "opened", doer=doer, now=now)
    except rules.CannotUse:
        return


def _problem(
    found: Linked, visit: Visit, form: forms.Form, uses: int | None, now: datetime
) -> tuple[int, Staff] | None:
    """What is wrong with the form, before any PIN is looked at: status and what to say."""
    words = WORDS[visit.language]
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
) -> ASGIResponse:
    """The same page again with the reason; after a lost race, with the state of now."""
    services = services_of(request)
    language = _visit(request, services, found.campaign).language
    words = WORDS[language]
    if isinstance(error, pins.WrongPin):
        text = f"{words.wrong_pin} {counted(language, words.tries_left, error.left)}"
        staff = Staff(is_open=True, pin_error=text, amount=form.amount)
        return _coupon(request, found, now, staff=staff, status=422)
    if isinstance(error, pins.PinLocked):
        staff = Staff(is_open=True, is_locked=True)
        return _coupon(request, found, now, staff=staff, status=429)
    current = await _find(services, found.campaign.code, found.session.code) or found
    is_full = isinstance(error, rules.LimitReached)
    staff = Staff(is_open=True, alert=words.limit if is_full else words.used_meanwhile)
    return _coupon(request, current, now, staff=staff, status=409)


ROUTES: list[Router] = [
    Router(
        path="/",
        route_handlers=[
            show_coupon, show_offer, report_open, redeem, show_calendar, show_picture, show_nothing,
        ],
        exception_handlers={Exception: notes.trouble},
    )
]  # fmt: skip
