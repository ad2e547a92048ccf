"""Owners: an account always has one who can come in, and nobody else makes or touches one."""

from __future__ import annotations

import asyncpg
import msgspec

from tearoff.accounts.rights import Right, RoleMissing, has
from tearoff.errors import Conflict, Forbidden, NotFound


class MemberNotFound(NotFound):
    """Teammate ID not found"""


class LastOwner(Conflict):
    """An account keeps one owner. Make another one first: `tearoff teammate add --role owner`."""


class OwnersOnly(Forbidden):
    """Only an owner makes somebody an owner, and changes or removes one."""


class By(msgspec.Struct, frozen=True):
    """Who acts on a team: a person of the account, or (None) a program by its key, which is made
    by managers too and so does what they may."""

    person_id: int | None = None


class Placed(msgspec.Struct, frozen=True):
    """A member as it is held. `is_in`: has accepted the place."""

    id: int
    role: str
    person_id: int
    is_in: bool


class Held(msgspec.Struct, frozen=True):
    """The member that something is to be done to, all owners, and the role of whoever does it:
    nobody changes these until the transaction ends."""

    member: Placed
    owners: tuple[Placed, ...]
    role: str

    @property
    def is_last_owner(self) -> bool:
        """Whether nobody would be left who owns the account and can come in. Who was invited and
        has not come counts for nobody but another such one."""
        others = [one for one in self.owners if one.id != self.member.id]
        if self.member.role != "owner":
            return False
        return not any(one.is_in or not self.member.is_in for one in others)

    def check_stays(self) -> None:
        """Before an owner goes, or becomes less. Raises `LastOwner`."""
        if self.is_last_owner:
            raise LastOwner

    def check_touch(self, role: str = "") -> None:
        """Before the member is changed, or given `role`. Raises `OwnersOnly`."""
        if "owner" in (role, self.member.role) and self.role != "owner":
            raise OwnersOnly


_HELD = """
SELECT id, role, person_id, accepted_at IS NOT NULL AS is_in FROM members
WHERE account_id = $1 AND (role = 'owner' OR id = $2 OR person_id = $3) ORDER BY id FOR UPDATE
"""


async def hold(
    db: asyncpg.Connection, account_id: int, member_id: int, person_id: int | None = None
) -> Held:
    """In a transaction. Two owners who take each other's role in the same moment come one after
    the other, and the second sees what the first did. Raises `MemberNotFound`."""
    rows = await db.fetch(_HELD, account_id, member_id, person_id)
    found = [Placed(row["id"], row["role"], row["person_id"], row["is_in"]) for row in rows]
    member = next((one for one in found if one.id == member_id), None)
    if member is None:
        raise MemberNotFound
    own = next((one.role for one in found if one.person_id == person_id), "")
    owners = tuple(one for one in found if one.role == "owner")
    return Held(member, owners, own if person_id is not None else "manager")


async def held_by(db: asyncpg.Connection, account_id: int, member_id: int, by: By) -> Held:
    """The same for somebody who runs the team: their role is the one of this moment, whatever it
    was when their page was shown. Raises `RoleMissing` too."""
    held = await hold(db, account_id, member_id, by.person_id)
    if not has(held.role, Right.MEMBERS):
        raise RoleMissing(Right.MEMBERS, held.role)
    return held


async def role_of(db: asyncpg.Connection, account_id: int, by: By) -> str:
    """The role with which somebody runs the team, kept as it is until the transaction ends. Raises
    `RoleMissing`."""
    if by.person_id is None:
        return "manager"
    role: str | None = await db.fetchval(
        "SELECT role FROM members WHERE account_id = $1 AND person_id = $2 FOR SHARE",
        account_id,
        by.person_id,
    )
    if role is None or not has(role, Right.MEMBERS):
        raise RoleMissing(Right.MEMBERS, role or "")
    return role
