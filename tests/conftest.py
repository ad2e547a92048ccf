"""A real PostgreSQL for every test: the embedded one, shared by the test processes, with a
database for each of them."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

from tearoff.config import Settings, read_settings
from tearoff.kit.db import Database
from tearoff.kit.embedded import EmbeddedServer
from tearoff.kit.migrate import migrate
from tearoff.kit.services import Services
from tearoff.kit.vault import Vault
from tests.cast import Shop, open_shop
from tests.running import Running, start_server

KEY = "a key of the tests that is long enough"


@pytest.fixture(scope="session")
def run_folder(testrun_uid: str) -> Path:
    """One folder for the whole run, open to pass through, as on a real machine."""
    folder = Path(tempfile.gettempdir()) / f"tearoff-tests-{testrun_uid}"
    folder.mkdir(mode=0o711, exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def database_url(run_folder: Path, worker_id: str) -> Iterator[str]:
    """A migrated database of this test process: on the server that
    TEAROFF_TEST_DATABASE_URL names, else on an embedded one."""
    given = os.environ.get("TEAROFF_TEST_DATABASE_URL")
    server = EmbeddedServer(run_folder / "pg")
    admin = given or server.attach()
    name = f"tearoff_test_{worker_id}"
    url = admin.replace("/tearoff?", f"/{name}?")
    asyncio.run(_execute(admin, f"DROP DATABASE IF EXISTS {name}", f"CREATE DATABASE {name}"))
    asyncio.run(migrate(url))
    yield url
    if server.detach():
        shutil.rmtree(run_folder, ignore_errors=True)


async def _execute(url: str, *statements: str) -> None:
    connection = await asyncpg.connect(url)
    for statement in statements:
        await connection.execute(statement)
    await connection.close()


@pytest.fixture(scope="session")
def settings(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return read_settings(
        {},
        data=tmp_path_factory.mktemp("data"),
        database_url=database_url,
        secret_key=KEY,
        allow_loopback=True,
        public_url="https://coupons.example.com",
        send_lease=3,
    )


@pytest_asyncio.fixture(scope="session")
async def services(settings: Settings) -> AsyncIterator[Services]:
    db = await Database.open(settings.database_url, size=8)
    yield Services(settings, db, Vault(settings.secret_key), settings.database_url)
    await db.close()


@pytest.fixture(scope="session")
def server(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The real server with its worker, as processes of their own."""
    with start_server(settings, tmp_path_factory.mktemp("logs")) as running:
        yield running


@pytest_asyncio.fixture
async def shop(services: Services) -> Shop:
    return await open_shop(services)


@pytest_asyncio.fixture
async def other_shop(services: Services) -> Shop:
    """A tenant that must see nothing of the first."""
    return await open_shop(services)
