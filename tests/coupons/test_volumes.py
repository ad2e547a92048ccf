"""Volumes: a million own codes, a million sessions in a list. Left to `make soak`."""

from datetime import UTC, datetime, timedelta

import pytest

from tearoff.coupons import campaigns, lists, pools
from tearoff.coupons.minting import mint
from tests.cast import open_shop

pytestmark = [pytest.mark.soak, pytest.mark.timeout(900)]
MILLION = 1_000_000


async def codes(*, end=MILLION):
    for start in range(0, end, 10_000):
        yield "".join(f"V-{i:07d}\n" for i in range(start, start + 10_000)).encode()
    yield b"V-0000007\n"


async def test_a_million_own_codes(services):
    shop = await open_shop(services)
    async with services.db.transaction() as db:
        with pytest.raises(Exception, match="At most 1,000,000"):
            async with db.transaction():
                await pools.import_codes(db, shop.account, shop.campaign, codes())
        done = await pools.import_codes(
            db, shop.account, shop.campaign, codes(end=MILLION - 10_000)
        )
    assert (done.imported, done.left_out) == (MILLION - 10_000, 1)
    assert [(x.line, x.why) for x in done.lines] == [(MILLION - 9_999, "twice in this list")]
    async with services.db.transaction() as db:
        campaign = await campaigns.campaign(db, shop.account, shop.campaign)
        await mint(db, campaign, 100_000, datetime.now(UTC))
    assert await pools.left(services.db, shop.campaign) == MILLION - 110_000
    taken = await services.db.fetchval(
        "SELECT count(DISTINCT validation_code) FROM sessions WHERE campaign_id = $1",
        shop.campaign,
    )
    assert taken == 100_000


async def test_any_page_of_a_million(services):
    shop = await open_shop(services)
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    for lot in range(10):
        async with services.db.transaction() as db:
            campaign = await campaigns.campaign(db, shop.account, shop.campaign)
            await mint(db, campaign, MILLION // 10, begin + timedelta(days=lot))
    async with services.db.transaction() as db:
        assert await lists.set_anchors(db, shop.campaign, datetime.now(UTC)) == 200
    seen = set()
    for number in (1, 2, 4_999, 5_000, 5_001, 9_999, 10_000):
        page = await lists.page(services.db, shop.campaign, "created", number)
        assert (page.total, len(page.sessions)) == (MILLION, 100)
        assert page.sessions[0].created_at == begin + timedelta(days=(number - 1) // 1_000)
        seen |= {session.id for session in page.sessions}
    assert len(seen) == 700
    assert (await lists.page(services.db, shop.campaign, "created", 10_001)).sessions == []
