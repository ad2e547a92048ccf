"""How connections do: since when one fails and why, and when something last went well.

Nothing of it is written by a send that goes well over a connection of which nothing bad is known,
but once a minute, after its caller was answered.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

import msgspec

from tearoff.kit.db import Handle
from tearoff.messages.models import Connection
from tearoff.providers.base import Accepted, NoAnswer, Outcome, Reason, Refused

FAULTS = frozenset({Reason.AUTH, Reason.NO_CREDIT, Reason.PROVIDER_DOWN})
"""What is wrong with the connection, not with one message."""
RESTS = timedelta(seconds=10)
"""For which nothing new is written of a connection that fails: each time all processes read its
row anew."""
NEWS_EVERY = timedelta(minutes=1)
LOOKED_THROUGH = 1000
"""So many of the account's last replies, for those to numbers that it does not have."""


class News(msgspec.Struct, frozen=True):
    """To the minute."""

    last_accepted_at: datetime | None = None
    last_receipt_at: datetime | None = None


class Stray(msgspec.Struct, frozen=True):
    """Replies to `number`, which is none of the account's own: how many, and the last one."""

    number: str
    count: int
    last_at: datetime


async def note(db: Handle, route: Connection, outcome: Outcome, now: datetime) -> None:
    """What a send says of its connection, where that is news. A statement of its own, after the
    outcome is recorded."""
    if isinstance(outcome, Accepted):
        if route.failing_since is not None:
            await _mended(db, route.id, now)
        return
    problem = _fault(outcome)
    if problem and (route.failing_since is None or route.last_error != problem):
        await _fails(db, route.id, problem, now)


def _fault(outcome: Refused | NoAnswer) -> str:
    if isinstance(outcome, Refused) and outcome.reason not in FAULTS:
        return ""
    return outcome.text[:500]


async def _fails(db: Handle, connection_id: int, problem: str, now: datetime) -> None:
    await db.execute(
        "UPDATE connections SET failing_since = coalesce(failing_since, $3), last_error = $2,"
        " noted_at = $3 WHERE id = $1 AND (failing_since IS NULL OR last_error <> $2)"
        " AND (noted_at IS NULL OR noted_at <= $4)",
        connection_id,
        problem,
        now,
        now - RESTS,
    )


async def _mended(db: Handle, connection_id: int, now: datetime) -> None:
    await db.execute(
        "UPDATE connections SET failing_since = NULL, last_error = '', noted_at = $2"
        " WHERE id = $1 AND failing_since IS NOT NULL",
        connection_id,
        now,
    )


class Notes:
    """What one process has told of what went well, so that it is told once a minute."""

    def __init__(self) -> None:
        self._told: dict[int, datetime] = {}

    def due(self, ids: Collection[int], now: datetime) -> list[int]:
        """Those that are to be told now, in the order in which rows are locked."""
        due = [i for i in sorted(ids) if i not in self._told or self._told[i] <= now - NEWS_EVERY]
        self._told |= dict.fromkeys(due, now)
        return due


async def note_accepted(db: Handle, connection_ids: Sequence[int], now: datetime) -> None:
    await db.execute(
        "INSERT INTO connection_news AS n (connection_id, last_accepted_at)"
        " SELECT id, $2 FROM unnest($1::bigint[]) AS id ON CONFLICT (connection_id) DO UPDATE"
        " SET last_accepted_at = greatest(n.last_accepted_at, excluded.last_accepted_at)",
        list(connection_ids),
        now,
    )


async def note_receipt(db: Handle, connection_id: int, at: datetime) -> None:
    await db.execute(
        "INSERT INTO connection_news AS n (connection_id, last_receipt_at) VALUES ($1, $2)"
        " ON CONFLICT (connection_id) DO UPDATE"
        " SET last_receipt_at = greatest(n.last_receipt_at, excluded.last_receipt_at)",
        connection_id,
        at,
    )


async def news_of(db: Handle, account_id: int) -> dict[int, News]:
    """By connection."""
    rows = await db.fetch(
        "SELECT n.connection_id, n.last_accepted_at, n.last_receipt_at FROM connection_news n"
        " JOIN connections c ON c.id = n.connection_id WHERE c.account_id = $1",
        account_id,
    )
    return {row["connection_id"]: News(*list(row.values())[1:]) for row in rows}


async def strays_of(
    db: Handle, account_id: int, connections: Sequence[Connection]
) -> dict[int, Stray]:
    """By connection: among the account's last replies those to a number that is none of its own,
    counted together, with the number of the last one. `connections` are all of the account's; where
    it names no number at all, any may be its own."""
    own = own_numbers(connections)
    if not own:
        return {}
    rows = await db.fetch(
        "SELECT connection_id, received_by, count(*) AS n, max(received_at) AS last_at"
        " FROM (SELECT connection_id, received_by, received_at FROM replies WHERE account_id = $1"
        f" ORDER BY id DESC LIMIT {LOOKED_THROUGH}) r WHERE received_by <> ''"
        " GROUP BY connection_id, received_by ORDER BY last_at",
        account_id,
    )
    found: dict[int, Stray] = {}
    for connection_id, number, n, last_at in map(tuple, rows):
        if _plain(number) in own:
            continue
        before = found.get(connection_id)
        found[connection_id] = Stray(number, n + (before.count if before else 0), last_at)
    return found


def own_numbers(connections: Sequence[Connection]) -> set[str]:
    return {_plain(n) for c in connections for n in (c.sender or "", *c.reply_numbers) if n}


def is_own(number: str, own: Collection[str]) -> bool:
    """Whether a reply came to a number of the account's: also where nobody tells."""
    return not own or not number or _plain(number) in own


def _plain(number: str) -> str:
    """A number without what services write before it, or a name, as they are compared."""
    return number.strip().lower().lstrip("+0")
