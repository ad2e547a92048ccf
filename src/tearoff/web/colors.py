"""The merchant's colour, made readable on our cards."""

from __future__ import annotations

import re
from functools import lru_cache

import msgspec

OURS = "#0a6b5b"
LIGHT_CARD = "#ffffff"
DARK_CARD = "#1c201e"
READABLE = 4.5
"""The contrast that WCAG 2.2 asks of text (level AA)."""

_STEPS = 40
_COLOR = re.compile(r"#[0-9a-fA-F]{6}\Z")


class BrandColors(msgspec.Struct, frozen=True):
    """The colour on a light and on a dark card; text of the card's colour is readable on it."""

    on_light: str
    on_dark: str


@lru_cache(1024)
def brand_colors(color: str) -> BrandColors:
    """`color` is `#rrggbb`; anything else gives our own green."""
    if not _COLOR.match(color):
        color = OURS
    return BrandColors(
        _shift(color, toward=(0, 0, 0), card=LIGHT_CARD),
        _shift(color, toward=(255, 255, 255), card=DARK_CARD),
    )


def contrast(a: str, b: str) -> float:
    """WCAG contrast ratio of two colours, 1 to 21."""
    high, low = sorted((_luminance(_rgb(a)), _luminance(_rgb(b))), reverse=True)
    return (high + 0.05) / (low + 0.05)


def _shift(color: str, *, toward: tuple[int, int, int], card: str) -> str:
    start = _rgb(color)
    for step in range(_STEPS + 1):
        part = step / _STEPS
        mixed = [round(c + (t - c) * part) for c, t in zip(start, toward, strict=True)]
        shifted = "#{:02x}{:02x}{:02x}".format(*mixed)
        if contrast(shifted, card) >= READABLE:
            return shifted
    return shifted


def _rgb(color: str) -> tuple[int, int, int]:
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)


def _luminance(rgb: tuple[int, int, int]) -> float:
    linear = [_linear(part / 255) for part in rgb]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)
