"""The statement that opens a send: everything that must be true is asked, and everything
that must be written is written, in one round trip and one commit."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import asyncpg
import msgspec

from tearoff.accounts.tallies import TallyFull, full_scope
from tearoff.coupons.models import Campaign
from tearoff.distribution.context import SendContext
from tearoff.distribution.draft import Draft
from tearoff.kit.db import Handle
from tearoff.kit.folding import words_of
from tearoff.people import optouts


class Opened(msgspec.Struct, frozen=True):
    """What opening a send said. `message_id` is None unless everything was in order.
    `is_taken`: this person has the coupon already, so nothing else was asked."""

    is_fresh: bool
    is_barred: bool
    message_id: int | None
    is_taken: bool = False


_FRESH = """
fresh AS MATERIALIZED (
  SELECT 1 FROM accounts a, campaigns c, connections r
  WHERE ($1::text IS NULL
      OR EXISTS (SELECT FROM api_keys k WHERE k.client_id = $1 AND k.version = $2))
    AND a.id = $3 AND a.version = $4
    AND c.id = $5 AND c.version = $6 AND r.id = $7 AND r.version = $8
  FOR KEY SHARE OF c
), barred AS MATERIALIZED (
  SELECT 1 FROM opt_outs WHERE account_id = $3 AND address = ANY($26) LIMIT 1
), fine AS MATERIALIZED (
  SELECT new_time_id() AS message_id FROM fresh WHERE NOT EXISTS (SELECT 1 FROM barred)
), held AS (
  INSERT INTO open_sends (account_id, guard, message_id, until)
  SELECT $3, $10, message_id, $11 FROM fine
  ON CONFLICT (account_id, guard) DO NOTHING RETURNING message_id
), counted AS (
  INSERT INTO tallies AS t (account_id, scope, n, cap, until)
  SELECT $3, g.scope, g.step, g.cap, g.until
  FROM held, unnest($12::text[], $13::bigint[], $14::bigint[], $15::timestamptz[])
    AS g (scope, step, cap, until)
  ORDER BY g.scope
  ON CONFLICT (account_id, scope) DO UPDATE SET
    n = CASE WHEN t.until <= $16 THEN excluded.n ELSE t.n + excluded.n END,
    until = CASE WHEN t.until <= $16 THEN excluded.until ELSE t.until END,
    cap = excluded.cap
), """

_NEW_SESSION = """
made AS (
  INSERT INTO sessions (account_id, campaign_id, code, firstname, lastname, email, phone, customid,
    customfields, utm, expires_at, language, created_at, last_message_id)
  SELECT $3, $5, $27, $28, $29, $30, $31, $32, $33, $34, $35, $36, $16, message_id FROM held
  RETURNING id
), """

_WORDS = """
named AS (
  INSERT INTO session_words (account_id, word, session_id)
  SELECT $3, word, id FROM made, unnest($37::text[]) AS word
), """

_OLD_SESSION = """
made AS (
  UPDATE sessions s SET last_message_id = held.message_id FROM held
  WHERE s.account_id = $3 AND s.id = $27 RETURNING s.id
), """

_MESSAGE = """
written AS (
  INSERT INTO messages (id, account_id, connection_id, about, about_is_new, recipient, sender, text,
    asked_text, encoding, segments, channel, subject, cost, state, created_at)
  SELECT held.message_id, $3, $7, made.id, $17, $9, $18, $19, $20, $21, $22, $23, $24, $25,
    'submitting', $16
  FROM held, made
)
SELECT EXISTS (SELECT 1 FROM fresh) AS is_fresh, EXISTS (SELECT 1 FROM barred) AS is_barred,
  (SELECT message_id FROM held) AS message_id
"""

_OPEN_WITH_NEW = "WITH " + _FRESH + _NEW_SESSION + _MESSAGE
_OPEN_WITH_NAMED = "WITH " + _FRESH + _NEW_SESSION + _WORDS + _MESSAGE
_OPEN_WITH_OLD = "WITH " + _FRESH + _OLD_SESSION + _MESSAGE


async def open_send(
    db: Handle, context: SendContext, draft: Draft, *, lease: float, now: datetime
) -> Opened:
    """First of the two commits of a send.

    Raises `TallyFull` when a limit is reached (nothing is written then), and
    UniqueViolationError when the session's short code is taken.
    """
    statement, session = _of_session(draft)
    try:
        row = await db.fetchrow(statement, *_common(context, draft, lease, now), *session)
    except asyncpg.CheckViolationError as error:
        raise TallyFull(full_scope(error)) from None
    assert row is not None
    return Opened(row["is_fresh"], row["is_barred"], row["message_id"])


def _common(context: SendContext, draft: Draft, lease: float, now: datetime) -> Sequence[object]:
    caller, route = context.caller, context.route
    assert route is not None
    key_version, account_version = caller.versions
    return (
        caller.key and caller.key.client_id, key_version, caller.account.id, account_version,
        draft.campaign.id, draft.campaign.version, route.id, route.version,
        draft.recipient, draft.guard, now + timedelta(seconds=lease),
        [t.scope for t in draft.tallies], [t.step for t in draft.tallies],
        [t.cap for t in draft.tallies], [now + t.window for t in draft.tallies],
        now, draft.is_new, draft.sender, draft.text, draft.asked_text,
        draft.encoding, len(draft.parts), draft.channel,
        draft.letter and draft.letter.subject, draft.cost,
        optouts.forms(caller.account.id, draft.recipient),
    )  # fmt: skip


def _of_session(draft: Draft) -> tuple[str, Sequence[object]]:
    """The statement and its last values. Words of a name cost only those who have one."""
    if draft.session_id is not None:
        return _OPEN_WITH_OLD, [draft.session_id]
    words = words_of(draft.new.firstname, draft.new.lastname)
    if not words:
        return _OPEN_WITH_NEW, _session_values(draft)
    return _OPEN_WITH_NAMED, [*_session_values(draft), words]


def _session_values(draft: Draft) -> Sequence[object]:
    new = draft.new
    return (
        draft.session_code, new.firstname, new.lastname, new.email, new.phone, new.customid,
        new.customfields, new.utm, new.expires_at, new.language,
    )  # fmt: skip


async def opened_at(db: Handle, account_id: int, session_code: str, at: datetime) -> int | None:
    """The message that was opened for this session (21 characters) at this moment, while nothing
    is known of it."""
    found: int | None = await db.fetchval(
        "SELECT m.id FROM sessions s JOIN messages m ON m.id = s.last_message_id"
        " WHERE s.account_id = $1 AND s.short_code = left($2, 6) AND s.code = $2"
        " AND m.created_at = $3 AND m.state IN ('submitting', 'unknown')",
        account_id,
        session_code,
        at,
    )
    return found


async def has_coupon(db: Handle, campaign: Campaign, email: str, session_code: str | None) -> bool:
    """Whether this address was mailed the campaign's coupon, or somebody with this address has
    one that is live, other than the session (21 or 6 characters) that is asked for."""
    found = await db.fetchval(
        # First what the address was mailed: a campaign has millions of sessions.
        "WITH mailed AS MATERIALIZED (SELECT about FROM messages WHERE account_id = $1"
        " AND channel = 'email' AND lower(recipient) = lower($3) AND state <> 'failed')"
        " SELECT EXISTS (SELECT 1 FROM mailed m JOIN sessions s ON s.id = m.about"
        " WHERE s.campaign_id = $2 AND NOT s.voided)"
        " OR EXISTS (SELECT 1 FROM sessions WHERE account_id = $1 AND campaign_id = $2"
        " AND lower(email) = lower($3) AND NOT voided"
        " AND ($4::text IS NULL OR short_code <> left($4, 6)))",
        campaign.account_id,
        campaign.id,
        email,
        session_code,
    )
    return bool(found)


async def void_carried(
    db: Handle, account_id: int, message_id: int, reason: str, now: datetime
) -> int | None:
    """Void the session that was made for a message, unless somebody has it by other ways. Gives
    its id when that was done."""
    voided: int | None = await db.fetchval(
        "WITH won AS (UPDATE sessions s SET voided = true, voided_at = $3 FROM messages m"
        " WHERE m.id = $1 AND m.about_is_new AND s.id = m.about AND s.account_id = $2"
        " AND s.last_message_id = $1 AND NOT s.voided AND s.validated_at IS NULL"
        " RETURNING s.account_id, s.campaign_id, s.id, m.channel AS over)"
        " INSERT INTO session_events (account_id, campaign_id, session_id, kind, at, actor,"
        " channel, reason) SELECT account_id, campaign_id, id, 'voided', $3, 'tearoff', over, $4"
        " FROM won RETURNING session_id",
        message_id,
        account_id,
        now,
        reason,
    )
    return voided
