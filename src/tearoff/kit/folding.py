"""Words as they are looked for: in small letters, without marks, so that `Zoë`, `ZOE` and `zoe` are
one, and so are `IŞIK`, `ışık` and `isik`."""

from __future__ import annotations

import re
import unicodedata

MOST_WORDS = 16
LONGEST_WORD = 50

_LETTERS = str.maketrans({
    "ı": "i", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ħ": "h",
    "ŋ": "n", "ĸ": "k", "ŧ": "t",
})  # fmt: skip
"""Letters that are no letter with a mark, and that people type as others."""

_APOSTROPHES = re.compile(r"['’‘ʼ`´]")
_PARTS = re.compile(r"[^\W_]+")


def folded(text: str) -> str:
    """The letters of a text without marks, small; other signs stay."""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    bare = "".join(c for c in plain if unicodedata.category(c) != "Mn")
    return unicodedata.normalize("NFC", bare.translate(_LETTERS))


def words_of(*texts: str | None) -> tuple[str, ...]:
    """All words under which these names are found. One with a hyphen or an apostrophe is found as
    a whole and by each of its parts."""
    found: dict[str, None] = {}
    for token in folded(" ".join(filter(None, texts))).split():
        parts = _PARTS.findall(token)
        found |= dict.fromkeys(("".join(parts), *parts))
    return tuple(word[:LONGEST_WORD] for word in found if word)[:MOST_WORDS]


def asked_words(text: str) -> tuple[str, ...]:
    """The words of what somebody looks for; a name must have a word that begins with each."""
    plain = _APOSTROPHES.sub("", folded(text))
    return tuple(dict.fromkeys(word[:LONGEST_WORD] for word in _PARTS.findall(plain)))[:MOST_WORDS]
