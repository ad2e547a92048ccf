"""Bringing the schema up to date. Safe when several processes start at once."""

from __future__ import annotations

from tearoff.kit.db import Database
from tearoff.kit.schema import current_revision, is_up_to_date, revisions


async def migrate(url: str) -> list[str]:
    """Run what is missing and return the names of the revisions that were run. Raises
    `NewerSchema`."""
    db = await Database.open(url, size=1)
    try:
        before = await current_revision(db)
        if await is_up_to_date(db):
            await db.execute("SELECT cut_months(3)")  # it may have slept for months
            return []
    finally:
        await db.close()
    from tearoff.kit.migrations.upgrade import upgrade  # noqa: PLC0415 (see there)

    await upgrade(url)
    return [name for name in revisions() if before is None or name > before]
