"""The counter's busiest call costs no more round trips to the database than it must."""

import pytest

from tearoff.accounts import devices, locations, queries
from tearoff.coupons.campaigns import campaigns
from tearoff.coupons.counter import counter
from tearoff.coupons.counter.scan_log import Look, Till
from tearoff.coupons.sessions.minting import mint
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


async def test_a_scan_is_found_by_its_key_and_what_is_shown_by_its_own_index(services):
    """The key also where the database knows nothing of the table yet, as on the first day."""

    async def plan(db, where):
        rows = await db.fetch(f"EXPLAIN SELECT FROM counter_scans WHERE device_id = -1 AND {where}")
        return "\n".join(row[0] for row in rows)

    async with services.db.transaction() as db:
        await db.execute("SET LOCAL enable_seqscan = off")
        first_day = await plan(db, "key = 'k'")
        await db.execute(
            "INSERT INTO counter_scans (account_id, location_id, device_id, key, code, verdict,"
            " was_offline, takes, scanned_at, at) SELECT 1, 1, -1 - i % 2, 'key' || i, 'code' || i,"
            " CASE WHEN i % 50 = 0 THEN 'no' ELSE 'good' END, true, true, moment, moment"
            " FROM generate_series(1, 5000) i, LATERAL (SELECT now() - i * interval '1 min' moment)"
        )
        await db.execute("ANALYZE counter_scans")
        by_key = await plan(db, "key = 'k'")
        shown = await plan(db, "at >= now() - interval '1 day' AND verdict <> 'good'")
        told = "at >= now() - interval '1 day' AND was_offline AND takes AND verdict = 'no'"
        told = await plan(db, told)
        await db.execute("DELETE FROM counter_scans WHERE device_id < 0")
    for text in (first_day, by_key):
        assert "counter_scans_device_id_key_key" in text, text
    for text in (shown, told):
        assert "counter_scans_shown" in text, text
