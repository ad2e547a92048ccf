"""Opt-outs that are newer than a backup: whoever said STOP since must get nothing after it was
brought back either. What the database knows just before it is replaced is put on the list again."""

from __future__ import annotations

from collections.abc import Sequence

import asyncpg

from tearoff.kit.db import Database

_ROW = "account_id, address, channel, source, reason, created_at"

Row = tuple[object, ...]


async def opt_outs_of(url: str) -> list[Row]:
    """All entries of all accounts; none where there is no such database, or it is of a version that
    keeps them otherwise."""
    try:
        db = await Database.open(url, size=1)
    except (OSError, asyncpg.PostgresError):
        return []
    try:
        return [tuple(row) for row in await db.fetch(f"SELECT {_ROW} FROM opt_outs")]
    except asyncpg.PostgresError:
        return []
    finally:
        await db.close()


async def put_back(url: str, rows: Sequence[Row]) -> int:
    """Those that the backup does not have, of accounts that it has. Gives how many."""
    if not rows:
        return 0
    db = await Database.open(url, size=1)
    try:
        done: str = await db.execute(
            f"INSERT INTO opt_outs ({_ROW}) SELECT g.* FROM unnest($1::bigint[], $2::text[],"
            f"  $3::text[], $4::text[], $5::text[], $6::timestamptz[]) AS g ({_ROW})"
            " WHERE EXISTS (SELECT FROM accounts a WHERE a.id = g.account_id)"
            " ON CONFLICT DO NOTHING",
            *map(list, zip(*rows, strict=True)),
        )
    finally:
        await db.close()
    return int(done.rsplit(" ", 1)[1])
