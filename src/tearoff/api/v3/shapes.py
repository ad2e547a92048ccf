"""How a session looks in the v3 dialect. Every documented key is always there."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from tearoff.accounts import queries as accounts
from tearoff.accounts.models import Location
from tearoff.api.v3.endpoint import Call
from tearoff.coupons.catalogue import Entry
from tearoff.coupons.models import UTM_NAMES, Campaign, Session, SessionAndCampaign
from tearoff.kit.db import Handle
from tearoff.messages import queries as messages
from tearoff.messages.models import Message

_PLACE = ("name", "street", "zip", "city", "province", "country", "phone", "website")


async def session_object(call: Call, db: Handle, found: SessionAndCampaign) -> dict[str, Any]:
    """A session with its status block and what stands beside it."""
    session, campaign = found.session, found.campaign
    place = await _place(db, session)
    message = await _message(db, session)
    fields = (*(session.customfields or ()), *[None] * 7)[:7]
    return {
        "session": session.code,
        "session_url": session_url(call, campaign, session.code),
        "sequenceid": str(session.id),
        "customid": session.customid or "",
        "status": status_block(session, campaign, place),
        "customer": {
            "firstname": session.firstname or "",
            "lastname": session.lastname or "",
            "email": session.email or "",
            "phone": (session.phone or "").removeprefix("+"),
            "gender": session.gender or "",
            **{f"customfield{i}": value or "" for i, value in enumerate(fields, 1)},
        },
        "device": dict(
            zip(("browser", "os", "language"), session.device or ("", "", ""), strict=False)
        ),
        "location": _location(place),
        "message": _message_block(message),
    }


def session_url(call: Call, campaign: Campaign, code: str) -> str:
    host = call.account.link_host or call.doors.services.settings.link_host
    return f"{host}/p/{campaign.code}/{code}"


def status_block(session: Session, campaign: Campaign, place: Location | None) -> dict[str, Any]:
    utm = session.utm or (None,) * len(UTM_NAMES)
    return {
        "created_date_utc": utc(session.created_at),
        "opened": _flag(session.opened_at),
        "open_date_utc": utc(session.opened_at),
        "played": _flag(session.played_at),
        "played_date_utc": utc(session.played_at),
        "claimed": _flag(session.claimed_at),
        "claim_date_utc": utc(session.claimed_at),
        "claimtype": "",
        "saved_to_passbook": "0",
        "saved_to_passbook_date_utc": "",
        "saved_to_androidpay": "0",
        "saved_to_androidpay_date_utc": "",
        "validated": _flag(session.validated_at),
        "validation_date_utc": utc(session.validated_at),
        "own_validation_code": session.validation_code or "",
        "validation_value": session.validation_value or "",
        "redeem_location_ID": f"loc_{place.id}" if place else "",
        "voided": _flag(session.voided),
        "voided_date_utc": utc(session.voided_at),
        "unvoided_date_utc": utc(session.unvoided_at),
        "locked": _flag(session.locked),
        "locked_date_utc": utc(session.locked_at),
        "unlocked_date_utc": utc(session.unlocked_at),
        "value": session.value or campaign.value,
        "customid": session.customid or "",
        "expiration_date": local(session.expiry(campaign), campaign.timezone),
        **dict(zip(UTM_NAMES, utm, strict=True)),
        **{
            f"redeem_location_{'company_name' if name == 'name' else name}": (
                getattr(place, name) if place else ""
            )
            for name in _PLACE
        },
        "uses": session.uses,
        "uses_left": max(0, campaign.uses - session.uses),
    }


def utc(at: datetime | None) -> str:
    """`YYYY-MM-DD HH:MM:SS` in UTC, or "" when it has not happened."""
    return "" if at is None else at.strftime("%Y-%m-%d %H:%M:%S")


def local(at: datetime | None, timezone: str) -> str:
    """The same in the campaign's time zone."""
    return "" if at is None else utc(at.astimezone(ZoneInfo(timezone)))


def _flag(value: object) -> str:
    return "1" if value else "0"


async def _place(db: Handle, session: Session) -> Location | None:
    if session.location_id is None:
        return None
    return await accounts.location(db, session.account_id, session.location_id)


async def _message(db: Handle, session: Session) -> Message | None:
    if session.last_message_id is None:
        return None
    return await messages.message(db, session.last_message_id, session.account_id)


def _location(place: Location | None) -> dict[str, str]:
    if place is None:
        return {"ID": "", **dict.fromkeys(_PLACE, "")}
    return {"ID": f"loc_{place.id}", **{name: getattr(place, name) for name in _PLACE}}


def _message_block(message: Message | None) -> dict[str, str]:
    if message is None:
        return {"id": "", "status": "", "channel": ""}
    return {"id": message.ref, "status": message.state, "channel": "sms"}


def coupon_info(entry: Entry, link_host: str) -> dict[str, Any]:
    """A campaign; every field that any source names is always there."""
    campaign, shelf = entry.campaign, entry.shelf
    url = f"{link_host}/p/{campaign.code}"
    picture = f"{url}/picture/{campaign.picture_id}.webp" if campaign.picture_id else ""
    return {
        "ID": campaign.ref,
        "name": campaign.name,
        "title": campaign.title,
        "subtitle": campaign.subtitle,
        "description": campaign.description,
        "terms": campaign.terms,
        "code": campaign.code,
        "url": url,
        "status": campaign.status,
        "type": "coupon",
        "coupon_value": campaign.value,
        "coupon_category": f"cat_{shelf.category_id}" if shelf.category_id else "",
        "coupon_category_name": entry.category_name,
        "coupon_tags": ",".join(shelf.tags),
        "coupon_image": picture,
        "banner1": picture,
        "startdate": local(campaign.starts_at, campaign.timezone),
        "expirydate": local(campaign.expires_at, campaign.timezone),
        "timezone": campaign.timezone,
        "language": campaign.language,
        "folder": str(shelf.folder_id or ""),
        "customid": shelf.customid,
        "featured": "1" if shelf.featured else "0",
        "uses": campaign.uses,
        "poweredbylink": "",
        "subaccount": f"sub_{campaign.account_id}" if entry.owner_is_subaccount else "",
        "created_date_utc": utc(campaign.created_at),
    }
