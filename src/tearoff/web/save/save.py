"""Taking a coupon along: the page that offers it as a PDF and in a calendar, and mails its link
to oneself.

GET changes nothing, and every answer to the form is a redirect to the page. What is over is not
taken along: its page says why.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

import msgspec
import structlog
from litestar import post, route

from tearoff.accounts import tallies
from tearoff.accounts.models import Caller
from tearoff.accounts.tallies import NO_CAP, Tally, TallyFull
from tearoff.coupons import rules
from tearoff.coupons.sessions.behind_link import Linked
from tearoff.distribution.draft import MailTo, TooMany
from tearoff.distribution.send import OutcomeUnknown, SendRequest
from tearoff.errors import TearoffError
from tearoff.kit import clock, logs, times
from tearoff.kit.codes import shown_code
from tearoff.kit.db import Handle
from tearoff.kit.mail_addresses import AddressInvalid, mail_address
from tearoff.kit.services import services_of
from tearoff.kit.words import Words, phrase
from tearoff.people.optouts import OptedOut
from tearoff.web.coupon import last_try, savable, sending
from tearoff.web.coupon.dates import DateLine
from tearoff.web.coupon.finding import PERSONAL, find
from tearoff.web.coupon.last_try import to_coupon
from tearoff.web.coupon.offer import offer
from tearoff.web.coupon.robots import is_robot
from tearoff.web.coupon.standing import path_of
from tearoff.web.coupon.visits import Part, Visit, network_seen, visit_to
from tearoff.web.paper import forms, html, notes, reading
from tearoff.web.paper.html import Answer
from tearoff.web.paper.reading import READ, AnyRequest, patiently

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

log = structlog.get_logger()


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """What the page offers, and how the last try went. `dates` are those of the coupon; `token`
    is "" where nothing can be mailed."""

    path: str
    query: str
    brand: str
    offered: str
    dates: tuple[DateLine, ...]
    has_pdf: bool
    has_calendar: bool
    token: str
    address: str = ""
    problem: str = ""
    alert: str = ""
    sent_to: tuple[str, ...] = ()


class Trouble(msgspec.Struct, frozen=True):
    """Why no mail left: the status to answer with, the name of the words, and after how many
    seconds another try makes sense (0: nobody knows); without words, one has left a moment ago."""

    status: int
    said: str
    after: float = 0


@route([f"{path}/save" for path in PERSONAL], http_method=READ)
async def show_ways(request: AnyRequest, campaign: Part, session: Part) -> Answer:
    now = clock.now()
    found = await find(services_of(request), campaign, session)
    if found is None:
        return notes.unknown(request)
    if not _can_save(found, now):
        return to_coupon(request, found)
    told = last_try.read_of(request, services_of(request).vault, _form_of(found), now)
    return await _show(request, found, told[0] if told else None, now)


@post([f"{path}/save" for path in PERSONAL])
async def send(request: AnyRequest, campaign: Part, session: Part) -> Answer:
    """Mail the personal link to the address that somebody typed."""
    services, form, now = services_of(request), await forms.read_form(request), clock.now()
    found = await find(services, campaign, session)
    if found is None:
        return notes.unknown(request)
    if not _can_save(found, now):
        return to_coupon(request, found)
    address = form.fields.get("email", "")[:300]

    def back(status: int, said: str = "", after: float = 0) -> Answer:
        """To the page, which tells it as often as it is looked at."""
        tried = last_try.Tried(
            about=_form_of(found), at=now.timestamp(), status=status, said=(said,) if said else (),
            until=now.timestamp() + after if after else 0, is_staffs=False, address=address,
        )  # fmt: skip
        visit = visit_to(request, found)
        return last_try.lead(services.vault, f"{path_of(found)}/save", visit, tried)

    if is_robot(request):
        return back(200, "no_person")
    if forms.is_from_elsewhere(request):
        return back(200, "too_old")
    if forms.shown_uses(services.vault, form.token, _form_of(found), now) is None:
        return back(422, "too_old")
    try:
        address = mail_address(address)
    except AddressInvalid:
        return back(422, "bad_address")
    caller = await sending.caller_of(services, found.campaign, "email", now)
    if caller is None:
        return back(409, "not_sent")
    trouble = await _mail(request, found, caller, address, now)
    return back(trouble.status, trouble.said, trouble.after) if trouble else back(200)


async def _mail(
    request: AnyRequest, found: Linked, caller: Caller, address: str, now: datetime
) -> Trouble | None:
    """What went wrong; None when the mail is on its way."""
    db, account_id = services_of(request).db, found.campaign.account_id
    once = _once(found, address)
    try:
        await patiently(_count(request, found, once, now))
    except TallyFull as full:
        if full.scope == once.scope:
            return await _again(db, found, once, now)
        is_network = full.scope.startswith("save:network")
        after = await _wait(db, _EVERYBODY if is_network else account_id, full.scope, now)
        return Trouble(429, "network_full" if is_network else "coupon_full", after)
    short, visit = found.session.short_code, visit_to(request, found)
    asked = SendRequest(
        campaign_id=found.campaign.id,
        mail=MailTo(email=address, language=visit.language),
        by_guest=True,
        # With its code in the text the mail of another coupon is another mail.
        body=visit.words("Here is the coupon that you asked for ({code}).", code=shown_code(short)),
        session_code=found.session.code,
    )
    try:
        await sending.send(request, found.campaign, caller, asked, now)
    except OptedOut:
        return Trouble(409, "unwanted")
    except OutcomeUnknown:
        return Trouble(502, "unknown")
    except TearoffError as error:
        log.warning("save.not_mailed", campaign=found.campaign.ref, error=logs.told(error))
        # It never left, so it is none of the day's three. The network has asked all the same.
        back = msgspec.structs.replace(_of_coupon(found), step=-1)
        await patiently(tallies.forget(db, account_id, [once.scope]))
        await patiently(tallies.give_back(db, account_id, [back], now, counted_at=now))
        if isinstance(error, TooMany):
            after = await _wait(db, account_id, error.scope, now)
            return Trouble(429, "not_sent", after)
        return Trouble(503, "not_sent")
    left = msgspec.structs.replace(once, cap=_HAS_LEFT)
    await patiently(tallies.count(db, account_id, [left], now))
    return None


async def _again(db: Handle, found: Linked, once: Tally, now: datetime) -> Trouble:
    """Why the same mail is not sent twice in a row: it has left, or that is not known yet."""
    account_id, all_of_it = found.campaign.account_id, _of_coupon(found)
    until = await patiently(tallies.full_until(db, account_id, once.scope, _HAS_LEFT, now))
    if until is None:
        return Trouble(409, "unknown")
    full = await patiently(tallies.full_until(db, account_id, all_of_it.scope, all_of_it.cap, now))
    if full is not None and full > until:
        return Trouble(429, "coupon_full", (full - now).total_seconds())
    return Trouble(200, "", (until - now).total_seconds())


def _when_again(found: Linked, until: float, words: Words) -> str:
    again = times.full_minute(datetime.fromtimestamp(until, UTC))
    at = times.clock_of(again, found.campaign.timezone)
    return words(
        "The mail was sent to this address already. It can be sent again at {time}.",
        time=f"{at:%H:%M}",
    )


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
    request: AnyRequest, found: Linked, tried: last_try.Tried | None, now: datetime
) -> Answer:
    """`tried`: what the last try came to; what another one may do better now is told no more."""
    services, visit = services_of(request), visit_to(request, found)
    can_mail = await sending.caller_of(services, found.campaign, "email", now) is not None
    told = offer(found.campaign, visit)
    page = Page(
        path=path_of(found),
        query=visit.query,
        brand=told.brand,
        offered=told.title,
        dates=savable.dates_of(found, visit, now),
        has_pdf=savable.has_paper(found, _state(found, now), now),
        has_calendar=savable.has_calendar(found, now),
        token=forms.make_token(services.vault, _form_of(found), 0, now) if can_mail else "",
        **_came_to(tried, found, visit, now),
    )
    text = html.render("save/save.html", visit.words, p=page)
    beginning = _beginning(visit.language, found.campaign.brand_color)
    status, headers = last_try.answers_with(tried if tried and tried.said else None, now)
    gzip = reading.reads_gzip(request)
    return html.print_page(beginning, text, status=status, gzip=gzip, headers=headers)


_SAID = {
    "bad_address": phrase("Type an address such as anna@example.com."),
    "coupon_full": phrase("This coupon was mailed three times today. Try again tomorrow."),
    "network_full": phrase(
        "Too many mails were asked for from this network. Try again in an hour."
    ),
    "unwanted": phrase("Nothing was sent: this address does not want messages from this shop."),
    "not_sent": phrase("The mail could not be sent. Try again later, or save the coupon as a PDF."),
    "unknown": phrase(
        "We do not know yet if the mail has left. Look in your inbox before you try again."
    ),
}
"""Of this page alone; what forms have in common is said by `last_try`."""


def _came_to(
    tried: last_try.Tried | None, found: Linked, visit: Visit, now: datetime
) -> dict[str, Any]:
    """What the page says of the last try."""
    if tried is None:
        return {}
    words = visit.words
    if not tried.said:
        before, after = words("Sent to {mail}.").split("{mail}")
        again = _when_again(found, tried.until, words) if tried.until else ""
        return {"sent_to": (before, tried.address, after), "alert": again}
    if tried.until and not tried.wait(now):
        return {"address": tried.address}
    name = tried.said[0]
    text = words(_SAID[name]) if name in _SAID else last_try.sentence(words, name)
    return {"address": tried.address, "problem" if name == "bad_address" else "alert": text}


def _can_save(found: Linked, now: datetime) -> bool:
    return savable.can_save(found, _state(found, now))


def _state(found: Linked, now: datetime) -> rules.State:
    return rules.state_of(found.session, found.campaign, now)


def _form_of(found: Linked) -> str:
    """What the form's token is made for, and what a try is about: nothing but this page takes
    either."""
    return f"save:{found.session.code}"


@lru_cache(256)
def _beginning(language: str, color: str) -> html.Beginning:
    return html.begin(language, html.style_of(color), "paper/note_head.html", notes.STYLE)


HANDLERS = [show_ways, send]
