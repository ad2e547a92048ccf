"""Campaigns: statements and verbs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

import asyncpg
import msgspec

from tearoff.coupons.campaigns import option_rules
from tearoff.coupons.models import Campaign
from tearoff.coupons.options import read_options
from tearoff.errors import Invalid, TryLater
from tearoff.kit import caps, codes
from tearoff.kit.caps import Cap
from tearoff.kit.db import Handle
from tearoff.kit.rows import columns, read
from tearoff.messages.template import BadText, tidy

COLOR = re.compile(r"#[0-9a-fA-F]{6}\Z")

MOST = 10_000
"""Campaigns of one account, archived ones too: they are listed with the others."""
_CAP = Cap(
    name="campaigns",
    most=MOST,
    rows="campaigns WHERE account_id = $1 AND removed_at IS NULL",
    text=f"An account has at most {MOST:,} campaigns, archived ones too. Delete those that are"
    " over.",
)


class NewCampaign(msgspec.Struct, frozen=True, kw_only=True):
    """What a campaign is made with. Times are UTC, `timezone` is how the shop reads them."""

    name: str
    title: str = ""
    subtitle: str = ""
    description: str = ""
    terms: str = ""
    value: str = ""
    brand: str = ""
    brand_color: str = "#0b5d4b"
    language: str = "en"
    message_text: str = ""
    timezone: str = "UTC"
    starts_at: datetime | None = None
    expires_at: datetime | None = None
    uses: int = 1
    limit_sessions: int | None = None
    limit_claims: int | None = None
    limit_validations: int | None = None
    limit_person: int | None = None
    limit_day: int | None = None
    limit_location: int | None = None
    activation_seconds: int | None = None
    pause_seconds: int | None = None
    status: str = "active"
    folder_id: int | None = None
    category_id: int | None = None
    tags: tuple[str, ...] = ()
    customid: str = ""
    featured: bool = False
    is_template: bool = False
    raw_options: str = "{}"


async def create_campaign(
    db: asyncpg.Connection, account_id: int, new: NewCampaign, *, kept_text: str = ""
) -> Campaign:
    """In a transaction. Raises `Invalid` and `CapReached`. `kept_text` is the message text
    of the campaign that this one is like."""
    new = msgspec.structs.replace(new, message_text=tidy_text(new.message_text, kept_text))
    check_campaign(new)
    await caps.make_room(db, _CAP, account_id)
    values = msgspec.structs.asdict(new)
    names = ", ".join(values)
    places = ", ".join(f"${i}" for i in range(3, 3 + len(values)))
    for _ in range(20):
        row = await db.fetchrow(
            f"INSERT INTO campaigns (account_id, code, logo_id, {names}) VALUES ($1, $2,"
            f" (SELECT logo_id FROM accounts WHERE id = $1), {places})"
            f" ON CONFLICT (code) DO NOTHING RETURNING {columns(Campaign)}",
            account_id,
            codes.campaign_code(),
            *values.values(),
        )
        if row is not None:
            return read(Campaign, row)
    raise TryLater("No free campaign code was found.")


async def campaign(db: Handle, account_id: int, campaign_id: int) -> Campaign | None:
    """Not a template: of those there are no coupons."""
    row = await db.fetchrow(
        f"SELECT {columns(Campaign)} FROM campaigns WHERE account_id = $1 AND id = $2"
        " AND removed_at IS NULL AND NOT is_template",
        account_id,
        campaign_id,
    )
    return row and read(Campaign, row)


async def names_of(db: Handle, account_id: int, campaign_ids: Sequence[int]) -> dict[int, str]:
    """What these campaigns are called, those that were removed too."""
    rows = await db.fetch(
        "SELECT id, name FROM campaigns WHERE account_id = $1 AND id = ANY($2)",
        account_id,
        campaign_ids,
    )
    return {row["id"]: row["name"] for row in rows}


async def campaign_of_code(db: Handle, code: str) -> Campaign | None:
    row = await db.fetchrow(
        f"SELECT {columns(Campaign)} FROM campaigns WHERE code = $1 AND removed_at IS NULL"
        " AND NOT is_template",
        code,
    )
    return row and read(Campaign, row)


async def open_at(db: Handle, account_id: int, campaign_id: int, location_id: int) -> None:
    """Let the campaign be taken in at this location."""
    await db.execute(
        "INSERT INTO campaign_locations (campaign_id, location_id)"
        " SELECT c.id, l.id FROM campaigns c JOIN locations l ON l.account_id = c.account_id"
        " WHERE c.account_id = $1 AND c.id = $2 AND l.id = $3 ON CONFLICT DO NOTHING",
        account_id,
        campaign_id,
        location_id,
    )


def tidy_text(text: str, kept: str) -> str:
    """A message text as it is kept. One that is kept already stays as it is: older versions took
    any. Raises `BadText`."""
    if text == kept:
        return text
    try:
        return tidy(text)
    except BadText as bad:
        bad.field = "message_text"
        raise


def check_campaign(new: NewCampaign) -> None:
    """Raises `Invalid` naming the field and what would be right."""
    if not new.name.strip():
        raise Invalid("A campaign needs a name.", field="name")
    if not COLOR.match(new.brand_color):
        raise Invalid("Use a colour such as #0b5d4b.", field="brand_color")
    if new.is_template and new.status != "draft":
        text = "A template stays a draft. Start a campaign from it, and publish that."
        raise Invalid(text, field="status")
    if new.uses < 1:
        raise Invalid("A coupon has at least one use.", field="uses")
    if new.starts_at and new.expires_at and new.starts_at >= new.expires_at:
        raise Invalid("The end must be after the start.", field="expires_at")
    option_rules.check(read_options(new.raw_options))
