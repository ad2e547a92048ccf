"""The one place that reads the clock. Everything below a door gets `now` passed in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_offset = timedelta(0)


def set_offset(seconds: float) -> None:
    """Shift the clock of this process, for trying out what happens at another time."""
    global _offset  # noqa: PLW0603
    _offset = timedelta(seconds=seconds)


def now() -> datetime:
    """The current time in UTC, with time zone."""
    return datetime.now(UTC) + _offset
