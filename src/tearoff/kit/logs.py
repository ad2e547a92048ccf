"""Logging: one line an event, for people on a terminal and as JSON elsewhere.

Nothing personal and no secret belongs into it. Whoever writes a line names things by their ids,
a route by its template (`route_of`); an error that nobody foresaw is written without the values it
quotes. `mask` is the net below that: it takes out what looks like a number, an address, a code or
a secret, and is not relied on, because it knows neither names nor texts.
"""

from __future__ import annotations

import logging
import re
import sys
import traceback
from collections.abc import Mapping
from types import TracebackType
from typing import Any

import asyncpg
import structlog

from tearoff.config import Settings
from tearoff.errors import TearoffError

MASKED = "[…]"


def configure(settings: Settings, *, least: int = logging.NOTSET) -> None:
    """`least`: what is below this level is not written, whatever the settings say."""
    level = logging.getLevelNamesMapping().get(settings.log_level.upper(), logging.INFO)
    level = max(level, least)
    as_text = settings.log_format == "text" or (
        settings.log_format == "auto" and sys.stderr.isatty()
    )
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer() if as_text else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.ExceptionRenderer(_told_in_full),
            _mask_values,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        # Several processes share one stream: a line and its end are written in one go.
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(OfLibraries("%(levelname)s:%(name)s:%(message)s"))
    logging.basicConfig(level=max(level, logging.WARNING), handlers=[handler])


def route_of(scope: Mapping[str, Any]) -> str:
    """`/p/{campaign}/{code}` and not what stood in its place; empty where no route fits."""
    return str(scope.get("path_template") or "")


# errors ------------------------------------------------------------------------------------

_OF_THE_PROGRAM = (TearoffError, AttributeError, ImportError, NameError, OSError, TypeError)
"""Their texts name our own things; those of others quote what came in."""

_QUOTED = re.compile(r"b?'[^']*'|\"[^\"]*\"")


def told(error: BaseException) -> str:
    """What went wrong, without the values that it was done with: the database's errors quote
    whole rows."""
    if isinstance(error, asyncpg.PostgresError):
        names = (getattr(error, name, None) for name in ("table_name", "constraint_name"))
        return " ".join([str(error.sqlstate), *(name for name in names if name)])
    if isinstance(error, _OF_THE_PROGRAM):
        return mask(str(error))
    return mask(_QUOTED.sub(MASKED, str(error)))


def _told_in_full(exc_info: Any) -> str:
    """As Python prints a traceback, with the errors as `told` has them."""
    _kind, error, _trace = exc_info
    return "" if error is None else "\n".join(_chain(error, set())).rstrip()


def _chain(error: BaseException, seen: set[int]) -> list[str]:
    seen.add(id(error))
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    lines = []
    if before is not None and id(before) not in seen:
        lines = [*_chain(before, seen), "", "After that:", ""]
    lines += _one(error, error.__traceback__)
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            if id(inner) not in seen:
                lines += ["Of the group:", *_chain(inner, seen)]
    return lines


def _one(error: BaseException, trace: TracebackType | None) -> list[str]:
    frames = [line.rstrip() for line in traceback.format_tb(trace)]
    return [*frames, f"{type(error).__module__}.{type(error).__qualname__}: {told(error)}"]


# the net -----------------------------------------------------------------------------------

_NET = re.compile(
    r"""
      [^\s@<>"'(),;:=]{1,64}@[\w-]+(?:\.[\w-]+)+              # a mail address
    | (?<=://)[^\s/@]{1,200}@                                # user and password in an address
    | (?<![\w.:-])(?!\d{1,3}(?:\.\d{1,3}){3}(?!\d))      # no IP address
      (?!\d{4}-\d\d-\d\d)                                # no date
      \+?\(?\d(?:[\s().\-/]{0,2}\d){7,}(?!\w)            # a phone number, however written
    | (?<![a-z0-9])[a-z0-9]{21}(?![a-z0-9])              # a session code
    | (?<![\w-])(?=[\w-]*\d)(?=[\w-]*[a-z])(?=[\w-]*[A-Z])[\w-]{22,}   # a token
    | (?<![\w-])[0-9a-fA-F]{32,}(?![\w-])                # one in hexadecimal
    """,
    re.VERBOSE,
)


_OURS = ("event", "client_id")
"""Fields that hold nothing but what we have made, and a client's id is no secret."""


def mask(text: str) -> str:
    return _NET.sub(MASKED, text)


def _mask_values(_logger: Any, _method: str, event: Any) -> Any:
    return {k: mask(v) if isinstance(v, str) and k not in _OURS else v for k, v in event.items()}


class OfLibraries(logging.Formatter):
    """Lines of libraries, which know nothing of all this."""

    def formatException(self, ei: Any) -> str:  # noqa: N802 (the name is theirs)
        return _told_in_full(ei)

    def format(self, record: logging.LogRecord) -> str:
        record.exc_text = None  # another handler's, which hides nothing
        return mask(super().format(record))
