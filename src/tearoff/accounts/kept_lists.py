"""A list that was uploaded and waits until somebody has seen what importing it would do: sealed,
for an hour. Then what became of it."""

from __future__ import annotations

import asyncio
import hashlib
import zlib
from datetime import datetime, timedelta

import msgspec

from tearoff.kit import codes
from tearoff.kit.db import Handle
from tearoff.kit.vault import CannotOpen, Vault

LIVES = timedelta(hours=1)
TAKES = timedelta(minutes=10)
"""After which whoever began to import it is taken for dead."""
MOST_BYTES = 20_000_000
MOST_KEPT = 10
"""Lists of one account; older ones make room."""
_LENGTH = 32


class KeptList(msgspec.Struct, frozen=True):
    """`file` as it came, empty once it is imported; `done`: what that came to. `is_taken`: somebody
    is at it."""

    file: bytes
    done: bytes | None
    is_taken: bool


def seal(vault: Vault, data: bytes) -> bytes:
    """Takes some tenths of a second for a large list: beside the event loop."""
    return vault.seal(zlib.compress(data, 1))


def _unseal(vault: Vault, sealed: bytes) -> bytes:
    """As `seal`: beside the event loop. Raises `CannotOpen`."""
    return zlib.decompress(vault.open(sealed))


async def keep(db: Handle, account_id: int, sealed: bytes, now: datetime) -> str:
    """Gives the word by which it is found again."""
    word = codes.letters(_LENGTH)
    await db.execute(
        "WITH old AS (DELETE FROM kept_lists WHERE word_sha256 IN (SELECT word_sha256"
        "  FROM kept_lists WHERE account_id = $2 ORDER BY until DESC OFFSET $5))"
        " INSERT INTO kept_lists (word_sha256, account_id, sealed, until) VALUES ($1, $2, $3, $4)",
        _hash(word),
        account_id,
        sealed,
        now + LIVES,
        MOST_KEPT - 1,
    )
    return word


async def find(
    db: Handle, vault: Vault, account_id: int, word: str, now: datetime
) -> KeptList | None:
    row = await db.fetchrow(
        "SELECT sealed, done, taken_at FROM kept_lists WHERE word_sha256 = $1 AND account_id = $2"
        " AND until > $3",
        _hash(word),
        account_id,
        now,
    )
    if row is None:
        return None
    try:
        if row["done"] is not None:
            done = await asyncio.to_thread(_unseal, vault, row["done"])
            return KeptList(b"", done, is_taken=False)
        is_taken = row["taken_at"] is not None and row["taken_at"] > now - TAKES
        file = await asyncio.to_thread(_unseal, vault, row["sealed"])
        return KeptList(file, None, is_taken)
    except CannotOpen:
        return None


async def take(db: Handle, account_id: int, word: str, now: datetime) -> bool:
    """Whether it is this caller's to import: one alone gets it."""
    taken = await db.fetchval(
        "UPDATE kept_lists SET taken_at = $3 WHERE word_sha256 = $1 AND account_id = $2"
        " AND until > $3 AND done IS NULL AND (taken_at IS NULL OR taken_at <= $4) RETURNING true",
        _hash(word),
        account_id,
        now,
        now - TAKES,
    )
    return bool(taken)


async def give_back(db: Handle, account_id: int, word: str) -> None:
    await db.execute(
        "UPDATE kept_lists SET taken_at = NULL WHERE word_sha256 = $1 AND account_id = $2",
        _hash(word),
        account_id,
    )


async def finish(db: Handle, account_id: int, word: str, done: bytes) -> None:
    """The file itself is gone with that."""
    await db.execute(
        "UPDATE kept_lists SET done = $3, sealed = '' WHERE word_sha256 = $1 AND account_id = $2",
        _hash(word),
        account_id,
        done,
    )


async def sweep(db: Handle, now: datetime) -> None:
    await db.execute("DELETE FROM kept_lists WHERE until < $1", now)


def _hash(word: str) -> bytes:
    return hashlib.sha256(word[:80].encode("utf-8", "replace")).digest()
