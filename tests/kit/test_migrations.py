"""What is in a database when a new version arrives is found by the new version."""

import asyncio

import asyncpg
import pytest_asyncio

from tearoff.coupons import lists
from tearoff.kit import migrate as migrations
from tearoff.kit.db import Database
from tearoff.kit.migrations.upgrade import upgrade
from tearoff.kit.phone import phone_key
from tearoff.people import optouts

NAME = "tearoff_migrations"

OLD_DATA = """
INSERT INTO accounts (name, email) VALUES ('Shop', 'a@example.com');
INSERT INTO campaigns (account_id, code, name) VALUES (100001, 'abcdef', 'Old');
INSERT INTO sessions
  (account_id, campaign_id, code, created_at, opened_at, claimed_at, validated_at)
VALUES
  (100001, 100001, 'aaaaaa000000000000000', '2026-01-01', NULL, NULL, NULL),
  (100001, 100001, 'bbbbbb000000000000000', '2026-01-02', '2026-02-02', NULL, NULL),
  (100001, 100001, 'cccccc000000000000000', '2026-01-03', '2026-02-03', '2026-02-04', '2026-02-04');
INSERT INTO session_events (account_id, campaign_id, session_id, kind, at) VALUES
  (100001, 100001, 2, 'opened', '2026-02-02'),
  (100001, 100001, 3, 'opened', '2026-02-03'),
  (100001, 100001, 3, 'validated', '2026-02-04');
"""


@pytest_asyncio.fixture
async def url(settings, worker_id):
    admin = await asyncpg.connect(settings.database_url)
    name = f"{NAME}_{worker_id}"
    await admin.execute(f"DROP DATABASE IF EXISTS {name}")
    await admin.execute(f"CREATE DATABASE {name}")
    path = settings.database_url.split("?")[0].rpartition("/")[2]
    yield settings.database_url.replace(f"/{path}?", f"/{name}?")
    await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await admin.close()


async def test_lists_hold_what_happened_before(url):
    await upgrade(url, "0001")
    old = await asyncpg.connect(url)
    await old.execute(OLD_DATA)
    await old.close()
    assert await migrations.migrate(url) == migrations.revisions()[1:]
    db = await Database.open(url, size=2)
    assert await migrations.is_up_to_date(db)
    found = {
        name: [session.id for session in (await lists.page(db, 100001, name, 1)).sessions]
        for name in lists.LISTS
    }
    assert found == {"created": [1, 2, 3], "opened": [2, 3], "claimed": [3], "validated": [3]}
    await db.close()


async def test_several_may_migrate_at_once(url):
    done = await asyncio.gather(*(migrations.migrate(url) for _ in range(3)))
    assert migrations.revisions() in done


async def test_a_new_version_of_the_queue_is_an_upgrade(url):
    await migrations.migrate(url)
    db = await Database.open(url, size=1)
    await db.execute("COMMENT ON TABLE alembic_version IS 'pgqueuer 0.1'")
    assert not await migrations.is_up_to_date(db)
    assert await migrations.migrate(url) == []
    assert await migrations.is_up_to_date(db)
    await db.close()


OLD_OPT_OUTS = """
INSERT INTO accounts (name, email) VALUES ('Shop', 'a@example.com');
INSERT INTO opt_outs (account_id, address, source, reason, created_at) VALUES
  (100001, '+5215512345678', 'reply', 'old', '2026-01-01'),
  (100001, '+525512345678', 'reply', 'new', '2026-02-01'),
  (100001, '+525512345678', 'shop', 'shop', '2026-02-01'),
  (100001, '+541123456789', 'reply', 'one', '2026-03-01'),
  (100001, '+551187654321', 'reply', 'eight', '2026-03-01'),
  (100001, '+5511987654321', 'reply', 'nine', '2026-01-01'),
  (100001, '+551145678901', 'reply', 'landline', '2026-03-01'),
  (100001, '+32470001234', 'reply', '', '2026-03-01');
"""


async def test_opt_outs_that_fall_together_are_joined(url):
    await upgrade(url, "0007")
    old = await asyncpg.connect(url)
    await old.execute(OLD_OPT_OUTS)
    await old.close()
    await migrations.migrate(url)
    db = await Database.open(url, size=2)
    rows = await db.fetch("SELECT address, source, reason FROM opt_outs ORDER BY 1, 2")
    assert [tuple(row.values()) for row in rows] == [
        ("+32470001234", "reply", ""),
        ("+525512345678", "reply", "old"),
        ("+525512345678", "shop", "shop"),
        ("+5491123456789", "reply", "one"),
        ("+551145678901", "reply", "landline"),
        ("+5511987654321", "reply", "nine"),
    ]
    assert {phone_key(row["address"]) for row in rows} == {row["address"] for row in rows}
    await db.execute(  # by the version before, which still runs
        "INSERT INTO opt_outs (account_id, address, source, created_at)"
        " VALUES (100001, '+543512345678', 'reply', now())"
    )
    assert await optouts.is_opted_out(db, 100001, "+5493512345678")
    await db.close()
