"""What `tearoff doctor` finds about Python's mail headers and the operator's mail server."""

from __future__ import annotations

import asyncio
import platform
import sys
from collections.abc import Iterator

from tearoff.cli.findings import Finding
from tearoff.config import Settings
from tearoff.kit import mail

_MENDED = {(3, 11): 10, (3, 12): 5}
"""From which patch on Python's own e-mail headers hold no line ends (CVE-2024-6923)."""


def of_python(settings: Settings) -> Iterator[Finding]:
    yield python_finding(sys.version_info[:3], platform.python_version())


def python_finding(version: tuple[int, int, int], shown: str) -> Finding:
    patch = _MENDED.get(version[:2], 0)
    if version[2] >= patch:
        return Finding("Python", True, shown)
    return Finding(
        "Python", False, f"{shown} writes line ends into mail headers (CVE-2024-6923); Tearoff"
        " does not rely on it.",
        f"Update to {version[0]}.{version[1]}.{patch} or newer.",
    )  # fmt: skip


def of_mail(settings: Settings) -> Iterator[Finding]:
    """Connects and logs in."""
    if not mail.can_send(settings):
        yield Finding("mail", True, "none: links to set a password are handed over by hand")
        return
    problem = asyncio.run(mail.check(settings))
    hint = "TEAROFF_SMTP_URL, TEAROFF_SMTP_TLS and TEAROFF_MAIL_FROM say how mail leaves."
    yield Finding("mail", not problem, problem or "its server answers", hint if problem else "")
