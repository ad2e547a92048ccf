"""Where the server of a data folder answers, so that commands beside it print its links and not
those of the default port."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import msgspec

from tearoff.config import Settings

NAMES = "server-*.json"
"""Each server has a file of its own: on one folder there may be two, or one that was killed."""


class Address(msgspec.Struct, frozen=True):
    """Of a server that runs."""

    pid: int
    host: str
    port: int
    public_url: str


@contextlib.contextmanager
def told(settings: Settings) -> Iterator[None]:
    """A file stands, locked by us, for as long as the block runs."""
    for file in settings.data.glob(NAMES):
        if _read(file) is None:
            file.unlink(missing_ok=True)
    mine = Address(os.getpid(), settings.host, settings.port, settings.public_url)
    file = settings.data / NAMES.replace("*", secrets.token_hex(8))
    new = file.with_suffix(".new")  # whoever looks for files finds none without its lock
    # The folder may belong to the web processes' user, and we be root: no link is followed.
    fd = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(fd, "wb", buffering=0) as made:
        with contextlib.suppress(OSError):  # a file system without locks: nobody is told of us
            fcntl.flock(made, fcntl.LOCK_EX | fcntl.LOCK_NB)
        made.write(msgspec.json.encode(mine))
        new.replace(file)
        try:
            yield
        finally:
            file.unlink(missing_ok=True)


def of_running(settings: Settings) -> Settings:
    """The settings with the address of the server that runs now, if there is one; of several, of
    the one that was started last. A public address that was set for the command itself stays."""
    found = _of_last(settings.data)
    if found is None:
        return settings
    public_url = settings.public_url or found.public_url
    return msgspec.structs.replace(
        settings, host=found.host, port=found.port, public_url=public_url
    )


def _of_last(folder: Path) -> Address | None:
    """Files that go while we look are of servers that stop."""
    known: list[tuple[float, Address]] = []
    for file in folder.glob(NAMES):
        with contextlib.suppress(OSError):
            began = file.stat().st_mtime
            if (found := _read(file)) is not None:
                known.append((began, found))
    return max(known, key=lambda one: one[0])[1] if known else None


def _read(file: Path) -> Address | None:
    """None too when its server is gone: one that was killed leaves the file, but no lock. Its
    process id would not tell, for another process may have that by now; in a container every
    start has the same."""
    try:
        with file.open("rb") as found:
            if _is_held(found.fileno()):
                return msgspec.json.decode(found.read(), type=Address)
    except (OSError, msgspec.DecodeError):
        pass
    return None


def _is_held(fd: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False
