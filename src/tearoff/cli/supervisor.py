"""Processes that are kept alive: whatever ends them, they are started again, with pauses that
grow, until somebody says stop."""

from __future__ import annotations

import contextlib
import os
import pwd
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Sequence

import structlog

from tearoff.cli.rootless import environment_of

LONGEST_PAUSE = 30.0
CALM_AFTER = 60.0
"""A process that has lived for so many seconds begins with the shortest pause again."""

PATIENCE = 25.0
"""Seconds that a process has to end after SIGTERM; web processes take up to 20 of them to finish
their calls."""

log = structlog.get_logger()


class Pauses:
    """Seconds before a process is started again: 1, 2, 4 … 30."""

    def __init__(self) -> None:
        self._last = 0.0

    def after(self, lived: float) -> float:
        is_calm = lived > CALM_AFTER or not self._last
        self._last = 1.0 if is_calm else min(LONGEST_PAUSE, 2 * self._last)
        return self._last


class Kept:
    """One process that is kept alive from `start` until `end`. It leads a process group of its
    own, so that a Ctrl-C is for us alone and nothing of it is left behind."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        environment: dict[str, str],
        user: pwd.struct_passwd | None,
    ) -> None:
        self.name = name
        self._command = command
        self._environment = environment
        self._user = user
        self._process: subprocess.Popen[bytes] | None = None
        self._ending = threading.Event()
        self._starting = threading.Lock()
        self._thread = threading.Thread(target=self._keep, name=f"keep-{name}")

    def start(self) -> None:
        self._thread.start()

    def end(self) -> None:
        """Say that it shall end; `wait` tells whether it has."""
        self._ending.set()
        self.tell(signal.SIGTERM)

    def tell(self, signal_: int) -> None:
        with self._starting:  # a process that is started just now is told too
            process = self._process
        if process is not None:
            process.send_signal(signal_)

    def kill(self) -> None:
        """It, and everything that it has started."""
        process = self._process
        if process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)

    def wait(self, seconds: float) -> bool:
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _keep(self) -> None:
        pauses = Pauses()
        while not self._ending.is_set():
            began = time.monotonic()
            ended = self._run()
            if self._ending.is_set():
                return
            pause = pauses.after(time.monotonic() - began)
            log.error("process.ended", process=self.name, how=_told(ended), again_in=pause)
            self._ending.wait(pause)

    def _run(self) -> int | OSError:
        try:
            with self._starting:
                if self._ending.is_set():
                    return 0
                self._process = self._start()
            ended = self._process.wait()
        except OSError as error:  # no memory, or no process left, just now
            return error
        if not self._ending.is_set():
            self._process = None  # its id may be somebody else's soon
        return ended

    def _start(self) -> subprocess.Popen[bytes]:
        if self._user is None:
            return subprocess.Popen(self._command, env=self._environment, start_new_session=True)
        return subprocess.Popen(
            self._command,
            env=environment_of(self._user, self._environment),
            start_new_session=True,
            user=self._user.pw_uid,
            group=self._user.pw_gid,
            extra_groups=[],
            cwd="/",  # ours may be closed to that user
        )


def _told(ended: int | OSError) -> str:
    if isinstance(ended, OSError):
        return f"not started: {ended.strerror}"
    return f"signal {-ended}" if ended < 0 else f"exit code {ended}"


def end_all(kept: Sequence[Kept], is_hurried: Callable[[], bool]) -> None:
    """One after the other; what does not end in time, or is in the way of somebody in a hurry,
    is killed with everything it has started."""
    hurried = False
    for one in kept:
        one.end()
        end = time.monotonic() + PATIENCE
        while not one.wait(0.1):
            hurried = hurried or is_hurried()
            if hurried or time.monotonic() > end:
                log.warning("process.killed", process=one.name, hurried=hurried)
                one.kill()
        one.kill()
