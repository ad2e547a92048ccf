"""Which coupon of an account somebody at a counter means by what was scanned or typed."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from tearoff.accounts import tallies
from tearoff.accounts.tallies import NO_CAP, Tally
from tearoff.coupons import rules
from tearoff.coupons.counter.scanned_text import Scanned
from tearoff.coupons.models import SessionAndCampaign
from tearoff.coupons.sessions import queries
from tearoff.kit.db import Database, Handle
from tearoff.kit.visible import as_seen

DEVICE_MISSES, LOCATION_MISSES = 10, 50
MISSES_WITHIN = timedelta(minutes=5)
SLOWED = timedelta(seconds=10)
"""After so many wrong codes a device has one looked at in that time: guests who hand over what is
no code of ours stop nobody with a right one."""


class Ambiguous(Exception):
    """Several codes differ from this one, and from each other, only in case, dashes and the like:
    whose coupon it is can only be told by who types it exactly."""


class Place(msgspec.Struct, frozen=True):
    """Whose coupons are meant, and who asks."""

    account_id: int
    location_id: int
    device_id: int


async def find(
    db: Database, place: Place, scanned: Scanned | None, now: datetime, *, any_case: bool = False
) -> SessionAndCampaign | None:
    """Only coupons of the device's own account. What people type, or could guess, is counted
    before it is looked up and given back when it was right, or could be no code at all. With
    `any_case` nobody knows whether its letters were large or small: CapsLock was on. Raises
    `TallyFull` when it was not looked at, because the device is slowed, and `Ambiguous`."""
    if scanned is not None and scanned.kind in ("link", "full"):
        found = await queries.session_of_code(db, place.account_id, scanned.code)
        if found is not None or scanned.kind == "link":
            return found
    counted = await _reserve(db, place, now)
    try:
        found = await _find_typed(db, place, scanned, now, any_case) if scanned else None
    except Ambiguous:
        await _give_back(db, place, counted, now)
        raise
    if found is None and await _could_be_one(db, place, scanned):
        for miss in _misses(place):  # the five minutes begin with the last wrong one
            await tallies.lock_if_full(db, place.account_id, miss, now)
        return None
    await _give_back(db, place, counted, now)
    return found


async def _reserve(db: Database, place: Place, now: datetime) -> list[Tally]:
    """What the look counts in. Looks of one place come one after the other here."""
    misses = _misses(place)
    counted = [msgspec.structs.replace(miss, cap=NO_CAP) for miss in misses]
    async with db.transaction() as work:
        reached = await tallies.count(work, place.account_id, counted, now)
        if any(reached[miss.scope] > miss.cap for miss in misses):
            turn = Tally(f"counter:pace:{place.device_id}", 1, SLOWED)
            await tallies.count(work, place.account_id, [turn], now)
            counted.append(turn)
    return counted


async def _could_be_one(db: Handle, place: Place, scanned: Scanned | None) -> bool:
    """Whether it was a try: a barcode that a scanner garbled must not stop the device."""
    if scanned is None or scanned.is_garbled:
        return False
    return scanned.kind != "own" or await queries.has_own_codes(db, place.account_id)


async def _give_back(db: Database, place: Place, counted: list[Tally], now: datetime) -> None:
    back = [msgspec.structs.replace(tally, step=-1) for tally in counted]
    async with db.transaction() as work:
        await tallies.count(work, place.account_id, back, now)


async def _find_typed(
    db: Handle, place: Place, scanned: Scanned, now: datetime, any_case: bool
) -> SessionAndCampaign | None:
    text, several = "", list[SessionAndCampaign]()
    for spelling in scanned.spellings:
        if not several:
            text = as_seen(spelling)
            several = await queries.sessions_of_own_code(db, place.account_id, text)
    if not any_case:
        several = [both for both in several if both.session.validation_code == text] or several
    if scanned.kind == "short":
        ours = await queries.session_of_code(db, place.account_id, scanned.code)
        if ours is not None:
            return _ours_or_own(ours, several, "" if any_case else text)
    if len({one.session.validation_code for one in several}) > 1:
        raise Ambiguous
    return await _meant(db, place, several, now)


def _ours_or_own(
    ours: SessionAndCampaign, several: list[SessionAndCampaign], text: str
) -> SessionAndCampaign:
    """A short code that is, but for case and dashes, also a shop's own code of somebody else."""
    others = [one for one in several if one.session.id != ours.session.id]
    exactly = [one for one in others if one.session.validation_code == text]
    is_ours = ours.session.short_code == text
    if not others or (is_ours and not exactly):
        return ours
    if len(exactly) == 1 and not is_ours:
        return exactly[0]
    raise Ambiguous


async def _meant(
    db: Handle, place: Place, several: list[SessionAndCampaign], now: datetime
) -> SessionAndCampaign | None:
    """A shop may use one code in several campaigns: the one that can be used now and here is
    meant; of several, the one that ends first."""
    if len(several) < 2:
        return next(iter(several), None)
    usable = [
        one
        for one in several
        if rules.why_not_usable(one.session, one.campaign, now) is None
        and await queries.is_taken_in_at(db, one.campaign.id, place.location_id)
    ]
    usable.sort(key=lambda one: one.session.expiry(one.campaign) or now + timedelta(36_500))
    left = [one for one in several if not one.session.is_used_up(one.campaign)]
    return next(iter(usable or left or several))


def _misses(place: Place) -> list[Tally]:
    return [
        Tally(f"counter:device:{place.device_id}", DEVICE_MISSES, MISSES_WITHIN),
        Tally(f"counter:location:{place.location_id}", LOCATION_MISSES, MISSES_WITHIN),
    ]
