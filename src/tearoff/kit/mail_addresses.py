"""E-mail addresses: who is meant by one, however it is written.

Opt-outs, searches and sends compare `canonical_address`; a second spelling of an address is
never a second person. Where plus tags and dots lead is the host's affair, so both stay; only
`person_key`, which counts people and addresses nobody, looks past them.
"""

from __future__ import annotations

import re

import idna

from tearoff.kit.visible import as_seen

MAX_LENGTH = 254
"""RFC 5321, section 4.5.3.1.3, without the angle brackets."""

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]"
_PLAIN_LOCAL = re.compile(rf"(?!['`]){_ATOM}+(\.{_ATOM}+)*")
# Beyond ASCII (RFC 6531) only letters, their marks and digits.
_LOCAL = re.compile(rf"(?!['`])(?:{_ATOM}|(?![\x00-\x7f_])\w)+(\.(?:{_ATOM}|(?![\x00-\x7f_])\w)+)*")
_LABEL = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
# There is no top-level domain with digits in it, but for A-labels (RFC 1123, 2.1; IANA's list).
_TOP = re.compile(r"[A-Za-z]{2,63}|xn--[a-z0-9-]{1,59}", re.IGNORECASE)


class AddressInvalid(ValueError):
    """No e-mail address; says why."""


def mail_address(given: str) -> str:
    """The address as it is kept and shown: nothing hidden in it, the domain as A-labels
    (UTS 46, non-transitional, so `straße.de` is not `strasse.de`). ASCII letters keep their
    case. Raises `AddressInvalid` for what is more or less than one bare address."""
    text = as_seen(given)
    if len(text) > MAX_LENGTH:
        raise AddressInvalid(f"an address has at most {MAX_LENGTH} characters")
    local, at, domain = text.partition("@")
    if not at or "@" in domain or " " in text:
        raise AddressInvalid("write one address, such as anna@example.com, without blanks")
    if not (_PLAIN_LOCAL if local.isascii() else _LOCAL).fullmatch(local) or len(local) > 64:
        raise AddressInvalid("what stands before the @ is no name of a mailbox: no quotes, no"
                             " mailto:, no dot at its ends")  # fmt: skip
    if "=?" in local:  # an encoded word (RFC 2047): mail programs would read something else
        raise AddressInvalid("what stands before the @ is no name of a mailbox: no =?")
    address = f"{local}@{_a_labels(domain)}"
    if len(address) > MAX_LENGTH:
        raise AddressInvalid(f"an address has at most {MAX_LENGTH} characters")
    # Databases of every locale find the lower case of ASCII, not of every other letter.
    return address if address.isascii() else address.lower()


def canonical_address(given: str) -> str:
    """The identity of an address, for everything that compares. Raises `AddressInvalid`."""
    return mail_address(given).lower()


_WITHOUT_DOTS = {"gmail.com": "gmail.com", "googlemail.com": "gmail.com"}
"""Hosts that ignore dots before the @, by the name under which their mailboxes are one: Google's
help, "Dots don't matter in Gmail addresses"."""


def person_key(given: str) -> str:
    """Who has this address, where one person gets so much: what follows a plus is gone, and dots
    where the host ignores them. Never for sending or opt-outs: another person may be meant by
    them. What is no address stands for itself, in lower case."""
    try:
        local, _, host = canonical_address(given).partition("@")
    except AddressInvalid:
        return given.lower()
    name = local.partition("+")[0]
    if host in _WITHOUT_DOTS:
        host, name = _WITHOUT_DOTS[host], name.replace(".", "")
    return f"{name or local}@{host}"


def _a_labels(domain: str) -> str:
    if not domain.isascii() or "xn--" in domain.lower():
        try:
            domain = idna.encode(domain, uts46=True, std3_rules=True).decode("ascii")
        except UnicodeError:  # what idna raises is one
            raise AddressInvalid("what stands behind the @ is not a domain") from None
    *labels, top = domain.split(".")
    if not labels or not all(map(_LABEL.fullmatch, labels)) or not _TOP.fullmatch(top):
        raise AddressInvalid("what stands behind the @ is not a domain")
    return domain
