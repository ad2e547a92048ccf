"""What changes the schema. A module of its own: Alembic and SQLAlchemy take 20 MB and half a
second, which processes that only look at the schema need not spend."""

from __future__ import annotations

import asyncio
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from pgqueuer.queries import Queries
from sqlalchemy import Connection, text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from tearoff.kit import canonical_forms, clock, large_indexes, older_counts, older_names
from tearoff.kit.db import Database
from tearoff.kit.schema import queue_version, refuse_newer

_LOCK = 7_465_172  # any number, the same in every version


async def upgrade(url: str, revision: str = "head") -> None:
    """Run what is missing, alone: others that start now wait. Raises `NewerSchema`."""
    engine = create_async_engine(
        make_url(url).set(drivername="postgresql+asyncpg"), poolclass=NullPool
    )
    async with engine.connect() as lock:
        await lock.execution_options(isolation_level="AUTOCOMMIT")
        await _take(lock)
        async with engine.connect() as connection:
            await connection.run_sync(_run_revisions, revision)
            await connection.commit()
        await _prepare_jobs(url)
        if revision == "head":
            await _bring_up_to_date(url)
        await lock.execute(text(f"SELECT pg_advisory_unlock({_LOCK})"))
    await engine.dispose()


async def _take(lock: AsyncConnection) -> None:
    """Asked again and again: whoever waits within a statement is waited for by an index that is
    made beside the work."""
    while True:
        if await lock.scalar(text(f"SELECT pg_try_advisory_lock({_LOCK})")):
            return
        await asyncio.sleep(0.2)


def _run_revisions(connection: Connection, revision: str) -> None:
    # Looked at behind the lock: a newer version may have been at work until now.
    refuse_newer(MigrationContext.configure(connection).get_current_revision())
    connection.commit()  # each revision has its own, and may leave it to build an index
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


async def _prepare_jobs(url: str) -> None:
    db = await Database.open(url, size=1)
    try:
        async with db.connection() as connection:
            queries = Queries.from_asyncpg_connection(connection)
            if await queries.schema_is_installed():
                await queries.upgrade()
            else:
                await queries.install()
        await db.execute("SELECT cut_months(3)")
        await db.execute(f"COMMENT ON TABLE alembic_version IS '{queue_version()}'")
    finally:
        await db.close()


async def _bring_up_to_date(url: str) -> None:
    await large_indexes.make_missing(url)
    db = await Database.open(url, size=1)
    try:
        if not await canonical_forms.is_done(db):
            await canonical_forms.run_if_due(db, url, clock.now())
        await older_counts.count_if_due(db, clock.now())
        await older_names.make_indexes_if_due(db, url)
    finally:
        await db.close()
