"""How texts become octets, and back: alphabets and the parts of long messages.

GSM 7-bit is sent unpacked, one septet in an octet (3GPP TS 23.038 for the table). UCS-2 is
UTF-16 big-endian. Concatenation: 3GPP TS 23.040, information element 0.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

from tearoff.providers.smpp import pdu

BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENSION = {
    "\f": 0x0A, "^": 0x14, "{": 0x28, "}": 0x29, "\\": 0x2F, "[": 0x3C, "~": 0x3D, "]": 0x3E,
    "|": 0x40, "€": 0x65,
}  # fmt: skip
ESCAPE = 0x1B

_TO_SEPTET = {ord(c): bytes((i,)).decode("latin-1") for i, c in enumerate(BASIC)} | {
    ord(c): f"\x1b{chr(code)}" for c, code in EXTENSION.items()
}
_FROM_EXTENSION = {code: c for c, code in EXTENSION.items()}

GSM, LATIN_1, UCS_2 = 0, 3, 8
"""Values of data_coding."""

ALPHABETS = ("gsm", "latin1", "ucs2")
LONG = ("udh", "sar", "payload")


def to_gsm(text: str) -> bytes:
    """One septet an octet; a character that GSM-7 lacks becomes `?`."""
    return text.translate(_TO_SEPTET).encode("latin-1", "replace")


def from_gsm(octets: bytes) -> str:
    out, escaped = [], False
    for octet in octets:
        if escaped:
            out.append(_FROM_EXTENSION.get(octet, " "))
            escaped = False
        elif octet == ESCAPE:
            escaped = True
        else:
            out.append(BASIC[octet & 0x7F])
    return "".join(out)


def encode(text: str, encoding: str, alphabet: str) -> tuple[int, bytes]:
    """data_coding and octets. `alphabet` is how this SMSC reads data_coding 0."""
    if encoding == "UCS-2" or alphabet == "ucs2":
        return UCS_2, text.encode("utf-16-be", "replace")
    if alphabet == "latin1":
        try:
            return LATIN_1, text.encode("latin-1")
        except UnicodeEncodeError:
            return UCS_2, text.encode("utf-16-be", "replace")
    return GSM, to_gsm(text)


def decode(octets: bytes, data_coding: int, alphabet: str) -> str:
    """A text that came in."""
    if data_coding == UCS_2:
        return octets.decode("utf-16-be", "replace")
    if data_coding in (1, LATIN_1) or (data_coding == 0 and alphabet == "latin1"):
        return octets.decode("latin-1")
    return from_gsm(octets)


def without_header(octets: bytes, esm_class: int) -> bytes:
    """The text behind a user data header, if there is one."""
    if not esm_class & 0x40 or not octets:
        return octets
    return octets[octets[0] + 1 :]


Piece = tuple[int, int, bytes, tuple[tuple[int, bytes], ...]]
"""esm_class, data_coding, short_message, TLVs."""


def pieces(
    parts: Sequence[str], encoding: str, alphabet: str, long: str, reference: int
) -> list[Piece]:
    """What is sent for each part of a message. `reference` ties the parts together on the
    phone; 0 to 255."""
    if len(parts) == 1:
        coding, octets = encode(parts[0], encoding, alphabet)
        return [_single(coding, octets)]
    if long == "payload":
        coding, octets = encode("".join(parts), encoding, alphabet)
        return [(0, coding, b"", ((pdu.TAG_PAYLOAD, octets),))]
    total = len(parts)
    coded = [encode(part, encoding, alphabet) for part in parts]
    if long == "sar":
        return [
            (0, coding, octets, _sar(reference, total, number))
            for number, (coding, octets) in enumerate(coded, 1)
        ]
    return [
        (0x40, coding, bytes((5, 0, 3, reference, total, number)) + octets, ())
        for number, (coding, octets) in enumerate(coded, 1)
    ]


def _single(coding: int, octets: bytes) -> Piece:
    if len(octets) > 254:
        return 0, coding, b"", ((pdu.TAG_PAYLOAD, octets),)
    return 0, coding, octets, ()


def _sar(reference: int, total: int, number: int) -> tuple[tuple[int, bytes], ...]:
    return (
        (pdu.TAG_SAR_REFERENCE, struct.pack(">H", reference)),
        (pdu.TAG_SAR_TOTAL, bytes((total,))),
        (pdu.TAG_SAR_NUMBER, bytes((number,))),
    )
