"""Connections to services: their settings, sealed at rest, and the routes they give."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import asyncpg
import msgspec

from tearoff.errors import Conflict, Invalid, NotFound
from tearoff.kit import codes
from tearoff.kit.caps import Cap, make_room
from tearoff.kit.db import Handle
from tearoff.kit.phone import is_country
from tearoff.kit.rows import columns, read
from tearoff.kit.vault import Vault
from tearoff.messages import callbacks
from tearoff.messages.models import Connection
from tearoff.providers import registry
from tearoff.providers.base import BadSettings, Surroundings


class NoRoute(Conflict):
    """The account has no connection for this channel."""


class NoMailRoute(NoRoute):
    """The account has no connection that carries mail."""


class ConnectionNotFound(NotFound):
    """There is no such connection."""


CAP = Cap(
    name="connections",
    most=200,
    rows="connections WHERE account_id = $1",
    text="An account has at most 200 connections to services. Switch one of them on again.",
)


class NewConnection(msgspec.Struct, frozen=True, kw_only=True):
    """`country_prices`: of a segment to a country (two letters), where it is another one."""

    kind: str
    settings: Mapping[str, str]
    segment_price: int = 0
    country_prices: Mapping[str, int] = {}
    name: str = ""
    reply_numbers: Sequence[str] = ()


async def add_connection(
    db: asyncpg.Connection,
    vault: Vault,
    account_id: int,
    new: NewConnection,
    surroundings: Surroundings,
) -> Connection:
    """Check the settings (not by a call), seal them and make the connection the last of its
    channel: the account's route when it has none. In a transaction. Raises `Invalid`,
    `CapReached`."""
    await check_settings(new.kind, new.settings, surroundings)
    await make_room(db, CAP, account_id)
    token = codes.token()
    row = await db.fetchrow(
        "INSERT INTO connections (account_id, kind, settings_sealed, sender, max_binds,"
        " segment_price, channel, country, callback_sha256, callback_sealed, callback_token,"
        " name, price_countries, country_prices, reply_numbers, position)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, CASE WHEN EXISTS (SELECT FROM upkeep"
        " WHERE name = $11 AND due_at IS NOT NULL) THEN $12 END, $13, $14, $15, $16,"
        " (SELECT coalesce(max(position), 1000) + 1 FROM connections"
        " WHERE account_id = $1 AND channel = $7))"
        f" RETURNING {columns(Connection)}",
        account_id,
        new.kind,
        vault.seal(msgspec.json.encode(dict(new.settings))),
        new.settings.get("sender") or None,
        int(new.settings.get("max_binds") or 1),
        new.segment_price,
        registry.channel_of(new.kind),
        country_in(new.settings),
        callbacks.hash_token(token),
        vault.seal(token.encode()),
        callbacks.UPKEEP,
        token,
        new.name,
        list(new.country_prices),
        list(new.country_prices.values()),
        list(new.reply_numbers),
    )
    assert row is not None
    return read(Connection, row)


async def check_settings(
    kind: str, settings: Mapping[str, str], surroundings: Surroundings
) -> None:
    """Whether they can be used, as far as that can be said without a call. Raises `Invalid`."""
    try:
        provider = registry.open_provider(kind, settings, surroundings)
    except BadSettings as error:
        raise Invalid(str(error), field=error.field) from None
    await provider.close()
    country_in(settings)


def country_in(settings: Mapping[str, str]) -> str | None:
    given = settings.get("country", "").strip().upper()
    if given and not is_country(given):
        raise Invalid("country: use two letters, such as BE.", field="country")
    return given or None


def open_settings(vault: Vault, connection: Connection) -> dict[str, str]:
    return msgspec.json.decode(vault.open(connection.settings_sealed), type=dict[str, str])


async def route(db: Handle, account_id: int, channel: str = "sms") -> Connection | None:
    """The connection that the account's messages take: the first active one."""
    row = await db.fetchrow(
        f"SELECT {columns(Connection)} FROM connections WHERE account_id = $1 AND channel = $2"
        " AND active ORDER BY position, id LIMIT 1",
        account_id,
        channel,
    )
    return row and read(Connection, row)


async def is_trial(db: Handle, account_id: int) -> bool:
    """Whether its texts go to a log on this machine and to nobody."""
    found = await db.fetchval(
        "SELECT kind = 'log' FROM connections WHERE account_id = $1 AND channel = 'sms' AND active"
        " ORDER BY position, id LIMIT 1",
        account_id,
    )
    return bool(found)


async def was_trial(db: Handle, account_id: int, message_id: int) -> bool:
    """Whether a message went to the log and to nobody, whatever its receipt says."""
    found = await db.fetchval(
        "SELECT c.kind = 'log' FROM messages m JOIN connections c ON c.id = m.connection_id"
        " WHERE m.id = $2 AND m.account_id = $1",
        account_id,
        message_id,
    )
    return bool(found)


async def connection(db: Handle, connection_id: int) -> Connection | None:
    """For jobs and links, which work for every account."""
    row = await db.fetchrow(
        f"SELECT {columns(Connection)} FROM connections WHERE id = $1", connection_id
    )
    return row and read(Connection, row)


async def connections_of(db: Handle, account_id: int) -> list[Connection]:
    rows = await db.fetch(
        f"SELECT {columns(Connection)} FROM connections WHERE account_id = $1 ORDER BY id",
        account_id,
    )
    return [read(Connection, row) for row in rows]


def in_order(found: Sequence[Connection]) -> list[Connection]:
    """By channel, those that are used first."""
    return sorted(found, key=lambda c: (c.channel != "sms", not c.active, c.position, c.id))


def place_in(found: Sequence[Connection], one: Connection) -> int | None:
    """Its place among the active ones of its channel, from 1; None when it is off."""
    same = [c.id for c in in_order(found) if c.active and c.channel == one.channel]
    return same.index(one.id) + 1 if one.active else None


async def active_of_kind(db: Handle, kind: str) -> list[Connection]:
    """For the process that keeps standing links."""
    rows = await db.fetch(
        f"SELECT {columns(Connection)} FROM connections WHERE kind = $1 AND active ORDER BY id",
        kind,
    )
    return [read(Connection, row) for row in rows]


async def of_account(db: Handle, account_id: int, connection_id: int) -> Connection:
    """Raises `ConnectionNotFound`, also for what is another account's."""
    row = await db.fetchrow(
        f"SELECT {columns(Connection)} FROM connections WHERE account_id = $1 AND id = $2",
        account_id,
        connection_id,
    )
    if row is None:
        raise ConnectionNotFound
    return read(Connection, row)
