"""Granian, made to stay up: how many connections it takes, and how its processes come back.

It runs in a process of its own (`python -m tearoff.cli.webserver`, settings from the environment),
so that whatever ends it ends neither PostgreSQL nor the worker.
"""

from __future__ import annotations

import multiprocessing
import os
import resource
import signal
import time
from collections import defaultdict
from typing import Any

import structlog
from granian import Granian
from granian.constants import HTTPModes, Interfaces, Loops
from granian.log import LogLevels

from tearoff.cli.supervisor import Pauses
from tearoff.config import Settings, read_settings
from tearoff.kit import logs
from tearoff.kit.processes import PARENT, end_with_parent

CONNECTIONS = 10_000
"""Open connections of a web process; silent ones are closed after half a minute."""

_FILES_OF_OURS = 500
"""Open files that are no connections of clients."""

LOOKS_EVERY = 0.5
"""Seconds. A signal may be handed to another thread, which does not wake the one that waits."""

REVIEWED = "2.8."
"""The versions of Granian whose loop was read before it was overridden here."""

log = structlog.get_logger()


def main() -> None:
    """Serve until SIGTERM, or until the process that started this one is gone."""
    settings = read_settings()
    logs.configure(settings)
    end_with_parent(lambda: os.kill(os.getpid(), signal.SIGTERM))
    os.environ[PARENT] = str(os.getpid())  # of the web processes
    # Fresh interpreters: a fork would keep locks that our threads hold at that moment.
    multiprocessing.set_start_method("spawn")
    _server(settings).serve()


def _server(settings: Settings) -> WebServer:
    return WebServer(
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
        backpressure=raise_limits(),
        log_level=LogLevels.warning,
        log_dictconfig={"formatters": {"generic": _LINES, "access": _LINES}},
        websockets=False,
        workers_kill_timeout=20,
        respawn_failed_workers=True,
    )


_LINES = {"()": "tearoff.kit.logs.OfLibraries", "fmt": "[%(levelname)s] %(message)s"}
"""Granian tells of errors that nobody else has met."""


def raise_limits() -> int:
    """Let this process and its children open as many files as the system allows, up to what the
    connections need. Gives the connections that a web process may have."""
    wanted = CONNECTIONS + _FILES_OF_OURS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = wanted if hard == resource.RLIM_INFINITY or hard >= wanted else hard
    if soft != resource.RLIM_INFINITY and soft < allowed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    return max(500, allowed - _FILES_OF_OURS)


# What Granian is, Python's build decides: one with a lock around it, or one without.
class WebServer(Granian):  # type: ignore[misc,valid-type,unused-ignore]
    """Granian ends everything when a process dies twice within seconds, and PostgreSQL and the
    worker with it. Here a process that died comes back after 1, 2, 4 … 30 s, however often."""

    def _serve_loop(self, spawn_target: Any, target_loader: Any) -> None:
        due: dict[int, float] = {}
        pauses: defaultdict[int, Pauses] = defaultdict(Pauses)
        while True:
            wait = max(0.0, min(due.values()) - time.monotonic()) if due else LOOKS_EVERY
            self.main_loop_interrupt.wait(min(wait, LOOKS_EVERY))
            # Cleared before looking: what happens from here on is seen in the next round.
            self.main_loop_interrupt.clear()
            if self.interrupt_signal:
                return
            while self.interrupt_children:
                index = self.interrupt_children.pop()
                lived = time.monotonic() - self.wrks[index].birth
                pause = pauses[index].after(lived)
                due[index] = time.monotonic() + pause
                log.error("web.process_died", process=index + 1, again_in=pause)
            for index in [i for i, at in due.items() if at <= time.monotonic()]:
                del due[index]
                self._start_again(index, spawn_target, target_loader)
            if self.reload_signal:
                self._reload(spawn_target, target_loader)

    def _start_again(self, index: int, spawn_target: Any, target_loader: Any) -> None:
        try:
            self._respawn_workers([index], spawn_target, target_loader)
        except OSError as error:  # no memory, or no process left, just now
            log.error("web.process_not_started", process=index + 1, reason=str(error))
            self.interrupt_children.append(index)
            self.main_loop_interrupt.set()


if __name__ == "__main__":
    main()
