"""Pure decisions about messages: how their state climbs, and where and when they may go."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time
from zoneinfo import ZoneInfo

from tearoff.kit.phone import Phone
from tearoff.providers.base import ReceiptState

LADDER = {
    "queued": 0,
    "submitting": 1,
    "unknown": 2,
    "accepted": 3,
    "sent": 4,
    "failed": 5,
    "delivered": 6,
}
"""A state only climbs. `unknown` is settled by any word of the service. Delivered beats failed,
because late success happens and late failure does not."""

_MEANS = {
    ReceiptState.SENT: "sent",
    ReceiptState.DELIVERED: "delivered",
    ReceiptState.FAILED: "failed",
}


def next_state(current: str, receipt: ReceiptState) -> str | None:
    """The state after a receipt; None when it changes nothing: late, doubled, or no news."""
    new = _MEANS.get(receipt)
    if new is None or LADDER[new] <= LADDER[current]:
        return None
    return new


def country_allowed(
    phone: Phone, *, home_country: str | None, allowed: frozenset[str] | None
) -> bool:
    """Whether the account sends to the number's country.

    With a list, the list. Without one only its own country, or every country while it has not
    said which one is its own. Numbers of no country (satellite and the like) never.
    """
    if not phone.is_geographic:
        return False
    if allowed is not None:
        return phone.rules_region in allowed
    return home_country is None or phone.rules_region == home_country


def in_quiet_hours(
    now: datetime, zones: Sequence[str], quiet_from: time, quiet_until: time
) -> bool:
    """Whether it is quiet in any of the zones the number may be in; UTC when none is known."""
    return any(
        _is_between(now.astimezone(ZoneInfo(zone)).time(), quiet_from, quiet_until)
        for zone in zones or ("UTC",)
    )


def _is_between(at: time, start: time, end: time) -> bool:
    if start <= end:
        return start <= at < end
    return at >= start or at < end
