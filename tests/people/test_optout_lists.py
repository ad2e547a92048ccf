"""Many opt-outs from a file, as the database sees them."""

from __future__ import annotations

import pytest_asyncio

from tearoff.hooks import endpoints
from tearoff.kit import clock
from tearoff.kit.tables.models import Asked
from tearoff.kit.tables.reading import opened
from tearoff.people import optout_lists, optouts
from tests.cast import open_shop
from tests.databases import own_services

FEW, MANY = 200, 5_000


@pytest_asyncio.fixture
async def own(cluster, settings, worker_id):
    """A database whose plans are made when the list is short, on the one connection there is."""
    async with own_services(cluster, settings, f"tearoff_optouts_{worker_id}", size=1) as own:
        yield own


async def rows_read(db):
    await db.fetchval("SELECT pg_stat_force_next_flush()")
    return await db.fetchval(
        "SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_user_tables WHERE relname = 'opt_outs'"
    )


async def test_a_plan_made_when_the_list_was_short_does_no_harm(own, tmp_path):
    """Each address is found by its key, and the list is not read for each."""
    shop = await open_shop(own, kind=None)
    async with own.db.transaction() as db:
        await endpoints.create(
            db, own.vault, shop.account, url="https://example.com/",
            kinds=("contact_opted_out",), description="", now=clock.now(),
        )  # fmt: skip
    known = [f"+3247000{n:04d}" for n in range(FEW)]
    await optouts.add_all(own.db, shop.account, known, source="shop", now=clock.now())
    await own.db.execute("VACUUM ANALYZE opt_outs")
    # Plans that the connections keep, which read the few rows there are.
    await optouts.add_all(own.db, shop.account, known, source="shop", now=clock.now())
    await optouts.of_source(own.db, shop.account, known, "shop")
    file = tmp_path / "list.csv"
    file.write_text("phone\n" + "".join(f"+3247000{n:04d}\n" for n in range(MANY)))

    async def run(act, **more):
        async with opened(file, optout_lists.COLUMN, Asked(numeric=True)) as table:
            return await act(own.db, shop.account, table, country="BE", **more)

    before = await rows_read(own.db)
    checked = await run(optout_lists.check_list)
    assert (checked.new, checked.already) == (MANY - FEW, FEW)
    looked = await rows_read(own.db)
    done = await run(optout_lists.import_list, reason="", now=clock.now())
    assert (done.added, done.already) == (MANY - FEW, FEW)
    imported = await rows_read(own.db)
    checked = await run(optout_lists.check_list)
    assert (checked.new, checked.already) == (0, MANY)
    again = await rows_read(own.db)
    assert looked - before <= 2 * MANY
    assert imported - looked <= 3 * MANY
    assert again - imported <= 2 * MANY
