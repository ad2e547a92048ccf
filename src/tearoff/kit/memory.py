"""Memory that was needed for a moment goes back to the system."""

from __future__ import annotations

import ctypes
from collections.abc import Callable


def give_back() -> None:
    """glibc keeps what was freed in pieces of up to 32 MB: after one large picture a process
    would stay as large for ever. Other libraries give it back by themselves."""
    if _TRIM is not None:
        _TRIM(0)


def _find_trim() -> Callable[[int], int] | None:
    try:
        return ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):
        return None


_TRIM = _find_trim()
