"""What the devices of the staff looked at: one row of `counter_scans` for each scan, named by the
device's own key, and what is told of it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Literal

import msgspec

from tearoff.accounts.devices import Device
from tearoff.accounts.models import Location
from tearoff.coupons.counter import matching
from tearoff.coupons.counter.refusals import Refusal
from tearoff.coupons.counter.scanned_text import read_scanned
from tearoff.coupons.models import SessionAndCampaign
from tearoff.coupons.sessions import queries
from tearoff.hooks.models import Listener
from tearoff.kit.db import Handle
from tearoff.kit.rows import columns, read

Verdict = Literal["good", "used", "undone", "no", "wait"]

UNDO_WITHIN = timedelta(seconds=60)


class Till(msgspec.Struct, frozen=True):
    """A device at its place, and what its account's webhooks want."""

    device: Device
    place: Location
    listener: Listener | None

    @property
    def asker(self) -> matching.Place:
        return matching.Place(self.device.account_id, self.place.id, self.device.id)


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """One scan. `scanned_at` is when the device read it, if that was not just now, by our clock;
    `redeems`: people asked to take it in; `any_case`: its letters may have been large or small;
    `is_left`: nobody heard what came of it, and whoever scanned it has gone on without it."""

    key: str
    text: str
    amount: str | None = None
    receipt: str | None = None
    scanned_at: datetime | None = None
    redeems: bool = False
    any_case: bool = False
    is_left: bool = False


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
    detail: str
    moment: datetime | None
    where_id: int | None
    takes: bool

    @property
    def undo_until(self) -> datetime:
        """Counted from the use, not from the scan: a queue comes later."""
        return self.at + UNDO_WITHIN


class Used(msgspec.Struct, frozen=True):
    at: datetime | None
    place: str


class Outcome(msgspec.Struct, frozen=True):
    """What a look came to. `found` is None when no coupon was found; `detail`, `moment` and `place`
    say what stands in the way, when and where (see `Refusal`); `wait` is in seconds. `scanned_at`
    is when the device read it, `at` when we heard of it. `stands_used`: what is told is of taking
    it back, and by now the coupon is used up."""

    key: str
    verdict: Verdict
    reason: str = ""
    detail: str = ""
    text: str = ""
    found: SessionAndCampaign | None = None
    at: datetime | None = None
    moment: datetime | None = None
    place: str = ""
    undo_until: datetime | None = None
    wait: int = 0
    stands_used: Used | None = None
    scanned_at: datetime | None = None
    was_offline: bool = False


class Answered(Exception):
    """Another request with this key has been answered meanwhile."""


async def find(db: Handle, till: Till, key: str) -> Scan | None:
    row = await db.fetchrow(
        f"SELECT {columns(Scan)} FROM counter_scans WHERE device_id = $1 AND key = $2",
        till.device.id,
        key,
    )
    return row and read(Scan, row)


async def write(db: Handle, till: Till, given: Look, session_id: int | None, now: datetime) -> bool:
    """Whether the device sends this key for the first time. Raises `Answered` when it has sent it
    before, and that did not come to "good", which only holds for its moment and after which a use
    may follow."""
    # A row that was there before has a transaction that locked it.
    is_first = await db.fetchval(
        "INSERT INTO counter_scans AS c (account_id, location_id, device_id, key, code, session_id,"
        " verdict, was_offline, scanned_at, at, takes)"
        " VALUES ($1, $2, $3, $4, $5, $6, 'no', $7, $8, $9, $10)"
        " ON CONFLICT (device_id, key) DO UPDATE SET session_id = excluded.session_id,"
        " was_offline = excluded.was_offline, scanned_at = excluded.scanned_at, at = excluded.at,"
        " takes = excluded.takes WHERE c.verdict = 'good' AND c.undone_at IS NULL"
        " RETURNING xmax = 0",
        till.device.account_id,
        till.place.id,
        till.device.id,
        given.key,
        shown(given.text),
        session_id,
        given.scanned_at is not None,
        min(given.scanned_at or now, now),
        now,
        given.redeems,
    )
    if is_first is None:
        raise Answered
    return bool(is_first)


async def note(
    db: Handle,
    till: Till,
    given: Look,
    verdict: Verdict,
    refusal: Refusal,
    found: SessionAndCampaign | None,
    now: datetime,
    *,
    is_repeated: bool = False,
) -> Outcome:
    """`is_repeated`: this device had kept it before, so nothing more was promised."""
    row = await db.fetchrow(
        "UPDATE counter_scans SET verdict = $3, reason = $4, detail = $5, moment = $6,"
        f" where_id = $7, takes = takes AND NOT $8 WHERE device_id = $1 AND key = $2"
        f" RETURNING {columns(Scan)}",
        till.device.id,
        given.key,
        verdict,
        refusal.reason,
        refusal.detail,
        refusal.moment,
        refusal.where_id,
        is_repeated,
    )
    assert row is not None
    return await _told(db, till, read(Scan, row), found, now)


async def told_again(db: Handle, till: Till, scan: Scan, now: datetime) -> Outcome:
    """What was said of this scan, said again."""
    found = None
    if scan.session_id is not None:
        found = await queries.session(db, till.device.account_id, scan.session_id)
    return await _told(db, till, scan, found, now)


async def told_of_undoing(
    db: Handle, till: Till, scan: Scan, now: datetime, refusal: Refusal | None = None
) -> Outcome:
    """What came of taking this scan back, and how the coupon stands."""
    told = await told_again(db, till, scan, now)
    stands = None
    if told.found is not None and told.found.session.is_used_up(told.found.campaign):
        session = told.found.session
        stands = Used(session.used_at, await _name(db, till, session.location_id))
    if refusal is None:
        return msgspec.structs.replace(told, stands_used=stands)
    return msgspec.structs.replace(
        told,
        verdict="no",
        reason=refusal.reason,
        detail=refusal.detail,
        moment=refusal.moment,
        place=await _name(db, till, refusal.where_id),
        undo_until=None,
        stands_used=stands if refusal.reason == "too_late" else None,
    )


async def outcomes(
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
    place = till.place.name
    if scan.verdict == "no" and scan.reason == "already_used":
        place = await _name(db, till, scan.where_id)
    can_undo = scan.verdict == "used" and scan.undone_at is None and scan.undo_until > now
    return Outcome(
        scan.key,
        "undone" if scan.undone_at else scan.verdict,
        scan.reason,
        scan.detail,
        scan.code,
        found,
        scan.at,
        scan.moment,
        place,
        scan.undo_until if can_undo else None,
        scanned_at=scan.scanned_at,
        was_offline=scan.was_offline,
    )


async def _name(db: Handle, till: Till, location_id: int | None) -> str:
    """ "" for a use without a place: by the API, or by the button on the phone."""
    if location_id is None:
        return ""
    if location_id == till.place.id:
        return till.place.name
    name: str | None = await db.fetchval(
        "SELECT name FROM locations WHERE account_id = $1 AND id = $2",
        till.device.account_id,
        location_id,
    )
    return name or ""


def shown(text: str) -> str:
    """What is kept of what was read: enough to tell the scans of a day apart. The secret part
    of a link is not needed for that."""
    scanned = read_scanned(text)
    if scanned is None:
        return "".join(c for c in text if c.isprintable())[:40]
    return scanned.code[:6] if scanned.kind in ("link", "full") else scanned.code[:40]


async def is_one_code(db: Handle, one: str, other: str) -> bool:
    """Whether two codes differ only in what nobody means: case, blanks, dashes and the like."""
    same: bool = await db.fetchval("SELECT own_code_key($1) = own_code_key($2)", one, other)
    return same


async def has_kept(
    db: Handle, till: Till, session_id: int, scanned_at: datetime, within: timedelta
) -> bool:
    """Whether a scan that this device kept at about that time has taken the coupon in."""
    kept: bool = await db.fetchval(
        "SELECT EXISTS (SELECT FROM counter_scans WHERE device_id = $1 AND at >= $3"
        " AND session_id = $2 AND was_offline AND verdict = 'used' AND undone_at IS NULL"
        " AND scanned_at BETWEEN $3 AND $4)",
        till.device.id,
        session_id,
        scanned_at - within,
        scanned_at + within,
    )
    return kept


async def hold(db: Handle, till: Till, key: str) -> Scan | None:
    """As it is now, and as it stays until the transaction ends."""
    row = await db.fetchrow(
        f"SELECT {columns(Scan)} FROM counter_scans WHERE device_id = $1 AND key = $2 FOR UPDATE",
        till.device.id,
        key,
    )
    return row and read(Scan, row)


async def mark_undone(db: Handle, till: Till, scan: Scan, now: datetime) -> Scan:
    row = await db.fetchrow(
        "UPDATE counter_scans SET undone_at = $3 WHERE device_id = $1 AND id = $2"
        f" RETURNING {columns(Scan)}",
        till.device.id,
        scan.id,
        now,
    )
    assert row is not None
    return read(Scan, row)


async def leave(db: Handle, till: Till, key: str, now: datetime) -> None:
    """Nobody goes on with this scan, which was good: it is taken in no more."""
    await db.execute(
        "UPDATE counter_scans SET undone_at = $3 WHERE device_id = $1 AND key = $2"
        " AND verdict = 'good'",
        till.device.id,
        key,
        now,
    )
