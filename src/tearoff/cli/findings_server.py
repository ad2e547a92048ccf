"""What `tearoff doctor` finds about the machine and how the server is bound."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address

from tearoff.cli.findings import Finding
from tearoff.config import Settings


def of_server(settings: Settings) -> Iterator[Finding]:
    yield _bound(settings)


def _bound(settings: Settings) -> Finding:
    where = f"{settings.host}:{settings.port}"
    if _is_loopback(settings.host) or settings.trusted_proxies:
        return Finding("address", True, where)
    return Finding(
        "address", False, f"{where}, which others reach, and no proxy is named.",
        "Put a proxy in front that ends TLS and slow connections (docs/operators.md), and name it"
        " in TEAROFF_TRUSTED_PROXIES.",
    )  # fmt: skip


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
