"""`/v4/account` and `/v4/usage`."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from tearoff.accounts import account_settings
from tearoff.accounts import queries as accounts
from tearoff.accounts.account_settings import LIMITS, LONGEST_BRAND, LONGEST_NAME, MOST_COUNTRIES
from tearoff.accounts.actions import MOST_FRAME_HOSTS
from tearoff.accounts.models import Account as AccountRow
from tearoff.accounts.rights import Right
from tearoff.api.call import Call
from tearoff.api.v3 import parameters as p
from tearoff.api.v3.account import DEFAULT_DAYS, MOST_DAYS
from tearoff.api.v4 import fields as f
from tearoff.api.v4.operation import Operation
from tearoff.coupons.campaigns.campaigns import campaign
from tearoff.coupons.rules import CampaignNotFound
from tearoff.distribution.usage import Used as UsedRow
from tearoff.distribution.usage import total, usage
from tearoff.keeping import retention
from tearoff.kit.db import Handle
from tearoff.kit.words import LANGUAGES
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
    """`allowed_countries`: where texts may go; null: to `country` alone, and everywhere when there
    is none. In quiet hours (the receiver's clock) no text leaves. New campaigns begin with `brand`,
    `brand_color` and the logo. `sender` is what texts shall come from, before a service is
    connected. `frame_hosts`: the sites that may frame public links; null: any. Coupons and messages
    that are older than `retention_days` forget their people; null: nothing is forgotten."""

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
    allowed_countries: list[str] | None
    quiet_from: str | None
    quiet_until: str | None
    smart_typography: bool
    brand: str
    brand_color: str
    has_logo: bool
    sender: str
    hides_first_steps: bool
    retention_days: int | None


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
    return await shown(call, db, call.account)


async def update_account(call: Call, db: Handle) -> Account:
    changes = {LIMITS.get(name, name): value for name, value in call.given.items()}
    # Of two that belong together, the one that was not given stays.
    if changes.keys() & _QUIET:
        known = {name: getattr(call.account, name) for name in _QUIET}
        changes = {**known, **changes}
    for name in _EMPTY & {name for name, value in changes.items() if value is None}:
        changes[name] = ""
    await account_settings.change(db, call.account.id, changes)
    if changes.get("retention_days") is not None:
        await retention.order(db, call.account.id)
    changed = await accounts.account(db, call.account.id)
    assert changed is not None
    return await shown(call, db, changed)


async def shown(call: Call, db: Handle, account: AccountRow) -> Account:
    connected = await connections_of(db, account.id)
    hosts = await accounts.frame_hosts(db, account.id)
    allowed = account.allowed_countries
    return Account(
        id=account.id,
        name=account.name,
        email=account.email,
        currency=account.currency,
        language=account.language,
        timezone=account.timezone,
        country=account.country,
        link_host=account.link_host or call.doors.services.settings.link_host,
        expires_at=account.expires_at,
        parent=account.parent_id,
        limits=_limits(account),
        integrations=[Integration(c.id, c.kind) for c in connected if c.active],
        frame_hosts=hosts,
        allowed_countries=None if allowed is None else list(allowed),
        quiet_from=_clock(account.quiet_from),
        quiet_until=_clock(account.quiet_until),
        smart_typography=account.smart_typography,
        brand=account.brand,
        brand_color=account.brand_color,
        has_logo=account.logo_id is not None,
        sender=account.sender,
        hides_first_steps=account.hides_first_steps,
        retention_days=account.retention_days,
    )


def _limits(account: AccountRow) -> Limits:
    return Limits(
        account.calls_per_second,
        account.calls_at_once,
        account.limit_number_hour,
        account.limit_number_day,
        account.limit_prefix_hour,
        account.limit_spend_day,
        account.limit_spend_month,
    )


def _clock(at: time | None) -> str | None:
    return None if at is None else f"{at:%H:%M}"


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


def _minute(name: str, given: Any) -> time:
    """A time of day, as a field for it gives it."""
    try:
        if not re.fullmatch(r"[0-9]{2}:[0-9]{2}", given):
            raise ValueError
        return time.fromisoformat(given)
    except ValueError:
        text = f"Invalid format in parameter: {name}. Use a time of day: 22:00."
        raise p.WrongValue(303, text) from None


def _limit_field(name: str, help: str, example: int | None = None) -> f.Field:
    most = account_settings.most_of(name)
    return f.integer_field(name, f"{help} null: no limit.", example, least=0, most=most,
                           nullable=True)  # fmt: skip


_QUIET = {"quiet_from", "quiet_until"}
_EMPTY = {"brand", "sender"}
"""What null makes an empty text."""

FIELDS = (
    f.text_field("name", f.required_text(LONGEST_NAME), "Name of the account.", "Bean & Leaf"),
    f.text_field("email", p.email, "The address at which whoever runs the account is reached.",
                 "hello@example.com"),
    f.text_field("timezone", p.zone, "Time zone of days, hours and new campaigns.",
                 "Europe/Brussels"),
    f.text_field("country", p.text(10), "The account's own country, two letters: numbers without a"
                 " country code are of it, and texts go there alone unless `allowed_countries` says"
                 " more.", "BE", nullable=True),
    f.texts_field("allowed_countries", MOST_COUNTRIES, 10, "Where texts may go; null: to `country`"
                  " alone.", ["BE", "FR"], nullable=True),
    f.text_field("currency", p.text(10), "Three letters. Amounts stay as they are: they only get"
                 " another name.", "EUR"),
    f.words_field("language", LANGUAGES, "Language of new campaigns, and of mail to people who have"
                  " chosen none.", "en"),
    f.text_field("quiet_from", _minute, "From this time of day, on the receiver's clock, no text"
                 " leaves.", "22:00", nullable=True),
    f.text_field("quiet_until", _minute, "Until this time of day.", "08:00", nullable=True),
    f.text_field("link_host", p.text(255), "Scheme and host in front of coupon links; null: the"
                 " server's.", "https://coupons.example.com", nullable=True),
    f.texts_field("frame_hosts", MOST_FRAME_HOSTS, 255, "Sites that may frame public links; null:"
                  " any.", ["shop.example", "*.shop.example"], nullable=True),
    f.boolean_field("smart_typography", "Whether curly quotes and the like in texts become plain"
                    " ones where that saves a segment.", True),
    f.text_field("brand", p.text(LONGEST_BRAND), "The name that new campaigns show.", "Bean & Leaf",
                 nullable=True),
    f.text_field("brand_color", p.text(10), "The colour of new campaigns.", "#0b5d4b"),
    f.text_field("sender", p.text(20), "The name or number that texts shall come from, before a"
                 " service is connected.", "BeanLeaf", nullable=True),
    _limit_field("messages_per_number_hour", "Messages to one number in an hour.", 10),
    _limit_field("messages_per_number_day", "Messages to one number in a day.", 20),
    _limit_field("messages_per_block_hour", "Messages in an hour to numbers that differ in their"
                 " last digits only.", 50),
    _limit_field("spend_day", "What texts may cost on a day, in millionths of the currency unit.",
                 50_000_000),
    _limit_field("spend_month", "What texts may cost in a month, in millionths of the currency"
                 " unit.", 500_000_000),
    f.integer_field("retention_days", "After so many days without anything happening, coupons that"
                    " are over and messages forget their people; null: never.", 365,
                    least=account_settings.LEAST_KEPT, most=account_settings.MOST_KEPT,
                    nullable=True),
    f.boolean_field("hides_first_steps", "Whether Home leaves out its list of first steps.", False),
)  # fmt: skip

_USED = {
    "sent": 120, "delivered": 117, "failed": 3, "opened": 80, "claimed": 31, "validated": 22,
    "segments": 120, "cost": 8_400_000,
}  # fmt: skip

EXAMPLE = Account(
    100001, "Bean & Leaf", "hello@example.com", "EUR", "en", "Europe/Brussels", "BE",
    "https://coupons.example.com", None, None, Limits(500, 5000, 10, 20, 50, None, None),
    [Integration(100001, "log")], ["shop.example"], None, "22:00", "08:00", True, "Bean & Leaf",
    "#0b5d4b", False, "BeanLeaf", False, 365,
)  # fmt: skip

GET = Operation(
    method="GET",
    path="/v4/account",
    tag=TAG,
    right=Right.LOOK,
    summary="The account: its settings, limits and integrations.",
    act=get_account,
    errors=(201,),
    answers={200: ("The account.", Account)},
    example=EXAMPLE,
)
UPDATE = Operation(
    method="PATCH",
    path="/v4/account",
    tag=TAG,
    right=Right.SETTINGS,
    verb="account.change",
    look=get_account,
    summary="Change the account's settings; what is left out stays, null empties.",
    body=FIELDS,
    act=update_account,
    errors=(200, 201, 300, 301, 302, 303, 305),
    answers={200: ("The account as it is then.", Account)},
    example=EXAMPLE,
)

OPERATIONS = (
    GET,
    UPDATE,
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
