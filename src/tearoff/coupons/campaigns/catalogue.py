"""Campaigns as their owner sees them: listed, found by folder, tag and category, copied from a
template, changed, put away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import asyncpg
import msgspec
from msgspec import UNSET, UnsetType

from tearoff.coupons.campaigns import campaigns, recount
from tearoff.coupons.campaigns.campaigns import NewCampaign
from tearoff.coupons.models import Campaign
from tearoff.coupons.options import changed
from tearoff.coupons.rules import CampaignNotFound
from tearoff.coupons.sessions.behind_link import PINS
from tearoff.errors import Conflict, Invalid
from tearoff.kit.db import Handle
from tearoff.kit.rows import columns, read

STATUSES = ("draft", "active", "paused", "archived")
PAGE = 100


class Shelf(msgspec.Struct, frozen=True):
    """Where a campaign stands in its owner's catalogue, and who changed it last and when: nobody
    since it was made or since that is noted, if `changed_at` is None."""

    folder_id: int | None
    category_id: int | None
    featured: bool
    is_template: bool
    changed_at: datetime | None
    changed_by: str


class Entry(msgspec.Struct, frozen=True):
    campaign: Campaign
    shelf: Shelf
    category_name: str
    owner_is_subaccount: bool
    has_pins: bool

    @property
    def warnings(self) -> list[str]:
        """What its owner is told and not refused: options may be set before there are PINs."""
        if self.campaign.options.methods != ("pin",) or self.has_pins:
            return []
        return ["No location of this campaign has a PIN: nobody can take its coupons in."]


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """Which campaigns are listed; `tags`: those that carry any of them; `lasts_after`: those that
    have not ended then. A category holds what the categories below it hold."""

    status: str | None = None
    lasts_after: datetime | None = None
    folder_id: int | None = None
    category_id: int | None = None
    tags: tuple[str, ...] | None = None
    newest_first: bool = False


class CampaignChanges(msgspec.Struct, frozen=True, kw_only=True):
    """What is to change; what is UNSET stays. `options` by name; None gives one its default
    back."""

    name: str | UnsetType = UNSET
    title: str | UnsetType = UNSET
    subtitle: str | UnsetType = UNSET
    description: str | UnsetType = UNSET
    terms: str | UnsetType = UNSET
    value: str | UnsetType = UNSET
    brand: str | UnsetType = UNSET
    brand_color: str | UnsetType = UNSET
    language: str | UnsetType = UNSET
    message_text: str | UnsetType = UNSET
    picture_alt: str | UnsetType = UNSET
    timezone: str | UnsetType = UNSET
    starts_at: datetime | UnsetType | None = UNSET
    expires_at: datetime | UnsetType | None = UNSET
    uses: int | UnsetType = UNSET
    limit_sessions: int | UnsetType | None = UNSET
    limit_claims: int | UnsetType | None = UNSET
    limit_validations: int | UnsetType | None = UNSET
    limit_person: int | UnsetType | None = UNSET
    limit_day: int | UnsetType | None = UNSET
    limit_location: int | UnsetType | None = UNSET
    activation_seconds: int | UnsetType | None = UNSET
    pause_seconds: int | UnsetType | None = UNSET
    status: str | UnsetType = UNSET
    folder_id: int | UnsetType | None = UNSET
    category_id: int | UnsetType | None = UNSET
    tags: tuple[str, ...] | UnsetType = UNSET
    customid: str | UnsetType = UNSET
    featured: bool | UnsetType = UNSET
    options: Mapping[str, Any] = {}

    def given(self, raw_options: str = "{}") -> dict[str, Any]:
        """By column; the options are those of `raw_options` with what was given in them."""
        pairs = ((n, getattr(self, n)) for n in self.__struct_fields__ if n != "options")
        values = {name: value for name, value in pairs if value is not UNSET}
        if self.options:
            values["raw_options"] = changed(raw_options, self.options)
        return values


class Places(msgspec.Struct, frozen=True):
    """The locations that take a campaign in: these only where it is `restricted`, else all of
    the account."""

    locations: list[int]
    restricted: bool


class UsageStats(msgspec.Struct, frozen=True):
    """Validation codes of a campaign (own, automatic or from its pool) and how many of them
    belong to claimed sessions."""

    codes: int
    claimed: int


class Card(msgspec.Struct, frozen=True):
    """The little that an account's parent sees of a campaign."""

    account_id: int
    id: int
    code: str
    status: str
    link_host: str | None


async def cards(
    db: Handle, account_ids: Sequence[int], now: datetime, *, most: int
) -> dict[int, list[Card]]:
    """The campaigns of several accounts, by account: the oldest ones, at most so many of each."""
    rows = await db.fetch(
        "SELECT c.account_id, c.id, c.code, CASE WHEN c.status = 'active' AND c.expires_at <= $2"
        " THEN 'expired' ELSE c.status END AS status, a.link_host"
        " FROM unnest($1::bigint[]) AS asked (id) JOIN accounts a ON a.id = asked.id"
        " CROSS JOIN LATERAL (SELECT * FROM campaigns WHERE account_id = a.id"
        " AND removed_at IS NULL AND NOT is_template ORDER BY id LIMIT $3) c ORDER BY c.id",
        list(account_ids),
        now,
        most,
    )
    found: dict[int, list[Card]] = {}
    for row in rows:
        found.setdefault(row["account_id"], []).append(read(Card, row))
    return found


_ENTRY = (
    f"SELECT {columns(Campaign, 'c', 'c_')}, {columns(Shelf, 'c', 's_')},"
    " coalesce(g.name, '') AS category_name, a.parent_id IS NOT NULL AS is_subaccount,"
    f" {PINS} > 0 AS has_pins"
    " FROM campaigns c JOIN accounts a ON a.id = c.account_id"
    " LEFT JOIN categories g ON g.id = c.category_id AND g.account_id = c.account_id"
    " WHERE c.account_id = $1 AND c.removed_at IS NULL"
)

LISTED = "c.removed_at IS NULL AND NOT c.is_template"
WANTED = """
  AND ($2::text IS NULL OR c.status = $2)
  AND ($3::bigint IS NULL OR c.folder_id = $3)
  AND ($4::bigint IS NULL OR c.category_id IN (
    SELECT id FROM categories WHERE account_id = $1 AND (id = $4 OR parent_id = $4 OR parent_id IN (
      SELECT id FROM categories WHERE account_id = $1 AND parent_id = $4))))
  AND ($5::text[] IS NULL OR c.tags && $5)
  AND ($6::timestamptz IS NULL OR c.expires_at IS NULL OR c.expires_at > $6)
"""
_FOUND = f"FROM campaigns c WHERE c.account_id = $1 AND {LISTED} {WANTED}"


async def entries(
    db: Handle, account_id: int, only: Filter, *, after: int = 0, limit: int
) -> list[Entry]:
    """The account's campaigns in the order in which they were made; `after` an id."""
    rows = await db.fetch(
        f"{_ENTRY} AND NOT c.is_template {WANTED} AND c.id > $7 ORDER BY c.id LIMIT $8",
        *asked(account_id, only),
        after,
        limit,
    )
    return [_entry(row) for row in rows]


class Listed(msgspec.Struct, frozen=True):
    """`total` counts the whole list, not the page."""

    total: int
    entries: list[Entry]


async def page(db: Handle, account_id: int, only: Filter, number: int) -> Listed:
    """Page `number` (from 1) of the account's campaigns, a hundred each, in the order in which
    they were made or the other way round."""
    order, skip = "DESC" if only.newest_first else "ASC", (number - 1) * PAGE
    given = asked(account_id, only)
    ids = await db.fetch(
        f"SELECT c.id {_FOUND} ORDER BY c.id {order} OFFSET $7 LIMIT {PAGE}", *given, skip
    )
    total = skip + len(ids)
    if len(ids) == PAGE or (skip and not ids):  # else this is the last page, and all are counted
        total = await db.fetchval(f"SELECT count(*) {_FOUND}", *given)
    rows = await db.fetch(
        f"{_ENTRY} AND c.id = ANY($2) ORDER BY c.id {order}", account_id, [row["id"] for row in ids]
    )
    return Listed(total, [_entry(row) for row in rows])


def asked(account_id: int, only: Filter) -> tuple[Any, ...]:
    """The six values of `WANTED`."""
    return (
        account_id,
        only.status,
        only.folder_id,
        only.category_id,
        None if only.tags is None else [tag.lower() for tag in only.tags],
        only.lasts_after,
    )


async def entry(
    db: Handle, account_id: int, campaign_id: int, *, is_template: bool | None = False
) -> Entry:
    """A campaign, a template, or (None) either. Raises `CampaignNotFound`."""
    row = await db.fetchrow(
        f"{_ENTRY} AND c.id = $2 AND c.is_template = coalesce($3, c.is_template)",
        account_id,
        campaign_id,
        is_template,
    )
    if row is None:
        raise CampaignNotFound
    return _entry(row)


async def entries_of_ids(db: Handle, account_id: int, ids: Sequence[int]) -> list[Entry]:
    """Campaigns and templates, in this order."""
    rows = await db.fetch(f"{_ENTRY} AND c.id = ANY($2)", account_id, list(ids))
    found = {row["c_id"]: _entry(row) for row in rows}
    return [found[one] for one in ids if one in found]


class ChangedMeanwhile(Conflict):
    """Somebody else changed the campaign meanwhile. `entry` is how it stands now."""

    def __init__(self, entry: Entry) -> None:
        who, version = entry.shelf.changed_by or "Somebody", entry.campaign.version
        super().__init__(
            f"{who} changed this campaign meanwhile; its version is {version} now. Look at it again"
            " and send your changes with that version."
        )
        self.entry = entry


async def change(
    db: asyncpg.Connection,
    account_id: int,
    campaign_id: int,
    changes: CampaignChanges,
    now: datetime,
    *,
    version: int | None = None,
    by: str = "",
    is_template: bool | None = False,
) -> Entry:
    """Change a campaign or a template, in a transaction. A limit that counts from now on counts all
    that was before: whoever counts holds the campaign's row, which is locked here. `version` is the
    one that was seen when the changes were thought of; `by` is who makes them. Raises
    `CampaignNotFound`, `ChangedMeanwhile` and `Invalid`."""
    row = await db.fetchrow(
        f"{_ENTRY} AND c.id = $2 AND c.is_template = coalesce($3, c.is_template) FOR UPDATE OF c",
        account_id,
        campaign_id,
        is_template,
    )
    if row is None:
        raise CampaignNotFound
    values = changes.given(row["c_raw_options"])
    if "message_text" in values:
        kept = row["c_message_text"]
        values["message_text"] = campaigns.tidy_text(values["message_text"], kept)
    if version is not None and version != row["c_version"]:
        if all(row.get(f"c_{n}", row.get(f"s_{n}")) == _plain(v) for n, v in values.items()):
            return _entry(row)
        raise ChangedMeanwhile(_entry(row))
    new = {name: value for name, value in values.items() if name != "picture_alt"}
    campaigns.check_campaign(msgspec.structs.replace(as_new(_entry(row)), **new))
    if values:
        values |= {"changed_at": now, "changed_by": by}
        sets = ", ".join(f"{name} = ${i}" for i, name in enumerate(values, 3))
        await db.execute(
            f"UPDATE campaigns SET {sets} WHERE account_id = $1 AND id = $2",
            account_id,
            campaign_id,
            *values.values(),
        )
    found = await entry(db, account_id, campaign_id, is_template=None)
    await recount.recount(db, read(Campaign, row, "c_"), found.campaign, now)
    return found


async def locations(db: Handle, campaign: Campaign) -> Places:
    """Where it is taken in. Removed locations still restrict it, to nowhere when they were all."""
    rows = await db.fetch(
        "SELECT l.id, l.removed_at FROM campaign_locations c JOIN locations l"
        " ON l.id = c.location_id WHERE c.campaign_id = $1 AND l.account_id = $2 ORDER BY l.id",
        campaign.id,
        campaign.account_id,
    )
    return Places([row["id"] for row in rows if row["removed_at"] is None], bool(rows))


async def set_locations(
    db: Handle, account_id: int, campaign_id: int, ids: Sequence[int]
) -> Campaign:
    """In a transaction. Raises `CampaignNotFound`, and `Invalid` for what is no location of the
    account."""
    row = await db.fetchrow(f"{_ENTRY} AND c.id = $2 FOR UPDATE OF c", account_id, campaign_id)
    if row is None:
        raise CampaignNotFound
    known = await db.fetch(
        "SELECT id FROM locations WHERE account_id = $1 AND id = ANY($2) AND removed_at IS NULL"
        " FOR SHARE",
        account_id,
        list(ids),
    )
    if missing := set(ids) - {row["id"] for row in known}:
        text = f"There is no location {min(missing)}. Use ids that the list of locations gives."
        raise Invalid(text, field="locations")
    await db.execute("DELETE FROM campaign_locations WHERE campaign_id = $1", campaign_id)
    await db.execute(
        "INSERT INTO campaign_locations (campaign_id, location_id) SELECT $1, unnest($2::bigint[])",
        campaign_id,
        list(ids),
    )
    return _entry(row).campaign


async def remove(db: Handle, account_id: int, campaign_id: int, now: datetime) -> None:
    """Put a campaign away for good: it is found no more, its coupons cannot be used any more,
    and their history stays. Raises `CampaignNotFound`."""
    done = await db.fetchval(
        "UPDATE campaigns SET removed_at = $3,"
        " status = CASE WHEN is_template THEN status ELSE 'archived' END"
        " WHERE account_id = $1 AND id = $2 AND removed_at IS NULL RETURNING true",
        account_id,
        campaign_id,
        now,
    )
    if not done:
        raise CampaignNotFound


async def usage_stats(db: Handle, account_id: int, campaign_id: int) -> UsageStats:
    row = await db.fetchrow(
        "SELECT count(*) AS codes, count(claimed_at) AS claimed FROM sessions"
        " WHERE account_id = $1 AND campaign_id = $2 AND validation_code IS NOT NULL",
        account_id,
        campaign_id,
    )
    assert row is not None
    return UsageStats(row["codes"], row["claimed"])


def as_new(found: Entry) -> NewCampaign:
    """What a campaign like this one would be made with."""
    values = {
        name: getattr(found.shelf if hasattr(found.shelf, name) else found.campaign, name)
        for name in NewCampaign.__struct_fields__
    }
    return NewCampaign(**values)


def _plain(value: Any) -> Any:
    """As a row has it."""
    return list(value) if isinstance(value, tuple) else value


def _entry(row: asyncpg.Record) -> Entry:
    return Entry(
        read(Campaign, row, "c_"), read(Shelf, row, "s_"), row["category_name"],
        row["is_subaccount"], row["has_pins"],
    )  # fmt: skip
