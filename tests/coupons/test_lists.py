"""Pages of long lists, with anchors, against what a plain query says."""

from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio

from tearoff.coupons.campaigns import campaigns
from tearoff.coupons.models import Doer
from tearoff.coupons.sessions import actions, lists
from tearoff.coupons.sessions.lists import Period
from tearoff.coupons.sessions.minting import mint
from tests.cast import open_shop

BEGIN = datetime(2026, 3, 1, tzinfo=UTC)
N = 12_345
DOER = Doer(actor="test", channel="test")


@pytest_asyncio.fixture(scope="module")
async def long_list(services):
    """A campaign with 12,345 sessions, one a minute; every third opened, a day later."""
    shop = await open_shop(services)
    async with services.db.transaction() as db:
        found = await campaigns.campaign(db, shop.account, shop.campaign)
        await mint(db, found, N, BEGIN)
        await db.execute(
            "UPDATE sessions s SET created_at = $2::timestamptz + o.n * interval '1 minute'"
            " FROM (SELECT id, row_number() OVER (ORDER BY id) - 1 AS n FROM sessions"
            " WHERE campaign_id = $1) o WHERE o.id = s.id",
            shop.campaign,
            BEGIN,
        )
        await db.execute(
            "WITH o AS (UPDATE sessions SET opened_at = created_at + interval '1 day'"
            " WHERE campaign_id = $1 AND id % 3 = 0 RETURNING *)"
            " INSERT INTO session_events (account_id, campaign_id, session_id, kind, at, listed)"
            " SELECT account_id, campaign_id, id, 'opened', opened_at, true FROM o",
            shop.campaign,
        )
    return shop


async def plain(services, shop, name, period=Period()):  # noqa: B008
    column = {"created": "created_at", "opened": "opened_at"}[name]
    rows = await services.db.fetch(
        f"SELECT id FROM sessions WHERE campaign_id = $1 AND {column} IS NOT NULL"
        f" AND ($2::timestamptz IS NULL OR {column} >= $2)"
        f" AND ($3::timestamptz IS NULL OR {column} <= $3) ORDER BY {column}, id",
        shop.campaign,
        period.start,
        period.end,
    )
    return [row["id"] for row in rows]


async def ids_of(services, shop, name, number, period=Period()):  # noqa: B008
    page = await lists.page(services.db, shop.campaign, name, number, period)
    return page.total, [session.id for session in page.sessions]


PERIODS = [
    Period(),
    Period(start=BEGIN + timedelta(days=2)),
    Period(end=BEGIN + timedelta(days=4, seconds=1)),
    Period(BEGIN + timedelta(days=1, hours=3), BEGIN + timedelta(days=7)),
    Period(BEGIN + timedelta(minutes=5000), BEGIN + timedelta(minutes=5000)),
    Period(BEGIN - timedelta(days=2), BEGIN - timedelta(days=1)),
    Period(BEGIN + timedelta(days=4), BEGIN + timedelta(days=3)),
]


@pytest.mark.parametrize("with_anchors", [False, True])
@pytest.mark.parametrize("name", ["created", "opened"])
async def test_every_page_is_what_a_plain_query_gives(services, long_list, name, with_anchors):
    if with_anchors:
        async with services.db.transaction() as db:
            await lists.set_anchors(db, long_list.campaign, datetime.now(UTC))
        assert await services.db.fetchval(
            "SELECT count(*) FROM list_anchors WHERE campaign_id = $1", long_list.campaign
        ) == 2  # fmt: skip
    for period in PERIODS:
        expected = await plain(services, long_list, name, period)
        pages = len(expected) // 100 + 1
        for number in {1, 2, 49, 50, 51, 52, 99, 100, 101, pages - 1, pages, pages + 1} - {0, -1}:
            total, ids = await ids_of(services, long_list, name, number, period)
            assert total == len(expected)
            assert ids == expected[(number - 1) * 100 : number * 100], (period, number)


async def test_taking_out_moves_the_anchors(services, long_list):
    async with services.db.transaction() as db:
        await lists.set_anchors(db, long_list.campaign, datetime.now(UTC))
    everything = await plain(services, long_list, "created")
    for session_id in (everything[17], everything[4_999], everything[5_000], everything[-1]):
        async with services.db.transaction() as db:
            found = await actions.find_session(
                db, long_list.account,
                await db.fetchval("SELECT code FROM sessions WHERE id = $1", session_id),
            )  # fmt: skip
            await actions.remove_session(db, found, datetime.now(UTC))
    for name in ("created", "opened"):
        expected = await plain(services, long_list, name)
        for number in (1, 50, 51, len(expected) // 100 + 1):
            total, ids = await ids_of(services, long_list, name, number)
            assert total == len(expected)
            assert ids == expected[(number - 1) * 100 : number * 100]


async def test_recent_places_get_no_anchor(services):
    shop = await open_shop(services)
    async with services.db.transaction() as db:
        found = await campaigns.campaign(db, shop.account, shop.campaign)
        await mint(db, found, lists.STEP + 10, datetime.now(UTC))
        assert await lists.set_anchors(db, shop.campaign, datetime.now(UTC)) == 0
    total, ids = await ids_of(services, shop, "created", lists.STEP // 100 + 1)
    assert (total, len(ids)) == (lists.STEP + 10, 10)


async def test_flags_follow_what_happens(services):
    shop = await open_shop(services, campaign={"uses": 2})
    now = datetime.now(UTC)
    async with services.db.transaction() as db:
        campaign = await campaigns.campaign(db, shop.account, shop.campaign)
        issued = await actions.issue_session(db, campaign, actions.NewSession(), now=now)

    async def totals():
        found = [await lists.page(services.db, shop.campaign, n, 1) for n in lists.FLAGS]
        return [page.total for page in found]

    async def do(kind):
        async with services.db.transaction() as db:
            found = await actions.find_session(db, shop.account, issued.code)
            if kind == "validated":
                await actions.validate(db, found, doer=DOER, now=datetime.now(UTC))
            else:
                await actions.change(db, found, kind, doer=DOER, now=datetime.now(UTC))

    steps = [
        ("claimed", [1, 1, 0]), ("unclaimed", [1, 0, 0]), ("validated", [1, 1, 0]),
        ("validated", [1, 1, 1]), ("unvalidated", [1, 1, 0]), ("validated", [1, 1, 1]),
    ]  # fmt: skip
    for kind, expected in steps:
        await do(kind)
        assert await totals() == expected, kind
