"""Planning at home: what somebody keeps of a coupon that cannot be used at this moment."""

import json

import pypdfium2
import pytest
from playwright.async_api import expect

from tearoff.coupons.models import NewSession
from tests.web.browsing import axe_finds_nothing, in_browser
from tests.web.conftest import do, in_days
from tests.web.coupon.test_ends import WORKDAYS, brussels
from tests.web.save.test_calendar import read
from tests.web.scenes import DESCRIPTION

pytestmark = in_browser

STATES = {
    "Not yet valid": {"starts_at": brussels("2031-01-04 00:00")},
    "Not at this hour": {
        "raw_options": json.dumps({"hours": [{**WORKDAYS[0], "days": [in_days(3).isoweekday()]}]})
    },
}


async def download(page, link):
    """What the link gives; the browser shows no PDF here, and no calendar anywhere."""
    answer = await page.request.get(await link.evaluate("e => e.href"))
    assert answer.status == 200
    return await answer.body()


@pytest.mark.parametrize(
    ("badge", "width", "script"),
    [
        ("Not yet valid", 320, True),
        ("Not yet valid", 1366, False),
        ("Not at this hour", 320, False),
        ("Not at this hour", 1366, True),
        pytest.param("Not yet valid", 320, False, marks=pytest.mark.soak),
        pytest.param("Not yet valid", 1366, True, marks=pytest.mark.soak),
        pytest.param("Not at this hour", 320, True, marks=pytest.mark.soak),
        pytest.param("Not at this hour", 1366, False, marks=pytest.mark.soak),
    ],
)
async def test_it_is_saved_before_it_can_be_used(make_coupon, visit, badge, width, script):
    coupon = await make_coupon(
        picture=True, description=DESCRIPTION, expires_at=brussels("2031-02-01 00:00"),
        new=NewSession(email="ann@example.com"), **STATES[badge],
    )  # fmt: skip
    async with visit(coupon.path, width=width, script=script) as page:
        await expect(page.locator(".badge")).to_have_text(badge)
        await page.get_by_role("link", name="Save or send").click()
        await expect(page.locator("main")).to_contain_text("Valid until")
        if badge == "Not yet valid":
            await expect(page.locator("main")).to_contain_text("Valid from 4 January 2031, 00:00")
            await expect(page.locator("main")).to_contain_text("until 31 January 2031, 23:59")
        paper = await download(page, page.get_by_role("link", name="Save as PDF"))
        words = pypdfium2.PdfDocument(paper)[0].get_textpage().get_text_range()
        assert coupon.short.upper() in words
        assert DESCRIPTION.split(".")[0] in words
        file = await download(page, page.get_by_role("link", name="Add to calendar"))
        entries = read(file.decode())
        assert len(entries) == (2 if badge == "Not yet valid" else 1)
        assert all(entry.walk("VALARM") for entry in entries)
        if script:
            await axe_finds_nothing(page)
        await page.get_by_role("link", name="Back to the coupon").click()
        await expect(page.locator(".badge")).to_have_text(badge)


@pytest.mark.parametrize("file", ["coupon.pdf", "coupon.ics", "save"])
async def test_an_old_link_after_the_use_opens_the_coupon(coupon, visit, file):
    await do(coupon, "validated")
    async with visit(f"{coupon.path}/{file}?lang=nl") as page:
        await expect(page.locator(".badge")).to_have_text("Gebruikt")
        await expect(page.locator(".big")).to_be_visible()
        assert page.url.endswith(f"{coupon.path}?lang=nl")
