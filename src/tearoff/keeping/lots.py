"""A table that is gone through by its ids, lot by lot, in statements that are short each and lock
nothing: none reads more than a lot of others' rows, however many there are.

Where an index knows an owner's rows in the order of ids, lots are of these. Where none does, they
are of everybody's rows: a small account's lot would else have all the rows of the others in it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

import asyncpg
import msgspec

from tearoff.kit.db import Handle

LOT = 20_000
"""Rows that are looked at together."""


class Table(msgspec.Struct, frozen=True):
    """`owner`: the column that says whose a row is; `is_indexed`: with the id it is an index."""

    name: str
    is_indexed: bool
    owner: str = "account_id"


MESSAGES = Table("messages", is_indexed=True)
REPLIES = Table("replies", is_indexed=True)
ARRIVALS = Table("arrivals", is_indexed=False)
EVENTS = Table("hook_events", is_indexed=False)
SCANS = Table("counter_scans", is_indexed=True, owner="location_id")


async def found_in(
    db: Handle,
    table: Table,
    owner: int,
    condition: str,
    values: Sequence[object],
    *,
    columns: str = "",
    ends: str = "false",
) -> AsyncIterator[list[asyncpg.Record]]:
    """Of each lot those rows of this owner of which the condition is true: their ids and these
    columns. It ends with a lot whose last row is one of which `ends` is true. `values` are $3 and
    so on in both conditions."""
    # Compared as pairs, which no index of ids alone can do: that would read everybody's rows where
    # an owner is thought to have many.
    where = (
        f"({table.owner}, id) > ($1, $2) AND {table.owner} <= $1 ORDER BY {table.owner}, id"
        if table.is_indexed
        else "id > $2 ORDER BY id"
    )
    statement = (
        f"WITH lot AS MATERIALIZED (SELECT id, {columns}{columns and ','}"
        f" {table.owner} = $1 AND ({condition}) AS is_found, {ends} AS is_end"
        f" FROM {table.name} WHERE {where} LIMIT {LOT})"
        " SELECT * FROM lot WHERE is_found OR id = (SELECT max(id) FROM lot) ORDER BY id"
    )
    after, is_end = -1, False
    while not is_end and (rows := await db.fetch(statement, owner, after, *values)):
        yield [row for row in rows if row["is_found"]]
        after, is_end = rows[-1]["id"], rows[-1]["is_end"]
