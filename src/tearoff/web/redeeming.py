"""The staff takes the coupon in on the consumer's phone: by the PIN of the place, or by a
button with a second question. Where a campaign has many places, the staff says first which
one it is, on a page of its own."""

from __future__ import annotations

import re
from collections.abc import Awaitable
from datetime import datetime

import msgspec
from litestar import post, route

from tearoff.accounts import locations
from tearoff.accounts.locations import is_pin
from tearoff.coupons import actions, rules
from tearoff.coupons.links import Linked
from tearoff.coupons.models import Doer, Session
from tearoff.kit import clock
from tearoff.kit.services import Services, services_of
from tearoff.web import forms, notes, paper, pins, served
from tearoff.web.finding import PERSONAL, find, patiently
from tearoff.web.forms import Form
from tearoff.web.keeping import SHOWS_CODE
from tearoff.web.offer import offer
from tearoff.web.pages import print_coupon
from tearoff.web.paper import Answer, answer
from tearoff.web.personal import Staff, staff_of
from tearoff.web.robots import is_robot
from tearoff.web.standing import path_of
from tearoff.web.visits import READ, AnyRequest, Part, network_seen, visit_to
from tearoff.web.words import Words, counted

_PLACE = re.compile(r"[0-9]{1,15}\Z")
_AMOUNT = re.compile(r"[0-9]{1,9}([.,][0-9]{1,2})?\Z")
_RECEIPT = re.compile(r"[^\x00-\x1f]{1,50}\Z")


@route([f"{path}/confirm" for path in PERSONAL], http_method=READ)
async def ask(request: AnyRequest, campaign: Part, session: Part) -> Answer:
    """The second question of the button: nothing is done by the first tap."""
    now = clock.now()
    found = await find(services_of(request), campaign, session)
    if found is None:
        return notes.unknown(request)
    if not _has_button(found, now):
        return print_coupon(request, found, now)
    return _ask(request, found, now, Staff())


@route([f"{path}/place" for path in PERSONAL], http_method=READ)
async def ask_place(request: AnyRequest, campaign: Part, session: Part) -> Answer:
    """The PIN beside the place that it belongs to."""
    now = clock.now()
    found = await find(services_of(request), campaign, session)
    if found is None:
        return notes.unknown(request)
    if not found.asks_place or _why_no_way(found, now):
        to = path_of(found) + visit_to(request, found).query
        return answer(303, [("location", to), ("cache-control", "private, no-store")])
    return await _show(request, found, now, Staff())


@post([f"{path}/redeem" for path in PERSONAL])
async def redeem(request: AnyRequest, campaign: Part, session: Part) -> Answer:
    services, now, form = services_of(request), clock.now(), await forms.read_form(request)
    found = await find(services, campaign, session)
    if found is None:
        return notes.unknown(request)
    visit = visit_to(request, found)
    uses = forms.shown_uses(services.vault, form.token, found.session.code, now)
    by_button = bool(form.sure) and _has_button(found, now)
    if by_button and is_robot(request):
        return print_coupon(request, found, now)
    problem = _problem(found, visit.words, form, uses, by_button=by_button, now=now)
    if problem is not None:
        status, staff = problem
        if by_button and status == 422:
            return _ask(request, found, now, staff, status)
        return await _show(request, found, now, staff, status)
    try:
        if by_button:
            used = await patiently(_by_button(request, services, found, form, now))
        else:
            used = await patiently(_by_pin(request, services, found, form, now))
    except (pins.WrongPin, pins.PinTooSoon, pins.PinLocked, rules.CannotUse) as error:
        return await _refused(request, found, error, form, now)
    receipt = forms.make_receipt(services.vault, used.code, used.uses, now)
    query = f"{visit.query}&" if visit.query else "?"
    to = f"{path_of(found)}{query}ok={receipt}"
    cookie = served.cookie(services, used.id, receipt)
    return answer(303, [("location", to), ("set-cookie", cookie), ("cache-control", "no-store")])


def _by_pin(
    request: AnyRequest, services: Services, found: Linked, form: Form, now: datetime
) -> Awaitable[Session]:
    attempt = pins.Attempt(
        form.pin,
        _amount(form),
        form.receipt or None,
        found.session.uses,
        network_seen(request),
        int(form.place) if found.asks_place else None,
        found.listener(services.settings.link_host),
        forms.once_of(form.token),
    )
    return pins.redeem(services.db, services.vault, found, attempt, now)


async def _by_button(
    request: AnyRequest, services: Services, found: Linked, form: Form, now: datetime
) -> Session:
    async with services.db.transaction() as db:
        return await actions.validate(
            db,
            found.both,
            doer=Doer(actor="staff", channel="button"),
            now=now,
            value=_amount(form),
            receipt=form.receipt or None,
            if_uses=found.session.uses,
            listener=found.listener(services.settings.link_host),
        )


def _amount(form: Form) -> str | None:
    return form.amount.replace(",", ".") or None


def _has_button(found: Linked, now: datetime) -> bool:
    state = rules.state_of(found.session, found.campaign, now)
    return "button" in found.campaign.options.methods and state in SHOWS_CODE


def _ask(
    request: AnyRequest, found: Linked, now: datetime, staff: Staff, status: int = 200
) -> Answer:
    services, visit = services_of(request), visit_to(request, found)
    token = forms.make_token(services.vault, found.session.code, found.session.uses, now)
    text = paper.render(
        "confirm.html", w=visit.words, f=staff, path=path_of(found), query=visit.query, token=token,
        options=found.campaign.options,
    )  # fmt: skip
    css = paper.style_of(found.campaign.brand_color)
    beginning = paper.begin(visit.language, css, "note_head.html", notes.STYLE)
    return paper.print_page(beginning, text, status=status, gzip=notes.reads_gzip(request))


async def _show(
    request: AnyRequest,
    found: Linked,
    now: datetime,
    staff: Staff,
    status: int = 200,
    retry_after: int = 0,
) -> Answer:
    """The page on which the PIN is typed, with what the last try came to."""
    if not found.asks_place or (not staff.is_open and status != 200):
        return print_coupon(
            request, found, now, staff=staff, status=status, retry_after=retry_after
        )
    services, visit = services_of(request), visit_to(request, found)
    places = await patiently(
        locations.pin_places(services.db, found.campaign.account_id, found.campaign.id)
    )
    code = found.session.short_code
    text = paper.render(
        "place.html", o=offer(found.campaign, visit), short=f"{code[:3]} {code[3:]}".upper(),
        w=visit.words, f=staff_of(found, staff, visit, now), path=path_of(found),
        query=visit.query, options=found.campaign.options, places=places,
        token=forms.make_token(services.vault, found.session.code, found.session.uses, now),
    )  # fmt: skip
    css = paper.style_of(found.campaign.brand_color)
    beginning = paper.begin(visit.language, css, "note_head.html", notes.STYLE)
    headers = [("retry-after", str(retry_after))] if retry_after else []
    gzip = notes.reads_gzip(request)
    return paper.print_page(beginning, text, status=status, gzip=gzip, headers=headers)


def _why_no_way(found: Linked, now: datetime, *, by_button: bool = False) -> bool:
    """Whether the coupon cannot be used by a PIN (or by the button) now."""
    state = rules.state_of(found.session, found.campaign, now)
    has_pin = found.pins > 0 and "pin" in found.campaign.options.methods
    return state not in SHOWS_CODE or not (by_button or has_pin)


def _problem(
    found: Linked, words: Words, form: Form, uses: int | None, *, by_button: bool, now: datetime
) -> tuple[int, Staff] | None:
    """What is wrong with the form, before any PIN is looked at: status and what to say."""
    if _why_no_way(found, now, by_button=by_button):
        return 409, Staff()
    typed = _typed(form)
    if uses is None:
        return 422, _but(typed, alert=words.too_old)
    if uses != found.session.uses:
        return 409, Staff(is_open=True, alert=words.used_meanwhile)
    if not by_button and found.asks_place and not _PLACE.match(form.place):
        return 422, _but(typed, place_error=words.no_place)
    if not by_button and not is_pin(form.pin):
        return 422, _but(typed, pin_error=words.no_pin)
    return _problem_of_fields(found, words, form, typed)


def _typed(form: Form) -> Staff:
    return Staff(is_open=True, amount=form.amount, receipt=form.receipt, place=form.place)


def _problem_of_fields(
    found: Linked, words: Words, form: Form, typed: Staff
) -> tuple[int, Staff] | None:
    options = found.campaign.options
    if not form.amount and options.ask_amount == "required":
        return 422, _but(typed, amount_error=words.no_amount)
    if form.amount and not _AMOUNT.match(form.amount):
        return 422, _but(typed, amount_error=words.bad_amount)
    is_receipt_wrong = bool(form.receipt) and not _RECEIPT.match(form.receipt)
    if is_receipt_wrong or (not form.receipt and options.ask_receipt == "required"):
        return 422, _but(typed, receipt_error=words.no_receipt)
    return None


def _but(staff: Staff, **values: str) -> Staff:
    return msgspec.structs.replace(staff, **values)


async def _refused(
    request: AnyRequest, found: Linked, error: Exception, form: Form, now: datetime
) -> Answer:
    """The same page again with the reason; after a lost race, with the state of now."""
    visit = visit_to(request, found)
    words, typed = visit.words, _typed(form)
    if isinstance(error, pins.PinTooSoon):
        staff = _but(typed, pin_error=words.slowed)
        return await _show(request, found, now, staff, 429, error.wait)
    if isinstance(error, pins.WrongPin) and error.left:
        text = f"{words.wrong_pin} {counted(visit.language, words.tries_left, error.left)}"
        if not error.wait:
            return await _show(request, found, now, _but(typed, pin_error=text), 422)
        staff = _but(typed, pin_error=f"{text} {words.slowed}")
        return await _show(request, found, now, staff, 429, error.wait)
    if isinstance(error, pins.WrongPin | pins.PinLocked):
        until = error.until if isinstance(error, pins.PinLocked) else now + pins.LOCKED_FOR
        locked = msgspec.structs.replace(found, pin_locked_until=until)
        wait = max(1, int((until - now).total_seconds()))
        return await _show(request, locked, now, Staff(is_open=True), 429, wait)
    services = services_of(request)
    current = await find(services, found.campaign.code, found.session.code) or found
    staff = Staff(is_open=True, alert=_alert(error, words))
    return print_coupon(request, current, now, staff=staff, status=409)


def _alert(error: Exception, words: Words) -> str:
    if isinstance(error, rules.LimitReached):
        told = {"day": words.limit_day, "location": words.limit_location,
                "person": words.limit_person}  # fmt: skip
        return told.get(error.which, words.limit)
    return words.held if isinstance(error, rules.Reserved) else words.used_meanwhile


HANDLERS = [ask, ask_place, redeem]
