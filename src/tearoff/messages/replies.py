"""What people wrote to the account's numbers, and the few replies about which a person decides.

Every reply is kept, also one whose sender cannot be read. `open` are those that may have meant
STOP, and a STOP of somebody who could not be read.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from tearoff.errors import Conflict, Invalid, NotFound
from tearoff.kit.db import Handle
from tearoff.kit.rows import columns, read
from tearoff.people import optouts
from tearoff.people.keywords import Keyword

STATES = ("done", "open", "opted_out", "dismissed")
LONGEST = 5_000
KEPT = timedelta(days=90)
"""As long as the raw report. One that is open stays until somebody has decided."""


class ReplyNotFound(NotFound):
    """There is no such reply."""


class AlreadyDecided(Conflict):
    """Somebody has decided about this reply already."""


class Reply(msgspec.Struct, frozen=True):
    """`sender` is as the service wrote it, `phone` E.164, or None when it could not be read."""

    id: int
    account_id: int
    connection_id: int
    sender: str
    phone: str | None
    received_by: str
    text: str
    keyword: str
    provider_ref: str
    received_at: datetime
    state: str
    decided_at: datetime | None


class Arriving(msgspec.Struct, frozen=True):
    """A reply as it is kept."""

    account_id: int
    connection_id: int
    sender: str
    phone: str | None
    received_by: str
    text: str
    keyword: Keyword
    provider_ref: str
    received_at: datetime

    @property
    def state(self) -> str:
        lost = self.keyword is Keyword.STOP and self.phone is None
        return "open" if lost or self.keyword is Keyword.MAYBE_STOP else "done"

    @property
    def evidence(self) -> optouts.Evidence:
        return optouts.Evidence(self.text, self.received_by, self.provider_ref)


async def keep(db: Handle, arriving: Arriving, state: str | None = None) -> int:
    """In its own state, or in this one."""
    made: int = await db.fetchval(
        "INSERT INTO replies (account_id, connection_id, sender, phone, received_by, text, keyword,"
        " provider_ref, received_at, state) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
        " RETURNING id",
        arriving.account_id,
        arriving.connection_id,
        arriving.sender[:100],
        arriving.phone,
        arriving.received_by[:100],
        arriving.text[:LONGEST],
        arriving.keyword.value,
        arriving.provider_ref[:200],
        arriving.received_at,
        state or arriving.state,
    )
    return made


class Last(msgspec.Struct, frozen=True):
    """What somebody wrote last, as it is kept."""

    text: str
    received_at: datetime


async def last_of(db: Handle, connection_id: int, sender: str) -> Last | None:
    row = await db.fetchrow(
        "SELECT text, received_at FROM replies WHERE connection_id = $1 AND sender = $2"
        " ORDER BY id DESC LIMIT 1",
        connection_id,
        sender,
    )
    return row and read(Last, row)


async def is_told(db: Handle, arriving: Arriving) -> bool:
    """Whether the service has told of this reply of this person before: by its id."""
    found = await db.fetchval(
        "SELECT true FROM replies WHERE connection_id = $1 AND sender = $2 AND provider_ref = $3"
        " LIMIT 1",
        arriving.connection_id,
        arriving.sender[:100],
        arriving.provider_ref[:200],
    )
    return bool(found)


async def is_kept(db: Handle, arriving: Arriving) -> bool:
    """Whether this very reply is there already, whatever was decided about it."""
    found = await db.fetchval(
        "SELECT true FROM replies WHERE received_at = $1 AND connection_id = $2 AND sender = $3"
        " AND text = $4 LIMIT 1",
        arriving.received_at,
        arriving.connection_id,
        arriving.sender[:100],
        arriving.text[:LONGEST],
    )
    return bool(found)


async def reply(db: Handle, account_id: int, reply_id: int) -> Reply | None:
    row = await db.fetchrow(
        f"SELECT {columns(Reply)} FROM replies WHERE account_id = $1 AND id = $2",
        account_id,
        reply_id,
    )
    return row and read(Reply, row)


async def opt_out(
    db: Handle, account_id: int, reply_id: int, *, phone: str | None = None, now: datetime
) -> Reply:
    """A person has read it as STOP: the sender gets nothing any more, as if it had been one.
    `phone` (E.164) says who it was where the sender could not be read. In a transaction.
    Raises `ReplyNotFound`, `AlreadyDecided`, `Invalid`."""
    found = await _decide(db, account_id, reply_id, "opted_out", now)
    number = found.phone or phone
    if number is None:
        raise Invalid(
            f"Nobody knows what number {found.sender!r} is: give it as phone.", field="phone"
        )
    evidence = optouts.Evidence(found.text, found.received_by, found.provider_ref)
    await optouts.add(
        db, account_id, number, source="reply", now=now, reason="Read by a person.",
        evidence=evidence,
    )  # fmt: skip
    return found


async def dismiss(db: Handle, account_id: int, reply_id: int, *, now: datetime) -> Reply:
    """A person has read it, and it did not mean STOP. In a transaction. Raises
    `ReplyNotFound` and `AlreadyDecided`."""
    return await _decide(db, account_id, reply_id, "dismissed", now)


async def _decide(db: Handle, account_id: int, reply_id: int, state: str, now: datetime) -> Reply:
    """Anybody's reply may be decided about once; the same again changes nothing."""
    row = await db.fetchrow(
        "UPDATE replies SET state = $3, decided_at = $4 WHERE account_id = $1 AND id = $2"
        f" AND state IN ('open', 'done') RETURNING {columns(Reply)}",
        account_id,
        reply_id,
        state,
        now,
    )
    if row is not None:
        return read(Reply, row)
    found = await reply(db, account_id, reply_id)
    if found is None:
        raise ReplyNotFound
    if found.state != state:
        raise AlreadyDecided(f"This reply was {found.state.replace('_', ' ')} already.")
    return found


async def sweep(db: Handle, now: datetime) -> None:
    await db.execute("DELETE FROM replies WHERE received_at < $1 AND state <> 'open'", now - KEPT)
