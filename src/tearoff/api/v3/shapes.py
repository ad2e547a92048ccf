"""How a session looks in the v3 dialect. Every documented key is always there."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from tearoff.accounts import locations
from tearoff.accounts.models import Location
from tearoff.api.call import Call
from tearoff.coupons.campaigns.catalogue import Entry
from tearoff.coupons.models import UTM_NAMES, Campaign, SessionAndCampaign
from tearoff.coupons.sessions.status import PLACE, local, status_block, utc
from tearoff.kit.db import Handle
from tearoff.messages import queries as messages
from tearoff.messages.models import Message


async def session_object(call: Call, db: Handle, found: SessionAndCampaign) -> dict[str, Any]:
    """A session with its status block and what stands beside it."""
    return (await session_objects(call, db, [found]))[0]


async def session_objects(
    call: Call, db: Handle, found: Sequence[SessionAndCampaign]
) -> list[dict[str, Any]]:
    """The same for many, with the statements of one."""
    sessions = [both.session for both in found]
    place_ids = {s.location_id for s in sessions if s.location_id is not None}
    places = await locations.of_ids(db, call.account.id, place_ids) if place_ids else {}
    message_ids = {s.last_message_id for s in sessions if s.last_message_id is not None}
    sent = await messages.messages(db, call.account.id, message_ids) if message_ids else {}
    return [
        _session_object(
            call, both, places.get(both.session.location_id), sent.get(both.session.last_message_id)
        )
        for both in found
    ]


def _session_object(
    call: Call, found: SessionAndCampaign, place: Location | None, message: Message | None
) -> dict[str, Any]:
    session, campaign = found.session, found.campaign
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
    return f"{call.link_host}/p/{campaign.code}/{code}"


def _location(place: Location | None) -> dict[str, str]:
    if place is None:
        return {"ID": "", **dict.fromkeys(PLACE, "")}
    return {"ID": f"loc_{place.id}", **{name: getattr(place, name) for name in PLACE}}


def _message_block(message: Message | None) -> dict[str, str]:
    if message is None:
        return {"id": "", "status": "", "channel": ""}
    return {"id": message.ref, "status": message.state, "channel": message.channel}


def coupon_info(entry: Entry, link_host: str, now: datetime) -> dict[str, Any]:
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
        "status": campaign.standing(now),
        "type": "coupon",
        "coupon_value": campaign.value,
        "coupon_category": f"cat_{shelf.category_id}" if shelf.category_id else "",
        "coupon_category_name": entry.category_name,
        "coupon_tags": ",".join(campaign.tags),
        "coupon_image": picture,
        "banner1": picture,
        "banner3": "",
        "logo_url": "",
        "website": campaign.options.webshop_url,
        "startdate": local(campaign.starts_at, campaign.timezone),
        "start_date": local(campaign.starts_at, campaign.timezone),
        "expirydate": local(campaign.expires_at, campaign.timezone),
        "timezone": campaign.timezone,
        "language": campaign.language,
        "folder": str(shelf.folder_id or ""),
        "customid": campaign.customid,
        "featured": "1" if shelf.featured else "0",
        "uses": campaign.uses,
        "poweredbylink": "",
        "subaccount": f"sub_{campaign.account_id}" if entry.owner_is_subaccount else "",
        "created_date_utc": utc(campaign.created_at),
    }


SESSION_EXAMPLE: dict[str, Any] = {
    "session": "ac6s7u3g8a25ja7x9qg87",
    "session_url": "https://coupons.example.com/p/vuhykb/ac6s7u3g8a25ja7x9qg87",
    "sequenceid": "19878460",
    "customid": "42",
    "status": {
        "created_date_utc": "2026-11-23 10:00:00",
        **{
            key: value
            for name, at in (
                ("opened", "open"), ("played", "played"), ("claimed", "claim"),
                ("saved_to_passbook", "saved_to_passbook"),
                ("saved_to_androidpay", "saved_to_androidpay"), ("validated", "validation"),
            )
            for key, value in ((name, "0"), (f"{at}_date_utc", ""))
        },
        "claimtype": "",
        "own_validation_code": "",
        "validation_value": "",
        "redeem_location_ID": "",
        **{
            key: value
            for name in ("voided", "locked")
            for key, value in (
                (name, "0"), (f"{name}_date_utc", ""), (f"un{name}_date_utc", "")
            )
        },
        "value": "Second cup free",
        "customid": "42",
        "expiration_date": "2027-01-31 23:59:59",
        **dict.fromkeys(UTM_NAMES),
        **{
            f"redeem_location_{'company_name' if name == 'name' else name}": "" for name in PLACE
        },
        "uses": 0,
        "uses_left": 1,
    },
    "customer": {
        "firstname": "Ann",
        "lastname": "Peeters",
        "email": "ann@example.com",
        "phone": "32470001234",
        "gender": "",
        **{f"customfield{i}": "" for i in range(1, 8)},
    },
    "device": {"browser": "", "os": "", "language": ""},
    "location": {"ID": "", **dict.fromkeys(PLACE, "")},
    "message": {"id": "", "status": "", "channel": ""},
}  # fmt: skip
"""A session as the API reference shows it."""
