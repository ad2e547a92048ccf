"""An account's provider as it is stored, and whether it is the only way in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from urllib.parse import urlsplit

import asyncpg
import msgspec

from tearoff.accounts.single_sign_on import asking
from tearoff.accounts.single_sign_on.models import (
    SCOPES,
    NoOwnerYet,
    NoProvider,
    Provider,
    Trouble,
)
from tearoff.config import Settings
from tearoff.errors import Invalid
from tearoff.kit.db import Handle, lock_name
from tearoff.kit.rows import read
from tearoff.kit.vault import Vault

_PROVIDER = (
    "SELECT o.account_id, a.name AS account_name, a.sign_in_code, o.name, o.issuer, o.client_id,"
    " o.client_secret_sealed, o.secret_stored_at, o.scopes, o.role_claim,"
    " o.roles::text AS raw_roles, o.default_role, o.domains, o.is_only, o.version"
    " FROM single_sign_on o JOIN accounts a ON a.id = o.account_id"
)


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """What is given of a provider; None stays as it is."""

    name: str | None = None
    issuer: str | None = None
    client_id: str | None = None
    client_secret: str | None = None
    scopes: str | None = None
    role_claim: str | None = None
    roles: Mapping[str, str] | None = None
    domains: Sequence[str] | None = None
    default_role: str | None = None
    """"" for only people who were invited."""


class Seen(msgspec.Struct, frozen=True):
    """`owner_at`: when one who is an owner now came in by the provider as it is set up now;
    `people`: how many have come in by it and belong to the account now."""

    owner_at: datetime | None
    people: int


async def provider(db: Handle, account_id: int) -> Provider | None:
    row = await db.fetchrow(f"{_PROVIDER} WHERE o.account_id = $1", account_id)
    return row and read(Provider, row)


async def provider_at(db: Handle, sign_in_code: str, now: datetime) -> Provider | None:
    """By the address of its sign-ins; None where the account is over."""
    row = await db.fetchrow(
        f"{_PROVIDER} WHERE a.sign_in_code = $1 AND a.blocked_at IS NULL"
        " AND (a.expires_at IS NULL OR a.expires_at > $2)",
        sign_in_code,
        now,
    )
    return row and read(Provider, row)


async def sole_provider(db: Handle) -> Provider | None:
    """That of the one tenant, on a server that has one alone: there its name tells nobody who else
    is here. Once somebody has come in by it: half-way set up it would lead nobody in."""
    row = await db.fetchrow(
        f"{_PROVIDER} WHERE a.parent_id IS NULL AND a.blocked_at IS NULL"
        " AND NOT EXISTS (SELECT FROM accounts b WHERE b.parent_id IS NULL AND b.id <> a.id)"
        " AND EXISTS (SELECT FROM single_sign_on_people p WHERE p.account_id = a.id)"
    )
    return row and read(Provider, row)


async def closed_to(db: Handle, person_id: int) -> list[Provider]:
    """Of the accounts that this person has a place in, those that they come into by their provider
    alone."""
    rows = await db.fetch(
        f"{_PROVIDER} JOIN members m ON m.account_id = a.id WHERE m.person_id = $1"
        " AND m.accepted_at IS NOT NULL AND o.is_only ORDER BY m.id",
        person_id,
    )
    return [read(Provider, row) for row in rows]


async def sign_in_code(db: Handle, account_id: int) -> str:
    found: str = await db.fetchval("SELECT sign_in_code FROM accounts WHERE id = $1", account_id)
    return found


async def seen(db: Handle, account_id: int) -> Seen:
    row = await db.fetchrow(
        "SELECT max(p.owner_at) FILTER (WHERE m.role = 'owner') AS owner_at, count(*) AS people"
        " FROM single_sign_on_people p JOIN members m ON m.id = p.member_id"
        " WHERE p.account_id = $1",
        account_id,
    )
    assert row is not None
    return read(Seen, row)


# changing it ------------------------------------------------------------------------------------


async def save(
    db: asyncpg.Connection,
    settings: Settings,
    vault: Vault,
    account_id: int,
    changes: Changes,
    now: datetime,
) -> None:
    """In a transaction. The first time issuer, client id and secret are needed. Where one of these
    or the scopes become others, all ways in are open again until an owner has come in anew; with
    another issuer or client nobody is known any more. Raises `Invalid`."""
    await hold(db, account_id)
    known = await provider(db, account_id)
    issuer = _issuer(settings, changes.issuer, known)
    _check_whole(changes, known)
    if known is None:
        await _insert(db, vault, account_id, changes, issuer, now)
    else:
        await _update(db, vault, known, msgspec.structs.replace(changes, issuer=issuer), now)


async def hold(db: Handle, account_id: int) -> None:
    """One at a time comes in by an account's provider, or changes it."""
    await lock_name(db, f"single sign-on:{account_id}")


def _issuer(settings: Settings, given: str | None, known: Provider | None) -> str:
    if given is None:
        return known.issuer if known else ""
    if not asking.is_safe(settings, given) or set("?#") & set(given):
        raise Invalid(str(Trouble.PLAIN), field="issuer")
    return given


def _check_whole(changes: Changes, known: Provider | None) -> None:
    for name in ("issuer", "client_id", "client_secret"):
        if known is None and not getattr(changes, name):
            raise Invalid("It is needed the first time.", field=name)
    is_elsewhere = known is not None and changes.issuer not in (None, known.issuer)
    if is_elsewhere and not changes.client_secret:
        text = "Give the secret again: the one that is stored goes to no other issuer."
        raise Invalid(text, field="client_secret")


async def _insert(
    db: Handle, vault: Vault, account_id: int, new: Changes, issuer: str, now: datetime
) -> None:
    await db.execute(
        "INSERT INTO single_sign_on (account_id, name, issuer, client_id, client_secret_sealed,"
        " secret_stored_at, scopes, role_claim, roles, default_role, domains)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9::json, $10, $11)",
        account_id,
        new.name or urlsplit(issuer).hostname,
        issuer,
        new.client_id,
        vault.seal((new.client_secret or "").encode()),
        now,
        new.scopes or SCOPES,
        new.role_claim or "",
        _json(new.roles or {}),
        new.default_role or None,
        list(new.domains or ()),
    )


async def _update(db: Handle, vault: Vault, known: Provider, given: Changes, now: datetime) -> None:
    secret = vault.open(known.client_secret_sealed).decode()
    is_other_secret = given.client_secret not in (None, "", secret)
    is_other_client = (given.issuer or known.issuer, given.client_id or known.client_id) != (
        known.issuer, known.client_id,
    )  # fmt: skip
    is_other = is_other_secret or is_other_client or (given.scopes or known.scopes) != known.scopes
    sealed = vault.seal((given.client_secret or "").encode()) if is_other_secret else None
    await db.execute(
        "UPDATE single_sign_on SET name = coalesce($2, name), issuer = $3,"
        " client_id = coalesce($4, client_id), scopes = coalesce($5, scopes),"
        " role_claim = coalesce($6, role_claim), roles = coalesce($7::json, roles),"
        " default_role = CASE WHEN $8::text IS NULL THEN default_role ELSE nullif($8, '') END,"
        " client_secret_sealed = coalesce($9, client_secret_sealed),"
        " secret_stored_at = CASE WHEN $9 IS NULL THEN secret_stored_at ELSE $10 END,"
        " domains = coalesce($12, domains), is_only = is_only AND NOT $11,"
        " version = version + $11::int WHERE account_id = $1",
        known.account_id,
        given.name or None,
        given.issuer or known.issuer,
        given.client_id or None,
        given.scopes or None,
        given.role_claim,
        None if given.roles is None else _json(given.roles),
        given.default_role,
        sealed,
        now,
        is_other,
        None if given.domains is None else list(given.domains),
    )
    await _forget(db, known.account_id, is_other=is_other, is_other_client=is_other_client)


async def _forget(db: Handle, account_id: int, *, is_other: bool, is_other_client: bool) -> None:
    """A subject is a provider's word for somebody, and some have another one for each client."""
    if is_other_client:
        await db.execute("DELETE FROM single_sign_on_people WHERE account_id = $1", account_id)
    elif is_other:
        await db.execute(
            "UPDATE single_sign_on_people SET owner_at = NULL WHERE account_id = $1", account_id
        )


async def remove(db: asyncpg.Connection, account_id: int) -> None:
    """Who came in by it is signed out; all other ways are open. Raises `NoProvider`."""
    await hold(db, account_id)
    done = await db.fetchval(
        "DELETE FROM single_sign_on WHERE account_id = $1 RETURNING true", account_id
    )
    if not done:
        raise NoProvider
    await db.execute("DELETE FROM sign_ins WHERE only_account_id = $1 AND by_provider", account_id)


async def set_only(db: asyncpg.Connection, account_id: int, is_only: bool) -> None:
    """Close all other ways in for the account's people, or open them. Raises `NoProvider` and
    `NoOwnerYet`."""
    await hold(db, account_id)
    known = await provider(db, account_id)
    if known is None:
        raise NoProvider
    done = await db.fetchval(
        "UPDATE single_sign_on SET is_only = $2 WHERE account_id = $1 AND (NOT $2 OR EXISTS"
        " (SELECT FROM single_sign_on_people p JOIN members m ON m.id = p.member_id"
        "  WHERE p.account_id = $1 AND p.owner_at IS NOT NULL AND m.role = 'owner'))"
        " RETURNING true",
        account_id,
        is_only,
    )
    if not done:
        raise NoOwnerYet


def _json(roles: Mapping[str, str]) -> str:
    return msgspec.json.encode(dict(roles)).decode()
