"""The staff's PIN on the consumer's phone: checked, and guarded against guessing.

A try is counted before the PIN is looked at, so that any number of guesses at the same time
is counted exactly, and given back when the PIN was right. The same form with the same PIN, sent
again by a reload or a second tap, is the same try: it is told what was found, and counts nowhere.

Whoever guesses meets a lock on the coupon in hand, then a slow network; nobody else is ever
refused for it. After five wrong PINs no PIN is looked at on this coupon for a while: tills and
programs take it in all the same. A network with many wrong ones has one try in five seconds
looked at. What is not slowed is a coupon that has had no wrong one itself within the minute: the
right PIN on the phone of the next guest passes, however busily somebody beside it guesses.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import asyncpg
import msgspec

from tearoff.accounts import locations, tallies
from tearoff.accounts.tallies import NO_CAP, Tally, TallyFull
from tearoff.coupons.models import Doer, Session
from tearoff.coupons.sessions import actions, events
from tearoff.coupons.sessions.behind_link import Linked
from tearoff.coupons.sessions.pin_tries import (
    ALARM,
    ALARM_TRIES,
    LOCKED_FOR,
    LOCKS,
    PIN_LOCK,
    PIN_TRIES,
)
from tearoff.errors import Forbidden
from tearoff.hooks.models import Listener
from tearoff.kit import doorbook
from tearoff.kit.db import Database
from tearoff.kit.doorbook import Event
from tearoff.kit.vault import Vault

NETWORK_TRIES = 20
"""Wrong ones of a network within fifteen minutes, before it is slowed."""
SLOWED = timedelta(seconds=5)
_OWN_PACE = timedelta(minutes=1)
_FOUND_WRONG = 2


class WrongPin(Forbidden):
    """No location of this campaign has this PIN. `left` tries remain; none means locked.
    `wait`: the seconds that a slowed network waits for its next try, else 0."""

    def __init__(self, left: int, wait: int = 0) -> None:
        super().__init__()
        self.left = left
        self.wait = wait


class PinTooSoon(Forbidden):
    """The network is slowed: this PIN was not looked at, and not counted. `wait` is in seconds."""

    def __init__(self, wait: int) -> None:
        super().__init__()
        self.wait = wait


class PinLocked(Forbidden):
    """Too many wrong PINs for this coupon: no PIN is looked at until then."""

    def __init__(self, until: datetime) -> None:
        super().__init__()
        self.until = until


class _Again(Exception):
    """This form with this PIN was sent before."""


class Attempt(msgspec.Struct, frozen=True):
    """One try at using a coupon: the PIN, the amount spent and the receipt's number (or None),
    how often the coupon had been used when its page was shown, the network that the try comes
    from, the place that was chosen (None: any of the campaign's), and the showing of the page
    that sends it (`forms.once_of`)."""

    pin: str
    amount: str | None
    receipt: str | None
    if_uses: int
    network: str
    place: int | None = None
    listener: Listener | None = None
    once: str = ""


async def redeem(
    db: Database, vault: Vault, linked: Linked, attempt: Attempt, now: datetime
) -> Session:
    """Use the coupon at the location that the PIN names. Raises `WrongPin`, `PinTooSoon`,
    `PinLocked` and what `actions.validate` raises."""
    form = _of_form(vault, linked, attempt)
    try:
        tries = await _reserve(db, linked, attempt, form, now)
    except _Again:
        tries = await _known(db, linked, form, now)
    async with db.transaction() as work:
        account, campaign = linked.campaign.account_id, linked.campaign.id
        location = await locations.find_of_pin(
            work, vault, account, campaign, attempt.pin, attempt.place
        )
        if location is not None:
            await tallies.count(work, account, [_back(t) for t in tries], now)
    if location is None:
        raise await _wrong(db, linked, attempt, tries, form, now)
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


def _of_coupon(linked: Linked) -> Tally:
    return Tally(f"{PIN_LOCK}{linked.session.id}", PIN_TRIES, LOCKED_FOR)


def _of_network(attempt: Attempt) -> Tally:
    return Tally(f"pin:network:{attempt.network}", NO_CAP, LOCKED_FOR)


def _pace(attempt: Attempt) -> Tally:
    """Taken by a try in a slowed network for as long as the next one waits."""
    return Tally(f"pin:pace:{attempt.network}", 1, SLOWED)


def _own_pace(linked: Linked) -> Tally:
    return Tally(f"pin:pace:{linked.session.id}", 1, _OWN_PACE)


def _of_form(vault: Vault, linked: Linked, attempt: Attempt) -> Tally | None:
    """This form with this PIN: 1 while it is looked at, 2 when it was wrong. What does not say
    which form it is counts each time."""
    if not attempt.once:
        return None
    sent = f"{linked.session.id}:{attempt.once}:{attempt.place}:{attempt.pin}"
    mark = vault.mark("pin form", sent.encode("utf-8", "replace")).hex()[:32]
    return Tally(f"pin:form:{linked.session.id}:{mark}", 1, LOCKED_FOR)


async def _reserve(
    db: Database, linked: Linked, attempt: Attempt, form: Tally | None, now: datetime
) -> list[Tally]:
    """What the try counts in. Tries of one network come one after the other here, because each
    holds the network's tally. Raises `_Again` and what `redeem` raises."""
    account = linked.campaign.account_id
    coupon, network = _of_coupon(linked), _of_network(attempt)
    tries = [coupon, network, *([form] if form else [])]
    try:
        async with db.transaction() as work:
            counted = await tallies.count(work, account, tries, now)
            if counted[network.scope] > NETWORK_TRIES:
                tries += await _take_turn(work, linked, attempt, now)
    except TallyFull as full:
        if form and full.scope == form.scope:
            raise _Again from None
        raise await _locked(db, linked, now) from None
    return tries


async def _known(db: Database, linked: Linked, form: Tally | None, now: datetime) -> list[Tally]:
    """What was found for the form before: raises it. While nothing is found yet (a second tap
    right after the first), the PIN is looked at for this one too, and counts in nothing: a right
    one is not called wrong, and it uses the coupon once all the same."""
    account, coupon = linked.campaign.account_id, _of_coupon(linked)
    if form is None or await tallies.reached(db, account, form.scope, now) < _FOUND_WRONG:
        return []
    left = coupon.cap - await tallies.reached(db, account, coupon.scope, now)
    raise WrongPin(left) if left > 0 else await _locked(db, linked, now)


async def _locked(db: Database, linked: Linked, now: datetime) -> PinLocked:
    account, coupon = linked.campaign.account_id, _of_coupon(linked)
    until = await tallies.full_until(db, account, coupon.scope, coupon.cap, now)
    return PinLocked(until or now + timedelta(seconds=1))


async def _take_turn(
    db: asyncpg.Connection, linked: Linked, attempt: Attempt, now: datetime
) -> list[Tally]:
    """A slowed network's turn, or the coupon's own. Raises `PinTooSoon`."""
    account, waits, taken = linked.campaign.account_id, [], []
    for tally in (_pace(attempt), _own_pace(linked)):
        until = await tallies.full_until(db, account, tally.scope, tally.cap, now)
        if until is None:
            taken.append(tally)
        else:
            waits.append((until - now).total_seconds())
    if not taken:
        raise PinTooSoon(max(1, -int(-min(waits) // 1)))
    await tallies.count(db, account, taken, now)
    return taken


async def _wrong(
    db: Database,
    linked: Linked,
    attempt: Attempt,
    tries: list[Tally],
    form: Tally | None,
    now: datetime,
) -> WrongPin:
    account, tally = linked.campaign.account_id, _of_coupon(linked)
    used = await tallies.reached(db, account, tally.scope, now)
    if tries and used >= tally.cap:
        await _lock(db, linked, tally, now)
    if tries:  # else it is counted by the first of two taps
        await _count_for_alarm(db, linked, attempt, form, now)
    is_slowed = any(one.scope == _pace(attempt).scope for one in tries)
    return WrongPin(max(0, tally.cap - used), SLOWED.seconds if is_slowed else 0)


async def _lock(db: Database, linked: Linked, tally: Tally, now: datetime) -> None:
    """Let the fifteen minutes begin now. The coupon's time line tells the shop."""
    account = linked.campaign.account_id
    if await tallies.lock_if_full(db, account, tally, now):
        await _note(db, linked, "pin_locked", now)
        await tallies.count(db, account, [LOCKS], now)
        doorbook.note(Event.PIN_LOCKED, account=account, campaign=linked.campaign.ref,
                      session=linked.session.id)  # fmt: skip


async def _count_for_alarm(
    db: Database, linked: Linked, attempt: Attempt, form: Tally | None, now: datetime
) -> None:
    """Tell the account, once an hour at most, that somebody guesses. It refuses nothing. In the
    same statement the form is kept as wrong."""
    account = linked.campaign.account_id
    wrong = [msgspec.structs.replace(form, cap=_FOUND_WRONG)] if form else []
    async with db.transaction() as work:
        counted = await tallies.count(work, account, [ALARM, *wrong], now)
        if counted[ALARM.scope] != ALARM_TRIES:
            return
        await _note(work, linked, "pin_alarm", now)
        await events.announce_session(work, attempt.listener, "pin_alarm", linked.both, now)
    doorbook.note(Event.PIN_ALARM, account=account, wrong=ALARM_TRIES, network=attempt.network,
                  campaign=linked.campaign.ref, session=linked.session.id)  # fmt: skip


async def _note(
    db: Database | asyncpg.Connection, linked: Linked, kind: str, now: datetime
) -> None:
    await db.execute(
        "INSERT INTO session_events (account_id, campaign_id, session_id, kind, at, actor,"
        " channel) VALUES ($1, $2, $3, $4, $5, 'staff', 'page')",
        linked.campaign.account_id,
        linked.session.campaign_id,
        linked.session.id,
        kind,
        now,
    )


def _back(tally: Tally) -> Tally:
    return msgspec.structs.replace(tally, step=-1)
