"""Draws the pictures of the examples anew: `python -m tearoff.coupons.campaigns.examples.draw`."""

from __future__ import annotations

import io
from math import cos, pi, sin
from pathlib import Path

from PIL import Image, ImageDraw

_SIZE, _FINE = (800, 420), 3
"""Everything is drawn so many times larger, and then made smaller: edges become smooth."""


def _sheet(color: str) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    sheet = Image.new("RGB", (_SIZE[0] * _FINE, _SIZE[1] * _FINE), color)
    return sheet, ImageDraw.Draw(sheet)


def _fine(*sides: float) -> tuple[float, ...]:
    return tuple(side * _FINE for side in sides)


def two_for_one() -> Image.Image:
    """Two cups from above."""
    sheet, pen = _sheet("#e9dccb")
    pen.rectangle(_fine(0, 300, 800, 420), fill="#d9c4a9")
    for x, y, coffee in ((205, 210, "#8a5a33"), (565, 210, "#7a4c29")):
        pen.ellipse(_fine(x - 158, y - 146, x + 162, y + 174), fill="#c9b294")
        pen.ellipse(_fine(x - 160, y - 160, x + 160, y + 160), fill="#ffffff")
        pen.ellipse(_fine(x - 148, y - 148, x + 148, y + 148), fill="#f3efe8")
        pen.rounded_rectangle(_fine(x + 60, y - 17, x + 145, y + 17), 17 * _FINE, fill="#ffffff")
        pen.ellipse(_fine(x - 104, y - 104, x + 104, y + 104), fill="#ffffff")
        pen.ellipse(_fine(x - 90, y - 90, x + 90, y + 90), fill=coffee)
        pen.ellipse(_fine(x - 64, y - 64, x + 64, y + 64), fill="#e7cfae")
        for dx in (-20, 20):
            pen.ellipse(_fine(x + dx - 22, y - 40, x + dx + 22, y + 8), fill=coffee)
        pen.polygon([*_pairs((x - 40, y - 8), (x + 40, y - 8), (x, y + 44))], fill=coffee)
    return sheet


def percent_off() -> Image.Image:
    """A label on a string."""
    sheet, pen = _sheet("#f4dfe1")
    pen.polygon([*_pairs((0, 420), (800, 150), (800, 420))], fill="#ecc9cd")
    outline = [(190, 210), (300, 90), (620, 90), (620, 330), (300, 330)]
    pen.polygon([*_pairs(*((x + 8, y + 12) for x, y in outline))], fill="#d8a9af")
    pen.polygon([*_pairs(*outline)], fill="#8a2b3d")
    pen.ellipse(_fine(238, 192, 274, 228), fill="#f4dfe1")
    pen.line([*_pairs((256, 210), (160, 120), (60, 150))], fill="#5d1d29", width=6 * _FINE)
    for x, y in ((400, 160), (530, 260)):
        pen.ellipse(_fine(x - 42, y - 42, x + 42, y + 42), fill="#ffffff")
        pen.ellipse(_fine(x - 20, y - 20, x + 20, y + 20), fill="#8a2b3d")
    pen.line([*_pairs((545, 120), (385, 300))], fill="#ffffff", width=20 * _FINE)
    return sheet


def scratch_card() -> Image.Image:
    """A card with three stars, one of them half free."""
    sheet, pen = _sheet("#dfe0f5")
    pen.rounded_rectangle(_fine(118, 72, 698, 372), 26 * _FINE, fill="#bcbfe6")
    pen.rounded_rectangle(_fine(110, 60, 690, 360), 26 * _FINE, fill="#ffffff")
    pen.rounded_rectangle(_fine(110, 60, 690, 118), 26 * _FINE, fill="#3b3f8f")
    pen.rectangle(_fine(110, 92, 690, 118), fill="#3b3f8f")
    for i, x in enumerate((225, 400, 575)):
        pen.rounded_rectangle(_fine(x - 72, 156, x + 72, 316), 16 * _FINE, fill="#eceef9")
        star = [(x + r * cos(a), 236 + r * sin(a)) for a, r in _star(56)]
        pen.polygon([*_pairs(*star)], fill="#e5a823")
        if i == 2:
            for y in range(166, 316, 26):
                pen.line([*_pairs((x - 58, y + 18), (x + 58, y - 14))], fill="#aab0bd",
                         width=17 * _FINE)  # fmt: skip
    return sheet


def _star(size: float) -> list[tuple[float, float]]:
    return [(i * pi / 5 - pi / 2, size if i % 2 == 0 else size * 0.44) for i in range(10)]


def _pairs(*points: tuple[float, float]) -> list[tuple[float, float]]:
    return [(x * _FINE, y * _FINE) for x, y in points]


def main() -> None:
    folder = Path(__file__).parent
    for draw in (two_for_one, percent_off, scratch_card):
        out = io.BytesIO()
        draw().resize(_SIZE, Image.Resampling.LANCZOS).save(out, "WEBP", quality=82, method=6)
        (folder / f"{draw.__name__.replace('_', '-')}.webp").write_bytes(out.getvalue())


if __name__ == "__main__":
    main()
