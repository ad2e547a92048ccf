"""The addresses at which services report back: `{public}/callbacks/{kind}/{token}`.

The token is 128 random bits. An address is found by its token's SHA-256; the token itself is kept
sealed with the operator's key, because every send tells the service the address anew.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime

from tearoff.kit.db import Database, Handle
from tearoff.kit.rows import columns, read
from tearoff.kit.vault import Vault
from tearoff.messages.models import Connection

UPKEEP = "callback tokens"
"""Of the table `upkeep`: `due_at` is set while the version before, which reads the clear token,
may still run."""

LOT = 20_000
"""So many reports are looked at together."""


def hash_token(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def token_of(vault: Vault, connection: Connection) -> str:
    """Raises `CannotOpen` when the operator's key has changed without a rotation."""
    if connection.callback_sealed is None:  # made by the version before
        assert connection.callback_token is not None
        return connection.callback_token
    return vault.open(connection.callback_sealed).decode()


def address_of(vault: Vault, public_url: str, connection: Connection) -> str:
    """Empty without a public address: no service could reach it."""
    if not public_url:
        return ""
    return f"{public_url}/callbacks/{connection.kind}/{token_of(vault, connection)}"


async def connection_of_token(db: Handle, kind: str, token: str) -> Connection | None:
    """Whose address it is."""
    row = await db.fetchrow(
        f"SELECT {columns(Connection)} FROM connections"
        " WHERE (callback_sha256 = $1 OR callback_token = $2) AND kind = $3",
        hash_token(token),
        token,
        kind,
    )
    return row and read(Connection, row)


async def seal_clear_tokens(db: Database, vault: Vault, now: datetime) -> int:
    """Seal what an older version has written in the clear and take it away, also from the reports
    that it has stored, once that version is gone. May be killed at any time. Gives how many there
    were."""
    rows = await db.fetch(
        "SELECT id, callback_token FROM connections WHERE callback_token IS NOT NULL"
        " AND NOT EXISTS (SELECT FROM upkeep WHERE name = $1 AND due_at > $2) ORDER BY id",
        UPKEEP,
        now,
    )
    if rows:
        await _take_out_of_reports(db, [tuple(row) for row in rows])
    for row in rows:
        token = row["callback_token"]
        await db.execute(
            "UPDATE connections SET callback_sha256 = $2, callback_sealed = $3,"
            " callback_token = NULL WHERE id = $1",
            row["id"],
            hash_token(token),
            vault.seal(token.encode()),
        )
    await db.execute(
        "UPDATE upkeep SET passes = passes + 1, due_at = NULL WHERE name = $1 AND due_at <= $2",
        UPKEEP,
        now,
    )
    return len(rows)


async def _take_out_of_reports(db: Database, tokens: Sequence[tuple[int, str]]) -> None:
    """Of (connection, token) pairs; in lots, each with a commit of its own."""
    after = 0
    while True:
        last = await db.fetchval(
            "SELECT max(id) FROM (SELECT id FROM arrivals WHERE id > $1 ORDER BY id"
            f" LIMIT {LOT}) lot",
            after,
        )
        if last is None:
            return
        await db.execute(
            "UPDATE arrivals a SET raw ="
            " convert_to(replace(convert_from(a.raw, 'UTF8'), t.token, '-'), 'UTF8')"
            " FROM unnest($1::bigint[], $2::text[]) AS t (id, token) WHERE a.connection_id = t.id"
            " AND a.kind = 'callback' AND a.id > $3 AND a.id <= $4"
            " AND position(convert_to(t.token, 'UTF8') IN a.raw) > 0",
            [number for number, _ in tokens],
            [token for _, token in tokens],
            after,
            last,
        )
        after = last
