"""How often a PIN of the staff may be typed wrong on a coupon, and for how long none is looked at
then. `behind_link.py` reads it for the page, `web/coupon/pins.py` counts."""

from __future__ import annotations

from datetime import timedelta

from tearoff.accounts.tallies import NO_CAP, Tally

MOST_PINS_AT_ONCE = 10
"""Places of a campaign among which a PIN alone says which one is meant."""
PIN_LOCK = "pin:session:"
"""With a session's id behind it, the tally of wrong PINs; it is full while no PIN is looked at."""
PIN_TRIES = 5
LOCKED_FOR = timedelta(minutes=15)
ALARM_TRIES = 50
"""Wrong ones in all of an account within an hour, after which it is told."""
ALARM = Tally("pin:alarm", NO_CAP, timedelta(hours=1))
LOCKS = Tally("pin:locks", NO_CAP, timedelta(days=1))
"""Coupons of an account that were locked so. A window begins with its first one."""
