"""Contacts and their groups.

An account has one contact for each phone number and for each e-mail address, in as many groups
as it likes. A group holds contacts of its channel.
"""

from __future__ import annotations

import asyncpg
import msgspec

from tearoff.errors import NotFound
from tearoff.kit import caps
from tearoff.kit.caps import Cap
from tearoff.kit.db import Handle
from tearoff.people import queries
from tearoff.people.models import Contact, ContactFields, Group, Member

MOST_GROUPS = 1_000
_CAPS = {
    channel: Cap(
        name=f"{channel} groups",
        most=MOST_GROUPS,
        rows=f"groups WHERE account_id = $1 AND channel = '{channel}'",
        text=f"An account has at most {MOST_GROUPS:,} groups for {channel}. Delete those that are"
        " not needed any more.",
    )
    for channel in ("sms", "email")
}
MOST_LISTED = 10_000
"""Contacts in an answer to somebody who asks for all."""
PAGE = 100


class GroupNotFound(NotFound):
    """Group ID not found"""


class ContactNotFound(NotFound):
    """Contact ID not found"""


class Members(msgspec.Struct, frozen=True):
    """Contacts of a group; `amount` counts all of them."""

    group: Group
    amount: int
    members: list[Member]


async def add_group(db: asyncpg.Connection, account_id: int, channel: str, name: str) -> Group:
    """`channel` is `sms` or `email`. In a transaction. Raises `CapReached`."""
    await caps.make_room(db, _CAPS[channel], account_id)
    return await queries.insert_group(db, account_id, channel, name)


async def list_members(
    db: Handle, account_id: int, channel: str, group_id: int, page: int | None = None
) -> Members:
    """A page of 100 contacts, oldest first; without `page` the first 10,000. Raises
    `GroupNotFound`."""
    found = await queries.group(db, account_id, channel, group_id)
    if found is None:
        raise GroupNotFound
    limit, offset = (MOST_LISTED, 0) if page is None else (PAGE, (page - 1) * PAGE)
    members: list[Member] = []
    if offset < found.amount:
        members = await queries.members(db, account_id, found.group, limit=limit, offset=offset)
    return Members(found.group, found.amount, members)


async def add_contact(
    db: Handle, account_id: int, channel: str, group_id: int, address: str, fields: ContactFields
) -> Contact:
    """Put an E.164 number or an e-mail address into a group. A contact that the account has
    already stays the same one; the fields that are given are updated. In a transaction.
    Raises `GroupNotFound`."""
    if await queries.group(db, account_id, channel, group_id) is None:
        raise GroupNotFound
    contact = await queries.put_contact(db, account_id, channel, address, fields)
    if not await queries.join(db, account_id, group_id, contact.id):
        raise GroupNotFound
    return contact


async def remove_contact(
    db: Handle, account_id: int, channel: str, group_id: int, contact_id: int
) -> None:
    """Take a contact out of a group; one that is in no group any more is deleted. In a
    transaction. Raises `GroupNotFound` and `ContactNotFound`."""
    if await queries.group(db, account_id, channel, group_id) is None:
        raise GroupNotFound
    # Held first: somebody who puts it into another group at this moment must not lose it.
    if not await queries.hold_contact(db, account_id, contact_id):
        raise ContactNotFound
    if not await queries.leave(db, account_id, group_id, contact_id):
        raise ContactNotFound
    await queries.forget_if_alone(db, account_id, contact_id)
