"""From what a caller asked to a message that can leave. Pure, but for the codes it draws."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec

from tearoff.accounts.models import Account
from tearoff.accounts.tallies import Tally, TallyFull
from tearoff.coupons.models import Campaign, NewSession, Session
from tearoff.coupons.rules import CampaignNotFound
from tearoff.coupons.sessions import limits
from tearoff.distribution.context import SendContext
from tearoff.errors import Conflict, Invalid
from tearoff.kit.phone import Phone, phone_key, time_zones_of
from tearoff.messages import rules
from tearoff.messages.connections import NoMailRoute, NoRoute
from tearoff.messages.segments import Segmented, measure
from tearoff.messages.smart import typography
from tearoff.messages.template import (
    FIELDS,
    BadText,
    has_forbidden_characters,
    render,
    tidy,
)
from tearoff.providers.base import Letter

MAX_SEGMENTS = 10


class NotSent(Conflict):
    """The message was not sent. `reason` is for people."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class TooMany(NotSent):
    """A limit that makes room again by itself. `scope` names its tally."""

    def __init__(self, reason: str, scope: str) -> None:
        super().__init__(reason)
        self.scope = scope


class MailTo(msgspec.Struct, frozen=True, kw_only=True):
    """Where a coupon by e-mail goes. An empty `subject` is the campaign's title.
    `check_unique`: not to somebody who has this coupon already; `language`: that of the page on
    which it was asked for."""

    email: str
    subject: str = ""
    check_unique: bool = False
    language: str = ""


class SendRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A send as it was asked for: to a phone or by mail. `local_expiry` is in the campaign's
    time zone. `by_guest`: by whoever had a page open, who could name any number or address, and
    must not use up what the account may send there."""

    campaign_id: int
    phone: Phone | None = None
    mail: MailTo | None = None
    body: str | None = None
    session_code: str | None = None
    sender: str | None = None
    new: NewSession = NewSession()
    local_expiry: datetime | None = None
    unique_by: str | None = None
    by_guest: bool = False

    @property
    def channel(self) -> str:
        return "sms" if self.mail is None else "email"

    @property
    def recipient(self) -> str:
        """E.164, or an e-mail address."""
        if self.mail is not None:
            return self.mail.email
        assert self.phone is not None
        return self.phone.e164

    @property
    def check_unique(self) -> bool:
        return self.mail is not None and self.mail.check_unique


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A message as it will leave.

    `session_id` is None when the session is made together with the message; `is_new` says
    whether the session is made for this message, so that it goes when the message fails.
    `guard` is the same for equal sends. `cost` is in millionths of the currency unit.
    """

    campaign: Campaign
    recipient: str
    sender: str | None
    text: str
    asked_text: str
    encoding: str
    parts: tuple[str, ...]
    session_code: str
    session_id: int | None
    is_new: bool
    url: str
    new: NewSession
    guard: bytes
    cost: int = 0
    channel: str = "sms"
    letter: Letter | None = None
    tallies: tuple[Tally, ...] = ()

    @property
    def message_tallies(self) -> tuple[Tally, ...]:
        """What the message counts in, without what its session does."""
        return tuple(t for t in self.tallies if not t.scope.startswith("campaign:"))


class Carried(msgspec.Struct, frozen=True):
    """The session that a message carries, and the consumer's fields in it. `ends`: the moment from
    which it cannot be used."""

    code: str
    session_id: int | None
    is_new: bool
    new: NewSession
    ends: datetime | None


def check_context(context: SendContext, request: SendRequest, now: datetime) -> Campaign:
    """The campaign, if messages can be sent for it. Who has a coupon already may ask for its link
    before the first day."""
    campaign = context.campaign
    if campaign is None:
        raise CampaignNotFound
    if context.route is None:
        raise NoRoute if request.mail is None else NoMailRoute
    if campaign.status != "active":
        raise NotSent("The campaign is not active.")
    if not campaign.has_begun(now) and not request.by_guest:
        raise NotSent("The campaign has not started yet.")
    if campaign.has_ended(now) and request.session_code is None:
        raise NotSent("The campaign has ended.")
    return campaign


def policy_refusal(account: Account, phone: Phone, now: datetime) -> NotSent | None:
    """What the account's own rules say against sending to this phone at this moment."""
    allowed = None if account.allowed_countries is None else frozenset(account.allowed_countries)
    if not rules.country_allowed(phone, home_country=account.country, allowed=allowed):
        return NotSent("This country is not allowed for your account.")
    if account.quiet_from is None or account.quiet_until is None:
        return None
    zones = time_zones_of(phone.e164)
    if rules.in_quiet_hours(now, zones, account.quiet_from, account.quiet_until):
        return NotSent("It is quiet hours at the receiver.")
    return None


def make_draft(
    context: SendContext, request: SendRequest, carried: Carried, link_host: str, now: datetime
) -> Draft:
    campaign, account, route = context.campaign, context.caller.account, context.route
    assert campaign is not None
    assert route is not None
    assert request.phone is not None
    asked = asked_text(campaign, request.body)
    url = f"{account.link_host or link_host}/p/{campaign.code}/{carried.code}"
    fields = _fields(asked, carried.new, request.phone)
    filled = fill(asked if request.body is None else tidied(asked), fields, url)
    text, measured = _compose(filled, account)
    cost = len(measured.parts) * route.price_to(request.phone)
    return Draft(
        campaign=campaign,
        recipient=request.phone.e164,
        sender=request.sender,
        text=text,
        asked_text=asked,
        encoding=measured.encoding,
        parts=measured.parts,
        session_code=carried.code,
        session_id=carried.session_id,
        is_new=carried.is_new,
        url=url,
        new=carried.new,
        guard=_guard(campaign.id, request.phone.e164, filled.replace(url, "")),
        cost=cost,
        tallies=_tallies(account, campaign, request, cost, carried),
    )


def asked_text(campaign: Campaign, body: str | None) -> str:
    """What is sent before it is filled: the caller's text, else the campaign's, else brand and
    title. Never nothing: a bare link from a stranger is what people are told not to open."""
    if body is not None:
        return body
    return campaign.message_text if campaign.message_text.strip() else _introduction(campaign)


def _introduction(campaign: Campaign) -> str:
    title = campaign.title.strip() or campaign.value.strip() or campaign.name
    brand = campaign.brand.strip()
    return f"{brand}: {title}" if brand else title


def tidied(text: str, *, field: str = "body") -> str:
    """A caller's text with its fields as they are filled. Raises `BadText`, of this field."""
    try:
        return tidy(text)
    except BadText as bad:
        bad.field = field
        raise


def fill(text: str, fields: Mapping[str, str], link: str, *, field: str = "body") -> str:
    """A tidy text filled. Raises `BadText`, of this field."""
    try:
        return render(text, fields, link)
    except BadText as bad:
        bad.field = field
        raise


def limit_reached(full: TallyFull) -> NotSent:
    """The fixed reason for each kind of limit."""
    kind = full.scope.partition(":")[0]
    text = _LIMIT_TEXTS[kind]
    return NotSent(text) if kind == "campaign" else TooMany(text, full.scope)


def fields_of(session: Session) -> NewSession:
    """The consumer fields of a session that exists already."""
    shared = {name: getattr(session, name, None) for name in NewSession.__struct_fields__}
    return NewSession(**shared)


def _fields(asked: str, new: NewSession, phone: Phone) -> Mapping[str, str]:
    if "{" not in asked:
        return {}
    return {name: new.field(name) for name in FIELDS} | {"phone": phone.e164}


def _compose(text: str, account: Account) -> tuple[str, Segmented]:
    if has_forbidden_characters(text):
        raise Invalid(field="body")
    measured = measure(text)
    if measured.encoding == "UCS-2" and account.smart_typography:
        text = typography(text).text
        measured = measure(text)
    if len(measured.parts) > MAX_SEGMENTS:
        raise Invalid(field="body")
    return text, measured


def _guard(campaign_id: int, phone: str, text: str) -> bytes:
    return hashlib.sha256(f"{campaign_id}\0{phone_key(phone)}\0{text}".encode()).digest()[:16]


_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
_LIMIT_TEXTS = {
    "campaign": "The campaign has reached its limit.",
    "asked-day": "Too many messages to this address today.",
    "asked-hour": "Too many messages to this address in the last hour.",
    "asked-prefix-hour": "Too many messages to numbers of this block in the last hour.",
    "address-day": "Too many messages to this address today.",
    "address-hour": "Too many messages to this address in the last hour.",
    "number-day": "Too many messages to this number today.",
    "number-hour": "Too many messages to this number in the last hour.",
    "prefix-hour": "Too many messages to numbers of this block in the last hour.",
    "spend-day": "The spending limit of your account for today is reached.",
    "spend-month": "The spending limit of your account for this month is reached.",
}


def _tallies(
    account: Account, campaign: Campaign, request: SendRequest, cost: int, carried: Carried
) -> tuple[Tally, ...]:
    """The limits that this send counts against; what guests ask for counts apart from what the
    account sends."""
    found = campaign_tally(campaign, carried)
    found.extend(number_tallies(account, request.recipient, by_guest=request.by_guest))
    found.extend(spend_tallies(account, cost))
    return tuple(found)


def number_tallies(account: Account, recipient: str, *, by_guest: bool = False) -> list[Tally]:
    """How many messages a number (E.164) and its block may get."""
    phone, found = phone_key(recipient), []
    of, block = ("asked", "asked-prefix") if by_guest else ("number", "prefix")
    if account.limit_number_day is not None:
        found.append(Tally(f"{of}-day:{phone}", account.limit_number_day, _DAY))
    if account.limit_number_hour is not None:
        found.append(Tally(f"{of}-hour:{phone}", account.limit_number_hour, _HOUR))
    if account.limit_prefix_hour is not None:
        found.append(Tally(f"{block}-hour:{phone[:-4]}", account.limit_prefix_hour, _HOUR))
    return found


def campaign_tally(campaign: Campaign, carried: Carried) -> list[Tally]:
    """The campaign's limit, where the session is made together with the message."""
    return limits.of_session(campaign) if carried.session_id is None else []


def spend_tallies(account: Account, cost: int) -> list[Tally]:
    """What the account may spend; `cost` is in millionths of its currency unit."""
    found = []
    if cost and account.limit_spend_day is not None:
        found.append(Tally("spend-day", account.limit_spend_day, _DAY, cost))
    if cost and account.limit_spend_month is not None:
        found.append(Tally("spend-month", account.limit_spend_month, timedelta(days=30), cost))
    return found


def to_utc(local: datetime | None, timezone: str, *, is_start: bool = False) -> datetime | None:
    """A time on the campaign's wall clock as UTC. An hour that comes twice, or not at all, is
    read so that nobody is cut short: an end as late, a start as early as it can be meant."""
    if local is None:
        return None
    zone = ZoneInfo(timezone)
    readings = [local.replace(tzinfo=zone, fold=f).astimezone(UTC) for f in (0, 1)]
    return min(readings) if is_start else max(readings)
