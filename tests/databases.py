"""A database of a test's own, beside that of its process: for those to whom what others left in it,
or their servers did meanwhile, would make a difference."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

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
