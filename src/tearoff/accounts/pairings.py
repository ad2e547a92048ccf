"""Links that pair a device and that nobody has used yet: each is over by itself after a few
minutes, and can be withdrawn before."""

from __future__ import annotations

import hashlib
from datetime import datetime

import msgspec

from tearoff.errors import NotFound
from tearoff.kit import doorbook
from tearoff.kit.db import Handle
from tearoff.kit.doorbook import Event
from tearoff.kit.rows import columns, read


class PairingNotFound(NotFound):
    """There is no such link that waits for a device: it was used, withdrawn, or its time is
    over."""


class OpenPairing(msgspec.Struct, frozen=True):
    """`device_id`: the device that it pairs anew."""

    pairing_id: int
    device_id: int | None
    expires_at: datetime


async def number(db: Handle, token: str, device_id: int | None) -> int:
    """Give the link of this token its number, by which it can be named. In its transaction."""
    made: int = await db.fetchval(
        "UPDATE one_time_tokens SET pairing_id = nextval('pairing_ids'), device_id = $2"
        " WHERE token_sha256 = $1 RETURNING pairing_id",
        hashlib.sha256(token.encode()).digest(),
        device_id,
    )
    return made


async def open_at(
    db: Handle, account_id: int, location_id: int, now: datetime
) -> list[OpenPairing]:
    """Those of a location that wait for a device, the oldest first."""
    rows = await db.fetch(
        f"SELECT {columns(OpenPairing)} FROM one_time_tokens WHERE account_id = $1"
        " AND location_id = $2 AND purpose = 'pair' AND pairing_id IS NOT NULL"
        " AND used_at IS NULL AND expires_at > $3 ORDER BY pairing_id",
        account_id,
        location_id,
        now,
    )
    return [read(OpenPairing, row) for row in rows]


async def withdraw(db: Handle, account_id: int, pairing_id: int, now: datetime) -> None:
    """It pairs nothing any more. Raises `PairingNotFound`."""
    done = await db.fetchval(
        "DELETE FROM one_time_tokens WHERE account_id = $1 AND pairing_id = $2"
        " AND used_at IS NULL AND expires_at > $3 RETURNING true",
        account_id,
        pairing_id,
        now,
    )
    if not done:
        raise PairingNotFound
    doorbook.note(Event.PAIRING_WITHDRAWN, account=account_id, pairing=pairing_id)
