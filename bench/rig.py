"""A server, a database and a load generator on this machine."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg

from bench import processors
from bench.app import RECORDINGS
from tearoff.config import Settings, read_settings
from tearoff.kit.db import Database
from tearoff.kit.embedded import EmbeddedServer
from tearoff.kit.migrate import migrate
from tearoff.kit.services import Services
from tearoff.kit.vault import Vault

KEY = "a key of the benchmarks that is long enough"
FLOOR = """
CREATE TABLE floor_sends (id bigserial PRIMARY KEY, phone text, done boolean DEFAULT false);
CREATE TABLE floor_coupons (id bigserial PRIMARY KEY, code text UNIQUE, used timestamptz);
CREATE TABLE floor_events (id bigserial PRIMARY KEY, coupon bigint, at timestamptz DEFAULT now());
"""


@dataclass
class Rig:
    """`rounds` of so many `seconds` each, by so many `callers` at once. `as_before`: as earlier
    versions measured, with accounts that have none of the limits on numbers and calls, without
    warming up and without the second floor. `rows` is how many a volume has."""

    services: Services
    url: str
    folder: Path
    process: subprocess.Popen
    postmaster: int
    admin_url: str
    rounds: int = 3
    seconds: int = 3
    callers: int = 32
    as_before: bool = False
    rows: int = 5_000_000

    @property
    def recordings(self) -> Path:
        return _recordings(self.folder)

    async def checkpoint(self) -> None:
        await _execute(self.admin_url, "CHECKPOINT")

    def processor_seconds(self) -> tuple[float, float]:
        """Of the web processes, and of PostgreSQL's, so far."""
        return processors.seconds_of(self.process.pid), processors.seconds_of(self.postmaster)

    def idle_memory(self) -> float:
        """Of both, in MB."""
        roots = (self.process.pid, self.postmaster)
        return sum(map(processors.proportional_memory, roots))


@contextlib.asynccontextmanager
async def open_rig(*, workers: int = 2, **options: Any) -> AsyncIterator[Rig]:
    """`options` are what a `Rig` has by default otherwise."""
    folder = Path(tempfile.mkdtemp(prefix="tearoff-bench-", dir="/var/tmp"))
    folder.chmod(0o755)
    pg = EmbeddedServer(folder / "data")
    url, home = pg.attach(), pg.home()
    postmaster = int((home / "cluster" / "postmaster.pid").read_text().split()[0])
    try:
        await migrate(url)
        await _execute(url, FLOOR)
        settings = read_settings(
            {}, data=folder / "data", database_url=url, secret_key=KEY, allow_loopback=True
        )
        db = await Database.open(url, size=4)
        services = Services(settings, db, Vault(KEY), url)
        with _serve(settings, folder, workers) as (address, process):
            yield Rig(services, address, folder, process, postmaster, pg.admin_url(), **options)
        await db.close()
    finally:
        pg.detach()
        shutil.rmtree(folder, ignore_errors=True)
        shutil.rmtree(home, ignore_errors=True)


@contextlib.contextmanager
def _serve(
    settings: Settings, folder: Path, workers: int
) -> Iterator[tuple[str, subprocess.Popen]]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    metrics = folder / "metrics"
    metrics.mkdir()
    _recordings(folder).mkdir()
    env = {
        **os.environ,
        "TEAROFF_DATABASE_URL": settings.database_url,
        "TEAROFF_SECRET_KEY": settings.secret_key,
        "TEAROFF_DATA": str(settings.data),
        "TEAROFF_ALLOW_LOOPBACK": "true",
        "PROMETHEUS_MULTIPROC_DIR": str(metrics),
        RECORDINGS: str(_recordings(folder)),
    }
    command = [
        sys.executable, "-m", "granian", "--interface", "asgi", "--factory", "--loop", "uvloop",
        "--host", "127.0.0.1", "--port", str(port), "--workers", str(workers),
        "--log-level", "warning", "bench.app:create_app",
    ]  # fmt: skip
    process = subprocess.Popen(command, env=env)
    try:
        _wait(f"http://127.0.0.1:{port}/readyz")
        yield f"http://127.0.0.1:{port}", process
    finally:
        process.terminate()
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            for pid in processors.family_of(process.pid):
                os.kill(pid, signal.SIGKILL)
            raise


def _recordings(folder: Path) -> Path:
    return folder / "recordings"


def _wait(url: str) -> None:
    for _ in range(600):
        try:
            urllib.request.urlopen(url, timeout=2)
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("the server did not start")


async def _execute(url: str, script: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(script)
    await connection.close()
