"""What somebody has typed into a campaign's form and not saved yet.

It is kept apart from the campaign, one for each person, so that an autosave never meets a conflict
and never reaches a coupon. What is kept are the form's values as they were typed, of all its tabs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from tearoff.errors import Invalid
from tearoff.kit.db import Handle
from tearoff.kit.rows import columns, read

Values = Mapping[str, str | Sequence[str]]

MOST_BYTES = 200_000
"""Of one draft, as JSON: ten times the longest texts that a form takes in."""


KEPT = timedelta(days=90)
"""After this nobody comes back for a draft."""


class Draft(msgspec.Struct, frozen=True):
    """`based_on_version`: the campaign's version that was on the screen when typing began."""

    raw_values: str
    based_on_version: int
    saved_at: datetime

    @property
    def values(self) -> dict[str, str | list[str]]:
        return msgspec.json.decode(self.raw_values, type=dict[str, str | list[str]])


async def save_draft(
    db: Handle,
    account_id: int,
    campaign_id: int,
    person_id: int,
    values: Values,
    version: int,
    now: datetime,
) -> bool:
    """Keep what this person has typed, in place of what was kept before: of two that arrive in the
    wrong order the later one (`now`) stays. False when the account has no such campaign. Raises
    `Invalid` when it is too much."""
    raw = msgspec.json.encode({_kept(name): _kept(value) for name, value in values.items()})
    if len(raw) > MOST_BYTES:
        raise Invalid(f"A draft has at most {MOST_BYTES:,} bytes.", field="values")
    done = await db.execute(
        "INSERT INTO campaign_drafts AS d"
        ' (account_id, campaign_id, person_id, "values", based_on_version, saved_at)'
        " SELECT account_id, id, $3, $4::text::jsonb, $5, $6 FROM campaigns"
        " WHERE account_id = $1 AND id = $2 AND removed_at IS NULL"
        ' ON CONFLICT (campaign_id, person_id) DO UPDATE SET "values" = CASE'
        ' WHEN d.saved_at <= excluded.saved_at THEN excluded."values" ELSE d."values" END,'
        " based_on_version = CASE WHEN d.saved_at <= excluded.saved_at"
        " THEN excluded.based_on_version ELSE d.based_on_version END,"
        " saved_at = greatest(d.saved_at, excluded.saved_at)",
        account_id,
        campaign_id,
        person_id,
        raw.decode(),
        version,
        now,
    )
    return done == "INSERT 0 1"


def _kept(value: Any) -> Any:
    """Without what a database or UTF-8 cannot hold; the form says so when it is saved."""
    if isinstance(value, str):
        return value.replace("\0", "").encode("utf-8", "replace").decode()
    return [_kept(one) for one in value]


async def draft_of(db: Handle, account_id: int, campaign_id: int, person_id: int) -> Draft | None:
    row = await db.fetchrow(
        f'SELECT {columns(Draft)} FROM (SELECT "values"::text AS raw_values, based_on_version,'
        " saved_at FROM campaign_drafts WHERE account_id = $1 AND campaign_id = $2"
        " AND person_id = $3) d",
        account_id,
        campaign_id,
        person_id,
    )
    return row and read(Draft, row)


async def drop_draft(db: Handle, account_id: int, campaign_id: int, person_id: int) -> None:
    """What was typed is saved now, or thrown away."""
    await db.execute(
        "DELETE FROM campaign_drafts WHERE account_id = $1 AND campaign_id = $2 AND person_id = $3",
        account_id,
        campaign_id,
        person_id,
    )


async def drop_old(db: Handle, before: datetime) -> None:
    """Drafts that nobody came back for."""
    await db.execute("DELETE FROM campaign_drafts WHERE saved_at < $1", before)
