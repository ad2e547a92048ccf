"""The lists at the counter show the clock of the place, and when something was scanned."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from playwright.async_api import expect

from tearoff.kit import times
from tests.web.browsing import in_browser
from tests.web.conftest import do
from tests.web.till.test_browser import OFFLINE, press, trust, type_code, verdict_is
from tests.web.till.test_clock import kept, sync
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


WRONG_CLOCK = """(() => {
  const Real = Date, off = %d;
  globalThis.Date = class extends Real {
    constructor(...given) { super(...(given.length ? given : [Real.now() + off])); }
    static now() { return Real.now() + off; }
  };
})()"""


async def test_a_device_three_days_behind_loses_no_scan(coupon, services, stand):
    """Scanned without connection, taken in with the time of the place."""
    await trust(services, coupon.shop)
    async with stand(coupon.shop, fine=OFFLINE) as page:
        await page.add_init_script(WRONG_CLOCK % -(timedelta(days=3) / timedelta(milliseconds=1)))
        async with page.expect_response("**/till/api/state*"):
            await page.reload()
        await expect(page.locator("#place")).to_have_text("Ghent")
        await page.context.set_offline(True)
        await type_code(page, coupon.code)
        await verdict_is(page, "unchecked", "NOT CHECKED")
        await press(page, "#v-act")
        await expect(page.locator("#v-lines")).to_contain_text("You may hand out the goods.")
        row = page.locator("#rows .unchecked time")
        now = times.clock_of(datetime.now(UTC), "Europe/Brussels")
        around = {f"{now + timedelta(minutes=n):%H:%M}" for n in (-2, -1, 0, 1)}
        assert await row.text_content() in around
        await page.context.set_offline(False)
        await verdict_is(page, "used", "OK, used")
        assert await page.locator("#rows .used time").text_content() in around
        await expect(page.locator("#v-undo")).to_contain_text("Undo")
        await expect(page.locator("#conflicts")).to_be_hidden()
    assert (await coupon.row())["uses"] == 1
