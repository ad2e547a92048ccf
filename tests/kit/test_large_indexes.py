"""Indexes that are made beside the work: of plain tables, and of those that are cut into months."""

from __future__ import annotations

import asyncpg
import pytest_asyncio

from tearoff.kit import large_indexes
from tearoff.kit.migrations.upgrade import upgrade


@pytest_asyncio.fixture
async def db(cluster, worker_id):
    name = f"tearoff_large_indexes_{worker_id}"
    url = await cluster.create(name)
    await upgrade(url)
    connection = await asyncpg.connect(url)
    yield url, connection
    await connection.close()
    await cluster.drop(name)


async def valid(connection) -> set[str]:
    rows = await connection.fetch(
        "SELECT indexrelid::regclass::text AS name FROM pg_index WHERE indisvalid"
    )
    return {row["name"] for row in rows}


async def test_a_missing_one_is_made_for_every_month(db):
    url, connection = db
    names = {index.name for index in large_indexes.INDEXES}
    assert names <= await valid(connection)
    for name in names:
        await connection.execute(f"DROP INDEX {name}")
    await large_indexes.make_missing(url)
    assert names <= await valid(connection)
    await connection.execute("SELECT cut_months(5)")  # a month that is cut later has it too
    without = await connection.fetch(
        "SELECT inhrelid::regclass::text FROM pg_inherits i WHERE inhparent = 'messages'::regclass"
        " AND NOT EXISTS (SELECT FROM pg_index x JOIN pg_inherits a ON a.inhrelid = x.indexrelid"
        " WHERE x.indrelid = i.inhrelid AND a.inhparent = 'messages_about'::regclass)"
    )
    assert without == []
    await large_indexes.make_missing(url)  # nothing to do


async def test_one_that_was_broken_off_is_made_whole(db):
    url, connection = db
    await connection.execute("DROP INDEX messages_about")
    await connection.execute(
        "CREATE INDEX messages_about ON ONLY messages (about) WHERE about IS NOT NULL"
    )
    assert "messages_about" not in await valid(connection)
    await large_indexes.make_missing(url)
    assert "messages_about" in await valid(connection)
