"""A campaign's counts are the truth of its coupons at any committed moment, whoever writes, and
reading them looks at no coupon, message or event."""

import asyncio
import contextlib
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio

from tearoff.coupons.campaigns import campaigns, counts
from tearoff.coupons.models import Doer, NewSession
from tearoff.coupons.sessions import actions, minting, updates
from tearoff.kit import older_counts
from tearoff.kit.db import Database
from tests.cast import noon, open_shop
from tests.databases import own_services, rows_read

NOW = datetime.now(UTC)
DOER = Doer("staff", "counter")
MANY = 20_000
TABLES = ("sessions", "session_events", "messages")

TRUTH = """
SELECT (SELECT count(*) FROM sessions WHERE campaign_id = $1) - (SELECT count(*) FROM sessions s
    WHERE campaign_id = $1 AND EXISTS (SELECT FROM session_events e WHERE e.session_id = s.id
    AND e.kind = 'voided' AND e.actor = 'tearoff')) AS issued,
  (SELECT count(*) FROM messages m JOIN sessions s ON s.id = m.about WHERE s.campaign_id = $1
    AND m.state IN ('accepted', 'sent', 'delivered')) AS sent,
  (SELECT count(opened_at) FROM sessions WHERE campaign_id = $1) AS opened,
  (SELECT count(claimed_at) FROM sessions WHERE campaign_id = $1) AS claimed,
  (SELECT coalesce(sum(uses), 0) FROM sessions WHERE campaign_id = $1) AS redeemed,
  (SELECT array[coalesce(sum(issued), 0), coalesce(sum(sent), 0), coalesce(sum(opened), 0),
    coalesce(sum(claimed), 0), coalesce(sum(redeemed), 0)] FROM (
      SELECT issued, sent, opened, claimed, redeemed FROM campaign_totals WHERE campaign_id = $1
      UNION ALL
      SELECT issued, sent, opened, claimed, redeemed FROM campaign_deltas WHERE campaign_id = $1) c
  ) AS counted
"""
"""One statement, and so one moment."""


async def counts_of(db, shop, now=NOW):
    zone = await db.fetchval("SELECT timezone FROM accounts WHERE id = $1", shop.account)
    day = counts.today(zone, now)
    found = await counts.of_campaigns(db, shop.account, [shop.campaign], day)
    return found.get(shop.campaign, counts.NOTHING)


async def check(db, shop):
    row = await db.fetchrow(TRUTH, shop.campaign)
    *truth, counted = row
    assert list(counted) == truth
    return counts.Counts(*truth)


async def made(db, shop, amount):
    campaign = await campaigns.campaign(db, shop.account, shop.campaign)
    async with db.transaction() as work:
        batch = await minting.mint(work, campaign, amount, NOW)
        codes = [one.code async for lot in minting.read_batch(work, batch) for one in lot]
        return [await actions.find_session(work, shop.account, code) for code in codes]


@pytest.fixture
async def db(services):
    db = await Database.open(services.settings.database_url, size=20)
    yield db
    await db.close()


async def test_they_are_exact_while_many_write_and_others_fold(db, services):
    """Opens, claims, uses, undone ones, voids and removals at once; the sum is the truth in every
    moment in which somebody looks."""
    shop = await open_shop(services, campaign={"uses": 3}, account={"timezone": noon()})
    found = await made(db, shop, 60)
    busy = True

    async def look():
        looks = 0
        while busy:
            await check(db, shop)
            await counts.fold(db)
            looks += 1
        return looks

    async def live(i, both):
        kinds = [("opened",), ("claimed", "unclaimed"), ("claimed", "unclaimed", "claimed")][i % 3]
        for kind in kinds:
            async with db.transaction() as work:
                await actions.change(work, both, kind, doer=DOER, now=NOW)
        for _ in range(i % 4):
            async with db.transaction() as work:
                await actions.validate(work, both, doer=DOER, now=NOW)
        if i % 4 == 2:
            async with db.transaction() as work:
                await actions.change(work, both, "unvalidated", doer=DOER, now=NOW)
        if i % 4 == 0:
            async with db.transaction() as work:
                await actions.remove_session(work, both, NOW)

    looking = asyncio.create_task(look())
    await asyncio.gather(*(live(i, both) for i, both in enumerate(found)))
    busy = False
    assert await looking > 0
    truth = await check(db, shop)
    standing = await counts_of(db, shop)
    assert (standing.all, standing.today) == (truth, truth)
    assert truth.issued == 45
    await counts.fold(db)
    assert await counts_of(db, shop) == standing
    assert not await db.fetchval(
        "SELECT EXISTS (SELECT FROM campaign_deltas WHERE campaign_id = $1)", shop.campaign
    )


async def test_a_use_is_taken_off_the_day_on_which_it_happened(db, services):
    shop = await open_shop(services, campaign={"uses": 5}, account={"timezone": noon()})
    (both,) = await made(db, shop, 1)
    before = NOW - timedelta(days=1)
    for as_of in (NOW, before):  # a kept scan is heard of later
        async with db.transaction() as work:
            await actions.validate(work, both, doer=DOER, now=NOW, as_of=as_of)
    standing = await counts_of(db, shop)
    assert (standing.all.redeemed, standing.today.redeemed) == (2, 1)
    kept = next(use for use in await updates.uses_of(db, both.session.id) if use.at == before)
    async with db.transaction() as work:
        await actions.change(work, both, "unvalidated", doer=DOER, now=NOW, use=kept)
    standing = await counts_of(db, shop)
    assert (standing.all.redeemed, standing.today.redeemed) == (1, 1)
    day = counts.today(noon(), before)
    days = await counts.by_day(db, shop.account, shop.campaign, day, day + timedelta(days=1))
    assert {at: one.redeemed for at, one in days.items()} == {day: 0, day + timedelta(days=1): 1}


async def test_what_happened_on_two_days_is_counted_on_each(db, services):
    shop = await open_shop(services, account={"timezone": noon()})
    (both,) = await made(db, shop, 1)
    before = NOW - timedelta(days=1)
    await actions.change(db, both, "opened", doer=DOER, now=before)
    await actions.validate(db, both, doer=DOER, now=NOW)
    day, today = counts.today(noon(), before), counts.today(noon(), NOW)
    expected = {day: counts.Counts(opened=1), today: counts.Counts(issued=1, claimed=1, redeemed=1)}
    for _ in range(2):
        assert await counts.by_day(db, shop.account, shop.campaign, day, today) == expected
        assert (await counts_of(db, shop)).today == expected[today]
        await counts.fold(db)


async def test_nobody_waits_for_anybody(db, services):
    """Sixteen have counted in one campaign and not committed yet, nor has somebody who adds what
    was counted before."""
    shop = await open_shop(services, account={"timezone": noon()})
    async with contextlib.AsyncExitStack() as stack:
        folding = await stack.enter_async_context(db.transaction())
        await folding.execute(older_counts.LOCK)  # a worker does not come first
        await folding.execute("SET LOCAL lock_timeout = 1")
        found = await made(db, shop, 16)
        assert await counts.fold(folding) > 0
        for both in found:
            work = await stack.enter_async_context(db.transaction())
            await work.execute("SET LOCAL lock_timeout = 1")
            await actions.validate(work, both, doer=DOER, now=NOW)
        assert await counts.fold(db) == 0
        assert (await check(db, shop)).redeemed == 0
    assert (await check(db, shop)).redeemed == 16


async def test_who_reads_many_of_them_adds_them_up(db, services):
    """As where no worker runs."""
    shop = await open_shop(services, account={"timezone": noon()})
    await made(db, shop, 3)
    async with db.transaction() as work:
        await work.execute(older_counts.LOCK)  # and if one does, it does not come first
        await work.execute(
            "INSERT INTO campaign_deltas (campaign_id, account_id, at, issued) SELECT $1, $2, $3,"
            " i % 2 * 2 - 1 FROM generate_series(1, $4) i",
            shop.campaign, shop.account, NOW, counts.LONG + 2,
        )  # fmt: skip
        standing = await counts_of(work, shop)
        assert standing.all == standing.today == counts.Counts(issued=3)
        assert not await work.fetchval("SELECT EXISTS (SELECT FROM campaign_deltas)")
        assert await counts_of(work, shop) == standing


@pytest_asyncio.fixture
async def own(cluster, settings, worker_id):
    """A database of its own: the campaigns of all other tests are none of these."""
    async with own_services(cluster, settings, f"tearoff_counts_{worker_id}", size=20) as own:
        yield own


async def test_what_was_before_them_is_counted_once_whatever_happens_meanwhile(own):
    """As after an upgrade: the tables are empty, and coupons are used while they are filled."""
    db = own.db
    shop = await open_shop(own, campaign={"uses": 2}, account={"timezone": noon()})
    found = await made(db, shop, 40)
    for both in found[:20]:
        await actions.validate(db, both, doer=DOER, now=NOW)
    for table in ("totals", "days", "deltas"):
        await db.execute(f"DELETE FROM campaign_{table} WHERE campaign_id = $1", shop.campaign)
    await actions.validate(db, found[20], doer=DOER, now=NOW)
    await db.execute(
        "UPDATE upkeep SET due_at = now() - interval '1 day' WHERE name = $1", older_counts.NAME
    )
    await asyncio.gather(
        older_counts.count_if_due(db, NOW),
        *(actions.validate(db, both, doer=DOER, now=NOW) for both in found[10:]),
    )
    assert (await check(db, shop)).redeemed == 51
    assert await older_counts.is_done(db)
    assert not await older_counts.count_if_due(db, NOW)
    async with db.transaction() as work:  # and again changes nothing
        await older_counts.count_campaign(work, shop.account, shop.campaign)
        await older_counts.count_sent(work, shop.account)
    await check(db, shop)


async def test_of_what_was_before_them_each_campaign_reads_its_own(own):
    """Beside one of which many coupons were used; nobody has told the planner of them yet."""
    shop = await open_shop(own, campaign={"uses": 2}, account={"timezone": noon()})
    large, (used,) = await open_shop(own), await made(own.db, shop, 1)
    campaign = await campaigns.campaign(own.db, large.account, large.campaign)
    async with own.db.transaction() as work:
        await minting.mint(work, campaign, MANY, NOW)
    await actions.validate(own.db, used, doer=DOER, now=NOW)
    await own.db.execute(
        "INSERT INTO session_events (account_id, campaign_id, session_id, kind, at, actor)"
        " SELECT account_id, campaign_id, id, 'validated', $2, 'staff' FROM sessions"
        " WHERE account_id = $1",
        large.account, NOW,
    )  # fmt: skip
    await own.db.execute(
        "INSERT INTO messages (account_id, connection_id, about, about_is_new, recipient, text,"
        " encoding, segments, channel, state, created_at)"
        " SELECT account_id, $2, id, true, '+32470000001', 'x', 'gsm7', 1, 'sms', 'accepted', $3"
        " FROM sessions WHERE account_id = $1",
        large.account, large.connection, NOW,
    )  # fmt: skip
    await counts.fold(own.db)
    async with own.db.transaction() as work:
        before = await rows_read(work, *TABLES)
        await older_counts.count_campaign(work, shop.account, shop.campaign)
        await older_counts.count_sent(work, shop.account)
        assert await rows_read(work, *TABLES) - before < MANY / 10
    assert (await check(own.db, shop)).redeemed == 1


async def test_a_coupon_whose_message_never_left_is_not_issued(db, services):
    """And a message counts as sent while its state says that a service has it."""
    shop = await open_shop(services, account={"timezone": noon()})
    campaign = await campaigns.campaign(db, shop.account, shop.campaign)
    async with db.transaction() as work:
        issued = await actions.issue_session(
            work, campaign, NewSession(phone="+32470000001"), now=NOW
        )
        both = await actions.find_session(work, shop.account, issued.code)
    message = await db.fetchval(
        "INSERT INTO messages (account_id, connection_id, about, about_is_new, recipient, text,"
        " encoding, segments, channel, state, created_at) VALUES ($1, $2, $3, true,"
        " '+32470000001', 'x', 'gsm7', 1, 'sms', 'submitting', $4) RETURNING id",
        shop.account, shop.connection, both.session.id, NOW,
    )  # fmt: skip
    for state, sent in (("unknown", 0), ("accepted", 1), ("failed", 0), ("delivered", 1)):
        await db.execute("UPDATE messages SET state = $2 WHERE id = $1", message, state)
        assert (await check(db, shop)).sent == sent
    lost = Doer("tearoff", "sms")
    async with db.transaction() as work:
        await actions.change(work, both, "voided", doer=lost, now=NOW)
    assert (await check(db, shop)).issued == 0
    for kind in ("unvoided", "voided"):  # by somebody else: it is not taken off again
        async with db.transaction() as work:
            await actions.change(work, both, kind, doer=DOER, now=NOW)
    assert (await check(db, shop)).issued == 0
    async with db.transaction() as work:
        await actions.remove_session(work, both, NOW)
    standing = await counts_of(db, shop)
    assert (standing.all.issued, standing.today.issued) == (0, 0)


async def test_a_zone_that_the_database_does_not_know_keeps_nobody_from_anything(db, services):
    """Python's list of zones may be newer than the server's: days are then those of UTC."""
    shop = await open_shop(services, account={"timezone": "Mars/Olympus_Mons"})
    (both,) = await made(db, shop, 1)
    await actions.validate(db, both, doer=DOER, now=NOW)
    assert (await check(db, shop)).redeemed == 1
    async with db.transaction() as work:
        await older_counts.count_campaign(work, shop.account, shop.campaign)
    day = counts.today("UTC", NOW)
    assert list(await counts.by_day(db, shop.account, shop.campaign, day, day)) == [day]


async def test_another_account_reads_none_of_them(db, services):
    shop, other = await open_shop(services), await open_shop(services)
    await made(db, shop, 2)
    day = counts.today("UTC", NOW)
    assert await counts.of_campaigns(db, other.account, [shop.campaign], day) == {}
    days = await counts.by_day(db, other.account, shop.campaign, day - timedelta(days=2), day)
    assert days == {}
