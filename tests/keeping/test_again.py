"""A backup that is brought back erases again whoever was erased after it."""

import asyncio
import json
import os
from datetime import timedelta
from functools import partial

import pytest
import pytest_asyncio

from tearoff.config import read_settings
from tearoff.keeping import again, erased_list, erasing, finding
from tearoff.keeping.again import erase_again
from tearoff.kit import clock, pgbackup
from tearoff.kit.db import Database
from tearoff.kit.migrate import migrate
from tearoff.kit.services import Services
from tearoff.kit.vault import Vault
from tearoff.people import optouts
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
