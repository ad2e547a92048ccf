"""The list of who was erased, outside of the database: one JSON line for each.

A line names nobody: keyed marks of addresses (`kit.forgotten`), ids of coupons, the moment. It is
on the disk before the erasing is committed, so that no crash loses it; a line whose erasing was
broken off is made good when the server starts. Lines are only ever added.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import msgspec

from tearoff.config import Settings
from tearoff.errors import TryLater
from tearoff.keeping.models import OptedOut

FILE = "erased.jsonl"


class CannotNote(TryLater):
    """The list of who was erased cannot be written, so nothing was erased."""


class Entry(msgspec.Struct, frozen=True):
    """`marks`: of the addresses; `opted_out`: what stays of them on the opt-out list."""

    ref: str
    account: int
    at: datetime
    marks: Sequence[str]
    sessions: Sequence[int]
    opted_out: Sequence[OptedOut] = ()


def path_of(settings: Settings) -> Path:
    return Path(settings.erased_list) if settings.erased_list else settings.data / FILE


def add(path: Path, entry: Entry) -> None:
    """Raises `CannotNote`. When it comes back, the line is on the disk."""
    line = msgspec.json.encode(entry) + b"\n"
    try:
        is_new = not path.exists()
        fd = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            _write(fd, path, line)
        finally:
            os.close(fd)
        if is_new:
            _sync_folder(path.parent)
    except OSError as error:
        raise CannotNote(
            f"{path} cannot be written ({error.strerror}), so nothing was erased.", after=60
        ) from error


def _write(fd: int, path: Path, line: bytes) -> None:
    """Behind a line that a full disk cut, a new one begins."""
    size = os.fstat(fd).st_size
    if size == 0 and os.geteuid() == 0:  # what root's command makes, the server must write
        folder = path.parent.stat()
        os.fchown(fd, folder.st_uid, folder.st_gid)
    is_cut = size > 0 and os.pread(fd, 1, size - 1) != b"\n"
    whole = b"\n" + line if is_cut else line
    if os.write(fd, whole) != len(whole):
        raise OSError(28, "No space left on device")
    os.fsync(fd)


def _sync_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def read(path: Path) -> list[Entry]:
    """All of it, the oldest first, each once; a line that was cut is left out."""
    try:
        lines = path.read_bytes().splitlines()
    except FileNotFoundError:
        return []
    found = {}
    for line in lines:
        try:
            entry = msgspec.json.decode(line, type=Entry)
        except msgspec.DecodeError:
            continue
        found[entry.ref] = entry
    return list(found.values())
