"""Uploads: a body that is a file is received whole into a temporary file before anything is done
with it, so that a slow sender holds no connection of the database and no lock.

The file lies where the system keeps temporary files (`TMPDIR`) and is gone with the block that
received it.
"""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import IO, Any, BinaryIO

import msgspec
from litestar import Request

from tearoff.errors import Invalid, TryLater
from tearoff.kit.bodies import drop, read_parts

UPLOAD_SECONDS = 300.0
AT_ONCE = 16
OF_ONE_OWNER = 4
"""Uploads under way at once in this process, in all and of one account."""

_LOT = 1 << 18
_under_way: Counter[int] = Counter()


class TooLarge(Invalid):
    """A file that is larger than is taken."""


class TooManyUploads(TryLater):
    """Too many files are being sent at the same time."""


class Upload(msgspec.Struct, frozen=True):
    """A file that has arrived whole. `size` in bytes."""

    path: Path
    size: int

    def open(self) -> BinaryIO:
        return self.path.open("rb")

    async def parts(self) -> AsyncIterator[bytes]:
        """The file piece by piece, read beside the event loop."""
        file = await asyncio.to_thread(self.open)
        try:
            while part := await asyncio.to_thread(file.read, _LOT):
                yield part
        finally:
            file.close()


@contextlib.asynccontextmanager
async def spool(
    request: Request[Any, Any, Any], *, most: int, owner: int, field: str,
    seconds: float = UPLOAD_SECONDS,
) -> AsyncIterator[Upload]:  # fmt: skip
    """Receive the body of a request into a file: at most `most` bytes within `seconds`, for the
    account `owner`; `field` names it in errors.

    Raises `TooLarge`, `TooManyUploads`, and `bodies.TooSlow` and `Gone`. What follows in the
    block may hold a transaction: nothing comes from the sender any more.
    """
    parts = read_parts(request, seconds=seconds)
    with tempfile.NamedTemporaryFile(prefix="tearoff-upload-") as file:
        try:
            _refuse_declared(request, most, field)
            with _place(owner):
                size = await _receive(parts, file, most, field)
        except (TooLarge, TooManyUploads):
            await drop(parts)
            raise
        yield Upload(Path(file.name), size)


async def _receive(parts: AsyncIterator[bytes], file: IO[bytes], most: int, field: str) -> int:
    """Written in lots: a write to a busy disk must not stop the event loop."""
    size, lot = 0, bytearray()
    async for part in parts:
        size += len(part)
        if size > most:
            raise _too_large(most, field)
        lot += part
        if len(lot) >= _LOT:
            await asyncio.to_thread(file.write, bytes(lot))
            lot.clear()
    await asyncio.to_thread(file.write, bytes(lot))
    await asyncio.to_thread(file.flush)
    return size


@contextlib.contextmanager
def _place(owner: int) -> Iterator[None]:
    if _under_way.total() >= AT_ONCE or _under_way[owner] >= OF_ONE_OWNER:
        raise TooManyUploads(after=5)
    _under_way[owner] += 1
    try:
        yield
    finally:
        _under_way[owner] -= 1
        if not _under_way[owner]:
            del _under_way[owner]


def _refuse_declared(request: Request[Any, Any, Any], most: int, field: str) -> None:
    declared = request.headers.get("content-length", "")
    if declared.isascii() and declared.isdigit() and int(declared[:20]) > most:
        raise _too_large(most, field)


def _too_large(most: int, field: str) -> TooLarge:
    return TooLarge(f"At most {most // 1_000_000} MB.", field=field)
