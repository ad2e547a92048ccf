"""Many sessions at once.

Codes are drawn in bulk from the system's secure random source: one random octet a letter, modulo
the size of the alphabet, so that some letters are 8/256 or 9/256 instead of 7/256 likely. That
costs a code less than half a bit of its 107.
"""

from __future__ import annotations

import contextlib
import secrets
import string
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import datetime

import asyncpg
import msgspec

from tearoff.coupons.models import Campaign
from tearoff.coupons.pools import pools
from tearoff.errors import TryLater
from tearoff.kit.codes import (
    CODE_ALPHABET,
    SESSION_CODE_LENGTH,
    SHORT_CODE_LENGTH,
    SPOKEN_ALPHABET,
)
from tearoff.kit.db import Handle, lock_name
from tearoff.kit.turns import Turns

LOT = 20_000
BY_CHANCE = 100
"""Up to so many codes, that two transactions have two in common does practically not happen."""
READ_LOT = 5_000
TRIES = 20
STATUSES = ("normal", "voided", "activated")
ALPHABETS = {"numeric": string.digits, "alphanumeric": "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"}
"""The letters of automatic validation codes; without 0, 1, O and I, which look alike."""

_REST = SESSION_CODE_LENGTH - SHORT_CODE_LENGTH
_MAKE = """
INSERT INTO sessions (account_id, campaign_id, created_at, voided, voided_at, opened_at, claimed_at,
  code, validation_code)
SELECT $1, $2, $3, $4::timestamptz IS NOT NULL, $4, $5, $5, drawn.*
FROM unnest($6::text[], $7::text[]) AS drawn
ON CONFLICT DO NOTHING RETURNING validation_code
"""


class ValidationCodes(msgspec.Struct, frozen=True):
    """How automatic validation codes look: `length` letters after the prefix."""

    prefix: str
    length: int
    kind: str


class Batch(msgspec.Struct, frozen=True):
    """What one minting made: sessions of the campaign with this time of birth and ids after
    `after`, up to `last`."""

    campaign_id: int
    born_at: datetime
    after: int
    last: int


class Minted(msgspec.Struct, frozen=True):
    id: int
    code: str
    validation_code: str | None


_turns: Turns[int] = Turns()


@contextlib.asynccontextmanager
async def turn(account_id: int, amount: int) -> AsyncIterator[None]:
    """Stand in line within this process, before a connection is taken: of an account's large
    mintings one holds a connection, and all others are free for sends."""
    if amount <= BY_CHANCE:
        yield
        return
    async with _turns.take(account_id):
        yield


async def take_turn(db: Handle, account_id: int, amount: int) -> None:
    """Large mintings of an account come one after the other, whatever process they are in, until
    their transactions end. Two at once draw some codes that are the same; each then waits for the
    other to say whether it keeps them, and in a ring. Before any row is locked; small mintings and
    sends neither ask nor wait."""
    if amount > BY_CHANCE:
        await lock_name(db, f"minting:{account_id}")


async def mint(
    db: asyncpg.Connection,
    campaign: Campaign,
    amount: int,
    now: datetime,
    *,
    status: str = "normal",
    validation: ValidationCodes | None = None,
) -> Batch:
    """Make `amount` sessions in the caller's transaction: all of them or, when it fails, none.
    About 10 µs each. It has taken its turn (`take_turn`). `status`: one of `STATUSES`; activated
    ones are claimed from the start.

    Without automatic validation codes, those of the campaign's pool are used if it has one:
    raises `pools.PoolEmpty` when it has too few.
    """
    last = await _last_id(db)
    for done in range(0, amount, LOT):
        lot = min(LOT, amount - done)
        pooled = None
        if campaign.has_pool and validation is None:
            pooled = await pools.take(db, campaign.id, lot, now)
        await _mint_lot(db, campaign, lot, now, status, validation, pooled)
    batch = Batch(campaign.id, now, last, await _last_id(db))
    if status == "activated":
        await _note_claims(db, batch)
    return batch


async def read_batch(db: Handle, batch: Batch) -> AsyncIterator[list[Minted]]:
    """What a batch made, in lots, so that a large one needs no memory."""
    after = batch.after
    while True:
        rows = await db.fetch(
            "SELECT id, code, validation_code FROM sessions WHERE campaign_id = $1"
            " AND created_at = $2 AND id > $3 AND id <= $4 ORDER BY id LIMIT $5",
            batch.campaign_id,
            batch.born_at,
            after,
            batch.last,
            READ_LOT,
        )
        if not rows:
            return
        after = rows[-1]["id"]
        yield [Minted(*row) for row in rows]


async def _last_id(db: asyncpg.Connection) -> int:
    n: int = await db.fetchval("SELECT CASE WHEN is_called THEN last_value ELSE 0 END"
                               " FROM sessions_id_seq")  # fmt: skip
    return n


async def _mint_lot(
    db: asyncpg.Connection,
    campaign: Campaign,
    amount: int,
    now: datetime,
    status: str,
    validation: ValidationCodes | None,
    pooled: Sequence[str] | None,
) -> None:
    """Codes that are taken are drawn anew. The indexes say which those are: thousands of codes are
    not looked up beforehand, by a plan that may have been made when the table was small and reads
    all of it for each of them."""
    voided_at = now if status == "voided" else None
    claimed_at = now if status == "activated" else None
    own: Sequence[str | None] = pooled or [None] * amount
    for _ in range(TRIES):
        if validation is not None:
            own = list(_draw_validation_codes(len(own), validation))
        made = await db.fetch(
            _MAKE, campaign.account_id, campaign.id, now, voided_at, claimed_at,
            list(draw_codes(len(own))), own,
        )  # fmt: skip
        if len(made) == len(own):
            return
        if pooled is None:
            own = own[len(made) :]
        else:
            used = {row["validation_code"] for row in made}
            own = [code for code in own if code not in used]
    raise TryLater("No free session codes were found.")


def _draw_validation_codes(amount: int, how: ValidationCodes) -> Iterator[str]:
    letters = _draw(ALPHABETS[how.kind], amount * how.length)
    for i in range(0, len(letters), how.length):
        yield how.prefix + letters[i : i + how.length]


async def _note_claims(db: asyncpg.Connection, batch: Batch) -> None:
    await db.execute(
        "INSERT INTO session_events (account_id, campaign_id, session_id, kind, at, channel,"
        " listed, verdict, reason) SELECT s.account_id, s.campaign_id, s.id, k.kind, $2, 'api',"
        " true, k.verdict, k.reason FROM sessions s, (VALUES"
        " ('opened', 'human', 'made activated'), ('claimed', NULL, ''))"
        " AS k (kind, verdict, reason)"
        " WHERE s.campaign_id = $1 AND s.created_at = $2 AND s.id > $3 AND s.id <= $4",
        batch.campaign_id,
        batch.born_at,
        batch.after,
        batch.last,
    )


def draw_codes(amount: int) -> Iterator[str]:
    spoken = _draw(SPOKEN_ALPHABET, amount * SHORT_CODE_LENGTH)
    rest = _draw(CODE_ALPHABET, amount * _REST)
    for i in range(amount):
        short = spoken[i * SHORT_CODE_LENGTH : (i + 1) * SHORT_CODE_LENGTH]
        yield short + rest[i * _REST : (i + 1) * _REST]


def _draw(alphabet: str, length: int) -> str:
    table = (alphabet * 256)[:256].encode()
    return secrets.token_bytes(length).translate(table).decode()
