"""The page that stops messages, in a real browser."""

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import expect

from tearoff.coupons.models import NewSession
from tests.web.browsing import in_browser

pytestmark = in_browser

PERSON = NewSession(phone="+32470001234", email="ann@example.com")


@pytest.mark.parametrize("width", [320, 1366])
@pytest.mark.parametrize(("language", "scheme"), [("en", "light"), ("ar", "dark")])
@pytest.mark.parametrize("script", [True, False])
async def test_stop_and_undo(make_coupon, visit, width, language, scheme, script):
    coupon = await make_coupon(new=PERSON, brand_color="#b3261e")
    path = f"{coupon.path}/stop"
    async with visit(path, width=width, language=language, scheme=scheme, script=script) as page:
        for step in ("ask", "done", "again"):
            await expect(page.locator("h1")).to_be_visible()
            await expect(page.locator("bdi")).to_have_count(2)
            if script:
                found = await Axe().run(page)
                assert found.violations_count == 0, found.generate_report()
            if step != "again":
                async with page.expect_navigation():
                    await page.locator("form button").press("Enter")
        assert await page.locator("form").count() == 0
        await page.locator("main a").click()
        await expect(page.locator("h1")).to_have_text("2-for-1 cappuccino")
