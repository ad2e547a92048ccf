"""The address that phones open: what is wrong with it, and a QR code to try it."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

import msgspec

from tearoff.kit.words import Words, phrase
from tearoff.web.coupon.qr import QrCode, draw_qr
from tearoff.web.dashboard.visit import Visit
from tearoff.web.people.hello import PATH

_INSIDE = (".local", ".localhost", ".lan", ".internal", ".home.arpa", ".test", ".example")

_SAYINGS = {
    "this_machine": phrase(
        "{address} is this computer alone: links in messages will open on no phone."
    ),
    "inside": phrase(
        "{address} is known only inside your own network: a phone that is elsewhere cannot open it."
    ),
    "plain": phrase(
        "{address} is without https: phones warn of it, and the counter's camera stays off."
    ),
}


class PhoneAddress(msgspec.Struct, frozen=True):
    """`trouble`: what is wrong with it, in words; "" when nothing is. `is_own`: it is the account's
    own, not the server's."""

    address: str
    test_address: str
    trouble: str
    is_own: bool
    code: QrCode


def of(visit: Visit) -> PhoneAddress:
    address = visit.link_host
    test = address + PATH
    trouble = trouble_of(address)
    told = _told(visit.words, trouble, address) if trouble else ""
    return PhoneAddress(address, test, told, visit.account.link_host is not None, draw_qr(test))


def trouble_of(address: str) -> str:
    """A key of what is said, or "". Nobody is asked: it is told by the name alone."""
    parts = urlsplit(address)
    host = (parts.hostname or "").lower()
    try:
        number = ip_address(host)
    except ValueError:
        if host == "localhost" or host.endswith(".localhost"):
            return "this_machine"
        if "." not in host or host.endswith(_INSIDE):
            return "inside"
        return "" if parts.scheme == "https" else "plain"
    if number.is_loopback or number.is_unspecified:
        return "this_machine"
    if not number.is_global:
        return "inside"
    return "" if parts.scheme == "https" else "plain"


def _told(words: Words, trouble: str, address: str) -> str:
    return words(_SAYINGS[trouble], address=address)
