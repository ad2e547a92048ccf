"""What this room announces: the payloads of coupon events.

Every payload has the same keys; what an event has not is null, or "" for a text.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tearoff.accounts import queries as accounts
from tearoff.accounts.models import Location
from tearoff.coupons import queries
from tearoff.coupons.models import Campaign, Session, SessionAndCampaign
from tearoff.coupons.status import status_block
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


async def announce_campaign(
    db: Handle, listener: Listener | None, kind: str, campaign: Campaign, now: datetime
) -> None:
    """`coupon_created`, `coupon_updated`, `coupon_removed` or `pool_low`."""
    if listener is None or not listener.wants(kind):
        return
    label = await queries.label(db, campaign.account_id, campaign.id)
    await announce(
        db,
        listener,
        kind,
        at=now,
        thread="",
        campaign_id=campaign.id,
        body=payload(campaign, label),
    )


async def announce_session(
    db: Handle,
    listener: Listener | None,
    kind: str,
    found: SessionAndCampaign,
    now: datetime,
    *,
    message: Mapping[str, Any] | None = None,
) -> None:
    """What happened to a session, or to a message that carried it (`message`)."""
    if listener is None or not listener.wants(kind):
        return
    session, campaign = found.session, found.campaign
    label = await queries.label(db, campaign.account_id, campaign.id)
    place = None
    if session.location_id is not None:
        place = await accounts.location(db, session.account_id, session.location_id)
    body = payload(campaign, label, session, place, listener.link_host)
    await announce(
        db,
        listener,
        kind,
        at=now,
        thread=session.code,
        campaign_id=campaign.id,
        body=body if message is None else {**body, "message": message},
    )


def payload(
    campaign: Campaign | None = None,
    label: queries.Label | None = None,
    session: Session | None = None,
    place: Location | None = None,
    link_host: str = "",
) -> dict[str, Any]:
    """What stands behind `id`, `type`, `datetime` and `sequence`."""
    both = None if session is None or campaign is None else (session, campaign)
    return {
        "campaign": campaign.ref if campaign else "",
        "coupon": _coupon(campaign, label, session) if campaign else None,
        "session": session.code if session else "",
        "session_url": f"{link_host}/p/{both[1].code}/{both[0].code}" if both else "",
        "coupon_code": campaign.code if campaign else "",
        "customid": (session.customid or "") if session else "",
        "customer": customer_block(session) if session else None,
        "status": status_block(*both, place) if both else None,
    }


def customer_block(session: Session) -> dict[str, str]:
    fields = (*(session.customfields or ()), *[None] * 7)[:7]
    return {
        "firstname": session.firstname or "",
        "lastname": session.lastname or "",
        "email": session.email or "",
        "phone": (session.phone or "").removeprefix("+"),
        "gender": session.gender or "",
        "customid": session.customid or "",
        **{f"customfield{i}": value or "" for i, value in enumerate(fields, 1)},
    }


def _coupon(
    campaign: Campaign, label: queries.Label | None, session: Session | None
) -> dict[str, Any]:
    return {
        "id": campaign.ref,
        "campaign": campaign.ref,
        "coupon_code": campaign.code,
        "friendly_name": campaign.name,
        "title": campaign.title,
        "subtitle": campaign.subtitle,
        "tags": ",".join(label.tags) if label else "",
        "coupon_value": campaign.value,
        "custom_validation_code": (session.validation_code or "") if session else "",
        "customid": label.customid if label else "",
        "timezone": campaign.timezone,
    }
