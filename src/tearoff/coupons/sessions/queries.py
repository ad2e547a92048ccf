"""One function per statement about sessions. The account is always asked for, except where a
consumer's link names campaign and session by their secret codes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import asyncpg

from tearoff.coupons.models import Campaign, NewSession, Session, SessionAndCampaign
from tearoff.kit.db import Handle, lock_name
from tearoff.kit.folding import words_of
from tearoff.kit.phone import phone_key, spellings
from tearoff.kit.rows import columns, read

_FOUND = (
    f"SELECT {columns(Session, 's', 's_')}, {columns(Campaign, 'c', 'c_')}"
    " FROM sessions s JOIN campaigns c ON c.id = s.campaign_id"
)
_SESSION_OF_CODE = (
    f"{_FOUND} WHERE s.account_id = $1 AND s.short_code = left($2, 6)"
    " AND (s.code = $2 OR length($2) = 6)"
)


async def session_of_code(db: Handle, account_id: int, code: str) -> SessionAndCampaign | None:
    """By the full or the short code, both lower-case."""
    return _both(await db.fetchrow(_SESSION_OF_CODE, account_id, code))


_SESSIONS_OF_OWN_CODE = (
    f"{_FOUND} WHERE s.account_id = $1 AND s.validation_code IS NOT NULL"
    " AND own_code_key(s.validation_code) = own_code_key($2)"
    " ORDER BY s.validation_code = $2 DESC, s.id LIMIT 100"
)


async def sessions_of_own_code(db: Handle, account_id: int, text: str) -> list[SessionAndCampaign]:
    """By a shop's own code, however it is told (`own_code_key`); those that are written exactly
    as `text` come first."""
    rows = await db.fetch(_SESSIONS_OF_OWN_CODE, account_id, text)
    return [both for both in map(_both, rows) if both is not None]


async def has_own_codes(db: Handle, account_id: int) -> bool:
    found: bool = await db.fetchval(
        "SELECT EXISTS (SELECT FROM sessions"
        " WHERE account_id = $1 AND validation_code IS NOT NULL)",
        account_id,
    )
    return found


async def session(db: Handle, account_id: int, session_id: int) -> SessionAndCampaign | None:
    return _both(
        await db.fetchrow(
            f"{_FOUND} WHERE s.account_id = $1 AND s.id = $2",
            account_id,
            session_id,
        )
    )


async def hold_session(db: Handle, account_id: int, session_id: int) -> SessionAndCampaign | None:
    """As it is now, and as it stays until the transaction ends; so do the campaign's limits."""
    return _both(
        await db.fetchrow(
            f"{_FOUND} WHERE s.account_id = $1 AND s.id = $2"
            " FOR NO KEY UPDATE OF s FOR KEY SHARE OF c",
            account_id,
            session_id,
        )
    )


async def hold_sessions(
    db: Handle, account_id: int, ids: Sequence[int]
) -> list[SessionAndCampaign]:
    """Many, in the order of their ids, which is the order in which all wait for them."""
    rows = await db.fetch(
        f"{_FOUND} WHERE s.account_id = $1 AND s.id = ANY($2) ORDER BY s.id"
        " FOR NO KEY UPDATE OF s FOR KEY SHARE OF c",
        account_id,
        list(ids),
    )
    return [both for both in map(_both, rows) if both is not None]


async def hold_limits(db: Handle, campaign: Campaign) -> Campaign:
    """The campaign as it is now; its limits stay so until the transaction ends. Whoever counts
    asks first, and others may at the same time: only a change of the campaign waits."""
    row = await db.fetchrow(
        f"SELECT {columns(Campaign)} FROM campaigns WHERE id = $1 FOR KEY SHARE", campaign.id
    )
    assert row is not None
    return read(Campaign, row)


async def insert_session(
    db: Handle, campaign: Campaign, code: str, new: NewSession, now: datetime
) -> int:
    """Insert a session; the row itself says when it was made. Raises UniqueViolationError when
    the short code or the validation code is taken."""
    words = words_of(new.firstname, new.lastname)
    made: int = await db.fetchval(
        _INSERT_NAMED if words else f"{INSERT_SESSION} RETURNING id",
        *session_values(campaign, code, new, now),
        *([words] if words else []),
    )
    return made


INSERT_SESSION = (
    "INSERT INTO sessions (account_id, campaign_id, code, firstname, lastname, email, phone,"
    " customid, customfields, utm, validation_code, expires_at, created_at, begun_by, language)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)"
)
_INSERT_NAMED = (
    f"WITH made AS ({INSERT_SESSION} RETURNING id), named AS (INSERT INTO session_words"
    " (account_id, word, session_id) SELECT $1, word, id FROM made, unnest($16::text[]) AS word)"
    " SELECT id FROM made"
)


def session_values(
    campaign: Campaign, code: str, new: NewSession, now: datetime
) -> tuple[Any, ...]:
    """The fifteen values of `INSERT_SESSION`."""
    return (
        campaign.account_id, campaign.id, code, new.firstname, new.lastname, new.email, new.phone,
        new.customid, new.customfields, new.utm, new.validation_code, new.expires_at, now,
        new.begun_by, new.language,
    )  # fmt: skip


TAKES_IN = (
    "(NOT EXISTS (SELECT FROM campaign_locations p WHERE p.campaign_id = {campaign})"
    " OR EXISTS (SELECT FROM campaign_locations p WHERE p.campaign_id = {campaign}"
    " AND p.location_id = {location}))"
)
"""A campaign without locations is taken in anywhere."""


async def is_taken_in_at(db: Handle, campaign_id: int, location_id: int) -> bool:
    """Whether the campaign is taken in at this location; one without locations is anywhere."""
    statement = f"SELECT {TAKES_IN.format(campaign='$1', location='$2')}"
    taken: bool = await db.fetchval(statement, campaign_id, location_id)
    return taken


async def lock_begun(db: Handle, campaign_id: int, begun_by: str) -> None:
    """Let only one transaction at a time work on the same form: a second press finds what the
    first has made, and counts in no limit."""
    await lock_name(db, f"begun:{campaign_id}:{begun_by}")


async def newest_to(db: Handle, campaign: Campaign, address: str) -> Session | None:
    """The coupon of this campaign that somebody has with this number (E.164) or e-mail address:
    the newest that is not used up, else the newest. What was voided is nobody's."""
    is_mail = "@" in address
    row = await db.fetchrow(
        # First those of the person: a campaign has millions.
        "WITH theirs AS MATERIALIZED (SELECT id FROM sessions WHERE account_id = $1"
        f" AND {'lower(email) = lower($3)' if is_mail else 'phone = ANY($3)'}"
        " AND campaign_id = $2 AND NOT voided)"
        f" SELECT {columns(Session, 's')} FROM theirs t JOIN sessions s ON s.id = t.id"
        " ORDER BY s.validated_at IS NULL DESC, s.id DESC LIMIT 1",
        campaign.account_id,
        campaign.id,
        address if is_mail else list(spellings(address)),
    )
    return read(Session, row) if row else None


async def code_begun_by(db: Handle, campaign_id: int, begun_by: str) -> str | None:
    code: str | None = await db.fetchval(
        "SELECT code FROM sessions WHERE campaign_id = $1 AND begun_by = $2", campaign_id, begun_by
    )
    return code


async def find_duplicate(
    db: Handle, account_id: int, campaign_id: int, field: str, value: str
) -> str | None:
    """The code of the campaign's oldest live session with this e-mail address, phone or
    customid."""
    column = {
        "email": "lower(email) = lower($3)",
        "phone": "phone = ANY($3)",
        "customid": "customid = $3",
    }
    found: str | None = await db.fetchval(
        f"SELECT code FROM sessions WHERE account_id = $1 AND campaign_id = $2 AND {column[field]}"
        " AND NOT voided ORDER BY id LIMIT 1",
        account_id,
        campaign_id,
        list(spellings(value)) if field == "phone" else value,
    )
    return found


async def lock_duplicates(
    db: Handle, account_id: int, campaign_id: int, field: str, value: str
) -> None:
    """Let only one transaction at a time ask for (and then make) this person's session."""
    person = phone_key(value) if field == "phone" else value.lower()
    await lock_name(db, f"duplicate:{account_id}:{campaign_id}:{field}:{person}")


async def session_of_reservation(
    db: Handle, account_id: int, reservation: str
) -> SessionAndCampaign | None:
    return _both(
        await db.fetchrow(
            f"{_FOUND} WHERE s.account_id = $1 AND s.reservation = $2",
            account_id,
            reservation,
        )
    )


async def sessions_of_codes(
    db: Handle, account_id: int, codes: Sequence[str]
) -> list[SessionAndCampaign]:
    """By full or short codes, all lower-case, in no order."""
    rows = await db.fetch(
        f"{_FOUND} WHERE s.account_id = $1 AND s.short_code = ANY($2)"
        " AND (s.code = ANY($3) OR s.short_code = ANY($3))",
        account_id,
        [code[:6] for code in codes],
        list(codes),
    )
    return [both for both in map(_both, rows) if both is not None]


async def sessions_of_ids(
    db: Handle, account_id: int, ids: Collection[int]
) -> list[SessionAndCampaign]:
    """In no order."""
    rows = await db.fetch(
        f"{_FOUND} WHERE s.account_id = $1 AND s.id = ANY($2)",
        account_id,
        list(ids),
    )
    return [both for both in map(_both, rows) if both is not None]


_LOST = "e.kind = 'voided' AND e.actor = 'tearoff'"
"""The event of a session that was voided because its message certainly never left."""


async def count_lost(db: Handle, campaign: Campaign) -> int:
    """Sessions of the campaign that nobody ever had."""
    n: int = await db.fetchval(
        "SELECT count(*) FROM sessions s WHERE s.account_id = $1 AND s.campaign_id = $2"
        " AND (s.voided OR s.unvoided_at IS NOT NULL)"
        f" AND EXISTS (SELECT FROM session_events e WHERE e.session_id = s.id AND {_LOST})",
        campaign.account_id,
        campaign.id,
    )
    return n


async def was_lost(db: Handle, session_id: int) -> bool:
    """Whether nobody ever had this session: it counts in no limit."""
    lost: bool = await db.fetchval(
        f"SELECT EXISTS (SELECT FROM session_events e WHERE e.session_id = $1 AND {_LOST})",
        session_id,
    )
    return lost


async def remove_session(db: Handle, account_id: int, session_id: int) -> bool:
    """Delete a session that was never taken in; its events stay, without a place in lists."""
    done = await db.fetchval(
        "WITH gone AS (DELETE FROM sessions WHERE account_id = $1 AND id = $2"
        " AND uses = 0 AND validated_at IS NULL RETURNING id)"
        " SELECT true FROM gone",
        account_id,
        session_id,
    )
    return bool(done)


def _both(row: asyncpg.Record | None) -> SessionAndCampaign | None:
    if row is None:
        return None
    return SessionAndCampaign(read(Session, row, "s_"), read(Campaign, row, "c_"))
