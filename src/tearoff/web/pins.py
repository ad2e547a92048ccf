"""The staff's PIN on the consumer's phone: checked, and guarded against guessing.

A try is counted before the PIN is looked at, so that any number of guesses at the same time
is counted exactly, and given back when the PIN was right. Wrong ones count for the coupon, and,
over all coupons of the account, for the phone and for the network they come from. A phone is known
by a cookie that its first wrong PIN leaves; whoever throws that away meets the network's limit.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from tearoff.accounts import locations, tallies
from tearoff.accounts.tallies import Tally, TallyFull
from tearoff.coupons import actions
from tearoff.coupons.links import Linked
from tearoff.coupons.models import Doer, Session
from tearoff.errors import Forbidden
from tearoff.hooks.models import Listener
from tearoff.kit.db import Database
from tearoff.kit.vault import Vault

SESSION_TRIES = 5
PHONE_TRIES = 5
NETWORK_TRIES = 20
LOCKED_FOR = timedelta(minutes=15)


class WrongPin(Forbidden):
    """No location of this campaign has this PIN. `left` tries remain; none means locked."""

    def __init__(self, left: int) -> None:
        super().__init__()
        self.left = left


class PinLocked(Forbidden):
    """Too many wrong PINs for this coupon or from this network: no PIN is looked at."""


class Attempt(msgspec.Struct, frozen=True):
    """One try at using a coupon: the PIN, the amount spent and the receipt's number (or None),
    how often the coupon had been used when its page was shown, and the network and the phone that
    the try comes from."""

    pin: str
    amount: str | None
    receipt: str | None
    if_uses: int
    network: str
    phone: str = ""
    listener: Listener | None = None


async def redeem(
    db: Database, vault: Vault, linked: Linked, attempt: Attempt, now: datetime
) -> Session:
    """Use the coupon at the location that the PIN names. Raises `WrongPin`, `PinLocked` and
    what `actions.validate` raises."""
    tries = _tries(linked, attempt)
    await _reserve(db, linked, tries, now)
    async with db.transaction() as work:
        account, campaign = linked.campaign.account_id, linked.campaign.id
        location = await locations.find_of_pin(work, vault, account, campaign, attempt.pin)
        if location is not None:
            await tallies.count(work, account, [_back(t) for t in tries], now)
    if location is None:
        raise await _wrong(db, linked, tries, now)
    async with db.transaction() as work:
        return await actions.validate(
            work,
            linked.both,
            doer=Doer(actor="staff", channel="page", location_id=location.id),
            now=now,
            value=attempt.amount,
            receipt=attempt.receipt,
            if_uses=attempt.if_uses,
            listener=attempt.listener,
        )


def _tries(linked: Linked, attempt: Attempt) -> list[Tally]:
    of_phone = Tally(f"pin:phone:{attempt.phone}", PHONE_TRIES, LOCKED_FOR)
    return [
        Tally(f"pin:session:{linked.session.id}", SESSION_TRIES, LOCKED_FOR),
        Tally(f"pin:network:{attempt.network}", NETWORK_TRIES, LOCKED_FOR),
        *([of_phone] if attempt.phone else []),
    ]


async def _reserve(db: Database, linked: Linked, tries: list[Tally], now: datetime) -> None:
    try:
        async with db.transaction() as work:
            await tallies.count(work, linked.campaign.account_id, tries, now)
    except TallyFull:
        raise PinLocked from None


async def _wrong(db: Database, linked: Linked, tries: list[Tally], now: datetime) -> WrongPin:
    account = linked.campaign.account_id
    left = SESSION_TRIES
    for tally in tries:
        used = await tallies.reached(db, account, tally.scope, now)
        left = min(left, tally.cap - used)
        if used >= tally.cap:
            await _lock(db, linked, tally, now)
    return WrongPin(max(0, left))


async def _lock(db: Database, linked: Linked, tally: Tally, now: datetime) -> None:
    """Let the fifteen minutes begin now. The coupon's time line tells the shop."""
    account, session = linked.campaign.account_id, linked.session
    if await tallies.lock_if_full(db, account, tally, now):
        await db.execute(
            "INSERT INTO session_events (account_id, campaign_id, session_id, kind, at, actor,"
            " channel) VALUES ($1, $2, $3, 'pin_locked', $4, 'staff', 'page')",
            account,
            session.campaign_id,
            session.id,
            now,
        )


def _back(tally: Tally) -> Tally:
    return msgspec.structs.replace(tally, step=-1)
