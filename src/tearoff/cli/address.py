"""Where the server of a data folder answers, so that commands beside it print its links and not
those of the default port."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

import msgspec

from tearoff.config import Settings

FILE = "server.json"


class Address(msgspec.Struct, frozen=True):
    """Of the server that was started last."""

    pid: int
    host: str
    port: int
    public_url: str


@contextlib.contextmanager
def told(settings: Settings) -> Iterator[None]:
    """The file stands, locked by us, for as long as the block runs."""
    file = settings.data / FILE
    mine = Address(os.getpid(), settings.host, settings.port, settings.public_url)
    new = file.with_suffix(f".{mine.pid}")
    new.unlink(missing_ok=True)
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
            if _read(file) == mine:
                file.unlink(missing_ok=True)


def of_running(settings: Settings) -> Settings:
    """The settings with the address of the server that runs now, if there is one. A public
    address that was set for the command itself stays."""
    found = _read(settings.data / FILE)
    if found is None:
        return settings
    public_url = settings.public_url or found.public_url
    return msgspec.structs.replace(
        settings, host=found.host, port=found.port, public_url=public_url
    )


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
