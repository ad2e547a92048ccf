"""Smart encoding: saving parts by writing typography, and if wanted accents, in GSM-7.

Only characters outside GSM-7 are touched, and nothing at all in a text with a letter of a
script other than Latin: transliterated Greek or Chinese is worse than a second part.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

import msgspec

from tearoff.messages.segments import BASIC, EXTENSION

TYPOGRAPHY = {
    **dict.fromkeys("‘’‚‛′ʹʻʼ´`", "'"),
    **dict.fromkeys("“”„‟″«»ʺ", '"'),
    **dict.fromkeys("‹", "<"),
    **dict.fromkeys("›", ">"),
    **dict.fromkeys("‐‑‒–—―−•‣·", "-"),
    **dict.fromkeys("\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009", " "),
    **dict.fromkeys("\u200a\u202f\u205f\u3000\t", " "),
    **dict.fromkeys("\u200b\u200c\u200d\u2060\ufeff\u00ad", ""),
    "…": "...",
    "‼": "!!",
    "⁄": "/",
    "½": "1/2",
    "¼": "1/4",
    "¾": "3/4",
    "\u2028": "\n",
    "\u2029": "\n",
}
"""Quotes, dashes, spaces, ellipsis and characters without width."""

_LETTERS_WITHOUT_MARK = {
    "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ı": "i", "œ": "oe", "Œ": "OE", "ð": "d", "Ð": "D",
    "þ": "th", "Þ": "Th", "ħ": "h", "Ħ": "H",
}  # fmt: skip


class Smart(msgspec.Struct, frozen=True):
    """`replaced` are pairs (character, what it became), each once."""

    text: str
    replaced: tuple[tuple[str, str], ...] = ()


def typography(text: str) -> Smart:
    """Quotes, dashes, spaces, ellipsis and zero-width characters as GSM-7 has them."""
    return _rewrite(text, TYPOGRAPHY.get)


def accents(text: str) -> Smart:
    """The same, and accents that GSM-7 lacks taken off. Changes what the customer reads."""
    return _rewrite(text, lambda c: TYPOGRAPHY.get(c, _bare(c)))


def _rewrite(text: str, find: Callable[[str], str | None]) -> Smart:
    composed = unicodedata.normalize("NFC", text)
    if any(_is_foreign_letter(c) for c in composed):
        return Smart(text)
    replaced: dict[str, str] = {}
    out = []
    for c in composed:
        new = None if c in BASIC or c in EXTENSION else find(c)
        if new is not None and new != c:
            replaced[c] = new
        out.append(c if new is None else new)
    return Smart("".join(out), tuple(replaced.items()))


def _is_foreign_letter(c: str) -> bool:
    if c < "\u0250" or c in BASIC or not c.isalpha():
        return False
    return not unicodedata.name(c, "").startswith(("LATIN", "MODIFIER", "FEMININE", "MASCULINE"))


def _bare(c: str) -> str | None:
    if c in _LETTERS_WITHOUT_MARK:
        return _LETTERS_WITHOUT_MARK[c]
    base = unicodedata.normalize("NFD", c)[0]
    return base if base in BASIC else None
