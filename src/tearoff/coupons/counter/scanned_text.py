"""What a scanner read or somebody typed, and which coupon it may mean. Pure.

The page of the counter reads the same by itself (`web/till/static/code.js`), for the time without
connection: both are held to `tests/data/scan_vectors.json`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Literal
from urllib.parse import unquote

import msgspec

from tearoff.kit.codes import SESSION_CODE_LENGTH, SHORT_CODE_LENGTH, SPOKEN_ALPHABET

LONGEST = 2000
"""Characters. A link that a mail gateway wrapped has some 700 of them, wrapped twice 1,500."""

_LONGEST_OWN = 100
_MOST_WRAPPINGS = 4

_LINK = re.compile(
    r"/[pz]/[0-9a-z]{1,32}/(?P<code>[0-9a-z]{21})(?![0-9a-z])[^?\s]*(?:\?(?P<query>\S*))?",
    re.IGNORECASE | re.ASCII,
)
"""Whatever host stands before it: those of rewriters and of a shop's earlier domain are not ours,
and the 21 random characters decide alone, among the coupons of the device's own account."""

_TOKEN = re.compile(r"(?:^|[&;])k=([0-9A-Za-z_-]{1,30})(?![0-9A-Za-z_-])")
_PROOFPOINT_2 = re.compile(r"/v2/url\?u=([^&\s]+)", re.IGNORECASE)
_PROOFPOINT_3 = re.compile(r"/v3/__(.*?)__;", re.IGNORECASE)
_OF_PROOFPOINT_2 = str.maketrans("-_", "%/")

_SYMBOLOGY = re.compile(r"\A\][A-Za-z][0-9](?=.)")
"""ISO/IEC 15424: some scanners tell the kind of barcode first, such as `]C1`."""
_CODE_39 = re.compile(r"\A\*(.+)\*\Z")
"""ISO/IEC 16388: the sign with which a Code 39 begins and ends; some scanners tell it too."""

_LABEL = re.compile(
    r"\A.*?(?:code|c[oó]digo|codice|kod|الرمز|رمز|كود)"
    r"(?: *[:#] *| (?:is|est|ist|lautet|es|è|é|to|هو)(?: ?: ?| ))(?P<code>[^ ].*?)"
    r"(?:[.,;!?](?: .*)?)?\Z",
    re.IGNORECASE,
)
"""What people copy along with a code, in the languages of our pages: `Your code is K7M 3QX.`"""

_BROKEN = re.compile(r"(/[pz]/[^ ]*) +", re.IGNORECASE)

_BETWEEN = re.compile(r"[\s\-\u2010-\u2015.\u00b7]+")
_AROUND = re.compile(r"\A[\W_]+|[\W_]+\Z")
_FULL = re.compile(rf"[0-9a-z]{{{SESSION_CODE_LENGTH}}}\Z")
_SHORT = re.compile(rf"[{SPOKEN_ALPHABET}]{{{SHORT_CODE_LENGTH}}}\Z")
_NO_SIGN_OF_A_CODE = re.compile(r"[\"'`\u00b4^~\u00a8<>\[\]{}|\\;\u00b0\u00a7\ufffd]")

Kind = Literal["link", "full", "short", "own"]


class Scanned(msgspec.Struct, frozen=True):
    """`code` is lower-case for our own codes, and as it was read for a shop's `own` one. A
    `link` came from a QR code: it has a `token` where the coupon's code changes. `text` is what
    was read, without what only scanners add."""

    kind: Kind
    code: str
    token: str = ""
    text: str = ""

    @property
    def spellings(self) -> tuple[str, ...]:
        """How a shop's own code may be written for what was read, the likeliest first."""
        bare = _CODE_39.sub(r"\1", self.text)
        return tuple(dict.fromkeys((self.text, bare, _unlabelled(bare))))

    @property
    def is_garbled(self) -> bool:
        """It has signs as a keyboard of another country makes them of a barcode. A shop's own code
        may hold them, and is found; but nobody tries codes in that way."""
        return self.kind == "own" and _NO_SIGN_OF_A_CODE.search(self.code) is not None


def read_scanned(text: str) -> Scanned | None:
    """None for what can be no code at all."""
    if _FULL.match(text):  # as our own programs send it: nothing of the below would change it
        return Scanned("full", text, text=text)
    text = "".join(c for c in text[:LONGEST] if c.isprintable()).strip()
    text = _SYMBOLOGY.sub("", text)
    found = _link_of(text) if "/" in text or "%" in text else None
    if found:
        return Scanned("link", *found, text=text)
    bare = _unlabelled(_CODE_39.sub(r"\1", text))
    plain = _AROUND.sub("", _BETWEEN.sub("", unicodedata.normalize("NFKC", bare))).lower()
    if _FULL.match(plain):
        return Scanned("full", plain, text=text)
    if _SHORT.match(plain):
        return Scanned("short", plain, text=text)
    return Scanned("own", bare, text=text) if text and len(text) <= _LONGEST_OWN else None


def _unlabelled(text: str) -> str:
    label = _LABEL.match(text)
    return label["code"] if label else text


def _link_of(text: str) -> tuple[str, str] | None:
    """A mail program may have broken a link in two or more lines, which a field joins by blanks."""
    whole = (text, _BROKEN.sub(r"\1", text, count=1), text.replace(" ", ""))
    return next(filter(None, map(_link_in, dict.fromkeys(whole))), None)


def _link_in(text: str) -> tuple[str, str] | None:
    """Code and token of the first link. Of what a rewriter wrapped only in part, the code may be
    there to be read before the token is."""
    code = ""
    for reading in _readings(text):
        found = _LINK.search(reading)
        if not found or (code and found["code"].lower() != code):
            continue
        code = found["code"].lower()
        token = _TOKEN.search(found["query"] or "")
        if token:
            return code, token[1]
    return (code, "") if code else None


def _readings(text: str) -> Iterator[str]:
    """The text, and what is left of it as the wrappings of mail programs come off: most encode
    the link by percent signs, in an address of their own; Proofpoint has two ways."""
    for _ in range(_MOST_WRAPPINGS + 1):
        text = _PROOFPOINT_3.sub(r" \1 ", text)
        yield text
        inner = _PROOFPOINT_2.sub(lambda u: f" {u[1].translate(_OF_PROOFPOINT_2)}", text)
        inner = unquote(inner)
        if inner == text:
            return
        text = inner
