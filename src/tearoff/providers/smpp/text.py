"""How texts become octets, and back: alphabets and the parts of long messages.

GSM 7-bit is sent unpacked, one septet in an octet (3GPP TS 23.038 for the table). UCS-2 is
UTF-16 big-endian. Concatenation: 3GPP TS 23.040, information element 0.
"""

from __future__ import annotations

import codecs
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

_TO_SEPTET = {
    ord(c): chr(code) for code, c in enumerate(BASIC) if code != ESCAPE
} | {ord(c): f"\x1b{chr(code)}" for c, code in EXTENSION.items()}  # fmt: skip
_DROP_GSM = dict.fromkeys(_TO_SEPTET)
_FROM_EXTENSION = {code: c for c, code in EXTENSION.items()}

GSM, LATIN_1, UCS_2 = 0, 3, 8
"""Values of data_coding."""
FLASH_UCS_2 = frozenset(range(0x18, 0x1C))
OF_ISO_8859 = {6: "iso8859-5", 7: "iso8859-8"}
"""data_coding of Cyrillic and Hebrew (SMPP 3.4, 5.2.19)."""
"""UCS-2 with a message class (3GPP TS 23.038, general data coding)."""

ALPHABETS = ("gsm", "latin1", "ucs2")
LONG = ("udh", "sar", "payload")

SINGLE_UNITS, PART_UNITS = 70, 67
"""UTF-16 code units in a text alone, and in a part behind a header of 6 octets."""
MOST_OCTETS = {GSM: 160, UCS_2: 140}
"""What fits into one short message, header included. (Its octets are septets on the air.)"""
HEADER_OCTETS = {GSM: 7, UCS_2: 6}
MOST_PARTS = 255

Piece = tuple[int, int, bytes, tuple[tuple[int, bytes], ...]]
"""esm_class, data_coding, short_message, TLVs."""


def pieces(
    parts: Sequence[str], encoding: str, alphabet: str, long: str, reference: int
) -> list[Piece]:
    """What is sent for each part of a message.

    `encoding` is `GSM-7` or `UCS-2`, `alphabet` how this SMSC reads data_coding 0. A text that
    the alphabet cannot write goes out as UCS-2, cut anew. `reference` (0 to 65535) ties the
    parts together on the phone. What does not fit into its parts goes out as one payload.
    """
    coding, coded = _coded(parts, encoding, alphabet)
    if len(coded) == 1 and len(coded[0]) <= MOST_OCTETS[coding]:
        return [(0, coding, coded[0], ())]
    room = MOST_OCTETS[coding] - HEADER_OCTETS[coding]
    if long == "payload" or len(coded) > MOST_PARTS or max(map(len, coded)) > room:
        return [(0, coding, b"", ((pdu.TAG_PAYLOAD, b"".join(coded)),))]
    tie = _by_tlvs if long == "sar" else _by_header
    total = len(coded)
    return [tie(coding, octets, reference, total, n) for n, octets in enumerate(coded, 1)]


def decode(octets: bytes, data_coding: int, alphabet: str) -> str:
    """A text that came in. NUL is left out: no phone writes it, and no database keeps it."""
    return _decode(octets, data_coding, alphabet).replace("\0", "")


def without_header(octets: bytes, esm_class: int) -> bytes:
    """The text behind a user data header, if there is one."""
    if not esm_class & 0x40 or not octets:
        return octets
    return octets[octets[0] + 1 :]


def is_part(octets: bytes, esm_class: int) -> bool:
    """Whether a user data header says that this is one of several parts (3GPP TS 23.040, 9.2.3.24.1
    and 9.2.3.24.8)."""
    if not esm_class & 0x40 or not octets:
        return False
    header, at = octets[1 : octets[0] + 1], 0
    while at + 1 < len(header):
        kind, value = header[at], header[at + 2 : at + 2 + header[at + 1]]
        if (kind, len(value)) in ((0x00, 3), (0x08, 4)) and value[-2] > 1:
            return True
        at += 2 + header[at + 1]
    return False


def is_gsm(text: str) -> bool:
    return not text.translate(_DROP_GSM)


def to_gsm(text: str) -> bytes:
    """One septet an octet. The text must be `is_gsm`."""
    return text.translate(_TO_SEPTET).encode("latin-1")


def from_gsm(octets: bytes) -> str:
    """Any octets are a text; what follows an escape but is in no table is read without it."""
    out, escaped = [], False
    for octet in octets:
        septet = octet & 0x7F
        if septet == ESCAPE and not escaped:
            escaped = True
            continue
        char = BASIC[septet] if septet != ESCAPE else " "
        out.append(_FROM_EXTENSION.get(septet, char) if escaped else char)
        escaped = False
    return "".join(out)


def split_ucs2(text: str) -> list[bytes]:
    """A text in UTF-16 big-endian, in parts that cut no surrogate pair."""
    octets = text.encode("utf-16-be", "replace")
    if len(octets) <= 2 * SINGLE_UNITS:
        return [octets]
    parts, at = [], 0
    while at < len(octets):
        end = min(at + 2 * PART_UNITS, len(octets))
        if end < len(octets) and octets[end - 2] & 0xFC == 0xD8:
            end -= 2
        parts.append(octets[at:end])
        at = end
    return parts


def _coded(parts: Sequence[str], encoding: str, alphabet: str) -> tuple[int, list[bytes]]:
    """data_coding and the octets of each part."""
    if encoding == "UCS-2":
        return UCS_2, [part.encode("utf-16-be", "replace") for part in parts]
    if alphabet == "gsm" and all(map(is_gsm, parts)):
        return GSM, [to_gsm(part) for part in parts]
    if alphabet == "latin1":
        try:
            return GSM, [part.encode("latin-1") for part in parts]
        except UnicodeEncodeError:
            pass
    return UCS_2, split_ucs2("".join(parts))


def _decode(octets: bytes, data_coding: int, alphabet: str) -> str:
    if data_coding == UCS_2 or data_coding in FLASH_UCS_2:
        is_marked = octets[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
        return octets.decode("utf-16" if is_marked else "utf-16-be", "replace")
    if data_coding in OF_ISO_8859:
        return octets.decode(OF_ISO_8859[data_coding], "replace")
    if data_coding in (1, LATIN_1) or (data_coding == GSM and alphabet == "latin1"):
        return octets.decode("latin-1")
    if data_coding == GSM and alphabet == "ucs2":
        return octets.decode("utf-16-be", "replace")
    return from_gsm(octets)


def _by_header(coding: int, octets: bytes, reference: int, total: int, number: int) -> Piece:
    header = bytes((5, 0, 3, reference & 0xFF, total, number))
    return 0x40, coding, header + octets, ()


def _by_tlvs(coding: int, octets: bytes, reference: int, total: int, number: int) -> Piece:
    tlvs = (
        (pdu.TAG_SAR_REFERENCE, struct.pack(">H", reference)),
        (pdu.TAG_SAR_TOTAL, bytes((total,))),
        (pdu.TAG_SAR_NUMBER, bytes((number,))),
    )
    return 0, coding, octets, tlvs
