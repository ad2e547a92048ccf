"""The parts that a page is made of."""

import gzip
import re
import string

import pytest
import segno
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from tearoff.kit import colors
from tearoff.kit.words import LANGUAGES
from tearoff.web.coupon.qr import draw_qr
from tearoff.web.paper import html
from tearoff.web.paper.languages import choose_language


def modules(qr):
    """The dark modules that the SVG path draws."""
    dark, x, y = set(), 0, 0
    for move, a, b in re.findall(r"([Mmh])(-?\d+)(?: (-?\d+))?", qr.path):
        if move == "M":
            x, y = int(a), int(b)
        elif move == "m":
            x, y = x + int(a), y + int(b)
        else:
            dark |= {(x + i, y) for i in range(int(a))}
            x += int(a)
    return dark


def picture(qr, scale=4):
    side = (qr.size + 8) * scale
    image = Image.new("L", (side, side), 255)
    pen = ImageDraw.Draw(image)
    for x, y in modules(qr):
        left, top = (x + 4) * scale, (y + 4) * scale
        pen.rectangle((left, top, left + scale - 1, top + scale - 1), fill=0)
    return image


@pytest.mark.parametrize("length", [14, 26, 42, 62, 84, 106])
def test_qr_is_the_one_that_the_standard_asks_for(length):
    """Module by module as another program draws it with the same version, level and mask. Full
    symbols only: that program pads others with a codeword that the standard does not have."""
    text = "".join(string.ascii_lowercase[(i * 7 + length) % 26] for i in range(length))
    ours = draw_qr(text)
    theirs = segno.make_qr(
        text, error="m", mask=3, mode="byte", boost_error=False, version=(ours.size - 17) // 4
    )
    expected = {(x, y) for y, row in enumerate(theirs.matrix) for x, bit in enumerate(row) if bit}
    assert modules(ours) == expected


@pytest.mark.parametrize("length", range(1, 108))
def test_qr_of_every_length_can_be_read(length):
    text = "".join(string.ascii_lowercase[(i * 5 + length) % 26] for i in range(length))
    (found,) = zxingcpp.read_barcodes(picture(draw_qr(text)))
    assert (found.text, found.ec_level) == (text, "M")


@settings(max_examples=60)
@given(st.text(string.ascii_letters + string.digits + ":/.-_é", min_size=1, max_size=90))
def test_qr_can_be_read(text):
    (found,) = zxingcpp.read_barcodes(picture(draw_qr(text)))
    assert found.text == text
    assert found.ec_level == "M"


@settings(max_examples=200)
@given(st.from_regex(r"#[0-9a-fA-F]{6}", fullmatch=True))
def test_every_brand_colour_becomes_readable(color):
    made = colors.brand_colors(color)
    assert colors.contrast(made.on_light, colors.LIGHT_CARD) >= 4.5
    assert colors.contrast(made.on_dark, colors.DARK_CARD) >= 4.5


def test_a_readable_colour_stays():
    assert colors.brand_colors("#0b5d4b").on_light == "#0b5d4b"
    assert colors.brand_colors("red; }").on_light == colors.brand_colors(colors.OURS).on_light


def test_contrast_is_that_of_wcag():
    assert colors.contrast("#000000", "#ffffff") == pytest.approx(21)
    assert colors.contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


@given(st.text(max_size=60), st.text(max_size=60))
def test_any_header_gives_a_language(asked, accepted):
    assert choose_language(asked, accepted, "") in LANGUAGES


def test_continued_gzip_is_gzip():
    start = html.Beginning("<p>Buy one, get one free.</p>" * 300, "", (), ())
    for rest in (b"", b"<p>Buy one, get one free.</p>" * 50, bytes(range(256)) * 40):
        assert gzip.decompress(start.gzip(rest)) == start.plain + rest
