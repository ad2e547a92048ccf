"""A server, a database and a load generator on this machine."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import asyncpg

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
    services: Services
    url: str
    folder: Path
    process: subprocess.Popen
    admin_url: str

    async def checkpoint(self) -> None:
        await _execute(self.admin_url, "CHECKPOINT")


@contextlib.asynccontextmanager
async def open_rig(workers: int = 2) -> AsyncIterator[Rig]:
    folder = Path(tempfile.mkdtemp(prefix="tearoff-bench-", dir="/var/tmp"))
    folder.chmod(0o755)
    pg = EmbeddedServer(folder / "data")
    url, home = pg.attach(), pg.home()
    try:
        await migrate(url)
        await _execute(url, FLOOR)
        settings = read_settings(
            {}, data=folder / "data", database_url=url, secret_key=KEY, allow_loopback=True
        )
        db = await Database.open(url, size=4)
        services = Services(settings, db, Vault(KEY), url)
        with _serve(settings, folder, workers) as (address, process):
            yield Rig(services, address, folder, process, pg.admin_url())
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
    env = {
        **os.environ,
        "TEAROFF_DATABASE_URL": settings.database_url,
        "TEAROFF_SECRET_KEY": settings.secret_key,
        "TEAROFF_DATA": str(settings.data),
        "TEAROFF_ALLOW_LOOPBACK": "true",
        "PROMETHEUS_MULTIPROC_DIR": str(metrics),
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
        process.wait(30)


def _wait(url: str) -> None:
    for _ in range(300):
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


@dataclass(frozen=True)
class Load:
    """What one run of the load generator saw. Times in milliseconds."""

    per_second: float
    p50: float
    p99: float
    errors: int


def wrk(rig: Rig, script: str, seconds: int = 4, connections: int = 32) -> Load:
    """Run wrk with a Lua script (`request = function() … end`)."""
    path = rig.folder / "load.lua"
    path.write_text(script)
    done = subprocess.run(
        ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "-s", str(path), rig.url],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    out = done.stdout
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", out)
    return Load(
        float(_find(r"Requests/sec:\s+([\d.]+)", out)),
        _ms(_find(r"\s50%\s+([\d.]+[a-z]+)", out)),
        _ms(_find(r"\s99%\s+([\d.]+[a-z]+)", out)),
        int(bad[1]) if bad else 0,
    )


def _find(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    if found is None:
        raise RuntimeError(f"wrk said:\n{text}")
    return found[1]


def _ms(text: str) -> float:
    for unit, factor in (("us", 0.001), ("ms", 1), ("s", 1000)):
        if text.endswith(unit):
            return float(text.removesuffix(unit)) * factor
    return float(text)


def median(loads: list[Load]) -> Load:
    return Load(
        statistics.median(x.per_second for x in loads),
        statistics.median(x.p50 for x in loads),
        statistics.median(x.p99 for x in loads),
        sum(x.errors for x in loads),
    )
