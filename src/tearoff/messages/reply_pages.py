"""What people wrote, page by page; and what came in that could not be read."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from tearoff.kit.db import Handle
from tearoff.kit.rows import columns, read
from tearoff.messages.replies import Reply
from tearoff.people.sought import Sought

MOST_COUNTED = 1_000


class Asked(msgspec.Struct, frozen=True):
    """Which replies are meant; None: whatever they are. Of `text` and `sought` one is enough:
    nobody knows whether somebody looks for the end of a number or for words."""

    keyword: str | None = None
    state: str | None = None
    sought: Sought | None = None
    text: str | None = None


async def page(
    db: Handle, account_id: int, asked: Asked, before: int | None, limit: int
) -> list[Reply]:
    """Newest first, from below an id."""
    values: list[Any] = [account_id, before, limit]
    rows = await db.fetch(
        f"SELECT {columns(Reply)} FROM replies WHERE account_id = $1"
        f" AND id < coalesce($2, 9223372036854775807){_where(asked, values)}"
        " ORDER BY id DESC LIMIT $3",
        *values,
    )
    return [read(Reply, row) for row in rows]


def _where(asked: Asked, values: list[Any]) -> str:
    conditions = [""]
    for name in ("keyword", "state"):
        if (wanted := getattr(asked, name)) is not None:
            values.append(wanted)
            conditions.append(f"{name} = ${len(values)}")
    found = [] if asked.sought is None else [asked.sought.condition("replies", "phone", values)]
    if asked.text is not None:
        values.append(asked.text.lower())
        place = f"${len(values)}"
        found += [f"strpos(lower({name}), {place}) > 0" for name in ("text", "sender")]
    if found:
        conditions.append(f"({' OR '.join(found)})")
    return " AND ".join(conditions)


async def count_open_of(db: Handle, account_id: int) -> int:
    """How many wait for a decision, up to `MOST_COUNTED`."""
    n: int = await db.fetchval(
        "SELECT count(*) FROM (SELECT 1 FROM replies WHERE account_id = $1 AND state = 'open'"
        f" LIMIT {MOST_COUNTED}) found",
        account_id,
    )
    return n


async def count_open(db: Handle, most: int) -> list[tuple[int, int]]:
    """Accounts in which replies wait, and how many; for the operator."""
    rows = await db.fetch(
        "SELECT account_id, count(*) AS n FROM replies WHERE state = 'open' GROUP BY account_id"
        " ORDER BY account_id LIMIT $1",
        most,
    )
    return [(row["account_id"], row["n"]) for row in rows]


# what could not be read ----------------------------------------------------------------------


class Unread(msgspec.Struct, frozen=True):
    """What a service reported. `result`: `unreadable`, nothing in it is known, or `broken`, its
    reading ended with an error of ours. `raw` is a stored `Callback`, or what came over a link."""

    id: int
    connection_id: int
    kind: str
    raw: bytes
    received_at: datetime
    result: str


async def unread(db: Handle, account_id: int, before: int | None, limit: int) -> list[Unread]:
    """Newest first, from below an id."""
    rows = await db.fetch(
        f"SELECT {columns(Unread, 'a')} FROM unread_arrivals u"
        " JOIN arrivals a ON a.id = u.arrival_id"
        " WHERE u.account_id = $1 AND u.arrival_id < coalesce($2, 9223372036854775807)"
        " ORDER BY u.arrival_id DESC LIMIT $3",
        account_id,
        before,
        limit,
    )
    return [read(Unread, row) for row in rows]


async def has_unread(db: Handle, account_id: int) -> bool:
    found = await db.fetchval(
        "SELECT true FROM unread_arrivals WHERE account_id = $1 LIMIT 1", account_id
    )
    return bool(found)


async def count_unreadable(db: Handle, since: datetime, most: int) -> list[tuple[int, int]]:
    """Connections whose services reported what could not be read, and how often, up to `most` in
    all; for the operator."""
    rows = await db.fetch(
        "SELECT connection_id, count(*) AS n FROM (SELECT connection_id FROM arrivals"
        " WHERE received_at > $1 AND result = 'unreadable' LIMIT $2) found"
        " GROUP BY connection_id ORDER BY connection_id",
        since,
        most,
    )
    return [(row["connection_id"], row["n"]) for row in rows]
