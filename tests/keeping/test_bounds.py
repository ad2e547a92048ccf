"""What one statement reads, for a small account beside the many rows of others."""

import contextlib
from datetime import timedelta

import pytest_asyncio

from tearoff.keeping import finding, lots, retention
from tearoff.kit import clock
from tests.cast import open_shop
from tests.databases import own_services

PHONE = "+32470004712"
LOT, MANY = 500, 10_000
BOUND = 2 * LOT
"""Rows of a lot, and those of them that are changed once more."""
FILL = {
    "messages": "INSERT INTO messages (id, account_id, connection_id, recipient, text, encoding,"
    " segments, state, created_at) SELECT time_id($3) + i, {one}, 1, '+' || $4::text, 'x', 'gsm7',"
    " 1, 'delivered', $3 FROM generate_series(1, $5) i",
    "arrivals": "INSERT INTO arrivals (account_id, connection_id, key, kind, raw, received_at,"
    " handled_at) SELECT {one}, 1, md5(random()::text), 'callback', $4::text::bytea, $3, $3"
    " FROM generate_series(1, $5) i",
    "hook_events": "INSERT INTO hook_events (ref, account_id, kind, at, body)"
    " SELECT md5(random()::text), {one}, 'x', $3, $4::text::bytea FROM generate_series(1, $5) i",
    "replies": "INSERT INTO replies (account_id, connection_id, sender, phone, text, keyword,"
    " received_at, state) SELECT {one}, 1, '', '+' || $4::text, '', 'other', $3, 'done'"
    " FROM generate_series(1, $5) i",
    "counter_scans": "INSERT INTO counter_scans (account_id, location_id, device_id, key, code,"
    " verdict, scanned_at, at) SELECT {one}, {one} + $2 - $1, 1, md5(random()::text), $4::text,"
    " 'unknown', $3, $3 FROM generate_series(1, $5) i",
}
OTHERS = 20
ONE = f"$1::bigint + 0 * $2::bigint + CASE WHEN $5 = {MANY} THEN 1000 + i % {OTHERS} ELSE 0 END"
"""Whose a row is: the rows of many others lie among each other."""


TABLES = tuple(FILL)


class Watched:
    """One transaction, and the most rows of a table that one statement has read in it."""

    def __init__(self, db):
        self._db, self.most = db, dict.fromkeys(TABLES, 0)

    async def _read(self):
        rows = await self._db.fetch(
            "SELECT name, sum(seq_tup_read + coalesce(idx_tup_fetch, 0))::bigint"
            " FROM pg_stat_xact_user_tables JOIN unnest($1::text[]) AS name"
            " ON relname = name OR relname ~ (name || '_(rest|[0-9_]+)$') GROUP BY name",
            TABLES,
        )
        return dict(map(tuple, rows))

    def __getattr__(self, name):
        async def done(text, *values):
            before = await self._read()
            answer = await getattr(self._db, name)(text, *values)
            for table, n in (await self._read()).items():
                self.most[table] = max(self.most[table], n - before.get(table, 0))
            return answer

        return done

    @contextlib.asynccontextmanager
    async def transaction(self):
        yield self


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def services(cluster, settings, worker_id):
    """A database of its own: rows are as old as their ids say, which those of other tests before
    these would not be."""
    async with own_services(cluster, settings, f"tearoff_bounds_{worker_id}") as own:
        yield own


@pytest_asyncio.fixture
async def watched(services):
    """A small account between the rows of others, which are older, as old and newer."""
    small, now = await open_shop(services), clock.now()
    async with services.db.connection() as db:
        transaction = db.transaction()
        await transaction.start()
        await db.execute(
            "INSERT INTO accounts (id, name, email) OVERRIDING SYSTEM VALUE"
            " SELECT $1 + 1000 + i, 'Other', 'other' || i || '@bounds.example'"
            f" FROM generate_series(0, {OTHERS - 1}) i",
            small.account,
        )
        for days, n in ((60, MANY), (50, 3), (40, MANY), (5, 2), (1, MANY)):
            for fill in FILL.values():
                await db.execute(
                    fill.format(one=ONE), small.account, small.location,
                    now - timedelta(days=days), "x" if n == MANY else PHONE[1:], n,
                )  # fmt: skip
        await db.execute(f"ANALYZE {', '.join(TABLES)}")
        yield Watched(db), small.account
        await transaction.rollback()


async def test_a_person_is_looked_for_in_lots(watched, monkeypatch):
    monkeypatch.setattr(lots, "LOT", LOT)
    db, account = watched
    found = await finding.find(db, account, finding.addresses_of([PHONE]), clock.now())
    counts = {len(rows) for rows in (found.arrivals, found.events, found.replies, found.messages)}
    assert counts == {5}
    assert max(db.most.values()) <= BOUND, db.most


async def test_what_is_old_is_gone_through_in_lots(watched, monkeypatch):
    monkeypatch.setattr(lots, "LOT", LOT)
    db, account = watched
    await db.execute("UPDATE accounts SET retention_days = 30 WHERE id = $1", account)
    await retention.run(db, account, clock.now())
    last = await retention.last_run(db, account)
    assert (last.messages, last.others) == (3, 4 * 3)
    for table in ("arrivals", "replies", "hook_events"):
        left = await db._db.fetchval(f"SELECT count(*) FROM {table} WHERE account_id = $1", account)
        assert left == 2, table
    assert max(db.most.values()) <= BOUND, db.most


async def test_the_preview_looks_at_so_many(watched, monkeypatch):
    db, account = watched
    until = clock.now() - timedelta(days=30)
    old = await retention.preview(db, account, until)
    assert (old.messages, old.replies, old.arrivals, old.events) == (3, 3, 3, 3)
    assert not old.is_partial
    for most in (retention.MOST_BESIDE, retention.MOST_LOOKED):
        text = retention._PREVIEW.replace(str(most), str(LOT))
        monkeypatch.setattr(retention, "_PREVIEW", text)
    db.most.update(dict.fromkeys(TABLES, 0))
    old = await retention.preview(db, account, until)
    assert (old.messages, old.replies, old.arrivals, old.events) == (3, 3, 0, 0)
    assert old.is_partial
    assert max(db.most.values()) <= BOUND, db.most
