"""A database of a test's own, beside that of its process: for those to whom what others left in it,
or their servers did meanwhile, would make a difference."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import asyncpg
import msgspec

from tearoff.config import Settings
from tearoff.kit.db import Database
from tearoff.kit.migrate import migrate
from tearoff.kit.services import Services
from tearoff.kit.vault import Vault

if TYPE_CHECKING:
    from tests.conftest import Cluster


@contextlib.asynccontextmanager
async def own_services(
    cluster: Cluster, settings: Settings, name: str, *, size: int = 4
) -> AsyncIterator[Services]:
    """Migrated, and gone at the end. `size`: connections."""
    url = await cluster.create(name)
    await migrate(url)
    db = await Database.open(url, size=size)
    own = msgspec.structs.replace(settings, database_url=url)
    try:
        yield Services(own, db, Vault(settings.secret_key), url)
    finally:
        await db.close()
        await cluster.drop(name)


async def rows_read(work: asyncpg.Connection, *tables: str) -> int:
    """Rows of these tables and of their partitions that the transaction has read until now."""
    read: int = await work.fetchval(
        "SELECT coalesce(sum(seq_tup_read + coalesce(idx_tup_fetch, 0)), 0)::bigint"
        " FROM pg_stat_xact_user_tables JOIN unnest($1::text[]) AS name"
        " ON relname = name OR relname ~ (name || '_(rest|[0-9_]+)$')",
        tables,
    )
    return read
