"""API keys: made, changed, rolled, revoked, and which of them signs the webhooks. None commits.

No key makes one that may do more than itself, nor gets at the secret of such a one. `X-Hmac` is
signed with the secret of one key of the account: the marked one, else its oldest. A rolled key
goes on signing with the old secret for its 24 hours, or until somebody switches it.

What only an owner may do, a key may only if it is an owner's (`key_owners.py`).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

import asyncpg
import msgspec

from tearoff.accounts import key_owners
from tearoff.accounts.audit import Actor
from tearoff.accounts.models import NewKey, hash_secret
from tearoff.accounts.rights import OLD_SCOPES, SCOPES, ScopeMissing
from tearoff.errors import Conflict, Invalid, NotFound
from tearoff.hooks import queries as hooks
from tearoff.kit import caps, codes
from tearoff.kit.caps import Cap
from tearoff.kit.db import Handle, lock_name
from tearoff.kit.rows import columns, read
from tearoff.kit.vault import Vault

OLD_SECRET_LIVES = timedelta(hours=24)
REVOKED_ARE_SHOWN = timedelta(days=30)
LONGEST_NAME = 100
MOST = 100
_CAP = Cap(
    name="keys",
    most=MOST,
    rows="api_keys WHERE account_id = $1",
    text=f"There may be {MOST} API keys, with those that were revoked within"
    f" {REVOKED_ARE_SHOWN.days} days. Roll one instead of making another.",
)


class KeyNotFound(NotFound):
    """The account has no key with this client id."""


class SignsWebhooks(Conflict):
    """The key signs deliveries, whose receivers would refuse those of another one."""

    def __init__(self, urls: Sequence[str]) -> None:
        super().__init__(
            f"This key signs (X-Hmac) what is sent to {', '.join(urls)}. Name the key that signs"
            " then in signer, or confirm."
        )
        self.urls = urls


class Key(msgspec.Struct, frozen=True):
    """A key without its secret. `created_by`: an actor's kind and name, empty for the first one;
    `last_used_at`: to the hour. `signs_with_old_until`: X-Hmac is signed with the secret from
    before the last roll until then."""

    client_id: str
    name: str
    scopes: tuple[str, ...]
    created_at: datetime
    created_by: str
    last_used_at: datetime | None
    old_secret_ends_at: datetime | None
    signs_webhooks: bool
    signs_with_old_until: datetime | None
    revoked_at: datetime | None


# Who signs is chosen as `hooks/claims.py` does.
_KEYS = f"""
WITH seen AS (
  SELECT k.client_id, k.name, k.scopes, k.created_at, k.created_by, u.used_at AS last_used_at,
    CASE WHEN k.previous_until > $2 THEN k.previous_until END AS old_secret_ends_at,
    k.client_id IN (SELECT client_id FROM api_keys WHERE account_id = $1 AND revoked_at IS NULL
      ORDER BY signs_webhooks DESC, created_at, client_id LIMIT 1) AS signs_webhooks,
    CASE WHEN k.signing_until > $2 THEN k.signing_until END AS signs_with_old_until, k.revoked_at
  FROM api_keys k LEFT JOIN key_uses u ON u.client_id = k.client_id WHERE k.account_id = $1
)
SELECT {columns(Key)} FROM seen WHERE $3::text IS NULL OR client_id = $3
ORDER BY created_at, client_id
"""


async def keys(db: Handle, account_id: int, now: datetime) -> list[Key]:
    """The account's keys, the oldest first; also those that were revoked not long ago."""
    return [read(Key, row) for row in await db.fetch(_KEYS, account_id, now, None)]


async def find(db: Handle, account_id: int, client_id: str, now: datetime) -> Key:
    """Raises `KeyNotFound`, also for somebody else's."""
    row = await db.fetchrow(_KEYS, account_id, now, client_id)
    if row is None:
        raise KeyNotFound
    return read(Key, row)


async def create(
    db: asyncpg.Connection,
    vault: Vault,
    account_id: int,
    *,
    by: Actor,
    name: str = "",
    scopes: Collection[str] | None = None,
) -> NewKey:
    """A key; its secret is seen here and never again. Without `scopes` it gets those of
    `OLD_SCOPES` that whoever makes it has. Raises `ScopeMissing` and `CapReached`."""
    await caps.make_room(db, _CAP, account_id)
    own = await _scopes_of(db, account_id, by)
    given = [s for s in OLD_SCOPES if s in own] if scopes is None else ordered(scopes)
    check_within(own, given or OLD_SCOPES)
    made = NewKey(account_id, codes.client_id(), codes.client_secret())
    await insert(
        db, vault, made, given, name=name, created_by=f"{by.kind} {by.name}".strip(),
        is_handed_on=by.scopes is not None,
    )  # fmt: skip
    return made


async def create_first(
    db: Handle, vault: Vault, account_id: int, scopes: Collection[str] = OLD_SCOPES
) -> NewKey:
    """The key with which an account begins; it signs the webhooks."""
    made = NewKey(account_id, codes.client_id(), codes.client_secret())
    await insert(db, vault, made, ordered(scopes), signs=True)
    return made


async def insert(
    db: Handle,
    vault: Vault,
    made: NewKey,
    scopes: Sequence[str],
    *,
    name: str = "",
    created_by: str = "",
    signs: bool = False,
    is_handed_on: bool = False,
) -> None:
    await db.execute(
        "INSERT INTO api_keys (client_id, account_id, secret_sha256, secret_sealed, scopes, name,"
        " created_by, signs_webhooks, is_handed_on) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        made.client_id,
        made.account_id,
        hash_secret(made.client_secret),
        vault.seal(made.client_secret.encode()),
        list(scopes),
        name,
        created_by,
        signs,
        is_handed_on,
    )


async def change(
    db: Handle,
    account_id: int,
    client_id: str,
    *,
    by: Actor,
    name: str | None = None,
    scopes: Collection[str] | None = None,
    signs_webhooks: bool = False,
) -> None:
    """Change what is given. A key gives another one, and itself, no scope that it does not have.
    Raises `KeyNotFound` and `ScopeMissing`."""
    await _hold(db, account_id)
    known = await _live_scopes(db, account_id, client_id)
    if scopes is not None:
        check_within(await _scopes_of(db, account_id, by), set(scopes) - set(known))
        await key_owners.hand_on(db, account_id, client_id, by)
    await db.execute(
        "UPDATE api_keys SET name = coalesce($3, name), scopes = coalesce($4, scopes)"
        " WHERE account_id = $1 AND client_id = $2",
        account_id,
        client_id,
        name,
        None if scopes is None else ordered(scopes),
    )
    if signs_webhooks:
        await _let_sign(db, account_id, client_id)


async def roll(
    db: Handle,
    vault: Vault,
    account_id: int,
    client_id: str,
    *,
    by: Actor,
    now: datetime,
    at_once: bool = False,
) -> NewKey:
    """A new secret. The old one lets programs in for 24 hours more and signs as long, unless
    `at_once`. A roll within the 24 hours of another leaves the secret that signs, and its end, as
    they are. A key rolls none that may do more than itself, for it would get its secret. Raises
    `KeyNotFound` and `ScopeMissing`."""
    await _hold(db, account_id)
    check_within(
        await _scopes_of(db, account_id, by), await _live_scopes(db, account_id, client_id)
    )
    await key_owners.hand_on(db, account_id, client_id, by)
    made = NewKey(account_id, client_id, codes.client_secret())
    await db.execute(
        _ROLL,
        account_id,
        client_id,
        hash_secret(made.client_secret),
        vault.seal(made.client_secret.encode()),
        now if at_once else now + OLD_SECRET_LIVES,
        now,
        at_once,
    )
    return made


_ROLL = """
UPDATE api_keys SET secret_sha256 = $3, secret_sealed = $4,
  previous_sha256 = CASE WHEN $7 THEN NULL ELSE secret_sha256 END, previous_until = $5,
  signing_sealed = CASE WHEN $7 THEN NULL WHEN signing_until > $6 THEN signing_sealed
    ELSE secret_sealed END,
  signing_until = CASE WHEN $7 THEN NULL WHEN signing_until > $6 THEN signing_until ELSE $5 END
WHERE account_id = $1 AND client_id = $2 AND revoked_at IS NULL
"""


async def switch(db: Handle, account_id: int, client_id: str) -> None:
    """Sign X-Hmac with the new secret from now on. The old one goes on letting programs in until
    its end. Raises `KeyNotFound`."""
    done = await db.fetchval(
        "UPDATE api_keys SET signing_sealed = NULL, signing_until = NULL"
        " WHERE account_id = $1 AND client_id = $2 AND revoked_at IS NULL RETURNING true",
        account_id,
        client_id,
    )
    if not done:
        raise KeyNotFound


async def revoke(
    db: Handle,
    account_id: int,
    client_id: str,
    *,
    now: datetime,
    confirm: bool = False,
    signer: str | None = None,
) -> None:
    """End a key for good. `signer`: the key that signs the webhooks from then on; without one the
    oldest does. Raises `KeyNotFound`, and `SignsWebhooks` when receivers would notice and it is
    not said that they may."""
    await _hold(db, account_id)
    known = await find(db, account_id, client_id, now)
    if known.revoked_at is not None:
        raise KeyNotFound
    if known.signs_webhooks and not (confirm or signer):
        await _check_unheard(db, account_id)
    await db.execute(
        "UPDATE api_keys SET revoked_at = $3, signs_webhooks = false, secret_sealed = '',"
        " previous_sha256 = NULL, previous_until = NULL, signing_sealed = NULL,"
        " signing_until = NULL WHERE account_id = $1 AND client_id = $2",
        account_id,
        client_id,
        now,
    )
    if signer:
        await _name_signer(db, account_id, signer)


async def sweep(db: Handle, now: datetime) -> None:
    """Forget old secrets whose time is over, and keys that were revoked long ago."""
    await db.execute(
        "UPDATE api_keys SET previous_sha256 = NULL WHERE previous_until <= $1"
        " AND previous_sha256 IS NOT NULL",
        now,
    )
    await db.execute(
        "UPDATE api_keys SET signing_sealed = NULL, signing_until = NULL WHERE signing_until <= $1",
        now,
    )
    await db.execute("DELETE FROM api_keys WHERE revoked_at < $1", now - REVOKED_ARE_SHOWN)
    await db.execute(
        "DELETE FROM key_uses u WHERE NOT EXISTS"
        " (SELECT FROM api_keys k WHERE k.client_id = u.client_id)"
    )


def ordered(scopes: Collection[str]) -> list[str]:
    """As the table names them, each once. Raises `Invalid`."""
    if not scopes or not set(scopes) <= set(SCOPES):
        raise Invalid(f"Use one or more of {', '.join(SCOPES)}.", field="scopes")
    return [scope for scope in SCOPES if scope in scopes]


def check_within(own: Collection[str], wanted: Collection[str]) -> None:
    """Raises `ScopeMissing` about the first scope that is wanted and not had."""
    for scope in SCOPES:
        if scope in wanted and scope not in own:
            raise ScopeMissing(scope)


async def _scopes_of(db: Handle, account_id: int, by: Actor) -> Collection[str]:
    """What whoever acts can give at this moment: a key what it has, who came by a program's link
    what that allows, anybody else all."""
    if by.kind != "key":
        return SCOPES if by.scopes is None else by.scopes
    try:
        return await _live_scopes(db, account_id, by.name)
    except KeyNotFound:
        return ()


async def _live_scopes(db: Handle, account_id: int, client_id: str) -> list[str]:
    scopes: list[str] | None = await db.fetchval(
        "SELECT scopes FROM api_keys WHERE account_id = $1 AND client_id = $2"
        " AND revoked_at IS NULL",
        account_id,
        client_id,
    )
    if scopes is None:
        raise KeyNotFound
    return scopes


async def _hold(db: Handle, account_id: int) -> None:
    """Nobody else makes or changes a key of this account until the transaction ends."""
    await lock_name(db, f"cap:{_CAP.name}:{account_id}")


async def _let_sign(db: Handle, account_id: int, client_id: str) -> None:
    await db.execute(
        "UPDATE api_keys SET signs_webhooks = false"
        " WHERE account_id = $1 AND signs_webhooks AND client_id <> $2",
        account_id,
        client_id,
    )
    done = await db.fetchval(
        "UPDATE api_keys SET signs_webhooks = true WHERE account_id = $1 AND client_id = $2"
        " AND revoked_at IS NULL RETURNING true",
        account_id,
        client_id,
    )
    if not done:
        raise KeyNotFound


async def _name_signer(db: Handle, account_id: int, client_id: str) -> None:
    try:
        await _let_sign(db, account_id, client_id)
    except KeyNotFound as error:
        raise Invalid(str(error), field="signer") from None


async def _check_unheard(db: Handle, account_id: int) -> None:
    urls = [one.url for one in await hooks.endpoints(db, account_id) if one.active]
    if urls:
        raise SignsWebhooks(urls)
