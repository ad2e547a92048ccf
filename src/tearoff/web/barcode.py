"""Barcodes as drawings for a page: black on white, with their quiet zone, as one SVG path."""

from __future__ import annotations

import re
from functools import lru_cache

import msgspec

from tearoff.coupons import symbols
from tearoff.coupons.options import Barcode

_SIZE = re.compile(r'<svg width="([\d.]+)" height="([\d.]+)"')
_PATH = re.compile(r'<path d="([^"]+)"')
_WIDEST = 280
"""Pixels: the card of a page that is 320 wide."""

_SQUARE = 240
_QUIET = {"matrix": 2, "linear": 10}
"""Modules of white around it, in addition to what the symbol brings."""


class Drawn(msgspec.Struct, frozen=True):
    """`path` and `box` draw it; `width` in pixels, 0 for the whole card; `text` is what people
    can read of it, "" for a square one."""

    path: str
    box: str
    width: int
    is_linear: bool
    text: str


@lru_cache(1024)
def draw(barcode: Barcode, text: str) -> Drawn:
    """Raises `Invalid` when the barcode cannot hold the text."""
    svg = symbols.make(barcode, text).to_svg()
    size, path = _SIZE.search(svg), _PATH.search(svg)
    assert size and path
    is_linear = barcode not in symbols.MATRIX
    quiet = _QUIET["linear" if is_linear else "matrix"]
    wide, high = float(size[1]), float(size[2])
    # A module is a whole or a half pixel wide: on every phone that is a whole number of dots.
    step = int(2 * (_WIDEST if is_linear else _SQUARE) / (wide + 2 * quiet)) / 2
    if barcode == "pdf417":
        is_linear = False
    return Drawn(
        path[1],
        f"{-quiet:g} {-quiet / 2:g} {wide + 2 * quiet:g} {high + quiet:g}",
        round(step * (wide + 2 * quiet)),
        is_linear,
        text if is_linear else "",
    )
