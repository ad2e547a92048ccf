"""Taking a coupon along: as a PDF, by e-mail to oneself, its last day in a calendar.

GET changes nothing. Nothing is given of a coupon whose code may not be seen.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from functools import lru_cache
from math import ceil

import msgspec
import structlog
from litestar import post, route

from tearoff.accounts import tallies
from tearoff.accounts.models import Caller
from tearoff.accounts.tallies import NO_CAP, Tally, TallyFull
from tearoff.coupons import campaigns, rules, symbols
from tearoff.coupons.links import Linked
from tearoff.coupons.models import Campaign
from tearoff.distribution.draft import MailTo, TooMany
from tearoff.distribution.send import OutcomeUnknown, SendRequest
from tearoff.errors import TearoffError
from tearoff.kit import clock, logs, times
from tearoff.kit.addresses import AddressInvalid, mail_address
from tearoff.kit.bulkhead import Bulkhead
from tearoff.kit.db import Handle
from tearoff.kit.services import Services, services_of
from tearoff.kit.vault import Vault
from tearoff.people.optouts import OptedOut
from tearoff.web import asking, forms, notes, paper, personal
from tearoff.web.finding import PERSONAL, find, patiently
from tearoff.web.offer import offer
from tearoff.web.paper import Answer, answer
from tearoff.web.pdf import Paper, Told, print_paper
from tearoff.web.personal import SHOWS_CODE
from tearoff.web.robots import is_robot
from tearoff.web.save_words import WORDS, Words
from tearoff.web.standing import path_of, standing
from tearoff.web.visits import READ, AnyRequest, Part, Visit, network_seen, visit_to
from tearoff.web.words import direction_of

MAILS_OF_COUPON, MAILS_OF_NETWORK = 3, 20
"""So many mails in a day, and in an hour. A network that has had its mails still gets the first
one of each coupon: whoever asks for many from one coupon must not stop the guest beside."""

AGAIN_AFTER = timedelta(minutes=2)
_HAS_LEFT = 2
"""What is counted for a mail to one address: 1 as it is asked for, and one more as it is sent."""

_EVERYBODY = 0
"""In place of an account: a network is counted over all of them."""

ALONE = (("cache-control", "private, no-store"), ("referrer-policy", "no-referrer"),
          ("x-robots-tag", "noindex, nofollow"), ("x-content-type-options", "nosniff"))  # fmt: skip

_PRINTING = Bulkhead("papers", at_once=2, waiting=16, after=3)

log = structlog.get_logger()


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """What the page offers, and how the last try went. `token` is "" where nothing can be
    mailed."""

    path: str
    query: str
    brand: str
    offered: str
    has_pdf: bool
    has_calendar: bool
    token: str
    address: str = ""
    problem: str = ""
    alert: str = ""
    sent_to: tuple[str, ...] = ()


class Trouble(msgspec.Struct, frozen=True):
    """Why no mail left: the status to answer with, words, and after how many seconds another
    try makes sense (0: nobody knows)."""

    status: int
    text: str
    after: float = 0


@route([f"{path}/save" for path in PERSONAL], http_method=READ)
async def show_ways(request: AnyRequest, campaign: Part, session: Part) -> Answer:
    now = clock.now()
    found = await find(services_of(request), campaign, session)
    if found is None:
        return notes.unknown(request)
    if not can_save(found, now):
        return _to_coupon(request, found)
    return await _show(request, found, now)


@post([f"{path}/save" for path in PERSONAL])
async def send(request: AnyRequest, campaign: Part, session: Part) -> Answer:
    """Mail the personal link to the address that somebody typed."""
    services, now, form = services_of(request), clock.now(), await forms.read_form(request)
    found = await find(services, campaign, session)
    if found is None:
        return notes.unknown(request)
    if not can_save(found, now):
        return _to_coupon(request, found)
    if is_robot(request) or forms.is_from_elsewhere(request):
        return await _show(request, found, now)
    words, address = _words(request, found), form.fields.get("email", "")[:300]
    if forms.shown_uses(services.vault, form.token, _form_of(found), now) is None:
        return await _show(request, found, now, 422, alert=words.too_old, address=address)
    try:
        address = mail_address(address)
    except AddressInvalid:
        problem = words.bad_address
        return await _show(request, found, now, 422, problem=problem, address=address)
    caller = await asking.caller_of(services, found.campaign, "email", now)
    if caller is None:
        return await _show(request, found, now, 409)
    trouble = await _mail(request, found, caller, address, words, now)
    if trouble is not None:
        return await _show(
            request, found, now, trouble.status, alert=trouble.text, address=address,
            after=trouble.after,
        )  # fmt: skip
    before, after = words.sent.split("{mail}")
    return await _show(request, found, now, sent_to=(before, address, after))


@route([f"{path}/coupon.pdf" for path in PERSONAL], http_method=READ)
async def show_pdf(request: AnyRequest, campaign: Part, session: Part) -> Answer:
    services, now = services_of(request), clock.now()
    found = await find(services, campaign, session)
    if found is None or not has_pdf(found, now):
        return notes.unknown(request)
    visit = visit_to(request, found)
    picture = await picture_of(services, found.campaign)
    page = paper_of(found, visit, services.vault, picture, now)
    if request.method == "HEAD":
        file = b""
    else:
        file = await _PRINTING.run_for(network_seen(request), print_paper, page)
    name = f"coupon-{found.session.short_code}.pdf"
    headers = [
        ("content-type", "application/pdf"),
        ("content-disposition", f'inline; filename="{name}"'),
        *ALONE,
    ]
    return answer(200, headers, file)


def can_save(found: Linked, now: datetime) -> bool:
    """Whether the code may be seen, and the campaign lets people keep it."""
    state = rules.state_of(found.session, found.campaign, now)
    return found.campaign.options.saves and state in SHOWS_CODE and not found.is_full


def has_pdf(found: Linked, now: datetime) -> bool:
    """Paper is of use where a code can be shown or typed."""
    methods = found.campaign.options.methods
    return can_save(found, now) and ("code" in methods or "webshop" in methods)


def paper_of(
    found: Linked, visit: Visit, vault: Vault, picture: bytes | None, now: datetime
) -> Paper:
    campaign, session, options = found.campaign, found.session, found.campaign.options
    words, ours, told = visit.words, WORDS[visit.language], offer(campaign, visit)
    stands = standing(found, rules.state_of(session, campaign, now), visit, now)
    has_code = "code" in options.methods
    content = personal.lasting_content(found, visit, vault, now) if has_code else ""
    fits = options.barcode != "qr" and symbols.can_hold(options.barcode, content)
    barcode = options.barcode if fits else "qr"
    return Paper(
        language=visit.language,
        is_rtl=direction_of(visit.language) == "rtl",
        color=campaign.brand_color,
        brand=campaign.brand,
        title=told.title,
        subtitle=told.subtitle,
        value=stands.prize or (told.value if told.value != told.title else ""),
        picture=picture,
        show_this=words.show_this if has_code else words.webshop_text,
        barcode=barcode,
        content=content,
        readable=tuple(_readable(found, content, is_linear=barcode not in symbols.MATRIX,
                                 till_word=words.till_code)),
        dates=tuple(Told(line.words, line.date) for line in stands.dates),
        note=ours.once if campaign.uses == 1 else "",
        terms=told.terms,
        terms_word=words.terms,
        more_terms=ours.more_terms,
        footer=words.from_shop.replace("{brand}", campaign.brand) if campaign.brand else "",
    )  # fmt: skip


def _readable(found: Linked, content: str, *, is_linear: bool, till_word: str) -> list[Told]:
    """What staff can type: the bars' own text or the short code, and the shop's own code."""
    session, options = found.session, found.campaign.options
    own = session.validation_code or options.fixed_code
    short = f"{session.short_code[:3]} {session.short_code[3:]}".upper()
    if not content:
        return [Told("", own or short)]
    lines = [Told("", content if is_linear and len(content) <= 100 else short)]
    if own and own != lines[0].text:
        lines.append(Told(till_word, own))
    return lines


async def picture_of(services: Services, campaign: Campaign) -> bytes | None:
    if campaign.picture_id is None:
        return None
    reading = campaigns.picture_of_code(services.db, campaign.code, campaign.picture_id)
    picture = await patiently(reading)
    return None if picture is None else bytes(picture.webp)


async def _mail(
    request: AnyRequest, found: Linked, caller: Caller, address: str, words: Words, now: datetime
) -> Trouble | None:
    """What went wrong; None when the mail is on its way."""
    db, account_id = services_of(request).db, found.campaign.account_id
    once = _once(found, address)
    try:
        await patiently(_count(request, found, once, now))
    except TallyFull as full:
        if full.scope == once.scope:
            return await _again(db, found, once, words, now)
        is_network = full.scope.startswith("save:network")
        after = await _wait(db, _EVERYBODY if is_network else account_id, full.scope, now)
        return Trouble(429, words.network_full if is_network else words.coupon_full, after)
    short = found.session.short_code
    asked = SendRequest(
        campaign_id=found.campaign.id,
        mail=MailTo(email=address, language=visit_to(request, found).language),
        by_guest=True,
        # With its code in the text the mail of another coupon is another mail.
        body=words.body.replace("{code}", f"{short[:3]} {short[3:]}".upper()),
        session_code=found.session.code,
    )
    try:
        await asking.send(request, found.campaign, caller, asked, now)
    except OptedOut:
        return Trouble(409, words.unwanted)
    except OutcomeUnknown:
        return Trouble(502, words.unknown)
    except TearoffError as error:
        log.warning("save.not_mailed", campaign=found.campaign.ref, error=logs.told(error))
        # It never left, so it is none of the day's three. The network has asked all the same.
        back = msgspec.structs.replace(_of_coupon(found), step=-1)
        await tallies.forget(db, account_id, [once.scope])
        await tallies.give_back(db, account_id, [back], now, counted_at=now)
        if isinstance(error, TooMany):
            after = await _wait(db, account_id, error.scope, now)
            return Trouble(429, words.not_sent, after)
        return Trouble(503, words.not_sent)
    left = msgspec.structs.replace(once, cap=_HAS_LEFT)
    await patiently(tallies.count(db, account_id, [left], now))
    return None


async def _again(db: Handle, found: Linked, once: Tally, words: Words, now: datetime) -> Trouble:
    """Why the same mail is not sent twice in a row: it has left, or that is not known yet."""
    account_id, all_of_it = found.campaign.account_id, _of_coupon(found)
    until = await patiently(tallies.full_until(db, account_id, once.scope, _HAS_LEFT, now))
    if until is None:
        return Trouble(409, words.unknown)
    full = await patiently(tallies.full_until(db, account_id, all_of_it.scope, all_of_it.cap, now))
    if full is not None and full > until:
        return Trouble(429, words.coupon_full, (full - now).total_seconds())
    at = times.clock_of(until + timedelta(seconds=59), found.campaign.timezone)
    text = words.again.replace("{time}", f"{at:%H:%M}")
    return Trouble(409, text, (until - now).total_seconds())


async def _wait(db: Handle, account_id: int, scope: str, now: datetime) -> float:
    """Seconds until there is room again."""
    until = await tallies.full_until(db, account_id, scope, 1, now)
    return (until - now).total_seconds() if until else 1


def _once(found: Linked, address: str) -> Tally:
    """One mail to one address until the person has had time to look whether it came."""
    mark = hashlib.sha256(address.lower().encode("utf-8", "replace")).hexdigest()[:24]
    return Tally(f"save:mail:{found.session.id}:{mark}", 1, AGAIN_AFTER)


def _of_coupon(found: Linked) -> Tally:
    return Tally(f"save:session:{found.session.id}", MAILS_OF_COUPON, timedelta(days=1))


async def _count(request: AnyRequest, found: Linked, once: Tally, now: datetime) -> None:
    services = services_of(request)
    of_coupon = _of_coupon(found)
    of_network = Tally(f"save:network:{network_seen(request)}", NO_CAP, timedelta(hours=1))
    async with services.db.transaction() as db:
        mails = await tallies.count(db, found.campaign.account_id, [once, of_coupon], now)
        near = await tallies.count(db, _EVERYBODY, [of_network], now)
        if near[of_network.scope] > MAILS_OF_NETWORK and mails[of_coupon.scope] > 1:
            raise TallyFull(of_network.scope)


async def _show(
    request: AnyRequest,
    found: Linked,
    now: datetime,
    status: int = 200,
    *,
    problem: str = "",
    alert: str = "",
    address: str = "",
    sent_to: tuple[str, ...] = (),
    after: float = 0,
) -> Answer:
    services, visit = services_of(request), visit_to(request, found)
    can_mail = await asking.caller_of(services, found.campaign, "email", now) is not None
    told = offer(found.campaign, visit)
    page = Page(
        path=path_of(found),
        query=visit.query,
        brand=told.brand,
        offered=told.title,
        has_pdf=has_pdf(found, now),
        has_calendar=found.session.expiry(found.campaign) is not None,
        token=forms.make_token(services.vault, _form_of(found), 0, now) if can_mail else "",
        problem=problem,
        alert=alert,
        address=address,
        sent_to=sent_to,
    )
    text = paper.render("save.html", p=page, w=WORDS[visit.language])
    beginning = _beginning(visit.language, found.campaign.brand_color)
    headers = [("retry-after", str(ceil(after)))] if after else []
    gzip = notes.reads_gzip(request)
    return paper.print_page(beginning, text, status=status, gzip=gzip, headers=headers)


def _to_coupon(request: AnyRequest, found: Linked) -> Answer:
    to = path_of(found) + visit_to(request, found).query
    return answer(303, [("location", to), ("cache-control", "no-store")])


def _words(request: AnyRequest, found: Linked) -> Words:
    return WORDS[visit_to(request, found).language]


def _form_of(found: Linked) -> str:
    """What the form's token is made for: nothing but this page takes it."""
    return f"save:{found.session.code}"


@lru_cache(256)
def _beginning(language: str, color: str) -> paper.Beginning:
    return paper.begin(language, paper.style_of(color), "note_head.html", notes.STYLE)


HANDLERS = [show_ways, send, show_pdf]
