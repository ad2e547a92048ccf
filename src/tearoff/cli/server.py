"""`tearoff serve`, `work` and `demo`"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import multiprocessing
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator

import msgspec
from granian.constants import HTTPModes, Interfaces, Loops
from granian.log import LogLevels

from tearoff.cli import address, demo, webserver
from tearoff.cli.common import Commands, add_command, database, settings_of
from tearoff.config import Settings
from tearoff.errors import Conflict
from tearoff.kit import keys
from tearoff.kit.embedded import EmbeddedServer
from tearoff.kit.migrate import migrate
from tearoff.kit.proxies import check_networks
from tearoff.providers.wallets.apple import apple_of
from tearoff.providers.wallets.google import google_of


def add_commands(commands: Commands) -> None:
    serve = add_command(commands, "serve", _serve, "run the web server, with its worker")
    _add_address(serve)
    serve.add_argument("--workers", type=int, metavar="N", help="web processes")
    serve.add_argument("--no-worker", action="store_true", help="without background work")
    add_command(commands, "work", _work, "run a worker alone")
    trial = add_command(commands, "demo", _demo, "run with a demo shop and send a first coupon")
    _add_address(trial)


def _add_address(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", help="address to listen on")
    parser.add_argument("--port", type=int, help="port to listen on")


def _serve(arguments: argparse.Namespace) -> None:
    settings = settings_of(
        arguments, host=arguments.host, port=arguments.port, workers=arguments.workers
    )
    _check(settings)
    with database(settings) as opened:
        _run(opened, with_worker=not arguments.no_worker)


def _demo(arguments: argparse.Namespace) -> None:
    settings = settings_of(arguments, host=arguments.host, port=arguments.port)
    settings = msgspec.structs.replace(
        settings,
        allow_loopback=True,
        public_url=settings.public_url or f"http://{settings.host}:{settings.port}",
    )
    _check(settings)
    with database(settings) as opened:
        shop = asyncio.run(demo.prepare(opened))
        threading.Thread(target=demo.greet, args=(opened, shop), daemon=True).start()
        _run(opened, with_worker=True)
        print("Stopped. Your data is kept; `make demo` starts it again.")


def _work(arguments: argparse.Namespace) -> None:
    from tearoff.worker import run_worker  # noqa: PLC0415 (the web side needs none of it)

    with database(settings_of(arguments)) as settings:
        asyncio.run(migrate(settings.database_url))
        asyncio.run(run_worker(settings))


def _run(settings: Settings, *, with_worker: bool) -> None:
    """The web processes in the foreground, the worker beside them, until a signal."""
    asyncio.run(migrate(settings.database_url))
    _hand_down(settings)
    # Fresh interpreters: a fork would keep the counters of this process, which are made before
    # there is a folder in which they meet, and locks that its threads hold at that moment.
    multiprocessing.set_start_method("spawn", force=True)
    with (
        _metrics_folder(settings),
        _worker(settings, with_worker),
        _revive(settings),
        address.told(settings),
    ):
        # Granian ends on SIGTERM as on Ctrl-C.
        webserver.WebServer(
            "tearoff.app:create_app",
            address=settings.host,
            port=settings.port,
            interface=Interfaces.ASGI,
            # Guessing between HTTP/1 and 2 would wait without end for the first byte.
            http=HTTPModes.http1,
            workers=settings.workers,
            loop=Loops.uvloop,
            factory=True,
            backlog=2048,
            backpressure=webserver.raise_limits(),
            log_level=LogLevels.warning,
            websockets=False,
            workers_kill_timeout=20,
            respawn_failed_workers=True,
        ).serve()


def _hand_down(settings: Settings) -> None:
    """Our own processes read their settings from the environment, as everything does."""
    vault_key = settings.secret_key or (settings.data / keys.FILE).read_text("ascii").strip()
    values = {
        "DATA": str(settings.data),
        "DATABASE_URL": settings.database_url,
        "SECRET_KEY": vault_key,
        "HOST": settings.host,
        "PORT": str(settings.port),
        "PUBLIC_URL": settings.public_url,
        "ALLOW_LOOPBACK": str(settings.allow_loopback).lower(),
    }
    os.environ.update({f"TEAROFF_{name}": value for name, value in values.items()})
    os.environ["TEAROFF_PARENT"] = str(os.getpid())


@contextlib.contextmanager
def _metrics_folder(settings: Settings) -> Iterator[None]:
    """Where the counters of all processes meet; they begin at zero with the server."""
    folder = settings.data / "metrics" / str(settings.port)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, mode=0o700)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
    try:
        yield
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _worker(settings: Settings, wanted: bool) -> Iterator[None]:
    """The worker beside the web processes, started again should it end by itself."""
    if not wanted:
        yield
        return
    ended = threading.Event()
    thread = threading.Thread(target=_keep_worker, args=(settings, ended))
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _keep_worker(settings: Settings, ended: threading.Event) -> None:
    while not ended.is_set():
        process = subprocess.Popen(
            [sys.executable, "-m", "tearoff", "work", "--data", str(settings.data)],
            start_new_session=True,  # Ctrl-C is for us; the worker is told by us
        )
        while process.poll() is None and not ended.wait(0.2):
            pass
        if process.poll() is None:
            _end(process)
        else:
            ended.wait(1)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextlib.contextmanager
def _revive(settings: Settings) -> Iterator[None]:
    """Start the embedded PostgreSQL again should it die while we live."""
    server = EmbeddedServer(settings.data)
    if not (settings.data / "pg.password").exists() or server.url() != settings.database_url:
        yield
        return
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(1):
            server.revive()

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(5)


def _check(settings: Settings) -> None:
    """What would otherwise fail later, and less clearly."""
    check_networks(settings.trusted_proxies)
    apple_of(settings)
    google_of(settings)
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            raise Conflict(
                f"Cannot listen on {settings.host}:{settings.port}: {error.strerror}.",
                hint="Choose another one with --port or TEAROFF_PORT.",
            ) from None
