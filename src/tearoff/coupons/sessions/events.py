"""What this room announces, and what is told of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec import UNSET, UnsetType

from tearoff.accounts import locations
from tearoff.accounts.models import Location
from tearoff.coupons.models import Campaign, Session, SessionAndCampaign
from tearoff.coupons.sessions.status import status_block
from tearoff.hooks.bodies import Body, Customer, Message
from tearoff.hooks.models import Listener
from tearoff.hooks.outbox import announce
from tearoff.kit.db import Handle

OF_OPERATION = {
    "opened": "coupon_opened",
    "claimed": "coupon_claimed",
    "validated": "coupon_validated",
    "unvalidated": "coupon_unvalidated",
    "voided": "coupon_voided",
}
"""The kind that an operation on a session announces, if any."""
_IMPLIED = {"claimed": ("opened",), "validated": ("opened", "claimed")}
"""What an operation does besides, where it was not done yet."""


def kinds_of(operation: str) -> tuple[str, ...]:
    """All kinds that an operation can announce, in their order."""
    names = (*_IMPLIED.get(operation, ()), operation)
    return tuple(OF_OPERATION[name] for name in names if name in OF_OPERATION)


async def announce_campaign(
    db: Handle,
    listener: Listener | None,
    kind: str,
    campaign: Campaign,
    now: datetime,
    *,
    status: Mapping[str, Any] | None = None,
) -> None:
    """What happened to a campaign as a whole: `coupon_created`, `coupon_updated`,
    `coupon_removed`, `pool_low`. `status` is how it stands, where there is something to say."""
    if listener is None or not listener.wants(kind):
        return
    body = Body(
        campaign=campaign.ref,
        coupon=_coupon(campaign, None, listener.link_host),
        coupon_code=campaign.code,
        status=status,
    )
    await announce(
        db, listener, kind, at=now, thread=campaign.ref, campaign_id=campaign.id, body=body
    )


async def announce_operation(
    db: Handle,
    listener: Listener | None,
    operation: str,
    found: SessionAndCampaign,
    now: datetime,
) -> None:
    """What an operation did to a session, and before it what it implied: taking a coupon in
    opens and claims it where nobody had."""
    at = {"coupon_opened": found.session.opened_at, "coupon_claimed": found.session.claimed_at}
    kinds = [kind for kind in kinds_of(operation) if at.get(kind, now) == now]
    await _announce_kinds(db, listener, kinds, found, now)


async def announce_session(
    db: Handle,
    listener: Listener | None,
    kind: str,
    found: SessionAndCampaign,
    now: datetime,
    *,
    message: Message | UnsetType = UNSET,
) -> None:
    """What happened to a session, or to the message that carried it."""
    await _announce_kinds(db, listener, [kind], found, now, message)


async def _announce_kinds(
    db: Handle,
    listener: Listener | None,
    kinds: Sequence[str],
    found: SessionAndCampaign,
    now: datetime,
    message: Message | UnsetType = UNSET,
) -> None:
    if listener is None or not listener.wants(*kinds):
        return
    session, campaign = found.session, found.campaign
    place = None
    if session.location_id is not None:
        known = await locations.of_ids(db, session.account_id, [session.location_id])
        place = known.get(session.location_id)
    body = body_of(found, place, listener.link_host, message)
    for kind in kinds:
        await announce(
            db, listener, kind, at=now, thread=session.code, campaign_id=campaign.id, body=body
        )


def body_of(
    found: SessionAndCampaign,
    place: Location | None,
    link_host: str,
    message: Message | UnsetType = UNSET,
) -> Body:
    """What is told of a session. `place`: where it was taken in."""
    session, campaign = found.session, found.campaign
    return Body(
        campaign=campaign.ref,
        coupon=_coupon(campaign, session, link_host),
        session=session.code,
        session_url=f"{link_host}/p/{campaign.code}/{session.code}",
        coupon_code=campaign.code,
        customid=session.customid or "",
        customer=customer_of(session),
        status=status_block(session, campaign, place),
        message=message,
    )


def customer_of(session: Session) -> Customer:
    fields = (*(session.customfields or ()), *[None] * 7)[:7]
    return Customer(
        firstname=session.firstname or "",
        lastname=session.lastname or "",
        email=session.email or "",
        phone=(session.phone or "").removeprefix("+"),
        gender=session.gender or "",
        customid=session.customid or "",
        **{f"customfield{i}": value or "" for i, value in enumerate(fields, 1)},
    )


def _coupon(campaign: Campaign, session: Session | None, link_host: str) -> dict[str, Any]:
    return {
        "id": campaign.ref,
        "campaign": campaign.ref,
        "coupon_code": campaign.code,
        "url": f"{link_host}/p/{campaign.code}",
        "friendly_name": campaign.name,
        "title": campaign.title,
        "subtitle": campaign.subtitle,
        "tags": ",".join(campaign.tags),
        "coupon_value": campaign.value,
        "custom_validation_code": (session.validation_code or "") if session else "",
        "customid": campaign.customid,
        "timezone": campaign.timezone,
    }
