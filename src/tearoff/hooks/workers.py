"""Which workers are alive: each holds a lock as long as its connection lasts. What a dead one had
in hand is due again at once, and takes nobody's place until its lease is over.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection
from datetime import datetime

from tearoff.kit.db import Handle

_CLASS = 7_465_173  # any number, the same in every version
LOOK_EVERY = 2.0
"""Seconds between two looks. Who is gone at both of them is dead: a connection that broke comes
back within one."""

_GONE = f"""
SELECT DISTINCT claimed_by FROM hook_deliveries d
WHERE claimed_until > $1 AND claimed_by IS NOT NULL AND NOT EXISTS (
  SELECT FROM pg_locks l WHERE l.locktype = 'advisory' AND l.classid = {_CLASS}
    AND l.objid = d.claimed_by AND l.objsubid = 2 AND l.granted
    AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()))
"""


def new_worker() -> int:
    """The number of the lock of a worker that begins."""
    return secrets.randbelow(2**31 - 1) + 1


async def tell_alive(db: Handle, worker: int) -> None:
    """As long as the connection of `db` lasts. Shared: one that broke may hold it a while too."""
    await db.execute(f"SELECT pg_advisory_lock_shared({_CLASS}, $1)", worker)


async def gone(db: Handle, now: datetime) -> set[int]:
    """Those that have something in hand and are not alive. Reads the handful that is claimed."""
    return {row["claimed_by"] for row in await db.fetch(_GONE, now)}


async def take_back(db: Handle, workers: Collection[int], now: datetime) -> int:
    """What these have in hand is due at once. Gives how many that are."""
    n: int = await db.fetchval(
        "WITH back AS (UPDATE hook_deliveries SET claimed_until = NULL, claimed_by = NULL,"
        " next_at = $1 WHERE claimed_until > $1 AND claimed_by = ANY($2) RETURNING 1)"
        " SELECT count(*) FROM back",
        now,
        list(workers),
    )
    return n
