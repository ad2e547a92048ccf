"""The ways in which sessions are found that were not there when they were made (migration 0024):
indexes, and the words of people's names.

`migrate` makes the indexes beside the work, right after the schema. A worker writes the words: in
lots, each with a commit of its own, and no row is locked but those that get words; once more a day
later, for the names that a version before has written beside this one. All of it may be killed at
any time and begins anew.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

import asyncpg
import structlog

from tearoff.kit.canonical_forms import make_indexes
from tearoff.kit.db import Database, Handle
from tearoff.kit.folding import words_of

log = structlog.get_logger()

FOUND, NAME = "sessions found", "names as words"
AT_MOST = timedelta(hours=2)
"""Whoever takes longer, or was killed, leaves it to another."""
ONCE_MORE_AFTER = timedelta(days=1)
LOT = 20_000
"""So many sessions are looked at together."""
WRITTEN = 2_000
"""So many get their words together: they are locked for some ten milliseconds."""

INDEXES = {
    "sessions_of_account": "sessions (account_id, created_at, id)",
    "sessions_by_phone_end": 'sessions (account_id, reverse(phone) COLLATE "C")'
    " WHERE phone IS NOT NULL",
    "sessions_by_email_end": 'sessions (account_id, reverse(lower(email)) COLLATE "C")'
    " WHERE email IS NOT NULL",
    "sessions_locked": "sessions (account_id, created_at, id) WHERE locked",
    "sessions_void": "sessions (account_id, created_at, id) WHERE voided OR prize = ''",
}


async def is_done(db: Handle) -> bool:
    """Whether the indexes are there."""
    done: bool | None = await db.fetchval("SELECT passes > 0 FROM upkeep WHERE name = $1", FOUND)
    return bool(done)


async def make_indexes_if_due(db: Database, url: str) -> None:
    if await is_done(db):
        return
    await make_indexes(url, INDEXES)
    await db.execute("UPDATE upkeep SET passes = 1, due_at = NULL WHERE name = $1", FOUND)


async def write_if_due(db: Database, now: datetime) -> bool:
    """Go through all sessions, if that is due and nobody else is at it."""
    passes = await db.fetchval(
        "UPDATE upkeep SET due_at = $3 WHERE name = $1 AND due_at <= $2 RETURNING passes",
        NAME,
        now,
        now + AT_MOST,
    )
    if passes is None:
        return False
    named = await write_missing(db)
    await db.execute(
        "UPDATE upkeep SET passes = passes + 1, due_at = $2 WHERE name = $1",
        NAME,
        now + ONCE_MORE_AFTER if passes == 0 else None,
    )
    log.info("upkeep.done", name=NAME, changed=named)
    return True


_MISSING = """
SELECT id, firstname, lastname FROM sessions s WHERE id > $1 AND id <= $2
  AND (firstname IS NOT NULL OR lastname IS NOT NULL)
  AND NOT EXISTS (SELECT FROM session_words w WHERE w.session_id = s.id)
"""
# A name that is being changed is waited for; if it is another one then, its words are written by
# whoever has changed it.
_WRITE = """
WITH held AS (
  SELECT s.account_id, s.id, n.words FROM
    unnest($1::bigint[], $2::text[], $3::text[], $4::text[]) AS n (id, first, last, words)
  JOIN sessions s ON s.id = n.id
  WHERE s.firstname IS NOT DISTINCT FROM n.first AND s.lastname IS NOT DISTINCT FROM n.last
  FOR NO KEY UPDATE OF s
)
INSERT INTO session_words (account_id, word, session_id)
SELECT account_id, word, id FROM held, string_to_table(words, ' ') AS word
ON CONFLICT DO NOTHING
"""


async def write_missing(db: Database) -> int:
    """Gives how many sessions got words."""
    after, named = -1, 0
    while True:
        last = await db.fetchval(
            "SELECT max(id) FROM (SELECT id FROM sessions WHERE id > $1 ORDER BY id"
            f" LIMIT {LOT}) lot",
            after,
        )
        if last is None:
            return named
        rows = [row for row in await db.fetch(_MISSING, after, last) if _words(row)]
        for i in range(0, len(rows), WRITTEN):
            await _write(db, rows[i : i + WRITTEN])
        named, after = named + len(rows), last


async def _write(db: Database, rows: Iterable[asyncpg.Record]) -> None:
    told = [(row["id"], row["firstname"], row["lastname"], _words(row)) for row in rows]
    async with db.transaction() as work:
        await work.execute(_WRITE, *map(list, zip(*told, strict=True)))


def _words(row: asyncpg.Record) -> str:
    return " ".join(words_of(row["firstname"], row["lastname"]))
