"""What a receiver says about when it wants to be called again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

MOST = timedelta(hours=24)
"""A receiver that asks for more is called again after this."""
_ASKING = (429, 503)


def asked(status: int, value: str, now: datetime) -> timedelta | None:
    """How long to leave it alone, by its `Retry-After`: whole seconds or an HTTP date. None where
    it says nothing that counts."""
    if status not in _ASKING or not value.strip():
        return None
    wait = _wait(value.strip(), now)
    return min(wait, MOST) if wait is not None and wait > timedelta() else None


def _wait(text: str, now: datetime) -> timedelta | None:
    if text.isascii() and text.isdigit():
        return timedelta(seconds=int(text)) if len(text) < 10 else MOST
    try:
        until = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return until.replace(tzinfo=until.tzinfo or UTC) - now
