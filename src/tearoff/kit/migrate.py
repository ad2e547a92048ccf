"""Bringing the schema up to date. Safe when several processes start at once."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from pgqueuer.queries import Queries
from sqlalchemy import Connection, text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from tearoff.kit.db import Database, Handle

_LOCK = 7_465_172  # any number, the same in every version


async def migrate(url: str) -> list[str]:
    """Run what is missing and return the names of the revisions that were run."""
    before = await current_revision_of(url)
    engine = create_async_engine(
        make_url(url).set(drivername="postgresql+asyncpg"), poolclass=NullPool
    )
    async with engine.connect() as lock:
        await lock.execute(text(f"SELECT pg_advisory_lock({_LOCK})"))
        async with engine.connect() as connection:
            await connection.run_sync(_upgrade)
            await connection.commit()
        await _prepare_jobs(url)
        await lock.execute(text(f"SELECT pg_advisory_unlock({_LOCK})"))
    await engine.dispose()
    return [name for name in revisions() if before is None or name > before]


async def is_up_to_date(db: Handle) -> bool:
    if await db.fetchval("SELECT to_regclass('alembic_version')") is None:
        return False
    return bool(await db.fetchval("SELECT version_num FROM alembic_version") == revisions()[-1])


def revisions() -> list[str]:
    """The names of all revisions, oldest first."""
    script = ScriptDirectory.from_config(_config())
    return [r.revision for r in script.walk_revisions()][::-1]


async def current_revision_of(url: str) -> str | None:
    db = await Database.open(url, size=1)
    try:
        if await db.fetchval("SELECT to_regclass('alembic_version')") is None:
            return None
        found: str | None = await db.fetchval("SELECT version_num FROM alembic_version")
        return found
    finally:
        await db.close()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config


def _upgrade(connection: Connection) -> None:
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


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
    finally:
        await db.close()
