"""Words without a blank on paper: what they cost grows with their length, and none leaves the
page."""

import contextlib
import random
from math import log2

import msgspec
import pypdfium2
import pytest
from fpdf.fonts import TTFFont

from tearoff.web.save import pdf_layout
from tearoff.web.save.pdf_layout import print_paper
from tearoff.web.save.printed import Paper, Told

PLAIN = Paper(
    language="en", is_rtl=False, color="#006644", brand="Bean", title="T", subtitle="", value="",
    description="", picture=None, show_this="Show this", barcode="qr", content="A1",
    readable=(Told("Code", "A1"),), dates=(), hours="", note="", terms="", terms_word="Terms",
    more_terms="All terms are on the coupon", footer="",
)  # fmt: skip
LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_=&?%"
MIXED = "".join(random.Random(1).choices(LETTERS + "شبمعغ\u0301", k=6000))
MOST_PARTS = log2(pdf_layout.MOST_OF_LINE) + 2
"""The parts of a word that a letter can stand in, with a margin for the rest of the page."""


@pytest.fixture
def measured(monkeypatch):
    """How long all is that the font measured."""
    lengths = []
    shape = TTFFont.shaped_text_width

    def measure(self, text, *rest):
        lengths.append(len(text))
        return shape(self, text, *rest)

    monkeypatch.setattr(TTFFont, "shaped_text_width", measure)
    return lengths


WORDS = {
    "wide": "W" * 6000,
    "thin": "i" * 6000,
    "arabic": "ش" * 6000,
    "arabic, widest in the midst": "م" * 6000,
    "mixed": MIXED,
    "marks": "W" * 40 + "\u0301" * 5960,
    "link": "https://example.com/?q=" + "a" * 1500,
    "words": "Waaaaaaaaaaaaaah " * 350,
    "long words": ("W" * 150 + " ") * 40,
}


PLACES = {"terms": ("terms",), "others": ("title", "subtitle", "value", "description", "hours")}


@pytest.mark.parametrize("places", PLACES)
@pytest.mark.parametrize("word", WORDS)
def test_what_is_measured_grows_with_the_length_and_no_line_leaves_the_page(measured, word, places):
    text, is_rtl = WORDS[word], word.startswith("arabic")
    values = dict.fromkeys(PLACES[places], text)
    if places == "others":
        # No more of them is looked at.
        text = text[: 2 * pdf_layout.MOST_OF_LINE]
        values |= {"dates": (Told("Until", text),), "readable": (Told("Code", text),)}
    printed = print_paper(msgspec.structs.replace(PLAIN, is_rtl=is_rtl, **values))
    assert sum(measured) < MOST_PARTS * len(text) * len(values)
    page = pypdfium2.PdfDocument(printed)[0].render(scale=1).to_pil().convert("L")
    below_bar = page.crop((0, 16, page.width, page.height))
    left, _, right, _ = below_bar.point(lambda level: 255 * (level < 200)).getbbox()
    margin = pdf_layout.MARGIN * page.width / pdf_layout.WIDTH
    assert left > margin * 0.8
    assert right < page.width - margin * 0.8


@pytest.mark.parametrize("word", ["W" * 700, "ش" * 700, MIXED[:700].replace("\u0301", "")])
def test_no_letter_is_lost(word):
    with contextlib.closing(pdf_layout._Sheet(PLAIN)) as sheet:
        lines = sheet.lines(f"a {word} b", 8)
        wide = [sheet._width(line, 8, False) for line in lines[1:-1]]
    assert " ".join(lines).replace(" ", "") == f"a{word}b"
    assert all(pdf_layout._INNER * 0.9 < one < pdf_layout._INNER * 1.02 for one in wide), wide
