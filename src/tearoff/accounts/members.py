"""People who sign in, their passwords, and the links by which they do."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import msgspec

from tearoff.accounts.passwords import hash_password
from tearoff.errors import Conflict, NotFound
from tearoff.kit import caps, codes
from tearoff.kit.caps import Cap
from tearoff.kit.db import Database, Handle
from tearoff.kit.rows import columns, read

TOKEN_LENGTH = 49
SSO_LIVES = timedelta(minutes=5)
RESET_LIVES = timedelta(hours=1)
INVITATION_LIVES = timedelta(days=3)
"""Somebody who did not ask for it has to see the mail first: a week-end must fit in. A reset is
handed over while somebody waits for it."""
SIGN_IN_LIVES = timedelta(hours=12)
ROLES = ("owner", "manager", "editor", "sender", "staff", "reader")


MOST = 1_000
_CAP = Cap(
    name="members",
    most=MOST,
    rows="members WHERE account_id = $1",
    text=f"An account has at most {MOST:,} teammates. Remove those who left.",
)


class EmailTaken(Conflict):
    """Email already exists"""


class MemberNotFound(NotFound):
    """Teammate ID not found"""


class LastOwner(Conflict):
    """An account keeps one owner. Make another one first: `tearoff teammate add --role owner`."""


class LinkOver(Conflict):
    """This link was used already, or its time is over."""


class NewMember(msgspec.Struct, frozen=True, kw_only=True):
    email: str
    first_name: str = ""
    last_name: str = ""
    language: str = "en"
    password_hash: str | None = None
    role: str = "owner"


class Member(msgspec.Struct, frozen=True):
    id: int
    account_id: int
    role: str
    email: str
    first_name: str
    last_name: str
    language: str


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


async def create_member(db: asyncpg.Connection, account_id: int, new: NewMember) -> int:
    """In a transaction. Raises `EmailTaken`, because an address stands once in a tenant, and
    `CapReached`."""
    await _hold_address(db, account_id, new.email)
    await caps.make_room(db, _CAP, account_id)
    made: int = await db.fetchval(
        "INSERT INTO members (account_id, role, email, first_name, last_name, language,"
        " password_hash) VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id",
        account_id,
        new.role,
        new.email,
        new.first_name,
        new.last_name,
        new.language,
        new.password_hash,
    )
    return made


async def change_owner(db: asyncpg.Connection, account_id: int, values: dict[str, Any]) -> None:
    """Set the named columns of the account's owner. In a transaction. Raises `EmailTaken`."""
    known = await owner(db, account_id)
    if known is None:
        return
    if "email" in values:
        await _hold_address(db, account_id, values["email"], known.id)
    sets = ", ".join(f"{name} = ${i}" for i, name in enumerate(values, 2))
    await db.execute(f"UPDATE members SET {sets} WHERE id = $1", known.id, *values.values())


_TENANT = "(SELECT coalesce(parent_id, id) FROM accounts WHERE id = $1)"
"""The account at the top: it and its subaccounts are one tenant, and know of no other's people."""


async def _hold_address(
    db: asyncpg.Connection, account_id: int, email: str, own: int | None = None
) -> None:
    """One at a time gives an address away in a tenant; somebody's `own` one is free for them."""
    await db.execute(
        f"SELECT pg_advisory_xact_lock(hashtextextended('members:' || {_TENANT}, 0))", account_id
    )
    await check_free(db, account_id, email, own)


async def check_free(db: Handle, account_id: int, email: str, own: int | None = None) -> None:
    """Said early, before costly work; `create_member` decides. Raises `EmailTaken`."""
    taken = await db.fetchval(
        "SELECT true FROM members m JOIN accounts a ON a.id = m.account_id"
        f" WHERE lower(m.email) = lower($2) AND coalesce(a.parent_id, a.id) = {_TENANT}"
        " AND m.id IS DISTINCT FROM $3 LIMIT 1",
        account_id,
        email,
        own,
    )
    if taken:
        raise EmailTaken


async def member(db: Handle, account_id: int, member_id: int) -> Member:
    """Raises `MemberNotFound`."""
    row = await db.fetchrow(
        f"SELECT {columns(Member)} FROM members WHERE account_id = $1 AND id = $2",
        account_id,
        member_id,
    )
    if row is None:
        raise MemberNotFound
    return read(Member, row)


async def all_of(db: Handle, account_id: int) -> list[Member]:
    rows = await db.fetch(
        f"SELECT {columns(Member)} FROM members WHERE account_id = $1 ORDER BY id", account_id
    )
    return [read(Member, row) for row in rows]


async def owner(db: Handle, account_id: int) -> Member | None:
    row = await db.fetchrow(
        f"SELECT {columns(Member)} FROM members WHERE account_id = $1 AND role = 'owner'"
        " ORDER BY id LIMIT 1",
        account_id,
    )
    return row and read(Member, row)


# passwords --------------------------------------------------------------------------------


async def set_password(db: Database, token: str, password: str, now: datetime) -> Member:
    """By a link that was handed out for it; the link is used up, in a transaction of its own, and
    whoever was signed in as this person is so no more. Raises `LinkOver`, `TooBusy` and what
    `hash_password` says of the password."""
    ticket = await find_ticket(db, token, "password")
    if ticket is None or not ticket.is_good(now) or ticket.member_id is None:
        raise LinkOver
    known = await member(db, ticket.account_id, ticket.member_id)
    hashed = await hash_password(password, [known.email, known.first_name, known.last_name])
    async with db.transaction() as work:
        await use_ticket(work, token, "password", now)
        await work.execute("UPDATE members SET password_hash = $2 WHERE id = $1", known.id, hashed)
        await end_sign_ins(work, known, now)
    return known


# ending -----------------------------------------------------------------------------------


async def end_sign_ins(db: asyncpg.Connection, known: Member, now: datetime) -> int:
    """Sign the person out everywhere: their next request is refused, and links that sign them in
    or set their password are over. The account's own sign-in counts as its owner's. Gives how many
    sign-ins there were. In a transaction."""
    theirs = "account_id = $1 AND (member_id = $2 OR ($3 AND member_id IS NULL))"
    of_person = (known.account_id, known.id, known.role == "owner")
    # Links first: one that is being used meanwhile is waited for, and its sign-in then ended.
    await db.execute(
        "UPDATE one_time_tokens SET used_at = $4 WHERE used_at IS NULL"
        f" AND purpose IN ('sso', 'password') AND {theirs}",
        *of_person,
        now,
    )
    gone = await db.fetch(f"DELETE FROM sign_ins WHERE {theirs} RETURNING true", *of_person)
    return len(gone)


async def sign_out_everywhere(
    db: asyncpg.Connection, account_id: int, member_id: int, now: datetime
) -> int:
    """As `end_sign_ins`. Raises `MemberNotFound`."""
    return await end_sign_ins(db, await member(db, account_id, member_id), now)


async def remove_member(
    db: asyncpg.Connection, account_id: int, member_id: int, now: datetime
) -> Member:
    """Sign the person out and forget them. In a transaction. Raises `MemberNotFound` and
    `LastOwner`."""
    held = await db.fetch(
        "SELECT id, role FROM members WHERE account_id = $1 AND (role = 'owner' OR id = $2)"
        " ORDER BY id FOR UPDATE",
        account_id,
        member_id,
    )
    known = await member(db, account_id, member_id)
    if [row["id"] for row in held if row["role"] == "owner"] == [known.id]:
        raise LastOwner
    await end_sign_ins(db, known, now)
    await db.execute("DELETE FROM one_time_tokens WHERE member_id = $1", known.id)
    await db.execute("DELETE FROM members WHERE id = $1", known.id)
    return known


# links ------------------------------------------------------------------------------------


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
