"""Barcodes as drawings for a page: black on white, with their quiet zone, as one SVG path."""

from __future__ import annotations

import re
from functools import lru_cache

import msgspec

from tearoff.coupons import symbols
from tearoff.coupons.options import Barcode

_SIZE = re.compile(r'<svg width="([\d.]+)" height="([\d.]+)"')
_PATH = re.compile(r'<path d="([^"]+)"')
_WIDEST = 296
"""Pixels: the card of a page that is 320 wide."""

_SQUARE = 240
_BARE = ("databar", "databar_expanded")
_QUIET, _QUIET_OF_BARE = 2, 10
"""Modules of white around it, in addition to what the symbol brings; DataBar brings none."""


class Drawn(msgspec.Struct, frozen=True):
    """`path` and `box` draw it; `width` in pixels, as a number for HTML; `text` is what people
    can read of it, "" for a square one."""

    path: str
    box: str
    width: str
    text: str


@lru_cache(1024)
def draw(barcode: Barcode, text: str) -> Drawn:
    """Raises `Invalid` when the barcode cannot hold the text."""
    svg = symbols.make(barcode, text).to_svg()
    size, path = _SIZE.search(svg), _PATH.search(svg)
    assert size and path
    is_linear = barcode not in symbols.MATRIX
    quiet = _QUIET_OF_BARE if barcode in _BARE else _QUIET
    wide, high = float(size[1]), float(size[2])
    span = wide + 2 * quiet
    # A module is a whole or a half pixel wide, exactly: on most phones that is a whole number of
    # dots. Never less than a pixel: a finer one no scanner reads. What is wider than the card
    # then, the page makes as wide as the card, which is wider on a wider phone.
    step = max(int(2 * (_WIDEST if is_linear else _SQUARE) / span) / 2, 1)
    return Drawn(
        path[1],
        f"{-quiet:g} {-quiet / 2:g} {span:g} {high + quiet:g}",
        f"{step * span:g}",
        text if is_linear and barcode != "pdf417" else "",
    )
