"""Granian, made to stay up: how many connections it takes, and how its processes come back."""

from __future__ import annotations

import resource
import time
from typing import Any

import structlog
from granian import Granian

CONNECTIONS = 10_000
"""Open connections of a web process; silent ones are closed after half a minute."""

_FILES_OF_OURS = 500
"""Open files that are no connections of clients."""

LONGEST_PAUSE = 30.0
CALM_AFTER = 60.0
"""A process that has lived for so many seconds is started again at once, should it die."""

REVIEWED = "2.8."
"""The versions of Granian whose loop was read before it was overridden here."""

log = structlog.get_logger()


def raise_limits() -> int:
    """Let this process and its children open as many files as the system allows, up to what the
    connections need. Gives the connections that a web process may have."""
    wanted = CONNECTIONS + _FILES_OF_OURS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = wanted if hard == resource.RLIM_INFINITY or hard >= wanted else hard
    if soft != resource.RLIM_INFINITY and soft < allowed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    return max(500, allowed - _FILES_OF_OURS)


class WebServer(Granian):  # type: ignore[misc,valid-type,unused-ignore]
    """Granian ends everything when a process dies twice within seconds, and PostgreSQL and the
    worker with it. Here a process that died comes back after 1, 2, 4 … 30 s, however often."""

    def _serve_loop(self, spawn_target: Any, target_loader: Any) -> None:
        due: dict[int, float] = {}
        pauses: dict[int, float] = {}
        while True:
            wait = max(0.0, min(due.values()) - time.monotonic()) if due else None
            self.main_loop_interrupt.wait(wait)
            # Cleared before looking: what happens from here on is seen in the next round.
            self.main_loop_interrupt.clear()
            if self.interrupt_signal:
                return
            while self.interrupt_children:
                index = self.interrupt_children.pop()
                lived = time.monotonic() - self.wrks[index].birth
                is_calm = lived > CALM_AFTER or index not in pauses
                pauses[index] = 1.0 if is_calm else min(LONGEST_PAUSE, 2 * pauses[index])
                due[index] = time.monotonic() + pauses[index]
                log.error("web.process_died", process=index + 1, again_in=pauses[index])
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
