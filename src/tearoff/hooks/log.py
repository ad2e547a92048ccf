"""The log of an endpoint's deliveries, one function per statement."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import asyncpg
import msgspec

from tearoff.hooks.models import MISSED, Delivery, Logged
from tearoff.kit.db import Handle
from tearoff.kit.rows import columns, read

PAGE = 100


class Wanted(msgspec.Struct, frozen=True):
    """Which deliveries of an endpoint are listed: in a state (or `MISSED`), of what was announced
    from `since` on and before `until`, of a kind."""

    state: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    kind: str | None = None


async def delivery(db: Handle, account_id: int, endpoint_id: int, event_ref: str) -> Logged | None:
    row = await db.fetchrow(
        f"SELECT {columns(Delivery, 'd', 'd_')}, v.ref, v.kind, v.body FROM hook_events v"
        " JOIN hook_deliveries d ON d.event_id = v.id AND d.endpoint_id = $2"
        " WHERE v.account_id = $1 AND v.ref = $3",
        account_id,
        endpoint_id,
        event_ref,
    )
    return row and _logged(row)


NOT_ARRIVED = (
    "(d.state IN ('failed', 'dropped') AND d.thread <> 'webhook_test' OR d.state = 'waiting'"
    " AND d.tries > 0 AND d.last_at IS NOT NULL)"
)
"""What `MISSED` asks for."""
_CONDITIONS = {
    "state": "d.state = {}",
    "since": "d.created_at >= {}",
    "until": "d.created_at < {}",
    "kind": "EXISTS (SELECT FROM hook_events k WHERE k.id = d.event_id AND k.kind = {})",
}


def _of_endpoint(account_id: int, endpoint_id: int, wanted: Wanted) -> tuple[str, list[Any]]:
    """The rows that are wanted, and the values of its places. Only what is asked stands in it, so
    that each question finds its own index."""
    text, values = (
        " FROM hook_deliveries d WHERE d.account_id = $1 AND d.endpoint_id = $2",
        [account_id, endpoint_id],
    )
    for name, condition in _CONDITIONS.items():
        value = getattr(wanted, name)
        if value == MISSED and name == "state":
            text += f" AND {NOT_ARRIVED}"
        elif value is not None:
            values.append(value)
            text += " AND " + condition.format(f"${len(values)}")
    return text, values


async def count_deliveries(db: Handle, account_id: int, endpoint_id: int, wanted: Wanted) -> int:
    text, values = _of_endpoint(account_id, endpoint_id, wanted)
    n: int = await db.fetchval(f"SELECT count(*) {text}", *values)
    return n


async def deliveries(
    db: Handle, account_id: int, endpoint_id: int, wanted: Wanted, page: int
) -> list[Logged]:
    """A page of the log, oldest first."""
    text, values = _of_endpoint(account_id, endpoint_id, wanted)
    return await _page(db, f"{text} ORDER BY d.id LIMIT {PAGE} OFFSET {(page - 1) * PAGE}", values)


async def deliveries_before(
    db: Handle, account_id: int, endpoint_id: int, wanted: Wanted, before: int | None, limit: int
) -> list[Logged]:
    """The log, newest first, from below an id."""
    text, values = _of_endpoint(account_id, endpoint_id, wanted)
    if before is not None:
        values.append(before)
        text += f" AND d.id < ${len(values)}"
    return await _page(db, f"{text} ORDER BY d.id DESC LIMIT {limit}", values, "DESC")


async def _page(db: Handle, text: str, values: list[Any], order: str = "") -> list[Logged]:
    rows = await db.fetch(
        f"SELECT {columns(Delivery, 'd', 'd_')}, v.ref, v.kind, v.body FROM (SELECT * {text}) d"
        f" JOIN hook_events v ON v.id = d.event_id ORDER BY d.id {order}",
        *values,
    )
    return [_logged(row) for row in rows]


def _logged(row: asyncpg.Record) -> Logged:
    return Logged(read(Delivery, row, "d_"), row["ref"], row["kind"], row["body"])
