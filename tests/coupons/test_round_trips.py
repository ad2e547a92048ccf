"""The counter's busiest call costs no more round trips to the database than it must."""

import pytest

from tearoff.accounts import devices, locations, queries
from tearoff.coupons import campaigns, counter
from tearoff.coupons.minting import mint
from tearoff.coupons.scans import Look, Till
from tearoff.kit import clock
from tearoff.kit.db import Database
from tests.cast import open_shop


@pytest.mark.parametrize(
    ("limits", "redeems", "at_most"),
    [({}, True, 7), ({}, False, 9), ({"limit_validations": 5}, True, 13)],
)
async def test_a_scan_costs_few_round_trips(services, limits, redeems, at_most):
    shop, now = await open_shop(services, campaign=limits), clock.now()
    pairing = await devices.make_pairing(services.db, shop.account, shop.location, now)
    device, _ = await devices.pair(services.db, pairing.token, name="S", pin="2468", now=now)
    account = await queries.account(services.db, shop.account)
    place = await locations.find(services.db, shop.account, shop.location)
    campaign = await campaigns.campaign(services.db, shop.account, shop.campaign)
    async with services.db.transaction() as db:
        await mint(db, campaign, 1, now)
    code = await services.db.fetchval("SELECT code FROM sessions WHERE campaign_id = $1",
                                      campaign.id)  # fmt: skip
    till = Till(device, place, account.listener("https://coupons.example.com"))
    look = Look(key="one", text=code, redeems=redeems)
    seen = []
    db = await Database.open(services.settings.database_url, size=1)
    async with db._pool.acquire() as connection:
        connection._con.add_query_logger(lambda record: seen.append(record.query))
    outcome = await counter.look(db, services.vault, till, look, now)
    await db.close()
    assert outcome.verdict == ("used" if redeems else "good")
    assert len(seen) <= at_most, seen


@pytest.mark.parametrize(
    ("where", "index"),
    [
        ("key = 'k'", "counter_scans_device_id_key_key"),
        ("at >= now() AND verdict <> 'good'", "counter_scans_shown"),
        ("at >= now() AND was_offline AND takes AND verdict = 'no'", "counter_scans_shown"),
    ],
)
async def test_a_scan_is_found_by_its_own_index(services, where, index):
    """Whatever the database knows of the table: a device has thousands of scans."""
    async with services.db.transaction() as db:
        await db.execute("SET LOCAL enable_seqscan = off")
        rows = await db.fetch(f"EXPLAIN SELECT FROM counter_scans WHERE device_id = 1 AND {where}")
    plan = "\n".join(row[0] for row in rows)
    assert f"using {index} " in plan or f" on {index} " in plan, plan
