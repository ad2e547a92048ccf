"""A page of paper on which lines are written, whatever their script.

Lines are broken here, each one is then shaped and put in order by itself (Unicode's bidi
algorithm), so that Arabic with Latin words in it reads right on every line.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

import msgspec
from fpdf import FPDF
from fpdf.fonts import TTFFont

from tearoff.kit.colors import brand_colors

BLACK, GREY = (0, 0, 0), (75, 84, 80)
MOST_OF_LINE = 300
"""Characters that are measured at all for each line: more does not fit in one, in the smallest
letters."""
_POINT = 25.4 / 72
_MEASURED_AT = 10.0
_FONTS = Path(str(files("tearoff.web"))) / "vendor" / "noto"


class Size(msgspec.Struct, frozen=True):
    """In millimetres."""

    width: float
    height: float
    margin: float


class Sheet:
    """`y` is how far the page is filled, in millimetres."""

    def __init__(self, size: Size, title: str, language: str, color: str, *, is_rtl: bool) -> None:
        self.pdf, self.y = FPDF(unit="mm", format=(size.width, size.height)), 0.0
        self.margin, self.inner, self.is_rtl = size.margin, size.width - 2 * size.margin, is_rtl
        self._widths: dict[tuple[str, bool], float] = {}
        pdf = self.pdf
        pdf.set_auto_page_break(False)
        pdf.set_image_filter("DCTDecode")
        pdf.c_margin = 0
        pdf.add_font("Noto", "", _FONTS / "noto-sans-regular.ttf")
        pdf.add_font("Noto", "B", _FONTS / "noto-sans-bold.ttf")
        pdf.set_font("Noto", size=10)
        pdf.set_text_shaping(True)
        pdf.set_lang(language)
        pdf.set_title(title)
        pdf.set_creator("Tearoff")
        pdf.add_page()
        noto = pdf.fonts["noto"]
        assert isinstance(noto, TTFFont)
        self._known = set(noto.cmap)  # all that it cannot draw would be an empty box
        shown = brand_colors(color).on_light.lstrip("#")
        self.brand = tuple(int(shown[i : i + 2], 16) for i in (0, 2, 4))

    def close(self) -> None:
        """The files of the fonts, which else stay open until somebody tidies up."""
        for font in self.pdf.fonts.values():
            if isinstance(font, TTFFont):
                font.close()

    def write(
        self,
        text: str,
        size: float,
        *,
        bold: bool = False,
        color: Sequence[int] = BLACK,
        x: float | None = None,
        width: float | None = None,
        most: int,
        align: str = "",
    ) -> None:
        width = width or self.inner
        lines = self.lines(text[: most * MOST_OF_LINE], size, bold=bold, width=width)
        if len(lines) > most:
            left = width - self._width("…", size, bold)
            last = self.lines(lines[most - 1], size, bold=bold, width=left)[0]
            lines = [*lines[: most - 1], last.rstrip(" .,") + "…"]
        for line in lines:
            self.line(line, size, bold=bold, color=color, x=x, width=width, align=align)

    def line(
        self,
        line: str,
        size: float,
        *,
        bold: bool = False,
        color: Sequence[int] = BLACK,
        x: float | None = None,
        width: float | None = None,
        align: str = "",
    ) -> None:
        pdf = self.pdf
        pdf.set_font("Noto", "B" if bold else "", size)
        pdf.set_text_color(*color)
        pdf.set_xy(self.margin if x is None else x, self.y)
        start = "R" if self.is_rtl else "L"
        pdf.cell(width or self.inner, self.high(size), line, align=align or start)
        self.y += self.high(size)

    def lines(
        self, text: str, size: float, *, bold: bool = False, width: float | None = None
    ) -> list[str]:
        """The text broken into lines of this width. A word that is wider is broken as well."""
        width = width or self.inner
        lines: list[str] = []
        for paragraph in self._drawable(text).splitlines():
            line, used = "", 0.0
            for word in paragraph.split():
                blank = self._width(" ", size, bold) if line else 0.0
                if len(word) <= MOST_OF_LINE:
                    wide = self._width(word, size, bold)
                    if used + blank + wide <= width:
                        line, used = f"{line} {word}" if line else word, used + blank + wide
                        continue
                lines += [line] if line else []
                whole, line, used = self._pieces(word, width, size, bold)
                lines += whole
            lines += [line] if line else []
        return lines

    def _pieces(
        self, word: str, width: float, size: float, bold: bool
    ) -> tuple[list[str], str, float]:
        """A word as pieces that fill a line each, what is left of it, and how wide that is.

        It is put together from parts, which are halved where a line is full: always at the same
        places, whatever the width and the size. So each letter is measured in a few parts at
        most, however long the word is.
        """
        pieces, piece, used = [], "", 0.0
        starts = range(0, len(word), MOST_OF_LINE)
        parts = [word[start : start + MOST_OF_LINE] for start in reversed(starts)]
        while parts:
            part = parts.pop()
            wide, half = self._width(part, size, bold), len(part) // 2
            # Signs that stand above others have no width: such a line would have no end.
            if used + wide <= width and len(piece) + len(part) <= MOST_OF_LINE:
                piece, used = piece + part, used + wide
            elif half:
                parts += [part[half:], part[:half]]
            else:
                pieces += [piece] if piece else []
                piece, used = part, wide
        return pieces, piece, used

    def _width(self, word: str, size: float, bold: bool) -> float:
        """Millimetres. Each word, or part of one, is shaped and measured once, in one size:
        shaping mixed scripts is what costs, and widths grow with the size."""
        key = (word, bold)
        if key not in self._widths:
            self.pdf.set_font("Noto", "B" if bold else "", _MEASURED_AT)
            self._widths[key] = self.pdf.get_string_width(word) / _MEASURED_AT
        return self._widths[key] * size

    def _drawable(self, text: str) -> str:
        return "".join(c for c in text if c.isspace() or ord(c) in self._known)

    @staticmethod
    def high(size: float) -> float:
        return size * _POINT * 1.35
