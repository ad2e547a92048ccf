"""Indexes of tables that are too large to be locked for as long as one is made: they are made
beside the work, by the update. A table that is cut into months gets one for each."""

from __future__ import annotations

import asyncpg
import msgspec

TRIES = 5


class Index(msgspec.Struct, frozen=True):
    """`where` leaves out the rows that nobody looks for by it."""

    name: str
    table: str
    columns: str
    where: str

    def made_on(self, table: str, name: str) -> str:
        return f"{name} ON {table} ({self.columns}) WHERE {self.where}"


INDEXES = (
    Index("messages_about", "messages", "about", "about IS NOT NULL"),
    Index("counter_scans_session", "counter_scans", "session_id", "session_id IS NOT NULL"),
)


async def make_missing(url: str) -> None:
    """Alone in its connection, outside of transactions, for as long as it takes."""
    connection = await asyncpg.connect(url)
    try:
        for index in INDEXES:
            for left in reversed(range(TRIES)):
                try:
                    await _make(connection, index)
                    break
                except asyncpg.DeadlockDetectedError:  # a starting older version waits for our lock
                    if not left:
                        raise
    finally:
        await connection.close()


async def _make(connection: asyncpg.Connection, index: Index) -> None:
    if await _is_there(connection, index.name):
        return
    parts = await connection.fetch(
        "SELECT inhrelid::regclass::text AS name FROM pg_inherits"
        " WHERE inhparent = $1::text::regclass ORDER BY 1",
        index.table,
    )
    if not parts:
        await _make_beside(connection, index.made_on(index.table, index.name), index.name)
        return
    # Months that are cut from here on have it from the beginning.
    on_top = index.made_on(f"ONLY {index.table}", index.name)
    await connection.execute(f"CREATE INDEX IF NOT EXISTS {on_top}")
    for part in parts:
        await _make_of_month(connection, index, part["name"])


async def _make_of_month(connection: asyncpg.Connection, index: Index, part: str) -> None:
    has = await connection.fetchval(
        "SELECT EXISTS (SELECT FROM pg_inherits i JOIN pg_index x ON x.indexrelid = i.inhrelid"
        " WHERE i.inhparent = $1::text::regclass AND x.indrelid = $2::text::regclass)",
        index.name,
        part,
    )
    if not has:
        name = f"{part}_{index.columns}"
        await _make_beside(connection, index.made_on(part, name), name)
        await connection.execute(f"ALTER INDEX {index.name} ATTACH PARTITION {name}")


async def _make_beside(connection: asyncpg.Connection, made_on: str, name: str) -> None:
    """One that was broken off is made anew."""
    if not await _is_there(connection, name):
        await connection.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
        await connection.execute(f"CREATE INDEX CONCURRENTLY {made_on}")


async def _is_there(connection: asyncpg.Connection, name: str) -> bool:
    return bool(
        await connection.fetchval(
            "SELECT EXISTS (SELECT FROM pg_index"
            " WHERE indisvalid AND indexrelid = to_regclass($1))",
            name,
        )
    )
