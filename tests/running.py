"""Running the real server in a process of its own."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tearoff.config import Settings

PATIENCE = 90
"""Seconds in which what must come has come, on a machine that is busy with other things. A test
waits for what it needs, and this long only when it fails."""


@dataclass
class Running:
    """A server at `url`; `process` leads a process group of its own."""

    url: str
    process: subprocess.Popen
    log: Path

    def kill(self) -> None:
        """SIGKILL to the server and everything it started."""
        for pid in (*descendants(self.process.pid), self.process.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self.kill()
                raise


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def start_server(
    settings: Settings, folder: Path, *, port: int | None = None, workers: int = 1,
    with_worker: bool = True, app: str = "tearoff", **environment: str,
) -> Iterator[Running]:  # fmt: skip
    running = launch(
        settings, folder, port=port, workers=workers, with_worker=with_worker, app=app,
        **environment,
    )  # fmt: skip
    try:
        yield running
    finally:
        running.stop()


def launch(
    settings: Settings, folder: Path, *, port: int | None = None, workers: int = 1,
    with_worker: bool = True, app: str = "tearoff", python: str = sys.executable,
    **environment: str,
) -> Running:  # fmt: skip
    port = port or free_port()
    env = {
        **{k: v for k, v in os.environ.items() if not k.startswith(("TEAROFF_", "PROMETHEUS_"))},
        "TEAROFF_DATABASE_URL": settings.database_url,
        "TEAROFF_SECRET_KEY": settings.secret_key,
        "TEAROFF_DATA": str(settings.data),
        "TEAROFF_ALLOW_LOOPBACK": "true",
        "TEAROFF_PUBLIC_URL": settings.public_url,
        "TEAROFF_SEND_LEASE": str(settings.send_lease),
        "TEAROFF_STATEMENT_LIMIT": str(settings.statement_limit),
        "TEAROFF_OPEN_GUARD": str(settings.open_guard),
        # All tests call from one address, and many of them with wrong credentials.
        "TEAROFF_WRONG_CREDENTIALS": "1000000",
        **environment,
    }
    command = [python, "-m", app, "serve", "--port", str(port), "--workers", str(workers)]
    log = folder / f"server-{port}.log"
    with log.open("ab") as out:
        process = subprocess.Popen(
            command + ([] if with_worker else ["--no-worker"]),
            env=env, stdout=out, stderr=out, stdin=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
    running = Running(f"http://127.0.0.1:{port}", process, log)
    wait_ready(running)
    return running


def wait_ready(running: Running, seconds: float = PATIENCE) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if running.process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"{running.url}/readyz", timeout=PATIENCE):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    running.kill()
    raise AssertionError(f"the server did not start:\n{running.log.read_text()[-3000:]}")


def descendants(pid: int) -> list[int]:
    """All processes below this one, found in /proc."""
    parents: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = stat.read_text().rpartition(")")[2].split()
            parents.setdefault(int(fields[1]), []).append(int(stat.parent.name))
    found, todo = [], [pid]
    while todo:
        children = parents.get(todo.pop(), [])
        found += children
        todo += children
    return found
