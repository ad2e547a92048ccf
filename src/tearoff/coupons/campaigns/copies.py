"""Campaigns made from others: like a template, as copies to go on with, and templates of them."""

from __future__ import annotations

import re
from datetime import datetime

import asyncpg
import msgspec

from tearoff.coupons.campaigns import campaigns, catalogue
from tearoff.coupons.campaigns.catalogue import CampaignChanges, Entry, as_new
from tearoff.coupons.models import Campaign
from tearoff.kit.db import Handle

LONGEST_NAME = 200
_COPY = re.compile(r" \(copy(?: [0-9]{1,6})?\)\Z")
_PAGE = 200


class Copied(msgspec.Struct, frozen=True):
    """`emptied` are the fields whose date lies in the past and which the copy has not taken over,
    with what stood there: somebody must decide about them."""

    campaign: Campaign
    emptied: dict[str, datetime]


async def copy(
    db: asyncpg.Connection,
    template: Entry,
    account_id: int,
    changes: CampaignChanges,
    *,
    is_template: bool = False,
) -> Campaign:
    """A new campaign like the template, in this account, with what `changes` says. Its picture
    comes along, and within the account its folder, category and locations."""
    new = as_new(template)
    if account_id != template.campaign.account_id:
        new = msgspec.structs.replace(new, folder_id=None, category_id=None)
    new = msgspec.structs.replace(
        new, **{"status": "draft" if is_template else "active", **changes.given(new.raw_options)}
    )
    new = msgspec.structs.replace(new, is_template=is_template)
    kept = template.campaign.message_text
    made = await campaigns.create_campaign(db, account_id, new, kept_text=kept)
    await _copy_picture(db, template.campaign, made)
    await db.execute(
        "INSERT INTO campaign_locations (campaign_id, location_id)"
        " SELECT $2, l.id FROM campaign_locations cl JOIN locations l ON l.id = cl.location_id"
        " WHERE cl.campaign_id = $1 AND l.account_id = $3",
        template.campaign.id,
        made.id,
        account_id,
    )
    return made


async def duplicate(
    db: asyncpg.Connection, account_id: int, campaign_id: int, now: datetime, *, by: str = ""
) -> Copied:
    """A draft like this campaign or template, called "X (copy)", without codes, coupons and counts,
    in a transaction. Dates that lie in the past stay empty. Raises `CampaignNotFound` and
    `CapReached`."""
    found = await catalogue.entry(db, account_id, campaign_id, is_template=None)
    name = await _free_name(db, account_id, _COPY.sub("", found.campaign.name))
    return await _draft(db, found, CampaignChanges(name=name), now, by)


async def start_from(
    db: asyncpg.Connection,
    account_id: int,
    template_id: int,
    name: str,
    now: datetime,
    *,
    by: str = "",
) -> Copied:
    """A draft like this template. Raises `CampaignNotFound` and `CapReached`."""
    found = await catalogue.entry(db, account_id, template_id, is_template=True)
    given = CampaignChanges(name=name) if name.strip() else CampaignChanges()
    return await _draft(db, found, given, now, by)


async def save_as_template(
    db: asyncpg.Connection, account_id: int, campaign_id: int, name: str, *, by: str = ""
) -> Campaign:
    """A template like this campaign, which stays as it is, in a transaction; with its dates, which
    whoever starts from it is told of where they are over. Raises `CampaignNotFound` and
    `CapReached`."""
    found = await catalogue.entry(db, account_id, campaign_id)
    given = CampaignChanges(name=name) if name.strip() else CampaignChanges()
    made = await copy(db, found, account_id, given, is_template=True)
    await _note(db, made, by)
    return made


async def templates(
    db: Handle, account_id: int, *, after: int = 0, limit: int = _PAGE
) -> list[Entry]:
    """The account's templates, in the order in which they were made; `after` is an id."""
    rows = await db.fetch(
        "SELECT id FROM campaigns WHERE account_id = $1 AND is_template AND removed_at IS NULL"
        " AND id > $2 ORDER BY id LIMIT $3",
        account_id,
        after,
        limit,
    )
    return await catalogue.entries_of_ids(db, account_id, [row["id"] for row in rows])


async def _draft(
    db: asyncpg.Connection, found: Entry, given: CampaignChanges, now: datetime, by: str
) -> Copied:
    dates = {"starts_at": found.campaign.starts_at, "expires_at": found.campaign.expires_at}
    past = {name: at for name, at in dates.items() if at is not None and at <= now}
    given = msgspec.structs.replace(given, status="draft", customid="", **dict.fromkeys(past))
    made = await copy(db, found, found.campaign.account_id, given)
    await _note(db, made, by)
    return Copied(made, past)


async def _note(db: Handle, made: Campaign, by: str) -> None:
    """Who made it. Its version stays as it was told."""
    await db.execute(
        "UPDATE campaigns SET changed_at = created_at, changed_by = $3"
        " WHERE account_id = $1 AND id = $2",
        made.account_id,
        made.id,
        by,
    )


async def _free_name(db: Handle, account_id: int, name: str) -> str:
    """The first of "X (copy)", "X (copy 2)" … that no campaign of the account has."""
    stem = name[: LONGEST_NAME - len(" (copy 10000)")].rstrip()
    rows = await db.fetch(
        "SELECT name FROM campaigns WHERE account_id = $1 AND removed_at IS NULL"
        " AND starts_with(name, $2)",
        account_id,
        f"{stem} (copy",
    )
    taken = {row["name"] for row in rows}
    names = (f"{stem} (copy{f' {i}' if i > 1 else ''})" for i in range(1, len(taken) + 2))
    return next(name for name in names if name not in taken)


async def _copy_picture(db: Handle, template: Campaign, made: Campaign) -> None:
    """Pictures belong to an account, so one that crosses to another is a row of its own."""
    if template.picture_id is None:
        return
    if template.account_id == made.account_id:
        await db.execute(
            "UPDATE campaigns SET picture_id = $2, picture_alt = $3 WHERE id = $1",
            made.id,
            template.picture_id,
            template.picture_alt,
        )
        return
    await db.execute(
        "WITH p AS (INSERT INTO pictures (account_id, sha256, webp, width, height, card)"
        " SELECT $3, sha256, webp, width, height, card FROM pictures"
        " WHERE id = $1 AND account_id = $2"
        " RETURNING id) UPDATE campaigns SET picture_id = p.id, picture_alt = $5 FROM p"
        " WHERE campaigns.id = $4",
        template.picture_id,
        template.account_id,
        made.account_id,
        made.id,
        template.picture_alt,
    )
