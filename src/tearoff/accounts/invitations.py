"""Invitations: somebody gets a place by a link, which they accept; and what became of its mail.

A link is good once and for a week; another one ends it. Whether somebody signs in on this server
already is told to them alone: whoever invites gets the same answer for everybody.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import asyncpg
import msgspec

from tearoff.accounts import members, owners, sign_ins
from tearoff.accounts.members import EmailTaken, NewMember
from tearoff.accounts.owners import By
from tearoff.accounts.team import Teammate
from tearoff.errors import Conflict
from tearoff.kit.db import Handle
from tearoff.kit.mail_addresses import canonical_address
from tearoff.kit.rows import read

REASON_KEPT = 300
"""Characters of what a mail server says that are kept."""
RETRY_AFTER = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=6),
    timedelta(hours=24),
)
"""Between one try of a mail and the next; then the link has to be given by hand."""


class AlreadyInvited(EmailTaken):
    """Somebody with this address is invited already. Make a new link, if the old one is lost."""

    def __init__(self, member_id: int) -> None:
        super().__init__()
        self.member_id = member_id


class AlreadyMember(EmailTaken):
    """Somebody with this address is in the team already."""

    def __init__(self, member_id: int) -> None:
        super().__init__()
        self.member_id = member_id


class NotInvited(Conflict):
    """This person has accepted already: there is no invitation any more."""


class Made(msgspec.Struct, frozen=True):
    """An invitation at the only moment at which its link's `token` can be seen."""

    member_id: int
    number: int
    token: str


class Told(msgspec.Struct, frozen=True):
    """What an invitation tells the person. `by`: what the account calls who invited, "" if they
    have left; `language`: of the person, where this server knows it, else of the invitation."""

    email: str
    first_name: str
    language: str
    role: str
    account: str
    by: str


async def invite(
    db: asyncpg.Connection,
    account_id: int,
    new: NewMember,
    by: By,
    now: datetime,
    *,
    has_mail: bool,
) -> Made:
    """In a transaction. Raises `AlreadyInvited`, `AlreadyMember`, `members.EmailTaken` for an
    address of another account of this tenant, `CapReached`, `RoleMissing` and `OwnersOnly`."""
    if await owners.role_of(db, account_id, by) != "owner" and new.role == "owner":
        raise owners.OwnersOnly
    address = canonical_address(new.email)
    new = msgspec.structs.replace(new, email=address)
    try:
        member_id = await members.create_member(db, account_id, new)
    except EmailTaken:
        await _refuse(db, account_id, address)
        raise
    # Nobody is in before they have accepted: not even who is new here.
    await db.execute("UPDATE members SET accepted_at = NULL WHERE id = $1", member_id)
    return await _issue(db, account_id, member_id, by, now, has_mail=has_mail)


async def _refuse(db: Handle, account_id: int, address: str) -> None:
    row = await db.fetchrow(
        "SELECT id, accepted_at IS NULL AS waits FROM members"
        " WHERE account_id = $1 AND lower(email) = $2",
        account_id,
        address,
    )
    if row is not None:
        raise (AlreadyInvited if row["waits"] else AlreadyMember)(row["id"])


async def renew(
    db: asyncpg.Connection,
    account_id: int,
    member_id: int,
    by: By,
    now: datetime,
    *,
    has_mail: bool,
) -> Made:
    """In a transaction: another link, which ends the one before. Raises `MemberNotFound`,
    `NotInvited`, `RoleMissing` and `OwnersOnly`."""
    await _check_open(db, account_id, member_id, by)
    return await _issue(db, account_id, member_id, by, now, has_mail=has_mail)


async def withdraw(
    db: asyncpg.Connection, account_id: int, member_id: int, by: By, now: datetime
) -> None:
    """In a transaction: its link is over at once, and the place is gone. Raises `MemberNotFound`,
    `NotInvited`, `RoleMissing` and `OwnersOnly`."""
    await _check_open(db, account_id, member_id, by)
    await members.remove_member(db, account_id, member_id, now)


async def _check_open(db: asyncpg.Connection, account_id: int, member_id: int, by: By) -> None:
    held = await owners.held_by(db, account_id, member_id, by)
    held.check_touch()
    if held.member.is_in:
        raise NotInvited


async def _issue(
    db: asyncpg.Connection,
    account_id: int,
    member_id: int,
    by: By,
    now: datetime,
    *,
    has_mail: bool,
) -> Made:
    await db.execute(
        "UPDATE one_time_tokens SET used_at = $2 WHERE member_id = $1 AND purpose = 'password'"
        " AND used_at IS NULL",
        member_id,
        now,
    )
    ends = now + sign_ins.INVITATION_LIVES
    number: int = await db.fetchval(
        "INSERT INTO invitations (member_id, account_id, invited_by, made_at, expires_at,"
        " mail_state, mail_at) VALUES ($1, $2, $3, $4, $5, $6, $4)"
        " ON CONFLICT (member_id) DO UPDATE SET number = invitations.number + 1, invited_by = $3,"
        " made_at = $4, expires_at = $5, mail_state = $6, mail_reason = '', mail_at = $4"
        " RETURNING number",
        member_id,
        account_id,
        by.person_id,
        now,
        ends,
        "waiting" if has_mail else "none",
    )
    token = await sign_ins.issue_ticket(
        db, "password", account_id, member_id=member_id, expires_at=ends
    )
    return Made(member_id, number, token)


def is_over(one: Teammate, now: datetime) -> bool:
    """Whether the time of somebody's link has run out."""
    return one.invitation is not None and one.invitation.expires_at <= now


# what the person is told --------------------------------------------------------------------

_TOLD = """
SELECT own.email, own.first_name, own.role, a.name AS account,
  CASE WHEN p.password_hash IS NULL AND p.last_sign_in_at IS NULL
    THEN own.language ELSE p.language END AS language,
  coalesce((SELECT coalesce(nullif(trim(m.first_name || ' ' || m.last_name), ''), m.email)
    FROM members m WHERE m.person_id = i.invited_by AND m.account_id = own.account_id), '') AS by
FROM members own JOIN people p ON p.id = own.person_id JOIN accounts a ON a.id = own.account_id
JOIN invitations i ON i.member_id = own.id
WHERE own.id = $1 AND own.accepted_at IS NULL
"""


async def told(db: Handle, member_id: int | None) -> Told | None:
    """None where nobody waits to be let in by an invitation."""
    row = await db.fetchrow(_TOLD, member_id)
    return row and read(Told, row)


# its mail -----------------------------------------------------------------------------------


async def begin_mail(db: Handle, member_id: int, number: int, now: datetime) -> Told | None:
    """Before the mail server is asked: whoever gets an answer sends it, and nobody else does. None
    too for an invitation that is over, was accepted, or has another link by now."""
    done = await db.fetchval(
        "UPDATE invitations i SET mail_state = 'sending', mail_at = $3 FROM members m"
        " WHERE i.member_id = $1 AND i.number = $2 AND i.mail_state IN ('waiting', 'failed')"
        " AND i.expires_at > $3 AND m.id = i.member_id AND m.accepted_at IS NULL RETURNING true",
        member_id,
        number,
        now,
    )
    return await told(db, member_id) if done else None


async def end_mail(db: Handle, member_id: int, number: int, now: datetime, reason: str) -> bool:
    """`reason`: why it did not leave; "" if it did. Whether that is still of interest."""
    done = await db.fetchval(
        "UPDATE invitations SET mail_state = $4, mail_reason = $5, mail_at = $3"
        " WHERE member_id = $1 AND number = $2 AND mail_state = 'sending' RETURNING true",
        member_id,
        number,
        now,
        "failed" if reason else "sent",
        "".join(sign for sign in reason if sign.isprintable())[:REASON_KEPT],
    )
    return bool(done)
