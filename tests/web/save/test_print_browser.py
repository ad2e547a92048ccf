"""The coupon's page as a browser prints it: one sheet with what is of use on paper."""

import json

import pypdfium2
import pytest
import zxingcpp

from tearoff.coupons.models import NewSession
from tests.web.browsing import in_browser
from tests.web.scenes import DESCRIPTION, LINKS, SCENES

pytestmark = in_browser

LONG = "Not together with other offers, and never for cash. "
PERSON = NewSession(phone="+32470001234")
NOT_ON_PAPER = (
    "Save or send", "For staff", "PIN", "Mark as used", "Refresh", "A coupon from", "Stop messages",
    "Privacy", "Help", "Language", "Nederlands", "left", "Copy the code", "Activate", "Reveal",
)  # fmt: skip


async def sheets_of(page, paper="A4"):
    margins = dict.fromkeys(("top", "right", "bottom", "left"), "10mm")
    return pypdfium2.PdfDocument(await page.pdf(format=paper, margin=margins))


def words_of(sheets):
    return " ".join(sheets[0].get_textpage().get_text_range().split())


@pytest.mark.parametrize(
    ("width", "papers"),
    [
        (390, ["A4", "A5"]),
        (1366, ["Letter"]),
        pytest.param(390, ["Letter"], marks=pytest.mark.soak),
        pytest.param(1366, ["A4", "A5"], marks=pytest.mark.soak),
    ],
)
async def test_it_is_one_sheet_without_what_is_pressed(make_coupon, visit, width, papers):
    coupon = await make_coupon(
        picture=True, new=PERSON, description=DESCRIPTION, terms="One for each visit.",
        raw_options=json.dumps({**LINKS, "methods": ["code", "pin", "button"]}),
    )  # fmt: skip
    async with visit(coupon.path, width=width, language="nl", scheme="dark") as page:
        await page.goto(f"{page.url}?lang=en")
        for paper in papers:
            sheets = await sheets_of(page, paper)
            assert len(sheets) == 1, paper
            words = words_of(sheets)
            for told in ("Bean & Leaf", "2-for-1 cappuccino", "Second cup free", DESCRIPTION,
                         coupon.short.upper(), "Valid until", "One for each visit."):  # fmt: skip
                assert told in words, paper
            assert [word for word in NOT_ON_PAPER if word in words] == [], paper
            (found,) = zxingcpp.read_barcodes(sheets[0].render(scale=150 / 72).to_pil())
            assert found.text == f"https://coupons.example.com{coupon.path}"


async def test_much_text_is_one_sheet_with_the_code_and_the_terms(make_coupon, visit):
    terms = LONG * 90 + "The last of the terms."
    coupon = await make_coupon(picture=True, description=LONG * 90, terms=terms)
    async with visit(coupon.path) as page:
        sheets = await sheets_of(page)
        assert len(sheets) == 1
        assert zxingcpp.read_barcodes(sheets[0].render(scale=150 / 72).to_pil())
        assert "The last of the terms." in words_of(sheets)


STATES = ["used", "not-yet", "claimable", "scratch", "webshop", "barcode", "accepted", "public"]


async def test_other_states_are_one_sheet_too(make_coupon, phone, guarded):
    unwanted = (*NOT_ON_PAPER, "Add to calendar", "Go to the webshop", "Get your coupon")
    async with phone() as page:
        for name in STATES:
            scene = SCENES[name]
            coupon, path = await scene.make(make_coupon)
            if name == "accepted":
                await coupon.redeem("471108")
            async with guarded(page):
                await page.goto(coupon.url + path)
                sheets = await sheets_of(page)
            assert len(sheets) == 1, name
            words = words_of(sheets)
            assert "2-for-1 cappuccino" in words, name
            told = words.replace("Ready to activate", "")
            assert [word for word in unwanted if word in told] == [], name
