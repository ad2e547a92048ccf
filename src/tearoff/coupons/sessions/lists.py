"""A campaign's sessions in the order of time: all of them, or those that were opened, claimed
or validated, a hundred a page.

Any page of millions is a short walk: every 5,000th place of a list is kept as an anchor, so a
page is found from the last anchor before it, and counting needs only what came after the last
anchor. Anchors are set some minutes behind the present, when no transaction can add an earlier
place any more; whoever takes a place out moves the anchors behind it.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import asyncpg
import msgspec

from tearoff.coupons.models import Session
from tearoff.kit.db import Handle
from tearoff.kit.rows import columns, read

PAGE = 100
FLAGS = ("opened", "claimed", "validated")
LISTS = ("created", *FLAGS)

STEP = 5_000
"""Places between two anchors: about a millisecond's walk."""
SETTLED = timedelta(minutes=5)
"""After this nothing is added at an earlier time: statements end within a minute."""


class Period(msgspec.Struct, frozen=True):
    """From the first to the last moment, both inclusive."""

    start: datetime | None = None
    end: datetime | None = None


class Page(msgspec.Struct, frozen=True):
    """`total` counts the whole list, not the page."""

    total: int
    sessions: list[Session]


async def page(
    db: Handle,
    campaign_id: int,
    name: str,
    number: int,
    period: Period = Period(),  # noqa: B008
) -> Page:
    """Page `number` (from 1) of one of `LISTS`, oldest first by the moment that the list is
    about. The account must have been asked for with the campaign."""
    before = 0 if period.start is None else await _rank(db, campaign_id, name, before=period.start)
    total = await _rank(db, campaign_id, name, until=period.end) - before
    skip = (number - 1) * PAGE
    if skip >= total:
        return Page(max(0, total), [])
    rows = await _rows(db, campaign_id, name, before + skip, min(PAGE, total - skip))
    return Page(total, rows)


async def _rank(
    db: Handle,
    campaign_id: int,
    name: str,
    *,
    before: datetime | None = None,
    until: datetime | None = None,
) -> int:
    """How many entries stand before a moment, or until it (it included), or in all."""
    limit = before or until
    sign = "<" if before else "<="
    bound = f"AND {_at(name)} {sign} $3" if limit else "AND $3::timestamptz IS NULL"
    n: int = await db.fetchval(
        f"WITH a AS (SELECT n, at, id FROM list_anchors WHERE campaign_id = $1 AND list = $2"
        "  AND ($3::timestamptz IS NULL OR at < $3) ORDER BY n DESC LIMIT 1)"
        " SELECT coalesce((SELECT n FROM a), 0) + (SELECT count(*)"
        f" FROM {_entries(name)} AND {_place(name)} > (coalesce((SELECT at FROM a), '-infinity'),"
        f" coalesce((SELECT id FROM a), 0)) {bound})",
        campaign_id,
        name,
        limit,
    )
    return n


# The limit is written out: the plan is made without knowing values, and for an unknown limit it
# would read the whole table.
async def _rows(db: Handle, campaign_id: int, name: str, skip: int, amount: int) -> list[Session]:
    rows = await db.fetch(
        "WITH a AS (SELECT n, at, id FROM list_anchors WHERE campaign_id = $1 AND list = $2"
        "  AND n <= $3 ORDER BY n DESC LIMIT 1),"
        f" found AS (SELECT {_at(name)} AS at, {_id(name)} AS id FROM {_entries(name)}"
        f" AND {_place(name)} > (coalesce((SELECT at FROM a), '-infinity'),"
        f" coalesce((SELECT id FROM a), 0)) ORDER BY {_at(name)}, {_id(name)}"
        f" OFFSET $3 - coalesce((SELECT n FROM a), 0) LIMIT {PAGE})"
        f" SELECT {columns(Session, 's')} FROM found JOIN sessions s ON s.id = found.id"
        " ORDER BY found.at, found.id",
        campaign_id,
        name,
        skip,
    )
    return [read(Session, row) for row in rows[:amount]]


async def sessions_after(
    db: Handle, campaign_id: int, after: int | None, limit: int
) -> list[Session]:
    """A campaign's sessions behind the one with this id, in the order in which they were made.
    The account must have been asked for with the campaign."""
    rows = await db.fetch(
        f"SELECT {columns(Session)} FROM sessions WHERE campaign_id = $1 AND (created_at, id) >"
        " (coalesce((SELECT created_at FROM sessions WHERE id = $2 AND campaign_id = $1),"
        " '-infinity'), coalesce($2, 0)) ORDER BY created_at, id LIMIT $3",
        campaign_id,
        after,
        limit,
    )
    return [read(Session, row) for row in rows]


async def sessions_before(
    db: Handle, campaign_id: int, before: int | None, limit: int
) -> list[Session]:
    """The same, the newest first, from behind the one with this id."""
    rows = await db.fetch(
        f"SELECT {columns(Session)} FROM sessions WHERE campaign_id = $1 AND (created_at, id) <"
        " (coalesce((SELECT created_at FROM sessions WHERE id = $2 AND campaign_id = $1),"
        " 'infinity'), coalesce($2, 0)) ORDER BY created_at DESC, id DESC LIMIT $3",
        campaign_id,
        before,
        limit,
    )
    return [read(Session, row) for row in rows]


# anchors --------------------------------------------------------------------------------


async def set_anchors(db: asyncpg.Connection, campaign_id: int, now: datetime) -> int:
    """Set the anchors that are missing, in a transaction of its own; gives how many."""
    await db.execute("SELECT pg_advisory_xact_lock($1, $2)", _LOCK, campaign_id % 2**31)
    made = 0
    for name in LISTS:
        rows = await db.fetch(
            "WITH a AS (SELECT n, at, id FROM list_anchors WHERE campaign_id = $1 AND list = $2"
            "  ORDER BY n DESC LIMIT 1),"
            " later AS (SELECT row_number() OVER (ORDER BY e.at, e.id) AS n, e.at, e.id FROM"
            f" (SELECT {_at(name)} AS at, {_id(name)} AS id FROM {_entries(name)}"
            f" AND {_place(name)} > (coalesce((SELECT at FROM a), '-infinity'),"
            f" coalesce((SELECT id FROM a), 0)) AND {_at(name)} < $3"
            f" ORDER BY {_at(name)}, {_id(name)}) e)"
            " INSERT INTO list_anchors (campaign_id, list, n, at, id)"
            " SELECT $1, $2, coalesce((SELECT n FROM a), 0) + later.n, later.at, later.id"
            f" FROM later WHERE later.n % {STEP} = 0 RETURNING n",
            campaign_id,
            name,
            now - SETTLED,
        )
        made += len(rows)
    return made


async def campaigns_to_anchor(db: Handle, since: datetime) -> list[int]:
    """Campaigns that had new sessions or events lately."""
    rows = await db.fetch(
        "SELECT c.id FROM campaigns c WHERE EXISTS (SELECT FROM sessions s"
        "  WHERE s.campaign_id = c.id AND s.created_at > $1)"
        " OR EXISTS (SELECT FROM session_events e WHERE e.campaign_id = c.id AND e.listed"
        "  AND e.kind IN ('opened', 'claimed', 'validated') AND e.at > $1)",
        since,
    )
    return [row["id"] for row in rows]


# taking out -----------------------------------------------------------------------------


async def hold(db: Handle, campaign_id: int) -> None:
    """Keep anchors from being set until this transaction ends. A statement of its own: what
    takes a place out must see all anchors that were set before."""
    await db.execute("SELECT pg_advisory_xact_lock_shared($1, $2)", _LOCK, campaign_id % 2**31)


async def unlist(db: Handle, campaign_id: int, session_id: int, flag: str) -> None:
    """Take the session out of one of the lists of `FLAGS`, if it is in it."""
    await db.execute(
        "WITH gone AS (UPDATE session_events SET listed = false WHERE session_id = $2"
        "  AND kind = $3 AND listed RETURNING at, session_id)"
        " UPDATE list_anchors a SET n = a.n - 1 FROM gone"
        " WHERE a.campaign_id = $1 AND a.list = $3 AND (a.at, a.id) >= (gone.at, gone.session_id)",
        campaign_id,
        session_id,
        flag,
    )


async def forget_created(db: Handle, campaign_id: int, at: datetime, session_id: int) -> None:
    """A session was deleted: what comes after it in the list of all moves up."""
    await db.execute(
        "UPDATE list_anchors SET n = n - 1 WHERE campaign_id = $1 AND list = 'created'"
        " AND (at, id) >= ($2, $3::bigint)",
        campaign_id,
        at,
        session_id,
    )


_LOCK = 1_279_873_619
"""Any number: the first half of the advisory locks of this file."""


def _entries(name: str) -> str:
    """The rows of a list, as a FROM with a WHERE that more conditions can follow."""
    if name == "created":
        return "sessions WHERE campaign_id = $1"
    return "session_events WHERE campaign_id = $1 AND kind = $2 AND listed"


def _at(name: str) -> str:
    return "created_at" if name == "created" else "at"


def _id(name: str) -> str:
    return "id" if name == "created" else "session_id"


def _place(name: str) -> str:
    return f"({_at(name)}, {_id(name)})"
