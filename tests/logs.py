"""The log of a server, taken away again from a process that runs more tests."""

from __future__ import annotations

import sys

import structlog
from structlog._config import BoundLoggerLazyProxy


def reset_logs() -> None:
    """As if `logs.configure` had not been called. It tells each module's `log` to keep the stream
    that it first wrote to, which is another test's."""
    structlog.reset_defaults()
    for module in list(sys.modules.values()):
        log = getattr(module, "__dict__", {}).get("log")
        if isinstance(log, BoundLoggerLazyProxy):
            log.__dict__.pop("bind", None)
