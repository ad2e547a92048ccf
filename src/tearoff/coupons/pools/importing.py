"""A campaign's own validation codes come in from a list.

All of it is taken or, when there is something in it that is no code, none; codes that are there
already, or twice in the file, are left out and named by their line. The database copies them in
as they are read, so a million need no memory.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import asyncpg
import msgspec

from tearoff.coupons import symbols
from tearoff.coupons.models import Campaign
from tearoff.coupons.pools.headings import NAMES
from tearoff.coupons.rules import CampaignNotFound
from tearoff.errors import Invalid
from tearoff.kit.db import Handle
from tearoff.kit.rows import columns, read
from tearoff.kit.tables.models import Bad, Reading, Value, Wanted
from tearoff.kit.tables.reading import MISSING, Table
from tearoff.kit.visible import as_seen
from tearoff.messages.template import has_forbidden_characters

COLUMN = Wanted("code", "codes", NAMES)

MAX_CODES = 1_000_000
MAX_LENGTH = 100
NAMED = 1_000
"""So many lines that were left out are named; all of them are counted."""
WITHOUT = "no code"
TWICE = "twice in this list"
SHOWN = 100
"""Characters of a refused value that are told."""

Told = Callable[[int], None]


class LeftOut(msgspec.Struct, frozen=True):
    """A line that was not imported; `why` is `twice in this list`, `already imported`,
    `already in use`, or `no code` of a line with something in other columns only."""

    line: int
    code: str
    why: str


class Twin(msgspec.Struct, frozen=True):
    """A line that was imported although its code differs from another one of the list, of the
    campaign or of a coupon of the account only in case, blanks, dashes or the like. A scan that
    fits both uses neither: such a code must be typed exactly."""

    line: int
    code: str


class ImportedCodes(msgspec.Struct, frozen=True):
    """`lines` were left out, `twin_lines` were imported; of both kinds a thousand are named.
    `rows` were read, without the heading and empty lines, in the way that `read` says. `twice` were
    in the list before, `already` are the campaign's, `empty` have no code: together all that were
    left out."""

    imported: int
    left_out: int
    lines: list[LeftOut]
    twins: int
    twin_lines: list[Twin]
    rows: int
    read: Reading
    twice: int = 0
    already: int = 0
    empty: int = 0


class CheckedCodes(msgspec.Struct, frozen=True):
    """What importing this list would do: `new` codes come in, `twice` are in the list before,
    `already` are the campaign's, `empty` lines have no code, and `refused` ones cannot be taken:
    with one of these nothing is imported. Together they are all `rows`. `lines` are those that
    would not come in, as many as were asked for, in the order of the list; `twins` would, and
    differ from another code only in case, blanks or dashes."""

    new: int
    twice: int
    already: int
    empty: int
    refused: int
    twins: int
    lines: list[LeftOut]
    rows: int
    read: Reading


class _Refused(Bad):
    """Lines that cannot be taken, all of them with what stands there."""

    def __init__(self, table: Table, most: int) -> None:
        super().__init__(table.where, COLUMN.field)
        self.lines: list[LeftOut] = []
        self._most = most

    def add(self, line: int, why: str, text: str = "") -> None:
        self.count += 1
        if self.count <= self._most:
            self.lines.append(LeftOut(line, text[:SHOWN], why))

    def refuse(self) -> None:
        return


async def check_codes(
    db: asyncpg.Connection, account_id: int, campaign_id: int, table: Table, *, most: int = NAMED
) -> CheckedCodes:
    """Look at the codes of a file and import none. In a transaction, which may be rolled back.
    Raises `CampaignNotFound`, and `Invalid` where the file as a whole cannot be read."""
    campaign = await _lock_campaign(db, account_id, campaign_id)
    bad = _Refused(table, most)
    rows, without = await _gather(db, table, campaign, lambda _: None, bad)
    judged = await _judge(db, account_id, campaign_id, most)
    await db.execute("DROP TABLE incoming, judged")
    lines = [*bad.lines, *without.first, *judged.lines]
    return CheckedCodes(
        judged.new, judged.twice, judged.already, without.count, bad.count, judged.twins,
        sorted(lines, key=_line)[:most], rows, table.reading,
    )  # fmt: skip


class _Judged(msgspec.Struct):
    new: int
    twice: int
    already: int
    twins: int
    lines: list[LeftOut]


async def _judge(db: asyncpg.Connection, account_id: int, campaign_id: int, most: int) -> _Judged:
    """What is to become of the codes in `incoming`, in `judged`."""
    await db.execute("ANALYZE incoming")
    await db.execute("CREATE TEMPORARY TABLE judged (line integer, code text, why text,"
                     " is_twin boolean) ON COMMIT DROP")  # fmt: skip
    await db.execute(_JUDGE, campaign_id, account_id)
    lines = await db.fetch(
        "SELECT line, code, why FROM judged WHERE why <> '' ORDER BY line LIMIT $1", most
    )
    counts = await db.fetchrow(
        "SELECT count(*) FILTER (WHERE why = ''), count(*) FILTER (WHERE why = $1),"
        " count(*) FILTER (WHERE why NOT IN ('', $1)),"
        " count(*) FILTER (WHERE why = '' AND is_twin) FROM judged",
        TWICE,
    )
    assert counts is not None
    new, twice, already, twins = counts
    return _Judged(new, twice, already, twins, [read(LeftOut, row) for row in lines])


async def _gather(
    db: asyncpg.Connection, table: Table, campaign: Campaign, told: Told, bad: Bad
) -> tuple[int, _Without]:
    """The codes of the file, in `incoming`."""
    await db.execute(
        'CREATE TEMPORARY TABLE incoming (line integer, code text COLLATE "C", key text'
        ' COLLATE "C" GENERATED ALWAYS AS (own_code_key(code)) STORED) ON COMMIT DROP'
    )
    return await _copy(db, table, campaign, told, bad)


async def import_codes(
    db: asyncpg.Connection,
    account_id: int,
    campaign_id: int,
    table: Table,
    told: Told = lambda _: None,
) -> ImportedCodes:
    """Import the codes of a file (`tables.reading.opened(…, COLUMN)`). In the caller's
    transaction, which is to be rolled back when this raises; `told` hears how many rows have
    been read.

    Raises `CampaignNotFound`, and `Invalid` naming the lines that cannot be taken.
    """
    campaign = await _lock_campaign(db, account_id, campaign_id)
    bad = Bad(table.where, COLUMN.field)
    rows, without = await _gather(db, table, campaign, told, bad)
    judged = await _judge(db, account_id, campaign_id, NAMED)
    twin_lines = await db.fetch(
        f"SELECT line, code FROM judged WHERE why = '' AND is_twin ORDER BY line LIMIT {NAMED}"
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
    return ImportedCodes(
        judged.new,
        judged.twice + judged.already + without.count,
        sorted([*without.first, *judged.lines], key=_line)[:NAMED],
        judged.twins,
        [read(Twin, row) for row in twin_lines],
        rows,
        table.reading,
        judged.twice,
        judged.already,
        without.count,
    )


_JUDGE = f"""
  INSERT INTO judged SELECT i.line, i.code,
    CASE WHEN row_number() OVER (PARTITION BY i.code ORDER BY i.line) > 1
        THEN '{TWICE}'
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


def _line(one: LeftOut) -> int:
    return one.line


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


class _Without:
    """Lines without a code; the first are named."""

    def __init__(self) -> None:
        self.count = 0
        self.first: list[LeftOut] = []

    def add(self, line: int) -> None:
        self.count += 1
        if self.count <= NAMED:
            self.first.append(LeftOut(line, "", WITHOUT))


async def _copy(
    db: asyncpg.Connection, table: Table, campaign: Campaign, told: Told, bad: Bad
) -> tuple[int, _Without]:
    """All codes into `incoming`; how many rows there were, and those without a code. One that
    cannot be taken refuses the list, once all of it is looked at."""
    without, goes_on = _Without(), isinstance(bad, _Refused)
    rows = total = 0
    async for lot in table.lots():
        codes = await asyncio.to_thread(_look, campaign, lot, bad, without)
        total += len(codes)
        if total > MAX_CODES:
            bad.refuse()
            raise Invalid(f"At most {MAX_CODES:,} codes in one list.", field=COLUMN.field)
        if goes_on or not bad.count:
            await db.copy_records_to_table("incoming", records=codes, columns=("line", "code"))
        rows += len(lot)
        told(rows)
    bad.refuse()
    if total == 0 and not bad.count:
        raise Invalid("There is no code in this list.", field=COLUMN.field)
    return rows, without


def _look(
    campaign: Campaign, lot: Sequence[Value], bad: Bad, without: _Without
) -> list[tuple[int, str]]:
    """The codes of a lot as they are kept."""
    codes: list[tuple[int, str]] = []
    for value in lot:
        code = as_seen(value.text)
        if not code and value.problem in ("", MISSING):
            without.add(value.line)
        elif problem := value.problem or _problem_of(campaign, code):
            bad.add(value.line, problem, code)
        else:
            codes.append((value.line, code))
    return codes


def _problem_of(campaign: Campaign, code: str) -> str:
    """Where the barcode holds these codes, each must fit: a wrong check digit is told to the
    marketer here, not to the customer at the counter."""
    if len(code) > MAX_LENGTH or has_forbidden_characters(code):
        return f"a code has at most {MAX_LENGTH} characters, none of them a control character."
    options = campaign.options
    if options.code != "own" or not (problem := symbols.problem_of(options.barcode, code)):
        return ""
    return f"{code} does not fit the campaign's barcode ({options.barcode}). {problem}"
