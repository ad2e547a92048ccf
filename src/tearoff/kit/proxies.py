"""Where a call comes from, when a proxy may stand in front."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Any

import structlog

from tearoff.errors import Invalid

log = structlog.get_logger()

Address = IPv4Address | IPv6Address

UNKNOWN = "unknown"

_FORWARDS = (
    b"forwarded", b"via", b"x-real-ip", b"x-client-ip", b"true-client-ip", b"cf-connecting-ip",
)  # fmt: skip
"""Headers that proxies add to what they hand on, beside `X-Forwarded-…`."""


def client_address(scope: Mapping[str, Any], trusted: tuple[str, ...]) -> str:
    """The address of the caller of an ASGI connection.

    `X-Forwarded-For` counts only when it was written by a listed proxy (`trusted`: addresses
    or networks). It is read from its end, because everybody may write its beginning: the
    first address that is no listed proxy is the caller.
    """
    client = scope.get("client")
    peer = client[0] if client else ""
    if not trusted:
        _tell_of_a_proxy(scope, peer)
        return peer or UNKNOWN
    if not _is_trusted(peer, trusted):
        return peer or UNKNOWN
    for hop in reversed(_forwarded(scope)):
        if _read(hop) is None:
            return peer
        if not _is_trusted(hop, trusted):
            return hop
    return peer


def is_from_here(scope: Mapping[str, Any]) -> bool:
    """Whether a call was made by a program of this machine for itself. A proxy on it comes from
    loopback too, but says whom it speaks for, or hands on the name that its caller used."""
    client = scope.get("client")
    hosts = [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]
    is_forwarded = any(
        name in _FORWARDS or name.startswith(b"x-forwarded-") for name, _ in scope["headers"]
    )
    return (
        client is not None
        and is_loopback(client[0])
        and not is_forwarded
        and len(hosts) == 1
        and is_loopback(_without_port(hosts[0]))
    )


def is_loopback(host: str) -> bool:
    """A name or an address, without a port."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _without_port(host: str) -> str:
    """Of a `Host` header; empty when it is none."""
    found = _HOST.fullmatch(host)
    return (found[1] or found[2]) if found else ""


_HOST = re.compile(r"(?:\[([0-9a-fA-F:.]+)\]|([^\[\]:]+))(?::\d*)?")


def _tell_of_a_proxy(scope: Mapping[str, Any], peer: str) -> None:
    """Once a process: whoever forwards from a private address is most likely a proxy that nobody
    has named, and then all callers seem to be one."""
    global _has_told  # noqa: PLW0603 - once a process
    if _has_told or not _forwarded(scope):
        return
    ip = _read(peer)
    if ip is not None and (ip.is_private or ip.is_loopback):
        _has_told = True
        log.warning(
            "proxy.unnamed", peer=peer, hint="If it is a proxy, name it in TEAROFF_TRUSTED_PROXIES."
        )


_has_told = False


def check_networks(trusted: tuple[str, ...]) -> None:
    """Raises `Invalid` when one of them is no address and no network."""
    for text in trusted:
        try:
            ip_network(text, strict=False)
        except ValueError:
            raise Invalid(
                f"{text!r} is no address or network.",
                field="TEAROFF_TRUSTED_PROXIES",
                hint="Use addresses such as 10.0.0.1 or networks such as 10.0.0.0/8.",
            ) from None


def network_of(address: str) -> str:
    """The network that an address belongs to, for counting: /24 of IPv4, /48 of IPv6. One
    household, shop or office has more than one address, and a guesser has many."""
    ip = _read(address)
    if ip is None:
        return UNKNOWN
    return str(ip_network((ip, 24 if ip.version == 4 else 48), strict=False))


def host_of(address: str) -> str:
    """The machine behind an address, for counting: an address of IPv4, a /64 of IPv6, for one
    machine has all of that to choose from."""
    ip = _read(address)
    if ip is None:
        return UNKNOWN
    return str(ip) if ip.version == 4 else str(ip_network((ip, 64), strict=False))


def _forwarded(scope: Mapping[str, Any]) -> list[str]:
    values = [v.decode("latin-1") for k, v in scope["headers"] if k == b"x-forwarded-for"]
    if not values:
        return []
    return [hop.strip() for hop in ",".join(values).split(",") if hop.strip()]


def _is_trusted(address: str, trusted: tuple[str, ...]) -> bool:
    ip = _read(address)
    return ip is not None and any(ip in network for network in _networks(trusted))


@lru_cache(64)
def _networks(trusted: tuple[str, ...]) -> tuple[IPv4Network | IPv6Network, ...]:
    return tuple(ip_network(text, strict=False) for text in trusted)


def _read(text: str) -> Address | None:
    try:
        ip = ip_address(text)
    except ValueError:
        return None
    return (ip.ipv4_mapped or ip) if isinstance(ip, IPv6Address) else ip
