"""The account's campaigns as a list to look through: searched, filtered and sorted, a page at a
time, each with its counts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from tearoff.coupons.campaigns import catalogue, counts
from tearoff.coupons.campaigns.catalogue import LISTED, WANTED, Entry, Filter
from tearoff.coupons.campaigns.counts import Standing
from tearoff.kit.db import Handle

STATES = ("active", "scheduled", "ended", "paused", "draft", "archived")
"""An active campaign before its first moment is scheduled, one past its end has ended."""
LIVE = STATES[:-1]
"""What is looked at day by day: archived ones are put away."""

_KEYS = {
    "created": ("c.id", "bigint"),
    "name": (
        "encode(convert_to(left(c.search_text, 30), 'UTF8'), 'hex') COLLATE \"C\"",
        "text",
    ),
    "ends": (
        "greatest(0, coalesce(extract(epoch FROM c.expires_at)::bigint, 99999999999))",
        "bigint",
    ),
    "redeemed": (
        "greatest(0, coalesce(t.redeemed, 0) + coalesce(d.redeemed, 0))",
        "bigint",
    ),
}
"""What is sorted by, and its type. An account has at most ten thousand campaigns, all of which are
looked at; those that never end come after all others that do."""
KINDS = {name: int if kind == "bigint" else str for name, (_, kind) in _KEYS.items()}
"""Of what is sorted by, as a cursor has it."""
_JOINED = {
    "redeemed": " LEFT JOIN campaign_totals t ON t.campaign_id = c.id"
    " LEFT JOIN (SELECT campaign_id, sum(redeemed)::bigint AS redeemed FROM campaign_deltas"
    " WHERE account_id = $1 GROUP BY campaign_id) d ON d.campaign_id = c.id"
}
"""Beside the campaigns, where a sort needs it."""
SORTS = tuple(sign + name for name in _KEYS for sign in ("", "-"))

_STATE = (
    "CASE WHEN c.status = 'active' AND c.expires_at <= $7 THEN 'ended'"
    " WHEN c.status = 'active' AND c.starts_at > $7 THEN 'scheduled' ELSE c.status END"
)
_FOUND = (
    f" WHERE c.account_id = $1 AND {LISTED} {WANTED}"
    f" AND ($8::text[] IS NULL OR {_STATE} = ANY($8))"
    " AND NOT EXISTS (SELECT FROM words w WHERE position(w.word IN c.search_text) = 0)"
)
_WORDS = (
    "WITH words AS MATERIALIZED"
    " (SELECT folded_text(word) AS word FROM unnest($9::text[]) AS given (word))"
)


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """Which campaigns are listed and in which order. `search`: name or title has all of its words,
    in any case and with any accents. `states` are some of `STATES`; None is all. `sort` is one of
    `SORTS`."""

    only: Filter = Filter()
    search: str = ""
    states: tuple[str, ...] | None = None
    sort: str = "created"


class Place(msgspec.Struct, frozen=True):
    """Where a page ends: what was sorted by, of its kind in `KINDS`, and the campaign's id."""

    key: str | int
    id: int


class Listed(msgspec.Struct, frozen=True):
    entry: Entry
    standing: Standing
    place: Place


async def listed(
    db: Handle,
    account_id: int,
    asked: Asked,
    *,
    now: datetime,
    timezone: str,
    after: Place | None = None,
    limit: int,
) -> list[Listed]:
    """A page of campaigns, three statements whatever is asked for. `timezone` is the account's:
    in it days begin."""
    name = asked.sort.removeprefix("-")
    key, kind = _KEYS[name]
    order, beyond = ("DESC", "<") if asked.sort.startswith("-") else ("ASC", ">")
    rows = await db.fetch(
        f"{_WORDS} SELECT id, key::text AS key FROM (SELECT c.id, {key} AS key"
        f" FROM campaigns c{_JOINED.get(name, '')}{_FOUND}) k"
        f" WHERE $10::text IS NULL OR (key, id) {beyond} ($10::{kind}, $11::bigint)"
        f" ORDER BY key {order}, id {order} LIMIT $12",
        *_values(account_id, asked, now),
        after and str(after.key),
        after and after.id,
        limit,
    )
    places = [Place(KINDS[name](row["key"]), row["id"]) for row in rows]
    return await _shown(db, account_id, places, counts.today(timezone, now))


async def matching(db: Handle, account_id: int, asked: Asked, *, now: datetime) -> list[int]:
    """The ids of all that are listed, for what is done to all of them."""
    rows = await db.fetch(
        f"{_WORDS} SELECT c.id FROM campaigns c{_FOUND} ORDER BY c.id",
        *_values(account_id, asked, now),
    )
    return [row["id"] for row in rows]


FROM = {"paused": ("active",), "active": ("paused",), "archived": ("active", "paused", "draft")}
"""What can be made of many at once, and of which: a draft is published alone, by its check list."""


async def set_status_of_many(
    db: Handle, account_id: int, ids: Sequence[int], status: str, now: datetime, *, by: str = ""
) -> list[int]:
    """Pause, resume or archive these campaigns, as far as they are in a status that allows it.
    Gives the ids of those that changed. One statement."""
    rows = await db.fetch(
        "UPDATE campaigns SET status = $3, changed_at = $4, changed_by = $5"
        " WHERE account_id = $1 AND id = ANY($2) AND status = ANY($6) AND removed_at IS NULL"
        " AND NOT is_template RETURNING id",
        account_id,
        list(ids),
        status,
        now,
        by,
        list(FROM[status]),
    )
    return sorted(row["id"] for row in rows)


def _values(account_id: int, asked: Asked, now: datetime) -> tuple[Any, ...]:
    states = None if asked.states is None else list(asked.states)
    return (*catalogue.asked(account_id, asked.only), now, states, asked.search.split())


async def _shown(db: Handle, account_id: int, places: Sequence[Place], today: Any) -> list[Listed]:
    ids = [place.id for place in places]
    entries = await catalogue.entries_of_ids(db, account_id, ids)
    known = await counts.of_campaigns(db, account_id, ids, today)
    of = {entry.campaign.id: entry for entry in entries}
    return [
        Listed(of[place.id], known.get(place.id, counts.NOTHING), place)
        for place in places
        if place.id in of
    ]
