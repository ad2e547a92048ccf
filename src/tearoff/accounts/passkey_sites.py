"""Which address passkeys are made for: that of the installation, as browsers write it.

A browser keeps a passkey under a name (WebAuthn's RP ID), and signs the address that the page was
opened by (the origin). Both come from `TEAROFF_PUBLIC_URL`, never from what a caller says of
itself, so a proxy that ends TLS may hand on what it likes.
"""

from __future__ import annotations

from enum import StrEnum
from ipaddress import ip_address
from urllib.parse import urlsplit

import msgspec

_DEFAULT_PORTS = {"https": 443, "http": 80}


class Site(msgspec.Struct, frozen=True):
    """`name`: `shop.example.com`; `origin`: scheme, name and port, the port only where it is not
    the scheme's own: `https://shop.example.com`."""

    name: str
    origin: str


class WhyNot(StrEnum):
    """Why browsers make no passkeys for an address."""

    NUMBER = "number"
    """The address is a number of the net (IP), and no name."""
    PLAIN_HTTP = "plain_http"
    UNREADABLE = "unreadable"


def site_of(address: str) -> Site | WhyNot:
    """For scheme and host, with or without a port."""
    try:
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return WhyNot.UNREADABLE
    name = _ascii(host)
    if not name or parts.scheme not in _DEFAULT_PORTS:
        return WhyNot.UNREADABLE
    if _is_number(name):
        return WhyNot.NUMBER
    if parts.scheme == "http" and name != "localhost" and not name.endswith(".localhost"):
        return WhyNot.PLAIN_HTTP
    own = "" if port in (None, _DEFAULT_PORTS[parts.scheme]) else f":{port}"
    return Site(name, f"{parts.scheme}://{name}{own}")


def _ascii(host: str) -> str:
    try:
        return host.rstrip(".").lower().encode("idna").decode("ascii")
    except UnicodeError:
        return ""


def _is_number(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
