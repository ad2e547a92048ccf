"""The public link: the offer on GET; a coupon of one's own begins by POST, and from then on the
same phone comes back to it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
from litestar import post, route

from tearoff.accounts import queries as accounts
from tearoff.coupons import rules
from tearoff.coupons.models import UTM_NAMES, Campaign, NewSession
from tearoff.coupons.sessions import public, queries
from tearoff.hooks.models import Listener
from tearoff.kit import clock, doorbook, metrics, times
from tearoff.kit.doorbook import Event
from tearoff.kit.services import Services, services_of
from tearoff.kit.visible import as_seen
from tearoff.kit.words import LANGUAGES
from tearoff.web.coupon import (
    last_try,
    link_again,
    lost_answer,
    own_coupon,
    questions,
    returned_form,
)
from tearoff.web.coupon.finding import PUBLIC, find_campaign
from tearoff.web.coupon.pages import print_offer
from tearoff.web.coupon.questions import Filled
from tearoff.web.coupon.returned_form import Filling
from tearoff.web.coupon.robots import is_robot, judge_request
from tearoff.web.coupon.standing import GONE, all_gone, public_mark, public_standing
from tearoff.web.coupon.visits import Part, Visit, network_seen, visit_of
from tearoff.web.paper import forms, framing, notes, reading
from tearoff.web.paper.html import Answer, answer
from tearoff.web.paper.reading import READ, AnyRequest, patiently

PRESSED = "press"
"""What the button adds to the form; a page that sends its form by itself leaves it out."""

_SENT, _HAS_ONE, _NETWORK_FULL = "sent", "already_have", "network_full"
"""What a form may come to, in `Filling.said`; other names are those of `last_try`."""

_WHY = {True: "the page was visible", False: "the button was pressed"}

_CARRIED = ("customid", *UTM_NAMES)
_LONGEST_CARRIED = 100


class Begin(msgspec.Struct, frozen=True):
    """The form of the public page. `carried` are values of the address that the coupon keeps;
    `is_quick`: it sends itself when the page is seen; `problem` is about the whole form;
    `offered` and `sent` are about the link of a coupon that somebody has already."""

    path: str
    token: str
    carried: tuple[tuple[str, str], ...] = ()
    is_quick: bool = False
    problem: str = ""
    offered: link_again.Offered | None = None
    sent: link_again.Sent | None = None
    questions: questions.Questions = questions.Questions()


@route(PUBLIC, http_method=READ)
async def show_offer(request: AnyRequest, campaign: Part) -> Answer:
    services, now = services_of(request), clock.now()
    found = await find_campaign(services, campaign)
    if found is None or found.status == "draft":
        return notes.unknown(request)
    metrics.page_hits.labels("offer").inc()
    visit = _visit(request, found)
    # In a frame there is only the offer: personal pages are never framed.
    code = "" if visit.is_framed else await own_coupon.code_of(request, services, found, now)
    if code:
        return own_coupon.lead(found, code, visit, 302)
    frames = await framing.frames_of(request, found)
    is_gone = await patiently(public.is_all_gone(services.db, found, now))
    name = lost_answer.name_of(request, found, now) if is_gone and not visit.is_framed else None
    if name is not None:  # the last one may have gone to this very browser
        last = await patiently(queries.code_begun_by(services.db, found.id, name))
        if last is not None:
            return own_coupon.lead_to_new(request, found, last, visit, 302)
    told = returned_form.read(request, found, now)
    if told is not None:
        visit = msgspec.structs.replace(visit, kept=((returned_form.NAME, told[1]),))
        return await _tell(request, found, visit, told[0], now, is_gone=is_gone)
    return _show(request, found, visit, Filled(), now, frames=frames, is_gone=is_gone)


@route([f"{path}/now" for path in PUBLIC], http_method=READ)
async def show_now(request: AnyRequest, campaign: Part) -> Answer:
    """What the open page asks for: how the offer stands. A page that begins by itself asks first
    whether anybody answers."""
    services, now = services_of(request), clock.now()
    found = await find_campaign(services, campaign)
    if found is None or found.status == "draft":
        return answer(404, [("cache-control", "no-store")])
    is_gone = await patiently(public.is_all_gone(services.db, found, now))
    headers = [("content-type", "text/plain; charset=utf-8"), ("cache-control", "no-store")]
    return answer(200, headers, public_mark(found, now, is_gone=is_gone).encode())


@post(PUBLIC)
async def begin(request: AnyRequest, campaign: Part) -> Answer:
    """Somebody acts, or the visible page reports itself: the coupon is made, and the address
    changes to its own. A robot, or another site, changes nothing and sees the page."""
    services, form, now = services_of(request), await forms.read_form(request), clock.now()
    notes.keep_typed(request, form.fields)
    found = await find_campaign(services, campaign)
    if found is None or found.status == "draft":
        return notes.unknown(request)
    visit = _visit(request, found, form.fields)
    shown = questions.consents_shown(found, visit)
    nonce = forms.begun_by(services.vault, form.token, found.code, shown, now)
    filled = await _read(services, found, form.fields, visit)

    async def back(**told: Any) -> Answer:
        filling = Filling(**told)
        led = returned_form.lead(request, found, visit, form.fields, filling, now)
        filling = msgspec.structs.replace(filling, typed=dict(form.fields))
        return led or await _tell(request, found, visit, filling, now)

    if is_robot(request):
        return await back(said="no_person", is_asked=False)
    if forms.is_from_elsewhere(request):
        return _show(
            request,
            found,
            visit,
            filled,
            now,
            problem=visit.words("This page was open for too long. Try again."),
        )
    if not public_standing(found, visit, now).is_active or not found.options.public_link:
        return await back(is_asked=False, status=409)
    if form.fields.get("lang") in LANGUAGES:
        asked = form.fields["lang"]
        visit = msgspec.structs.replace(visit, language=asked, asked=asked)
        return await back(is_asked=False)
    # Nobody has pressed anything: who may be a program gets no coupon, but the button.
    is_quick = PRESSED not in form.fields and link_again.FIELD not in form.fields
    if is_quick and judge_request(request).verdict != "human":
        return await back(is_asked=False)
    if link_again.FIELD in form.fields:
        token = form.fields[link_again.FIELD]
        return await back(**await _send_link(request, found, visit, filled, token, now))
    if nonce is None:
        return await back(said="too_old", status=422)
    if filled.has_problems:
        return await back(status=422)
    new = _new(filled, visit, lost_answer.name_of(request, found, now) or nonce)
    return await _begin(request, services, found, visit, filled, new, _WHY[is_quick], back, now)


async def _send_link(
    request: AnyRequest, campaign: Campaign, visit: Visit, filled: Filled, token: str, now: datetime
) -> dict[str, Any]:
    """The link of the coupon that somebody has already goes out once more; gives what is told."""
    told = await link_again.send(request, campaign, visit, filled, token, now)
    if isinstance(told, link_again.Sent):
        return {"said": _SENT}
    until = now.timestamp() + told.after if told.after else 0
    return {"text": told.text, "status": told.status, "until": until}


Back = Callable[..., Awaitable[Answer]]
"""To the page again, with what a form came to (the fields of `Filling`)."""


async def _begin(
    request: AnyRequest,
    services: Services,
    found: Campaign,
    visit: Visit,
    filled: Filled,
    new: NewSession,
    why: str,
    back: Back,
    now: datetime,
) -> Answer:
    own = await own_coupon.code_of(request, services, found, now)
    if own:
        return own_coupon.lead(found, own, visit, 303)
    network = network_seen(request)
    try:
        code = await patiently(_make(services, found, filled, new, why, network, now))
    except public.HasCoupon:
        try:
            await patiently(public.count_refused(services.db, found, network, now))
        except public.NetworkFull:
            return await back(**await _full(services, found, network, now))
        return await back(said=_HAS_ONE, status=409)
    except public.NetworkFull:
        return await back(**await _full(services, found, network, now))
    except rules.LimitReached:
        return await back(said=GONE, is_asked=False, status=409)
    return own_coupon.lead_to_new(request, found, code, visit, 303)


async def _tell(
    request: AnyRequest,
    campaign: Campaign,
    visit: Visit,
    filling: Filling,
    now: datetime,
    *,
    is_gone: bool = False,
) -> Answer:
    """The page again, with all that was filled in, and what came of it."""
    filled, problem = Filled(filling.typed), filling.text
    if filling.is_asked:
        filled = await _read(services_of(request), campaign, filling.typed, visit)
    offered, sent = None, None
    if filling.said == _SENT:
        sent = link_again.sent(campaign, visit, filled)
    elif filling.said == _HAS_ONE:  # with the link once more, if it can be sent
        offered = await link_again.offered(request, campaign, visit, filled, now)
    if filling.said == _NETWORK_FULL:
        problem = _come_back(campaign, visit, datetime.fromtimestamp(filling.until, UTC), now)
    elif filling.said and sent is None:
        problem = last_try.sentence(visit.words, filling.said)
    is_gone = is_gone or filling.said == GONE
    wait = filling.wait(now)
    status = 200 if filling.until and not wait else filling.status
    return _show(request, campaign, visit, filled, now, problem=problem, offered=offered,
                 sent=sent, status=status, wait=wait, is_gone=is_gone, may_begin=False)  # fmt: skip


async def _read(
    services: Services, campaign: Campaign, typed: Mapping[str, str], visit: Visit
) -> Filled:
    country = await _country(services, campaign) if typed.get("phone") else None
    return questions.read(campaign, typed, visit, country)


async def _country(services: Services, campaign: Campaign) -> str | None:
    """Of which country a number is that is typed without its code: the shop's, or the one whose
    clocks a campaign goes by that goes by other ones than the shop."""
    account = await patiently(accounts.account(services.db, campaign.account_id))
    there = times.country_of_zone(campaign.timezone)
    if account is None or (there and account.timezone != campaign.timezone):
        return there
    return account.country or there


async def _make(
    services: Services,
    campaign: Campaign,
    filled: Filled,
    new: NewSession,
    why: str,
    network: str,
    now: datetime,
) -> str:
    async with services.db.transaction() as db:
        account = await accounts.account(db, campaign.account_id)
        listener: Listener | None = None
        if account is not None:
            listener = account.listener(services.settings.link_host)
        return await public.begin(
            db, campaign, new, filled.agreements, reason=why, network=network, now=now,
            listener=listener,
        )  # fmt: skip


async def _full(
    services: Services, campaign: Campaign, network: str, now: datetime
) -> dict[str, Any]:
    """What is told to a network that has fetched too many: when to come back."""
    until = await patiently(public.free_again_at(services.db, campaign, network, now))
    doorbook.note(Event.NETWORK_FULL, account=campaign.account_id, campaign=campaign.ref,
                  network=network)  # fmt: skip
    return {"said": _NETWORK_FULL, "status": 429, "until": until.timestamp()}


def _come_back(campaign: Campaign, visit: Visit, until: datetime, now: datetime) -> str:
    """On the shop's clock, up to the minute after; it is today or tomorrow."""
    here = times.clock_of(now, campaign.timezone)
    back = times.clock_of(times.full_minute(until), campaign.timezone)
    is_today = back.date() == here.date()
    words = (
        visit.words(
            "Too many coupons were fetched from this network. Try again at {time}, "
            "or switch off wifi and use mobile data."
        )
        if is_today
        else visit.words(
            "Too many coupons were fetched from this network. Try again tomorrow "
            "at {time}, or switch off wifi and use mobile data."
        )
    )
    return words.replace("{time}", f"{back:%H:%M}")


def _new(filled: Filled, visit: Visit, nonce: str) -> NewSession:
    values = dict(visit.carried)
    utm = tuple(values.get(name) for name in UTM_NAMES)
    new = NewSession(
        customid=as_seen(values.get("customid", "")) or None,
        utm=utm if any(utm) else None,
        begun_by=nonce,
        language=visit.language,
    )
    return msgspec.structs.replace(new, **filled.values)


def _show(
    request: AnyRequest,
    campaign: Campaign,
    visit: Visit,
    filled: Filled,
    now: datetime,
    *,
    problem: str = "",
    offered: link_again.Offered | None = None,
    sent: link_again.Sent | None = None,
    status: int = 200,
    frames: str = framing.NOBODY,
    is_gone: bool = False,
    wait: int = 0,
    may_begin: bool = True,
) -> Answer:
    """`may_begin`: a page that has not been answered yet may send itself."""
    standing = public_standing(campaign, visit, now)
    if is_gone and standing.is_active and campaign.options.public_link:
        standing = all_gone(campaign, visit)
    note = ""
    begin = None
    if standing.is_active and campaign.options.public_link:
        begin = msgspec.structs.replace(
            _form(request, campaign, visit, filled, now, problem, may_begin=may_begin),
            offered=offered,
            sent=sent,
        )
    elif standing.is_active:
        note = visit.words("This is the offer. Your own code is behind the link in your message.")
    return print_offer(
        request, campaign, visit, standing, status,
        begin=begin, note=note, frames=frames, retry_after=wait,
        asks=bool(begin and not sent and campaign.options.form and not visit.is_framed),
        mark="" if standing.is_active else public_mark(campaign, now, is_gone=is_gone),
        cookie=lost_answer.new_cookie(request, campaign, now) if begin else "",
    )  # fmt: skip


def _form(
    request: AnyRequest,
    campaign: Campaign,
    visit: Visit,
    filled: Filled,
    now: datetime,
    problem: str,
    *,
    may_begin: bool,
) -> Begin:
    options = campaign.options
    shown = questions.consents_shown(campaign, visit)
    return Begin(
        path=f"/p/{campaign.code}{visit.query}",
        token=forms.make_begin_token(services_of(request).vault, campaign.code, shown, now),
        carried=visit.carried,
        is_quick=may_begin
        and options.begins == "seen"
        and options.form is None
        and not visit.is_framed
        and request.method == "GET",
        problem=problem,
        questions=questions.of(campaign, visit, filled),
    )


def _visit(
    request: AnyRequest, campaign: Campaign, fields: Mapping[str, str] | None = None
) -> Visit:
    """`fields`: what a form of the page has sent; it carries on what its address had."""
    given = _in_address(request) if fields is None else fields
    cleaned = [(name, questions.clean(given.get(name, ""))[:_LONGEST_CARRIED]) for name in _CARRIED]
    carried = tuple((name, value) for name, value in cleaned if value)
    return msgspec.structs.replace(visit_of(request, campaign), carried=carried)


def _in_address(request: AnyRequest) -> dict[str, str]:
    """What is in the query string, or glued to the code with `&`."""
    query = request.scope["query_string"].decode("latin-1")
    return reading.values_in(f"{reading.glued_to(request)}&{query}")


HANDLERS = [show_offer, show_now, begin]
