"""Places where coupons are taken in. Each is known by its name and, on the consumer's phone, by
its PIN."""

from __future__ import annotations

import hmac
from collections.abc import Collection
from datetime import datetime

import asyncpg
import msgspec
from msgspec import UNSET, UnsetType

from tearoff.accounts.models import Location
from tearoff.errors import Invalid, NotFound, TryLater
from tearoff.kit import caps, codes
from tearoff.kit.caps import Cap
from tearoff.kit.db import Handle
from tearoff.kit.hours import Hours, problems_of
from tearoff.kit.rows import columns, read
from tearoff.kit.vault import Vault

PIN_LENGTHS = range(6, 9)
"""Digits of a PIN that is set now. Those that were set earlier may have four."""
TYPED_LENGTHS = range(4, 9)
"""Of all PINs that are typed."""
MOST = 1_000
LONGEST = 100
"""Letters of a name or of a line of the address."""
_CAP = Cap(
    name="locations",
    most=MOST,
    rows="locations WHERE account_id = $1 AND removed_at IS NULL",
    text=f"An account has at most {MOST:,} locations. Remove those that are closed.",
)


class LocationNotFound(NotFound):
    """There is no location with this id."""


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """What is left out stays as it is. `pin` None takes the PIN away."""

    name: str | UnsetType = UNSET
    street: str | UnsetType = UNSET
    zip: str | UnsetType = UNSET
    city: str | UnsetType = UNSET
    province: str | UnsetType = UNSET
    country: str | UnsetType = UNSET
    phone: str | UnsetType = UNSET
    website: str | UnsetType = UNSET
    pin: str | UnsetType | None = UNSET
    hours: tuple[Hours, ...] | UnsetType = UNSET
    redeems_at_once: bool | UnsetType = UNSET
    trusts_offline: bool | UnsetType = UNSET


class Listed(msgspec.Struct, frozen=True):
    """A location as its account sees it: the PIN itself is never shown again."""

    location: Location
    has_pin: bool
    devices: int
    created_at: datetime


async def create(db: asyncpg.Connection, vault: Vault, account_id: int, given: Changes) -> Location:
    """In a transaction. Raises `Invalid` and `CapReached`."""
    await hold(db, account_id)
    await caps.make_room(db, _CAP, account_id)
    values = await _columns(db, vault, account_id, given)
    names = ["account_id", *values]
    row = await db.fetchrow(
        f"INSERT INTO locations ({', '.join(names)})"
        f" VALUES ({', '.join(f'${n}' for n in range(1, len(names) + 1))})"
        f" RETURNING {columns(Location)}",
        account_id,
        *values.values(),
    )
    assert row is not None
    await _tell_places(db, account_id)
    return read(Location, row)


async def change(
    db: asyncpg.Connection, vault: Vault, account_id: int, location_id: int, given: Changes
) -> Location:
    """In a transaction. Raises `Invalid` and `LocationNotFound`."""
    await hold(db, account_id)
    values = await _columns(db, vault, account_id, given, location_id)
    if not values:
        return await find(db, account_id, location_id)
    sets = ", ".join(f"{name} = ${n}" for n, name in enumerate(values, 3))
    row = await db.fetchrow(
        f"UPDATE locations SET {sets} WHERE account_id = $1 AND id = $2 AND removed_at IS NULL"
        f" RETURNING {columns(Location)}",
        account_id,
        location_id,
        *values.values(),
    )
    if row is None:
        raise LocationNotFound
    await _tell_places(db, account_id)
    return read(Location, row)


async def remove(db: asyncpg.Connection, account_id: int, location_id: int, now: datetime) -> None:
    """Nothing is taken in there any more, and its devices are thrown out; what happened there
    keeps its name. A campaign that named only this place is taken in nowhere until it is given
    another. In a transaction. Raises `LocationNotFound`."""
    done = await db.fetchval(
        "UPDATE locations SET removed_at = $3, pin_mac = NULL WHERE account_id = $1 AND id = $2"
        " AND removed_at IS NULL RETURNING true",
        account_id,
        location_id,
        now,
    )
    if not done:
        raise LocationNotFound
    await db.execute(
        "UPDATE devices SET removed_at = $3 WHERE account_id = $1 AND location_id = $2"
        " AND removed_at IS NULL",
        account_id,
        location_id,
        now,
    )
    await _tell_places(db, account_id)


async def find(db: Handle, account_id: int, location_id: int) -> Location:
    """Raises `LocationNotFound`, for one that was removed too."""
    location = await found(db, account_id, location_id)
    if location is None:
        raise LocationNotFound
    return location


async def found(
    db: Handle, account_id: int, location_id: int, *, or_removed: bool = False
) -> Location | None:
    """None for one that was removed too, unless `or_removed`."""
    row = await db.fetchrow(
        f"SELECT {columns(Location)} FROM locations WHERE account_id = $1 AND id = $2"
        " AND (removed_at IS NULL OR $3)",
        account_id,
        location_id,
        or_removed,
    )
    return row and read(Location, row)


async def of_name(db: Handle, account_id: int, name: str) -> Location | None:
    row = await db.fetchrow(
        f"SELECT {columns(Location)} FROM locations WHERE account_id = $1 AND name = $2"
        " AND removed_at IS NULL ORDER BY id",
        account_id,
        name,
    )
    return row and read(Location, row)


async def listed(
    db: Handle, account_id: int, *, after: int = 0, limit: int = MOST, only: int | None = None
) -> list[Listed]:
    """In the order in which they were made, from the one after `after`; or one of them."""
    rows = await db.fetch(
        f"SELECT {columns(Location, 'l')}, l.pin_mac IS NOT NULL AS has_pin, l.created_at,"
        " (SELECT count(*) FROM devices d WHERE d.account_id = l.account_id"
        " AND d.location_id = l.id AND d.removed_at IS NULL AND d.expires_at > now()) AS devices"
        " FROM locations l WHERE l.account_id = $1 AND l.removed_at IS NULL AND l.id > $2"
        " AND ($4::bigint IS NULL OR l.id = $4) ORDER BY l.id LIMIT $3",
        account_id,
        after,
        limit,
        only,
    )
    return [
        Listed(read(Location, row), row["has_pin"], row["devices"], row["created_at"])
        for row in rows
    ]


async def of_ids(db: Handle, account_id: int, ids: Collection[int]) -> dict[int | None, Location]:
    """With those that were removed: what happened there is still told."""
    rows = await db.fetch(
        f"SELECT {columns(Location)} FROM locations WHERE account_id = $1 AND id = ANY($2)",
        account_id,
        list(ids),
    )
    return {row["id"]: read(Location, row) for row in rows}


_TAKES_IN = (
    " l.account_id = $1 AND l.removed_at IS NULL"
    " AND (EXISTS (SELECT FROM campaign_locations c WHERE c.campaign_id = $2"
    " AND c.location_id = l.id)"
    " OR NOT EXISTS (SELECT FROM campaign_locations c WHERE c.campaign_id = $2))"
)
"""A campaign without locations is taken in at all of them."""


async def of_campaign(db: Handle, account_id: int, campaign_id: int) -> list[Location]:
    rows = await db.fetch(
        f"SELECT {columns(Location, 'l')} FROM locations l WHERE {_TAKES_IN} ORDER BY l.id",
        account_id,
        campaign_id,
    )
    return [read(Location, row) for row in rows]


async def find_of_pin(
    db: Handle,
    vault: Vault,
    account_id: int,
    campaign_id: int,
    pin: str,
    place: int | None = None,
) -> Location | None:
    """The campaign's location with this PIN, or `place` if it has it; None when the PIN belongs
    to none."""
    if not is_pin(pin):
        return None
    row = await db.fetchrow(
        f"SELECT {columns(Location, 'l')}, l.pin_digits FROM locations l WHERE {_TAKES_IN}"
        " AND l.pin_mac = ANY($3) AND ($4::bigint IS NULL OR l.id = $4) ORDER BY l.id",
        account_id,
        campaign_id,
        vault.marks("pin", _pin_data(account_id, pin)),
        place,
    )
    if row is None:
        return None
    if row["pin_digits"] is None:  # set before its length was kept
        await db.execute("UPDATE locations SET pin_digits = $2 WHERE id = $1", row["id"], len(pin))
    return read(Location, row)


class PinPlace(msgspec.Struct, frozen=True):
    """A place of a campaign that is known by a PIN."""

    id: int
    name: str
    street: str
    city: str


async def pin_places(db: Handle, account_id: int, campaign_id: int) -> list[PinPlace]:
    """In the order of their names."""
    rows = await db.fetch(
        f"SELECT {columns(PinPlace, 'l')} FROM locations l WHERE {_TAKES_IN}"
        " AND l.pin_mac IS NOT NULL ORDER BY lower(l.name), l.id",
        account_id,
        campaign_id,
    )
    return [read(PinPlace, row) for row in rows]


class ShortPin(msgspec.Struct, frozen=True):
    """A location whose PIN is, or may be (`digits` None), shorter than one that is set now."""

    account_id: int
    id: int
    name: str
    digits: int | None


async def short_pins(db: Handle) -> list[ShortPin]:
    """Of all accounts, at most a hundred."""
    rows = await db.fetch(
        "SELECT account_id, id, name, pin_digits AS digits FROM locations"
        " WHERE pin_mac IS NOT NULL AND removed_at IS NULL"
        " AND (pin_digits IS NULL OR pin_digits < $1) ORDER BY account_id, id LIMIT 100",
        PIN_LENGTHS[0],
    )
    return [read(ShortPin, row) for row in rows]


async def draw_pin(db: Handle, vault: Vault, account_id: int) -> str:
    """Six random digits that no location of the account has yet."""
    for _ in range(100):
        pin = codes.digits(PIN_LENGTHS[0])
        if not await _is_taken(db, vault, account_id, pin, None):
            return pin
    raise TryLater("No free PIN was found.")


async def has_pin(db: Handle, vault: Vault, location: Location, pin: str) -> bool:
    """Whether this is its PIN."""
    macs = vault.marks("pin", _pin_data(location.account_id, pin))
    known = await db.fetchval("SELECT pin_mac FROM locations WHERE id = $1", location.id)
    return any(hmac.compare_digest(mac, known or b"") for mac in macs)


def is_pin(text: str) -> bool:
    """Whether some location may have this PIN."""
    return text.isascii() and text.isdigit() and len(text) in TYPED_LENGTHS


def is_new_pin(text: str) -> bool:
    """Whether it is long enough to be set now."""
    return is_pin(text) and len(text) in PIN_LENGTHS


async def _columns(
    db: Handle, vault: Vault, account_id: int, given: Changes, location_id: int | None = None
) -> dict[str, object]:
    """What is given, as columns; the PIN only as a keyed mark."""
    values = {
        name: value
        for name in given.__struct_fields__
        if (value := getattr(given, name)) is not UNSET
    }
    if "hours" in values:
        for problem in problems_of(values["hours"]):
            raise Invalid(problem, field="hours")
        values["raw_hours"] = msgspec.json.encode(values.pop("hours")).decode()
    if "pin" in values:
        pin = values.pop("pin")
        values["pin_mac"] = await _mark(db, vault, account_id, pin, location_id)
        values["pin_digits"] = None if pin is None else len(pin)
    return values


async def _mark(
    db: Handle, vault: Vault, account_id: int, pin: str | None, location_id: int | None
) -> bytes | None:
    if pin is None:
        return None
    if not is_new_pin(pin):
        raise Invalid(f"A PIN has {PIN_LENGTHS[0]} to {PIN_LENGTHS[-1]} digits.", field="pin")
    if await _is_taken(db, vault, account_id, pin, location_id):
        raise Invalid("Another location has this PIN: each is known by its own.", field="pin")
    return vault.mark("pin", _pin_data(account_id, pin))


async def _is_taken(
    db: Handle, vault: Vault, account_id: int, pin: str, location_id: int | None
) -> bool:
    taken: bool | None = await db.fetchval(
        "SELECT true FROM locations WHERE account_id = $1 AND pin_mac = ANY($2)"
        " AND removed_at IS NULL AND id IS DISTINCT FROM $3",
        account_id,
        vault.marks("pin", _pin_data(account_id, pin)),
        location_id,
    )
    return bool(taken)


def _pin_data(account_id: int, pin: str) -> bytes:
    return f"{account_id}:{pin}".encode()


async def hold(db: Handle, account_id: int) -> None:
    """One at a time changes the locations of an account, so that no two have one PIN."""
    await db.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended('locations:' || $1::bigint, 0))", account_id
    )


async def _tell_places(db: Handle, account_id: int) -> None:
    """Keep whether there is something to tell of some place, which every page view asks."""
    await db.execute(
        "UPDATE accounts a SET tells_places = t.tells FROM (SELECT EXISTS (SELECT FROM locations"
        " WHERE account_id = $1 AND removed_at IS NULL"
        " AND (street <> '' OR city <> '' OR raw_hours <> '[]')) AS tells) t"
        " WHERE a.id = $1 AND a.tells_places <> t.tells",
        account_id,
    )
