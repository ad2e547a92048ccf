"""Opt-outs that are newer than a backup: whoever said STOP since must get nothing after it was
brought back either. What the database knows just before it is replaced is written into a file in
the data folder, and put on the list again from there. The file stays until that is done: a restore
that breaks off in between loses nobody, the next one puts them back."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
from collections.abc import AsyncIterator
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import BinaryIO

import asyncpg
import msgspec

from tearoff.errors import TryLater
from tearoff.kit.db import Database

FILE = "opt-outs-to-put-back.jsonl"
LOT = 5_000
"""So many are put back together: some tenths of a second."""
_ABSENT = (
    asyncpg.InvalidCatalogNameError,
    asyncpg.UndefinedTableError,
    asyncpg.UndefinedColumnError,
)
_ROW = "account_id, address, channel, source, reason, created_at"

Row = tuple[int, str, str, str, str, datetime]


class CannotKeep(TryLater):
    """The opt-outs of the database cannot be kept in a file, so nothing was replaced."""


async def keep(url: str, path: Path) -> bool:
    """Write all entries of all accounts into the file, behind those of a restore that was broken
    off. Gives whether there are any. None are of a database that there is not, or of a version that
    keeps them otherwise. Raises `CannotKeep`. When it comes back, all are on the disk."""
    half = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with _new(half) as out:
            with contextlib.suppress(FileNotFoundError), path.open("rb") as before:
                shutil.copyfileobj(before, out)
            async for row in _entries(url):
                out.write(msgspec.json.encode(row) + b"\n")
            out.flush()
            os.fsync(out.fileno())
            if out.tell() == 0:
                return False
        half.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        raise CannotKeep(
            f"{path} cannot be written ({error.strerror}), so nothing was replaced.", after=60
        ) from error
    finally:
        half.unlink(missing_ok=True)
    return True


def _new(path: Path) -> BinaryIO:
    path.unlink(missing_ok=True)
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    if os.geteuid() == 0:  # what root's command makes, the server's user must read
        folder = path.parent.stat()
        os.fchown(fd, folder.st_uid, folder.st_gid)
    return os.fdopen(fd, "wb")


def _sync_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


async def _entries(url: str) -> AsyncIterator[Row]:
    with contextlib.suppress(*_ABSENT):
        db = await Database.open(url, size=1)
        try:
            async with db.transaction() as work:
                async for row in work.cursor(f"SELECT {_ROW} FROM opt_outs", prefetch=LOT):
                    yield tuple(row)
        finally:
            await db.close()


async def put_back(url: str, path: Path) -> int:
    """Those of the file that the database does not have, of accounts that it has; then the file is
    gone. Gives how many."""
    if not await asyncio.to_thread(path.exists):
        return 0
    put, db = 0, await Database.open(url, size=1)
    try:
        with path.open("rb") as file:
            while lines := list(islice(file, LOT)):
                put += await _put(db, [msgspec.json.decode(line, type=Row) for line in lines])
    finally:
        await db.close()
    await asyncio.to_thread(path.unlink)
    return put


async def _put(db: Database, rows: list[Row]) -> int:
    done: str = await db.execute(
        f"INSERT INTO opt_outs ({_ROW}) SELECT g.* FROM unnest($1::bigint[], $2::text[],"
        f"  $3::text[], $4::text[], $5::text[], $6::timestamptz[]) AS g ({_ROW})"
        " WHERE EXISTS (SELECT FROM accounts a WHERE a.id = g.account_id)"
        " ON CONFLICT DO NOTHING",
        *map(list, zip(*rows, strict=True)),
    )
    return int(done.rsplit(" ", 1)[1])
