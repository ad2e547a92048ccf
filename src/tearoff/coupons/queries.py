"""One function per statement about sessions. The account is always asked for, except where a
consumer's link names campaign and session by their secret codes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import asyncpg

from tearoff.coupons.models import Campaign, Doer, NewSession, Session, SessionAndCampaign
from tearoff.kit.db import Handle
from tearoff.kit.rows import columns, read

_BOTH = f"SELECT {columns(Session, 's', 's_')}, {columns(Campaign, 'c', 'c_')}"
_SESSION_OF_CODE = (
    f"{_BOTH} FROM sessions s JOIN campaigns c ON c.id = s.campaign_id"
    " WHERE s.account_id = $1 AND s.short_code = left($2, 6) AND (s.code = $2 OR length($2) = 6)"
)


async def session_of_code(db: Handle, account_id: int, code: str) -> SessionAndCampaign | None:
    """By the full or the short code, both lower-case."""
    return _both(await db.fetchrow(_SESSION_OF_CODE, account_id, code))


async def session(db: Handle, account_id: int, session_id: int) -> SessionAndCampaign | None:
    return _both(
        await db.fetchrow(
            f"{_BOTH} FROM sessions s JOIN campaigns c ON c.id = s.campaign_id"
            " WHERE s.account_id = $1 AND s.id = $2",
            account_id,
            session_id,
        )
    )


async def insert_session(
    db: Handle, campaign: Campaign, code: str, new: NewSession, now: datetime
) -> int:
    """Insert a session; the row itself says when it was made. Raises UniqueViolationError when
    the short code or the validation code is taken."""
    made: int = await db.fetchval(
        f"{INSERT_SESSION} RETURNING id", *session_values(campaign, code, new, now)
    )
    return made


INSERT_SESSION = (
    "INSERT INTO sessions (account_id, campaign_id, code, firstname, lastname, email, phone,"
    " customid, customfields, utm, validation_code, expires_at, created_at)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)"
)


def session_values(
    campaign: Campaign, code: str, new: NewSession, now: datetime
) -> tuple[Any, ...]:
    """The thirteen values of `INSERT_SESSION`."""
    return (
        campaign.account_id, campaign.id, code, new.firstname, new.lastname, new.email, new.phone,
        new.customid, new.customfields, new.utm, new.validation_code, new.expires_at, now,
    )  # fmt: skip


async def find_duplicate(
    db: Handle, account_id: int, campaign_id: int, field: str, value: str
) -> str | None:
    """The code of the campaign's oldest live session with this e-mail address, phone or
    customid."""
    column = {
        "email": "lower(email) = lower($3)",
        "phone": "phone = $3",
        "customid": "customid = $3",
    }
    found: str | None = await db.fetchval(
        f"SELECT code FROM sessions WHERE account_id = $1 AND campaign_id = $2 AND {column[field]}"
        " AND NOT voided ORDER BY id LIMIT 1",
        account_id,
        campaign_id,
        value,
    )
    return found


async def lock_duplicates(
    db: Handle, account_id: int, campaign_id: int, field: str, value: str
) -> None:
    """Let only one transaction at a time ask for (and then make) this person's session."""
    await db.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))",
        f"duplicate:{account_id}:{campaign_id}:{field}:{value.lower()}",
    )


_VALIDATE = f"""
WITH won AS (
  UPDATE sessions s SET
    uses = s.uses + 1,
    validated_at = CASE WHEN s.uses + 1 >= c.uses THEN $3 END,
    claimed_at = coalesce(s.claimed_at, $3),
    opened_at = coalesce(s.opened_at, $3),
    location_id = $4,
    validation_value = coalesce($5, s.validation_value)
  FROM campaigns c
  WHERE s.account_id = $1 AND s.id = $2 AND c.id = s.campaign_id
    AND s.validated_at IS NULL AND s.uses < c.uses AND NOT s.voided AND NOT s.locked
    AND c.status = 'active'
    AND (c.starts_at IS NULL OR c.starts_at <= $3)
    AND (c.expires_at IS NULL OR c.expires_at > $3)
    AND (s.expires_at IS NULL OR s.expires_at > $3)
    AND ($6::integer IS NULL OR s.uses = $6)
  RETURNING s.*
), noted AS (
  INSERT INTO session_events (account_id, campaign_id, session_id, kind, at, actor, channel, reason,
    location_id)
  SELECT account_id, campaign_id, id, 'validated', $3, $7, $8, $9, $4 FROM won
)
SELECT {columns(Session)} FROM won
"""


async def validate(
    db: Handle,
    account_id: int,
    session_id: int,
    *,
    value: str | None,
    if_uses: int | None,
    doer: Doer,
    now: datetime,
) -> Session | None:
    """Use the session once; None when it cannot be used (or was used since `if_uses`)."""
    row = await db.fetchrow(
        _VALIDATE,
        account_id,
        session_id,
        now,
        doer.location_id,
        value,
        if_uses,
        doer.actor,
        doer.channel,
        doer.reason,
    )
    return row and read(Session, row)


CHANGES: dict[str, tuple[str, str]] = {
    "opened": (
        "opened_at = $3",
        "opened_at IS NULL AND NOT voided AND (expires_at IS NULL OR expires_at > $3)",
    ),
    "claimed": (
        "claimed_at = $3, opened_at = coalesce(opened_at, $3)",
        "claimed_at IS NULL AND NOT voided AND NOT locked"
        " AND (expires_at IS NULL OR expires_at > $3)",
    ),
    "unclaimed": ("claimed_at = NULL", "claimed_at IS NOT NULL AND validated_at IS NULL"),
    "unvalidated": ("uses = uses - 1, validated_at = NULL", "uses > 0"),
    "voided": (
        "voided = true, voided_at = $3, unvoided_at = NULL",
        "NOT voided AND validated_at IS NULL",
    ),
    "unvoided": ("voided = false, unvoided_at = $3", "voided"),
    "locked": (
        "locked = true, locked_at = $3, unlocked_at = NULL",
        "NOT locked AND validated_at IS NULL",
    ),
    "unlocked": ("locked = false, unlocked_at = $3", "locked"),
}
"""For each simple operation: what it sets and from which states it is allowed."""


async def change(
    db: Handle, account_id: int, session_id: int, kind: str, doer: Doer, now: datetime
) -> Session | None:
    """Do one of `CHANGES`; None when the session was in no state that allows it."""
    sets, guard = CHANGES[kind]
    row = await db.fetchrow(
        f"WITH won AS (UPDATE sessions SET {sets} WHERE account_id = $1 AND id = $2 AND ({guard})"
        " RETURNING *), noted AS (INSERT INTO session_events (account_id, campaign_id, session_id,"
        " kind, at, actor, channel, reason, location_id)"
        " SELECT account_id, campaign_id, id, $4, $3, $5, $6, $7, $8 FROM won)"
        f" SELECT {columns(Session)} FROM won",
        account_id,
        session_id,
        now,
        kind,
        doer.actor,
        doer.channel,
        doer.reason,
        doer.location_id,
    )
    return row and read(Session, row)


async def set_fields(
    db: Handle, account_id: int, session_id: int, fields: dict[str, Any]
) -> Session | None:
    """Set the named columns; the names come from our own tables, never from a caller."""
    sets = ", ".join(f"{name} = ${i}" for i, name in enumerate(fields, 3))
    row = await db.fetchrow(
        f"UPDATE sessions SET {sets} WHERE account_id = $1 AND id = $2"
        f" RETURNING {columns(Session)}",
        account_id,
        session_id,
        *fields.values(),
    )
    return row and read(Session, row)


async def set_device(db: Handle, session_id: int, device: Sequence[str]) -> None:
    """The first device stays: a coupon that was passed on does not change hands in the books."""
    await db.execute(
        "UPDATE sessions SET device = $2 WHERE id = $1 AND device IS NULL", session_id, list(device)
    )


def _both(row: asyncpg.Record | None) -> SessionAndCampaign | None:
    if row is None:
        return None
    return SessionAndCampaign(read(Session, row, "s_"), read(Campaign, row, "c_"))
