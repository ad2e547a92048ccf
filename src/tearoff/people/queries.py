"""One function per statement about contacts and their groups. Each takes the account."""

from __future__ import annotations

from collections.abc import Sequence

from tearoff.kit.db import Handle, lock_name
from tearoff.kit.phone import phone_key, spellings
from tearoff.kit.rows import columns, read
from tearoff.people import optouts
from tearoff.people.models import Contact, ContactFields, Group, GroupAndAmount, Member


async def groups(db: Handle, account_id: int, channel: str) -> list[Group]:
    rows = await db.fetch(
        f"SELECT {columns(Group)} FROM groups WHERE account_id = $1 AND channel = $2 ORDER BY id",
        account_id,
        channel,
    )
    return [read(Group, row) for row in rows]


async def group(db: Handle, account_id: int, channel: str, group_id: int) -> GroupAndAmount | None:
    """The group and how many contacts it has."""
    row = await db.fetchrow(
        f"SELECT {columns(Group)}, (SELECT count(*) FROM group_contacts WHERE group_id = $3)"
        " AS amount FROM groups WHERE account_id = $1 AND channel = $2 AND id = $3",
        account_id,
        channel,
        group_id,
    )
    return row and GroupAndAmount(read(Group, row), row["amount"])


async def insert_group(db: Handle, account_id: int, channel: str, name: str) -> Group:
    row = await db.fetchrow(
        "INSERT INTO groups (account_id, channel, name) VALUES ($1, $2, $3)"
        f" RETURNING {columns(Group)}",
        account_id,
        channel,
        name,
    )
    assert row is not None
    return read(Group, row)


async def members(
    db: Handle, account_id: int, group: Group, *, limit: int, offset: int
) -> list[Member]:
    """Contacts of a group, oldest first, with the moment since which they have opted out."""
    rows = await db.fetch(
        f"SELECT {columns(Contact, 'c')} FROM contacts c WHERE account_id = $1"
        " AND EXISTS (SELECT 1 FROM group_contacts g WHERE g.group_id = $2"
        " AND g.contact_id = c.id) ORDER BY id LIMIT $3 OFFSET $4",
        account_id,
        group.id,
        limit,
        offset,
    )
    return await _with_opt_outs(db, account_id, group, [read(Contact, row) for row in rows])


async def _with_opt_outs(
    db: Handle, account_id: int, group: Group, contacts: Sequence[Contact]
) -> list[Member]:
    addresses = [(c.phone if group.channel == "sms" else c.email) or "" for c in contacts]
    since = await optouts.since(db, account_id, addresses) if addresses else {}
    return [
        Member(contact, since.get(optouts.canonical(address)))
        for contact, address in zip(contacts, addresses, strict=True)
    ]


async def put_contact(
    db: Handle, account_id: int, channel: str, address: str, fields: ContactFields
) -> Contact:
    """Insert the contact with this phone number or e-mail address, or update what is given of
    the one that there is."""
    if channel == "sms":
        address = await _as_known(db, account_id, address)
    column, key = ("phone", "phone") if channel == "sms" else ("email", "lower(email)")
    row = await db.fetchrow(
        f"INSERT INTO contacts AS c (account_id, {column}, first_name, last_name, birthday,"
        " customfields) VALUES ($1, $2, coalesce($3, ''), coalesce($4, ''), $5, $6)"
        f" ON CONFLICT (account_id, {key}) WHERE {column} IS NOT NULL DO UPDATE SET"
        " first_name = coalesce($3, c.first_name), last_name = coalesce($4, c.last_name),"
        " birthday = coalesce($5, c.birthday), customfields = CASE WHEN $6::text[] IS NULL"
        " THEN c.customfields ELSE (SELECT array_agg(coalesce(new, old) ORDER BY n)"
        " FROM unnest($6::text[], c.customfields) WITH ORDINALITY AS u (new, old, n)) END"
        f" RETURNING {columns(Contact)}",
        account_id,
        address,
        fields.first_name,
        fields.last_name,
        fields.birthday,
        fields.customfields,
    )
    assert row is not None
    return read(Contact, row)


async def _as_known(db: Handle, account_id: int, phone: str) -> str:
    """The number as the contact has it that has it already in another spelling. Of two who ask
    at the same time the second waits for the first."""
    written = spellings(phone)
    if len(written) == 1:
        return phone
    await lock_name(db, f"contact:{account_id}:{written[0]}")
    known: str | None = await db.fetchval(
        "SELECT phone FROM contacts WHERE account_id = $1 AND phone = ANY($2)"
        " ORDER BY phone = $3 DESC, id LIMIT 1",
        account_id,
        list(written),
        phone,
    )
    return known or phone


async def twins(db: Handle, most: int) -> list[tuple[int, int, int]]:
    """Account and ids of contacts with one number in two spellings, which were made before
    numbers were compared by their key; for the operator, of all accounts."""
    rows = await db.fetch("SELECT account_id, id, phone FROM contacts WHERE phone ~ '^[+]5[245]'")
    other = [row for row in rows if phone_key(row["phone"]) != row["phone"]]
    found = await db.fetch(
        "SELECT o.account_id, o.id AS one, c.id AS other"
        " FROM unnest($1::bigint[], $2::bigint[], $3::text[]) AS o (account_id, id, key)"
        " JOIN contacts c ON c.account_id = o.account_id AND c.phone = o.key"
        " ORDER BY o.account_id, o.id LIMIT $4",
        [row["account_id"] for row in other],
        [row["id"] for row in other],
        [phone_key(row["phone"]) for row in other],
        most,
    )
    return [(row["account_id"], row["one"], row["other"]) for row in found]


async def join(db: Handle, account_id: int, group_id: int, contact_id: int) -> bool:
    """False when the account has no such group (any more)."""
    done = await db.fetchval(
        "WITH g AS (SELECT id FROM groups WHERE account_id = $1 AND id = $2 FOR KEY SHARE),"
        " joined AS (INSERT INTO group_contacts (group_id, contact_id) SELECT id, $3 FROM g"
        " ON CONFLICT DO NOTHING) SELECT EXISTS (SELECT 1 FROM g)",
        account_id,
        group_id,
        contact_id,
    )
    return bool(done)


async def hold_contact(db: Handle, account_id: int, contact_id: int) -> bool:
    """Whether there is such a contact, which stays as it is until the transaction ends."""
    found = await db.fetchval(
        "SELECT true FROM contacts WHERE account_id = $1 AND id = $2 FOR UPDATE",
        account_id,
        contact_id,
    )
    return bool(found)


async def leave(db: Handle, account_id: int, group_id: int, contact_id: int) -> bool:
    """Take a contact out of a group; False when it is not in it."""
    done = await db.fetchval(
        "WITH gone AS (DELETE FROM group_contacts m USING groups g WHERE g.id = m.group_id"
        " AND g.account_id = $1 AND m.group_id = $2 AND m.contact_id = $3 RETURNING 1)"
        " SELECT EXISTS (SELECT 1 FROM gone)",
        account_id,
        group_id,
        contact_id,
    )
    return bool(done)


async def forget_if_alone(db: Handle, account_id: int, contact_id: int) -> None:
    """Delete a contact that is in no group any more."""
    await db.execute(
        "DELETE FROM contacts c WHERE c.account_id = $1 AND c.id = $2 AND NOT EXISTS"
        " (SELECT 1 FROM group_contacts WHERE contact_id = c.id)",
        account_id,
        contact_id,
    )


async def group_of_id(db: Handle, account_id: int, group_id: int) -> GroupAndAmount | None:
    """Of whatever channel."""
    row = await db.fetchrow(
        f"SELECT {columns(Group)}, (SELECT count(*) FROM group_contacts WHERE group_id = $2)"
        " AS amount FROM groups WHERE account_id = $1 AND id = $2",
        account_id,
        group_id,
    )
    return row and GroupAndAmount(read(Group, row), row["amount"])


async def groups_after(db: Handle, account_id: int, after: int, limit: int) -> list[GroupAndAmount]:
    """Of both channels, in the order in which they were made, from behind this id."""
    rows = await db.fetch(
        f"SELECT {columns(Group, 'g')}, (SELECT count(*) FROM group_contacts m"
        " WHERE m.group_id = g.id) AS amount FROM groups g WHERE g.account_id = $1 AND g.id > $2"
        " ORDER BY g.id LIMIT $3",
        account_id,
        after,
        limit,
    )
    return [GroupAndAmount(read(Group, row), row["amount"]) for row in rows]


async def delete_group(db: Handle, account_id: int, group_id: int) -> bool:
    """With the contacts that are in no other group."""
    done = await db.fetchval(
        "WITH gone AS (DELETE FROM groups WHERE account_id = $1 AND id = $2 RETURNING id),"
        " alone AS (DELETE FROM contacts c USING group_contacts m, gone"
        "  WHERE m.group_id = gone.id AND c.id = m.contact_id AND c.account_id = $1"
        "  AND NOT EXISTS (SELECT 1 FROM group_contacts o WHERE o.contact_id = c.id"
        "   AND o.group_id <> gone.id))"
        " SELECT true FROM gone",
        account_id,
        group_id,
    )
    return bool(done)


async def members_after(
    db: Handle, account_id: int, group: Group, after: int, limit: int
) -> list[Member]:
    """Contacts of a group, oldest first, from behind this id."""
    rows = await db.fetch(
        f"SELECT {columns(Contact, 'c')} FROM contacts c WHERE c.account_id = $1 AND c.id > $3"
        " AND EXISTS (SELECT 1 FROM group_contacts m WHERE m.group_id = $2 AND m.contact_id = c.id)"
        " ORDER BY c.id LIMIT $4",
        account_id,
        group.id,
        after,
        limit,
    )
    return await _with_opt_outs(db, account_id, group, [read(Contact, row) for row in rows])
