"""The counter: a device of the staff looks at a code, takes the coupon in, takes that back. The
scan's row and what it did to the coupon commit together: the same scan sent twice is one."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from math import ceil

import asyncpg

from tearoff.accounts import tallies
from tearoff.accounts.tallies import TallyFull
from tearoff.coupons import rules
from tearoff.coupons.counter import matching, qr_tokens, scan_log
from tearoff.coupons.counter.refusals import Refusal, refusal_of
from tearoff.coupons.counter.scan_log import Look, Outcome, Scan, Till
from tearoff.coupons.counter.scanned_text import Scanned, read_scanned
from tearoff.coupons.models import Campaign, Doer, SessionAndCampaign
from tearoff.coupons.sessions import actions, queries, updates
from tearoff.errors import Invalid, NotFound
from tearoff.kit.db import Database, Handle
from tearoff.kit.vault import Vault

OFFLINE_WITHIN = timedelta(hours=48)
"""A scan that was kept on a device longer than this is taken in no more."""
ONE_SCAN_WITHIN = timedelta(minutes=10)
"""What one device keeps of one coupon in this time, in whatever spelling, is one scan."""


class _OnlyLooked(Exception):
    """Undoes what a look would have done."""


async def look(db: Database, vault: Vault, till: Till, given: Look, now: datetime) -> Outcome:
    """Say yes or no to a code; with `redeems`, or at a place that is set so, take it in at
    once. Raises `Invalid` when the campaign wants an amount or a receipt that is missing."""
    known = await scan_log.find(db, till, given.key)
    if known is not None and not await _goes_on(db, till, known, given, now):
        return await _answer_again(db, till, known, given, now)
    scanned, found, unfound = read_scanned(given.text), None, "unknown"
    try:
        found = await matching.find(db, till.asker, scanned, now, any_case=given.any_case)
    except matching.Ambiguous:
        unfound = "ambiguous"
    except TallyFull as full:
        return Outcome(given.key, "wait", wait=await _seconds(db, till, full, now))
    try:
        async with db.transaction() as work:
            outcome = await _decide(work, vault, till, given, scanned, found, now, unfound)
            if given.is_left:  # whatever of it is still on its way comes too late
                await scan_log.leave(work, till, given.key, now)
    except scan_log.Answered:
        known = await scan_log.find(db, till, given.key)
        assert known is not None
        return await _answer_again(db, till, known, given, now)
    return outcome


async def _answer_again(
    db: Database, till: Till, known: Scan, given: Look, now: datetime
) -> Outcome:
    """What was said of it, unless whoever scanned it has gone on without hearing it. The device
    knows: it keeps a scan, and can drop it, only until it has heard what came of it."""
    if given.is_left and known.verdict == "used":
        return await _leave(db, till, known.key, now)
    return await scan_log.told_again(db, till, known, now)


async def _goes_on(db: Database, till: Till, known: Scan, given: Look, now: datetime) -> bool:
    """A scan keeps its key from the first question to the use: after OK comes the redeeming,
    also when nobody heard the OK. An OK that nobody heard is no answer to the same question asked
    later: it is judged again. A key never answers for another code."""
    if not await _is_same(db, till, known, given, now):
        raise Invalid("This key was used for another code.", field="key")
    return known.verdict == "good" and known.undone_at is None


async def _is_same(db: Database, till: Till, known: Scan, given: Look, now: datetime) -> bool:
    """Whether the same code was read before, as it is or written another way."""
    shown = scan_log.shown(given.text)
    if known.code == shown or await scan_log.is_one_code(db, known.code, shown):
        return True
    if known.session_id is None:
        return False
    with contextlib.suppress(matching.Ambiguous, TallyFull):
        scanned = read_scanned(given.text)
        found = await matching.find(db, till.asker, scanned, now, any_case=given.any_case)
        return found is not None and found.session.id == known.session_id
    return False


async def _leave(db: Database, till: Till, key: str, now: datetime) -> Outcome:
    """It was taken in, at once or because people asked for it, the answer was lost, and they closed
    or dropped it. So that use goes, whatever else the coupon was used for since."""
    async with db.transaction() as work:
        scan = await scan_log.hold(work, till, key)
        if scan is None or scan.undone_at is not None or scan.at < now - OFFLINE_WITHIN:
            known = await scan_log.find(work, till, key)
            assert known is not None
            return await scan_log.told_again(work, till, known, now)
        return await _take_back(work, till, scan, now, is_last=False)


async def tell(db: Database, till: Till, key: str, now: datetime) -> Outcome:
    """What came of a scan of this device, for whoever did not hear the answer. Changes nothing."""
    known = await scan_log.find(db, till, key)
    if known is None:
        raise NotFound("There is no such scan of this device.")
    return await scan_log.told_again(db, till, known, now)


async def undo(db: Database, till: Till, key: str, now: datetime) -> Outcome:
    """Take back a use of this device, within a minute, unless the coupon was used since."""
    async with db.transaction() as work:
        scan = await scan_log.hold(work, till, key)
        if scan is None or scan.verdict != "used":
            raise NotFound("There is no such use on this device.")
        if scan.undone_at is not None:
            return await scan_log.told_of_undoing(work, till, scan, now)
        if scan.undo_until <= now:
            late = Refusal("too_late", "undo", scan.undo_until)
            return await scan_log.told_of_undoing(work, till, scan, now, late)
        return await _take_back(work, till, scan, now)


async def _seconds(db: Handle, till: Till, full: TallyFull, now: datetime) -> int:
    until = await tallies.full_until(db, till.device.account_id, full.scope, 1, now)
    return max(1, ceil((until - now).total_seconds())) if until else 1


async def _decide(
    db: asyncpg.Connection,
    vault: Vault,
    till: Till,
    given: Look,
    scanned: Scanned | None,
    found: SessionAndCampaign | None,
    now: datetime,
    unfound: str,
) -> Outcome:
    """The row comes first: whoever sends the same key meanwhile waits for it. What is asked again
    is taken in by people only: they may have gone on without it."""
    session_id = found.session.id if found else None
    is_first = await scan_log.write(db, till, given, session_id, now)
    if found is None or scanned is None:
        return await scan_log.note(db, till, given, "no", Refusal(unfound), found, now)
    at_once = _why_not_at_once(vault, given, scanned, found, now)
    if at_once is not None:
        return await scan_log.note(db, till, given, "no", at_once, found, now)
    takes_in = given.redeems or (
        is_first
        and given.scanned_at is None
        and till.place.redeems_at_once
        and not asks(found.campaign)
    )
    if given.redeems and given.scanned_at is None:
        _check_asked(found.campaign, given)
    # A use that counts nowhere is one statement: where it refuses, nothing is to be undone, and
    # two round trips of the counter's busiest call are spared.
    is_undone = not takes_in or actions.needs_transaction(found.campaign, "validated")
    try:
        async with db.transaction() if is_undone else contextlib.nullcontext():
            used = await _take_in(db, till, given, found, now)
            if not takes_in:
                raise _OnlyLooked
    except rules.CannotUse as error:
        # What stands in the way may have happened since the coupon was found: in this moment.
        current = await queries.session(db, found.session.account_id, found.session.id) or found
        refusal = await refusal_of(db, error, current, given.scanned_at or now)
        is_repeated = await _is_repeated(db, till, given, current, refusal)
        return await scan_log.note(
            db, till, given, "no", refusal, current, now, is_repeated=is_repeated
        )
    except _OnlyLooked:
        return await scan_log.note(db, till, given, "good", Refusal(""), found, now)
    return await scan_log.note(db, till, given, "used", Refusal(""), used, now)


async def _is_repeated(
    db: Handle, till: Till, given: Look, found: SessionAndCampaign, refusal: Refusal
) -> bool:
    """Whether this very device had kept the same coupon a short while before, written another way,
    say. It had one use, and that was promised once."""
    if given.scanned_at is None or refusal.reason != "already_used" or found.campaign.uses > 1:
        return False
    return await scan_log.has_kept(db, till, found.session.id, given.scanned_at, ONE_SCAN_WITHIN)


def asks(campaign: Campaign) -> bool:
    """Whether the staff must say something before it can be taken in."""
    return "required" in (campaign.options.ask_amount, campaign.options.ask_receipt)


def _check_asked(campaign: Campaign, given: Look) -> None:
    if campaign.options.ask_amount == "required" and not given.amount:
        raise Invalid("Type the amount spent.", field="amount")
    if campaign.options.ask_receipt == "required" and not given.receipt:
        raise Invalid("Type the number of the receipt.", field="receipt")


def _why_not_at_once(
    vault: Vault, given: Look, scanned: Scanned, found: SessionAndCampaign, now: datetime
) -> Refusal | None:
    """A picture of a code that changes, and a scan that was kept for too long."""
    if given.scanned_at is not None and given.scanned_at < now - OFFLINE_WITHIN:
        return Refusal("too_late", moment=given.scanned_at + OFFLINE_WITHIN)
    if scanned.kind == "link" and found.campaign.options.rotating_code:
        read_at = min(given.scanned_at or now, now)
        if qr_tokens.how_fresh(vault, found.session.code, scanned.token, read_at) in (
            "stale",
            "none",
        ):
            return Refusal("screenshot")
    return None


async def _take_in(
    db: Handle, till: Till, given: Look, found: SessionAndCampaign, now: datetime
) -> SessionAndCampaign:
    kept = f"scanned {given.scanned_at:%Y-%m-%d %H:%M:%S} UTC" if given.scanned_at else ""
    doer = Doer(
        actor="staff",
        channel="counter",
        reason=kept,
        location_id=till.place.id,
        device_id=till.device.id,
    )
    used = await actions.validate(
        db,
        found,
        doer=doer,
        now=now,
        value=given.amount,
        receipt=given.receipt,
        as_of=_read_at(given, found, now),
        listener=till.listener,
    )
    return SessionAndCampaign(used, found.campaign)


def _read_at(given: Look, found: SessionAndCampaign, now: datetime) -> datetime:
    """The moment in which it was used, for which its times are judged: a coupon that was good when
    the staff scanned it is not refused because the network came back after its last day. Whether
    it was used since is judged now."""
    if given.scanned_at is None:
        return now
    after = found.session.created_at + timedelta(microseconds=1)
    return min(max(given.scanned_at, after), now)


async def _take_back(
    db: Handle, till: Till, scan: Scan, now: datetime, *, is_last: bool = True
) -> Outcome:
    """With `is_last` only while the coupon was not used since."""
    assert scan.session_id is not None
    found = await queries.hold_session(db, till.device.account_id, scan.session_id)
    uses = await updates.uses_of(db, scan.session_id)
    mine = _use_of(scan, uses)
    if found is not None and mine is not None:
        if is_last and mine is not uses[-1]:
            since = Refusal("used_since", "", uses[-1].at, uses[-1].location_id)
            return await scan_log.told_of_undoing(db, till, scan, now, since)
        doer = Doer(
            actor="staff",
            channel="counter",
            reason="undone",
            location_id=till.place.id,
            device_id=till.device.id,
        )
        await actions.change(
            db, found, "unvalidated", doer=doer, now=now, listener=till.listener, use=mine
        )
    # Where it does not stand any more, somebody else has taken it back meanwhile.
    undone = await scan_log.mark_undone(db, till, scan, now)
    return await scan_log.told_of_undoing(db, till, undone, now)


def _use_of(scan: Scan, uses: Sequence[updates.Used]) -> updates.Used | None:
    """Of the uses that stand the one that this scan was. Scans of one queue are heard of in one
    moment."""
    heard = [u for u in uses if (u.heard_at, u.device_id) == (scan.at, scan.device_id)]
    exactly = [use for use in heard if use.at == scan.scanned_at]
    return next(reversed(exactly or heard), None)
