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
from tearoff.coupons import rules
from tearoff.coupons.models import Doer, Session
from tearoff.coupons.sessions import actions
from tearoff.coupons.sessions.behind_link import Linked
from tearoff.coupons.sessions.pin_tries import LOCKED_FOR
from tearoff.kit import clock
from tearoff.kit.amounts import is_unlikely, read_amount
from tearoff.kit.codes import shown_code
from tearoff.kit.services import Services, services_of
from tearoff.kit.words import LANGUAGES
from tearoff.web.coupon import accepted, last_try, pins
from tearoff.web.coupon.finding import PERSONAL, find
from tearoff.web.coupon.last_try import Tried, to_coupon
from tearoff.web.coupon.offer import offer
from tearoff.web.coupon.personal import staff_of, warned
from tearoff.web.coupon.robots import is_robot
from tearoff.web.coupon.savable import SHOWS_CODE
from tearoff.web.coupon.standing import left_of, path_of
from tearoff.web.coupon.visits import Part, Visit, network_seen, visit_to
from tearoff.web.paper import forms, html, notes, reading
from tearoff.web.paper.forms import Form
from tearoff.web.paper.html import Answer, answer
from tearoff.web.paper.reading import READ, AnyRequest, patiently

_PLACE = re.compile(r"[0-9]{1,15}\Z")
_RECEIPT = re.compile(r"[^\x00-\x1f]{1,50}\Z")


@route([f"{path}/confirm" for path in PERSONAL], http_method=READ)
async def ask(request: AnyRequest, campaign: Part, session: Part) -> Answer:
    """The second question of the button: nothing is done by the first tap."""
    now = clock.now()
    found = await find(services_of(request), campaign, session)
    if found is None:
        return notes.unknown(request)
    if not _has_button(found, now):
        return to_coupon(request, found)
    return _ask(request, found, now)


@route([f"{path}/place" for path in PERSONAL], http_method=READ)
async def ask_place(request: AnyRequest, campaign: Part, session: Part) -> Answer:
    """The PIN beside the place that it belongs to."""
    now = clock.now()
    found = await find(services_of(request), campaign, session)
    if found is None:
        return notes.unknown(request)
    if not found.asks_place or _has_no_way(found, now):
        return to_coupon(request, found)
    return await _ask_place(request, found, now)


@post([f"{path}/redeem" for path in PERSONAL])
async def redeem(request: AnyRequest, campaign: Part, session: Part) -> Answer:
    services, form, now = services_of(request), await forms.read_form(request), clock.now()
    found = await find(services, campaign, session)
    if found is None:
        return notes.unknown(request)
    by_button = bool(form.sure) and _has_button(found, now)
    problem = _problem(request, found, form, by_button=by_button, now=now)
    if problem is not None:
        return _lead(request, found, problem, form, by_button=by_button)
    try:
        if by_button:
            used = await patiently(_by_button(request, services, found, form, now))
        else:
            used = await patiently(_by_pin(request, services, found, form, now))
    except (pins.WrongPin, pins.PinTooSoon, pins.PinLocked, rules.CannotUse) as error:
        return _lead(request, found, _refused(found, error, form, now), form, by_button=by_button)
    receipt = forms.make_receipt(services.vault, used)
    visit = visit_to(request, found)
    query = f"{visit.query}&" if visit.query else "?"
    to = f"{path_of(found)}{query}ok={receipt}"
    cookie = accepted.cookie(services, used.id, receipt)
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
    return read_amount(form.amount) if form.amount else None


def _has_button(found: Linked, now: datetime) -> bool:
    state = rules.state_of(found.session, found.campaign, now)
    return "button" in found.campaign.options.methods and state in SHOWS_CODE


def _ask(request: AnyRequest, found: Linked, now: datetime) -> Answer:
    services, visit, tried = services_of(request), *_visit(request, found, now)
    token = forms.make_token(services.vault, found.session.code, found.session.uses, now)
    text = html.render(
        "coupon/confirm.html", visit.words, left=_left(found, visit),
        f=warned(found, tried.staff(visit) if tried else None, visit, now),
        path=path_of(found), query=visit.query, token=token, options=found.campaign.options,
        o=offer(found.campaign, visit),
    )  # fmt: skip
    return _print(request, found, visit, tried, text, now)


async def _ask_place(request: AnyRequest, found: Linked, now: datetime) -> Answer:
    services, visit, tried = services_of(request), *_visit(request, found, now)
    places = await patiently(
        locations.pin_places(services.db, found.campaign.account_id, found.campaign.id)
    )
    text = html.render(
        "coupon/place.html", visit.words, o=offer(found.campaign, visit),
        short=shown_code(found.session.short_code), left=_left(found, visit),
        f=staff_of(found, tried.staff(visit) if tried else None, visit, now),
        path=path_of(found), query=visit.query, options=found.campaign.options, places=places,
        token=forms.make_token(services.vault, found.session.code, found.session.uses, now),
    )  # fmt: skip
    return _print(request, found, visit, tried, text, now)


def _left(found: Linked, visit: Visit) -> str:
    return left_of(found, visit).text if found.campaign.uses > 1 else ""


def _visit(request: AnyRequest, found: Linked, now: datetime) -> tuple[Visit, Tried | None]:
    """With what the last try came to, which other languages tell as well."""
    visit, vault = visit_to(request, found), services_of(request).vault
    told = last_try.read(request, vault, found, now)
    return (
        (visit, None)
        if told is None
        else (last_try.keeping(visit, last_try.NAME, told[1]), told[0])
    )


def _print(
    request: AnyRequest,
    found: Linked,
    visit: Visit,
    tried: Tried | None,
    text: str,
    now: datetime,
) -> Answer:
    """A page of the staff's, which asks one thing."""
    css = html.style_of(found.campaign.brand_color)
    beginning = html.begin(
        visit.language, css, "paper/note_head.html", (*notes.STYLE, "coupon/langs")
    )
    status, headers = last_try.answers_with(tried, now)
    gzip = reading.reads_gzip(request)
    return html.print_page(beginning, text, status=status, gzip=gzip, headers=headers)


def _lead(
    request: AnyRequest, found: Linked, tried: Tried, form: Form, *, by_button: bool
) -> Answer:
    """To the page on which it is typed, with what the try came to; and with the state of now
    where the coupon itself stands in the way."""
    visit, to = visit_to(request, found), path_of(found)
    asked = form.fields.get("lang", "")
    if asked in LANGUAGES:
        visit = msgspec.structs.replace(visit, language=asked, asked=asked)
    if tried.status in (200, 422, 429):
        if by_button:
            to += "/confirm"
        elif found.asks_place:
            to += "/place"
    return last_try.lead(services_of(request).vault, to, visit, tried)


def _has_no_way(found: Linked, now: datetime, *, by_button: bool = False) -> bool:
    """Whether the coupon cannot be used by a PIN (or by the button) now."""
    state = rules.state_of(found.session, found.campaign, now)
    has_pin = found.pins > 0 and "pin" in found.campaign.options.methods
    return state not in SHOWS_CODE or not (by_button or has_pin)


def _problem(
    request: AnyRequest, found: Linked, form: Form, *, by_button: bool, now: datetime
) -> Tried | None:
    """What is wrong with the form, all of it, before any PIN is looked at; or nothing, when
    another language was asked for in the middle of it."""
    if _has_no_way(found, now, by_button=by_button):
        return _tried(found, form, 409)
    if by_button and is_robot(request):
        return _tried(found, form, 200, "no_person")
    if form.fields.get("lang") in LANGUAGES:
        return _tried(found, form, 200)
    vault = services_of(request).vault
    uses = forms.shown_uses(vault, form.token, found.session.code, now)
    if uses is None:
        return _tried(found, form, 422, "too_old")
    if uses != found.session.uses:
        return _tried(found, form, 409, "used_meanwhile")
    said = _wrong_fields(found, form, by_button=by_button)
    return _tried(found, form, 422, *said) if said else None


def _wrong_fields(found: Linked, form: Form, *, by_button: bool) -> list[str]:
    options, said = found.campaign.options, []
    if not by_button and found.asks_place and not _PLACE.match(form.place):
        said.append("no_place")
    if not by_button and not is_pin(form.pin):
        said.append("no_pin")
    if not form.amount and options.ask_amount == "required":
        said.append("no_amount")
    if form.amount:
        said += _wrong_amount(form)
    is_receipt_wrong = bool(form.receipt) and not _RECEIPT.match(form.receipt)
    if is_receipt_wrong or (not form.receipt and options.ask_receipt == "required"):
        said.append("no_receipt")
    return said


def _wrong_amount(form: Form) -> list[str]:
    """An unlikely one is asked about once: sent again as it was shown, it is meant."""
    amount = read_amount(form.amount)
    if amount is None:
        return ["bad_amount"]
    is_sure = form.fields.get("asked_amount") == form.amount
    return ["sure_amount"] if is_unlikely(amount) and not is_sure else []


def _tried(
    found: Linked, form: Form, status: int, *said: str, left: int = 0, until: float = 0
) -> Tried:
    # Now, and not as the form came: what was in the way may have been a use at the same moment.
    return Tried(
        about=found.session.code,
        at=clock.now().timestamp(),
        status=status,
        said=said,
        left=left,
        until=until,
        amount=form.amount,
        receipt=form.receipt,
        place=form.place[:15],
    )


def _refused(found: Linked, error: Exception, form: Form, now: datetime) -> Tried:
    """Why the coupon was not used; the page tells how it stands, also after a lost race."""
    if isinstance(error, pins.PinTooSoon):
        return _tried(found, form, 429, "slowed", until=now.timestamp() + error.wait)
    if isinstance(error, pins.WrongPin) and error.left:
        if not error.wait:
            return _tried(found, form, 422, "wrong_pin", left=error.left)
        said, until = ("wrong_pin", "slowed"), now.timestamp() + error.wait
        return _tried(found, form, 429, *said, left=error.left, until=until)
    if isinstance(error, pins.WrongPin | pins.PinLocked):
        until_ = error.until if isinstance(error, pins.PinLocked) else now + LOCKED_FOR
        return _tried(found, form, 429, until=until_.timestamp())
    if isinstance(error, rules.LimitReached):
        return _tried(found, form, 409, last_try.limit_of(error))
    said_ = "held" if isinstance(error, rules.Reserved) else "used_meanwhile"
    return _tried(found, form, 409, said_)


HANDLERS = [ask, ask_place, redeem]
