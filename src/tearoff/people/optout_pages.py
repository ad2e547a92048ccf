"""The opt-out list page by page: all of it, or what is looked for."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from tearoff.kit import forgotten
from tearoff.kit.db import Handle
from tearoff.kit.rows import columns, read
from tearoff.people.optouts import OptOut, canonical
from tearoff.people.sought import Sought

SOURCES = ("reply", "provider", "shop", "link", "complaint")
CHANNELS = ("sms", "email")
MOST_COUNTED = 10_000


class Asked(msgspec.Struct, frozen=True):
    """Which entries are meant; None: whatever they are."""

    sought: Sought | None = None
    source: str | None = None
    channel: str | None = None


class Place(msgspec.Struct, frozen=True):
    """The entry behind which a page begins."""

    at: datetime
    address: str
    source: str


async def by_address(
    db: Handle, account_id: int, asked: Asked, after: Place | None, limit: int
) -> list[OptOut]:
    values: list[Any] = [account_id, limit]
    where = _where(asked, values)
    if after is not None:
        values += [after.address, after.source]
        where += f" AND (address, source) > (${len(values) - 1}, ${len(values)})"
    return await _fetch(db, where, "address, source", values)


async def newest(
    db: Handle, account_id: int, asked: Asked, after: Place | None, limit: int
) -> list[OptOut]:
    """The latest first."""
    values: list[Any] = [account_id, limit]
    where = _where(asked, values)
    if after is not None:
        values += [after.at, after.address, after.source]
        places = ", ".join(f"${n}" for n in range(len(values) - 2, len(values) + 1))
        where += f" AND (created_at, address, source) < ({places})"
    return await _fetch(db, where, "created_at DESC, address DESC, source DESC", values)


async def count(db: Handle, account_id: int, asked: Asked) -> int:
    """How many there are, up to one more than `MOST_COUNTED`."""
    values: list[Any] = [account_id]
    n: int = await db.fetchval(
        f"SELECT count(*) FROM (SELECT 1 FROM opt_outs WHERE {_where(asked, values)}"
        f" LIMIT {MOST_COUNTED + 1}) found",
        *values,
    )
    return n


async def list_all(db: Handle, account_id: int) -> list[OptOut]:
    rows = await db.fetch(
        f"SELECT {columns(OptOut)} FROM opt_outs WHERE account_id = $1"
        " ORDER BY created_at, address",
        account_id,
    )
    return [read(OptOut, row) for row in rows]


async def list_page(
    db: Handle, account_id: int, channel: str, *, limit: int, offset: int = 0
) -> list[OptOut]:
    """Of one channel, oldest first; without those who were erased."""
    rows = await db.fetch(
        f"SELECT {columns(OptOut)} FROM opt_outs WHERE account_id = $1 AND channel = $2"
        f" AND NOT starts_with(address, '{forgotten.PREFIX}')"
        " ORDER BY created_at, address, source LIMIT $3 OFFSET $4",
        account_id,
        channel,
        limit,
        offset,
    )
    return [read(OptOut, row) for row in rows]


async def count_all(db: Handle, account_id: int, channel: str) -> int:
    n: int = await db.fetchval(
        "SELECT count(*) FROM opt_outs WHERE account_id = $1 AND channel = $2"
        f" AND NOT starts_with(address, '{forgotten.PREFIX}')",
        account_id,
        channel,
    )
    return n


async def _fetch(db: Handle, where: str, order: str, values: list[Any]) -> list[OptOut]:
    rows = await db.fetch(
        f"SELECT {columns(OptOut)} FROM opt_outs WHERE {where} ORDER BY {order} LIMIT $2",
        *values,
    )
    return [read(OptOut, row) for row in rows]


def _where(asked: Asked, values: list[Any]) -> str:
    conditions = ["account_id = $1"]
    for name in ("source", "channel"):
        if (wanted := getattr(asked, name)) is not None:
            values.append(wanted)
            conditions.append(f"{name} = ${len(values)}")
    if asked.sought is not None:
        sought = _with_marks(values[0], asked.sought)
        conditions.append(sought.condition("opt_outs", "address", values))
    return " AND ".join(conditions)


def _with_marks(account_id: int, sought: Sought) -> Sought:
    """Somebody who was erased is found by the whole address."""
    marks = [m for form in sought.forms for m in forgotten.marks_of(account_id, canonical(form))]
    return msgspec.structs.replace(sought, forms=[*sought.forms, *marks])
