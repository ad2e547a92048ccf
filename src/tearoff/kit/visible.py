"""Text as people see it: what looks the same is the same.

Names, codes and addresses arrive by way of spreadsheets, mail programs and chats, which put
marks into them that nobody sees: zero-width spaces, soft hyphens, marks of direction, wide
letters, accents apart from their letters.
"""

from __future__ import annotations

import unicodedata

# Default_Ignorable_Code_Point of DerivedCoreProperties.txt: what a font shows nothing for.
_HIDDEN = dict.fromkeys(
    [
        0x00AD, 0x034F, 0x061C, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x3164, 0xFEFF, 0xFFA0,
        *range(0x180B, 0x1810), *range(0x200B, 0x2010), *range(0x202A, 0x202F),
        *range(0x2060, 0x2070), *range(0xFE00, 0xFE10), *range(0xFFF0, 0xFFF9),
        *range(0x1BCA0, 0x1BCA4), *range(0x1D173, 0x1D17B), *range(0xE0000, 0xE1000),
    ]
)  # fmt: skip


def without_hidden(text: str) -> str:
    """Without the characters that nobody sees. Blanks and line ends stay."""
    return text if text.isascii() else text.translate(_HIDDEN)


def as_seen(text: str) -> str:
    """The one spelling of what is seen: NFKC (Unicode Standard Annex 15), nothing hidden, every
    blank a single space, none at the ends. Case stays."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text.translate(_HIDDEN))
    return " ".join(text.split())
