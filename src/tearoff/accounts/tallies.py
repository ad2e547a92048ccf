"""Counting up to a limit, exactly, whatever happens at the same time.

A tally is a row with a number and a cap, and the database refuses a number above its cap.
So nobody reads first and writes later: the write itself is the question.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import asyncpg
import msgspec

from tearoff.errors import Conflict
from tearoff.kit.db import Handle


class TallyFull(Conflict):
    """A limit is reached. `scope` names the tally."""

    def __init__(self, scope: str) -> None:
        super().__init__(f"limit reached: {scope}")
        self.scope = scope


NO_CAP = 10**9
"""For what is counted only to know how much it is."""


class Tally(msgspec.Struct, frozen=True):
    """Count `step` more in `scope`, at most `cap` within the window; below 0, give back; with 0,
    only ask that it is not above the cap."""

    scope: str
    cap: int
    window: timedelta
    step: int = 1


COUNT = """
INSERT INTO tallies AS t (account_id, scope, n, cap, until)
SELECT $1, g.scope, g.step, g.cap, CASE WHEN g.step < 0 THEN '-infinity' ELSE g.until END
FROM unnest($2::text[], $3::bigint[], $4::bigint[], $5::timestamptz[])
  AS g (scope, step, cap, until)
ORDER BY g.scope
ON CONFLICT (account_id, scope) DO UPDATE SET
  n = greatest(0, CASE WHEN t.until <= $6 THEN 0 ELSE t.n END + excluded.n),
  until = CASE WHEN t.until <= $6 THEN excluded.until ELSE t.until END,
  cap = CASE WHEN excluded.n < 0 THEN t.cap ELSE excluded.cap END
"""
"""What is given back and was never counted makes a row that is over already: it says nothing."""


async def count(
    db: Handle, account_id: int, tallies: Sequence[Tally], now: datetime
) -> dict[str, int]:
    """Count all of them or, when one is full, none: raises `TallyFull` naming it. Gives how many
    are counted then, by scope; nothing where all are only given back.

    Must be in the transaction whose work it limits; a refusal ends that transaction. A
    window begins with its first count. Rows are locked in the order of their scopes, those that
    give back among the others; a second call in a transaction would make another order. Each
    scope comes once.
    """
    if all(t.step < 0 for t in tallies):
        await give_back(db, account_id, tallies, now)
        return {}
    try:
        rows = await db.fetch(
            f"{COUNT} RETURNING scope, n",
            account_id,
            [t.scope for t in tallies],
            [t.step for t in tallies],
            [t.cap for t in tallies],
            [now + t.window for t in tallies],
            now,
        )
    except asyncpg.CheckViolationError as error:
        raise TallyFull(full_scope(error)) from None
    return {row["scope"]: row["n"] for row in rows}


_GIVE_BACK = """
WITH held AS MATERIALIZED (
  SELECT t.scope, g.step FROM unnest($2::text[], $3::bigint[], $4::timestamptz[])
    AS g (scope, step, ends)
  JOIN tallies t ON t.account_id = $1 AND t.scope = g.scope AND t.until > $5
    AND (g.ends IS NULL OR t.until <= g.ends)
  ORDER BY t.scope FOR NO KEY UPDATE OF t
)
UPDATE tallies t SET n = greatest(0, t.n + held.step) FROM held
WHERE t.account_id = $1 AND t.scope = held.scope
"""


async def give_back(
    db: Handle,
    account_id: int,
    tallies: Sequence[Tally],
    now: datetime,
    *,
    counted_at: datetime | None = None,
) -> None:
    """Undo counting, for tallies with steps below 0. What was never counted is not given back,
    nor, with `counted_at`, what was counted in a window that is over. The cap stays as it is:
    one that was lowered below the number refuses what is new, never what is taken back."""
    if not tallies:
        return
    scopes, steps = [t.scope for t in tallies], [t.step for t in tallies]
    # A window begins with its first count: the one of that moment ends no later than this.
    ends = [None if counted_at is None else counted_at + t.window for t in tallies]
    await db.execute(_GIVE_BACK, account_id, scopes, steps, ends, now)


async def replace(
    db: Handle, account_id: int, scope: str, counted: Sequence[Tally], now: datetime
) -> None:
    """Let `scope`, and what is below it, stand at what was `counted` otherwise. A number above
    its cap may stand; nothing more is counted then."""
    await db.execute(
        "DELETE FROM tallies WHERE account_id = $1"
        " AND (scope = $2 OR starts_with(scope, $2 || ':'))",
        account_id,
        scope,
    )
    await db.execute(
        "INSERT INTO tallies (account_id, scope, n, cap, until) SELECT $1, g.scope, g.n,"
        " greatest(g.n, g.cap), g.until FROM unnest($2::text[], $3::bigint[], $4::bigint[],"
        " $5::timestamptz[]) AS g (scope, n, cap, until)",
        account_id,
        [t.scope for t in counted],
        [t.step for t in counted],
        [t.cap for t in counted],
        [now + t.window for t in counted],
    )


def full_scope(error: asyncpg.CheckViolationError) -> str:
    """Which tally was full, from the row that the database shows in its refusal."""
    detail = error.detail or ""
    return detail.partition("(")[2].split(", ")[1] if "(" in detail else ""


async def lock_if_full(db: Handle, account_id: int, tally: Tally, now: datetime) -> bool:
    """When as many were counted as may be, let the whole window begin now: so far it ran from
    the first one, and whoever waits for its end would have twice as many tries. False when there
    is room, or when somebody else has locked it already: what is locked stands at twice its cap,
    where counting never comes, and what is given back meanwhile opens nothing."""
    locked = await db.execute(
        "UPDATE tallies SET n = 2 * $4, cap = 2 * $4, until = $5"
        " WHERE account_id = $1 AND scope = $2 AND until > $3 AND n = $4",
        account_id,
        tally.scope,
        now,
        tally.cap,
        now + tally.window,
    )
    return bool(locked == "UPDATE 1")


async def reached(db: Handle, account_id: int, scope: str, now: datetime) -> int:
    """How many were counted in the window that is open now."""
    n: int | None = await db.fetchval(
        "SELECT n FROM tallies WHERE account_id = $1 AND scope = $2 AND until > $3",
        account_id,
        scope,
        now,
    )
    return n or 0


async def reached_all(
    db: Handle, account_id: int, scopes: Sequence[str], now: datetime
) -> dict[str, int]:
    """The same of several, in one statement."""
    rows = await db.fetch(
        "SELECT scope, n FROM tallies WHERE account_id = $1 AND scope = ANY($2) AND until > $3",
        account_id,
        list(scopes),
        now,
    )
    found = {row["scope"]: row["n"] for row in rows}
    return {scope: found.get(scope, 0) for scope in scopes}


async def is_any_full(db: Handle, account_id: int, tallies: Sequence[Tally], now: datetime) -> bool:
    """Only to say so beforehand: counting is what decides. One with room for nothing is full before
    anything is counted."""
    if any(t.cap <= 0 for t in tallies):
        return True
    full: bool = await db.fetchval(
        "SELECT EXISTS (SELECT FROM tallies t"
        " JOIN unnest($2::text[], $3::bigint[]) AS g (scope, cap) USING (scope)"
        " WHERE t.account_id = $1 AND t.n >= g.cap AND t.until > $4)",
        account_id,
        [t.scope for t in tallies],
        [t.cap for t in tallies],
        now,
    )
    return full


async def full_until(
    db: Handle, account_id: int, scope: str, most: int, now: datetime
) -> datetime | None:
    """When the window ends in which `most` were counted; None when there is still room."""
    until: datetime | None = await db.fetchval(
        "SELECT until FROM tallies WHERE account_id = $1 AND scope = $2 AND until > $3 AND n >= $4",
        account_id,
        scope,
        now,
        most,
    )
    return until


async def forget(db: Handle, account_id: int, scopes: Sequence[str]) -> None:
    await db.execute(
        "DELETE FROM tallies WHERE account_id = $1 AND scope = ANY($2)", account_id, list(scopes)
    )


async def sweep(db: Handle, now: datetime) -> None:
    """Remove tallies whose window is over. What somebody holds stays until the next time: whoever
    counts in several holds some and waits for others, and must not meet somebody who does both."""
    await db.execute(
        "DELETE FROM tallies WHERE (account_id, scope) IN (SELECT account_id, scope FROM tallies"
        " WHERE until < $1 FOR UPDATE SKIP LOCKED)",
        now,
    )
