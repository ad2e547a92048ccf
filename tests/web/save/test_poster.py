"""The QR code of a public link, and the poster that carries it: read back by a reader of codes."""

import io

import pypdfium2
import pytest
import zxingcpp
from PIL import Image, ImageDraw

from tearoff.web.save.poster import Poster, print_poster, qr_png, qr_svg

LINK = "https://coupons.example.com/p/vuhykb"


def picture():
    out = io.BytesIO()
    image = Image.new("RGB", (800, 420), "#c98a3b")
    ImageDraw.Draw(image).ellipse((250, 60, 550, 360), fill="#ffffff")
    image.save(out, "WEBP")
    return out.getvalue()


def poster(**values):
    return Poster(**{
        "language": "en", "is_rtl": False, "color": "#0b5d4b", "brand": "Bean & Leaf",
        "title": "2-for-1 cappuccino", "value": "Second cup free", "scan_this": "Scan for yours",
        "link": LINK, "until": "Until 31 December 2027", "terms": "One for each visit.",
        "picture": None, **values,
    })  # fmt: skip


def test_the_code_holds_the_link_as_pixels_and_as_a_drawing():
    image = Image.open(io.BytesIO(qr_png(LINK)))
    assert min(image.size) >= 1200
    assert [one.text for one in zxingcpp.read_barcodes(image)] == [LINK]
    drawing = qr_svg(LINK).decode()
    assert drawing.startswith("<?xml") and "<script" not in drawing
    assert "&lt;" not in drawing and "#fff" in drawing


@pytest.mark.parametrize("values", [
    {},
    {"picture": picture()},
    {"picture": picture(), "title": "Wort " * 60, "value": "x" * 100, "terms": "Lang. " * 900},
    {"language": "ar", "is_rtl": True, "title": "قهوتان بسعر واحدة 2-for-1", "picture": picture(),
     "link": f"https://{'long.' * 20}example.com/p/vuhykb"},
])  # fmt: skip
def test_a_poster_is_one_page_of_a4_whose_code_is_read(values):
    file = print_poster(poster(**values))
    with pypdfium2.PdfDocument(file) as document:
        assert len(document) == 1
        page = document[0]
        assert [round(side) for side in page.get_size()] == [595, 842]
        shown = page.render(scale=1.5).to_pil()
    assert [one.text for one in zxingcpp.read_barcodes(shown)] == [poster(**values).link]
