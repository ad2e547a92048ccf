"""Own codes of one account that differ only in case, blanks, dashes or the like. They came in
before that was told; a scan that fits several of them uses none, so a person decides."""

from __future__ import annotations

import msgspec

from tearoff.errors import Conflict, NotFound
from tearoff.kit.db import Handle
from tearoff.kit.rows import read


class NoSuchCode(NotFound):
    """This campaign has no free code with this id."""


class CodeGiven(Conflict):
    """This code was given out. Void its coupon instead."""


class Twin(msgspec.Struct, frozen=True):
    """`pool_code` is the id of one that is free, `session` the code of the coupon that has it."""

    account_id: int
    campaign_id: int
    code: str
    key: str
    pool_code: int | None
    session: str | None


_ALL = """
WITH own AS MATERIALIZED (
  SELECT account_id, campaign_id, validation_code AS code, own_code_key(validation_code) AS key,
    NULL::bigint AS pool_code, sessions.code AS session
  FROM sessions WHERE validation_code IS NOT NULL AND ($1::bigint IS NULL OR account_id = $1)
  UNION ALL
  SELECT c.account_id, c.id, p.code, own_code_key(p.code), p.id, NULL
  FROM pool_codes p JOIN campaigns c ON c.id = p.campaign_id
  WHERE p.taken_at IS NULL AND ($1::bigint IS NULL OR c.account_id = $1)
), alike AS (
  SELECT account_id, key FROM own GROUP BY account_id, key HAVING min(code) <> max(code)
)
"""


async def find(db: Handle, account_id: int, limit: int) -> list[Twin]:
    """The first twins of an account, those that are alike behind each other."""
    rows = await db.fetch(
        f"{_ALL} SELECT own.* FROM own JOIN alike USING (account_id, key)"
        " ORDER BY key, code, campaign_id LIMIT $2",
        account_id,
        limit,
    )
    return [read(Twin, row) for row in rows]


async def count(db: Handle) -> dict[int, int]:
    """How many different codes have twins, by account. Reads all own codes that there are: about
    4 s a million."""
    rows = await db.fetch(
        f"{_ALL} SELECT account_id, count(DISTINCT code) AS n FROM own"
        " JOIN alike USING (account_id, key) GROUP BY account_id ORDER BY account_id",
        None,
    )
    return {row["account_id"]: row["n"] for row in rows}


async def drop_free(db: Handle, account_id: int, campaign_id: int, pool_code: int) -> None:
    """Take one free code out of the campaign's list. Raises `NoSuchCode` and `CodeGiven`."""
    row = await db.fetchrow(
        "WITH asked AS (SELECT p.id, p.taken_at FROM pool_codes p JOIN campaigns c"
        "  ON c.id = p.campaign_id WHERE c.account_id = $1 AND c.id = $2 AND p.id = $3"
        "  FOR UPDATE OF p),"
        " gone AS (DELETE FROM pool_codes p USING asked WHERE p.id = asked.id"
        "  AND asked.taken_at IS NULL RETURNING p.id)"
        " SELECT EXISTS (SELECT FROM gone) AS is_gone FROM asked",
        account_id,
        campaign_id,
        pool_code,
    )
    if row is None:
        raise NoSuchCode
    if not row["is_gone"]:
        raise CodeGiven
