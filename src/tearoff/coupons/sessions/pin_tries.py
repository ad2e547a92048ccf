"""How often a PIN of the staff may be typed wrong on a coupon, and for how long none is looked at
then. `behind_link.py` reads it for the page, `web/coupon/pins.py` counts."""

from __future__ import annotations

from datetime import timedelta

MOST_PINS_AT_ONCE = 10
"""Places of a campaign among which a PIN alone says which one is meant."""
PIN_LOCK = "pin:session:"
"""With a session's id behind it, the tally of wrong PINs; it is full while no PIN is looked at."""
PIN_TRIES = 5
LOCKED_FOR = timedelta(minutes=15)
