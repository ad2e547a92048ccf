"""What empties rows. Each statement takes the account, and the ids that were found."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from tearoff.keeping.models import Found
from tearoff.keeping.redacting import redacted
from tearoff.kit.db import Handle

EMPTY_SESSION = (
    "firstname = NULL, lastname = NULL, email = NULL, phone = NULL, gender = NULL,"
    " customid = NULL, customfields = NULL, utm = NULL, device = NULL, language = NULL,"
    " begun_by = NULL"
)
EMPTY_MESSAGE = (
    "recipient = '', text = '', asked_text = NULL, subject = NULL, reason_text = NULL,"
    " provider_id = NULL, link_id = NULL, provider_raw = NULL"
)
"""What is emptied of a coupon and of a message, by whoever does it."""


async def empty_sessions(db: Handle, account_id: int, ids: Sequence[int], now: datetime) -> None:
    """With what was noted of their events, and the phones that have them in a wallet."""
    await db.execute(
        f"UPDATE sessions s SET {EMPTY_SESSION}, forgotten_at = coalesce(s.forgotten_at, $3)"
        " FROM (SELECT id FROM sessions WHERE account_id = $1 AND id = ANY($2)"
        "  ORDER BY id FOR UPDATE) held WHERE s.id = held.id",
        account_id,
        list(ids),
        now,
    )
    await empty_beside(db, account_id, ids)


async def empty_beside(db: Handle, account_id: int, ids: Sequence[int]) -> None:
    """What other tables know of these coupons' people."""
    await db.execute(
        "UPDATE session_events SET reason = '' WHERE session_id = ANY($2) AND account_id = $1"
        " AND reason <> ''",
        account_id,
        list(ids),
    )
    await db.execute(
        "WITH passes AS (UPDATE wallet_passes SET message = '' WHERE account_id = $1"
        "  AND session_id = ANY($2) RETURNING id)"
        " DELETE FROM wallet_registrations r USING passes WHERE r.pass_id = passes.id",
        account_id,
        list(ids),
    )


async def empty_messages(db: Handle, account_id: int, ids: Sequence[int]) -> None:
    await db.execute(
        f"UPDATE messages SET {EMPTY_MESSAGE} WHERE account_id = $1 AND id = ANY($2)",
        account_id,
        list(ids),
    )
    await empty_beside_messages(db, ids)


async def empty_beside_messages(db: Handle, ids: Sequence[int]) -> None:
    """What is still asked for of these messages, and by what name their service knows them."""
    for statement in (
        "DELETE FROM unknown_messages WHERE message_id = ANY($1)",
        "DELETE FROM message_parts WHERE message_id = ANY($1)",
        "DELETE FROM open_sends WHERE message_id = ANY($1)",
    ):
        await db.execute(statement, list(ids))


async def delete_rows(db: Handle, account_id: int, found: Found) -> None:
    """Contacts, in all groups, and what they wrote."""
    await db.execute(
        "DELETE FROM contacts WHERE account_id = $1 AND id = ANY($2)",
        account_id,
        list(found.contacts),
    )
    await db.execute(
        "DELETE FROM replies WHERE account_id = $1 AND id = ANY($2)",
        account_id,
        list(found.replies),
    )


async def empty_arrivals(db: Handle, account_id: int, ids: Sequence[int], now: datetime) -> None:
    """Their keys stay, so that a service that repeats itself says nothing new."""
    await db.execute(
        "UPDATE arrivals SET raw = '', handled_at = coalesce(handled_at, $3), result = 'erased'"
        " WHERE account_id = $1 AND id = ANY($2)",
        account_id,
        list(ids),
        now,
    )
    # A statement of its own: the one above may have waited for somebody who was reading them just
    # then, and who has put them on the list of what could not be read.
    await db.execute(
        "DELETE FROM unread_arrivals WHERE account_id = $1 AND arrival_id = ANY($2)",
        account_id,
        list(ids),
    )


async def empty_events(db: Handle, account_id: int, found: Found) -> None:
    """What webhooks still have to be told keeps its place, without the person."""
    terms = {one.removeprefix("+").lower() for one in found.addresses.all}
    rows = await db.fetch(
        "SELECT id, thread, body FROM hook_events WHERE account_id = $1 AND id = ANY($2)"
        " ORDER BY id FOR UPDATE",
        account_id,
        list(found.events),
    )
    for row in rows:
        thread = "" if row["thread"] in found.addresses.all else row["thread"]
        await db.execute(
            "UPDATE hook_events SET body = $2, thread = $3 WHERE id = $1",
            row["id"],
            redacted(row["body"], terms),
            thread,
        )
    await db.execute(
        "UPDATE hook_deliveries d SET thread = e.thread, last_answer = '', last_error = '',"
        " last_head = ''"
        " FROM hook_events e WHERE e.id = ANY($2) AND d.event_id = e.id AND d.account_id = $1",
        account_id,
        list(found.events),
    )


async def empty_scans(db: Handle, account_id: int, found: Found) -> None:
    """What was scanned or typed at a counter and was an address of theirs."""
    written = [*found.addresses.all, *(p.removeprefix("+") for p in found.addresses.phones)]
    await db.execute(
        "UPDATE counter_scans SET code = '', detail = '' WHERE account_id = $1 AND location_id IN"
        " (SELECT id FROM locations WHERE account_id = $1) AND lower(code) = ANY($2)",
        account_id,
        written,
    )


async def delete_tallies(db: Handle, account_id: int, scopes: Sequence[str]) -> None:
    await db.execute(
        "DELETE FROM tallies WHERE account_id = $1 AND scope = ANY($2)", account_id, list(scopes)
    )


async def keep_marks(db: Handle, account_id: int, marks: Sequence[tuple[str, str]]) -> None:
    """Put the mark in the place of each address, on the opt-out list and in what is known of how
    it came there; nothing that they wrote stays."""
    addresses = [address for address, _ in marks]
    await db.execute(
        "WITH gone AS (DELETE FROM opt_outs WHERE account_id = $1 AND address = ANY($2)"
        "  RETURNING address, channel, source, created_at)"
        " INSERT INTO opt_outs (account_id, address, channel, source, created_at)"
        " SELECT DISTINCT ON (m.mark, g.source) $1, m.mark, g.channel, g.source, g.created_at"
        " FROM gone g JOIN unnest($2::text[], $3::text[]) AS m (address, mark)"
        "  ON m.address = g.address ORDER BY m.mark, g.source, g.created_at"
        " ON CONFLICT DO NOTHING",
        account_id,
        addresses,
        [mark for _, mark in marks],
    )
    await db.execute(
        "UPDATE consent_events e SET address = m.mark, words = '', received_by = '',"
        " provider_ref = '' FROM unnest($2::text[], $3::text[]) AS m (address, mark)"
        " WHERE e.account_id = $1 AND e.address = m.address",
        account_id,
        addresses,
        [mark for _, mark in marks],
    )


async def note(db: Handle, ref: str, account_id: int, now: datetime) -> None:
    await db.execute(
        "INSERT INTO erasures (ref, account_id, at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        ref,
        account_id,
        now,
    )


async def noted(db: Handle, refs: Sequence[str]) -> set[str]:
    """Those of these that this database knows."""
    rows = await db.fetch("SELECT ref FROM erasures WHERE ref = ANY($1)", list(refs))
    return {row["ref"] for row in rows}
