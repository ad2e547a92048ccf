"""A real PostgreSQL for every test: the embedded one, shared by the test processes, with a
database for each of them."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import asyncpg
import hypothesis
import pytest
import pytest_asyncio
import structlog

from tearoff.config import Settings, read_settings
from tearoff.kit import embedded, forgotten
from tearoff.kit.db import Database
from tearoff.kit.embedded import EmbeddedServer
from tearoff.kit.migrate import migrate
from tearoff.kit.services import Services
from tearoff.kit.vault import Vault
from tests.api.caller import Caller
from tests.cast import Shop, open_shop
from tests.commands import Commands, loaded_program
from tests.logs import reset_logs
from tests.running import PATIENCE, Running, start_server

pytest_plugins = ["tests.sharing"]

# Whatever the environment says: a suite that starts hundreds of processes must not compile the
# program and its libraries anew for each of them.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# A machine that is busy with other things is no fault of what is tested.
hypothesis.settings.register_profile(
    "tests", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("tests")

KEY = "a key of the tests that is long enough"
forgotten.use(Vault(KEY))  # as a process does when it starts, whichever test comes first


@pytest.fixture(scope="session")
def run_folder(testrun_uid: str) -> Path:
    """One folder for the whole run, open to pass through, as on a real machine."""
    folder = Path(tempfile.gettempdir()) / f"tearoff-tests-{testrun_uid}"
    folder.mkdir(mode=0o711, exist_ok=True)
    return folder


@dataclass(frozen=True)
class Cluster:
    """The server of the tests: `app` is its database as the program uses it, `admin` as somebody
    who may make others."""

    app: str
    admin: str

    async def create(self, name: str) -> str:
        """A new database, which belongs to the program's role; gives its address."""
        connection = await asyncpg.connect(self.admin)
        await connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        owner = urlsplit(self.app).username
        await connection.execute(f"CREATE DATABASE {name} OWNER {owner or 'CURRENT_USER'}")
        await connection.close()
        return self.app.replace("/tearoff?", f"/{name}?")

    async def drop(self, name: str) -> None:
        connection = await asyncpg.connect(self.admin)
        await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
        await connection.close()


_OF_TESTS = """
max_connections = 800
fsync = off
full_page_writes = off
synchronous_commit = off
"""
"""All test processes and their servers share it. What is committed need not survive the machine, so
nobody waits for its disk; kills of processes, and commits as others see them, are as ever."""


@pytest.fixture(scope="session")
def cluster(run_folder: Path) -> Iterator[Cluster]:
    """The server that TEAROFF_TEST_DATABASE_URL names, else an embedded one."""
    given = os.environ.get("TEAROFF_TEST_DATABASE_URL")
    if given:
        yield Cluster(given, given)
        return
    server = EmbeddedServer(run_folder / "pg")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(embedded, "SETTINGS", embedded.SETTINGS + _OF_TESTS)
        url = server.attach()
    yield Cluster(url, server.admin_url())
    if server.detach():
        shutil.rmtree(run_folder, ignore_errors=True)


@pytest.fixture(scope="session")
def database_url(cluster: Cluster, worker_id: str) -> str:
    """A migrated database of this test process."""
    url = asyncio.run(cluster.create(f"tearoff_test_{worker_id}"))
    asyncio.run(migrate(url))
    return url


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
        statement_limit=PATIENCE,
    )


@pytest_asyncio.fixture(scope="session")
async def services(settings: Settings) -> AsyncIterator[Services]:
    db = await Database.open(settings.database_url, size=8)
    yield Services(settings, db, Vault(settings.secret_key), settings.database_url)
    await db.close()


@pytest.fixture(autouse=True)
def own_process() -> Iterator[None]:
    """What a test says of the whole process ends with it: which keys mark erased people (whoever
    makes other `Services` says so), and where the log goes (whoever runs a command or a server)."""
    before = forgotten._Process.vault
    assert before is not None
    yield
    forgotten.use(before)
    if structlog.is_configured():
        reset_logs()


@pytest.fixture(scope="session")
def commands() -> Iterator[Commands]:
    with loaded_program() as commands:
        yield commands


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


@pytest_asyncio.fixture(scope="session")
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=300)) as session:
        yield session


@pytest.fixture
def caller(http: aiohttp.ClientSession, server: Running, shop: Shop) -> Caller:
    return Caller(http, server.url, shop)


@pytest.fixture
def other_caller(http: aiohttp.ClientSession, server: Running, other_shop: Shop) -> Caller:
    return Caller(http, server.url, other_shop)
