"""A campaign's own validation codes, imported from a list: each goes to one session.

A list is read as it arrives and copied in by the database, so a million codes need no memory.
All of it is taken or, when something is wrong with the file itself, none; codes that are there
already, or twice in the file, are left out and named by their line.
"""

from __future__ import annotations

import asyncio
import codecs
from collections.abc import AsyncIterator, Sequence
from datetime import datetime

import asyncpg
import msgspec

from tearoff.coupons import symbols
from tearoff.coupons.campaigns import CampaignNotFound
from tearoff.coupons.models import Campaign
from tearoff.coupons.rules import LimitReached
from tearoff.errors import Invalid
from tearoff.kit.db import Handle
from tearoff.kit.rows import columns, read
from tearoff.kit.visible import as_seen
from tearoff.messages.template import has_forbidden_characters

MAX_CODES = 1_000_000
MAX_LENGTH = 100
NAMED = 1_000
"""So many lines that were left out are named; all of them are counted."""
_LOT = 20_000
_HEADINGS = frozenset({"code", "codes", "coupon", "coupon_code", "voucher", "validation_code"})


class PoolEmpty(LimitReached):
    """The campaign has no codes left."""


class LeftOut(msgspec.Struct, frozen=True):
    """A line that was not imported; `why` is `twice in this list`, `already imported` or
    `already in use`."""

    line: int
    code: str
    why: str


class Twin(msgspec.Struct, frozen=True):
    """A line that was imported although its code differs from another one of the list, of the
    campaign or of a coupon of the account only in case, blanks, dashes or the like. A scan that
    fits both uses neither: such a code must be typed exactly."""

    line: int
    code: str


class Imported(msgspec.Struct, frozen=True):
    """`lines` were left out, `twin_lines` were imported; of both kinds a thousand are named."""

    imported: int
    left_out: int
    lines: list[LeftOut]
    twins: int = 0
    twin_lines: list[Twin] = []


class Low(msgspec.Struct, frozen=True):
    """A pool that has fewer codes than its campaign's mark."""

    account_id: int
    campaign_id: int
    left: int


async def import_codes(
    db: asyncpg.Connection, account_id: int, campaign_id: int, chunks: AsyncIterator[bytes]
) -> Imported:
    """Import a list: UTF-8, one code a line, the first column if there are several (separated
    by comma, semicolon or tab); a heading is skipped. In the caller's transaction.

    Raises `CampaignNotFound`, and `Invalid` naming the line when the list cannot be read.
    """
    campaign = await _lock_campaign(db, account_id, campaign_id)
    await db.execute(
        'CREATE TEMPORARY TABLE incoming (line integer, code text COLLATE "C", key text'
        ' COLLATE "C" GENERATED ALWAYS AS (own_code_key(code)) STORED) ON COMMIT DROP'
    )
    await _copy(db, chunks, campaign)
    await db.execute("ANALYZE incoming")
    await db.execute("CREATE TEMPORARY TABLE judged (line integer, code text, why text,"
                     " is_twin boolean) ON COMMIT DROP")  # fmt: skip
    await db.execute(_JUDGE, campaign_id, account_id)
    lines = await db.fetch(
        f"SELECT line, code, why FROM judged WHERE why <> '' ORDER BY line LIMIT {NAMED}"
    )
    twin_lines = await db.fetch(
        f"SELECT line, code FROM judged WHERE why = '' AND is_twin ORDER BY line LIMIT {NAMED}"
    )
    total, imported, twins = await db.fetchrow(
        "SELECT count(*), count(*) FILTER (WHERE why = ''),"
        " count(*) FILTER (WHERE why = '' AND is_twin) FROM judged"
    )
    await db.execute(
        "INSERT INTO pool_codes (campaign_id, code) SELECT $1, code FROM judged WHERE why = ''"
        " ORDER BY line",
        campaign_id,
    )
    await db.execute("DROP TABLE incoming, judged")
    await db.execute(
        "UPDATE campaigns SET has_pool = true, pool_told_at = NULL WHERE id = $1", campaign_id
    )
    return Imported(
        imported,
        total - imported,
        [read(LeftOut, row) for row in lines],
        twins,
        [read(Twin, row) for row in twin_lines],
    )


_JUDGE = """
  INSERT INTO judged SELECT i.line, i.code,
    CASE WHEN row_number() OVER (PARTITION BY i.code ORDER BY i.line) > 1
        THEN 'twice in this list'
      WHEN p.code IS NOT NULL THEN 'already imported'
      WHEN s.id IS NOT NULL THEN 'already in use' ELSE '' END,
    min(i.code) OVER alike <> max(i.code) OVER alike
      OR EXISTS (SELECT FROM pool_codes t WHERE t.campaign_id = $1
        AND own_code_key(t.code) = i.key AND t.code <> i.code)
      OR EXISTS (SELECT FROM sessions t WHERE t.account_id = $2 AND t.validation_code IS NOT NULL
        AND own_code_key(t.validation_code) = i.key AND t.validation_code <> i.code)
  FROM incoming i
  LEFT JOIN pool_codes p ON p.campaign_id = $1 AND p.code = i.code
  LEFT JOIN sessions s ON s.campaign_id = $1 AND s.validation_code = i.code
  WINDOW alike AS (PARTITION BY i.key)
"""


async def take(db: Handle, campaign_id: int, amount: int, now: datetime) -> list[str]:
    """The next codes, which nobody else gets. Raises `PoolEmpty` when there are too few."""
    rows = await db.fetch(
        "WITH next AS (SELECT id FROM pool_codes WHERE campaign_id = $1 AND taken_at IS NULL"
        " ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED)"
        " UPDATE pool_codes p SET taken_at = $3 FROM next WHERE p.id = next.id RETURNING p.code",
        campaign_id,
        amount,
        now,
    )
    if len(rows) < amount:
        raise PoolEmpty(which="codes")
    return [row["code"] for row in rows]


async def put_back(db: Handle, session_id: int) -> None:
    """Free the code of a session that nobody ever had, for the next one."""
    await db.execute(
        "WITH lost AS MATERIALIZED (SELECT id, campaign_id, validation_code FROM sessions"
        "  WHERE id = $1 AND validation_code IS NOT NULL FOR NO KEY UPDATE),"
        " freed AS (UPDATE pool_codes p SET taken_at = NULL FROM lost"
        "  WHERE p.campaign_id = lost.campaign_id AND p.code = lost.validation_code"
        "  RETURNING lost.id)"
        " UPDATE sessions s SET validation_code = NULL FROM freed WHERE s.id = freed.id",
        session_id,
    )


async def left(db: Handle, campaign_id: int) -> int:
    n: int = await db.fetchval(
        "SELECT count(*) FROM pool_codes WHERE campaign_id = $1 AND taken_at IS NULL", campaign_id
    )
    return n


async def is_empty(db: Handle, campaign_id: int) -> bool:
    empty: bool = await db.fetchval(
        "SELECT NOT EXISTS (SELECT FROM pool_codes WHERE campaign_id = $1 AND taken_at IS NULL)",
        campaign_id,
    )
    return empty


async def mark(db: Handle, account_id: int, campaign_id: int) -> int:
    """The number of free codes below which somebody is told."""
    n: int | None = await db.fetchval(
        "SELECT pool_low FROM campaigns WHERE account_id = $1 AND id = $2", account_id, campaign_id
    )
    return n or 0


async def newly_low(db: Handle, now: datetime) -> list[Low]:
    """Pools that have come below their mark since somebody was told; each is given once. Of
    each no more codes are counted than its mark."""
    rows = await db.fetch(
        "UPDATE campaigns c SET pool_told_at = $1 FROM (SELECT p.id, free.left FROM campaigns p,"
        "  LATERAL (SELECT count(*) AS left FROM (SELECT FROM pool_codes"
        "   WHERE campaign_id = p.id AND taken_at IS NULL LIMIT p.pool_low) f) free"
        "  WHERE p.has_pool AND p.pool_told_at IS NULL AND p.removed_at IS NULL) n"
        " WHERE n.id = c.id AND n.left < c.pool_low AND c.pool_told_at IS NULL"
        " RETURNING c.account_id, c.id AS campaign_id, n.left",
        now,
    )
    return [read(Low, row) for row in rows]


async def _lock_campaign(db: Handle, account_id: int, campaign_id: int) -> Campaign:
    """Two imports into one campaign come one after the other."""
    row = await db.fetchrow(
        f"SELECT {columns(Campaign)} FROM campaigns WHERE account_id = $1 AND id = $2"
        " AND removed_at IS NULL FOR NO KEY UPDATE",
        account_id,
        campaign_id,
    )
    if row is None:
        raise CampaignNotFound
    return read(Campaign, row)


async def _copy(db: asyncpg.Connection, chunks: AsyncIterator[bytes], campaign: Campaign) -> None:
    lot: list[tuple[int, str]] = []
    total = 0
    async for line, code in _read_codes(chunks):
        lot.append((line, code))
        total += 1
        if total > MAX_CODES:
            raise Invalid(f"At most {MAX_CODES:,} codes in one list.", field="codes")
        if len(lot) == _LOT:
            await asyncio.to_thread(_check_barcode, campaign, lot)
            await db.copy_records_to_table("incoming", records=lot, columns=("line", "code"))
            lot = []
    if lot:
        await asyncio.to_thread(_check_barcode, campaign, lot)
        await db.copy_records_to_table("incoming", records=lot, columns=("line", "code"))
    if total == 0:
        raise Invalid("There is no code in this list.", field="codes")


def _check_barcode(campaign: Campaign, lot: Sequence[tuple[int, str]]) -> None:
    """Where the barcode holds these codes, each must fit: a wrong check digit is told to the
    marketer here, not to the customer at the counter."""
    options = campaign.options
    if options.code != "own":
        return
    for line, code in lot:
        if problem := symbols.problem_of(options.barcode, code):
            raise Invalid(
                f"Line {line}: {code} does not fit the campaign's barcode ({options.barcode})."
                f" {problem}",
                field="codes",
            )


async def _read_codes(chunks: AsyncIterator[bytes]) -> AsyncIterator[tuple[int, str]]:
    line = 0
    async for text in _lines(chunks):
        line += 1
        code = as_seen(_first_column(text))
        if not code or (line == 1 and code.lower() in _HEADINGS):
            continue
        if len(code) > MAX_LENGTH or has_forbidden_characters(code):
            raise Invalid(
                f"Line {line}: a code has at most {MAX_LENGTH} characters, none of them a"
                " control character.",
                field="codes",
            )
        yield line, code


async def _lines(chunks: AsyncIterator[bytes]) -> AsyncIterator[str]:
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    rest = ""
    try:
        async for chunk in chunks:
            *whole, rest = (rest + decoder.decode(chunk)).split("\n")
            if len(rest) > 10_000:
                raise Invalid("A line is longer than 10,000 characters.", field="codes")
            for line in whole:
                yield line
        rest += decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        raise Invalid(f"The list is not UTF-8: {error}", field="codes") from None
    if rest:
        yield rest


def _first_column(line: str) -> str:
    text = line.strip().replace(";", ",").replace("\t", ",")
    if text.startswith('"'):
        return text[1:].partition('"')[0].strip()
    return text.partition(",")[0].strip()
