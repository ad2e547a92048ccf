"""The public link: the offer on GET; a coupon of one's own begins by POST, and from then on the
same phone comes back to it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta

import msgspec
from litestar import post, route

from tearoff.accounts import queries as accounts
from tearoff.coupons import opens, public, queries, rules
from tearoff.coupons.links import linked
from tearoff.coupons.models import UTM_NAMES, Campaign, NewSession
from tearoff.hooks.models import Listener
from tearoff.kit import clock, doorbook, metrics, times
from tearoff.kit.doorbook import Event
from tearoff.kit.services import Services, services_of
from tearoff.kit.visible import as_seen
from tearoff.web import again, forms, framing, looked, notes, questions
from tearoff.web.finding import PUBLIC, find_campaign, patiently, read_code
from tearoff.web.pages import print_offer
from tearoff.web.paper import Answer, answer
from tearoff.web.questions import Filled
from tearoff.web.robots import is_robot, judge_request
from tearoff.web.standing import GONE, all_gone, public_mark, public_standing
from tearoff.web.visits import READ, AnyRequest, Part, Visit, network_seen, visit_of

COOKIE_LIVES = 400 * 86_400
"""Seconds; browsers keep none longer."""

PRESSED = "press"
"""What the button adds to the form; a page that sends its form by itself leaves it out."""

_CARRIED = ("customid", *UTM_NAMES)
_LONGEST_CARRIED = 100
_SESSION = re.compile(r"[0-9a-z]{21}\Z")


class Begin(msgspec.Struct, frozen=True):
    """The form of the public page. `carried` are values of the address that the coupon keeps;
    `is_quick`: it sends itself when the page is seen; `problem` is about the whole form;
    `offered` and `sent` are about the link of a coupon that somebody has already."""

    path: str
    token: str
    carried: tuple[tuple[str, str], ...] = ()
    is_quick: bool = False
    problem: str = ""
    offered: again.Offered | None = None
    sent: again.Sent | None = None
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
    code = "" if visit.is_framed else await _own_code(request, services, found, now)
    if code:
        return _to_own(found, code, visit, 302)
    frames = await framing.frames_of(request, found)
    is_gone = await patiently(public.is_all_gone(services.db, found, now))
    name = looked.name_of(request, found, now) if is_gone and not visit.is_framed else None
    if name is not None:  # the last one may have gone to this very browser
        last = await patiently(queries.code_begun_by(services.db, found.id, name))
        if last is not None:
            return _to_new(request, found, last, visit, 302)
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
    services, now, form = services_of(request), clock.now(), await forms.read_form(request)
    notes.keep_typed(request, form.fields)
    found = await find_campaign(services, campaign)
    if found is None or found.status == "draft":
        return notes.unknown(request)
    visit = _visit(request, found, form.fields)
    shown = questions.consents_shown(found, visit)
    nonce = forms.begun_by(services.vault, form.token, found.code, shown, now)
    country = await _country(services, found) if form.fields.get("phone") else None
    filled = questions.read(found, form.fields, visit, country)
    if is_robot(request) or forms.is_from_elsewhere(request):
        return _show(request, found, visit, filled, now)
    if not public_standing(found, visit, now).is_active or not found.options.public_link:
        return _show(request, found, visit, filled, now, status=409)
    # Nobody has pressed anything: who may be a program gets no coupon, but the button.
    is_quick = PRESSED not in form.fields and again.FIELD not in form.fields
    if is_quick and judge_request(request).verdict != "human":
        return _show(request, found, visit, filled, now)
    if again.FIELD in form.fields:
        return await _send_again(request, found, visit, filled, form.fields[again.FIELD], now)
    if nonce is None:
        return _show(request, found, visit, filled, now, problem=visit.words.too_old, status=422)
    if filled.has_problems:
        return _show(request, found, visit, filled, now, status=422)
    why = "the page was visible" if is_quick else "the button was pressed"
    new = _new(filled, visit, looked.name_of(request, found, now) or nonce)
    return await _begin(request, services, found, visit, filled, new, why, now)


async def _country(services: Services, campaign: Campaign) -> str | None:
    """Of which country a number is that is typed without its code: the shop's, or the one whose
    clocks a campaign goes by that goes by other ones than the shop."""
    account = await patiently(accounts.account(services.db, campaign.account_id))
    there = times.country_of_zone(campaign.timezone)
    if account is None or (there and account.timezone != campaign.timezone):
        return there
    return account.country or there


def _to_own(campaign: Campaign, code: str, visit: Visit, status: int) -> Answer:
    to = f"/p/{campaign.code}/{code}{visit.query}"
    return answer(status, [("location", to), ("cache-control", "private, no-store")])


async def _begin(
    request: AnyRequest,
    services: Services,
    campaign: Campaign,
    visit: Visit,
    filled: Filled,
    new: NewSession,
    why: str,
    now: datetime,
) -> Answer:
    own = await _own_code(request, services, campaign, now)
    if own:
        return _to_own(campaign, own, visit, 303)
    network = network_seen(request)
    try:
        code = await patiently(_make(services, campaign, filled, new, why, network, now))
    except public.NetworkFull:
        return await _refuse_network(request, services, campaign, visit, filled, network, now)
    except public.HasCoupon:
        return await _refuse_second(request, services, campaign, visit, filled, network, now)
    except rules.LimitReached:
        gone = all_gone(campaign, visit)
        return print_offer(request, campaign, visit, gone, 409, mark=GONE)
    return _to_new(request, campaign, code, visit, 303)


def _to_new(
    request: AnyRequest, campaign: Campaign, code: str, visit: Visit, status: int
) -> Answer:
    """To the coupon that this phone knows from now on."""
    is_https = services_of(request).settings.public_url.startswith("https:")
    secure = "; Secure" if is_https else ""
    name = cookie_of(campaign)
    cookie = f"{name}={code}; Max-Age={COOKIE_LIVES}; Path=/; HttpOnly; SameSite=Lax{secure}"
    to = f"/p/{campaign.code}/{code}{visit.query}"
    headers = [("location", to), ("set-cookie", cookie), ("cache-control", "private, no-store"),
               ("set-cookie", looked.end_cookie(request, campaign))]  # fmt: skip
    return answer(status, headers)


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


async def _refuse_second(
    request: AnyRequest,
    services: Services,
    campaign: Campaign,
    visit: Visit,
    filled: Filled,
    network: str,
    now: datetime,
) -> Answer:
    """The page again, with all that was filled in, and with the link once more if it can be
    sent."""
    try:
        await patiently(public.count_refused(services.db, campaign, network, now))
    except public.NetworkFull:
        return await _refuse_network(request, services, campaign, visit, filled, network, now)
    offered = await again.offered(request, campaign, visit, filled, now)
    return _show(request, campaign, visit, filled, now, problem=visit.words.already_have,
                 status=409, offered=offered)  # fmt: skip


async def _send_again(
    request: AnyRequest,
    campaign: Campaign,
    visit: Visit,
    filled: Filled,
    token: str,
    now: datetime,
) -> Answer:
    told = await again.send(request, campaign, visit, filled, token, now)
    if isinstance(told, again.Sent):
        return _show(request, campaign, visit, filled, now, sent=told)
    return _show(request, campaign, visit, filled, now, problem=told.text, status=told.status,
                 wait=told.after)  # fmt: skip


async def _refuse_network(
    request: AnyRequest,
    services: Services,
    campaign: Campaign,
    visit: Visit,
    filled: Filled,
    network: str,
    now: datetime,
) -> Answer:
    """The page again, with all that was filled in, and when to come back."""
    until = await patiently(public.free_again_at(services.db, campaign, network, now))
    doorbook.note(Event.NETWORK_FULL, account=campaign.account_id, campaign=campaign.ref,
                  network=network)  # fmt: skip
    problem = _come_back(campaign, visit, until, now)
    wait = max(1, -int(-(until - now).total_seconds() // 1))
    return _show(request, campaign, visit, filled, now, problem=problem, status=429, wait=wait)


def _come_back(campaign: Campaign, visit: Visit, until: datetime, now: datetime) -> str:
    """On the shop's clock, up to the minute after; it is today or tomorrow."""
    here = times.clock_of(now, campaign.timezone)
    back = times.clock_of(until + timedelta(seconds=59), campaign.timezone)
    is_today = back.date() == here.date()
    words = visit.words.network_full if is_today else visit.words.network_full_tomorrow
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
    offered: again.Offered | None = None,
    sent: again.Sent | None = None,
    status: int = 200,
    frames: str = framing.NOBODY,
    is_gone: bool = False,
    wait: int = 0,
) -> Answer:
    standing = public_standing(campaign, visit, now)
    if is_gone and standing.is_active and campaign.options.public_link:
        standing = all_gone(campaign, visit)
    note = ""
    begin = None
    if standing.is_active and campaign.options.public_link:
        begin = msgspec.structs.replace(
            _form(request, campaign, visit, filled, now, problem), offered=offered, sent=sent
        )
    elif standing.is_active:
        note = visit.words.offer_note
    return print_offer(
        request, campaign, visit, standing, status,
        begin=begin, note=note, frames=frames, retry_after=wait,
        mark="" if standing.is_active else public_mark(campaign, now, is_gone=is_gone),
        cookie=looked.new_cookie(request, campaign, now) if begin else "",
    )  # fmt: skip


def _form(
    request: AnyRequest,
    campaign: Campaign,
    visit: Visit,
    filled: Filled,
    now: datetime,
    problem: str,
) -> Begin:
    options = campaign.options
    shown = questions.consents_shown(campaign, visit)
    return Begin(
        path=f"/p/{campaign.code}{visit.query}",
        token=forms.make_begin_token(services_of(request).vault, campaign.code, shown, now),
        carried=visit.carried,
        is_quick=options.begins == "seen"
        and options.form is None
        and not visit.is_framed
        and request.method == "GET",
        problem=problem,
        questions=questions.of(campaign, visit, filled),
    )


def cookie_of(campaign: Campaign) -> str:
    """The name of the cookie that knows this phone's coupon. The campaign is in the name, not in
    the path: its link may be written in capitals, with `/z/`, or with values glued to it."""
    return f"tearoff_coupon_{campaign.code}"


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
    return notes.values_in(f"{notes.glued_to(request)}&{query}")


async def _own_code(
    request: AnyRequest, services: Services, campaign: Campaign, now: datetime
) -> str:
    """The coupon of this campaign that this phone has already. Where a person may have several,
    one that is over makes room for the next."""
    code = str(request.cookies.get(cookie_of(campaign), ""))
    if not _SESSION.match(code):
        return ""
    found = await patiently(linked(services.db, campaign.code, read_code(code)))
    if found is None:
        return ""
    is_over = opens.is_over(rules.why_not_usable(found.session, campaign, now))
    return "" if is_over and (campaign.limit_person or 1) > 1 else code


HANDLERS = [show_offer, show_now, begin]
