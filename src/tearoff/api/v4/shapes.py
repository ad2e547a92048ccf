"""How things look in v4: every key is always there, null says that there is nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec

from tearoff.coupons import rules
from tearoff.coupons.models import UTM_NAMES, SessionAndCampaign
from tearoff.coupons.models import Session as SessionRow
from tearoff.coupons.sessions.last_coupons import LastCoupon
from tearoff.coupons.sessions.standing import standing_of
from tearoff.messages.models import Message as MessageRow
from tearoff.people.optouts import OptOut

AT = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


class Event(msgspec.Struct, frozen=True):
    """Something that happened to a message; `detail` is for people."""

    at: datetime
    event: str
    detail: str = ""


class Message(msgspec.Struct, frozen=True):
    """A message. `id` is larger than what JavaScript keeps exactly; `ref` names it as well.
    `state`: queued, submitting, unknown, accepted, sent, failed or delivered. `campaign` and
    `session` are those that it carries."""

    id: int
    ref: str
    channel: str
    recipient: str
    sender: str | None
    subject: str | None
    text: str
    encoding: str
    segments: int
    state: str
    reason: str | None
    reason_text: str | None
    campaign: int | None
    session: str | None
    session_url: str | None
    created_at: datetime
    answered_at: datetime | None
    settled_at: datetime | None


class MessageWithTimeline(Message, frozen=True):
    """The same with what happened to it, as far as it is known, oldest first."""

    timeline: list[Event]


class Customer(msgspec.Struct, frozen=True):
    firstname: str | None = None
    lastname: str | None = None
    email: str | None = None
    phone: str | None = None
    gender: str | None = None
    customfields: tuple[str | None, ...] = (None,) * 7


class Session(msgspec.Struct, frozen=True):
    """One person's coupon. `state`: created, opened, claimed, validated, voided, locked or
    expired, the strongest that is so. `ends_at`: up to when it is of use, which is its end or the
    last closing time before it; `active_until`: up to when it can be used once it is activated;
    `reserved_until`: up to when a till holds it; `forgotten_at`: when the person who had it was
    erased, asked or by their age; what the shop writes into it later is there."""

    id: int
    code: str
    short_code: str
    url: str
    campaign: int
    state: str
    value: str
    validation_code: str | None
    uses: int
    uses_left: int
    customid: str | None
    language: str | None
    customer: Customer
    utm: dict[str, str | None]
    expires_at: datetime | None
    created_at: datetime
    opened_at: datetime | None
    claimed_at: datetime | None
    validated_at: datetime | None
    validation_value: str | None
    location: int | None
    voided_at: datetime | None
    locked_at: datetime | None
    message: int | None
    ends_at: datetime | None
    active_until: datetime | None
    reserved_until: datetime | None
    forgotten_at: datetime | None


class Suppression(msgspec.Struct, frozen=True):
    """An address that gets nothing. `source`: reply, provider, shop, link or complaint; an
    address that stands on the list for several reasons is listed once for each. `about`: in a
    list, the coupon that it had got last before. `address` is empty
    for somebody who was erased: messages are kept from them all the same."""

    address: str
    source: str
    reason: str
    created_at: datetime
    channel: str = "sms"
    about: LastCoupon | None = None


def show_message(row: MessageRow, carried: SessionAndCampaign | None, link_host: str) -> Message:
    return Message(**_message_fields(row, carried, link_host))


def show_message_whole(
    row: MessageRow, carried: SessionAndCampaign | None, link_host: str
) -> MessageWithTimeline:
    fields = _message_fields(row, carried, link_host)
    return MessageWithTimeline(**fields, timeline=timeline(row))


def timeline(row: MessageRow) -> list[Event]:
    """What is known of a message's way. When the service took its time to settle it, both
    moments are there; a state that came without a moment is not made up."""
    events = [Event(row.created_at, "created")]
    refused_at_once = row.state == "failed" and row.answered_at == row.settled_at
    if row.answered_at is not None and not refused_at_once:
        events.append(Event(row.answered_at, "accepted"))
    if row.settled_at is not None:
        events.append(Event(row.settled_at, row.state, row.reason_text or ""))
    return events


def _message_fields(
    row: MessageRow, carried: SessionAndCampaign | None, link_host: str
) -> dict[str, Any]:
    same = {
        name: getattr(row, name)
        for name in (
            "id", "ref", "channel", "recipient", "sender", "subject", "text", "encoding",
            "segments", "state", "reason", "reason_text", "created_at", "answered_at", "settled_at",
        )
    }  # fmt: skip
    return {
        **same,
        "campaign": carried.campaign.id if carried else None,
        "session": carried.session.code if carried else None,
        "session_url": session_url(carried, link_host) if carried else None,
    }


def session_url(found: SessionAndCampaign, link_host: str) -> str:
    return f"{link_host}/p/{found.campaign.code}/{found.session.code}"


def show_session(found: SessionAndCampaign, link_host: str, now: datetime) -> Session:
    row, campaign = found.session, found.campaign
    return Session(
        id=row.id,
        code=row.code,
        short_code=row.short_code,
        url=session_url(found, link_host),
        campaign=campaign.id,
        state=standing_of(row, campaign, now),
        value=row.worth(campaign),
        validation_code=row.validation_code,
        uses=row.uses,
        uses_left=max(0, campaign.uses - row.uses),
        customid=row.customid,
        language=row.language,
        customer=_customer(row),
        utm=dict(zip(UTM_NAMES, row.utm or (None,) * len(UTM_NAMES), strict=True)),
        expires_at=row.expiry(campaign),
        created_at=row.created_at,
        opened_at=row.opened_at,
        claimed_at=row.claimed_at,
        validated_at=row.used_up_at(campaign),
        validation_value=row.validation_value,
        location=row.location_id,
        voided_at=row.void_since(campaign),
        locked_at=row.locked_at if row.locked else None,
        message=row.last_message_id,
        ends_at=rules.ends_at(row, campaign),
        active_until=row.active_until if row.is_active(now) else None,
        reserved_until=row.reserved_until if row.is_reserved(now) else None,
        forgotten_at=row.forgotten_at,
    )


def _customer(row: SessionRow) -> Customer:
    return Customer(
        row.firstname,
        row.lastname,
        row.email,
        row.phone,
        row.gender,
        (*(row.customfields or ()), *[None] * 7)[:7],
    )


def show_suppression(found: OptOut, about: LastCoupon | None = None) -> Suppression:
    address = "" if found.is_erased else found.address
    return Suppression(address, found.source, found.reason, found.created_at, found.channel, about)


# as the API reference shows them --------------------------------------------------------

CODE = "ac6s7u3g8a25ja7x9qg87"
URL = "https://coupons.example.com/p/vuhykb"

MESSAGE = Message(
    id=62391478206464001,
    ref="msg_62391478206464001",
    channel="sms",
    recipient="+32470001234",
    sender="BEANLEAF",
    subject=None,
    text=f"Here is your coffee: {URL}/{CODE}",
    encoding="GSM-7",
    segments=1,
    state="delivered",
    reason=None,
    reason_text=None,
    campaign=100001,
    session=CODE,
    session_url=f"{URL}/{CODE}",
    created_at=AT,
    answered_at=AT.replace(second=1),
    settled_at=AT.replace(second=4),
)
MESSAGE_WITH_TIMELINE = MessageWithTimeline(
    **{name: getattr(MESSAGE, name) for name in Message.__struct_fields__},
    timeline=[
        Event(AT, "created"),
        Event(AT.replace(second=1), "accepted"),
        Event(AT.replace(second=4), "delivered"),
    ],
)
SESSION = Session(
    id=19878460,
    code=CODE,
    short_code=CODE[:6],
    url=f"{URL}/{CODE}",
    campaign=100001,
    state="created",
    value="Second cup free",
    validation_code=None,
    uses=0,
    uses_left=1,
    customid="42",
    language=None,
    customer=Customer("Ann", "Peeters", "ann@example.com", "+32470001234"),
    utm=dict.fromkeys(UTM_NAMES),
    expires_at=datetime(2027, 12, 31, 22, 59, 59, tzinfo=UTC),
    created_at=AT,
    opened_at=None,
    claimed_at=None,
    validated_at=None,
    validation_value=None,
    location=None,
    voided_at=None,
    locked_at=None,
    message=None,
    ends_at=datetime(2027, 12, 31, 22, 59, 59, tzinfo=UTC),
    active_until=None,
    reserved_until=None,
    forgotten_at=None,
)
SUPPRESSION = Suppression("+32470001234", "shop", "Asked by phone", AT)
