"""The status block: how a session stands, in the words of the API. Answers and webhooks carry
the same one, and every documented key is always there."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from tearoff.accounts.models import Location
from tearoff.coupons.models import UTM_NAMES, Campaign, Session

PLACE = ("name", "street", "zip", "city", "province", "country", "phone", "website")


def status_block(session: Session, campaign: Campaign, place: Location | None) -> dict[str, Any]:
    """What was undone leaves no trace here: its events tell of it."""
    utm, used_up_at = session.utm or (None,) * len(UTM_NAMES), session.used_up_at(campaign)
    return {
        "created_date_utc": utc(session.created_at),
        "opened": _flag(session.opened_at),
        "open_date_utc": utc(session.opened_at),
        "played": _flag(session.played_at),
        "played_date_utc": utc(session.played_at),
        "claimed": _flag(session.claimed_at),
        "claim_date_utc": utc(session.claimed_at),
        "claimtype": "",
        "saved_to_passbook": _flag(session.saved_to_apple_at),
        "saved_to_passbook_date_utc": utc(session.saved_to_apple_at),
        "saved_to_androidpay": _flag(session.saved_to_google_at),
        "saved_to_androidpay_date_utc": utc(session.saved_to_google_at),
        "validated": _flag(session.is_used_up(campaign)),
        "validation_date_utc": utc(used_up_at),
        "own_validation_code": session.validation_code or "",
        "validation_value": session.validation_value or "",
        "redeem_location_ID": f"loc_{place.id}" if place else "",
        "voided": _flag(session.is_void(campaign)),
        "voided_date_utc": utc(session.void_since(campaign)),
        "unvoided_date_utc": utc(session.unvoided_at),
        "locked": _flag(session.locked),
        "locked_date_utc": utc(session.locked_at if session.locked else None),
        "unlocked_date_utc": utc(session.unlocked_at),
        "value": session.worth(campaign),
        "customid": session.customid or "",
        "expiration_date": local(session.expiry(campaign), campaign.timezone),
        **dict(zip(UTM_NAMES, utm, strict=True)),
        **{
            f"redeem_location_{'company_name' if name == 'name' else name}": (
                getattr(place, name) if place else ""
            )
            for name in PLACE
        },
        "uses": session.uses,
        "uses_left": max(0, campaign.uses - session.uses),
    }


def utc(at: datetime | None) -> str:
    """`YYYY-MM-DD HH:MM:SS` in UTC, or "" when it has not happened."""
    return "" if at is None else at.replace(tzinfo=None).isoformat(" ", "seconds")


def local(at: datetime | None, timezone: str) -> str:
    """The same in the campaign's time zone."""
    return "" if at is None else utc(at.astimezone(ZoneInfo(timezone)))


def _flag(value: object) -> str:
    return "1" if value else "0"
