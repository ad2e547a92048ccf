"""A database of their own: what a look does not meet is over, everywhere, and the servers of other
tests look every minute."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio

from tearoff.config import Settings
from tearoff.kit.services import Services
from tests.conftest import Cluster
from tests.databases import own_services


@pytest_asyncio.fixture(scope="session")
async def services(settings: Settings, cluster: Cluster, worker_id: str) -> AsyncIterator[Services]:
    async with own_services(cluster, settings, f"tearoff_alerts_{worker_id}", size=8) as own:
        yield own
