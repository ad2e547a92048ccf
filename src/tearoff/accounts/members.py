"""Members: a person's place in an account, and what its tenant may do with the person.

A tenant (an account and its subaccounts) gains neither a session nor a password over somebody who
belongs to another tenant too. What is the person's alone is the matter of `people.py`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import asyncpg
import msgspec

from tearoff.accounts import audit, owners
from tearoff.accounts.owners import MemberNotFound
from tearoff.accounts.passwords import hash_password
from tearoff.accounts.sign_ins import LinkOver, find_ticket, use_ticket
from tearoff.accounts.telling import tell
from tearoff.errors import Conflict
from tearoff.kit import caps
from tearoff.kit.caps import Cap
from tearoff.kit.db import Database, Handle, lock_name
from tearoff.kit.rows import columns, read

MOST = 1_000
_CAP = Cap(
    name="members",
    most=MOST,
    rows="members WHERE account_id = $1",
    text=f"An account has at most {MOST:,} teammates. Remove those who left.",
)


class EmailTaken(Conflict):
    """Email already exists"""


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
    """In a transaction. A person whom nobody knew is made with it; one whom another tenant knows
    keeps name and password, and the place waits to be accepted. Raises `EmailTaken`, because an
    address stands once in a tenant, and `CapReached`."""
    await _hold_address(db, account_id, new.email)
    await caps.make_room(db, _CAP, account_id)
    return await _place(db, account_id, new)


async def _place(db: asyncpg.Connection, account_id: int, new: NewMember) -> int:
    person_id = await _person_of(db, new)
    made: int = await db.fetchval(
        "INSERT INTO members (account_id, person_id, role, email, first_name, last_name, language,"
        f" accepted_at) SELECT $1, $2, $3, $4, $5, $6, $7, {_ACCEPTED} RETURNING id",
        account_id,
        person_id,
        new.role,
        new.email,
        new.first_name,
        new.last_name,
        new.language,
    )
    return made


async def _person_of(db: asyncpg.Connection, new: NewMember) -> int:
    """The person with this address, made if there is none. One who belongs nowhere any more is
    made anew: a former tenant may know the password."""
    await _hold_person(db, new.email)
    await _forget_if_nowhere(db, new.email)
    made: int = await db.fetchval(
        "INSERT INTO people (email, first_name, last_name, language, password_hash)"
        " VALUES ($1, $2, $3, $4, $5)"
        " ON CONFLICT (lower(email)) DO UPDATE SET email = people.email RETURNING id",
        new.email.lower(),
        new.first_name,
        new.last_name,
        new.language,
        new.password_hash,
    )
    return made


async def _hold_person(db: asyncpg.Connection, email: str) -> None:
    """One at a time gives a person places or takes them away."""
    await lock_name(db, f"person:{email.lower()}")


async def _forget_if_nowhere(db: asyncpg.Connection, email: str) -> None:
    await db.execute(
        "DELETE FROM people p WHERE lower(p.email) = lower($1)"
        " AND NOT EXISTS (SELECT FROM members m WHERE m.person_id = p.id)",
        email,
    )


async def ensure_owner(db: asyncpg.Connection, account_id: int) -> Member:
    """The account's owner. An account that has none signs in as the person with its own address,
    who becomes its owner by that. In a transaction."""
    await lock_name(db, f"owner:{account_id}")
    known = await owner(db, account_id)
    if known is not None:
        return known
    email = await db.fetchval("SELECT email FROM accounts WHERE id = $1", account_id)
    same: int | None = await db.fetchval(
        "UPDATE members SET role = 'owner' WHERE account_id = $1 AND lower(email) = lower($2)"
        " RETURNING id",
        account_id,
        email,
    )
    # The account's own address may stand elsewhere in its tenant: it is the same person there.
    made = same or await _place(db, account_id, NewMember(email=email))
    return await member(db, account_id, made)


async def change_owner(db: asyncpg.Connection, account_id: int, values: dict[str, Any]) -> None:
    """Set the named columns of the account's owner. In a transaction. Raises `EmailTaken`."""
    known = await owner(db, account_id)
    if known is None:
        return
    if "email" in values:
        await _hold_address(db, account_id, values["email"], known.id)
        if values["email"].lower() != known.email.lower():
            await _readdress(db, known, values["email"])
    sets = ", ".join(f"{name} = ${i}" for i, name in enumerate(values, 2))
    await db.execute(f"UPDATE members SET {sets} WHERE id = $1", known.id, *values.values())
    names = {name: values[name] for name in ("first_name", "last_name") if name in values}
    for name, value in names.items():
        await db.execute(
            f"UPDATE people p SET {name} = $2 FROM members own WHERE own.id = $1"
            f" AND p.id = own.person_id AND NOT {IS_ELSEWHERE}",
            known.id,
            value,
        )


async def _readdress(db: asyncpg.Connection, known: Member, email: str) -> None:
    """A person who belongs here alone gets the address; else the place goes to another person,
    with whatever password that one has: nobody who belongs elsewhere is readdressed from here."""
    for address in sorted({known.email.lower(), email.lower()}):
        await _hold_person(db, address)
    await _forget_if_nowhere(db, email)
    moved = await db.fetchval(
        "UPDATE people p SET email = lower($2), mail_proven_at = NULL FROM members own"
        " WHERE own.id = $1 AND p.id = own.person_id"
        " AND NOT EXISTS (SELECT FROM members m WHERE m.person_id = p.id AND m.id <> own.id)"
        " AND NOT EXISTS (SELECT FROM people other WHERE lower(other.email) = lower($2))"
        " RETURNING p.id",
        known.id,
        email,
    )
    if moved is not None:
        await db.execute("DELETE FROM one_time_tokens WHERE person_id = $1", moved)
        return
    person_id = await _person_of(db, _as_new(known, email))
    await db.execute(
        f"UPDATE members SET email = $4, person_id = $2, accepted_at = {_ACCEPTED}"
        " WHERE account_id = $1 AND id = $3",
        known.account_id,
        person_id,
        known.id,
        email,
    )
    await _forget_if_nowhere(db, known.email)


def _as_new(known: Member, email: str) -> NewMember:
    return NewMember(
        email=email,
        first_name=known.first_name,
        last_name=known.last_name,
        language=known.language,
    )


_TENANT = "(SELECT coalesce(parent_id, id) FROM accounts WHERE id = $1)"
"""The account at the top: it and its subaccounts are one tenant, and know of no other's people."""

IS_ELSEWHERE = (
    "EXISTS (SELECT FROM members o JOIN accounts oa ON oa.id = o.account_id"
    " JOIN accounts wa ON wa.id = own.account_id WHERE o.person_id = own.person_id"
    " AND o.accepted_at IS NOT NULL AND coalesce(oa.parent_id, oa.id)"
    " <> coalesce(wa.parent_id, wa.id))"
)
"""Whether the person of the member `own` belongs to another tenant. A place that they have not
accepted does not count: else whoever names an address could stop another tenant's links."""
_ACCEPTED = (
    "CASE WHEN NOT EXISTS (SELECT FROM members o JOIN accounts oa ON oa.id = o.account_id"
    f" WHERE o.person_id = $2 AND coalesce(oa.parent_id, oa.id) <> {_TENANT}) THEN now() END"
)
"""When a place in account $1 is accepted: at once by a person ($2) whom no other tenant knows."""


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


class HasPassword(Conflict):
    """This person belongs to somebody else's account too and has a password of their own."""


async def check_settable(db: Handle, member_id: int) -> None:
    """Whether the member's tenant may hand out a password for the person: not where they belong
    to another tenant. Said early; `set_password` decides. Raises `HasPassword`."""
    if await db.fetchval(f"SELECT {IS_ELSEWHERE} FROM members own WHERE own.id = $1", member_id):
        raise HasPassword


async def set_password(db: Database, token: str, password: str, now: datetime) -> Member:
    """By a link that was handed out for it; the link is used up, in a transaction of its own, and
    whoever was signed in as this person is so no more. Raises `LinkOver`, `HasPassword`, `TooBusy`
    and what `hash_password` says of the password."""
    ticket = await find_ticket(db, token, "password")
    if ticket is None or not ticket.is_good(now) or ticket.member_id is None:
        raise LinkOver
    known = await member(db, ticket.account_id, ticket.member_id)
    await check_settable(db, known.id)
    hashed = await hash_password(password, [known.email, known.first_name, known.last_name])
    async with db.transaction() as work:
        await use_ticket(work, token, "password", now)
        had = await work.fetchval(
            "SELECT p.password_hash IS NOT NULL FROM people p JOIN members own"
            " ON own.person_id = p.id WHERE own.id = $1 FOR NO KEY UPDATE OF p",
            known.id,
        )
        done = await work.fetchval(
            "UPDATE people p SET password_hash = $2 FROM members own WHERE own.id = $1"
            f" AND p.id = own.person_id AND NOT {IS_ELSEWHERE} RETURNING p.id",
            known.id,
            hashed,
        )
        if done is None:
            raise HasPassword
        await work.execute(
            "UPDATE members SET accepted_at = coalesce(accepted_at, $2) WHERE id = $1",
            known.id,
            now,
        )
        await audit.write_of_person(work, done, "person.password", now)
        if had:
            await tell(work, "person.password", done)
        await end_sign_ins(work, known, now)
    return known


async def accept_place(db: Database, token: str, now: datetime) -> Member:
    """By the link for a password, by somebody who has proven that they are this person: from now
    on their own sign-ins see the account. Raises `LinkOver`."""
    async with db.transaction() as work:
        ticket = await use_ticket(work, token, "password", now)
        if ticket.member_id is None:
            raise LinkOver
        await work.execute(
            "UPDATE members SET accepted_at = coalesce(accepted_at, $2) WHERE id = $1",
            ticket.member_id,
            now,
        )
        return await member(work, ticket.account_id, ticket.member_id)


# ending -----------------------------------------------------------------------------------


async def end_sign_ins(db: asyncpg.Connection, known: Member, now: datetime) -> int:
    """Sign the person out everywhere: their next request is refused, and links that sign them in
    or set their password are over. The account's own sign-in counts as its owner's. Gives how many
    sign-ins there were. In a transaction."""
    person = "(SELECT person_id FROM members WHERE id = $2)"
    # Links first: one that is being used meanwhile is waited for, and its sign-in then ended.
    await db.execute(
        "UPDATE one_time_tokens SET used_at = $4 WHERE used_at IS NULL"
        " AND (purpose IN ('sso', 'password', 'demo') AND account_id = $1"
        "  AND (member_id = $2 OR ($3 AND member_id IS NULL))"
        f" OR person_id = {person})",
        known.account_id,
        known.id,
        known.role == "owner",
        now,
    )
    gone = await db.fetch(
        "DELETE FROM sign_ins WHERE person_id = (SELECT person_id FROM members WHERE id = $1)"
        " RETURNING true",
        known.id,
    )
    return len(gone)


async def sign_out_everywhere(
    db: asyncpg.Connection, account_id: int, member_id: int, now: datetime
) -> int:
    """As `end_sign_ins`. Raises `MemberNotFound`."""
    return await end_sign_ins(db, await member(db, account_id, member_id), now)


async def remove_member(
    db: asyncpg.Connection, account_id: int, member_id: int, now: datetime
) -> Member:
    """Sign the person out and forget them; who belongs elsewhere too stays signed in there. In a
    transaction. Raises `MemberNotFound` and `LastOwner`."""
    (await owners.hold(db, account_id, member_id)).check_stays()
    known = await member(db, account_id, member_id)
    await _hold_person(db, known.email)
    await _end_links_here(db, known, now)
    await db.execute("DELETE FROM members WHERE id = $1", known.id)
    await _forget_if_nowhere(db, known.email)
    return known


async def _end_links_here(db: asyncpg.Connection, known: Member, now: datetime) -> None:
    """What signs the person in to this account, and who is signed in by it."""
    if known.role == "owner":
        await db.execute(
            "UPDATE one_time_tokens SET used_at = $2 WHERE used_at IS NULL AND account_id = $1"
            " AND purpose IN ('sso', 'password', 'demo') AND member_id IS NULL",
            known.account_id,
            now,
        )
    await db.execute("DELETE FROM one_time_tokens WHERE member_id = $1", known.id)
    await db.execute(
        "DELETE FROM sign_ins s USING members m WHERE m.id = $1 AND (s.member_id = m.id"
        " OR s.only_account_id = m.account_id AND s.person_id = m.person_id)",
        known.id,
    )
