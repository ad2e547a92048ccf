"""The staff takes the coupon in on the consumer's phone: by the PIN of the place, or by a
button with a second question."""

from __future__ import annotations

import re
import secrets
from collections.abc import Awaitable
from datetime import datetime

import msgspec
from litestar import post, route

from tearoff.accounts.locations import is_pin
from tearoff.coupons import actions, rules
from tearoff.coupons.links import Linked
from tearoff.coupons.models import Doer, Session
from tearoff.kit import clock
from tearoff.kit.proxies import client_address, network_of
from tearoff.kit.services import Services, services_of
from tearoff.web import forms, notes, paper, pins
from tearoff.web.finding import PERSONAL, find, patiently
from tearoff.web.forms import Form
from tearoff.web.pages import print_coupon
from tearoff.web.paper import Answer, answer
from tearoff.web.personal import SHOWS_CODE, Staff
from tearoff.web.robots import is_robot
from tearoff.web.standing import path_of
from tearoff.web.visits import READ, AnyRequest, Part, Visit, visit_to
from tearoff.web.words import Words, counted

PHONE_COOKIE = "tearoff_pin"

_PHONE = re.compile(r"[0-9a-f]{24}\Z")
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
        return print_coupon(request, found, now, staff=staff, status=status)
    phone = _phone(request)
    try:
        if by_button:
            used = await patiently(_by_button(request, services, found, form, now))
        else:
            used = await patiently(_by_pin(request, services, found, form, phone, now))
    except (pins.WrongPin, pins.PinLocked) as error:
        refused = await _refused(request, found, error, form, now)
        return refused.with_header("set-cookie", _cookie(services, phone))
    except rules.CannotUse as error:
        return await _refused(request, found, error, form, now)
    receipt = forms.make_receipt(services.vault, used.code, used.uses, now)
    query = f"{visit.query}&" if visit.query else "?"
    to = f"{path_of(found)}{query}ok={receipt}"
    return answer(303, [("location", to), ("cache-control", "no-store")])


def _by_pin(
    request: AnyRequest, services: Services, found: Linked, form: Form, phone: str, now: datetime
) -> Awaitable[Session]:
    attempt = pins.Attempt(
        form.pin,
        _amount(form),
        form.receipt or None,
        found.session.uses,
        network_of(client_address(request.scope, services.settings.trusted_proxies)),
        phone,
        found.listener(services.settings.link_host),
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


def _phone(request: AnyRequest) -> str:
    """By what this phone is known since its first wrong PIN, or will be."""
    known = str(request.cookies.get(PHONE_COOKIE, ""))
    return known if _PHONE.match(known) else secrets.token_hex(12)


def _cookie(services: Services, phone: str) -> str:
    lives = int(pins.LOCKED_FOR.total_seconds()) * 2
    secure = "; Secure" if services.settings.public_url.startswith("https:") else ""
    return f"{PHONE_COOKIE}={phone}; Max-Age={lives}; Path=/; HttpOnly; SameSite=Lax{secure}"


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


def _problem(
    found: Linked, words: Words, form: Form, uses: int | None, *, by_button: bool, now: datetime
) -> tuple[int, Staff] | None:
    """What is wrong with the form, before any PIN is looked at: status and what to say."""
    state = rules.state_of(found.session, found.campaign, now)
    has_pin = found.has_pins and "pin" in found.campaign.options.methods
    if state not in SHOWS_CODE or not (by_button or has_pin):
        return 409, Staff()
    typed = Staff(is_open=True, amount=form.amount, receipt=form.receipt)
    if uses is None:
        return 422, _but(typed, alert=words.too_old)
    if uses != found.session.uses:
        return 409, Staff(is_open=True, alert=words.used_meanwhile)
    if not by_button and not is_pin(form.pin):
        return 422, _but(typed, pin_error=words.no_pin)
    return _problem_of_fields(found, words, form, typed)


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
    visit: Visit = visit_to(request, found)
    words = visit.words
    if isinstance(error, pins.WrongPin) and error.left:
        text = f"{words.wrong_pin} {counted(visit.language, words.tries_left, error.left)}"
        staff = Staff(is_open=True, pin_error=text, amount=form.amount, receipt=form.receipt)
        return print_coupon(request, found, now, staff=staff, status=422)
    if isinstance(error, pins.WrongPin | pins.PinLocked):
        staff = Staff(is_open=True, is_locked=True)
        return print_coupon(request, found, now, staff=staff, status=429)
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


HANDLERS = [ask, redeem]
