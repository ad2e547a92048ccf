"""The lists at the counter show the clock of the place, and when something was scanned."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from playwright.async_api import expect

from tearoff.kit import times
from tests.web.browsing import in_browser
from tests.web.conftest import do
from tests.web.test_till_clock import kept, sync
from tests.web.tills import open_till

pytestmark = in_browser


async def test_a_device_of_another_zone_shows_the_hours_of_the_place(
    make_coupon, visit, services, http, server
):
    """Its clock is three days behind, too. What was refused shows when it was scanned; on another
    day, with the day."""
    fine = await make_coupon()
    gone = await make_coupon(fine.shop)
    await services.db.execute(
        "UPDATE sessions SET created_at = created_at - interval '3 days' WHERE account_id = $1",
        fine.shop.account,
    )
    await do(gone, "validated")
    till, now = await open_till(services, http, server.url, fine.shop), datetime.now(UTC)
    off, at = timedelta(days=-3), now - timedelta(hours=30)
    scans = [kept(one.code, at + off, take=True) for one in (fine, gone)]
    await sync(till, *scans, sent_at=(now + off).isoformat())
    cookie = {"name": "tearoff_till", "value": till.secret}
    async with visit("/till", cookies=[cookie], timezone_id="Asia/Tokyo") as page:
        wall = times.clock_of(at, "Europe/Brussels")
        for row in ("#rows .used", "#conflict-rows .no"):
            time = page.locator(f"{row} time")
            await expect(time).to_contain_text(f"{wall:%H:%M}")
            await expect(time).to_contain_text(f"{wall.day} ")
        await expect(page.locator("#rows .used .text")).to_be_visible()
        await expect(page.locator("#conflict-rows .text")).to_contain_text("Used ")
