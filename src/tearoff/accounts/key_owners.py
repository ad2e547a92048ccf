"""Which API keys are an owner's. Managers make keys too, with every scope; what only an owner may
do is done by no key that somebody else has had in hand."""

from __future__ import annotations

from tearoff.accounts.audit import Actor
from tearoff.errors import Forbidden
from tearoff.kit.db import Handle


class NotAnOwners(Forbidden):
    """This API key may not do this: only one may that an owner made, or a command on the server,
    and that nobody else has rolled or given scopes. Ask an owner for a new one, or to do it."""


_IS_OWNERS = """
WITH RECURSIVE made AS (
  SELECT client_id, created_by, is_handed_on FROM api_keys WHERE account_id = $1 AND client_id = $2
  UNION SELECT k.client_id, k.created_by, k.is_handed_on FROM api_keys k
  JOIN made m ON m.created_by = 'key ' || k.client_id WHERE k.account_id = $1
)
SELECT coalesce(bool_or(split_part(made.created_by, ' ', 1) IN ('', 'command', 'system')
    OR made.created_by IN (SELECT 'person ' || m.person_id FROM members m
      WHERE m.account_id = $1 AND m.role = 'owner' AND m.accepted_at IS NOT NULL))
  AND NOT bool_or(made.is_handed_on), false)
FROM made
"""


async def is_owners(db: Handle, account_id: int, client_id: str) -> bool:
    """Whether a key was made by one who is an owner now, by a command or with the account, be it
    over other keys, and by nobody else's hands. What made it and is forgotten vouches for
    nothing."""
    found: bool = await db.fetchval(_IS_OWNERS, account_id, client_id)
    return found


async def check_owners(db: Handle, account_id: int, client_id: str) -> None:
    """Raises `NotAnOwners`."""
    if not await is_owners(db, account_id, client_id):
        raise NotAnOwners


async def hand_on(db: Handle, account_id: int, client_id: str, by: Actor) -> None:
    """Who is no owner gets a secret, or gives scopes to one that they may know."""
    if not await _acts_as_owner(db, account_id, by):
        await db.execute(
            "UPDATE api_keys SET is_handed_on = true WHERE account_id = $1 AND client_id = $2",
            account_id,
            client_id,
        )


async def _acts_as_owner(db: Handle, account_id: int, by: Actor) -> bool:
    if by.kind == "key":
        return await is_owners(db, account_id, by.name)
    if by.kind != "person":
        return True
    return by.scopes is None and bool(
        await db.fetchval(
            "SELECT true FROM members WHERE account_id = $1 AND person_id = $2 AND role = 'owner'",
            account_id,
            int(by.name),
        )
    )
