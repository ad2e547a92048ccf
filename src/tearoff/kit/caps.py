"""How many of something there may be, so that no list and no table grows without end.

Far above what anybody needs. Whoever adds one holds the lock of that cap and its owner until the
transaction ends, and then counts: of many at once exactly as many get in as there is room for.
"""

from __future__ import annotations

import asyncpg
import msgspec

from tearoff.errors import Conflict
from tearoff.kit.db import Handle, lock_name


class CapReached(Conflict):
    """There is no room for another one. The text says how many there may be and what helps."""


class Cap(msgspec.Struct, frozen=True, kw_only=True):
    """`name` tells caps apart. `rows` is what is counted: a FROM clause with its WHERE, whose
    `$1` is the owner's id. `text` is told to whom it stops."""

    name: str
    most: int
    rows: str
    text: str


async def make_room(db: asyncpg.Connection, cap: Cap, owner: int) -> None:
    """Before the statement that adds one, in its transaction. Raises `CapReached`."""
    # A statement of its own: the count must see what others committed before the lock was got.
    await lock_name(db, f"cap:{cap.name}:{owner}")
    await check_room(db, cap, owner)


async def check_room(db: Handle, cap: Cap, owner: int) -> None:
    """Said early, before costly work; `make_room` decides. Raises `CapReached`."""
    n: int = await db.fetchval(
        f"SELECT count(*) FROM (SELECT FROM {cap.rows} LIMIT {cap.most}) kept", owner
    )
    if n >= cap.most:
        raise CapReached(cap.text)
