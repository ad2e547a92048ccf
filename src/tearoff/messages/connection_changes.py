"""Changing a connection: its settings, whether it is used, and which one is used first.

A service reports back to the same address whatever is changed, and a secret that is not given stays
as it is stored.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TypeVar

import asyncpg
import msgspec
from msgspec import UNSET, UnsetType

from tearoff.errors import Invalid
from tearoff.kit.rows import columns, read
from tearoff.kit.vault import Vault
from tearoff.messages.connections import (
    ConnectionNotFound,
    check_settings,
    country_in,
    open_settings,
)
from tearoff.messages.models import Connection
from tearoff.providers import registry
from tearoff.providers.base import Surroundings

T = TypeVar("T")

GIVE_AGAIN = "Give it again: a stored secret is not sent to another address."


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """What is left out stays. Of `settings` as well, one by one; None takes one away, and so does
    an empty text, but not from a secret: an empty field of a form is one that was not filled in."""

    settings: Mapping[str, str | None] = {}
    name: str | UnsetType = UNSET
    active: bool | UnsetType = UNSET
    segment_price: int | UnsetType = UNSET
    country_prices: Mapping[str, int] | UnsetType = UNSET
    reply_numbers: Sequence[str] | UnsetType = UNSET


async def update(
    db: asyncpg.Connection,
    vault: Vault,
    account_id: int,
    connection_id: int,
    changes: Changes,
    surroundings: Surroundings,
    now: datetime,
) -> Connection:
    """In a transaction. Raises `ConnectionNotFound`, `Invalid` (of a setting, by its name), and
    `CannotOpen` when settings are changed that nobody can read."""
    old = await _hold(db, account_id, connection_id)
    if changes.settings:
        await _change_settings(db, vault, old, changes.settings, surroundings, now)
    row = await db.fetchrow(
        "UPDATE connections SET name = $2, active = $3, segment_price = $4, price_countries = $5,"
        f" country_prices = $6, reply_numbers = $7 WHERE id = $1 RETURNING {columns(Connection)}",
        old.id,
        _or(changes.name, old.name),
        _or(changes.active, old.active),
        _or(changes.segment_price, old.segment_price),
        list(_or(changes.country_prices, dict(_listed(old)))),
        list(_or(changes.country_prices, dict(_listed(old))).values()),
        list(_or(changes.reply_numbers, old.reply_numbers)),
    )
    assert row is not None
    changed = read(Connection, row)
    if changed.active != old.active:
        await _look_again(db, old)
    return changed


async def switch_off(db: asyncpg.Connection, account_id: int, connection_id: int) -> None:
    """What comes in for its messages is taken in as before. In a transaction. Raises
    `ConnectionNotFound`."""
    done = await db.fetchval(
        "UPDATE connections SET active = false WHERE account_id = $1 AND id = $2 RETURNING true",
        account_id,
        connection_id,
    )
    if not done:
        raise ConnectionNotFound


async def set_order(
    db: asyncpg.Connection, account_id: int, channel: str, first: Sequence[int]
) -> None:
    """Those that are named come first, in this order; the others follow as they stood. In a
    transaction. Raises `ConnectionNotFound` for one that is not of this account and channel."""
    rows = await db.fetch(
        "SELECT id FROM connections WHERE account_id = $1 AND channel = $2 ORDER BY id FOR UPDATE",
        account_id,
        channel,
    )
    if not set(first) <= {row["id"] for row in rows}:
        raise ConnectionNotFound
    # All of them, also those that stay where they are: a process that remembers one as the first
    # must look again.
    await db.execute(
        "UPDATE connections c SET position = o.place FROM (SELECT id, row_number() OVER (ORDER BY"
        " array_position($3::bigint[], id), position, id) AS place FROM connections"
        " WHERE account_id = $1 AND channel = $2) o WHERE c.id = o.id",
        account_id,
        channel,
        list(first),
    )


async def _hold(db: asyncpg.Connection, account_id: int, connection_id: int) -> Connection:
    """With all others of the account, in one order: some changes touch them too."""
    rows = await db.fetch(
        f"SELECT {columns(Connection)} FROM connections WHERE account_id = $1 ORDER BY id"
        " FOR UPDATE",
        account_id,
    )
    for row in rows:
        if row["id"] == connection_id:
            return read(Connection, row)
    raise ConnectionNotFound


async def _change_settings(
    db: asyncpg.Connection,
    vault: Vault,
    old: Connection,
    given: Mapping[str, str | None],
    surroundings: Surroundings,
    now: datetime,
) -> None:
    """Settings that come out as they were are not sealed anew: the adapter that is open stays.
    Of others nothing bad is known yet."""
    before = open_settings(vault, old)
    check_secrets_stay(old.kind, before, given)
    after = merged(old.kind, before, given)
    await check_settings(old.kind, after, surroundings)
    if after == before:
        return
    await db.execute(
        "UPDATE connections SET settings_sealed = $2, sender = $3, max_binds = $4, country = $5,"
        " secrets_at = $6, failing_since = NULL, last_error = '', noted_at = NULL WHERE id = $1",
        old.id,
        vault.seal(msgspec.json.encode(after)),
        after.get("sender") or None,
        int(after.get("max_binds") or 1),
        country_in(after),
        msgspec.json.encode(_moments(old, before, after, now)).decode(),
    )


def merged(kind: str, before: Mapping[str, str], given: Mapping[str, str | None]) -> dict[str, str]:
    """The settings as they are after a change (`Changes`)."""
    secrets, after = registry.secrets_of(kind), dict(before)
    for name, value in given.items():
        if value:
            after[name] = value
        elif value is None or name not in secrets:
            after.pop(name, None)
    return after


def check_secrets_stay(
    kind: str, before: Mapping[str, str], given: Mapping[str, str | None]
) -> None:
    """A stored secret goes to the place for which it was given, and to no other one unless it is
    given again: whoever may change an address could read it there. Raises `Invalid`."""
    after = merged(kind, before, given)
    if registry.place_in(kind, before) == registry.place_in(kind, after):
        return
    for field in registry.fields_of(kind):
        is_sent = field.secret and not field.stays
        if (
            is_sent
            and before.get(field.name)
            and after.get(field.name)
            and not given.get(field.name)
        ):
            raise Invalid(GIVE_AGAIN, field=field.name)


def secret_moments(connection: Connection) -> dict[str, datetime]:
    """When secrets were stored that were not stored when the connection was made."""
    return msgspec.json.decode(connection.secrets_at, type=dict[str, datetime])


def _moments(
    old: Connection, before: Mapping[str, str], after: Mapping[str, str], now: datetime
) -> dict[str, datetime]:
    known = secret_moments(old)
    for name in registry.secrets_of(old.kind):
        if after.get(name) != before.get(name):
            known[name] = now
    return known


def _listed(connection: Connection) -> list[tuple[str, int]]:
    return list(zip(connection.price_countries, connection.country_prices, strict=True))


def _or(given: T | UnsetType, old: T) -> T:
    return old if isinstance(given, UnsetType) else given


async def _look_again(db: asyncpg.Connection, one: Connection) -> None:
    """Another one may be the first now: processes that remember a route must read it anew."""
    await db.execute(
        "UPDATE connections SET position = position WHERE account_id = $1 AND channel = $2",
        one.account_id,
        one.channel,
    )
