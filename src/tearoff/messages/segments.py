"""How many texts a text is: encoding, units, and the parts as they go over the air.

Source of the figures: 3GPP TS 23.038 (alphabet) and TS 23.040 (concatenation with an 8-bit
reference, 6 octets of header).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator

import msgspec

BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENSION = frozenset("^{}\\[~]|€\f")
"""Characters that take two septets, which may not be cut apart."""

GSM_7, UCS_2 = "GSM-7", "UCS-2"
SINGLE = {GSM_7: 160, UCS_2: 70}
EACH = {GSM_7: 153, UCS_2: 67}

_GSM = BASIC | EXTENSION
_DROP_BASIC = dict.fromkeys(map(ord, BASIC))
_DROP_GSM = dict.fromkeys(map(ord, _GSM))


class Segmented(msgspec.Struct, frozen=True):
    """`units` are septets or UTF-16 code units without headers. `offending` are the
    characters that force UCS-2, each once, in the order in which they stand."""

    encoding: str
    units: int
    parts: tuple[str, ...]
    offending: tuple[str, ...] = ()

    @property
    def segments(self) -> int:
        return len(self.parts)


def measure(text: str) -> Segmented:
    """Encoding, units and parts of a text as it stands; nothing is changed or appended.

    The count is not a division: a pair of septets or code units is never cut apart.
    """
    extended = text.translate(_DROP_BASIC)
    if not extended:
        return _split(text, GSM_7, len(text), ())
    foreign = extended.translate(_DROP_GSM)
    if not foreign:
        return _split(text, GSM_7, len(text) + len(extended), ())
    units = len(text.encode("utf-16-le", "surrogatepass")) // 2
    return _split(text, UCS_2, units, tuple(dict.fromkeys(foreign)))


def _split(text: str, encoding: str, units: int, offending: tuple[str, ...]) -> Segmented:
    if units <= SINGLE[encoding]:
        return Segmented(encoding, units, (text,), offending)
    limit = EACH[encoding]
    parts = list(_fill(text, encoding, limit))
    # What people see as one character is kept whole where that costs no extra part.
    whole = list(_fill(_clusters(text), encoding, limit))
    if len(whole) == len(parts):
        parts = whole
    return Segmented(encoding, units, tuple(parts), offending)


def _fill(pieces: Iterable[str], encoding: str, limit: int) -> Iterator[str]:
    """Put pieces into parts of at most `limit` units; a piece that is larger than a part is
    cut where it must be."""
    part, used = "", 0
    for piece in pieces:
        size = sum(_size(c, encoding) for c in piece)
        if size > limit:
            for c in piece:
                if used + _size(c, encoding) > limit:
                    yield part
                    part, used = "", 0
                part, used = part + c, used + _size(c, encoding)
            continue
        if used + size > limit:
            yield part
            part, used = "", 0
        part, used = part + piece, used + size
    yield part


def _size(c: str, encoding: str) -> int:
    if encoding == GSM_7:
        return 2 if c in EXTENSION else 1
    return 2 if ord(c) > 0xFFFF else 1


def _clusters(text: str) -> Iterator[str]:
    """An approximation of the grapheme clusters of Unicode Annex 29: marks, joiners, emoji
    modifiers and flags stay together."""
    cluster = ""
    for c in text:
        if cluster and _belongs(cluster, c):
            cluster += c
            continue
        if cluster:
            yield cluster
        cluster = c
    if cluster:
        yield cluster


_JOINER = "\u200d"


def _belongs(cluster: str, c: str) -> bool:
    if c == _JOINER or cluster[-1] == _JOINER or unicodedata.category(c) in ("Mn", "Me", "Mc"):
        return True
    if "\U0001f3fb" <= c <= "\U0001f3ff":
        return True
    return _is_flag_letter(c) and len(cluster) == 1 and _is_flag_letter(cluster)


def _is_flag_letter(c: str) -> bool:
    return "\U0001f1e6" <= c[:1] <= "\U0001f1ff"
