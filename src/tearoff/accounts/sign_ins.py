"""Links that are used once, and who is signed in: how long each lasts."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

import msgspec

from tearoff.errors import Conflict
from tearoff.kit import codes
from tearoff.kit.db import Handle
from tearoff.kit.rows import columns, read

TOKEN_LENGTH = 49
SSO_LIVES = timedelta(minutes=5)
RESET_LIVES = timedelta(hours=1)
INVITATION_LIVES = timedelta(days=3)
"""Somebody who did not ask for it has to see the mail first: a week-end must fit in. A reset is
handed over while somebody waits for it."""
SIGN_IN_LIVES = timedelta(hours=12)


class LinkOver(Conflict):
    """This link was used already, or its time is over."""


class Ticket(msgspec.Struct, frozen=True):
    """What a link's token stands for. `page` is where its holder wants to go."""

    purpose: str
    account_id: int
    member_id: int | None
    page: str
    campaign_id: int | None
    location_id: int | None
    expires_at: datetime
    used_at: datetime | None

    def is_good(self, now: datetime) -> bool:
        return self.used_at is None and self.expires_at > now


class SignIn(msgspec.Struct, frozen=True):
    """Somebody who is signed in; `member_id` is None for the account itself."""

    account_id: int
    member_id: int | None
    account_name: str
    email: str


async def issue_ticket(
    db: Handle,
    purpose: str,
    account_id: int,
    *,
    expires_at: datetime,
    member_id: int | None = None,
    page: str = "",
    campaign_id: int | None = None,
    location_id: int | None = None,
) -> str:
    """A token for one use (49 letters and digits, about 290 bits). Only its hash is kept."""
    token = codes.letters(TOKEN_LENGTH)
    await db.execute(
        "INSERT INTO one_time_tokens (token_sha256, purpose, account_id, member_id, page,"
        " campaign_id, expires_at, location_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        _hash(token),
        purpose,
        account_id,
        member_id,
        page,
        campaign_id,
        expires_at,
        location_id,
    )
    return token


async def find_ticket(db: Handle, token: str, purpose: str) -> Ticket | None:
    row = await db.fetchrow(
        f"SELECT {columns(Ticket)} FROM one_time_tokens WHERE token_sha256 = $1 AND purpose = $2",
        _hash(token),
        purpose,
    )
    return row and read(Ticket, row)


async def use_ticket(db: Handle, token: str, purpose: str, now: datetime) -> Ticket:
    """Use it, once: the row count of one guarded update decides. Raises `LinkOver`."""
    row = await db.fetchrow(
        "UPDATE one_time_tokens SET used_at = $3 WHERE token_sha256 = $1 AND purpose = $2"
        f" AND used_at IS NULL AND expires_at > $3 RETURNING {columns(Ticket)}",
        _hash(token),
        purpose,
        now,
    )
    if row is None:
        raise LinkOver
    return read(Ticket, row)


async def sign_in(db: Handle, ticket: Ticket, now: datetime) -> str:
    """The secret of a new sign-in, for a cookie."""
    token = codes.letters(TOKEN_LENGTH)
    await db.execute(
        "INSERT INTO sign_ins (token_sha256, account_id, member_id, created_at, expires_at)"
        " VALUES ($1, $2, $3, $4, $5)",
        _hash(token),
        ticket.account_id,
        ticket.member_id,
        now,
        now + SIGN_IN_LIVES,
    )
    await db.execute(
        "UPDATE members SET sign_ins = sign_ins + 1, last_sign_in_at = $3 WHERE account_id = $1"
        " AND id = coalesce($2, (SELECT id FROM members WHERE account_id = $1 AND role = 'owner'"
        " ORDER BY id LIMIT 1))",
        ticket.account_id,
        ticket.member_id,
        now,
    )
    return token


async def signed_in(db: Handle, token: str, now: datetime) -> SignIn | None:
    row = await db.fetchrow(
        "SELECT s.account_id, s.member_id, a.name AS account_name, coalesce(m.email, a.email)"
        " AS email FROM sign_ins s JOIN accounts a ON a.id = s.account_id"
        " LEFT JOIN members m ON m.id = s.member_id WHERE s.token_sha256 = $1"
        " AND s.expires_at > $2 AND a.blocked_at IS NULL"
        " AND (a.expires_at IS NULL OR a.expires_at > $2)",
        _hash(token),
        now,
    )
    return row and read(SignIn, row)


async def sign_out(db: Handle, token: str) -> None:
    await db.execute("DELETE FROM sign_ins WHERE token_sha256 = $1", _hash(token))


async def sweep(db: Handle, now: datetime) -> None:
    """Remove links and sign-ins whose time is over."""
    await db.execute("DELETE FROM one_time_tokens WHERE expires_at < $1", now - timedelta(days=1))
    await db.execute("DELETE FROM sign_ins WHERE expires_at < $1", now)


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()
