"""`/v3/account/info` and `/v3/account/usage`."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tearoff.accounts.models import Account
from tearoff.accounts.rights import Right
from tearoff.api.call import Call
from tearoff.api.v3 import parameters as p
from tearoff.api.v3.endpoint import Endpoint
from tearoff.coupons.campaigns.campaigns import campaign
from tearoff.coupons.rules import CampaignNotFound
from tearoff.coupons.sessions.status import utc
from tearoff.distribution.usage import Used, total, usage
from tearoff.kit.db import Handle
from tearoff.messages.connections import connections_of

DEFAULT_DAYS, MOST_DAYS = 30, 366


async def account_info(call: Call, db: Handle) -> dict[str, Any]:
    account = call.account
    today = _today(account, call.now)
    used = total(await usage(db, account.id, account.timezone, today.replace(day=1), today, None))
    connected = [c for c in await connections_of(db, account.id) if c.active]
    return {
        "account": {
            "ID": str(account.id),
            "company_name": account.name,
            "email": account.email,
            "currency": account.currency,
            "language": account.language,
            "timezone": account.timezone,
            "country": account.country or "",
            "link_host": call.link_host,
            "expiry_date_utc": utc(account.expires_at),
            "parent": f"sub_{account.parent_id}" if account.parent_id else "",
            "limits": {
                "calls_per_second": account.calls_per_second,
                "calls_at_once": account.calls_at_once,
                "messages_per_number_hour": account.limit_number_hour,
                "messages_per_number_day": account.limit_number_day,
                "messages_per_block_hour": account.limit_prefix_hour,
                "spend_day": _money(account.limit_spend_day),
                "spend_month": _money(account.limit_spend_month),
            },
            "usage_this_month": _used(used),
            "integrations": [{"ID": str(c.id), "kind": c.kind} for c in connected],
        }
    }


async def account_usage(call: Call, db: Handle) -> dict[str, Any]:
    account, campaign_id = call.account, call.given["campaign"]
    first, last = _period(call)
    if campaign_id is not None and await campaign(db, account.id, campaign_id) is None:
        raise CampaignNotFound
    days = await usage(db, account.id, account.timezone, first, last, campaign_id)
    return {
        "start_date": first.isoformat(),
        "end_date": last.isoformat(),
        "timezone": account.timezone,
        "currency": account.currency,
        "total": _used(total(days)),
        "data": [{"date": day.isoformat(), **_used(used)} for day, used in days.items()],
    }


def _period(call: Call) -> tuple[date, date]:
    start, end = call.given["start_date"], call.given["end_date"]
    last = end.date() if end else _today(call.account, call.now)
    first = start.date() if start else last - timedelta(days=DEFAULT_DAYS - 1)
    if first > last or (last - first).days >= MOST_DAYS:
        raise p.BadParameters(
            [(300, f"Invalid value in parameter: start_date. At most {MOST_DAYS} days before"
              " end_date.")]
        )  # fmt: skip
    return first, last


def _today(account: Account, now: datetime) -> date:
    return now.astimezone(ZoneInfo(account.timezone)).date()


def _used(used: Used) -> dict[str, Any]:
    return {
        "sent": used.sent,
        "delivered": used.delivered,
        "failed": used.failed,
        "opened": used.opened,
        "claimed": used.claimed,
        "validated": used.validated,
        "segments": used.segments,
        "cost": _money(used.cost) or "0.0000",
    }


def _money(millionths: int | None) -> str | None:
    """In units of the currency, with four decimals."""
    if millionths is None:
        return None
    whole, rest = divmod(millionths, 1_000_000)
    return f"{whole}.{rest // 100:04d}"


_OK = {"status": {"status": "OK"}}
_USED = _used(Used(sent=120, delivered=117, failed=3, opened=80, claimed=31, validated=22,
                   segments=120, cost=8_400_000))  # fmt: skip

ENDPOINTS = (
    Endpoint(
        path="/v3/account/info",
        right=Right.LOOK,
        summary="The account: its settings, limits, use this month and integrations.",
        parameters=(),
        act=account_info,
        writes=False,
        example={
            **_OK,
            "account": {
                "ID": "100001",
                "company_name": "Bean & Leaf",
                "email": "hello@example.com",
                "currency": "EUR",
                "language": "en",
                "timezone": "Europe/Brussels",
                "country": "BE",
                "link_host": "https://coupons.example.com",
                "expiry_date_utc": "",
                "parent": "",
                "limits": {
                    "calls_per_second": 500,
                    "calls_at_once": 5000,
                    "messages_per_number_hour": 10,
                    "messages_per_number_day": 20,
                    "messages_per_block_hour": 50,
                    "spend_day": None,
                    "spend_month": None,
                },
                "usage_this_month": _USED,
                "integrations": [{"ID": "100001", "kind": "log"}],
            },
        },
    ),
    Endpoint(
        path="/v3/account/usage",
        right=Right.LOOK,
        summary="Messages and coupons by day, in the account's time zone.",
        parameters=(
            p.string("start_date", p.start_date, "First day; 30 days back unless given.",
                     "2026-11-01"),
            p.string("end_date", p.start_date, "Last day, included; today unless given.",
                     "2026-11-23"),
            p.optional(p.CAMPAIGN),
        ),
        act=account_usage,
        writes=False,
        errors=(300, 301, 303, 502),
        example={
            **_OK,
            "start_date": "2026-11-01",
            "end_date": "2026-11-23",
            "timezone": "Europe/Brussels",
            "currency": "EUR",
            "total": _USED,
            "data": [{"date": "2026-11-01", **_USED}],
        },
    ),
)  # fmt: skip
