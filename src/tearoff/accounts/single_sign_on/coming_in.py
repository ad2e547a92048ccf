"""Somebody whom an account's provider has vouched for: which member they are, in which role.

A provider opens the account whose provider it is, and nothing else: the sign-in sees that account
alone, whatever else the person belongs to, and neither password nor second step is touched.
"""

from __future__ import annotations

from datetime import datetime

import asyncpg
import msgspec

from tearoff.accounts import audit, members, owners, sign_ins
from tearoff.accounts.audit import Actor
from tearoff.accounts.members import EmailTaken, Member, NewMember
from tearoff.accounts.sign_ins import From, Ticket
from tearoff.accounts.single_sign_on import stored
from tearoff.accounts.single_sign_on.claims import role_of
from tearoff.accounts.single_sign_on.models import (
    BeginAgain,
    Came,
    Provider,
    Refusal,
    Refused,
)
from tearoff.kit.caps import CapReached
from tearoff.kit.db import Handle
from tearoff.kit.vault import Vault

ACTOR = Actor("system", "single sign-on")
_PURPOSE = "single sign-on"


class Link(msgspec.Struct, frozen=True):
    """Whom a subject is. `given_role`: what the claim gave last."""

    member_id: int | None
    given_role: str


async def come_in(
    db: asyncpg.Connection,
    vault: Vault,
    provider: Provider,
    came: Came,
    now: datetime,
    source: From,
) -> tuple[Member, str]:
    """The member, and the secret of their sign-in. In a transaction. Raises `Refused`, and
    `BeginAgain` where the provider was set up otherwise meanwhile."""
    await stored.hold(db, provider.account_id)
    current = await stored.provider(db, provider.account_id)
    if current is None or current.version != provider.version:
        raise BeginAgain
    link = await _link(db, vault, current, came.subject)
    known = await _member(db, current, came, link, now)
    role = await _apply_role(db, current, known, link, came, now)
    await _remember(db, vault, current, known, came, role, now)
    await _accept(db, known, now)
    ticket = Ticket(
        _PURPOSE, known.account_id, known.id, "", None, None, expires_at=now, used_at=now
    )
    secret = await sign_ins.sign_in(db, ticket, now, source, by_provider=True)
    return await members.member(db, known.account_id, known.id), secret


async def _link(db: Handle, vault: Vault, provider: Provider, subject: str) -> Link | None:
    row = await db.fetchrow(
        "SELECT member_id, given_role FROM single_sign_on_people"
        " WHERE account_id = $1 AND subject_mark = ANY($2)",
        provider.account_id,
        vault.marks(_PURPOSE, subject.encode()),
    )
    return row and Link(row["member_id"], row["given_role"])


async def _member(
    db: asyncpg.Connection, provider: Provider, came: Came, link: Link | None, now: datetime
) -> Member:
    """By the subject, whatever the address is by now; the first time by the address."""
    if link is not None and link.member_id is not None:
        return await members.member(db, provider.account_id, link.member_id)
    if not came.email:
        raise Refused(Refusal.NO_MAIL)
    if not came.is_plain:
        raise Refused(Refusal.SPELLING)
    if not came.is_verified:
        raise Refused(Refusal.NOT_VERIFIED)
    row = await db.fetchrow(
        "SELECT m.id, p.subject_mark IS NOT NULL AS is_known FROM members m"
        " LEFT JOIN single_sign_on_people p ON p.member_id = m.id"
        " WHERE m.account_id = $1 AND lower(m.email) = $2",
        provider.account_id,
        came.email,
    )
    if row is None:
        return await _new(db, provider, came, link, now)
    if row["is_known"]:  # an address that was given to somebody else since
        raise Refused(Refusal.ANOTHER)
    return await members.member(db, provider.account_id, row["id"])


async def _new(
    db: asyncpg.Connection, provider: Provider, came: Came, link: Link | None, now: datetime
) -> Member:
    """Somebody whom nobody invited. One who was removed stays so until somebody invites them."""
    if link is not None:
        raise Refused(Refusal.REMOVED)
    role = role_of(came.values, provider.roles) or provider.default_role
    domain = came.email.rpartition("@")[2]
    if role is None or (provider.domains and domain not in provider.domains):
        raise Refused(Refusal.NOT_INVITED)
    new = NewMember(
        email=came.email, first_name=came.first_name, last_name=came.last_name, role=role
    )
    try:
        made = await members.create_member(db, provider.account_id, new)
    except EmailTaken:
        raise Refused(Refusal.ELSEWHERE) from None
    except CapReached:
        raise Refused(Refusal.FULL) from None
    facts = {"role": role}
    await audit.write(
        db, provider.account_id, ACTOR, "member.add", now, subject=str(made), after=facts
    )
    return await members.member(db, provider.account_id, made)


async def _accept(db: Handle, known: Member, now: datetime) -> None:
    """Who was invited has come in by the account's own provider: the link is used up by that. Not
    for somebody who belongs to another tenant: a provider says whatever its account likes, and only
    they themselves add a place to what their own sign-ins see."""
    done = await db.fetchval(
        "UPDATE members own SET accepted_at = $2 WHERE own.id = $1 AND own.accepted_at IS NULL"
        f" AND NOT {members.IS_ELSEWHERE} RETURNING true",
        known.id,
        now,
    )
    if done:
        await db.execute(
            "UPDATE one_time_tokens SET used_at = $2 WHERE used_at IS NULL AND member_id = $1"
            " AND purpose = 'password'",
            known.id,
            now,
        )


# roles ------------------------------------------------------------------------------------------


def role_to_have(provider: Provider, known: Member, link: Link | None, came: Came) -> str:
    """That of the claim; who never had one of it keeps their own. Whom it gave one, and gives none
    any more, has the default. Raises `Refused` where there is none."""
    given = role_of(came.values, provider.roles)
    if given is not None:
        return given
    if not (provider.role_claim and link is not None and link.given_role):
        return known.role
    if provider.default_role is None:
        raise Refused(Refusal.NO_ROLE)
    return provider.default_role


async def _apply_role(
    db: asyncpg.Connection,
    provider: Provider,
    known: Member,
    link: Link | None,
    came: Came,
    now: datetime,
) -> str:
    """The role that they have then. The last owner stays one, whatever a claim says."""
    if known.role == "owner" and (await owners.hold(db, known.account_id, known.id)).is_last_owner:
        return "owner"
    role = role_to_have(provider, known, link, came)
    if role != known.role:
        await db.execute("UPDATE members SET role = $2 WHERE id = $1", known.id, role)
        await audit.write(
            db, known.account_id, ACTOR, "member.change", now, subject=str(known.id),
            before={"role": known.role}, after={"role": role},
        )  # fmt: skip
    return role


async def _remember(
    db: Handle,
    vault: Vault,
    provider: Provider,
    known: Member,
    came: Came,
    role: str,
    now: datetime,
) -> None:
    """Under the newest key; what an older key has marked is replaced."""
    marks = vault.marks(_PURPOSE, came.subject.encode())
    await db.execute(
        "DELETE FROM single_sign_on_people WHERE account_id = $1"
        " AND (subject_mark = ANY($2) OR member_id = $3)",
        provider.account_id,
        marks,
        known.id,
    )
    await db.execute(
        "INSERT INTO single_sign_on_people (account_id, subject_mark, member_id, given_role,"
        " owner_at, last_at) VALUES ($1, $2, $3, $4, CASE WHEN $5 THEN $6::timestamptz END, $6)",
        provider.account_id,
        marks[0],
        known.id,
        role_of(came.values, provider.roles) or "",
        role == "owner",
        now,
    )
