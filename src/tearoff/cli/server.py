"""`tearoff serve`, `work` and `demo`"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import pwd
import shutil
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from ipaddress import ip_address
from pathlib import Path
from queue import Empty, SimpleQueue

import msgspec
import structlog

from tearoff.cli import address, rootless
from tearoff.cli.common import Commands, add_command, database, settings_of
from tearoff.cli.supervisor import Kept, end_all
from tearoff.config import Settings
from tearoff.errors import Conflict, Invalid
from tearoff.keeping import erased_list
from tearoff.kit import keys, logs
from tearoff.kit.embedded import EmbeddedServer
from tearoff.kit.migrate import migrate
from tearoff.kit.processes import PARENT
from tearoff.kit.proxies import check_networks

log = structlog.get_logger()


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
    with _hold_address(settings) as held, database(settings) as opened:
        _tell_where_to_begin(opened)
        _run(opened, held, with_worker=not arguments.no_worker)


def _tell_where_to_begin(settings: Settings) -> None:
    """Where nobody can have an account yet, whoever has this terminal makes the first one."""
    from tearoff.cli import owner  # noqa: PLC0415 (a server needs none of it)

    link = asyncio.run(owner.first_link(settings))
    if link is not None:
        print(f"\n  Begin here (once, within 24 hours):\n\n      {link}\n", flush=True)


def _demo(arguments: argparse.Namespace) -> None:
    from tearoff.cli import demo  # noqa: PLC0415 (a server needs none of it)

    settings = settings_of(arguments, host=arguments.host, port=arguments.port)
    settings = msgspec.structs.replace(
        settings,
        allow_loopback=True,
        public_url=settings.public_url or f"http://{settings.host}:{settings.port}",
    )
    _check(settings)
    with _hold_address(settings) as held, database(settings) as opened:
        shop = asyncio.run(demo.prepare(opened))
        door = asyncio.run(demo.door_of(opened, shop))
        link = asyncio.run(demo.sign_in_link(opened, shop))
        told = (opened, shop, door, link)
        threading.Thread(target=demo.greet, args=told, daemon=True).start()
        _run(opened, held, with_worker=True, is_trial=True)
        where = {"--host": arguments.host, "--port": arguments.port}
        given = [f"{option} {value}" for option, value in where.items() if value is not None]
        again = " ".join([demo.command("demo", settings), *given])
        print(f"Stopped. Your data is kept; this starts it again:\n\n    {again}")


def _work(arguments: argparse.Namespace) -> None:
    from tearoff.worker import run_worker  # noqa: PLC0415 (the web side needs none of it)

    with database(settings_of(arguments)) as settings:
        logs.configure(settings)
        asyncio.run(migrate(settings.database_url))
        is_kept = PARENT in os.environ  # by a server, which has chosen the user
        if not is_kept:
            _erase_again(settings)
        user = None if is_kept else _user(settings, is_trial=False)
        if user is None:
            asyncio.run(run_worker(settings))
            return
        known = msgspec.structs.replace(settings, secret_key=_secret_key(settings))
        handed = rootless.environment(known) | {PARENT: str(os.getpid())}
        _keep([_worker(handed, user)])


def _erase_again(settings: Settings) -> None:
    """What a backup has brought back. Loaded where there is something to do: this process does
    nothing but keep others alive."""
    if erased_list.read(erased_list.path_of(settings)):
        from tearoff.keeping.again import erase_again  # noqa: PLC0415 (see above)

        asyncio.run(erase_again(settings))


def _run(
    settings: Settings, held: socket.socket, *, with_worker: bool, is_trial: bool = False
) -> None:
    """The web processes and the worker, kept alive until a signal says stop."""
    asyncio.run(migrate(settings.database_url))
    logs.configure(settings)
    _erase_again(settings)
    settings = msgspec.structs.replace(settings, secret_key=_secret_key(settings))
    user = _user(settings, is_trial=is_trial)
    if user is not None:  # a port is shared among the sockets of one user
        os.fchown(held.fileno(), user.pw_uid, user.pw_gid)
    with _metrics_folder(settings, user) as folder, _revive(settings), address.told(settings):
        handed = rootless.environment(settings)
        handed |= {PARENT: str(os.getpid()), "PROMETHEUS_MULTIPROC_DIR": str(folder)}
        web = Kept("web", [sys.executable, "-m", "tearoff.cli.webserver"], handed, user)
        _keep([web, _worker(handed, user)] if with_worker else [web])


def _worker(handed: dict[str, str], user: pwd.struct_passwd | None) -> Kept:
    return Kept("worker", [sys.executable, "-m", "tearoff", "work"], handed, user)


def _secret_key(settings: Settings) -> str:
    return settings.secret_key or (settings.data / keys.FILE).read_text("ascii").strip()


def _user(settings: Settings, *, is_trial: bool) -> pwd.struct_passwd | None:
    """Whom the web processes and the worker run as, if not as we do. Whoever tries it out reads
    what there is to try; `tearoff doctor` tells of root too."""
    choice = rootless.choose(settings)
    if choice.why and not is_trial:
        log.warning("root.kept", why=choice.why, hint=rootless.REMEDY)
    return choice.user


def _keep(kept: Sequence[Kept]) -> None:
    said: SimpleQueue[int] = SimpleQueue()  # may be put into by a signal's handler, at any moment
    for name in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(name, lambda number, _frame: said.put(number))
    for one in kept:
        one.start()
    try:
        while _next(said) == signal.SIGHUP:
            for one in kept:
                if one.name == "web":  # fresh web processes, one by one
                    one.tell(signal.SIGHUP)
    finally:
        first = time.monotonic()
        end_all(kept, is_hurried=lambda: _is_said_again(said, first))


def _next(said: SimpleQueue[int]) -> int:
    """The next signal. Looked for now and then: the system may hand it to another thread of ours,
    and then nothing wakes this one, which alone runs Python's handlers."""
    while True:
        with contextlib.suppress(Empty):
            return said.get(timeout=0.5)


def _is_said_again(said: SimpleQueue[int], first: float) -> bool:
    """By somebody who has waited: `timeout` and others say it twice in one breath."""
    is_again = not said.empty() and said.get() != signal.SIGHUP
    return is_again and time.monotonic() > first + 1


@contextlib.contextmanager
def _metrics_folder(settings: Settings, user: pwd.struct_passwd | None) -> Iterator[Path]:
    """Where the counters of all processes meet; they begin at zero with the server."""
    folder = settings.data.absolute() / "metrics" / str(settings.port)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, mode=0o700)
    if user is not None:
        rootless.give_folder(folder, user)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


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
    if settings.apple_pass_type or settings.google_issuer:
        _check_wallets(settings)
    try:
        ip_address(settings.host)
    except ValueError:
        raise Invalid(
            f"{settings.host!r} is no IP address.",
            field="TEAROFF_HOST",
            hint="127.0.0.1 is this machine alone, 0.0.0.0 every address of it.",
        ) from None


def _check_wallets(settings: Settings) -> None:
    # A process that only keeps others alive starts without them.
    from tearoff.providers.wallets.apple import apple_of  # noqa: PLC0415
    from tearoff.providers.wallets.google import google_of  # noqa: PLC0415

    apple_of(settings)
    google_of(settings)


def _hold_address(settings: Settings) -> socket.socket:
    """Nobody else listens there for as long as this socket is open: not another server of ours,
    which the web processes' shared port would let in, and nobody while they are all dead."""
    where = (settings.host, settings.port)
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    held = socket.socket(family)
    try:
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(where)
        # Shared with the web processes: one that does not listen gets no connection.
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        held.bind(where)
    except OSError as error:
        held.close()
        raise _cannot_listen(settings, str(error.strerror)) from None
    return held


def _cannot_listen(settings: Settings, reason: str) -> Conflict:
    return Conflict(
        f"Cannot listen on {settings.host}:{settings.port}: {reason}.",
        hint="Choose another one with --port or TEAROFF_PORT.",
    )
