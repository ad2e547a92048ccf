"""The merchant's colour, made readable on our cards."""

from __future__ import annotations

import colorsys
import re
from functools import lru_cache

import msgspec

OURS = "#0a6b5b"
LIGHT_CARD = "#ffffff"
DARK_CARD = "#1c201e"
READABLE = 4.5
"""The contrast that WCAG 2.2 asks of text (level AA)."""

LIVELY = 6.0
"""On a dark card a colour at the bare minimum looks dull."""

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
        _shift(color, toward=0, card=LIGHT_CARD, ratio=READABLE),
        _shift(color, toward=1, card=DARK_CARD, ratio=LIVELY),
    )


def contrast(a: str, b: str) -> float:
    """WCAG contrast ratio of two colours, 1 to 21."""
    high, low = sorted((_luminance(_rgb(a)), _luminance(_rgb(b))), reverse=True)
    return (high + 0.05) / (low + 0.05)


def _shift(color: str, *, toward: float, card: str, ratio: float) -> str:
    """The colour in the same hue, as little lighter (`toward` 1) or darker (0) as needed."""
    hue, start, saturation = colorsys.rgb_to_hls(*(part / 255 for part in _rgb(color)))
    for step in range(_STEPS + 1):
        lightness = start + (toward - start) * step / _STEPS
        mixed = colorsys.hls_to_rgb(hue, lightness, saturation)
        shifted = "#{:02x}{:02x}{:02x}".format(*(round(part * 255) for part in mixed))
        if contrast(shifted, card) >= ratio:
            break
    return shifted


def _rgb(color: str) -> tuple[int, int, int]:
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)


def _luminance(rgb: tuple[int, int, int]) -> float:
    linear = [_linear(part / 255) for part in rgb]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)
