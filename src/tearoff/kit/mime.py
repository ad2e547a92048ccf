"""A mail as it goes over the wire: headers that hold what was meant, text, and maybe HTML
(RFC 5322, RFC 2046, RFC 2047).

Whatever callers or shops write, a header never gets a second line. Texts are encoded here, once,
and never handed to a parser: Python's own headers decode what looks like an encoded word
(`=?utf-8?q?=0d=0a…?=`), and versions before 3.11.10 and 3.12.5 write the line ends in it as such
(CVE-2024-6923). What was written is looked at once more before it leaves.
"""

from __future__ import annotations

import email.header
import email.utils
import re
import unicodedata
from collections.abc import Iterable, Mapping
from email.message import EmailMessage
from email.parser import BytesHeaderParser
from email.policy import SMTP, default

import msgspec

from tearoff.errors import Invalid

_POLICY = SMTP.clone(cte_type="7bit")
"""Every server takes 7 bit; lines end in CRLF."""

_LONGEST_LINE = 998
"""Octets of a line without its end (RFC 5322, 2.1.1)."""

_FOLD_AT = 76
_PLAIN = re.compile(r"[ -~]*")
_ADDRESS = re.compile(r"[!-?A-~]{1,64}@[A-Za-z0-9.:\[\]-]{1,253}")
_NO_ADDRESS = re.compile(r"[\s<>(),;:\\\"\[\]]|=\?")


class UnsafeMail(Invalid):
    """The mail's header would hold something else than it should; nothing was sent."""


class Mailbox(msgspec.Struct, frozen=True):
    """An address in ASCII, and the name beside it."""

    address: str
    name: str = ""


def write_mail(headers: Mapping[str, str | Mailbox], text: str, html: str = "") -> bytes:
    """The mail, in 7 bits. Raises `UnsafeMail`."""
    content = EmailMessage(policy=_POLICY)
    content.set_content(text)
    if html:
        content.add_alternative(html, subtype="html")
    lines = "".join(f"{name}: {_written(name, told)}\r\n" for name, told in headers.items())
    raw = lines.encode("ascii") + content.as_bytes()
    check_header(raw, [*headers, *content])
    return raw


def check_header(raw: bytes, names: Iterable[str]) -> None:
    """Whether the finished mail's header holds exactly these names, once each, and nothing that
    a reader could take for another line. Raises `UnsafeMail`."""
    block = raw.partition(b"\r\n\r\n")[0]
    if not block.isascii() or re.search(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", block):
        raise UnsafeMail
    if re.search(rb"\r(?!\n)|(?<!\r)\n", block) or re.search(rb"(?m)^[ \t]*\r?$", block):
        raise UnsafeMail
    if max(map(len, block.split(b"\r\n"))) > _LONGEST_LINE:
        raise UnsafeMail
    parsed = BytesHeaderParser(policy=default).parsebytes(block + b"\r\n\r\n")
    found = sorted(name.lower() for name in parsed.keys())  # noqa: SIM118 (names that come twice)
    if parsed.defects or found != sorted(name.lower() for name in names):
        raise UnsafeMail
    if any(unicodedata.category(c) in _NO_TEXT for told in parsed.values() for c in str(told)):
        raise UnsafeMail


def one_line(text: str, limit: int) -> str:
    """Text as it may stand in a header: one line without control characters, halves of
    characters or marks that turn the reading direction."""
    plain = "".join(" " if unicodedata.category(c) in _NO_TEXT else c for c in text)
    return " ".join(plain.translate(_TURNS).split())[:limit].rstrip()


_NO_TEXT = frozenset({"Cc", "Cs", "Zl", "Zp"})
_TURNS = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)])


def plain_words(text: str, limit: int) -> str:
    """What somebody else wrote, for a mail of ours: words alone, without anything that a mail
    program would make a link of."""
    line = one_line(unicodedata.normalize("NFKC", text), limit * 4)
    seen = "".join(c for c in line if unicodedata.category(c) != "Cf")
    # A dot stays where no domain can follow it: in "Bean & Leaf B.V.", and at an end.
    words = _LINKS.sub(" ", re.sub(r"[.\u3002\u2024](?=[^\W_]{2})", " ", seen))
    return " ".join(words.split())[:limit].rstrip()


_LINKS = re.compile(r"[:/\\@<>\[\]|=?#%_*~`{}]|\bwww\b", re.IGNORECASE)


def is_plain_address(text: str) -> bool:
    """Whether a header can hold it as it is: ASCII, and nothing in it that means something
    there. An encoded word is no local part, whatever RFC 5322 says of its characters."""
    return _ADDRESS.fullmatch(text) is not None and _NO_ADDRESS.search(text) is None


def _written(name: str, told: str | Mailbox) -> str:
    if isinstance(told, str):
        return _encoded(name, one_line(told, 500))
    if not is_plain_address(told.address):
        raise UnsafeMail(field=name)
    shown = one_line(told.name, 100)
    if not shown:
        return told.address
    is_plain, quoted = _is_plain(shown), f'"{email.utils.quote(shown)}"'
    shown = quoted if is_plain else _encoded(name, shown)
    return f"{shown}\r\n <{told.address}>"


def _encoded(name: str, text: str) -> str:
    """Folded; as encoded words where it is not plain, or could be taken for one."""
    charset = "us-ascii" if _is_plain(text) else "utf-8"
    written = email.header.Header(text, charset, maxlinelen=_FOLD_AT, header_name=name)
    return written.encode(linesep="\r\n")


def _is_plain(text: str) -> bool:
    return _PLAIN.fullmatch(text) is not None and "=?" not in text
