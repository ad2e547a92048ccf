"""The team of an account: who is in it, what each may do, and who goes.

Whoever runs the team changes what the account gives somebody: a role, the place. What is the
person's own stays out of reach where another tenant knows them too (`members.py`).
"""

from __future__ import annotations

from datetime import datetime

import asyncpg
import msgspec

from tearoff.accounts import audit, members, owners, second_steps
from tearoff.accounts.audit import Actor
from tearoff.accounts.members import Member
from tearoff.accounts.owners import By, MemberNotFound
from tearoff.errors import Conflict
from tearoff.kit.db import Handle
from tearoff.kit.rows import columns, read

LONGEST_NAME = 100


class BelongsElsewhere(Conflict):
    """This person belongs to another account too: their second step guards that one as well, and
    is theirs alone. They get in with one of their recovery codes."""


class OwnSecondStep(Conflict):
    """Your own second step is on your profile."""


class Invitation(msgspec.Struct, frozen=True):
    """One that waits. `mail_state`: `none`, `waiting`, `sending`, `sent` or `failed`, since
    `mail_at`; `mail_reason` is what the mail server said. `invited_by`: a person's id."""

    number: int
    invited_by: int | None
    made_at: datetime
    expires_at: datetime
    mail_state: str
    mail_reason: str
    mail_at: datetime


class Teammate(msgspec.Struct, frozen=True):
    """`joined_at` is None for somebody who was invited and has not come yet. `last_seen_at` tells
    only of this account where the person belongs to others too. Of somebody who has not come yet
    nothing is told that another account knows: else whoever invites an address learns of it."""

    id: int
    person_id: int
    role: str
    email: str
    first_name: str
    last_name: str
    created_at: datetime
    joined_at: datetime | None
    last_seen_at: datetime | None
    has_second_step: bool
    is_elsewhere: bool
    invitation: Invitation | None = None

    @property
    def name(self) -> str:
        return " ".join(filter(None, (self.first_name, self.last_name))) or self.email


_TEAM = f"""
SELECT own.id, own.person_id, own.role, own.email, own.first_name, own.last_name, own.created_at,
  own.accepted_at AS joined_at, own.accepted_at IS NOT NULL AND (p.totp_secret_sealed IS NOT NULL
    OR p.passkey_step AND EXISTS (SELECT FROM passkeys k WHERE k.person_id = p.id)
  ) AS has_second_step,
  own.accepted_at IS NOT NULL AND {members.IS_ELSEWHERE} AS is_elsewhere,
  greatest(own.last_sign_in_at, (
    SELECT max(s.last_seen_at) FROM sign_ins s WHERE s.person_id = own.person_id
    AND NOT s.second_step_due AND (s.only_account_id = own.account_id
      OR s.only_account_id IS NULL AND own.accepted_at IS NOT NULL AND NOT {members.IS_ELSEWHERE})
  )) AS last_seen_at, {columns(Invitation, "i", "i_")}
FROM members own JOIN people p ON p.id = own.person_id
LEFT JOIN invitations i ON i.member_id = own.id AND own.accepted_at IS NULL
WHERE own.account_id = $1 AND own.id > $2 AND ($3::bigint IS NULL OR own.id = $3)
ORDER BY own.id LIMIT $4
"""


async def listed(
    db: Handle, account_id: int, *, after: int = 0, only: int | None = None, limit: int = 1
) -> list[Teammate]:
    """Those who came first stand first."""
    rows = await db.fetch(_TEAM, account_id, after, only, limit)
    return [_teammate(row) for row in rows]


async def find(db: Handle, account_id: int, member_id: int) -> Teammate:
    """Raises `MemberNotFound`."""
    found = await listed(db, account_id, only=member_id)
    if not found:
        raise MemberNotFound
    return found[0]


async def of_person(db: Handle, account_id: int, person_id: int) -> int:
    """The id that somebody has as a member. Raises `MemberNotFound`."""
    found: int | None = await db.fetchval(
        "SELECT id FROM members WHERE account_id = $1 AND person_id = $2", account_id, person_id
    )
    if found is None:
        raise MemberNotFound
    return found


def _teammate(row: asyncpg.Record) -> Teammate:
    values = {name: row[name] for name in Teammate.__struct_fields__ if name != "invitation"}
    invitation = read(Invitation, row, "i_") if row["i_number"] is not None else None
    return Teammate(**values, invitation=invitation)


async def change(
    db: asyncpg.Connection,
    account_id: int,
    member_id: int,
    by: By,
    *,
    role: str | None = None,
    first_name: str | None = None,
    last_name: str | None = None,
) -> None:
    """In a transaction; None leaves what there is. A role counts from the person's next request
    on. Raises `MemberNotFound`, `RoleMissing`, `OwnersOnly` and `LastOwner`."""
    held = await owners.held_by(db, account_id, member_id, by)
    held.check_touch(role or "")
    if role not in (None, "owner"):
        held.check_stays()
    for column, value in (("role", role), ("first_name", first_name), ("last_name", last_name)):
        if value is not None:
            await db.execute(f"UPDATE members SET {column} = $2 WHERE id = $1", member_id, value)


async def remove(
    db: asyncpg.Connection, account_id: int, member_id: int, by: By, now: datetime
) -> Member:
    """In a transaction. Their next request is refused; who belongs elsewhere too goes on there.
    Raises `MemberNotFound`, `RoleMissing`, `OwnersOnly` and `LastOwner`."""
    (await owners.held_by(db, account_id, member_id, by)).check_touch()
    return await members.remove_member(db, account_id, member_id, now)


async def leave(
    db: asyncpg.Connection, account_id: int, person_id: int, actor: Actor, now: datetime
) -> None:
    """In a transaction, by the person. Raises `MemberNotFound` and `LastOwner`."""
    member_id = await of_person(db, account_id, person_id)
    await audit.write(db, account_id, actor, "member.leave", now, subject=str(member_id))
    await members.remove_member(db, account_id, member_id, now)


async def reset_second_step(
    db: asyncpg.Connection, account_id: int, member_id: int, by: By, now: datetime
) -> Teammate | None:
    """In a transaction: take away somebody's second step and sign them out everywhere; who is told
    of it, None where there was none. A person asks for that who owns the account; a program may for
    who does not own it. Raises `MemberNotFound`, `RoleMissing`, `OwnersOnly`, `OwnSecondStep` and
    `BelongsElsewhere`."""
    held = await owners.held_by(db, account_id, member_id, by)
    held.check_touch("owner" if by.person_id is not None else "")
    if held.member.person_id == by.person_id:
        raise OwnSecondStep
    found = await find(db, account_id, member_id)
    if found.is_elsewhere:
        raise BelongsElsewhere
    return found if await take_second_step(db, account_id, found, now) else None


async def take_second_step(
    db: asyncpg.Connection, account_id: int, found: Teammate, now: datetime
) -> bool:
    """The same, whoever asks. Whether there was one."""
    if not found.has_second_step:
        return False
    await second_steps.end_second_step(db, found.person_id)
    await members.end_sign_ins(db, await members.member(db, account_id, found.id), now)
    return True
