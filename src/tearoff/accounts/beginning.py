"""The first person of an installation or of an account, by a link that the terminal shows."""

from __future__ import annotations

from datetime import datetime

import asyncpg
import msgspec

from tearoff.accounts import actions, members, queries, sign_ins
from tearoff.accounts.members import Member, NewMember
from tearoff.accounts.passwords import hash_password
from tearoff.accounts.sign_ins import LinkOver, Ticket
from tearoff.errors import Conflict, Invalid
from tearoff.kit.db import Database, Handle, lock_name
from tearoff.kit.mail_addresses import AddressInvalid, canonical_address
from tearoff.kit.vault import Vault

LONGEST_NAME = 200


class HasBegun(Conflict):
    """Somebody can sign in already. `tearoff owner reset` makes a link for an owner who cannot."""


class NoOwner(Conflict):
    """The account has no owner with this address. `tearoff teammate list` shows who there is."""


class Begun(msgspec.Struct, frozen=True):
    account_id: int
    person_id: int


class Place(msgspec.Struct, frozen=True):
    """What a link to begin is for; without `account_id` it makes the first account. `email` is
    that of the owner whom the account has."""

    account_id: int | None
    account_name: str
    email: str


async def has_account(db: Handle) -> bool:
    return bool(await db.fetchval("SELECT EXISTS (SELECT FROM accounts)"))


async def has_password(db: Handle) -> bool:
    """Whether anybody in this installation can sign in by themselves: by a password, a passkey or
    single sign-on."""
    return bool(
        await db.fetchval(
            "SELECT EXISTS (SELECT FROM people WHERE password_hash IS NOT NULL)"
            " OR EXISTS (SELECT FROM passkeys) OR EXISTS (SELECT FROM single_sign_on)"
        )
    )


async def issue_link(db: Handle, account_id: int | None, now: datetime) -> str:
    """A token by which somebody makes the first account, or becomes the owner of this one. Raises
    `HasBegun`."""
    if account_id is None:
        if await has_account(db):
            raise HasBegun("There is an account already.", hint="Name it: --account ID.")
    elif await _owner_has_password(db, account_id):
        raise HasBegun(
            hint=f"tearoff owner reset --account {account_id}; for an owner who has a password from"
            " elsewhere: tearoff teammate invite"
        )
    return await sign_ins.issue_ticket(
        db, "begin", account_id, expires_at=now + sign_ins.BEGIN_LIVES
    )


async def issue_reset(db: Handle, account_id: int, email: str | None, now: datetime) -> str:
    """A token by which an owner sets another password and is rid of the second step; not one who
    has not accepted the place, and belongs to others. Raises `NoOwner`."""
    person_id = await db.fetchval(
        "SELECT person_id FROM members WHERE account_id = $1 AND role = 'owner'"
        " AND accepted_at IS NOT NULL AND ($2::text IS NULL OR lower(email) = lower($2))"
        " ORDER BY id LIMIT 1",
        account_id,
        email,
    )
    if person_id is None:
        raise NoOwner
    return await sign_ins.issue_ticket(
        db, "owner", account_id, person_id=person_id, expires_at=now + sign_ins.BEGIN_LIVES
    )


async def issue_demo_link(db: asyncpg.Connection, account_id: int, now: datetime) -> str:
    """A token that signs the account's owner in, for whoever tries things out."""
    owner = await members.ensure_owner(db, account_id)
    return await sign_ins.issue_ticket(
        db, "demo", account_id, member_id=owner.id, expires_at=now + sign_ins.SIGN_IN_LIVES
    )


async def find_place(db: Handle, ticket: Ticket) -> Place:
    """Raises `LinkOver` when somebody has begun meanwhile."""
    if not ticket.account_id:
        if await has_account(db):
            raise LinkOver
        return Place(None, "", "")
    account = await queries.account(db, ticket.account_id)
    if account is None or await _owner_has_password(db, account.id):
        raise LinkOver
    owner = await members.owner(db, account.id)
    return Place(account.id, account.name, owner.email if owner else "")


async def begin(
    db: Database,
    vault: Vault,
    token: str,
    *,
    email: str,
    password: str,
    name: str,
    now: datetime,
) -> Begun:
    """Use the link: account (where there is none), owner and password, in one transaction. Raises
    `LinkOver`, `Invalid` naming `email` or `name`, `members.EmailTaken`, `TooBusy` and what
    `hash_password` says of the password."""
    ticket = await sign_ins.find_ticket(db, token, "begin")
    if ticket is None or not ticket.is_good(now):
        raise LinkOver
    place = await find_place(db, ticket)
    email = _email(place.email or email)
    name = place.account_name or _name(name)
    hashed = await hash_password(password, [email, name])
    async with db.transaction() as work:
        await sign_ins.use_ticket(work, token, "begin", now)
        account_id = place.account_id or await _first_account(work, vault, name, email)
        owner = await _owner(work, account_id, email)
        return Begun(account_id, await _give_password(work, owner, hashed, now))


async def _first_account(db: asyncpg.Connection, vault: Vault, name: str, email: str) -> int:
    """Two links may be open: whoever comes second finds that it is over."""
    await lock_name(db, "first account")
    if await has_account(db):
        raise LinkOver
    return (await actions.create_account(db, vault, name=name, email=email)).account_id


async def _owner(db: asyncpg.Connection, account_id: int, email: str) -> Member:
    await lock_name(db, f"owner:{account_id}")
    known = await members.owner(db, account_id)
    if known is not None:
        return known
    made = await members.create_member(db, account_id, NewMember(email=email))
    return await members.member(db, account_id, made)


async def _give_password(db: asyncpg.Connection, owner: Member, hashed: str, now: datetime) -> int:
    """Only a first one, and only to somebody who belongs nowhere else: the link is for an account,
    not for a person whom another tenant knows. Raises `members.EmailTaken`."""
    person_id: int | None = await db.fetchval(
        "UPDATE people p SET password_hash = $2 FROM members own WHERE own.id = $1"
        " AND p.id = own.person_id AND p.password_hash IS NULL"
        " AND NOT EXISTS (SELECT FROM members m WHERE m.person_id = p.id AND m.id <> own.id)"
        " RETURNING p.id",
        owner.id,
        hashed,
    )
    if person_id is None:
        raise members.EmailTaken
    await db.execute(
        "UPDATE members SET accepted_at = coalesce(accepted_at, $2) WHERE id = $1", owner.id, now
    )
    return person_id


async def _owner_has_password(db: Handle, account_id: int) -> bool:
    return bool(
        await db.fetchval(
            "SELECT EXISTS (SELECT FROM members m JOIN people p ON p.id = m.person_id"
            " WHERE m.account_id = $1 AND m.role = 'owner' AND (p.password_hash IS NOT NULL"
            "  OR EXISTS (SELECT FROM passkeys k WHERE k.person_id = p.id)))",
            account_id,
        )
    )


def _email(given: str) -> str:
    try:
        return canonical_address(given)
    except AddressInvalid as error:
        raise Invalid(str(error), field="email") from None


def _name(given: str) -> str:
    name = " ".join(given.split())
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise Invalid("An account needs a name.", field="name")
    return name
