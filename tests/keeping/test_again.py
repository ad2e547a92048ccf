"""A backup that is brought back erases again whoever was erased after it."""

import asyncio
import json
import os
import subprocess
import sys
from datetime import timedelta
from functools import partial

import asyncpg
import pytest
import pytest_asyncio

from tearoff.config import read_settings
from tearoff.keeping import again, erased_list, erasing, finding
from tearoff.keeping.again import erase_again
from tearoff.kit import clock, pgbackup
from tearoff.kit.db import Database
from tearoff.kit.migrate import migrate
from tearoff.kit.migrations.upgrade import _LOCK
from tearoff.kit.services import Services
from tearoff.kit.vault import Vault
from tearoff.people import carried_over, optouts
from tests.cast import open_shop
from tests.conftest import KEY

LIMIT = 3
"""Seconds for a statement that has no limit of its own."""
PHONE, MAIL, NAME = "+33600004411", "lost@petrova.example", "Lostandfoundina"


@pytest_asyncio.fixture
async def own(cluster, worker_id, tmp_path):
    """A database of its own, with its data folder."""
    url = await cluster.create(f"tearoff_again_{worker_id}")
    await migrate(url)
    settings = read_settings({}, data=tmp_path, database_url=url, secret_key=KEY)
    db = await Database.open(url, size=2)
    services = Services(settings, db, Vault(KEY), url)
    yield services
    await db.close()
    await cluster.drop(f"tearoff_again_{worker_id}")


async def give_coupon(services, shop, **fields):
    values = {
        "created_at": clock.now(), "phone": PHONE, "email": MAIL, "firstname": NAME, **fields,
    }  # fmt: skip
    names = ", ".join(values)
    marks = ", ".join(f"${i}" for i in range(3, 3 + len(values)))
    return await services.db.fetchval(
        f"INSERT INTO sessions (account_id, campaign_id, code, {names})"
        f" VALUES ($1, $2, md5(random()::text), {marks}) RETURNING id",
        shop.account, shop.campaign, *values.values(),
    )  # fmt: skip


async def erase(services, shop, address=PHONE):
    async with services.db.transaction() as db:
        given = finding.addresses_of([address])
        found = await finding.of_addresses(db, shop.account, given, clock.now())
        await erasing.erase(services, db, shop.account, found, clock.now())


def environment(services, folder):
    return {
        **{k: v for k, v in os.environ.items() if not k.startswith("TEAROFF_")},
        "TEAROFF_DATABASE_URL": services.database_url, "TEAROFF_SECRET_KEY": KEY,
        "TEAROFF_DATA": str(folder),
    }  # fmt: skip


async def test_a_backup_that_is_brought_back_erases_again(own, commands, tmp_path):
    shop, env = await open_shop(own), environment(own, tmp_path)
    await give_coupon(own, shop)
    dump = tmp_path / "coupons.dump"
    await asyncio.to_thread(pgbackup.backup, own.database_url, dump)
    # After the backup: an opt-out, the erasing, and the same number once more, which is lost.
    await optouts.add(own.db, shop.account, PHONE, source="reply", now=clock.now())
    await erase(own, shop)
    await own.db.close()

    words = ["restore", "--force", "--json", str(dump)]
    done = await asyncio.to_thread(commands.run, words, env)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["erased_again"] == 1
    text = pgbackup._run(["pg_dump", "--inserts"], own.database_url)
    assert PHONE[1:] not in text
    assert MAIL not in text
    assert NAME not in text
    db = await Database.open(own.database_url, size=2)
    assert await optouts.is_opted_out(db, shop.account, PHONE)
    assert await db.fetchval("SELECT count(*) FROM sessions WHERE forgotten_at IS NOT NULL") == 1
    assert await erase_again(own.settings) == 0
    await db.close()


async def test_an_erasing_that_was_broken_off_is_done_at_the_next_start(own):
    shop = await open_shop(own)
    await give_coupon(own, shop)

    class BrokenOff(Exception):
        pass

    with pytest.raises(BrokenOff):
        async with own.db.transaction() as db:
            given = finding.addresses_of([PHONE])
            found = await finding.of_addresses(db, shop.account, given, clock.now())
            await erasing.erase(own, db, shop.account, found, clock.now())
            raise BrokenOff
    later = await give_coupon(own, shop)  # a new fact
    assert await erase_again(own.settings) == 1
    rows = await own.db.fetch("SELECT id FROM sessions WHERE phone IS NOT NULL")
    assert [row["id"] for row in rows] == [later]


async def test_an_account_that_takes_long_to_look_through_is_looked_through(own, monkeypatch):
    """However long it takes: a server that gives up here never starts."""
    shop = await open_shop(own)
    await give_coupon(own, shop)
    await erase(own, shop)
    await own.db.execute("DELETE FROM erasures")
    await give_coupon(own, shop, created_at=clock.now() - timedelta(days=1))
    slow = f"{again._ADDRESSES} UNION SELECT 'slow@petrova.example' FROM pg_sleep({LIMIT + 1})"
    monkeypatch.setattr(again, "_ADDRESSES", slow)
    monkeypatch.setattr(again.Database, "open", partial(Database.open, statement_within=LIMIT))
    assert await erase_again(own.settings) == 1
    assert not await own.db.fetchval("SELECT EXISTS (SELECT FROM sessions WHERE phone <> '')")


async def test_a_line_that_was_cut_harms_no_other(own):
    shop = await open_shop(own)
    path = erased_list.path_of(own.settings)
    path.write_bytes(b'{"ref":"cut')
    await give_coupon(own, shop)
    await erase(own, shop)
    assert [entry.account for entry in erased_list.read(path)] == [shop.account]
    assert path.stat().st_mode & 0o777 == 0o600 or path.read_bytes().startswith(b'{"ref":"cut\n')


async def test_a_key_that_the_list_needs_must_be_there(own, commands, tmp_path):
    shop = await open_shop(own)
    await give_coupon(own, shop)
    await erase(own, shop)
    await own.db.execute("DELETE FROM erasures")
    env = environment(own, tmp_path) | {"TEAROFF_SECRET_KEY": "n" * 40}
    done = await asyncio.to_thread(commands.run, ["serve", "--port", "0"], env)
    assert done.returncode == 1
    assert "the key that their list was made with is missing" in done.stderr


async def test_whoever_opted_out_after_a_backup_stays_so(own, commands, tmp_path):
    """A restore took people off the list without a word, in programs of this kind."""
    shop, dump = await open_shop(own), tmp_path / "before.dump"
    await asyncio.to_thread(pgbackup.backup, own.database_url, dump)
    await optouts.add(own.db, shop.account, PHONE, source="reply", now=clock.now())
    await own.db.close()
    words = ["restore", "--force", "--json", str(dump)]
    done = await asyncio.to_thread(commands.run, words, environment(own, tmp_path))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["opt_outs_kept"] == 1
    db = await Database.open(own.database_url, size=2)
    assert await optouts.is_opted_out(db, shop.account, PHONE)
    await db.close()


async def test_a_restore_that_is_killed_in_between_loses_no_opt_out(own, commands, tmp_path):
    """They were in its memory alone, and the next restore found none."""
    shop, dump = await open_shop(own), tmp_path / "before.dump"
    env, kept = environment(own, tmp_path), tmp_path / carried_over.FILE
    # So that the schema has to be brought up to date, for which the restore waits.
    await own.db.execute("COMMENT ON TABLE alembic_version IS 'of a version before'")
    await asyncio.to_thread(pgbackup.backup, own.database_url, dump)
    await optouts.add(own.db, shop.account, PHONE, source="reply", now=clock.now())
    await own.db.close()
    words = ["restore", "--force", "--json", str(dump)]
    db = await asyncpg.connect(own.database_url)
    await db.execute(f"SELECT pg_advisory_lock({_LOCK})")
    restoring = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tearoff", *words, env=env,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    while await db.fetchval("SELECT count(*) FROM opt_outs"):
        assert restoring.returncode is None
        await asyncio.sleep(0.05)
    restoring.kill()
    await restoring.wait()
    assert kept.stat().st_mode & 0o777 == 0o600
    # Whoever says STOP before somebody tries again stands there beside them.
    await optouts.add(db, shop.account, MAIL, source="link", now=clock.now())
    await db.close()

    done = await asyncio.to_thread(commands.run, words, env)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["opt_outs_kept"] == 2
    assert not kept.exists()
    db = await asyncpg.connect(own.database_url)
    for address in (PHONE, MAIL):
        assert await optouts.is_opted_out(db, shop.account, address)
    await db.close()


@pytest.mark.parametrize(
    ("words", "content"),
    [(["--force"], b"PGDMP and nothing behind it"), ([], None), (["--force"], None)],
    ids=["not a backup", "refused", "done"],
)
async def test_no_opt_outs_lie_about_when_a_restore_is_over(
    own, commands, tmp_path, words, content
):
    shop, dump = await open_shop(own), tmp_path / "before.dump"
    await asyncio.to_thread(pgbackup.backup, own.database_url, dump)
    if content:
        dump.write_bytes(content)
    await optouts.add(own.db, shop.account, PHONE, source="reply", now=clock.now())
    await own.db.close()
    before = set(tmp_path.iterdir())
    done = await asyncio.to_thread(
        commands.run, ["restore", *words, str(dump)], environment(own, tmp_path)
    )
    assert (done.returncode == 0) == (words != [] and content is None), done.stderr
    assert set(tmp_path.iterdir()) == before
    db = await asyncpg.connect(own.database_url)
    assert await optouts.is_opted_out(db, shop.account, PHONE)
    await db.close()


async def test_opt_outs_are_put_back_lot_by_lot(own, tmp_path, monkeypatch):
    monkeypatch.setattr(carried_over, "LOT", 2)
    shop, path = await open_shop(own), tmp_path / carried_over.FILE
    numbers = [f"{PHONE[:-1]}{n}" for n in range(5)]
    for number in numbers:
        await optouts.add(own.db, shop.account, number, source="reply", now=clock.now())
    reasons = await optouts.reasons_of(own.db, shop.account, numbers[0])
    assert await carried_over.keep(own.database_url, path)
    await own.db.execute("DELETE FROM opt_outs WHERE address <> $1", numbers[1])
    assert await carried_over.put_back(own.database_url, path) == 4
    assert not path.exists()
    assert await optouts.reasons_of(own.db, shop.account, numbers[0]) == reasons
    await own.db.execute("DELETE FROM opt_outs")
    assert not await carried_over.keep(own.database_url, path)
    assert not path.exists()
