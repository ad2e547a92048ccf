"""The watchdog beside an embedded PostgreSQL: keeps the log small, and stops the server when the
last process that used it was killed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

LOG_BYTES = 10_000_000
"""The log is begun anew when it is larger; the one before it is kept as `log.old`."""


def start(data: Path, cluster: Path, log: Path) -> None:
    """Start it for the server of `cluster`, with whom it ends."""
    watchdog = [sys.executable, "-I", "-S", "-c", _WATCHDOG]
    about = [str(data), str(cluster), str(log), str(LOG_BYTES)]
    # The shell leaves at once, so the watchdog is nobody's child to wait for.
    subprocess.run(
        ["/bin/sh", "-c", '"$@" &', "sh", *watchdog, *about],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        check=True,
        cwd="/",
    )


def begin_log_anew(log: Path) -> None:
    """If it has grown too large while no watchdog looked."""
    if log.exists() and log.stat().st_size > LOG_BYTES:
        log.replace(log.with_name(f"{log.name}.old"))


# A process of its own and no import of ours: it must be small, and work whatever we become.
_WATCHDOG = """
import fcntl, os, signal, sys, time
data, cluster, log, most = sys.argv[1:]
def is_free(fd):
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    fcntl.flock(fd, fcntl.LOCK_UN)
    return True
def server():
    try:
        with open(cluster + "/postmaster.pid") as file:
            pid = int(file.readline())
        os.kill(pid, 0)
        return pid
    except (OSError, ValueError):
        return None
def rotate():
    try:
        fd = os.open(log, os.O_RDWR | os.O_NOFOLLOW)
    except OSError:
        return
    try:
        size = os.fstat(fd).st_size
        if size > int(most):
            kept = os.pread(fd, int(most), size - int(most))
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
            old = os.open(log + ".old", flags, 0o600)
            os.write(old, kept)
            os.close(old)
            os.ftruncate(fd, 0)
    except OSError:
        pass
    finally:
        os.close(fd)
users = os.open(data + "/pg.users", os.O_RDWR | os.O_CREAT, 0o600)
mine = server()
while mine is not None and server() == mine:
    time.sleep(1)
    rotate()
    if not is_free(users):
        continue
    time.sleep(1)
    lock = os.open(data + "/pg.lock", os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    if is_free(users) and server() == mine:
        os.kill(mine, signal.SIGINT)
        for _ in range(600):
            if server() != mine:
                break
            time.sleep(0.1)
    os.close(lock)
"""
