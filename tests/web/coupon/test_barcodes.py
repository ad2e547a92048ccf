"""Every barcode, drawn on the coupon's page in a real browser, read back from its picture: the
right content in the right symbology."""

import io
import json

import pytest
import zxingcpp
from PIL import Image

from tearoff.coupons.models import NewSession
from tests.web.browsing import in_browser

pytestmark = in_browser

HOLDS = {
    "qr": ("Autumn-26", "]Q1"),
    "code128": ("Autumn-26 / 7", "]C0"),
    "ean13": ("4006381333931", "]E0"),
    "upca": ("036000291452", "]E0"),
    "itf": ("00012345678905", "]I1"),
    "gs1_128": ("(01)09506000134352(10)ABC123", "]C1"),
    "databar": ("09506000134352", "]e0"),
    "databar_expanded": ("(01)09506000134352(3103)000123", "]e0"),
    "datamatrix": ("Autumn-26", "]d1"),
    "gs1_datamatrix": ("(01)09506000134352(10)ABC123", "]d2"),
    "pdf417": ("Autumn-26", "]L2"),
    "aztec": ("Autumn-26", "]z0"),
}


PHONES = [
    (320, 2),
    (390, 3),
    *[pytest.param(*one, marks=pytest.mark.soak) for one in [(360, 2.625), (414, 2)]],
]


def same(barcode, read):
    """The content as it was given: GS1 readers put in what is understood."""
    if barcode == "databar":
        return read.removeprefix("(01)")
    return read[1:] if barcode == "upca" and len(read) == 13 else read


async def show_each(page, guarded, coupons):
    """Each coupon with its page, one after the other on the same phone, and the page's picture."""
    for coupon in coupons:
        async with guarded(page):
            await page.goto(coupon.url + coupon.path)
        yield coupon, Image.open(io.BytesIO(await page.screenshot(full_page=True)))


@pytest.mark.parametrize(
    ("width", "scheme", "language"),
    [(390, "light", "en"), pytest.param(320, "dark", "ar", marks=pytest.mark.soak)],
)
async def test_read_back_from_its_page(make_coupon, phone, guarded, width, scheme, language):
    options = [
        {"barcode": barcode, "code": "fixed", "fixed_code": text}
        for barcode, (text, _) in HOLDS.items()
    ]
    coupons = [await make_coupon(raw_options=json.dumps(one)) for one in options]
    async with phone(width=width, scheme=scheme, language=language) as page:
        pictures = [picture async for _, picture in show_each(page, guarded, coupons)]
    for (barcode, (text, symbology)), picture in zip(HOLDS.items(), pictures, strict=True):
        (found,) = zxingcpp.read_barcodes(picture)
        assert same(barcode, found.text) == text
        assert found.symbology_identifier == symbology, barcode
        is_gs1 = found.content_type == zxingcpp.ContentType.GS1
        assert is_gs1 == (symbology in ("]C1", "]d2", "]e0"))


async def test_the_sessions_and_the_pools_code(make_coupon, visit):
    own = await make_coupon(
        new=NewSession(validation_code="4006381333931"),
        raw_options=json.dumps({"barcode": "ean13", "code": "own"}),
    )
    session = await make_coupon(raw_options=json.dumps({"barcode": "code128", "code": "session"}))
    for coupon, text in ((own, "4006381333931"), (session, session.code)):
        async with visit(coupon.path) as page:
            picture = Image.open(io.BytesIO(await page.screenshot(full_page=True)))
        assert [found.text for found in zxingcpp.read_barcodes(picture)] == [text]


@pytest.mark.parametrize(("width", "scale"), PHONES)
async def test_long_ones_are_wide_enough_for_every_phone(make_coupon, phone, guarded, width, scale):
    texts = ["cdyvep5ihnwrxp8bb7208", "abcdefghijklmnopqrstu", "4006381333931" * 3]
    options = [{"barcode": "code128", "code": "fixed", "fixed_code": text} for text in texts]
    coupons = [await make_coupon(raw_options=json.dumps(one)) for one in options]
    async with phone(width=width, scale=scale) as page:
        async for coupon, picture in show_each(page, guarded, coupons):
            text = texts[coupons.index(coupon)]
            assert [found.text for found in zxingcpp.read_barcodes(picture)] == [text]
            bars = await page.locator(".plate svg").bounding_box()
            assert 270 <= bars["width"] <= width
