"""Coupons that are older than the words of names: they are found by them too."""

import asyncio
from datetime import timedelta

import asyncpg
import pytest_asyncio

from tearoff.coupons.sessions import finding
from tearoff.coupons.sessions.finding import Wanted
from tearoff.coupons.sessions.sought import read_sought
from tearoff.kit import clock, older_names, schema
from tearoff.kit.db import Database
from tearoff.kit.migrate import migrate
from tearoff.kit.migrations.upgrade import upgrade

NAME = "tearoff_older_names"
BEFORE = """
INSERT INTO accounts (name, email) VALUES ('Shop', 'a@example.com');
INSERT INTO campaigns (account_id, code, name) VALUES (100001, 'abcdef', 'Old');
INSERT INTO sessions (account_id, campaign_id, code, created_at, firstname, lastname) VALUES
  (100001, 100001, 'aaaaaa000000000000000', '2026-01-01', 'Zoë', 'Van den Berg'),
  (100001, 100001, 'bbbbbb000000000000000', '2026-01-02', NULL, 'IŞIK'),
  (100001, 100001, 'cccccc000000000000000', '2026-01-03', NULL, NULL);
"""


@pytest_asyncio.fixture
async def url(cluster, worker_id):
    name = f"{NAME}_{worker_id}"
    yield await cluster.create(name)
    await cluster.drop(name)


@pytest_asyncio.fixture
async def db(url):
    await upgrade(url, "0023")
    old = await asyncpg.connect(url)
    await old.execute(BEFORE)
    await old.close()
    await migrate(url)
    db = await Database.open(url, size=3)
    yield db
    await db.close()


async def ids_of(db, text):
    wanted = Wanted(sought=read_sought(text, None))
    page = await finding.find(db, 100001, wanted, clock.now(), after=None, limit=10)
    return [one.session.id for one in page.sessions]


async def test_names_of_before_are_found(db):
    assert await schema.is_up_to_date(db)
    indexes = await db.fetch("SELECT indexrelid::regclass::text AS name FROM pg_index"
                             " WHERE indisvalid AND indrelid = 'sessions'::regclass")  # fmt: skip
    assert set(older_names.INDEXES) <= {row["name"] for row in indexes}
    assert await older_names.write_if_due(db, clock.now())
    assert await ids_of(db, "zoe berg") == [1]
    assert await ids_of(db, "isik") == [2]


async def test_what_the_old_version_writes_beside_it_is_found_a_day_later(db):
    now = clock.now()
    assert await older_names.write_if_due(db, now)
    await db.execute("UPDATE sessions SET firstname = 'Bea', lastname = NULL WHERE id = 1")
    assert await ids_of(db, "berg") == []
    assert not await older_names.write_if_due(db, now)
    tomorrow = now + older_names.ONCE_MORE_AFTER
    assert await older_names.write_if_due(db, tomorrow)
    assert await ids_of(db, "bea") == [1]
    assert not await older_names.write_if_due(db, tomorrow + timedelta(days=400))


async def test_only_one_goes_through_them_at_a_time(db):
    now = clock.now()
    turns = await asyncio.gather(*(older_names.write_if_due(db, now) for _ in range(3)))
    assert sorted(turns) == [False, False, True]


async def test_a_name_that_is_taken_away_meanwhile_leaves_no_word(db, monkeypatch):
    """Erased between being read and having its words written: nothing of it is written."""
    write = older_names._write

    async def late(db, rows):
        await db.execute("UPDATE sessions SET firstname = NULL, lastname = NULL WHERE id = 1")
        await write(db, rows)

    monkeypatch.setattr(older_names, "_write", late)
    await older_names.write_missing(db)
    found = await db.fetch("SELECT session_id, word FROM session_words")
    assert [tuple(row) for row in found] == [(2, "isik")]


async def test_one_that_is_being_erased_is_waited_for(db):
    async with db.transaction() as erasing:
        await erasing.execute("UPDATE sessions SET lastname = NULL WHERE id = 2")
        writing = asyncio.create_task(older_names.write_missing(db))
        waits = ("SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                 " AND query LIKE '%WITH held%' AND datname = current_database())")  # fmt: skip
        while not writing.done() and not await db.fetchval(waits):
            await asyncio.sleep(0.01)
    await writing
    words = "SELECT count(*) FROM session_words WHERE session_id = "
    assert await db.fetchval(words + "2") == 0
    assert await db.fetchval(words + "1") == 4
