"""One function per statement about messages."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

import msgspec

from tearoff.kit.db import Handle
from tearoff.kit.rows import columns, read
from tearoff.messages.models import Connection, Message


async def message(db: Handle, message_id: int, account_id: int | None = None) -> Message | None:
    row = await db.fetchrow(
        f"SELECT {columns(Message)} FROM messages WHERE id = $1"
        " AND ($2::bigint IS NULL OR account_id = $2)",
        message_id,
        account_id,
    )
    return row and read(Message, row)


async def hold_state(db: Handle, message_id: int) -> str | None:
    """Its state, which stays so until the transaction ends."""
    state: str | None = await db.fetchval(
        "SELECT state FROM messages WHERE id = $1 FOR UPDATE", message_id
    )
    return state


async def messages(db: Handle, account_id: int, ids: Collection[int]) -> dict[int | None, Message]:
    rows = await db.fetch(
        f"SELECT {columns(Message)} FROM messages WHERE account_id = $1 AND id = ANY($2)",
        account_id,
        list(ids),
    )
    return {row["id"]: read(Message, row) for row in rows}


async def messages_before(
    db: Handle, account_id: int, before: int | None, limit: int
) -> list[Message]:
    """The account's messages, newest first, from below an id."""
    rows = await db.fetch(
        f"SELECT {columns(Message)} FROM messages WHERE account_id = $1"
        " AND id < coalesce($2, 9223372036854775807) ORDER BY id DESC LIMIT $3",
        account_id,
        before,
        limit,
    )
    return [read(Message, row) for row in rows]


class TestText(msgspec.Struct, frozen=True):
    """What a test says. `segments` is 0 for a mail, which alone has a subject."""

    text: str
    encoding: str
    segments: int
    subject: str | None

    __test__ = False  # for pytest it is no class of tests


async def open_test(
    db: Handle,
    connection: Connection,
    recipient: str,
    said: TestText,
    *,
    cost: int,
    guard: bytes,
    until: datetime,
    now: datetime,
) -> int | None:
    """Write a message without a coupon, and the guard that keeps an equal one back. None when one
    is under way."""
    message_id: int | None = await db.fetchval(
        "WITH held AS (INSERT INTO open_sends (account_id, guard, message_id, until)"
        " VALUES ($1, $2, new_time_id(), $3) ON CONFLICT (account_id, guard) DO NOTHING"
        " RETURNING message_id)"
        " INSERT INTO messages (id, account_id, connection_id, recipient, sender, text, encoding,"
        " segments, channel, subject, cost, state, created_at)"
        " SELECT message_id, $1, $4, $5, NULL, $6, $7, $8, $9, $10, $11, 'submitting', $12"
        " FROM held RETURNING id",
        connection.account_id,
        guard,
        until,
        connection.id,
        recipient,
        said.text,
        said.encoding,
        said.segments,
        connection.channel,
        said.subject,
        cost,
        now,
    )
    return message_id


async def accept(
    db: Handle,
    message_id: int,
    provider_ids: Sequence[str],
    raw: str,
    now: datetime,
    *,
    find_by_id: bool,
) -> str | None:
    """The service has it. A receipt may have been faster, so the state only climbs. Gives the
    state as it is then. The guard stays until the caller has the answer (`free_guards`).
    `find_by_id`: receipts will name the message only by the service's id."""
    state: str | None = await db.fetchval(
        "WITH m AS (UPDATE messages SET provider_id = $2, provider_raw = $3, answered_at = $4,"
        " link_id = CASE WHEN $5 THEN $6 END,"
        " state = CASE WHEN state IN ('submitting', 'unknown') THEN 'accepted' ELSE state END"
        " WHERE id = $1 RETURNING state) SELECT state FROM m",
        message_id,
        provider_ids[0] if provider_ids else None,
        raw or None,
        now,
        find_by_id,
        link_id(provider_ids[0]) if provider_ids else None,
    )
    if len(provider_ids) > 1:
        await _insert_parts(db, message_id, provider_ids)
    return state


def link_id(provider_id: str) -> str:
    """How an id is kept to be found by: as it is, but in small letters when it has both kinds,
    so that one in another case is among three spellings."""
    is_one_case = provider_id in (provider_id.lower(), provider_id.upper())
    return provider_id if is_one_case else provider_id.lower()


async def _insert_parts(db: Handle, message_id: int, provider_ids: Sequence[str]) -> None:
    await db.execute(
        "INSERT INTO message_parts (connection_id, provider_id, message_id, part)"
        " SELECT m.connection_id, p.id, m.id, p.part FROM messages m,"
        " unnest($2::text[]) WITH ORDINALITY AS p (id, part) WHERE m.id = $1"
        " ON CONFLICT DO NOTHING",
        message_id,
        list(provider_ids),
    )


class Refusal(msgspec.Struct, frozen=True):
    reason: str
    text: str
    permanent: bool
    raw: str = ""


async def refuse(db: Handle, message_id: int, refusal: Refusal, now: datetime) -> bool:
    """The service certainly did not take it. False when something stronger is known."""
    done = await db.fetchval(
        "WITH m AS (UPDATE messages SET state = 'failed', reason = $2, reason_text = $3,"
        " permanent = $4, provider_raw = $5, answered_at = $6, settled_at = $6"
        " WHERE id = $1 AND state IN ('submitting', 'unknown') RETURNING true AS done),"
        " freed AS (DELETE FROM open_sends WHERE message_id = $1)"
        " SELECT done FROM m",
        message_id,
        refusal.reason,
        refusal.text,
        refusal.permanent,
        refusal.raw or None,
        now,
    )
    return bool(done)


async def leave_unknown(
    db: Handle, message_id: int, text: str, raw: str, guard_until: datetime
) -> bool:
    """Nobody can know. The guard against an equal send stays until `guard_until`."""
    done = await db.fetchval(
        "WITH m AS (UPDATE messages SET state = 'unknown', reason_text = $2, provider_raw = $3"
        " WHERE id = $1 AND state = 'submitting' RETURNING id, connection_id, recipient),"
        " listed AS (INSERT INTO unknown_messages (message_id, connection_id, recipient)"
        " SELECT * FROM m ON CONFLICT DO NOTHING),"
        " held AS (UPDATE open_sends SET until = $4 WHERE message_id = $1)"
        " SELECT true FROM m",
        message_id,
        text,
        raw or None,
        guard_until,
    )
    return bool(done)


async def climb(
    db: Handle,
    message_id: int,
    old: str,
    new: str,
    *,
    now: datetime,
    reason: str | None,
    text: str | None,
) -> bool:
    """From one state to a higher one, if it is still the old one."""
    done = await db.fetchval(
        "WITH m AS (UPDATE messages SET state = $3, settled_at = CASE WHEN $3 IN ('failed',"
        " 'delivered') THEN $4 ELSE settled_at END, reason = $5, reason_text = $6"
        " WHERE id = $1 AND state = $2 RETURNING true AS done) SELECT done FROM m",
        message_id,
        old,
        new,
        now,
        reason,
        text,
    )
    return bool(done)


class Part(msgspec.Struct, frozen=True):
    message_id: int
    part: int


async def find_by_provider_id(db: Handle, connection_id: int, provider_id: str) -> int | None:
    """By the service's id; one in other letter case fits when no other one fits exactly."""
    found: int | None = await db.fetchval(
        "SELECT id FROM messages WHERE connection_id = $1 AND link_id = ANY($2)"
        " ORDER BY provider_id = $3 DESC, id DESC LIMIT 1",
        connection_id,
        [provider_id, provider_id.lower(), provider_id.upper()],
        provider_id,
    )
    return found


async def find_part(db: Handle, connection_id: int, provider_id: str) -> Part | None:
    """The same for a part of a message."""
    row = await db.fetchrow(
        "SELECT message_id, part FROM message_parts WHERE connection_id = $1"
        " AND lower(provider_id) = lower($2) ORDER BY provider_id = $2 DESC, message_id DESC"
        " LIMIT 1",
        connection_id,
        provider_id,
    )
    return row and read(Part, row)


async def settle_part(db: Handle, part: Part, state: str) -> list[str]:
    """Note a part's state (delivered stays delivered) and give the states of all parts. In a
    transaction: the message is held until its end, for of two receipts at the same moment
    neither would see that the other one makes it whole."""
    await db.execute("SELECT FROM messages WHERE id = $1 FOR UPDATE", part.message_id)
    await db.execute(
        "UPDATE message_parts SET state = $3 WHERE message_id = $1 AND part = $2"
        " AND state <> 'delivered'",
        part.message_id,
        part.part,
        state,
    )
    rows = await db.fetch("SELECT state FROM message_parts WHERE message_id = $1", part.message_id)
    return [row["state"] for row in rows]


async def find_unknown_by_recipient(
    db: Handle, connection_id: int, recipients: Sequence[str], since: datetime
) -> int | None:
    """The only message to this number (in any of its spellings) since then whose answer was
    lost; None when there are several: a guess would be worse than waiting."""
    rows = await db.fetch(
        "SELECT m.id FROM unknown_messages u JOIN messages m ON m.id = u.message_id"
        " WHERE u.connection_id = $1 AND u.recipient = ANY($2) AND u.message_id >= time_id($3)"
        " AND m.state = 'unknown' AND m.provider_id IS NULL LIMIT 2",
        connection_id,
        list(recipients),
        since,
    )
    return rows[0]["id"] if len(rows) == 1 else None


_SETTLE_OVERDUE = """
WITH due AS (
  SELECT o.account_id, o.guard, o.message_id, m.state, m.created_at
  FROM open_sends o LEFT JOIN messages m ON m.id = o.message_id
  WHERE o.until <= $1 AND ($2::bigint IS NULL OR o.account_id = $2)
    AND ($3::bytea IS NULL OR o.guard = $3)
  ORDER BY o.until LIMIT 1000 FOR UPDATE OF o SKIP LOCKED
), lost AS (
  UPDATE messages m SET state = 'unknown', reason_text = $4 FROM due
  WHERE m.id = due.message_id AND due.state = 'submitting' AND m.state = 'submitting'
  RETURNING m.id, m.connection_id, m.recipient
), listed AS (
  INSERT INTO unknown_messages (message_id, connection_id, recipient) SELECT * FROM lost
  ON CONFLICT DO NOTHING
), kept AS (
  UPDATE open_sends o SET until = due.created_at + $5 FROM due
  WHERE o.account_id = due.account_id AND o.guard = due.guard AND due.created_at + $5 > $1
), freed AS (
  DELETE FROM open_sends o USING due
  WHERE o.account_id = due.account_id AND o.guard = due.guard
    AND (due.created_at IS NULL OR due.created_at + $5 <= $1)
)
SELECT count(*) FROM lost
"""


async def settle_overdue(
    db: Handle,
    now: datetime,
    guard_for: float,
    *,
    account_id: int | None = None,
    guard: bytes | None = None,
) -> int:
    """Turn sends whose lease ran out into `unknown`, and free the guards that are old enough.
    A guard that outlived its lease belongs to a caller who may never have had the answer, so
    it stays as long as for an unknown one. Gives how many became unknown."""
    lost: int = await db.fetchval(
        _SETTLE_OVERDUE, now, account_id, guard, "The send was interrupted.",
        timedelta(seconds=guard_for),
    )  # fmt: skip
    return lost


async def free_guards(db: Handle, message_ids: Sequence[int]) -> None:
    """Their callers have been answered: an equal send is a new one again."""
    await db.execute("DELETE FROM open_sends WHERE message_id = ANY($1)", list(message_ids))


async def unknown_since(
    db: Handle, after: datetime, before: datetime, limit: int = 200
) -> list[Message]:
    """Messages whose outcome nobody knows, for look-ups at their services."""
    rows = await db.fetch(
        f"SELECT {columns(Message, 'm')} FROM unknown_messages u"
        " JOIN messages m ON m.id = u.message_id"
        " WHERE u.message_id >= time_id($1) AND u.message_id < time_id($2)"
        " AND m.state = 'unknown' ORDER BY m.id LIMIT $3",
        after,
        before,
        limit,
    )
    return [read(Message, row) for row in rows]


async def forget_settled(db: Handle, before: datetime) -> None:
    """Take from the list of unknown messages what is settled, and what nobody will settle."""
    await db.execute(
        "DELETE FROM unknown_messages u USING messages m WHERE m.id = u.message_id"
        " AND (m.state <> 'unknown' OR u.message_id < time_id($1))",
        before,
    )


async def open_send(db: Handle, account_id: int, guard: bytes) -> Message | None:
    """The message that stands in the way of an equal one."""
    row = await db.fetchrow(
        f"SELECT {columns(Message, 'm')} FROM open_sends o JOIN messages m ON m.id = o.message_id"
        " WHERE o.account_id = $1 AND o.guard = $2",
        account_id,
        guard,
    )
    return row and read(Message, row)
