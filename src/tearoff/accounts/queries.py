"""One function per statement."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tearoff.accounts.models import Account, ApiKey, Caller
from tearoff.kit.db import Handle
from tearoff.kit.rows import columns, read

_CALLER = f"""
SELECT {columns(ApiKey, "k", "k_")}, {columns(Account, "a", "a_")}
FROM api_keys k JOIN accounts a ON a.id = k.account_id WHERE k.client_id = $1
"""


async def caller(db: Handle, client_id: str) -> Caller | None:
    row = await db.fetchrow(_CALLER, client_id)
    return row and Caller(key=read(ApiKey, row, "k_"), account=read(Account, row, "a_"))


async def account(db: Handle, account_id: int) -> Account | None:
    row = await db.fetchrow(f"SELECT {columns(Account)} FROM accounts WHERE id = $1", account_id)
    return row and read(Account, row)


async def frame_hosts(db: Handle, account_id: int) -> list[str] | None:
    """The sites that may frame the account's public links; None: any."""
    hosts: list[str] | None = await db.fetchval(
        "SELECT frame_hosts FROM accounts WHERE id = $1", account_id
    )
    return hosts


async def insert_account(
    db: Handle, name: str, email: str, timezone: str, country: str | None
) -> int:
    made: int = await db.fetchval(
        "INSERT INTO accounts (name, email, timezone, country)"
        " VALUES ($1, $2, $3, $4) RETURNING id",
        name,
        email,
        timezone,
        country,
    )
    return made


async def client_ids(db: Handle, account_id: int) -> list[str]:
    rows = await db.fetch(
        "SELECT client_id FROM api_keys WHERE account_id = $1 AND revoked_at IS NULL"
        " ORDER BY created_at",
        account_id,
    )
    return [row["client_id"] for row in rows]


async def names_of(db: Handle, account_id: int, person_ids: Sequence[int]) -> dict[int, str]:
    """What people of this account, and of the one above it, are called, by person: the name, else
    the address. Those who belong to neither any more are left out."""
    rows = await db.fetch(
        "SELECT DISTINCT ON (person_id) person_id,"
        " coalesce(nullif(trim(first_name || ' ' || last_name), ''), email) AS name FROM members"
        " WHERE (account_id = $1 OR account_id = (SELECT parent_id FROM accounts WHERE id = $1))"
        " AND person_id = ANY($2) ORDER BY person_id, account_id <> $1",
        account_id,
        person_ids,
    )
    return {row["person_id"]: row["name"] for row in rows}


async def names_here(db: Handle, account_id: int) -> dict[int, str]:
    """What everybody in this account is called, by person."""
    ids = await db.fetch("SELECT person_id FROM members WHERE account_id = $1", account_id)
    return await names_of(db, account_id, [row["person_id"] for row in ids])


async def names_of_keys(db: Handle, account_id: int, client_ids: Sequence[str]) -> dict[str, str]:
    """What these keys of the account are called; one may have no name."""
    rows = await db.fetch(
        "SELECT client_id, name FROM api_keys WHERE account_id = $1 AND client_id = ANY($2)",
        account_id,
        client_ids,
    )
    return {row["client_id"]: row["name"] for row in rows}


async def update_account(db: Handle, account_id: int, changes: dict[str, Any]) -> bool:
    """Set the named columns. The names come from our own tables, never from a caller."""
    sets = ", ".join(f"{name} = ${i}" for i, name in enumerate(changes, 2))
    done = await db.fetchval(
        f"UPDATE accounts SET {sets} WHERE id = $1 RETURNING true", account_id, *changes.values()
    )
    return bool(done)
