"""Passes of coupons in people's wallets: which there are, and which wallets must be told.

A trigger of the database marks a pass as changed in the transaction that changes its coupon or
its campaign, or reaches a limit; a worker tells the wallet, and tries again until it could.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Literal

import asyncpg
import msgspec

from tearoff.coupons.models import SessionAndCampaign
from tearoff.coupons.rules import State
from tearoff.errors import Conflict
from tearoff.kit.db import Handle
from tearoff.kit.rows import columns, read
from tearoff.kit.vault import Vault

Wallet = Literal["apple", "google"]


PAUSES = (60, 300, 1_800, 10_800, 43_200)
"""Seconds before the next tries; after the last one the wallet is left alone."""
GIVEN_IN = (State.READY, State.ACTIVE, State.CLAIMABLE, State.NOT_YET, State.RESTING, State.CLOSED)
"""The states in which the page offers a pass."""

MOST_PHONES = 20
"""Of one pass: a family shares it, nobody else."""

_SERIAL = re.compile(r"([0-9a-f]{1,16})-([0-9a-f]{24})\Z")


class TooManyPhones(Conflict):
    """This pass is on as many phones as it may be."""


class Pass(msgspec.Struct, frozen=True):
    id: int
    account_id: int
    campaign_id: int
    session_id: int
    wallet: Wallet
    serial: str
    message: str
    changed_at: datetime
    tries: int


def serial_of(vault: Vault, session_id: int) -> str:
    """The name of a coupon's pass, which nobody can guess: no table is asked to make it."""
    return f"{session_id:x}-{vault.mark('pass', b'%x' % session_id).hex()[:24]}"


def session_of_serial(vault: Vault, serial: str) -> int | None:
    """The session's id; None for a serial that is not ours."""
    found = _SERIAL.match(serial)
    if found is None:
        return None
    number = int(found[1], 16)
    marks = {mark.hex()[:24] for mark in vault.marks("pass", b"%x" % number)}
    return number if found[2] in marks and number < 2**63 else None


def token_of(vault: Vault, serial: str) -> str:
    """What a phone says to be let at the pass; it stands in the pass."""
    return vault.mark("pass token", serial.encode()).hex()


def is_token(vault: Vault, serial: str, token: str) -> bool:
    try:
        return vault.is_marked("pass token", serial.encode(), bytes.fromhex(token))
    except ValueError:
        return False


async def keep(
    db: Handle, both: SessionAndCampaign, wallet: Wallet, serial: str, now: datetime
) -> Pass:
    """The pass, from now on told of changes; the one that is there if there is one."""
    session = both.session
    row = await db.fetchrow(
        "INSERT INTO wallet_passes (account_id, campaign_id, session_id, wallet, serial,"
        " created_at, changed_at, next_at) VALUES ($1, $2, $3, $4, $5, $6, $6, $7)"
        " ON CONFLICT (session_id, wallet) DO UPDATE SET wallet = excluded.wallet"
        f" RETURNING {columns(Pass)}",
        session.account_id,
        session.campaign_id,
        session.id,
        wallet,
        serial,
        now,
        now + timedelta(seconds=PAUSES[0]),
    )
    assert row is not None
    return read(Pass, row)


async def codes_of(db: Handle, session_id: int) -> tuple[str, str] | None:
    """(campaign, session): the codes of the coupon's link."""
    row = await db.fetchrow(
        "SELECT c.code AS campaign, s.code AS session FROM sessions s JOIN campaigns c"
        " ON c.id = s.campaign_id WHERE s.id = $1",
        session_id,
    )
    return row and (row["campaign"], row["session"])


async def of_session(db: Handle, session_id: int, wallet: Wallet) -> Pass | None:
    """The pass stays known when its session is deleted: it must become void."""
    row = await db.fetchrow(
        f"SELECT {columns(Pass)} FROM wallet_passes WHERE session_id = $1 AND wallet = $2",
        session_id,
        wallet,
    )
    return row and read(Pass, row)


async def register(
    db: asyncpg.Connection,
    both: SessionAndCampaign,
    serial: str,
    device: str,
    push_token: str,
    now: datetime,
) -> bool:
    """A phone of Apple's took the pass and wants to hear of it; True when that is new. In a
    transaction. The phone is told once at once: what changed since it fetched the pass is not
    lost."""
    # The row stays locked until the end, so phones are counted exactly.
    kept = await keep(db, both, "apple", serial, now)
    is_new: bool | None = await db.fetchval(
        "INSERT INTO wallet_registrations (pass_id, device, push_token, created_at)"
        " SELECT $1, $2, $3, $4 WHERE (SELECT count(*) FROM wallet_registrations"
        " WHERE pass_id = $1 AND device <> $2) < $5 ON CONFLICT (pass_id, device) DO UPDATE"
        " SET push_token = excluded.push_token RETURNING xmax = 0",
        kept.id,
        device,
        push_token,
        now,
        MOST_PHONES,
    )
    if is_new is None:
        raise TooManyPhones
    await saved(db, kept, now)
    return is_new


async def saved(db: Handle, kept: Pass, now: datetime) -> None:
    """A wallet has said that somebody has the pass."""
    column = f"saved_to_{kept.wallet}_at"
    await db.execute(
        f"UPDATE sessions SET {column} = $2 WHERE id = $1 AND {column} IS NULL",
        kept.session_id,
        now,
    )


async def unregister(db: Handle, serial: str, device: str) -> bool:
    done = await db.fetchval(
        "DELETE FROM wallet_registrations r USING wallet_passes p"
        " WHERE p.id = r.pass_id AND p.serial = $1 AND r.device = $2 RETURNING true",
        serial,
        device,
    )
    return bool(done)


async def changed_of_device(
    db: Handle, device: str, since: datetime | None
) -> list[tuple[str, datetime]]:
    """Serials of the phone's passes that changed after `since`, and when."""
    rows = await db.fetch(
        "SELECT p.serial, p.changed_at FROM wallet_registrations r"
        " JOIN wallet_passes p ON p.id = r.pass_id WHERE r.device = $1"
        " AND ($2::timestamptz IS NULL OR p.changed_at > $2) ORDER BY p.changed_at LIMIT 1000",
        device,
        since,
    )
    return [(row["serial"], row["changed_at"]) for row in rows]


async def say(
    db: Handle, campaign_id: int, session_id: int | None, message: str, now: datetime
) -> int:
    """Put a message on the passes of a campaign, or of one session, that somebody has; gives
    how many."""
    n: int = await db.fetchval(
        "WITH said AS (UPDATE wallet_passes p SET message = $3, changed_at = $4, told_at = NULL,"
        " tries = 0, next_at = $4 FROM sessions s WHERE p.campaign_id = $1 AND s.id = p.session_id"
        " AND ($2::bigint IS NULL OR p.session_id = $2)"
        " AND CASE p.wallet WHEN 'apple' THEN s.saved_to_apple_at ELSE s.saved_to_google_at END"
        " IS NOT NULL RETURNING 1) SELECT count(*) FROM said",
        campaign_id,
        session_id,
        message,
        now,
    )
    return n
