"""What a `webhook_test` tells: a coupon of an invented campaign, by the very builder of real
events, so that whoever reads it reads those too. Its type is what says that it is a test."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from tearoff.coupons.models import Campaign, Session, SessionAndCampaign
from tearoff.coupons.sessions.events import body_of
from tearoff.hooks.bodies import Body

_CODE = "7k4m2p9d3w6x8c5b1f0h2"
_OPENED = timedelta(hours=2)


def invented_body(account_id: int, timezone: str, link_host: str, now: datetime) -> Body:
    """As that of a `coupon_validated`. There is no such coupon: its ids lead nowhere."""
    both = SessionAndCampaign(_session(account_id, now), _campaign(account_id, timezone, now))
    return body_of(both, None, link_host)


def _campaign(account_id: int, timezone: str, now: datetime) -> Campaign:
    values: dict[str, Any] = dict.fromkeys(Campaign.__struct_fields__)
    return Campaign(
        **values
        | {
            "id": 0, "account_id": account_id, "code": "test00", "status": "active",
            "name": "Webhook test", "title": "2-for-1 cappuccino", "subtitle": "",
            "value": "Second cup free", "timezone": timezone, "uses": 1, "tags": ("test",),
            "customid": "", "raw_options": "{}", "created_at": now,
        }
    )  # fmt: skip


def _session(account_id: int, now: datetime) -> Session:
    values: dict[str, Any] = dict.fromkeys(Session.__struct_fields__)
    return Session(
        **values
        | {
            "id": 0, "account_id": account_id, "campaign_id": 0, "code": _CODE,
            "short_code": _CODE[:6], "firstname": "Ann", "lastname": "Test",
            "email": "ann@example.com", "phone": "+32470000000", "customid": "test",
            "created_at": now - _OPENED, "opened_at": now - _OPENED, "claimed_at": now,
            "validated_at": now, "used_at": now, "uses": 1, "lengthened": False,
            "voided": False, "locked": False,
        }
    )  # fmt: skip
