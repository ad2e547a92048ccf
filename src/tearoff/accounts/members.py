"""People of an account, and their passwords."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import asyncpg
import msgspec

from tearoff.accounts.passwords import hash_password
from tearoff.accounts.sign_ins import LinkOver, find_ticket, use_ticket
from tearoff.errors import Conflict, NotFound
from tearoff.kit import caps
from tearoff.kit.caps import Cap
from tearoff.kit.db import Database, Handle
from tearoff.kit.rows import columns, read

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
