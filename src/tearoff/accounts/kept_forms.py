"""What somebody had typed when their sign-in was over: kept for a while, sealed, until they are
back."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from tearoff.kit import codes
from tearoff.kit.db import Handle
from tearoff.kit.vault import CannotOpen, Vault

LIVES = timedelta(hours=1)
_LENGTH = 32


async def keep(db: Handle, vault: Vault, data: bytes, now: datetime) -> str:
    """Gives the word by which it is found again."""
    word = codes.letters(_LENGTH)
    await db.execute(
        "INSERT INTO kept_forms (word_sha256, sealed, until) VALUES ($1, $2, $3)",
        _hash(word),
        vault.seal(data),
        now + LIVES,
    )
    return word


async def find(db: Handle, vault: Vault, word: str, now: datetime) -> bytes | None:
    sealed = await db.fetchval(
        "SELECT sealed FROM kept_forms WHERE word_sha256 = $1 AND until > $2", _hash(word), now
    )
    try:
        return vault.open(sealed) if sealed is not None else None
    except CannotOpen:
        return None


async def sweep(db: Handle, now: datetime) -> None:
    await db.execute("DELETE FROM kept_forms WHERE until < $1", now)


def _hash(word: str) -> bytes:
    return hashlib.sha256(word[:80].encode("utf-8", "replace")).digest()
