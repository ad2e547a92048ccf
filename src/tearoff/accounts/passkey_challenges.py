"""What an authenticator signs: a challenge, for one purpose and one browser, for some minutes.

It carries its own proof (a keyed mark), so that a page which asks costs the database nothing, and
any machine can read what another one asked. Only an answer that was right is written down, and
makes the challenge one that was used.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import UTC, datetime, timedelta

from tearoff.errors import Conflict
from tearoff.kit.db import Handle
from tearoff.kit.vault import Vault

LIVES = timedelta(minutes=10)
_NONCE, _TIME, _MARK = 16, 8, 32
_PURPOSE = "passkey-challenge"


class ChallengeOver(Conflict):
    """It was answered already, its time is over, or it was asked for something else."""


def make(vault: Vault, about: str, now: datetime) -> bytes:
    """56 bytes. `about`: what it is for and whose browser it is, such as `sign-in:` and the
    secret of its cookie; the same must be known when the answer comes."""
    open_part = secrets.token_bytes(_NONCE) + int((now + LIVES).timestamp()).to_bytes(_TIME, "big")
    return open_part + vault.mark(_PURPOSE, open_part + _digest(about))


def check(vault: Vault, challenge: bytes, about: str, now: datetime) -> None:
    """Costs no database. Raises `ChallengeOver`."""
    if len(challenge) != _NONCE + _TIME + _MARK:
        raise ChallengeOver
    open_part, mark = challenge[: _NONCE + _TIME], challenge[_NONCE + _TIME :]
    if not vault.is_marked(_PURPOSE, open_part + _digest(about), mark):
        raise ChallengeOver
    if _expires_at(challenge) <= now:
        raise ChallengeOver


async def use(db: Handle, challenge: bytes) -> None:
    """After everything else was right, in the transaction of what it allows. Raises
    `ChallengeOver`."""
    done = await db.fetchval(
        "INSERT INTO passkey_challenges (nonce, expires_at) VALUES ($1, $2)"
        " ON CONFLICT DO NOTHING RETURNING true",
        challenge[:_NONCE],
        _expires_at(challenge),
    )
    if not done:
        raise ChallengeOver


async def sweep(db: Handle, now: datetime) -> None:
    await db.execute(
        "DELETE FROM passkey_challenges WHERE expires_at < $1", now - timedelta(hours=1)
    )


def _expires_at(challenge: bytes) -> datetime:
    seconds = int.from_bytes(challenge[_NONCE : _NONCE + _TIME], "big")
    return datetime.fromtimestamp(seconds, UTC)


def _digest(about: str) -> bytes:
    return hashlib.sha256(about.encode("utf-8", "replace")).digest()
