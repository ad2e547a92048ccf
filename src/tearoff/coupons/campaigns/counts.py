"""How many coupons of a campaign there are and what became of them.

Triggers of the database count what happens in the transaction in which it happens (migration
0020), so a count and what it counts are there together or not at all, whoever writes. They append
rows, the deltas, which a chore adds to the totals and the days.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

import msgspec

from tearoff.kit import older_counts
from tearoff.kit.db import Handle
from tearoff.kit.rows import columns, read

FOLDED_AT_ONCE = 50_000
"""Rows in one statement: some tenths of a second, for which nobody waits."""
LONG = 10_000
"""Deltas that take some milliseconds to go through. Whoever reads more adds them to the totals: no
worker may be running."""


class Counts(msgspec.Struct, frozen=True):
    """`issued`: coupons made, without those whose message certainly never left. `sent`: messages
    that a service took and nobody called undeliverable. `redeemed`: uses, without those that were
    taken back."""

    issued: int = 0
    sent: int = 0
    opened: int = 0
    claimed: int = 0
    redeemed: int = 0


NONE = Counts()


class Standing(msgspec.Struct, frozen=True):
    """Of all days, and of today in the account's time zone."""

    all: Counts = NONE
    today: Counts = NONE


NOTHING = Standing()

_LISTED = columns(Counts)
_NAMES = _LISTED.split(", ")
_SUMS = ", ".join(f"coalesce(sum({name}), 0)::bigint AS {name}" for name in _NAMES)


async def of_campaigns(
    db: Handle, account_id: int, ids: Sequence[int], today: date
) -> Mapping[int, Standing]:
    """By campaign, exact at this moment, in one statement. Campaigns of which nothing is counted
    are left out (`NOTHING`)."""
    rows = await db.fetch(_OF_CAMPAIGNS, account_id, list(ids), today)
    if rows and rows[0]["deltas"] > LONG:
        await db.fetchval(older_counts.FOLD, FOLDED_AT_ONCE)
    return {
        row["campaign_id"]: Standing(read(Counts, row, "a_"), read(Counts, row, "t_"))
        for row in rows
    }


class Begun(msgspec.Struct, frozen=True):
    """What an account has done at least once."""

    has_campaign: bool
    has_sent: bool
    has_redeemed: bool


async def begun(db: Handle, account_id: int) -> Begun:
    """Told by the counts: no coupon, message or event is looked at."""
    row = await db.fetchrow(_BEGUN, account_id)
    assert row is not None
    return read(Begun, row)


async def by_day(
    db: Handle, account_id: int, campaign_id: int, first: date, last: date
) -> dict[date, Counts]:
    """The days of which something is counted, both ends included."""
    rows = await db.fetch(
        f"SELECT day, {_SUMS} FROM (SELECT day, {_LISTED} FROM campaign_days"
        " WHERE account_id = $1 AND campaign_id = $2 AND day BETWEEN $3 AND $4"
        f" UNION ALL SELECT {older_counts.DAY.format(at='d.at')}, {columns(Counts, 'd')}"
        " FROM campaign_deltas d JOIN accounts a ON a.id = d.account_id"
        " WHERE d.account_id = $1 AND d.campaign_id = $2) c"
        " WHERE day BETWEEN $3 AND $4 GROUP BY day ORDER BY day",
        account_id,
        campaign_id,
        first,
        last,
    )
    return {row["day"]: read(Counts, row) for row in rows}


def today(timezone: str, now: datetime) -> date:
    """The day of an account, in its time zone."""
    return now.astimezone(ZoneInfo(timezone)).date()


async def fold(db: Handle) -> int:
    """Add what was counted to the totals, unless somebody else is at it; gives how many rows that
    were."""
    folded = 0
    while True:
        taken: int = await db.fetchval(older_counts.FOLD, FOLDED_AT_ONCE)
        folded += taken
        if taken < FOLDED_AT_ONCE:
            return folded


_EVER = (
    "(EXISTS (SELECT FROM campaign_days d WHERE d.account_id = $1 AND d.{name} > 0)"
    " OR EXISTS (SELECT FROM campaign_deltas d WHERE d.account_id = $1 AND d.{name} > 0))"
    " AS has_{name}"
)
_BEGUN = (
    "SELECT EXISTS (SELECT FROM campaigns WHERE account_id = $1 AND removed_at IS NULL"
    " AND NOT is_template AND status <> 'draft') AS has_campaign,"
    f" {_EVER.format(name='sent')}, {_EVER.format(name='redeemed')}"
)
_OF_CAMPAIGNS = f"""
WITH asked AS (SELECT unnest($2::bigint[]) AS campaign_id),
counted AS (
  SELECT t.campaign_id, false AS is_today, {columns(Counts, "t")}
  FROM asked JOIN campaign_totals t USING (campaign_id) WHERE t.account_id = $1
  UNION ALL SELECT d.campaign_id, NULL, {columns(Counts, "d")}
  FROM asked JOIN campaign_days d USING (campaign_id) WHERE d.account_id = $1 AND d.day = $3
  UNION ALL SELECT d.campaign_id, {older_counts.DAY.format(at="d.at")} = $3, {_LISTED}
  FROM accounts a, (
    SELECT campaign_id, date_bin('15 minutes', at, 'epoch') AS at, {_SUMS}
    FROM campaign_deltas WHERE account_id = $1 AND campaign_id = ANY($2) GROUP BY 1, 2
  ) d WHERE a.id = $1
)
SELECT campaign_id, (SELECT count(*) FROM campaign_deltas) AS deltas, {
    ", ".join(
        f"coalesce(sum({n}) FILTER (WHERE is_today IS NOT NULL), 0)::bigint AS a_{n},"
        f" coalesce(sum({n}) FILTER (WHERE is_today IS NOT FALSE), 0)::bigint AS t_{n}"
        for n in _NAMES
    )
} FROM counted GROUP BY campaign_id
"""
"""`is_today`: false counts in all only, null (a day's row) in today only, true in both. Days begin
at a full quarter of an hour everywhere; asked row by row, the day costs more than all the rest."""
