"""The link of a coupon once more, for somebody who has one already by a public link: no message
ever brought it.

Nobody proves who they are here. So the link goes only to the number or address that the coupon was
fetched with, asked for only from a page that has just been told that there is a coupon; what is
said is the same whether a message leaves or may not; and what is sent is counted for the receiver,
the network and the campaign.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from math import ceil

import msgspec
import structlog

from tearoff.accounts import tallies
from tearoff.accounts.models import Caller
from tearoff.accounts.tallies import Tally, TallyFull
from tearoff.coupons.models import Campaign, Session
from tearoff.coupons.sessions import queries
from tearoff.distribution.draft import MailTo, SendRequest, policy_refusal
from tearoff.distribution.send import OutcomeUnknown
from tearoff.errors import TearoffError
from tearoff.kit import logs
from tearoff.kit.codes import shown_code
from tearoff.kit.phone import parse_phone, phone_key, spaced
from tearoff.kit.services import services_of
from tearoff.kit.words import LANGUAGES, words_in
from tearoff.people.optouts import OptedOut
from tearoff.web.coupon import sending
from tearoff.web.coupon.questions import Filled
from tearoff.web.coupon.visits import Visit, network_seen
from tearoff.web.paper import forms
from tearoff.web.paper.reading import AnyRequest, patiently

FIELD = "again"
"""What the button adds to the form: its token."""

OF_PERSON, OF_NETWORK, OF_CAMPAIGN = 3, 20, 300
"""So many links in a day to one number or address, for all campaigns of the account; in an hour
for one network; in a day for one campaign."""
AGAIN_AFTER = timedelta(minutes=2)

_EVERYBODY = 0
"""In place of an account: a network is counted over all of them."""

Told = tuple[str, str, str]
"""A sentence in three parts; the second is the number or address."""

log = structlog.get_logger()


class Offered(msgspec.Struct, frozen=True):
    """The button: its text, and the token that makes it good for this number or address."""

    token: str
    text: Told


class Sent(msgspec.Struct, frozen=True):
    """What is said to whoever asked."""

    text: Told
    hint: str


class NotAgain(msgspec.Struct, frozen=True):
    """Why nothing was sent, the status that says so, and after how many seconds another try makes
    sense (0: nobody knows)."""

    status: int
    text: str
    after: int = 0


async def offered(
    request: AnyRequest, campaign: Campaign, visit: Visit, filled: Filled, now: datetime
) -> Offered | None:
    """None where nothing could be sent: no coupon with this very number or address, no provider,
    a country that the account does not send to, the receiver's quiet hours."""
    to = _typed(campaign, filled)
    if await _session(request, campaign, to) is None:
        return None
    if await _caller(request, campaign, to, now) is None:
        return None
    vault = services_of(request).vault
    token = forms.make_begin_token(vault, campaign.code, _shown(to), now)
    return Offered(token, _told(visit.words("Send the link to {to}"), to))


def sent(campaign: Campaign, visit: Visit, filled: Filled) -> Sent:
    """What is said when the link has left."""
    words = visit.words
    return Sent(
        _told(
            words(
                "The link should reach {to} in a few minutes, unless messages were stopped there."
            ),
            _typed(campaign, filled),
        ),
        words("If it does not come, ask the shop."),
    )


async def send(
    request: AnyRequest,
    campaign: Campaign,
    visit: Visit,
    filled: Filled,
    token: str,
    now: datetime,
) -> Sent | NotAgain:
    words, to, vault = visit.words, _typed(campaign, filled), services_of(request).vault
    if not to or forms.begun_by(vault, token, campaign.code, _shown(to), now) is None:
        return NotAgain(422, words("This page was open for too long. Try again."))
    said = sent(campaign, visit, filled)
    session = await _session(request, campaign, to)
    caller = await _caller(request, campaign, to, now)
    if session is None:
        return said
    if caller is None:
        return NotAgain(409, words("The link could not be sent. Try again later, or ask the shop."))
    once = Tally(f"again:once:{session.id}", 1, AGAIN_AFTER)
    try:
        await patiently(_count(request, campaign, once, to, now))
    except TallyFull as full:
        return await _full(request, campaign, full.scope, visit, said, now)
    try:
        await sending.send(request, campaign, caller, _request(campaign, session, visit, to), now)
    except (OptedOut, OutcomeUnknown):
        return said
    except TearoffError as error:
        log.warning("again.not_sent", campaign=campaign.ref, error=logs.told(error))
        # It never left, so nothing was sent to the person. The network has asked all the same.
        counted = [_of_person(to), _of_campaign(campaign)]
        back = [msgspec.structs.replace(one, step=-1) for one in counted]
        db = services_of(request).db
        await patiently(tallies.forget(db, campaign.account_id, [once.scope]))
        await patiently(tallies.give_back(db, campaign.account_id, back, now, counted_at=now))
        return NotAgain(503, words("The link could not be sent. Try again later, or ask the shop."))
    return said


async def _full(
    request: AnyRequest,
    campaign: Campaign,
    scope: str,
    visit: Visit,
    sent: Sent,
    now: datetime,
) -> Sent | NotAgain:
    kind, words = scope.split(":")[1], visit.words
    if kind == "once":  # a second tap, or a reload
        return sent
    owner = _EVERYBODY if kind == "network" else campaign.account_id
    until = await tallies.full_until(services_of(request).db, owner, scope, 1, now)
    texts = {
        "network": words(
            "Too many links were asked for from this network. Try again in an "
            "hour, or switch off wifi and use mobile data."
        ),
        "person": words(
            "The link was sent there three times today. Look for the message, or ask the shop."
        ),
    }
    after = ceil((until - now).total_seconds()) if until else 1
    return NotAgain(
        429,
        texts.get(kind, words("The link could not be sent. Try again later, or ask the shop.")),
        after,
    )


async def _count(
    request: AnyRequest, campaign: Campaign, once: Tally, to: str, now: datetime
) -> None:
    """All of them, or none. Raises `TallyFull`."""
    near = Tally(f"again:network:{network_seen(request)}", OF_NETWORK, timedelta(hours=1))
    async with services_of(request).db.transaction() as db:
        # One by one, so that a second tap is told as that: the first that is full is named.
        await tallies.count(db, campaign.account_id, [once], now)
        await tallies.count(db, campaign.account_id, [_of_person(to)], now)
        await tallies.count(db, campaign.account_id, [_of_campaign(campaign)], now)
        await tallies.count(db, _EVERYBODY, [near], now)


def _of_person(to: str) -> Tally:
    mark = hashlib.sha256((to.lower() if "@" in to else phone_key(to)).encode()).hexdigest()[:32]
    return Tally(f"again:person:{mark}", OF_PERSON, timedelta(days=1))


def _of_campaign(campaign: Campaign) -> Tally:
    return Tally(f"again:campaign:{campaign.id}", OF_CAMPAIGN, timedelta(days=1))


def _request(campaign: Campaign, session: Session, visit: Visit, to: str) -> SendRequest:
    """By mail with its title as the subject; by text with the shop's name, which a sender that is
    only a number does not tell."""
    language = session.language if session.language in LANGUAGES else visit.language
    short = shown_code(session.short_code)
    words = words_in("coupon", language)
    body = words("Here is the link to your coupon again ({code}).", code=short)
    if "@" in to:
        mail = MailTo(email=session.email or to, language=language)
        return SendRequest(
            campaign_id=campaign.id, mail=mail, body=body, session_code=session.code, by_guest=True
        )
    brand = campaign.brand.replace("{", "").replace("}", "").strip()
    return SendRequest(
        campaign_id=campaign.id,
        phone=parse_phone(to),
        body=f"{brand}: {body}" if brand else body,
        session_code=session.code,
        by_guest=True,
    )


def _typed(campaign: Campaign, filled: Filled) -> str:
    """The number or address by which this person is known; "" where there is none."""
    form = campaign.options.form
    unique = form.unique if form is not None else None
    return str(filled.values.get(unique, "")) if unique else ""


def _shown(to: str) -> str:
    """In place of the words to agree to, which never begin so."""
    return f"\0again\0{to}"


def _told(text: str, to: str) -> Told:
    before, _, after = text.partition("{to}")
    return before, to if "@" in to else spaced(to).replace(" ", "\u00a0"), after


async def _session(request: AnyRequest, campaign: Campaign, to: str) -> Session | None:
    db = services_of(request).db
    return await patiently(queries.newest_to(db, campaign, to)) if to else None


async def _caller(request: AnyRequest, campaign: Campaign, to: str, now: datetime) -> Caller | None:
    """In whose name it is sent; None when nothing can be sent there at this moment. Asked before
    any opt-out is looked at, so that it says nothing about one."""
    channel = "email" if "@" in to else "sms"
    caller = await sending.caller_of(services_of(request), campaign, channel, now)
    if caller is None or channel == "email":
        return caller
    return None if policy_refusal(caller.account, parse_phone(to), now) else caller
