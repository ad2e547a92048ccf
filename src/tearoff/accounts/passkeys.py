"""Passkeys: keys that a person's devices keep, which let in without a password.

One that asked for a PIN, a finger or a face is two steps at once: something one has, and something
one knows or is. So every passkey is asked for that, and lets in alone.
"""

from __future__ import annotations

import secrets
from datetime import datetime

import msgspec

from tearoff.accounts import passkey_challenges
from tearoff.accounts.passkey_answers import (
    Given,
    PasskeyWrong,
    check_origin,
    verify_made,
    verify_used,
)
from tearoff.accounts.passkey_sites import Site
from tearoff.accounts.second_steps import end_passkey_step
from tearoff.errors import Conflict, Invalid
from tearoff.kit.db import Handle
from tearoff.kit.rows import read
from tearoff.kit.vault import Vault

MOST = 20
"""Passkeys of one person."""
LONGEST_NAME = 60
HANDLE = 32
"""Bytes by which an authenticator knows a person: drawn, so that they tell nobody who it is."""


class PasskeyUnknown(Invalid):
    """Nobody here has this passkey, or it is somebody else's."""


class PasskeyCopied(Conflict):
    """Its count of signatures went back: another one like it has signed meanwhile."""


class PasskeyKnown(Conflict):
    """It stands here already."""


class TooManyPasskeys(Conflict):
    """One person has at most twenty."""


class Passkey(msgspec.Struct, frozen=True):
    """`site`: the name that it was made for; it works nowhere else."""

    id: int
    name: str
    site: str
    created_at: datetime
    last_used_at: datetime | None


class Known(msgspec.Struct, frozen=True):
    """What a browser is told of a person's passkeys."""

    credential_id: bytes
    transports: tuple[str, ...]


class Fitting(msgspec.Struct, frozen=True):
    """An answer that fits what was asked, here and now; its signature was not looked at."""

    given: Given
    site: Site


class Used(msgspec.Struct, frozen=True):
    """A passkey whose answer was verified; `note_use` makes it count."""

    id: int
    person_id: int
    challenge: bytes
    sign_count: int


class _Stored(msgspec.Struct, frozen=True):
    id: int
    person_id: int
    public_key: bytes
    user_handle: bytes
    sign_count: int


async def of_person(db: Handle, person_id: int) -> list[Passkey]:
    """The oldest first."""
    rows = await db.fetch(
        "SELECT id, name, site, created_at, last_used_at FROM passkeys WHERE person_id = $1"
        " ORDER BY id",
        person_id,
    )
    return [read(Passkey, row) for row in rows]


async def known_of(db: Handle, person_id: int, site: Site) -> list[Known]:
    rows = await db.fetch(
        "SELECT credential_id, transports FROM passkeys WHERE person_id = $1 AND site = $2"
        " ORDER BY id",
        person_id,
        site.name,
    )
    return [read(Known, row) for row in rows]


async def handle_of(db: Handle, person_id: int, site: Site) -> bytes:
    """What authenticators know the person by: for all passkeys the same, so that a device replaces
    its own. A fresh one for somebody who has none."""
    found: bytes | None = await db.fetchval(
        "SELECT user_handle FROM passkeys WHERE person_id = $1 AND site = $2 ORDER BY id LIMIT 1",
        person_id,
        site.name,
    )
    return found or secrets.token_bytes(HANDLE)


def check(vault: Vault, given: Given, site: Site, about: str, now: datetime) -> Fitting:
    """Cheap, and so before everything else. `about`: as in `passkey_challenges.make`. Raises
    `OtherAddress` and `ChallengeOver`."""
    check_origin(given, site)
    passkey_challenges.check(vault, given.challenge, about, now)
    return Fitting(given, site)


async def add(
    db: Handle, person_id: int, fitting: Fitting, name: str, handle: bytes, now: datetime
) -> int:
    """In a transaction; gives its id. The handle must stand in what the challenge was about.
    Raises `PasskeyWrong`, `NotVerified`, `ChallengeOver`, `PasskeyKnown` and `TooManyPasskeys`."""
    given, site = fitting.given, fitting.site
    made = verify_made(given, site)
    await db.execute("SELECT FROM people WHERE id = $1 FOR NO KEY UPDATE", person_id)
    many = await db.fetchval("SELECT count(*) FROM passkeys WHERE person_id = $1", person_id)
    if many >= MOST:
        raise TooManyPasskeys
    await passkey_challenges.use(db, given.challenge)
    made_id: int | None = await db.fetchval(
        "INSERT INTO passkeys (person_id, credential_id, site, public_key, sign_count, user_handle,"
        " transports, name, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
        " ON CONFLICT (credential_id) DO NOTHING RETURNING id",
        person_id,
        made.credential_id,
        site.name,
        made.public_key,
        made.sign_count,
        handle,
        list(made.transports),
        name,
        now,
    )
    if made_id is None:
        raise PasskeyKnown
    return made_id


async def verify(db: Handle, fitting: Fitting, person_id: int | None = None) -> Used:
    """Whose passkey has answered. `person_id`: only theirs will do. Nothing is written yet. Raises
    `PasskeyUnknown`, `PasskeyWrong` and `NotVerified`."""
    given, site = fitting.given, fitting.site
    row = await db.fetchrow(
        "SELECT id, person_id, public_key, user_handle, sign_count FROM passkeys"
        " WHERE credential_id = $1 AND site = $2 AND ($3::bigint IS NULL OR person_id = $3)",
        given.credential_id,
        site.name,
        person_id,
    )
    if row is None:
        raise PasskeyUnknown
    stored = read(_Stored, row)
    if given.user_handle and given.user_handle != stored.user_handle:
        raise PasskeyWrong
    count = verify_used(given, site, stored.public_key)
    return Used(stored.id, stored.person_id, given.challenge, count)


async def note_use(db: Handle, used: Used, now: datetime) -> None:
    """In the transaction of what it allows: of the same answer sent twice one counts, and a count
    that does not grow is refused. Many passkeys do not count: they say 0 each time. Raises
    `ChallengeOver`, `PasskeyCopied` and `PasskeyUnknown`."""
    await passkey_challenges.use(db, used.challenge)
    done = await db.fetchval(
        "UPDATE passkeys SET sign_count = $2, last_used_at = $3 WHERE id = $1"
        " AND (sign_count < $2 OR sign_count = 0 AND $2 = 0) RETURNING true",
        used.id,
        used.sign_count,
        now,
    )
    if done:
        return
    if await db.fetchval("SELECT true FROM passkeys WHERE id = $1", used.id):
        raise PasskeyCopied
    raise PasskeyUnknown


async def remove(db: Handle, person_id: int, passkey_id: int) -> bool:
    """In a transaction. False when there is none of theirs with this id. Sign-ins stay as they are;
    with the last one it is no longer asked for after the password."""
    done = await db.fetchval(
        "DELETE FROM passkeys WHERE person_id = $1 AND id = $2 RETURNING true",
        person_id,
        passkey_id,
    )
    left = "SELECT true FROM passkeys WHERE person_id = $1 LIMIT 1"
    if done and not await db.fetchval(left, person_id):
        await end_passkey_step(db, person_id)
    return bool(done)
