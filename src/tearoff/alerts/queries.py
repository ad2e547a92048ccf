"""Alerts as they stand, and who gets which by mail."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from tearoff.accounts.rights import has
from tearoff.alerts.models import KINDS, MAILED, RIGHTS, Alert, Facts, Found
from tearoff.errors import NotFound
from tearoff.kit.db import Handle, lock_name

AGAIN_WITHIN = timedelta(minutes=30)
"""What is over and comes back within it is the same alert: nobody is told once more."""
KEPT = timedelta(days=90)
MOST_AT_BELL = 100
_COLUMNS = "id, account_id, kind, subject, facts, began_at, ended_at, put_away_at"


class AlertNotFound(NotFound):
    """There is no such alert."""


# what stands -----------------------------------------------------------------------------


async def settle(db: Handle, kind: str, found: Sequence[Found], now: datetime) -> list[int]:
    """Let what was found stand, and what was not be over. In a transaction, one at a time for a
    kind. Gives the accounts in which something began."""
    await lock_name(db, f"alerts:{kind}")
    where = (
        [one.account_id for one in found],
        [one.subject for one in found],
        [msgspec.json.encode(one.facts).decode().replace("\\u0000", "") for one in found],
    )
    await db.execute(_END, kind, now, *where[:2])
    await db.execute(_BACK, kind, now - AGAIN_WITHIN, *where[:2])
    await db.execute(_RENEW, kind, *where)
    rows = await db.fetch(_BEGIN, kind, now, *where)
    return sorted({row["account_id"] for row in rows})


_FOUND = "unnest($3::bigint[], $4::text[]) AS f (account_id, subject)"
_END = f"""
UPDATE alerts a SET ended_at = $2 WHERE kind = $1 AND ended_at IS NULL AND NOT EXISTS (
  SELECT FROM {_FOUND} WHERE f.account_id = a.account_id AND f.subject = a.subject)
"""
_BACK = f"""
UPDATE alerts SET ended_at = NULL WHERE id IN (
  SELECT DISTINCT ON (a.account_id, a.subject) a.id FROM {_FOUND}
  JOIN alerts a ON a.account_id = f.account_id AND a.kind = $1 AND a.subject = f.subject
  WHERE a.ended_at >= $2 AND NOT EXISTS (SELECT FROM alerts s WHERE s.account_id = a.account_id
    AND s.kind = $1 AND s.subject = a.subject AND s.ended_at IS NULL)
  ORDER BY a.account_id, a.subject, a.id DESC)
"""
_RENEW = """
UPDATE alerts a SET facts = f.facts::jsonb
FROM unnest($2::bigint[], $3::text[], $4::text[]) AS f (account_id, subject, facts)
WHERE a.account_id = f.account_id AND a.kind = $1 AND a.subject = f.subject
  AND a.ended_at IS NULL AND a.facts <> f.facts::jsonb
"""
_BEGIN = """
INSERT INTO alerts (account_id, kind, subject, facts, began_at)
SELECT f.account_id, $1, f.subject, f.facts::jsonb, $2
FROM unnest($3::bigint[], $4::text[], $5::text[]) AS f (account_id, subject, facts)
ON CONFLICT (account_id, kind, subject) WHERE ended_at IS NULL DO NOTHING
RETURNING account_id
"""


async def sweep(db: Handle, before: datetime) -> None:
    await db.execute("DELETE FROM alerts WHERE ended_at < $1", before)


# reading ---------------------------------------------------------------------------------


async def page(
    db: Handle,
    account_id: int,
    kinds: Sequence[str],
    *,
    is_standing: bool,
    before: int | None = None,
    limit: int = 50,
) -> list[Alert]:
    """Those that stand, or those that are over; the latest first, from behind the one with this
    id."""
    over = "IS NULL" if is_standing else "IS NOT NULL"
    rows = await db.fetch(
        f"SELECT {_COLUMNS} FROM alerts WHERE account_id = $1 AND kind = ANY($2)"
        f" AND ended_at {over} AND ($3::bigint IS NULL OR id < $3) ORDER BY id DESC LIMIT $4",
        account_id,
        list(kinds),
        before,
        limit,
    )
    return [_read(row) for row in rows]


async def at_bell(
    db: Handle, account_id: int, role: str, scopes: Collection[str] | None = None
) -> int:
    """How many stand that this role is told of and nobody has put away."""
    n: int = await db.fetchval(
        "SELECT count(*) FROM (SELECT FROM alerts WHERE account_id = $1 AND kind = ANY($2)"
        f" AND ended_at IS NULL AND put_away_at IS NULL LIMIT {MOST_AT_BELL}) a",
        account_id,
        list(kinds_of(role, scopes)),
    )
    return n


async def put_away(
    db: Handle, account_id: int, alert_id: int, kinds: Sequence[str], now: datetime
) -> Alert:
    """Raises `AlertNotFound`. One that was put away, or is over, stays as it is."""
    row = await db.fetchrow(
        "UPDATE alerts SET put_away_at = CASE WHEN ended_at IS NULL THEN coalesce(put_away_at, $4)"
        " ELSE put_away_at END WHERE account_id = $1 AND id = $2 AND kind = ANY($3)"
        f" RETURNING {_COLUMNS}",
        account_id,
        alert_id,
        list(kinds),
        now,
    )
    if row is None:
        raise AlertNotFound
    return _read(row)


def kinds_of(role: str, scopes: Collection[str] | None = None) -> tuple[str, ...]:
    """What somebody with this role is told of; `scopes` as in `rights.has`."""
    return tuple(kind for kind in KINDS if has(role, RIGHTS[kind], scopes))


def _read(row: Any) -> Alert:
    values = dict(row)
    values["facts"] = msgspec.json.decode(values["facts"], type=Facts)
    return Alert(**values)


# who gets mail ---------------------------------------------------------------------------


class Receiver(msgspec.Struct, frozen=True):
    """A person of an account, and what they want to hear of by mail."""

    person_id: int
    email: str
    first_name: str
    language: str
    kinds: tuple[str, ...]


async def chosen(db: Handle, account_id: int, person_id: int) -> tuple[str, ...]:
    """The kinds that this person gets by mail, chosen or usual."""
    kinds = await db.fetchval(
        "SELECT kinds FROM alert_choices WHERE account_id = $1 AND person_id = $2",
        account_id,
        person_id,
    )
    return MAILED if kinds is None else tuple(kinds)


async def choose(db: Handle, account_id: int, person_id: int, kinds: Sequence[str]) -> None:
    await db.execute(
        "INSERT INTO alert_choices (account_id, person_id, kinds) VALUES ($1, $2, $3)"
        " ON CONFLICT (account_id, person_id) DO UPDATE SET kinds = excluded.kinds",
        account_id,
        person_id,
        [kind for kind in KINDS if kind in kinds],
    )


async def receivers(db: Handle, account_id: int) -> list[Receiver]:
    """Everybody here who has accepted their place."""
    rows = await db.fetch(
        "SELECT m.person_id, p.email, p.first_name, p.language, m.role, c.kinds FROM members m"
        " JOIN people p ON p.id = m.person_id LEFT JOIN alert_choices c"
        "  ON c.account_id = m.account_id AND c.person_id = m.person_id"
        " WHERE m.account_id = $1 AND m.accepted_at IS NOT NULL ORDER BY m.person_id",
        account_id,
    )
    return [
        Receiver(
            row["person_id"],
            row["email"],
            row["first_name"],
            row["language"],
            tuple(
                k
                for k in kinds_of(row["role"])
                if k in (MAILED if row["kinds"] is None else row["kinds"])
            ),
        )
        for row in rows
    ]


async def claim_untold(
    db: Handle, account_id: int, receiver: Receiver, since: datetime, now: datetime
) -> list[Alert]:
    """What stands since then and this person was not told of; they count as told from now on."""
    rows = await db.fetch(
        "WITH told AS (INSERT INTO alert_mails (alert_id, person_id, at)"
        "  SELECT id, $2, $5 FROM alerts WHERE account_id = $1 AND kind = ANY($3)"
        "  AND ended_at IS NULL AND put_away_at IS NULL AND began_at >= $4"
        "  ON CONFLICT DO NOTHING RETURNING alert_id)"
        f" SELECT {_COLUMNS} FROM alerts JOIN told ON told.alert_id = id ORDER BY id",
        account_id,
        receiver.person_id,
        list(receiver.kinds),
        since,
        now,
    )
    return [_read(row) for row in rows]


async def untell(db: Handle, person_id: int, alert_ids: Sequence[int]) -> None:
    """The mail certainly did not leave."""
    await db.execute(
        "DELETE FROM alert_mails WHERE person_id = $1 AND alert_id = ANY($2)",
        person_id,
        list(alert_ids),
    )
