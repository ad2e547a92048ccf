"""The guarded updates of sessions. One statement decides, its row count is the answer, and what it
did is an event beside it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from tearoff.coupons.models import Doer, Session
from tearoff.coupons.sessions import queries
from tearoff.kit.db import Handle
from tearoff.kit.folding import words_of
from tearoff.kit.rows import columns, read

_USABLE = """(s.validated_at IS NULL AND s.uses < c.uses AND NOT s.voided AND NOT s.locked
    AND c.status = 'active'
    AND (c.starts_at IS NULL OR c.starts_at <= {at})
    AND (s.extended OR c.expires_at IS NULL OR c.expires_at > {at})
    AND (s.expires_at IS NULL OR s.expires_at > {at})
    AND (c.pause_seconds IS NULL OR s.used_at IS NULL
      OR s.used_at + make_interval(secs => c.pause_seconds) <= {at})
    AND (c.activation_seconds IS NULL OR s.active_until IS NULL OR s.active_until > {at}))"""
"""Whether `rules.why_not_usable` has no reason against session `s` of campaign `c`, except the
campaign's hours and its scratch card, of which rows say nothing."""

_VALIDATE = f"""
WITH c AS MATERIALIZED (
  SELECT * FROM campaigns WHERE id = $13 FOR KEY SHARE
), won AS (
  UPDATE sessions s SET
    uses = s.uses + 1,
    validated_at = CASE WHEN s.uses + 1 >= c.uses THEN greatest(s.used_at, $15) END,
    claimed_at = coalesce(s.claimed_at, $15),
    opened_at = coalesce(s.opened_at, $15),
    used_at = greatest(s.used_at, $15),
    active_until = CASE WHEN s.uses + 1 >= c.uses THEN s.active_until END,
    lengthened = s.lengthened AND s.uses + 1 >= c.uses,
    location_id = CASE WHEN s.used_at > $15 THEN s.location_id ELSE $4 END,
    validation_value = CASE WHEN s.used_at > $15 THEN s.validation_value
      WHEN s.uses = 0 THEN coalesce($5, s.validation_value) ELSE $5 END,
    receipt = CASE WHEN s.used_at > $15 THEN s.receipt
      WHEN s.uses = 0 THEN coalesce($11, s.receipt) ELSE $11 END,
    reservation = NULL, reserved_until = NULL, reserved_by = NULL
  FROM c
  WHERE s.account_id = $1 AND s.id = $2 AND c.id = s.campaign_id
    AND ($14 OR num_nonnulls(c.limit_claims, c.limit_validations, c.limit_day, c.limit_location,
      c.limit_person) = 0)
    AND {_USABLE.format(at="$15")}
    AND ($6::integer IS NULL OR s.uses = $6)
    AND CASE WHEN $10::text IS NULL THEN s.reserved_until IS NULL OR s.reserved_until <= $3
      ELSE s.reservation = $10 AND s.reserved_until > $3 END
    AND ($4::bigint IS NULL OR {queries.TAKES_IN.format(campaign="c.id", location="$4")})
  RETURNING s.*
), noted AS (
  INSERT INTO session_events (account_id, campaign_id, session_id, kind, at, actor, channel, reason,
    location_id, device_id, listed, verdict, happened_at, value, receipt)
  SELECT account_id, campaign_id, id, k.kind, $3, $7, $8,
    CASE WHEN k.kind = 'opened' AND ($9 = '' OR $8 IN ('api', 'dashboard'))
      THEN 'the coupon was used' ELSE $9 END,
    $4, $12, k.listed,
    CASE k.kind WHEN 'opened' THEN 'human' END,
    nullif($15, $3),
    CASE WHEN k.kind <> 'validated' THEN NULL WHEN used_at > $15 THEN $5 ELSE validation_value END,
    CASE WHEN k.kind <> 'validated' THEN NULL WHEN used_at > $15 THEN $11 ELSE receipt END
  FROM won CROSS JOIN LATERAL (VALUES
    ('opened', opened_at = $15), ('claimed', claimed_at = $15),
    ('validated', validated_at IS NOT NULL)) AS k (kind, listed)
  WHERE k.kind = 'validated' OR k.listed
)
SELECT {columns(Session)} FROM won
"""


class Use(msgspec.Struct, frozen=True, kw_only=True):
    """One use, as somebody wants it. `if_uses` ties it to the state that was seen, `reservation` to
    the caller's own hold. `as_of` is the moment in which it happened, `now` the one in which we
    hear of it: the coupon's times are judged for the former and show it, its events are in the
    order of the latter, so that whoever asks for what is new misses nothing."""

    doer: Doer
    now: datetime
    as_of: datetime
    value: str | None = None
    receipt: str | None = None
    if_uses: int | None = None
    reservation: str | None = None


async def validate(
    db: Handle, account_id: int, campaign_id: int, session_id: int, use: Use, *, is_counted: bool
) -> Session | None:
    """Use the session once; None when it cannot be used (or was used since `if_uses`), or when
    it is not counted and the campaign has limits. It holds the limits: whoever sets one waits
    and finds this use, or is waited for and found here. A use also opens and claims what was
    not: each of these is an event of its own. It ends the window that was activated for it: the
    next use has one of its own."""
    doer = use.doer
    row = await db.fetchrow(
        _VALIDATE, account_id, session_id, use.now, doer.location_id, use.value, use.if_uses,
        doer.actor, doer.channel, doer.reason, use.reservation, use.receipt, doer.device_id,
        campaign_id, is_counted, use.as_of,
    )  # fmt: skip
    return row and read(Session, row)


def standing_uses(sessions: str) -> str:
    """The uses of these sessions (a SELECT of their ids) that were not taken back, from their
    events: taking back names the use that it undoes, and undid the last one that stood before it
    did. `nth` is which use of its session it is."""
    return (
        "SELECT DISTINCT ON (session_id, nth) session_id, nth, coalesce(happened_at, at) AS at,"
        " at AS heard_at, location_id, device_id, id, value, receipt FROM (SELECT"
        " e.*, sum(CASE kind WHEN 'validated' THEN 1 ELSE -1 END)"
        " OVER (PARTITION BY session_id ORDER BY id) AS nth,"
        " sum(CASE kind WHEN 'validated' THEN 1 ELSE -1 END) OVER (PARTITION BY session_id) AS uses"
        f" FROM session_events e WHERE session_id IN ({sessions})"
        " AND kind IN ('validated', 'unvalidated') AND undoes IS NULL AND NOT EXISTS (SELECT FROM"
        " session_events u WHERE u.session_id = e.session_id AND u.undoes = e.id)) e"
        " WHERE kind = 'validated' AND nth <= uses"
        " ORDER BY session_id, nth, id DESC"
    )


class Used(msgspec.Struct, frozen=True):
    """When and where a session was used, when we heard of it from which device, and what was
    noted with it. `id` is its event's."""

    at: datetime
    location_id: int | None
    heard_at: datetime
    device_id: int | None
    id: int
    value: str | None
    receipt: str | None


async def uses_of(db: Handle, session_id: int) -> list[Used]:
    """The uses of a session that were not taken back, the first one first."""
    rows = await db.fetch(
        f"SELECT {columns(Used)} FROM ({standing_uses('$1')}) u ORDER BY nth", session_id
    )
    return [read(Used, row) for row in rows]


class Change(msgspec.Struct, frozen=True):
    """A simple operation: what it sets, from which states it is allowed, which flag it takes
    back (the list of sessions with that flag loses one)."""

    sets: str
    guard: str
    unlists: str = ""


_WINDOW = (
    "(SELECT least({begins} + make_interval(secs => c.activation_seconds),"
    " CASE WHEN NOT sessions.extended THEN c.expires_at END, sessions.expires_at)"
    " FROM campaigns c WHERE c.id = campaign_id AND c.activation_seconds IS NOT NULL)"
)
"""Until when a window lasts that begins now, or where another one ends: never longer than the
coupon itself. Null, and so nothing, for a campaign without activation."""

_IN_TIME = "validated_at IS NULL AND NOT voided AND (expires_at IS NULL OR expires_at > $3)"
"""That nothing ends the coupon which its own row knows of: `rules` were asked before, and it may
have come to be so since."""

CHANGES: dict[str, Change] = {
    "opened": Change(
        "opened_at = $3",
        f"opened_at IS NULL AND {_IN_TIME}",
    ),
    "claimed": Change(
        f"claimed_at = $3, opened_at = coalesce(opened_at, $3), "
        f" active_until = {_WINDOW.format(begins='$3')}",
        f"claimed_at IS NULL AND NOT locked AND {_IN_TIME}",
    ),
    "reactivated": Change(
        f"active_until = {_WINDOW.format(begins='$3')}",
        f"(active_until IS NULL OR active_until <= $3) AND NOT locked AND {_IN_TIME}",
    ),
    "lengthened": Change(
        f"lengthened = true, active_until = {_WINDOW.format(begins='active_until')}",
        f"active_until > $3 AND NOT lengthened AND NOT locked AND {_IN_TIME}",
    ),
    "unclaimed": Change(
        "claimed_at = NULL, active_until = NULL, lengthened = false",
        "claimed_at IS NOT NULL AND validated_at IS NULL",
        "claimed",
    ),
    "unvalidated": Change(
        "uses = uses - 1, validated_at = NULL, used_at = NULL, location_id = NULL,"
        " validation_value = NULL, receipt = NULL",
        "uses > 0",
        "validated",
    ),
    "voided": Change(
        "voided = true, voided_at = $3, unvoided_at = NULL", "NOT voided AND validated_at IS NULL"
    ),
    "unvoided": Change("voided = false, unvoided_at = $3", "voided"),
    "locked": Change(
        "locked = true, locked_at = $3, unlocked_at = NULL", "NOT locked AND validated_at IS NULL"
    ),
    "unlocked": Change("locked = false, unlocked_at = $3", "locked"),
}

_LISTED = {
    "opened": "('opened', true)",
    "claimed": "('opened', opened_at = $3), ('claimed', true)",
}


async def change(
    db: Handle,
    account_id: int,
    session_id: int,
    kind: str,
    doer: Doer,
    now: datetime,
    *,
    undoes: int | None = None,
) -> Session | None:
    """Do one of `CHANGES`; None when the session was in no state that allows it. `undoes` is the
    event of the use that is taken back."""
    change = CHANGES[kind]
    row = await db.fetchrow(
        f"WITH won AS (UPDATE sessions SET {change.sets} WHERE account_id = $1 AND id = $2"
        f" AND ({change.guard}) RETURNING *),"
        " noted AS (INSERT INTO session_events (account_id, campaign_id, session_id, kind, at,"
        " actor, channel, reason, location_id, device_id, listed, verdict, undoes)"
        " SELECT account_id, campaign_id, id, k.kind, $3, $5, $6,"
        " CASE k.kind WHEN 'opened' THEN $10 ELSE $7 END, $8, $9, k.listed,"
        " CASE k.kind WHEN 'opened' THEN 'human' END, $11 FROM won"
        f" CROSS JOIN LATERAL (VALUES {_LISTED.get(kind, '($4::text, false)')})"
        " AS k (kind, listed) WHERE k.kind = $4 OR k.listed)"
        f" SELECT {columns(Session)} FROM won",
        account_id,
        session_id,
        now,
        kind,
        doer.actor,
        doer.channel,
        doer.reason,
        doer.location_id,
        doer.device_id,
        doer.reason or _why_opened(kind, doer),
        undoes,
    )
    return row and read(Session, row)


def _why_opened(kind: str, doer: Doer) -> str:
    """Why a person is behind an open, where whoever does it has not said so."""
    if kind == "claimed":
        return "the coupon was activated"
    return "said by the API" if doer.channel == "api" else ""


_NOTED = (
    "noted AS (INSERT INTO session_events (account_id, campaign_id, session_id, kind, at, actor,"
    " channel, location_id) SELECT account_id, campaign_id, id, {kind}, {at}, {actor}, 'api',"
    " {place} FROM won)"
)

_RESERVE = f"""
WITH won AS (
  UPDATE sessions s SET reservation = $4, reserved_until = $5, reserved_by = $6
  FROM campaigns c
  WHERE s.account_id = $1 AND s.id = $2 AND c.id = s.campaign_id
    AND {_USABLE.format(at="$3")}
    AND (s.reserved_until IS NULL OR s.reserved_until <= $3)
  RETURNING s.*
), {_NOTED.format(kind="'reserved'", at="$3", actor="$6", place="$7::bigint")}
SELECT {columns(Session)} FROM won
"""


async def reserve(
    db: Handle,
    account_id: int,
    session_id: int,
    *,
    reservation: str,
    until: datetime,
    holder: str,
    now: datetime,
    location_id: int | None = None,
) -> Session | None:
    """Hold the session for one till; None when it cannot be used or somebody holds it."""
    row = await db.fetchrow(
        _RESERVE, account_id, session_id, now, reservation, until, holder, location_id
    )
    return row and read(Session, row)


async def release(db: Handle, account_id: int, reservation: str, now: datetime) -> bool:
    """False when there is no such reservation (any more)."""
    noted = _NOTED.format(kind="'released'", at="$3", actor="held_by", place="NULL")
    done = await db.fetchval(
        "WITH held AS (SELECT id, reserved_by AS held_by FROM sessions WHERE account_id = $1"
        " AND reservation = $2 AND reserved_until > $3 FOR NO KEY UPDATE), won AS (UPDATE sessions"
        " s SET reservation = NULL, reserved_until = NULL, reserved_by = NULL FROM held"
        " WHERE s.id = held.id RETURNING s.account_id, s.campaign_id, s.id, held_by),"
        f" {noted} SELECT true FROM won",
        account_id,
        reservation,
        now,
    )
    return bool(done)


async def set_fields(
    db: Handle, account_id: int, session_id: int, fields: dict[str, Any]
) -> Session | None:
    """Set the named columns; the names come from our own tables, never from a caller. With a name
    of a person among them, in a transaction: the words by which it is found follow it."""
    sets = ", ".join(f"{name} = ${i}" for i, name in enumerate(fields, 3))
    row = await db.fetchrow(
        f"UPDATE sessions SET {sets} WHERE account_id = $1 AND id = $2"
        f" RETURNING {columns(Session)}",
        account_id,
        session_id,
        *fields.values(),
    )
    changed = row and read(Session, row)
    if changed is not None and fields.keys() & {"firstname", "lastname"}:
        await _write_words(db, changed)
    return changed


async def _write_words(db: Handle, session: Session) -> None:
    """A trigger has taken away those of another name."""
    await db.execute(
        "INSERT INTO session_words (account_id, word, session_id)"
        " SELECT $1, word, $2 FROM unnest($3::text[]) AS word ON CONFLICT DO NOTHING",
        session.account_id,
        session.id,
        words_of(session.firstname, session.lastname),
    )


async def note_change(db: Handle, session: Session, doer: Doer, now: datetime) -> None:
    """That somebody has changed what is known of the person, or the coupon's value."""
    await db.execute(
        "INSERT INTO session_events (account_id, campaign_id, session_id, kind, at, actor, channel,"
        " reason) VALUES ($1, $2, $3, 'changed', $4, $5, $6, $7)",
        session.account_id,
        session.campaign_id,
        session.id,
        now,
        doer.actor,
        doer.channel,
        doer.reason,
    )


async def set_device(db: Handle, session_id: int, device: Sequence[str]) -> None:
    """The first device stays: a coupon that was passed on does not change hands in the books."""
    await db.execute(
        "UPDATE sessions SET device = $2 WHERE id = $1 AND device IS NULL", session_id, list(device)
    )
