"""Keys by which a caller says "this is the same call again".

A key belongs to an account and a path. It is claimed in the transaction that does the work
and holds the stored answer afterwards, so a repeated call does nothing and is answered the
same. While the first call is at work the key is busy; its lease ends a claim whose process
died.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

import msgspec

from tearoff.errors import Conflict, Invalid, TryLater
from tearoff.kit.db import Handle
from tearoff.kit.vault import Vault

LIVES = timedelta(hours=24)


class KeyBusy(TryLater):
    """A call with this Idempotency-Key is still being worked on."""


class KeyReused(Conflict):
    """This Idempotency-Key was used with another body."""


class Key(msgspec.Struct, frozen=True):
    account_id: int
    path: str
    key: str
    body_sha256: bytes


class Answer(msgspec.Struct, frozen=True):
    status: int
    body: bytes


class Interrupted(msgspec.Struct, frozen=True):
    """An earlier call with this key died after it had made this message."""

    message_id: int


def make_key(account_id: int, path: str, key: str, body: bytes) -> Key:
    if not 1 <= len(key) <= 255 or not key.isascii() or not key.isprintable():
        raise Invalid("1 to 255 printable ASCII characters.", field="Idempotency-Key")
    return Key(account_id, path, key, hashlib.sha256(body).digest())


async def look(db: Handle, vault: Vault, key: Key, now: datetime) -> Answer | Interrupted | None:
    """What is known of this key: its answer, an interrupted call, or nothing.
    Raises `KeyBusy` and `KeyReused`."""
    row = await db.fetchrow(
        "SELECT body_sha256, lease_until, message_id, status, answer_sealed FROM idempotency_keys"
        " WHERE account_id = $1 AND path = $2 AND key = $3 AND created_at > $4",
        key.account_id,
        key.path,
        key.key,
        now - LIVES,
    )
    if row is None:
        return None
    if row["body_sha256"] != key.body_sha256:
        raise KeyReused
    if row["answer_sealed"] is not None:
        return Answer(row["status"], vault.open(row["answer_sealed"]))
    if row["lease_until"] > now or row["message_id"] is None:
        raise KeyBusy(after=max(1.0, (row["lease_until"] - now).total_seconds()))
    return Interrupted(row["message_id"])


async def claim(
    db: Handle, key: Key, now: datetime, lease: float, message_id: int | None = None
) -> bool:
    """Claim the key in this transaction; False when somebody has it. A key older than a day
    is as good as new."""
    claimed = await db.fetchval(
        "INSERT INTO idempotency_keys AS k (account_id, path, key, body_sha256, lease_until,"
        " message_id, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)"
        " ON CONFLICT (account_id, path, key) DO UPDATE SET body_sha256 = excluded.body_sha256,"
        " lease_until = excluded.lease_until, message_id = excluded.message_id, status = NULL,"
        " answer_sealed = NULL, created_at = excluded.created_at"
        " WHERE k.created_at <= $8 RETURNING true",
        key.account_id,
        key.path,
        key.key,
        key.body_sha256,
        now + timedelta(seconds=lease),
        message_id,
        now,
        now - LIVES,
    )
    return bool(claimed)


async def name_message(db: Handle, key: Key, message_id: int) -> None:
    """Note which message this key's call is about, so that it can be answered after a crash."""
    await db.execute(
        "UPDATE idempotency_keys SET message_id = $4"
        " WHERE account_id = $1 AND path = $2 AND key = $3",
        key.account_id,
        key.path,
        key.key,
        message_id,
    )


async def message_of(db: Handle, key: Key, now: datetime) -> int | None:
    """The message of the call with this key and body, also while it is being sent."""
    found: int | None = await db.fetchval(
        "SELECT message_id FROM idempotency_keys WHERE account_id = $1 AND path = $2 AND key = $3"
        " AND body_sha256 = $4 AND created_at > $5",
        key.account_id,
        key.path,
        key.key,
        key.body_sha256,
        now - LIVES,
    )
    return found


async def store(db: Handle, vault: Vault, key: Key, answer: Answer) -> None:
    await db.execute(
        "UPDATE idempotency_keys SET status = $4, answer_sealed = $5"
        " WHERE account_id = $1 AND path = $2 AND key = $3",
        key.account_id,
        key.path,
        key.key,
        answer.status,
        vault.seal(answer.body),
    )


async def forget(db: Handle, key: Key, message_id: int) -> None:
    """As if this key had never been used for this message."""
    await db.execute(
        "DELETE FROM idempotency_keys"
        " WHERE account_id = $1 AND path = $2 AND key = $3 AND message_id = $4",
        key.account_id,
        key.path,
        key.key,
        message_id,
    )


async def sweep(db: Handle, now: datetime) -> None:
    await db.execute("DELETE FROM idempotency_keys WHERE created_at <= $1", now - LIVES)
