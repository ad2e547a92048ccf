"""What `tearoff doctor` finds about the machine and how the server is bound."""

from __future__ import annotations

import resource
from collections.abc import Iterator

from tearoff.cli import rootless
from tearoff.cli.findings import Finding
from tearoff.config import Settings
from tearoff.kit.proxies import is_loopback

ENOUGH_FILES = 11_000
"""10,000 connections of a web process (`cli/webserver.py`), and what it needs beside them."""


def of_server(settings: Settings) -> Iterator[Finding]:
    yield _bound(settings)
    yield _metrics(settings)
    yield _local_services(settings)
    yield _open_files()
    yield _user(settings)


def _user(settings: Settings) -> Finding:
    choice = rootless.choose(settings)
    if choice.why:
        text = f"web processes and worker stay root: {choice.why}."
        return Finding("user", False, text, rootless.REMEDY)
    name = choice.user.pw_name if choice.user else "whoever starts it, who is not root"
    return Finding("user", True, f"web processes and worker run as {name}")


def _bound(settings: Settings) -> Finding:
    where = f"{settings.host}:{settings.port}"
    if settings.public_url.startswith("https:") and not settings.trusted_proxies:
        return Finding(
            "address", False, f"{where} behind https, and the proxy that ends it is not named:"
            " all callers seem to be one.",
            "Name its address in TEAROFF_TRUSTED_PROXIES (docs/operators.md, A proxy in front).",
        )  # fmt: skip
    if is_loopback(settings.host) or settings.trusted_proxies:
        return Finding("address", True, where)
    return Finding(
        "address", False, f"{where}, which others reach, and no proxy is named.",
        "Put a proxy in front that ends TLS and slow connections (docs/operators.md, A proxy in"
        " front), and name it in TEAROFF_TRUSTED_PROXIES.",
    )  # fmt: skip


def _metrics(settings: Settings) -> Finding:
    if settings.metrics_token:
        return Finding("metrics", True, "with their token")
    if not settings.public_url and not settings.trusted_proxies:
        return Finding("metrics", True, "for this machine only")
    return Finding(
        "metrics", False, "/metrics has no token. A proxy on this machine that adds no header and"
        " calls it by a loopback name would show it to everybody.",
        "Set TEAROFF_METRICS_TOKEN (docs/operators.md, A proxy in front).",
    )  # fmt: skip


def _local_services(settings: Settings) -> Finding:
    if not settings.allow_loopback:
        return Finding("local services", True, "only those of TEAROFF_ALLOWED_HOSTS")
    if is_loopback(settings.host) and not settings.public_url:
        return Finding("local services", True, "all, for whoever can use this machine")
    return Finding(
        "local services", False, "TEAROFF_ALLOW_LOOPBACK opens all services of this machine to"
        " every address that an account types, those of webhooks too.",
        "Switch it off, and name what is needed in TEAROFF_ALLOWED_HOSTS (127.0.0.1:2525).",
    )  # fmt: skip


def _open_files() -> Finding:
    """Each connection is an open file; the server raises its own limit up to the hard one."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard == resource.RLIM_INFINITY or hard >= ENOUGH_FILES:
        return Finding("open files", True, "as many as are needed")
    return Finding(
        "open files", False, f"at most {hard} for a process; fewer connections than it could take",
        f"Raise the hard limit to {ENOUGH_FILES} (LimitNOFILE= of systemd, ulimit -Hn).",
    )  # fmt: skip
