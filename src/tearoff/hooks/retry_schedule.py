"""Pure decisions about deliveries: when to try again, and when to stop."""

from __future__ import annotations

from datetime import timedelta

WAITS = tuple(
    timedelta(seconds=seconds)
    for seconds in (5, 60, 300, 1_800, 7_200, 21_600, 43_200, 86_400, 97_200)
)
"""Between one try and the next; 10 tries in three days."""

TRIES = len(WAITS) + 1
JITTER = 0.1
GIVE_UP_AFTER = timedelta(days=3)
"""An endpoint with nothing but failures for so long is switched off."""

IN_ORDER_FOR = 3
"""So many tries of an event keep later ones of the same thread waiting."""

GONE = 410


def wait_after(tries: int, luck: float) -> timedelta | None:
    """How long to wait after so many tries; None when that was the last one. `luck`, from 0 to
    1, spreads the wait by a tenth, so that what failed together does not come back together."""
    if tries >= TRIES:
        return None
    return WAITS[tries - 1] * (1 + JITTER * (2 * luck - 1))


def is_success(status: int | None) -> bool:
    return status is not None and 200 <= status < 300
