"""`/v4/account` and `/v4/usage`."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from tearoff.accounts import queries as accounts
from tearoff.accounts.rights import Right
from tearoff.api.call import Call
from tearoff.api.v3.account import DEFAULT_DAYS, MOST_DAYS
from tearoff.api.v4 import fields as f
from tearoff.api.v4.operation import Operation
from tearoff.coupons.campaigns.campaigns import campaign
from tearoff.coupons.rules import CampaignNotFound
from tearoff.distribution.usage import Used as UsedRow
from tearoff.distribution.usage import total, usage
from tearoff.kit.db import Handle
from tearoff.messages.connections import connections_of

TAG = "Account"


class Integration(msgspec.Struct, frozen=True):
    id: int
    kind: str


class Limits(msgspec.Struct, frozen=True):
    """null: no limit. Money is in millionths of the account's currency unit."""

    calls_per_second: int | None
    calls_at_once: int | None
    messages_per_number_hour: int | None
    messages_per_number_day: int | None
    messages_per_block_hour: int | None
    spend_day: int | None
    spend_month: int | None


class Account(msgspec.Struct, frozen=True):
    """`frame_hosts`: the sites that may frame public links; null: any."""

    id: int
    name: str
    email: str
    currency: str
    language: str
    timezone: str
    country: str | None
    link_host: str
    expires_at: datetime | None
    parent: int | None
    limits: Limits
    integrations: list[Integration]
    frame_hosts: list[str] | None


class Used(msgspec.Struct, frozen=True):
    """`sent` messages were taken by a service; `failed` ones were refused or not delivered;
    `validated` are coupons that were used up. `cost` is in millionths of the currency unit."""

    sent: int
    delivered: int
    failed: int
    opened: int
    claimed: int
    validated: int
    segments: int
    cost: int


class Day(Used, frozen=True):
    date: date


class Usage(msgspec.Struct, frozen=True):
    """Days are those of the account's time zone."""

    first_day: date
    last_day: date
    timezone: str
    currency: str
    total: Used
    days: list[Day]


async def get_account(call: Call, db: Handle) -> Account:
    account = call.account
    connected = await connections_of(db, account.id)
    return Account(
        id=account.id,
        name=account.name,
        email=account.email,
        currency=account.currency,
        language=account.language,
        timezone=account.timezone,
        country=account.country,
        link_host=call.link_host,
        expires_at=account.expires_at,
        parent=account.parent_id,
        limits=Limits(
            account.calls_per_second,
            account.calls_at_once,
            account.limit_number_hour,
            account.limit_number_day,
            account.limit_prefix_hour,
            account.limit_spend_day,
            account.limit_spend_month,
        ),
        integrations=[Integration(c.id, c.kind) for c in connected if c.active],
        frame_hosts=await accounts.frame_hosts(db, account.id),
    )


async def get_usage(call: Call, db: Handle) -> Usage:
    account, campaign_id = call.account, call.given.get("campaign")
    if campaign_id is not None and await campaign(db, account.id, campaign_id) is None:
        raise CampaignNotFound
    first, last = _period(call)
    days = await usage(db, account.id, account.timezone, first, last, campaign_id)
    return Usage(
        first,
        last,
        account.timezone,
        account.currency,
        Used(**_fields(total(days))),
        [Day(**_fields(used), date=at) for at, used in days.items()],
    )


def _period(call: Call) -> tuple[date, date]:
    today = call.now.astimezone(ZoneInfo(call.account.timezone)).date()
    last: date = call.given.get("last_day", today)
    first: date = call.given.get("first_day", last - timedelta(days=DEFAULT_DAYS - 1))
    if not timedelta(0) <= last - first < timedelta(days=MOST_DAYS):
        text = f"Invalid value in parameter: first_day. At most {MOST_DAYS} days before last_day."
        raise f.wrong("first_day", 300, text)
    return first, last


def _fields(used: UsedRow) -> dict[str, Any]:
    return msgspec.structs.asdict(used)


_USED = {
    "sent": 120, "delivered": 117, "failed": 3, "opened": 80, "claimed": 31, "validated": 22,
    "segments": 120, "cost": 8_400_000,
}  # fmt: skip

OPERATIONS = (
    Operation(
        method="GET",
        path="/v4/account",
        tag=TAG,
        right=Right.LOOK,
        summary="The account: its settings, limits and integrations.",
        act=get_account,
        errors=(201,),
        answers={200: ("The account.", Account)},
        example=Account(
            100001, "Bean & Leaf", "hello@example.com", "EUR", "en", "Europe/Brussels", "BE",
            "https://coupons.example.com", None, None,
            Limits(500, 5000, 10, 20, 50, None, None), [Integration(100001, "log")],
            ["shop.example"],
        ),
    ),
    Operation(
        method="GET",
        path="/v4/usage",
        tag=TAG,
        right=Right.LOOK,
        summary="Messages and coupons by day.",
        query=(
            f.text_field("first_day", f.day, "First day; 30 days back if left out.", "2026-11-01",
                         schema={"format": "date"}),
            f.text_field("last_day", f.day, "Last day, included; today if left out.", "2026-11-23",
                         schema={"format": "date"}),
            f.query_integer("campaign", "Of this campaign only.", 100001, least=1,
                            most=2**53 - 1),
        ),
        act=get_usage,
        errors=(201, 300, 301, 303, 502),
        answers={200: ("What was used.", Usage)},
        example=Usage(
            date(2026, 11, 1), date(2026, 11, 23), "Europe/Brussels", "EUR", Used(**_USED),
            [Day(**_USED, date=date(2026, 11, 1))],
        ),
    ),
)  # fmt: skip
