"""A coupon on paper: one page of A5, black on white where a scanner must read it.

Lines are broken here, each one is then shaped and put in order by itself (Unicode's bidi
algorithm), so that Arabic with Latin words in it reads right on every line.
"""

from __future__ import annotations

import contextlib
import io

from PIL import Image

from tearoff.coupons import symbols
from tearoff.web.save.pdf_barcode import rows_of, runs_in
from tearoff.web.save.pdf_sheet import BLACK, GREY, MOST_OF_LINE, Sheet, Size
from tearoff.web.save.printed import Paper

WIDTH, HEIGHT = 148.0, 210.0
MARGIN = 13.0
_INNER = WIDTH - 2 * MARGIN
_BOTTOM = HEIGHT - 12
_HIGH, _LOW, _LOWEST, _MANY = 62.0, 40.0, 24.0, 400
"""The picture's height, the one that leaves room for terms of more than so many letters, and the
least: with less room there is none."""

_UNDER_PICTURE = 4.0

_SQUARE = 50.0
"""Millimetres of a square code with its quiet zone."""

_CODE, _BARS_AND_WORDS, _FEW_TERMS = 68.0, 56.0, 14.0
"""Millimetres from the dates to the terms, with a square code or with bars, and those for some
lines of terms."""

_DESCRIBED, _MOST_DESCRIBED = 9.5, 8
"""The description's letters, in points, and its lines."""

_BARS = 20.0
_WIDEST_MODULE, _LONGEST_LINE = 0.5, 2_000
_LINE = (160, 166, 163)
_MOST_TERMS = 6_000
"""Characters of the terms that are measured at all. More does not fit on the page."""


def print_paper(paper: Paper) -> bytes:
    """The page as a PDF file."""
    with contextlib.closing(_Sheet(paper)) as sheet:
        sheet.head()
        sheet.offer()
        sheet.code()
        sheet.rest()
        return bytes(sheet.pdf.output())


class _Sheet(Sheet):
    """`y` is how far the page is filled, in millimetres."""

    def __init__(self, paper: Paper) -> None:
        title = f"{paper.title} · {paper.brand}" if paper.brand else paper.title
        size = Size(WIDTH, HEIGHT, MARGIN)
        super().__init__(size, title, paper.language, paper.color, is_rtl=paper.is_rtl)
        self.paper = paper

    def head(self) -> None:
        pdf, paper = self.pdf, self.paper
        pdf.set_fill_color(*self.brand)
        pdf.rect(0, 0, WIDTH, 5, style="F")
        self.y = 10.5
        if paper.brand:
            self.write(paper.brand, 13, bold=True, most=1)
            self.y += 2.5
        high = self._picture_height()
        if paper.picture and high:
            pdf.image(cut(paper.picture, _INNER / high), MARGIN, self.y, _INNER, high)
            self.y += high + _UNDER_PICTURE

    def _picture_height(self) -> float:
        """What the words leave of the page; 0 when that is too little for a picture."""
        paper = self.paper
        words = self._tall(paper.title, 20, 2, bold=True) + self._tall(paper.subtitle, 11, 2)
        words += self._tall(paper.value, 13, 2, bold=True)
        words += self._tall(paper.description, _DESCRIBED, _MOST_DESCRIBED) + 4
        room = _BOTTOM - self.y - words - self._below() - _UNDER_PICTURE
        high = min(room, _LOW if len(paper.terms) > _MANY else _HIGH)
        return high if high >= _LOWEST else 0

    def offer(self) -> None:
        paper = self.paper
        self.write(paper.title, 20, bold=True, most=2)
        self.write(paper.subtitle, 11, most=2)
        self.write(paper.value, 13, bold=True, color=self.brand, most=2)
        self.y += 1
        fit = int((_BOTTOM - self.y - self._below()) / self.high(_DESCRIBED))
        if paper.description and fit > 0:
            most = min(fit, _MOST_DESCRIBED)
            self.write(paper.description, _DESCRIBED, color=GREY, most=most)
            self.y += 1.5
        for date in paper.dates:
            self.write(f"{date.words} {date.text}".strip(), 10.5, bold=True, most=2)
        self.write(paper.hours, 9.5, most=3)
        self.y += 3

    def _below(self) -> float:
        """What the dates, the code and the first of the terms need."""
        paper = self.paper
        is_square = bool(paper.content) and paper.barcode in symbols.MATRIX
        high = (_CODE if is_square else _BARS_AND_WORDS) + _FEW_TERMS * bool(paper.terms)
        high += sum(self._tall(f"{d.words} {d.text}", 10.5, 2, bold=True) for d in paper.dates)
        return high + self._tall(paper.hours, 9.5, 3)

    def _tall(self, text: str, size: float, most: int, *, bold: bool = False) -> float:
        """How high `_write` would make it."""
        lines = self.lines(text[: most * MOST_OF_LINE], size, bold=bold)
        return self.high(size) * min(len(lines), most)

    def code(self) -> None:
        """The part that staff look at, between two dashed lines."""
        paper = self.paper
        if not paper.content and not paper.readable:
            return
        self._tear()
        if not paper.content:
            self.write(paper.show_this, 10, color=GREY, most=2, align="C")
            self._readable(MARGIN, _INNER, align="C")
        elif paper.barcode in symbols.MATRIX:
            self._square()
        else:
            self.write(paper.show_this, 10, color=GREY, most=1, align="C")
            self.y += 2
            self.y += self._modules(MARGIN, _INNER) + 1
            self._readable(MARGIN, _INNER, align="C")
        self.y += 2
        self._tear()

    def rest(self) -> None:
        paper, size = self.paper, 8.0
        self.write(paper.note, 8.5, color=GREY, most=2)
        room = _BOTTOM - self.y - 1
        if paper.terms:
            room -= self.high(8) + 1
            terms = paper.terms[:_MOST_TERMS]
            while size > 6 and self.high(size) * len(self.lines(terms, size)) > room:
                size -= 0.5
            lines = self.lines(terms, size)
            fit = max(0, int(room / self.high(size)))
            if len(lines) > fit or len(terms) < len(paper.terms):
                lines = [*lines[: max(0, fit - 1)], paper.more_terms]
            self.y += 1
            self.write(paper.terms_word, 8, bold=True, most=1)
            for line in lines:
                self.line(line, size, color=GREY)
        self.y = HEIGHT - 9
        self.write(paper.footer, 7.5, color=GREY, most=1)

    def _square(self) -> None:
        """The code at the side where reading begins, its words beside it."""
        paper, top = self.paper, self.y
        left = MARGIN if not paper.is_rtl else WIDTH - MARGIN - _SQUARE
        high = self._modules(left, _SQUARE)
        beside = _SQUARE + 5
        x, width = (MARGIN + beside if not paper.is_rtl else MARGIN), _INNER - beside
        self.y = top + 5
        self.write(paper.show_this, 11, color=GREY, x=x, width=width, most=3)
        self.y += 1
        self._readable(x, width)
        self.y = max(self.y, top + high)

    def _readable(self, x: float, width: float, align: str = "") -> None:
        for i, part in enumerate(self.paper.readable):
            self.write(part.words, 9, color=GREY, x=x, width=width, most=1, align=align)
            size = 20 if i == 0 and len(part.text) < 12 else 12
            self.write(part.text, size, bold=True, x=x, width=width, most=3, align=align)

    def _modules(self, x: float, width: float) -> float:
        """The code in the middle of its place, with its quiet zone; gives its height."""
        rows = rows_of(self.paper.barcode, self.paper.content)
        is_square = self.paper.barcode in symbols.MATRIX
        quiet = 4 if is_square else 10
        wide = len(rows[0]) + 2 * quiet
        module = width / wide if is_square else min(_WIDEST_MODULE, width / wide)
        step = _BARS if len(rows) == 1 else module
        left = x + (width - module * wide) / 2 + quiet * module
        top = self.y + (quiet * module if is_square else 0)
        self.pdf.set_fill_color(*BLACK)
        for line, row in enumerate(rows):
            for start, length in runs_in(row):
                self.pdf.rect(
                    left + start * module, top + line * step, length * module, step, style="F"
                )
        return step * len(rows) + 2 * (top - self.y)

    def _tear(self) -> None:
        self.pdf.set_draw_color(*_LINE)
        self.pdf.set_dash_pattern(dash=1.5, gap=1.2)
        self.pdf.set_line_width(0.35)
        self.pdf.line(MARGIN, self.y, WIDTH - MARGIN, self.y)
        self.pdf.set_dash_pattern()
        self.y += 3


def cut(picture: bytes, ratio: float) -> Image.Image:
    """The middle of the picture, so wide for its height."""
    with Image.open(io.BytesIO(picture)) as opened:
        whole = opened.convert("RGB")
    high = round(whole.width / ratio)
    if high >= whole.height:
        return whole
    top = (whole.height - high) // 2
    return whole.crop((0, top, whole.width, top + high))
