"""Phones and tills of the staff: paired with a location by a link that is used once, known by a
secret in a cookie, and asked for their PIN twice a day. What they may do with a coupon is the
matter of `coupons/counter/counter.py`."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

import asyncpg
import msgspec
from argon2 import PasswordHasher
from argon2.exceptions import VerificationError

from tearoff.accounts import locations, pairings, sign_ins, tallies
from tearoff.accounts.models import Account, Location
from tearoff.accounts.sign_ins import Ticket
from tearoff.accounts.tallies import Tally, TallyFull
from tearoff.errors import Forbidden, Invalid, NotFound
from tearoff.kit import caps, codes, doorbook
from tearoff.kit.bulkhead import Bulkhead
from tearoff.kit.caps import Cap
from tearoff.kit.db import Database, Handle
from tearoff.kit.doorbook import Event
from tearoff.kit.rows import columns, read

PAIRING_LIVES = timedelta(minutes=15)
SENT_AGAIN = timedelta(minutes=5)
"""For so long the form of a link that was used gives the same browser its device once more."""
REMEMBERED = timedelta(days=30)
HALF_A_YEAR = timedelta(days=182)
PIN_LIVES = timedelta(hours=12)
PIN_LENGTHS = range(4, 7)
PIN_TRIES = 5
LOCKED_FOR = timedelta(minutes=15)
LONGEST_NAME = 40
MOST = 500
"""Devices of a location, links that wait for one too: whoever has a link is not refused."""
_CAP = Cap(
    name="devices",
    most=MOST,
    # A link that is over may be in use at this moment: its PIN is being hashed.
    rows="(SELECT FROM devices WHERE location_id = $1 AND removed_at IS NULL"
    " AND expires_at > now() UNION ALL SELECT FROM one_time_tokens WHERE location_id = $1"
    " AND used_at IS NULL AND expires_at > now() - interval '1 minute') both_kinds",
    text=f"A location has at most {MOST} devices and open pairing links together. Throw out the"
    " devices that nobody uses, or wait until links that were not used are over"
    f" ({PAIRING_LIVES // timedelta(minutes=1)} minutes).",
)

# A PIN has few digits: what guards it is the lock, not the hash. The hash is for whoever sees
# the table, and cheap enough for a till that is opened by ten people at eight o'clock.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
_HASHING = Bulkhead("pins", at_once=2, waiting=32, after=2)


class DeviceNotFound(NotFound):
    """There is no such device."""


class WrongDevicePin(Forbidden):
    """This is not the PIN of the device. `left` tries remain."""

    def __init__(self, left: int) -> None:
        super().__init__()
        self.left = left


class DeviceLocked(Forbidden):
    """Too many wrong PINs. `minutes` until the next try."""

    def __init__(self, minutes: int) -> None:
        super().__init__()
        self.minutes = minutes


class Pairing(msgspec.Struct, frozen=True):
    """The token of a link `/till/pair/…`, at the only moment at which it can be seen."""

    id: int
    token: str
    expires_at: datetime


class Device(msgspec.Struct, frozen=True):
    """`name` is the person's; the PIN was last asked for twelve hours before `pin_until`."""

    id: int
    account_id: int
    location_id: int
    name: str
    pin_until: datetime
    created_at: datetime
    expires_at: datetime
    last_seen_at: datetime | None

    def needs_pin(self, now: datetime) -> bool:
        return self.pin_until <= now


async def make_pairing(
    db: asyncpg.Connection,
    account_id: int,
    location_id: int,
    now: datetime,
    device_id: int | None = None,
) -> Pairing:
    """A link that pairs one device with the location: a new one, or `device_id` anew, which keeps
    its name and what it did. In a transaction. Raises `locations.LocationNotFound`,
    `DeviceNotFound` and `CapReached`."""
    await locations.find(db, account_id, location_id)
    if device_id is not None and not await _is_ours(db, account_id, device_id):
        raise DeviceNotFound
    await caps.make_room(db, _CAP, location_id)
    expires_at = now + PAIRING_LIVES
    token = await sign_ins.issue_ticket(
        db, "pair", account_id, expires_at=expires_at, location_id=location_id
    )
    pairing_id = await pairings.number(db, token, device_id)
    doorbook.note(Event.PAIRING_ISSUED, account=account_id, location=location_id)
    return Pairing(pairing_id, token, expires_at)


async def _is_ours(db: Handle, account_id: int, device_id: int) -> bool:
    found = await db.fetchval(
        "SELECT true FROM devices WHERE account_id = $1 AND id = $2", account_id, device_id
    )
    return bool(found)


async def find_pairing(db: Handle, token: str, now: datetime) -> Location | None:
    """The place that the link pairs with; None when it was used, or its time is over."""
    ticket = await sign_ins.find_ticket(db, token, "pair")
    if ticket is None or not ticket.is_good(now) or ticket.location_id is None:
        return None
    return await locations.found(db, ticket.account_id, ticket.location_id)


async def known_name(db: Handle, token: str, before: str) -> str:
    """Whose device it is that the link pairs anew, or that had the secret `before` in the link's
    account, thrown out or not; "" for one that is not known."""
    ticket = await sign_ins.find_ticket(db, token, "pair")
    known = ticket and await _known(db, ticket, before)
    return known[1] if known else ""


async def _known(db: Handle, ticket: Ticket, before: str) -> tuple[int, str] | None:
    """Id and name."""
    row = await db.fetchrow(
        "SELECT id, name FROM devices WHERE account_id = $1"
        " AND CASE WHEN $2::bigint IS NULL THEN secret_sha256 = $3 ELSE id = $2 END",
        ticket.account_id,
        ticket.device_id,
        _hash(before),
    )
    return None if row is None else (row["id"], row["name"])


async def pair(
    db: Database,
    token: str,
    *,
    name: str,
    pin: str,
    now: datetime,
    secret: str = "",
    before: str = "",
) -> tuple[Device, str]:
    """Use the link, in a transaction of its own: gives the device and its secret (49 letters and
    digits), which is kept as a hash only. `secret`: the one that this link has for this browser.
    Sent again with it, the form gives the device that it made, with its first name and PIN: a
    second tap stops the first answer, and answers get lost. `before`: the secret that this browser
    had as a device: one of this account becomes the same device again. Raises
    `sign_ins.LinkOver`, `Invalid` and `TooBusy`."""
    try:
        return await _pair_first(db, token, name, pin, now, secret, before)
    except sign_ins.LinkOver:
        device = await paired(db, secret, now)
        if device is None:
            raise
        return device, secret


async def paired(db: Handle, secret: str, now: datetime) -> Device | None:
    """The device that a link has made a moment ago for the browser with this secret."""
    device = await device_of_secret(db, secret, now) if secret else None
    seen = device and (device.last_seen_at or device.created_at)
    return device if seen and now - seen < SENT_AGAIN else None


async def _pair_first(
    db: Database, token: str, name: str, pin: str, now: datetime, secret: str, before: str
) -> tuple[Device, str]:
    # Looked at first: a PIN costs much to hash, and nobody does that for a link of fancy.
    if await find_pairing(db, token, now) is None:
        raise sign_ins.LinkOver
    name = _name(name)
    hashed = await hash_pin(pin)
    secret = secret or codes.letters(sign_ins.TOKEN_LENGTH)
    async with db.transaction() as work:
        ticket = await sign_ins.use_ticket(work, token, "pair", now)
        known = await _known(work, ticket, before)
        station = _Station(ticket.account_id, ticket.location_id, name, _hash(secret), hashed)
        device = await _pair(work, station, known and known[0], now)
    _note(Event.DEVICE_PAIRED, device)
    return device, secret


def _note(event: Event, device: Device) -> None:
    doorbook.note(event, account=device.account_id, location=device.location_id, device=device.id)


class _Station(msgspec.Struct, frozen=True):
    """What is written of a device when it is paired."""

    account_id: int
    location_id: int | None
    name: str
    secret_sha256: bytes
    pin_hash: str


async def _pair(
    db: asyncpg.Connection, station: _Station, known: int | None, now: datetime
) -> Device:
    """A new device, or the one that is known: under its old secret nobody comes in any more."""
    values = (*msgspec.structs.astuple(station), now + PIN_LIVES, now, now + REMEMBERED)
    if known is None:
        row = await db.fetchrow(
            "INSERT INTO devices (account_id, location_id, name, secret_sha256, pin_hash,"
            " pin_until, created_at, expires_at, last_seen_at)"
            f" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $7) RETURNING {columns(Device)}",
            *values,
        )
    else:
        await tallies.forget(db, station.account_id, [_tries(known)])
        row = await db.fetchrow(
            "UPDATE devices SET location_id = $2, name = $3, secret_sha256 = $4, pin_hash = $5,"
            " pin_until = $6, last_seen_at = $7, expires_at = $8, removed_at = NULL"
            f" WHERE account_id = $1 AND id = $9 RETURNING {columns(Device)}",
            *values,
            known,
        )
    assert row is not None
    return read(Device, row)


class Stationed(msgspec.Struct, frozen=True):
    """A device, where it stands, and whose it is."""

    device: Device
    place: Location
    account: Account


async def stationed(db: Handle, secret: str, now: datetime) -> Stationed | None:
    """The device with this secret, and in the same statement all that each of its calls needs. None
    when it was thrown out or forgotten, its place is gone, or its account has ended."""
    row = await db.fetchrow(
        f"SELECT {columns(Device, 'd', 'd_')}, {columns(Location, 'l', 'l_')},"
        f" {columns(Account, 'a', 'a_')}"
        " FROM devices d JOIN accounts a ON a.id = d.account_id"
        " JOIN locations l ON l.id = d.location_id AND l.account_id = d.account_id"
        " WHERE d.secret_sha256 = $1 AND d.removed_at IS NULL AND d.expires_at > $2"
        " AND l.removed_at IS NULL AND a.blocked_at IS NULL"
        " AND (a.expires_at IS NULL OR a.expires_at > $2)",
        _hash(secret),
        now,
    )
    if row is None:
        return None
    return Stationed(read(Device, row, "d_"), read(Location, row, "l_"), read(Account, row, "a_"))


async def device_of_secret(db: Handle, secret: str, now: datetime) -> Device | None:
    found = await stationed(db, secret, now)
    return None if found is None else found.device


async def enter_pin(db: Database, device: Device, pin: str, now: datetime) -> None:
    """Go on for another twelve hours, and be remembered for another thirty days. A try is
    counted before the PIN is looked at, so that guesses at the same time are counted exactly.
    Raises `WrongDevicePin` and `DeviceLocked`."""
    tally = Tally(_tries(device.id), PIN_TRIES, LOCKED_FOR)
    try:
        async with db.transaction() as work:
            await tallies.count(work, device.account_id, [tally], now)
    except TallyFull:
        raise DeviceLocked(await _minutes_left(db, device, tally, now)) from None
    known = await db.fetchval("SELECT pin_hash FROM devices WHERE id = $1", device.id)
    if not await _HASHING.run(_is_pin, known, pin[:20]):
        if await tallies.lock_if_full(db, device.account_id, tally, now):
            _note(Event.DEVICE_PIN_LOCKED, device)
        used = await tallies.reached(db, device.account_id, tally.scope, now)
        raise WrongDevicePin(max(0, PIN_TRIES - used))
    async with db.transaction() as work:
        await tallies.forget(work, device.account_id, [tally.scope])
        await work.execute(
            "UPDATE devices SET pin_until = $2, expires_at = $3, last_seen_at = $4 WHERE id = $1",
            device.id,
            now + PIN_LIVES,
            now + REMEMBERED,
            now,
        )


def _tries(device_id: int) -> str:
    return f"device:{device_id}:pin"


async def of_location(
    db: Handle, account_id: int, location_id: int, now: datetime, *, or_forgotten: bool = False
) -> list[Device]:
    """Those that are paired and not forgotten; or with those whose PIN was not typed for too long
    in the last half year."""
    rows = await db.fetch(
        f"SELECT {columns(Device)} FROM devices WHERE account_id = $1 AND location_id = $2"
        " AND removed_at IS NULL AND expires_at > $3 ORDER BY id",
        account_id,
        location_id,
        now - HALF_A_YEAR if or_forgotten else now,
    )
    return [read(Device, row) for row in rows]


async def remove(db: Handle, account_id: int, device_id: int, now: datetime) -> None:
    """Throw it out: its next request is refused. Raises `DeviceNotFound`."""
    done = await db.fetchval(
        "UPDATE devices SET removed_at = $3 WHERE account_id = $1 AND id = $2"
        " AND removed_at IS NULL RETURNING true",
        account_id,
        device_id,
        now,
    )
    if not done:
        raise DeviceNotFound
    doorbook.note(Event.DEVICE_REMOVED, account=account_id, device=device_id)


async def hash_pin(pin: str) -> str:
    """Never in a transaction. Raises `Invalid` saying what would be right, and `TooBusy`."""
    if not (pin.isascii() and pin.isdigit() and len(pin) in PIN_LENGTHS):
        raise Invalid(f"A PIN has {PIN_LENGTHS[0]} to {PIN_LENGTHS[-1]} digits.", field="pin")
    return await _HASHING.run(_HASHER.hash, pin)


def _is_pin(known: str, pin: str) -> bool:
    try:
        return _HASHER.verify(known, pin)
    except VerificationError:
        return False


def _name(name: str) -> str:
    cleaned = " ".join(name.split())
    if not cleaned or len(cleaned) > LONGEST_NAME or not cleaned.isprintable():
        raise Invalid(f"Type a name of at most {LONGEST_NAME} letters.", field="name")
    return cleaned


async def _minutes_left(db: Handle, device: Device, tally: Tally, now: datetime) -> int:
    until = await tallies.full_until(db, device.account_id, tally.scope, tally.cap, now)
    left = (until - now).total_seconds() if until else 0
    return max(1, round(left / 60))


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "replace")).digest()
