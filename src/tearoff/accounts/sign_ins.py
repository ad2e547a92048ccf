"""Links that are used once, and who is signed in: how long each lasts.

A sign-in belongs to a person. One that was made by an account's own link (`only_account_id`) sees
that account alone, whatever else the person belongs to: no tenant gets more of somebody than what
is its own. One by a link that a program made opens no more than the scopes of its key, and makes
nobody an owner: programs are set up by managers too.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from tearoff.errors import Conflict
from tearoff.kit import codes
from tearoff.kit.db import Handle
from tearoff.kit.rows import columns, read

TOKEN_LENGTH = 49
SSO_LIVES = timedelta(minutes=5)
RESET_LIVES = timedelta(hours=1)
INVITATION_LIVES = timedelta(days=7)
"""Somebody who did not ask for it has to see the mail first: a week off must fit in. A reset is
handed over while somebody waits for it."""
BEGIN_LIVES = timedelta(hours=24)
SIGN_IN_LIVES = timedelta(hours=12)
"""Of a sign-in by an account's own link."""
IDLE_LIVES = timedelta(days=14)
PERSON_LIVES = timedelta(days=30)
"""A person's own sign-in ends after so long without a request, and at the latest after this."""
SECOND_STEP_LIVES = timedelta(minutes=10)
CONFIRMED_LIVES = timedelta(minutes=15)
"""So long after a password or a second step somebody may touch keys, providers, team and the like
without being asked again."""
_SEEN_EVERY = timedelta(minutes=1)
_USER_AGENT = 200


class LinkOver(Conflict):
    """This link was used already, or its time is over."""


class Ticket(msgspec.Struct, frozen=True):
    """What a link's token stands for. `page` is where its holder wants to go. Links of `begin`
    may have no account yet; those of `reset` and `owner` name a person; those of `pair` a device
    that is to be paired anew, if they are for one. `scopes`: those of the key that made it; None
    where no key did."""

    purpose: str
    account_id: int
    member_id: int | None
    page: str
    campaign_id: int | None
    location_id: int | None
    expires_at: datetime
    used_at: datetime | None
    person_id: int | None = None
    device_id: int | None = None
    scopes: tuple[str, ...] | None = None

    def is_good(self, now: datetime) -> bool:
        return self.used_at is None and self.expires_at > now


_TICKET = columns(Ticket).replace("account_id", "coalesce(account_id, 0) AS account_id", 1)


class Membership(msgspec.Struct, frozen=True):
    """A place in an account. `is_over`: the account has expired or is blocked."""

    account_id: int
    account_name: str
    role: str
    member_id: int
    parent_id: int | None
    is_over: bool


class SignedIn(msgspec.Struct, frozen=True):
    """A person who is signed in, and where they belong: the account used last comes first. With
    `only_account_id` it is the sign-in of that account's own link, or (`by_provider`) of its
    single sign-on; names and language are then those that the account knows. `scopes`: the most
    that a link allows which a program made; None where none did."""

    id: int
    person_id: int
    email: str
    first_name: str
    last_name: str
    language: str
    confirmed_at: datetime
    has_password: bool
    has_second_step: bool
    has_passkey: bool
    only_account_id: int | None
    by_provider: bool
    scopes: tuple[str, ...] | None
    memberships: tuple[Membership, ...]

    def is_confirmed(self, now: datetime) -> bool:
        return self.confirmed_at + CONFIRMED_LIVES > now

    def membership(self, account_id: int) -> Membership | None:
        return next((m for m in self.memberships if m.account_id == account_id), None)


class From(msgspec.Struct, frozen=True):
    """Where a sign-in comes from: the caller's address and what its browser calls itself."""

    address: str = ""
    user_agent: str = ""


NOWHERE = From()


class Due(msgspec.Struct, frozen=True):
    """Somebody whose password was right and whose second step is still asked for."""

    id: int
    person_id: int


async def issue_ticket(
    db: Handle,
    purpose: str,
    account_id: int | None,
    *,
    expires_at: datetime,
    member_id: int | None = None,
    page: str = "",
    campaign_id: int | None = None,
    location_id: int | None = None,
    person_id: int | None = None,
    scopes: Sequence[str] | None = None,
) -> str:
    """A token for one use (49 letters and digits, about 290 bits). Only its hash is kept. `scopes`:
    those of the key that asks for it."""
    token = codes.letters(TOKEN_LENGTH)
    await db.execute(
        "INSERT INTO one_time_tokens (token_sha256, purpose, account_id, member_id, page,"
        " campaign_id, expires_at, location_id, person_id, scopes)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        _hash(token),
        purpose,
        account_id,
        member_id,
        page,
        campaign_id,
        expires_at,
        location_id,
        person_id,
        None if scopes is None else list(scopes),
    )
    return token


async def find_ticket(db: Handle, token: str, purpose: str) -> Ticket | None:
    row = await db.fetchrow(
        f"SELECT {_TICKET} FROM one_time_tokens WHERE token_sha256 = $1 AND purpose = $2",
        _hash(token),
        purpose,
    )
    return row and read(Ticket, row)


async def use_ticket(db: Handle, token: str, purpose: str, now: datetime) -> Ticket:
    """Use it, once: the row count of one guarded update decides. Raises `LinkOver`."""
    row = await db.fetchrow(
        "UPDATE one_time_tokens SET used_at = $3 WHERE token_sha256 = $1 AND purpose = $2"
        f" AND used_at IS NULL AND expires_at > $3 RETURNING {_TICKET}",
        _hash(token),
        purpose,
        now,
    )
    if row is None:
        raise LinkOver
    return read(Ticket, row)


# signing in -------------------------------------------------------------------------------


async def sign_in(
    db: Handle,
    ticket: Ticket,
    now: datetime,
    source: From = NOWHERE,
    *,
    is_trusted: bool = False,
    by_provider: bool = False,
) -> str:
    """The secret of a new sign-in, for a cookie, by an account's own link: it sees that account
    alone, for twelve hours. `is_trusted`: the link was shown at the terminal of whoever runs the
    server, who is asked for no password as long as it lives. `by_provider`: the account's single
    sign-on has just asked who it is. Raises `LinkOver` when the member has gone meanwhile."""
    token = codes.letters(TOKEN_LENGTH)
    confirmed = now + SIGN_IN_LIVES if is_trusted else now if by_provider else None
    made = await db.fetchval(
        "WITH who AS (SELECT id, person_id FROM members WHERE account_id = $2"
        "  AND (id = $3 OR $3::bigint IS NULL AND role = 'owner') ORDER BY id LIMIT 1),"
        " counted AS (UPDATE members m SET sign_ins = sign_ins + 1, last_sign_in_at = $4"
        "  FROM who WHERE m.id = who.id)"
        " INSERT INTO sign_ins (token_sha256, account_id, member_id, person_id, only_account_id,"
        "  created_at, last_seen_at, expires_at, confirmed_at, address, user_agent, by_provider,"
        "  scopes)"
        " SELECT $1, $2, who.id, who.person_id, $2, $4, $4, $5, $6, $7, $8, $9, $10 FROM who"
        " RETURNING id",
        _hash(token),
        ticket.account_id,
        ticket.member_id,
        now,
        now + SIGN_IN_LIVES,
        confirmed,
        source.address,
        _printable(source.user_agent),
        by_provider,
        None if ticket.scopes is None else list(ticket.scopes),
    )
    if made is None:
        raise LinkOver
    return token


async def sign_in_person(
    db: Handle, person_id: int, now: datetime, source: From, *, second_step_due: bool
) -> str:
    """The secret of a person's own sign-in. With `second_step_due` it opens nothing yet and
    lives for ten minutes (`finish_sign_in`)."""
    token = codes.letters(TOKEN_LENGTH)
    await db.execute(
        "INSERT INTO sign_ins (token_sha256, person_id, created_at, last_seen_at, expires_at,"
        " confirmed_at, second_step_due, address, user_agent)"
        " VALUES ($1, $2, $3, $3, $4, $3, $5, $6, $7)",
        _hash(token),
        person_id,
        now,
        now + (SECOND_STEP_LIVES if second_step_due else PERSON_LIVES),
        second_step_due,
        source.address,
        _printable(source.user_agent),
    )
    if not second_step_due:
        await _count(db, person_id, now)
    return token


async def due(db: Handle, token: str, now: datetime) -> Due | None:
    """Whose second step this browser is asked for."""
    row = await db.fetchrow(
        "SELECT id, person_id FROM sign_ins"
        " WHERE token_sha256 = $1 AND second_step_due AND expires_at > $2",
        _hash(token),
        now,
    )
    return row and read(Due, row)


async def finish_sign_in(db: Handle, known: Due, now: datetime) -> str:
    """The second step was right: another secret, once. Raises `LinkOver`."""
    token = codes.letters(TOKEN_LENGTH)
    done = await db.fetchval(
        "UPDATE sign_ins SET token_sha256 = $2, second_step_due = false, confirmed_at = $3,"
        " last_seen_at = $3, expires_at = $4 WHERE id = $1 AND second_step_due"
        " AND expires_at > $3 RETURNING true",
        known.id,
        _hash(token),
        now,
        now + PERSON_LIVES,
    )
    if not done:
        raise LinkOver
    await _count(db, known.person_id, now)
    return token


async def confirm(db: Handle, sign_in_id: int, now: datetime) -> str:
    """Password or second step was right again: another secret for the same sign-in. Raises
    `LinkOver` when it has ended meanwhile."""
    token = codes.letters(TOKEN_LENGTH)
    done = await db.fetchval(
        "UPDATE sign_ins SET token_sha256 = $2, confirmed_at = $3 WHERE id = $1"
        " AND expires_at > $3 RETURNING true",
        sign_in_id,
        _hash(token),
        now,
    )
    if not done:
        raise LinkOver
    return token


async def _count(db: Handle, person_id: int, now: datetime) -> None:
    await db.execute(
        "WITH counted AS (UPDATE members SET sign_ins = sign_ins + 1, last_sign_in_at = $2"
        "  WHERE person_id = $1 AND accepted_at IS NOT NULL)"
        " UPDATE people SET sign_ins = sign_ins + 1, last_sign_in_at = $2 WHERE id = $1",
        person_id,
        now,
    )


# who is signed in -------------------------------------------------------------------------

_SIGNED_IN = """
WITH seen AS (
  UPDATE sign_ins SET last_seen_at = $2 WHERE token_sha256 = $1 AND last_seen_at < $3
    AND last_seen_at > $4 AND expires_at > $2 AND NOT second_step_due
)
SELECT s.id, p.id AS person_id, p.email,
  CASE WHEN s.only_account_id IS NULL THEN p.first_name ELSE m.first_name END AS first_name,
  CASE WHEN s.only_account_id IS NULL THEN p.last_name ELSE m.last_name END AS last_name,
  CASE WHEN s.only_account_id IS NULL THEN p.language ELSE m.language END AS language,
  coalesce(s.confirmed_at, to_timestamp(0)) AS confirmed_at,
  p.password_hash IS NOT NULL AS has_password,
  p.totp_secret_sealed IS NOT NULL AS has_second_step,
  EXISTS (SELECT FROM passkeys k WHERE k.person_id = p.id) AS has_passkey, s.only_account_id,
  s.by_provider, s.scopes, a.id AS of_account_id, a.name AS of_account_name,
  CASE WHEN s.scopes IS NOT NULL AND m.role = 'owner' THEN 'manager' ELSE m.role END AS of_role,
  m.id AS of_member_id,
  a.parent_id AS of_parent_id,
  a.blocked_at IS NOT NULL OR coalesce(a.expires_at <= $2, false) AS of_is_over
FROM sign_ins s JOIN people p ON p.id = s.person_id
JOIN members m ON m.person_id = p.id AND CASE WHEN s.only_account_id IS NULL
  THEN m.accepted_at IS NOT NULL AND NOT EXISTS (SELECT FROM single_sign_on o
    WHERE o.account_id = m.account_id AND o.is_only) ELSE m.account_id = s.only_account_id END
JOIN accounts a ON a.id = m.account_id
WHERE s.token_sha256 = $1 AND s.expires_at > $2 AND s.last_seen_at > $4 AND NOT s.second_step_due
ORDER BY a.id IS NOT DISTINCT FROM p.last_account_id DESC, m.id
"""


async def signed_in(db: Handle, token: str, now: datetime) -> SignedIn | None:
    """Whose cookie this is. None when the sign-in is over, its second step is still due, or the
    person belongs nowhere any more, or only where single sign-on is the only way in. That somebody
    is there is written once a minute at most."""
    rows = await db.fetch(_SIGNED_IN, _hash(token), now, now - _SEEN_EVERY, now - IDLE_LIVES)
    if not rows:
        return None
    places = tuple(read(Membership, row, "of_") for row in rows)
    values = {name: rows[0][name] for name in SignedIn.__struct_fields__ if name != "memberships"}
    if values["scopes"] is not None:
        values["scopes"] = tuple(values["scopes"])
    return SignedIn(**values, memberships=places)


async def note_account(db: Handle, who: SignedIn, account_id: int) -> None:
    """Which account they work in: the one they are led to next time."""
    await db.execute(
        "UPDATE people SET last_account_id = $2 WHERE id = $1"
        " AND last_account_id IS DISTINCT FROM $2",
        who.person_id,
        account_id,
    )


async def sign_out(db: Handle, token: str) -> None:
    await db.execute("DELETE FROM sign_ins WHERE token_sha256 = $1", _hash(token))


async def sweep(db: Handle, now: datetime) -> None:
    """Remove links and sign-ins whose time is over."""
    await db.execute("DELETE FROM one_time_tokens WHERE expires_at < $1", now - timedelta(days=1))
    await db.execute(
        "DELETE FROM sign_ins WHERE expires_at < $1 OR last_seen_at < $2", now, now - IDLE_LIVES
    )


def _printable(user_agent: str) -> str:
    return "".join(sign for sign in user_agent if sign.isprintable())[:_USER_AGENT]


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()
