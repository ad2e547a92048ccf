"""Reservations: a till holds a session while it rings up. Taking it in is `actions.validate` with
the reservation; of that and giving it back one is done, once. None commits."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from tearoff.coupons import rules
from tearoff.coupons.models import Session, SessionAndCampaign
from tearoff.coupons.sessions import actions, queries, reserved_limits, updates
from tearoff.kit import codes
from tearoff.kit.db import Handle

DEFAULT_SECONDS = 120
SECONDS = (10, 900)
"""For how long a till holds a session, at least and at most."""


class Reservation(msgspec.Struct, frozen=True):
    """A till's hold on a session: nobody else can use it until then."""

    id: str
    until: datetime
    session: Session


async def reserve(
    db: Handle,
    found: SessionAndCampaign,
    *,
    seconds: int,
    holder: str,
    now: datetime,
    location_id: int | None = None,
) -> Reservation:
    """Hold the session for a till that is about to take it in, and its place in the campaign's
    limits, in a transaction. Raises what `validate` raises, and `rules.Reserved` when another till
    holds it."""
    name = codes.session_code()
    until = now + timedelta(seconds=seconds)
    session = found.session
    current = await queries.hold_session(db, session.account_id, session.id) or found
    refusal = rules.why_not_usable(current.session, current.campaign, now)
    if refusal is not None:
        raise refusal
    held = await updates.reserve(
        db, session.account_id, session.id, reservation=name, until=until, holder=holder, now=now,
        location_id=location_id,
    )  # fmt: skip
    if held is None:
        raise await actions.why_lost(db, found, None, now)
    # As it was: what an earlier reservation held is given back first.
    await reserved_limits.hold(
        db, current.campaign, current.session, location_id=location_id, until=until, now=now
    )
    return Reservation(name, until, held)


async def find_reservation(
    db: Handle, account_id: int, reservation: str, now: datetime
) -> SessionAndCampaign:
    """The session that this reservation still holds."""
    found = await queries.session_of_reservation(db, account_id, reservation)
    if found is None or not found.session.is_reserved(now):
        raise reserved_limits.ReservationNotFound
    return found


async def release(db: Handle, account_id: int, reservation: str, now: datetime) -> None:
    """Give the reservation back, and what it held of the limits, in a transaction."""
    found = await find_reservation(db, account_id, reservation, now)
    held = await queries.hold_session(db, account_id, found.session.id)
    if held is None or not await updates.release(db, account_id, reservation, now):
        raise reserved_limits.ReservationNotFound
    await reserved_limits.free(db, held.session, now)
