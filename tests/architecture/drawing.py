"""What the pictures share: one style for light and dark, and a few shapes. Widths of texts are
guessed, so a text has room to spare."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from html import escape

WIDTH = 460
"""So that a phone shows a picture at about four fifths of its size."""

LINE, CHIPS = 15, 20

COLOURS = {
    "hall": ("#5b6470", "#a9b4c0"),
    "door": ("#9a5b00", "#e8b565"),
    "product": ("#0a6b5b", "#5ccbb6"),
    "outside": ("#7447a8", "#c3a2ec"),
    "ground": ("#33609c", "#8fb8ee"),
}
"""A colour for each kind of room, in light and in dark."""

_STYLE = """
svg{--card:#fff;--line:#dcdad3;--text:#18201d;--muted:#525c58}
text{font-family:system-ui,"Noto Sans",sans-serif;font-size:12px;fill:var(--muted)}
.name{font:700 14.5px ui-monospace,"Noto Sans Mono",monospace}
.inner{font:11px ui-monospace,"Noto Sans Mono",monospace}
.strong{font-size:13px;font-weight:700;fill:var(--text)}
.band{fill:var(--card);stroke:var(--line)}
.open{fill:none;stroke:var(--line);stroke-dasharray:3 4}
.lead{stroke:var(--line);stroke-dasharray:1 4;stroke-linecap:round}
.rail{stroke-width:1.5;opacity:.55;fill:none}
.ring{fill:var(--card);stroke-width:2}
.chip{fill:var(--card);stroke:var(--line)}
.way{stroke:var(--line);stroke-width:2}
.number{font-size:11px;font-weight:700;fill:var(--card);text-anchor:middle}
"""
_DARK = "svg{--card:#232a28;--line:#3d4744;--text:#edf1ef;--muted:#b4beb9}"


def picture(height: float, title: str, told: str, shapes: Iterable[str]) -> str:
    """`told` says in words what is drawn."""
    light = "".join(f".{name}{{--c:{pair[0]}}}" for name, pair in COLOURS.items())
    dark = "".join(f".{name}{{--c:{pair[1]}}}" for name, pair in COLOURS.items())
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:g}"'
            ' role="img" aria-labelledby="title told">',
            f'<title id="title">{escape(title)}</title>',
            f'<desc id="told">{escape(told)}</desc>',
            f"<style>{_STYLE}{light}\n@media (prefers-color-scheme:dark){{{_DARK}{dark}}}</style>",
            *shapes,
            "</svg>\n",
        ]
    )


def text(x: float, y: float, words: str, kind: str = "", more: str = "") -> str:
    style = f' class="{kind}"' if kind else ""
    return f'<text x="{x:g}" y="{y:g}"{style}{more}>{escape(words)}</text>'


def lines(x: float, y: float, words: str, letters: int, kind: str = "") -> list[str]:
    """Words in lines of at most so many letters, `LINE` apart."""
    return [text(x, y + LINE * n, line, kind) for n, line in enumerate(wrapped(words, letters))]


def wrapped(words: str, letters: int) -> list[str]:
    return textwrap.wrap(words, letters, break_on_hyphens=False)


def box(x: float, y: float, width: float, height: float, kind: str, radius: float = 8) -> str:
    return (
        f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="{radius:g}"'
        f' class="{kind}"/>'
    )


def chips(x: float, y: float, names: Sequence[str], letters: int) -> list[str]:
    """Names in frames beside each other, in lines of at most so many letters."""
    shapes = []
    for row in wrapped(" ".join(names), letters):
        left = x
        for name in row.split():
            width = 6.8 * len(name) + 12
            shapes += [box(left, y, width, 16, "chip"), text(left + 6, y + 11.7, name, "inner")]
            left += width + 4
        y += CHIPS
    return shapes


def chips_height(names: Sequence[str], letters: int) -> int:
    return CHIPS * len(wrapped(" ".join(names), letters))


def line(x: float, y: float, to_x: float, to_y: float, kind: str, more: str = "") -> str:
    return f'<line x1="{x:g}" y1="{y:g}" x2="{to_x:g}" y2="{to_y:g}" class="{kind}"{more}/>'


def dot(x: float, y: float, radius: float, kind: str, more: str) -> str:
    style = f' class="{kind}"' if kind else ""
    return f'<circle cx="{x:g}" cy="{y:g}" r="{radius:g}"{style}{more}/>'
