"""The counter: a device of the staff looks at a code, takes the coupon in, takes that back.

Every look is a row of `counter_scans`, named by the device's own key: the same scan sent twice
is one row, and the row and what it did to the coupon commit together.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

import asyncpg
import msgspec

from tearoff.accounts import tallies
from tearoff.accounts.devices import Device
from tearoff.accounts.models import Location
from tearoff.accounts.tallies import Tally, TallyFull
from tearoff.coupons import actions, queries, rotation, rules, search
from tearoff.coupons.models import Campaign, Doer, SessionAndCampaign
from tearoff.coupons.scanned import Scanned, read_scanned
from tearoff.errors import Invalid, NotFound
from tearoff.hooks.models import Listener
from tearoff.kit import times
from tearoff.kit.db import Database, Handle
from tearoff.kit.rows import columns, read
from tearoff.kit.vault import Vault

Verdict = Literal["good", "used", "undone", "no", "wait"]

UNDO_WITHIN = timedelta(seconds=60)
OFFLINE_WITHIN = timedelta(hours=48)
"""A scan that was kept on a device longer than this is taken in no more."""

DEVICE_MISSES, LOCATION_MISSES = 10, 50
MISSES_WITHIN = timedelta(minutes=5)
RECENT = 10


class Till(msgspec.Struct, frozen=True):
    """A device at its place, and what its account's webhooks want."""

    device: Device
    place: Location
    listener: Listener | None


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """One scan. `scanned_at` is when the device read it, if that was not just now."""

    key: str
    text: str
    amount: str | None = None
    receipt: str | None = None
    scanned_at: datetime | None = None
    redeems: bool = False


class Scan(msgspec.Struct, frozen=True):
    id: int
    location_id: int
    device_id: int
    key: str
    code: str
    session_id: int | None
    verdict: Verdict
    reason: str
    was_offline: bool
    scanned_at: datetime
    at: datetime
    undone_at: datetime | None


class Outcome(msgspec.Struct, frozen=True):
    """What a look came to. `found` is None when no coupon was found; `moment` and `place` say
    when and where what stands in the way happened; `wait` is in minutes."""

    key: str
    verdict: Verdict
    reason: str = ""
    text: str = ""
    found: SessionAndCampaign | None = None
    at: datetime | None = None
    moment: datetime | None = None
    place: str = ""
    undo_until: datetime | None = None
    wait: int = 0


class _OnlyLooked(Exception):
    """Undoes what a look would have done."""


_REASONS: dict[type[rules.CannotUse], str] = {
    rules.AlreadyValidated: "already_used",
    rules.NoPrize: "no_prize",
    rules.Voided: "withdrawn",
    rules.Locked: "withdrawn",
    rules.CampaignNotActive: "withdrawn",
    rules.TimeOver: "time_over",
    rules.Expired: "expired",
    rules.NotAgainYet: "not_again_yet",
    rules.WrongTime: "wrong_time",
    rules.NotPlayed: "not_played",
    rules.NotYetValid: "not_yet",
    rules.LimitReached: "limit",
    rules.Reserved: "reserved",
    rules.WrongLocation: "wrong_place",
}


async def look(db: Database, vault: Vault, till: Till, given: Look, now: datetime) -> Outcome:
    """Say yes or no to a code; with `redeems`, or at a place that is set so, take it in at
    once. Raises `Invalid` when the campaign wants an amount or a receipt that is missing."""
    known = await _scan(db, till, given.key)
    if known is not None:
        return await _again(db, till, known, now)
    scanned = read_scanned(given.text)
    try:
        found = await _find(db, till, scanned, now)
    except TallyFull as full:
        return Outcome(given.key, "wait", wait=await _minutes(db, till, full, now))
    try:
        async with db.transaction() as work:
            outcome = await _decide(work, vault, till, given, scanned, found, now)
    except asyncpg.UniqueViolationError:
        known = await _scan(db, till, given.key)
        if known is None:
            raise
        return await _again(db, till, known, now)
    return outcome


async def undo(db: Database, till: Till, key: str, now: datetime) -> Outcome:
    """Take back a use of this device, within a minute, unless the coupon was used since."""
    with contextlib.suppress(_OnlyLooked):
        async with db.transaction() as work:
            scan = await _mark_undone(work, till, key, now)
            if scan is not None:
                return await _take_back(work, till, scan, now)
    known = await _scan(db, till, key)
    if known is None or known.verdict != "used":
        raise NotFound("There is no such use on this device.")
    return await _again(db, till, known, now, is_late=known.undone_at is None)


async def _mark_undone(db: Handle, till: Till, key: str, now: datetime) -> Scan | None:
    row = await db.fetchrow(
        "UPDATE counter_scans SET undone_at = $3 WHERE device_id = $1 AND key = $2"
        f" AND verdict = 'used' AND undone_at IS NULL AND at > $4 RETURNING {columns(Scan)}",
        till.device.id,
        key,
        now,
        now - UNDO_WITHIN,
    )
    return row and read(Scan, row)


async def recent(db: Handle, till: Till, now: datetime, timezone: str) -> list[Outcome]:
    """The last ten of today, the newest first."""
    midnight = times.clock_of(now, timezone).replace(hour=0, minute=0, second=0, microsecond=0)
    return await _outcomes(
        db,
        till,
        "device_id = $1 AND at >= $2 AND verdict <> 'good' ORDER BY at DESC, id DESC LIMIT $3",
        till.device.id,
        midnight,
        RECENT,
        now=now,
    )


async def conflicts(db: Handle, till: Till, now: datetime) -> list[Outcome]:
    """Scans of this device that were kept while it had no connection, and that came to NO:
    until somebody has seen them."""
    return await _outcomes(
        db,
        till,
        "device_id = $1 AND at >= $2 AND was_offline AND verdict = 'no' AND seen_at IS NULL"
        " ORDER BY at DESC, id DESC LIMIT $3",
        till.device.id,
        now - timedelta(days=30),
        200,
        now=now,
    )


async def mark_seen(db: Handle, till: Till, keys: Sequence[str], now: datetime) -> None:
    await db.execute(
        "UPDATE counter_scans SET seen_at = $3 WHERE device_id = $1 AND key = ANY($2)"
        " AND seen_at IS NULL",
        till.device.id,
        list(keys),
        now,
    )


# finding ----------------------------------------------------------------------------------


async def _find(
    db: Database, till: Till, scanned: Scanned | None, now: datetime
) -> SessionAndCampaign | None:
    """Only coupons of the device's own account. What people type, or could guess, is counted
    before it is looked up and given back when it was right."""
    account_id = till.device.account_id
    if scanned is not None and scanned.kind in ("link", "full"):
        return await queries.session_of_code(db, account_id, scanned.code)
    misses = _misses(till)
    async with db.transaction() as work:
        await tallies.count(work, account_id, misses, now)
    found = None if scanned is None else await _find_typed(db, account_id, scanned)
    if found is not None:
        back = [msgspec.structs.replace(miss, step=-1) for miss in misses]
        async with db.transaction() as work:
            await tallies.count(work, account_id, back, now)
    return found


async def _find_typed(db: Handle, account_id: int, scanned: Scanned) -> SessionAndCampaign | None:
    if scanned.kind == "short":
        found = await queries.session_of_code(db, account_id, scanned.code)
        if found is not None:
            return found
    wanted = search.Wanted(validation_code=scanned.text)
    several = (await search.search(db, account_id, wanted, campaign_id=None, page=1)).sessions
    # A shop may use one code in several campaigns: the one that can still be used is meant.
    usable = [one for one in several if not one.session.is_used_up(one.campaign)]
    return next(iter(usable or several), None)


def _misses(till: Till) -> list[Tally]:
    return [
        Tally(f"counter:device:{till.device.id}", DEVICE_MISSES, MISSES_WITHIN),
        Tally(f"counter:location:{till.place.id}", LOCATION_MISSES, MISSES_WITHIN),
    ]


async def _minutes(db: Handle, till: Till, full: TallyFull, now: datetime) -> int:
    until = await tallies.full_until(db, till.device.account_id, full.scope, 1, now)
    left = (until - now).total_seconds() if until else 60
    return max(1, round(left / 60))


# deciding ---------------------------------------------------------------------------------


async def _decide(
    db: asyncpg.Connection,
    vault: Vault,
    till: Till,
    given: Look,
    scanned: Scanned | None,
    found: SessionAndCampaign | None,
    now: datetime,
) -> Outcome:
    """The row comes first: whoever sends the same key meanwhile waits for it."""
    session_id = found.session.id if found else None
    await _write(db, till, given, session_id, now)
    if found is None or scanned is None:
        return await _note(db, till, given, "no", "unknown", found, now)
    reason = _why_not_at_once(vault, till, given, scanned, found, now)
    if reason:
        return await _note(db, till, given, "no", reason, found, now)
    takes_in = given.redeems or (till.place.redeems_at_once and not asks(found.campaign))
    if given.redeems and given.scanned_at is None:
        _check_asked(found.campaign, given)
    try:
        async with db.transaction():
            used = await _take_in(db, till, given, found, now)
            if not takes_in:
                raise _OnlyLooked
    except rules.CannotUse as refusal:
        why = next(_REASONS[kind] for kind in type(refusal).__mro__ if kind in _REASONS)
        return await _note(db, till, given, "no", why, found, now)
    except _OnlyLooked:
        return await _note(db, till, given, "good", "", found, now)
    return await _note(db, till, given, "used", "", used, now)


def asks(campaign: Campaign) -> bool:
    """Whether the staff must say something before it can be taken in."""
    return "required" in (campaign.options.ask_amount, campaign.options.ask_receipt)


def _check_asked(campaign: Campaign, given: Look) -> None:
    if campaign.options.ask_amount == "required" and not given.amount:
        raise Invalid("Type the amount spent.", field="amount")
    if campaign.options.ask_receipt == "required" and not given.receipt:
        raise Invalid("Type the number of the receipt.", field="receipt")


def _why_not_at_once(
    vault: Vault,
    till: Till,
    given: Look,
    scanned: Scanned,
    found: SessionAndCampaign,
    now: datetime,
) -> str:
    """A picture of a code that changes, and a scan that was kept for too long."""
    if given.scanned_at is not None and given.scanned_at < now - OFFLINE_WITHIN:
        return "too_late"
    if scanned.kind == "link" and found.campaign.options.rotating_code:
        read_at = min(given.scanned_at or now, now)
        if rotation.how_fresh(vault, found.session.code, scanned.token, read_at) in (
            "stale",
            "none",
        ):
            return "screenshot"
    return ""


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
        listener=till.listener,
    )
    return SessionAndCampaign(used, found.campaign)


async def _take_back(db: Handle, till: Till, scan: Scan, now: datetime) -> Outcome:
    assert scan.session_id is not None
    found = await queries.hold_session(db, till.device.account_id, scan.session_id)
    if found is None or found.session.used_at != scan.at:
        raise _OnlyLooked  # it was used, or changed, since
    doer = Doer(
        actor="staff",
        channel="counter",
        reason="undone",
        location_id=till.place.id,
        device_id=till.device.id,
    )
    session, _ = await actions.change(
        db, found, "unvalidated", doer=doer, now=now, listener=till.listener
    )
    both = SessionAndCampaign(session, found.campaign)
    return Outcome(scan.key, "undone", text=scan.code, found=both, at=now)


# rows -------------------------------------------------------------------------------------


async def _scan(db: Handle, till: Till, key: str) -> Scan | None:
    row = await db.fetchrow(
        f"SELECT {columns(Scan)} FROM counter_scans WHERE device_id = $1 AND key = $2",
        till.device.id,
        key,
    )
    return row and read(Scan, row)


async def _write(
    db: Handle, till: Till, given: Look, session_id: int | None, now: datetime
) -> None:
    """Raises UniqueViolationError when the device has sent this key before."""
    await db.execute(
        "INSERT INTO counter_scans (account_id, location_id, device_id, key, code, session_id,"
        " verdict, was_offline, scanned_at, at) VALUES ($1, $2, $3, $4, $5, $6, 'no', $7, $8, $9)",
        till.device.account_id,
        till.place.id,
        till.device.id,
        given.key,
        _shown(given.text),
        session_id,
        given.scanned_at is not None,
        min(given.scanned_at or now, now),
        now,
    )


async def _note(
    db: Handle,
    till: Till,
    given: Look,
    verdict: Verdict,
    reason: str,
    found: SessionAndCampaign | None,
    now: datetime,
) -> Outcome:
    row = await db.fetchrow(
        "UPDATE counter_scans SET verdict = $3, reason = $4 WHERE device_id = $1 AND key = $2"
        f" RETURNING {columns(Scan)}",
        till.device.id,
        given.key,
        verdict,
        reason,
    )
    assert row is not None
    return await _told(db, till, read(Scan, row), found, now)


async def _again(
    db: Handle, till: Till, scan: Scan, now: datetime, *, is_late: bool = False
) -> Outcome:
    """What was said of this scan, said again."""
    found = None
    if scan.session_id is not None:
        found = await queries.session(db, till.device.account_id, scan.session_id)
    told = await _told(db, till, scan, found, now)
    if is_late:
        return msgspec.structs.replace(told, verdict="no", reason="too_late", undo_until=None)
    return told


async def _outcomes(
    db: Handle, till: Till, where: str, *values: Any, now: datetime
) -> list[Outcome]:
    rows = await db.fetch(f"SELECT {columns(Scan)} FROM counter_scans WHERE {where}", *values)
    scans = [read(Scan, row) for row in rows]
    ids = [scan.session_id for scan in scans if scan.session_id is not None]
    found = {
        both.session.id: both
        for both in await queries.sessions_of_ids(db, till.device.account_id, ids)
    }
    return [await _told(db, till, scan, found.get(scan.session_id or 0), now) for scan in scans]


async def _told(
    db: Handle, till: Till, scan: Scan, found: SessionAndCampaign | None, now: datetime
) -> Outcome:
    moment, place = None, ""
    if found is not None and scan.verdict == "no":
        moment = _moment(scan.reason, found)
        if scan.reason == "already_used":
            place = await _name(db, till, found.session.location_id)
    is_fresh = scan.verdict == "used" and scan.undone_at is None and not scan.was_offline
    return Outcome(
        scan.key,
        "undone" if scan.undone_at else scan.verdict,
        scan.reason,
        scan.code,
        found,
        scan.at,
        moment,
        place or till.place.name,
        scan.at + UNDO_WITHIN if is_fresh and scan.at + UNDO_WITHIN > now else None,
    )


def _moment(reason: str, found: SessionAndCampaign) -> datetime | None:
    """When what stands in the way happened, or will be over."""
    session, campaign = found.session, found.campaign
    moments = {
        "already_used": session.validated_at or session.used_at,
        "expired": session.expiry(campaign),
        "not_yet": campaign.starts_at,
        "time_over": session.active_until,
        "not_again_yet": session.rests_until(campaign),
        "reserved": session.reserved_until,
    }
    return moments.get(reason)


async def _name(db: Handle, till: Till, location_id: int | None) -> str:
    if location_id is None or location_id == till.place.id:
        return till.place.name
    name: str | None = await db.fetchval(
        "SELECT name FROM locations WHERE account_id = $1 AND id = $2",
        till.device.account_id,
        location_id,
    )
    return name or ""


def _shown(text: str) -> str:
    """What is kept of what was read: enough to tell the scans of a day apart. The secret part
    of a link is not needed for that."""
    scanned = read_scanned(text)
    if scanned is None:
        return "".join(c for c in text if c.isprintable())[:40]
    return scanned.code[:6] if scanned.kind in ("link", "full") else scanned.code[:40]
