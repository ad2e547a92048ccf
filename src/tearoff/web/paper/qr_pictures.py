"""QR codes inside pages of people who sign in: of links to try with a phone, of an app's secret."""

from __future__ import annotations

import segno
from markupsafe import Markup


def draw_svg(text: str, label: str) -> Markup:
    """An SVG element for the page, on white with its quiet zone, so that phones read it on dark
    pages too; `label` is what it says to whoever does not see it. Some milliseconds."""
    code = segno.make(text, error="m", micro=False)
    drawn = code.svg_inline(
        scale=4, border=4, dark="#000", light="#fff", svgclass="qr", omitsize=True, title=label
    )
    return Markup(drawn.replace("<svg ", '<svg role="img" ', 1))  # noqa: S704 - segno escapes
