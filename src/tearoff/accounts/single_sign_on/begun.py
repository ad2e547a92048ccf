"""A sign-in on its way: what was said when it was begun, which is used once, soon, and by the
browser that began it."""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from datetime import datetime, timedelta

import msgspec

from tearoff.accounts.single_sign_on.models import BeginAgain, Provider
from tearoff.kit import codes
from tearoff.kit.db import Handle
from tearoff.kit.vault import Vault

LIVES = timedelta(minutes=10)
"""Somebody types a password and a code at the provider."""
_LENGTH = 49


class Begun(msgspec.Struct, frozen=True):
    """`version`: of the provider as it was set up then."""

    verifier: str
    nonce: str
    next: str
    version: int


async def begin(
    db: Handle, vault: Vault, provider: Provider, browser: str, next: str, now: datetime
) -> Mapping[str, str]:
    """What the provider is told of it (RFC 7636: the hash of the verifier alone). `browser`: the
    secret of this browser's visit."""
    state, nonce, verifier = (codes.letters(_LENGTH) for _ in range(3))
    kept = Begun(verifier, nonce, next, provider.version)
    await db.execute(
        "INSERT INTO single_sign_on_begun (state_sha256, browser_sha256, account_id, sealed, until)"
        " VALUES ($1, $2, $3, $4, $5)",
        _hash(state),
        _hash(browser),
        provider.account_id,
        vault.seal(msgspec.json.encode(kept)),
        now + LIVES,
    )
    challenge = urlsafe_b64encode(_hash(verifier)).decode().rstrip("=")
    return {
        "state": state,
        "nonce": nonce,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }


async def take(
    db: Handle, vault: Vault, provider: Provider, state: str, browser: str, now: datetime
) -> Begun:
    """Once. Raises `BeginAgain`."""
    sealed = await db.fetchval(
        "DELETE FROM single_sign_on_begun WHERE state_sha256 = $1 AND browser_sha256 = $2"
        " AND account_id = $3 AND until > $4 RETURNING sealed",
        _hash(state),
        _hash(browser),
        provider.account_id,
        now,
    )
    if sealed is None:
        raise BeginAgain
    found = msgspec.json.decode(vault.open(sealed), type=Begun)
    if found.version != provider.version:
        raise BeginAgain
    return found


async def sweep(db: Handle, now: datetime) -> None:
    await db.execute("DELETE FROM single_sign_on_begun WHERE until < $1", now)


def _hash(word: str) -> bytes:
    return hashlib.sha256(word.encode("utf-8", "replace")).digest()
