"""What older versions have stored, brought into the forms in which it is compared now.

The forms are made in Python, so no migration in SQL could do this. It goes through the tables in
lots, each with a commit of its own, and locks nothing but the rows that it changes; it may be
killed at any time and begins anew. `migrate` does it once, right after the schema, and a worker
once more a day later, for what a version before has written beside this one.

What falls together with another row that must be unique (a code of the same campaign, a contact
of the same account) stays as it is: a person decides, and `tearoff doctor` lists it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

import asyncpg
import msgspec
import structlog

from tearoff.kit.db import Database, Handle
from tearoff.kit.mail_addresses import AddressInvalid, mail_address, person_key
from tearoff.kit.phone import phone_key
from tearoff.kit.visible import as_seen

log = structlog.get_logger()

NAME = "canonical forms 2"
"""Another number, and its row in a migration, with whatever is added here: a version before that
runs beside this one must not take the turn of what it does not know."""
ONCE_MORE_AFTER = timedelta(days=1)
LOT = 20_000
"""So many rows are looked at together; of them only those are read that may need a change."""
TRIES = 5

ODD_ADDRESS = r"{0} !~ '^[A-Za-z0-9.!#$%&*+/=?^_`{{|}}~-]+@[A-Za-z0-9.-]+$'"
MANY_SPELLINGS = r"({0} ~ '^[^@]*[+]' OR {0} ~* '[.].*@gmail[.]com$|@googlemail[.]com$')"
"""Addresses whose `person_key` is another one."""
ODD_TEXT = r"(octet_length({0}) <> length({0}) OR {0} ~ '^\s|\s$|\s\s|[\t\r\n]')"
_WRAPPED = re.compile(r"(?:mailto:)?[<\"'“”„‘’‚«»‹›]*(.*?)[>\"'“”„‘’‚«»‹›]*(?:\?.*)?", re.I)


def read_address(text: str) -> str:
    """An address that somebody stored, as it is kept now; what cannot be read as one stays."""
    bare = _WRAPPED.fullmatch(as_seen(text))
    try:
        return mail_address(bare[1] if bare else text)
    except AddressInvalid:
        return text


def read_text(text: str) -> str:
    """A code or a tag as it is seen; one of which nothing is seen stays."""
    return as_seen(text) or text


class Kept(msgspec.Struct, frozen=True):
    """A column that is compared. `odd` finds, in SQL, what may have another form; rows without
    `rewrites` keep their spelling, and only what is counted of them moves."""

    table: str
    column: str
    form: Callable[[str], str]
    odd: str
    counts: bool = False
    rewrites: bool = True


KEPT = (
    Kept("sessions", "email", read_address, ODD_ADDRESS, counts=True),
    Kept("sessions", "email", person_key, MANY_SPELLINGS, counts=True, rewrites=False),
    Kept("sessions", "customid", read_text, ODD_TEXT, counts=True),
    Kept("sessions", "phone", phone_key, r"{0} ~ '^\+5[245]'", counts=True, rewrites=False),
    Kept("sessions", "validation_code", read_text, ODD_TEXT),
    Kept("pool_codes", "code", read_text, ODD_TEXT),
    Kept("contacts", "email", read_address, ODD_ADDRESS),
    # People first: a member whose address is another one than their person's gets another person.
    Kept("people", "email", read_address, ODD_ADDRESS),
    Kept("members", "email", read_address, ODD_ADDRESS),
    Kept("messages", "recipient", read_address, f"channel = 'email' AND {ODD_ADDRESS}"),
    Kept("consent_events", "address", read_address, f"{{0}} ~ '@' AND {ODD_ADDRESS}"),
)


async def is_done(db: Handle) -> bool:
    """Whether everything was gone through once."""
    done: bool | None = await db.fetchval("SELECT passes > 0 FROM upkeep WHERE name = $1", NAME)
    return bool(done)


async def run_if_due(db: Database, url: str, now: datetime) -> bool:
    """Go through everything, if that is due. The last time also takes away what only the
    version before needs."""
    passes = await db.fetchval(
        "SELECT passes FROM upkeep WHERE name = $1 AND due_at <= $2", NAME, now
    )
    if passes is None:
        return False
    await make_indexes(url, _INDEXES)
    changed = 0
    for kept in KEPT:
        changed += await _go_through(db, kept)
    for odd, form in _OPT_OUTS:
        changed += await _join_opt_outs(db, odd, form)
    await _move_short_tallies(db)
    if passes > 0:
        await _alone(url, ["DROP INDEX CONCURRENTLY IF EXISTS sessions_own_code"])
    await db.execute(
        "UPDATE upkeep SET passes = passes + 1, due_at = $2 WHERE name = $1",
        NAME,
        now + ONCE_MORE_AFTER if passes == 0 else None,
    )
    if changed:
        log.info("upkeep.done", name=NAME, changed=changed)
    return True


_INDEXES = {
    "sessions_own_code_key": "sessions (account_id, own_code_key(validation_code))"
    " WHERE validation_code IS NOT NULL",
    "pool_codes_key": "pool_codes (campaign_id, own_code_key(code))",
}


async def make_indexes(url: str, indexes: Mapping[str, str]) -> None:
    """By their names, where they are missing. Beside the work: writers wait for nothing. One that
    was broken off is made anew."""
    for name, what in indexes.items():
        make = f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {name} ON {what}"
        broken = (
            "SELECT EXISTS (SELECT FROM pg_index WHERE NOT indisvalid"
            f" AND indexrelid = to_regclass('{name}'))"
        )
        for left in reversed(range(TRIES)):
            try:
                if await _ask(url, broken):
                    await _alone(url, [f"DROP INDEX CONCURRENTLY IF EXISTS {name}"])
                await _alone(url, [make])
                break
            except asyncpg.DeadlockDetectedError:  # a starting older version waits for our lock
                if not left:
                    raise


async def _alone(url: str, statements: Iterable[str]) -> None:
    """Outside of transactions, for as long as it takes."""
    connection = await asyncpg.connect(url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


async def _ask(url: str, question: str) -> bool:
    connection = await asyncpg.connect(url)
    try:
        return bool(await connection.fetchval(question))
    finally:
        await connection.close()


Change = tuple[int, str, str]
"""Id, the old form, the new one."""


async def _go_through(db: Database, kept: Kept) -> int:
    odd, after, changed = kept.odd.format(kept.column), -1, 0
    while True:
        last = await db.fetchval(
            f"SELECT max(id) FROM (SELECT id FROM {kept.table} WHERE id > $1 ORDER BY id"
            f" LIMIT {LOT}) lot",
            after,
        )
        if last is None:
            return changed
        rows = await db.fetch(
            f"SELECT id, {kept.column} AS text FROM {kept.table} WHERE id > $1 AND id <= $2"
            f" AND {kept.column} IS NOT NULL AND {odd}",
            after,
            last,
        )
        forms = [(row["id"], row["text"], kept.form(row["text"])) for row in rows]
        changes = [change for change in forms if change[1] != change[2]]
        for i in range(0, len(changes), 1_000):
            changed += await _change(db, kept, changes[i : i + 1_000])
        after = last


async def _change(db: Database, kept: Kept, changes: Sequence[Change]) -> int:
    """Together; where one of them falls together with another row, one by one."""
    try:
        async with db.transaction() as work:
            if kept.counts:
                await _move_persons(work, changes)
            if kept.rewrites:
                await work.execute(
                    f"UPDATE {kept.table} t SET {kept.column} = n.new"
                    " FROM unnest($1::bigint[], $2::text[], $3::text[]) AS n (id, old, new)"
                    f" WHERE t.id = n.id AND t.{kept.column} = n.old",
                    *map(list, zip(*changes, strict=True)),
                )
        return len(changes)
    except asyncpg.UniqueViolationError:
        if len(changes) == 1:
            return 0
    return sum([await _change(db, kept, [change]) for change in changes])


def _mark(person: str) -> str:
    """As `coupons/sessions/limits.py` keeps of whom a tally is."""
    return hashlib.sha256(person.encode("utf-8", "replace")).hexdigest()[:32]


async def _move_persons(db: asyncpg.Connection, changes: Sequence[Change]) -> None:
    """What was counted for the old form counts for the new one: uses and fetched coupons."""
    rows = await db.fetch(
        "SELECT id, account_id, campaign_id FROM sessions WHERE id = ANY($1)",
        [change[0] for change in changes],
    )
    of = {row["id"]: (row["account_id"], row["campaign_id"]) for row in rows}
    moves = set()
    for session, old, new in changes:
        if session not in of:
            continue
        account, campaign = of[session]
        for what in ("person", "fetched"):
            scope = f"campaign:{campaign}:{what}:"
            moves.add((account, scope + _mark(old.lower()), scope + _mark(new.lower())))
            if "@" not in new:  # a tag is counted in its case by use
                moves.add((account, scope + _mark(old), scope + _mark(new)))
    await _move(db, [move for move in sorted(moves) if move[1] != move[2]])


async def _move_short_tallies(db: Database) -> None:
    """What was mailed to an address today and in this hour."""
    rows = await db.fetch(
        "SELECT account_id, scope FROM tallies WHERE scope ~ '^address-(day|hour):' AND "
        + ODD_ADDRESS.format("split_part(scope, ':', 2)")
    )
    moves = []
    for row in rows:
        kind, _, address = row["scope"].partition(":")
        moves.append((row["account_id"], row["scope"], f"{kind}:{read_address(address).lower()}"))
    async with db.transaction() as work:
        await _move(work, [move for move in moves if move[1] != move[2]])


async def _move(db: asyncpg.Connection, moves: Sequence[tuple[int, str, str]]) -> None:
    """A number above its cap may stand: it is full then."""
    if not moves:
        return
    await db.execute(
        "WITH gone AS (DELETE FROM tallies t"
        "  USING unnest($1::bigint[], $2::text[], $3::text[]) AS m (account_id, old, new)"
        "  WHERE t.account_id = m.account_id AND t.scope = m.old"
        "  RETURNING t.account_id, m.new, t.n, t.cap, t.until)"
        " INSERT INTO tallies AS k (account_id, scope, n, cap, until)"
        " SELECT account_id, new, sum(n), greatest(max(cap), sum(n)), max(until) FROM gone"
        " GROUP BY account_id, new ORDER BY account_id, new"
        " ON CONFLICT (account_id, scope) DO UPDATE SET n = k.n + excluded.n,"
        " cap = greatest(k.cap, k.n + excluded.n), until = greatest(k.until, excluded.until)",
        *map(list, zip(*moves, strict=True)),
    )


_OPT_OUTS: tuple[tuple[str, Callable[[str], str]], ...] = (
    (f"address ~ '@' AND {ODD_ADDRESS.format('address')}", lambda text: read_address(text).lower()),
    # Three countries write one mobile in two ways.
    (r"address ~ '^\+5[245]'", phone_key),
)


async def _join_opt_outs(db: Database, odd: str, form: Callable[[str], str]) -> int:
    """Of entries that fall together the oldest stays."""
    after, changed = (0, "", ""), 0
    while True:
        rows = await db.fetch(
            "SELECT account_id, address, source FROM opt_outs"
            f" WHERE (account_id, address, source) > ($1, $2, $3) AND {odd}"
            " ORDER BY account_id, address, source LIMIT 1000",
            *after,
        )
        if not rows:
            return changed
        after = tuple(rows[-1])
        forms = [(row[0], row[1], row[2], form(row[1])) for row in rows]
        moved = [each for each in forms if each[1] != each[3]]
        changed += len(moved)
        if moved:
            await db.execute(_JOIN_OPT_OUTS, *map(list, zip(*moved, strict=True)))


_JOIN_OPT_OUTS = """
WITH moved AS (
  DELETE FROM opt_outs o USING unnest($1::bigint[], $2::text[], $3::text[], $4::text[])
    AS m (account_id, old, source, new)
  WHERE o.account_id = m.account_id AND o.address = m.old AND o.source = m.source
  RETURNING o.account_id, m.new AS address, o.source, o.channel, o.reason, o.created_at
)
INSERT INTO opt_outs AS o (account_id, address, source, channel, reason, created_at)
SELECT DISTINCT ON (account_id, address, source)
  account_id, address, source, channel, reason, created_at
FROM moved ORDER BY account_id, address, source, created_at
ON CONFLICT (account_id, address, source) DO UPDATE SET
  reason = CASE WHEN excluded.created_at < o.created_at THEN excluded.reason ELSE o.reason END,
  created_at = least(o.created_at, excluded.created_at)
"""


async def contacts_alike(db: Handle) -> list[tuple[int, int, int | None]]:
    """Contacts whose address is still in an old form: account, contact, and the contact that
    has the same address in today's form, if there is one."""
    rows = await db.fetch(
        "SELECT id, account_id, email FROM contacts WHERE email IS NOT NULL"
        f" AND {ODD_ADDRESS.format('email')} ORDER BY id"
    )
    found = []
    for row in rows:
        form = read_address(row["email"])
        if form == row["email"] and _is_address(form):
            continue
        other = await db.fetchval(
            "SELECT id FROM contacts WHERE account_id = $1 AND lower(email) = lower($2)"
            " AND id <> $3",
            row["account_id"],
            form,
            row["id"],
        )
        found.append((row["account_id"], row["id"], other))
    return found


def _is_address(text: str) -> bool:
    try:
        return mail_address(text) == text
    except AddressInvalid:
        return False
