"""Icons, drawn into the page: no request, and they take the colour of their text."""

from __future__ import annotations

import re
from functools import cache
from importlib import resources

from markupsafe import Markup

_FOLDER = resources.files("tearoff.web") / "vendor" / "tabler"
_SHAPE = re.compile(r'<path stroke="none" d="M0 0h24v24H0z" fill="none" ?/>')
_INSIDE = re.compile(r"<svg[^>]*>(.*)</svg>", re.S)


@cache
def icon(name: str) -> Markup:
    """By the name that Tabler gives it. Says nothing to a screen reader: words stand beside it."""
    text = (_FOLDER / f"{name}.svg").read_text("utf-8")
    found = _INSIDE.search(_SHAPE.sub("", text))
    assert found is not None
    paths = " ".join(found[1].split())
    svg = f'<svg class="ic" viewBox="0 0 24 24" aria-hidden="true" focusable="false">{paths}</svg>'
    return Markup(svg)  # noqa: S704 - a file of ours
