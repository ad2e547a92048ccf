"""Filling a text: the coupon's link and the consumer's fields."""

from __future__ import annotations

import re
from collections.abc import Mapping

_FIELD = re.compile(
    r"\{(link|first_name|last_name|email|phone|customid|customfield[1-7])\}", re.ASCII
)
# Everything below space but tab and line ends, DEL, the C1 controls, and halves of characters.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


class EmptyField(ValueError):
    """The text uses a field that is empty for this person."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def render(text: str, fields: Mapping[str, str], link: str) -> str:
    """The text with its link and fields. `{link}` is replaced, else the link is appended after
    one space. What a field holds is not filled again; other braces stay.

    Raises `EmptyField`.
    """
    has_link = False

    def fill(match: re.Match[str]) -> str:
        nonlocal has_link
        name = match[1]
        if name == "link":
            has_link = True
            return link
        value = fields.get(name, "")
        if not value:
            raise EmptyField(name)
        return value

    filled = _FIELD.sub(fill, text) if "{" in text else text
    if has_link:
        return filled
    return f"{filled} {link}" if filled else link


def has_forbidden_characters(text: str) -> bool:
    """Whether a text holds what no message and no database should: NUL, control characters
    other than tab and line ends, halves of characters."""
    return _FORBIDDEN.search(text) is not None
