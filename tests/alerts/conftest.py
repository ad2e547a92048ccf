"""A database of their own: what a look does not meet is over, everywhere, and the servers of other
tests look every minute."""

from __future__ import annotations

from collections.abc import AsyncIterator

import msgspec
import pytest_asyncio

from tearoff.config import Settings
from tearoff.kit.db import Database
from tearoff.kit.migrations.upgrade import upgrade
from tearoff.kit.services import Services
from tearoff.kit.vault import Vault
from tests.conftest import Cluster


@pytest_asyncio.fixture(scope="session")
async def services(settings: Settings, cluster: Cluster, worker_id: str) -> AsyncIterator[Services]:
    name = f"tearoff_alerts_{worker_id}"
    url = await cluster.create(name)
    await upgrade(url)
    db = await Database.open(url, size=8)
    own = msgspec.structs.replace(settings, database_url=url)
    yield Services(own, db, Vault(settings.secret_key), url)
    await db.close()
    await cluster.drop(name)
