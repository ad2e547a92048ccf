"""What a scanner read or somebody typed, and which coupon it may mean. Pure."""

from __future__ import annotations

import re
from typing import Literal
from urllib.parse import unquote

import msgspec

from tearoff.kit.codes import SESSION_CODE_LENGTH, SHORT_CODE_LENGTH, SPOKEN_ALPHABET

LONGEST = 500
_MOST_WRAPPINGS = 4

_LINK = re.compile(
    r"/[pz]/[0-9a-z]{1,32}/(?P<code>[0-9a-z]{21})(?![0-9a-z])[^?\s]*(?:\?(?P<query>\S*))?",
    re.IGNORECASE | re.ASCII,
)
_TOKEN = re.compile(r"(?:^|&)k=([0-9A-Za-z_-]{1,30})(?:&|$)")
_SYMBOLOGY = re.compile(r"\A\][A-Za-z][0-9](?=.)")
"""ISO/IEC 15424: some scanners tell the kind of barcode first, such as `]C1`."""

_BETWEEN = re.compile(r"[\s\-\u2010-\u2015.\u00b7]+")
_FULL = re.compile(rf"[0-9a-z]{{{SESSION_CODE_LENGTH}}}\Z")
_SHORT = re.compile(rf"[{SPOKEN_ALPHABET}]{{{SHORT_CODE_LENGTH}}}\Z")

Kind = Literal["link", "full", "short", "own"]


class Scanned(msgspec.Struct, frozen=True):
    """`code` is lower-case for our own codes, and as it was read for a shop's `own` one. A
    `link` came from a QR code: it has a `token` where the coupon's code changes."""

    kind: Kind
    code: str
    token: str = ""
    text: str = ""


def read_scanned(text: str) -> Scanned | None:
    """None for what can be no code at all."""
    text = "".join(c for c in text[:LONGEST] if c.isprintable()).strip()
    text = _SYMBOLOGY.sub("", text)
    found = _link_in(text)
    if found:
        token = _TOKEN.search(found["query"] or "")
        return Scanned("link", found["code"].lower(), token[1] if token else "", text)
    plain = _BETWEEN.sub("", text).lower()
    if _FULL.match(plain):
        return Scanned("full", plain, text=text)
    if _SHORT.match(plain):
        return Scanned("short", plain, text=text)
    return Scanned("own", text, text=text) if text and len(text) <= 100 else None


def _link_in(text: str) -> re.Match[str] | None:
    """Also one that a mail program wrapped, percent-encoded, into an address of its own."""
    for _ in range(_MOST_WRAPPINGS):
        found = _LINK.search(text)
        if found or "%" not in text:
            return found
        text = unquote(text)
    return None
