"""Verbs of endpoints: made, changed, switched off, sent to again. None commits."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import asyncpg
import msgspec
from msgspec import UNSET, UnsetType

from tearoff.errors import Conflict, NotFound
from tearoff.hooks import outbox, queries
from tearoff.hooks.models import OFF_BY_OWNER, Endpoint, Event
from tearoff.hooks.signing import new_secret
from tearoff.kit import caps
from tearoff.kit.caps import Cap
from tearoff.kit.db import Handle
from tearoff.kit.vault import Vault

MOST = 20
_CAP = Cap(
    name="webhooks",
    most=MOST,
    rows="hook_endpoints WHERE account_id = $1",
    text=f"An account has at most {MOST} webhooks. Delete one that is not needed any more.",
)
OLD_SECRET_LIVES = timedelta(hours=24)
KEPT_WHILE_OFF = timedelta(days=14)
"""For so long what happens is kept for an endpoint that is off."""
_ON = {
    "failing_since": None, "switched_off_at": None, "switched_off_reason": "",
    "kept_until": None, "paused_until": None,
}  # fmt: skip


class WebhookNotFound(NotFound):
    """Webhook not found."""


class WebhookOff(Conflict):
    """Webhook is switched off."""


class Shown(msgspec.Struct, frozen=True):
    """An endpoint at a moment at which its secret can be seen; else `secret` is None."""

    endpoint: Endpoint
    secret: str | None = None


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """What is to change; what is UNSET stays. `kinds` None: all of them."""

    url: str | UnsetType = UNSET
    kinds: tuple[str, ...] | UnsetType | None = UNSET
    description: str | UnsetType = UNSET
    active: bool | UnsetType = UNSET
    roll_secret: bool = False


async def create(
    db: asyncpg.Connection,
    vault: Vault,
    account_id: int,
    *,
    url: str,
    kinds: tuple[str, ...] | None,
    description: str,
    now: datetime,
) -> Shown:
    """Let an address be told of these kinds of events, or of all. Its secret is seen here and
    never again. In a transaction. Raises `CapReached`."""
    await queries.hold_account(db, account_id)
    await caps.make_room(db, _CAP, account_id)
    secret = new_secret()
    made = await queries.insert_endpoint(
        db,
        account_id,
        url=url,
        kinds=kinds,
        description=description,
        secret_sealed=vault.seal(secret.encode()),
        now=now,
    )
    await queries.note_kinds(db, account_id, now)
    return Shown(made, secret)


async def find(db: Handle, account_id: int, endpoint_id: int) -> Endpoint:
    """Raises `WebhookNotFound`."""
    found = await queries.endpoint(db, account_id, endpoint_id)
    if found is None:
        raise WebhookNotFound
    return found


async def hold(db: Handle, account_id: int, endpoint_id: int) -> Endpoint:
    """The same, and it stays as it is until the transaction ends."""
    await queries.hold_account(db, account_id)
    return await find(db, account_id, endpoint_id)


async def update(
    db: Handle,
    vault: Vault,
    account_id: int,
    endpoint_id: int,
    changes: Changes,
    now: datetime,
) -> Shown:
    """Change an endpoint. Switching it on forgets its failures; a rolled secret is seen here,
    and the old one signs too for another 24 hours. Raises `WebhookNotFound`."""
    known = await hold(db, account_id, endpoint_id)
    if changes.active is True and not known.active:
        await queries.wait_for_announcers(db, endpoint_id)
    secret = new_secret() if changes.roll_secret else None
    values = _values(known, changes, now)
    if secret is not None:
        values |= {
            "secret_sealed": vault.seal(secret.encode()),
            "previous_secret_sealed": known.secret_sealed,
            "previous_until": now + OLD_SECRET_LIVES,
        }
    changed = (
        await queries.update_endpoint(db, account_id, endpoint_id, values) if values else known
    )
    if changes.active is False:
        await queries.drop_waiting(db, endpoint_id, now)
    await queries.note_kinds(db, account_id, now)
    return Shown(changed or known, secret)


def _values(known: Endpoint, changes: Changes, now: datetime) -> dict[str, Any]:
    given = {name: getattr(changes, name) for name in ("url", "description", "active")}
    values = {name: value for name, value in given.items() if value is not UNSET}
    if changes.kinds is not UNSET:
        values["kinds"] = None if changes.kinds is None else list(changes.kinds)
    if changes.active is True:
        values |= _ON
    elif "url" in values:
        values["paused_until"] = None  # another one asked for that
    if changes.active is False and known.active:
        values |= _off(OFF_BY_OWNER, now)
    return values


def _off(reason: str, now: datetime) -> dict[str, Any]:
    return {
        "active": False, "switched_off_at": now, "switched_off_reason": reason,
        "kept_until": now + KEPT_WHILE_OFF,
    }  # fmt: skip


async def switch_on(db: Handle, account_id: int, endpoint_id: int, now: datetime) -> None:
    """Tell it what happens from now on. The account is held."""
    await queries.wait_for_announcers(db, endpoint_id)
    await queries.update_endpoint(db, account_id, endpoint_id, {"active": True, **_ON})
    await queries.note_kinds(db, account_id, now)


async def delete(db: Handle, account_id: int, endpoint_id: int, now: datetime) -> None:
    """Raises `WebhookNotFound`."""
    await queries.hold_account(db, account_id)
    if not await queries.delete_endpoint(db, account_id, endpoint_id):
        raise WebhookNotFound
    await queries.note_kinds(db, account_id, now)


async def switch_off(
    db: Handle, account_id: int, endpoint_id: int, reason: str, now: datetime
) -> bool:
    """Tell an endpoint nothing more, because it does not want it or never answers. What it is
    owed stays in its log as dropped. False when it was off already."""
    await queries.hold_account(db, account_id)
    known = await queries.endpoint(db, account_id, endpoint_id)
    if known is None or not known.active:
        return False
    await queries.update_endpoint(db, account_id, endpoint_id, _off(reason, now))
    await queries.drop_waiting(db, endpoint_id, now)
    await queries.note_kinds(db, account_id, now)
    return True


async def keep_no_more(db: Handle, account_id: int, now: datetime) -> None:
    """Of the account's endpoints that were off for too long nothing is kept any more: it need not
    even look whether anybody listens. In a transaction."""
    await queries.hold_account(db, account_id)
    await queries.end_keeping(db, account_id, now)
    await queries.note_kinds(db, account_id, now)


async def find_event(db: Handle, account_id: int, ref: str) -> Event:
    """Raises `WebhookNotFound`: that is what the field calls an event."""
    found = await queries.event(db, account_id, ref)
    if found is None:
        raise WebhookNotFound
    return found


async def resend_event(
    db: Handle, account_id: int, event: Event, endpoint_id: int | None, now: datetime
) -> int:
    """Send an event again: to the endpoints that got it, or to this one whether it got it or not;
    what happened before in its thread and is still to arrive is tried first. Gives to how many.
    Raises `WebhookNotFound` and `WebhookOff`."""
    if endpoint_id is not None:
        await _require_active(db, account_id, endpoint_id)
        await queries.end_pause(db, endpoint_id)
    n = await queries.resend_event(db, account_id, event.id, endpoint_id, now)
    if n == 0 and endpoint_id is None:
        raise WebhookOff
    if n == 0 and endpoint_id is not None:
        await queries.owe_event(db, account_id, event.id, endpoint_id, now)
    await queries.pull_earlier(db, account_id, event.id, endpoint_id, now)
    await queries.wake_deliverers(db, outbox.CHANNEL)
    return max(1, n)


async def resend_failed(
    db: Handle, account_id: int, endpoint_id: int, since: datetime, now: datetime
) -> int:
    """Send again what failed or was dropped since then. Gives how many events that are. Raises
    `WebhookNotFound` and `WebhookOff`."""
    await _require_active(db, account_id, endpoint_id)
    await queries.end_pause(db, endpoint_id)
    n = await queries.resend_failed(db, account_id, endpoint_id, since, now)
    await queries.wake_deliverers(db, outbox.CHANNEL)
    return n


async def _require_active(db: Handle, account_id: int, endpoint_id: int) -> None:
    if not (await hold(db, account_id, endpoint_id)).active:
        raise WebhookOff
