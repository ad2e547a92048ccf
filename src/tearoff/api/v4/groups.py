"""`/v4/groups` and the contacts in them."""

from __future__ import annotations

from datetime import date, datetime

import msgspec

from tearoff.accounts.rights import Right
from tearoff.api.call import Call
from tearoff.api.v3 import parameters as p
from tearoff.api.v4 import fields as f
from tearoff.api.v4.operation import Operation
from tearoff.api.v4.pages import DEFAULT_LIMIT, LIMIT, Page, cursor_field, page_of
from tearoff.api.v4.people import FREE, TAGGED
from tearoff.kit.db import Handle
from tearoff.people import contacts, queries
from tearoff.people.contacts import GroupNotFound
from tearoff.people.models import Contact as ContactRow
from tearoff.people.models import ContactFields, GroupAndAmount, Member
from tearoff.people.models import Group as GroupRow

TAG = "Groups and contacts"


class Group(msgspec.Struct, frozen=True):
    """Contacts that get the same messages over one channel: sms or email."""

    id: int
    name: str
    channel: str
    contacts: int


class Contact(msgspec.Struct, frozen=True):
    """A person the account knows. `opted_out_at`: since when nothing is sent over the group's
    channel."""

    id: int
    phone: str | None
    email: str | None
    firstname: str
    lastname: str
    birthday: date | None
    customfields: tuple[str | None, ...]
    opted_out_at: datetime | None


async def list_groups(call: Call, db: Handle) -> Page[Group]:
    limit = call.given.get("limit", DEFAULT_LIMIT)
    (after,) = call.given.get("cursor", (0,))
    found = await queries.groups_after(db, call.account.id, after, limit + 1)
    return page_of("groups", found, limit, _group, lambda one: (one.group.id,))


async def create_group(call: Call, db: Handle) -> Group:
    channel, name = call.given["channel"], call.given["name"]
    made = await contacts.add_group(db, call.account.id, channel, name)
    return _group(GroupAndAmount(made, 0))


async def get_group(call: Call, db: Handle) -> Group:
    return _group(await _find(call, db))


async def delete_group(call: Call, db: Handle) -> None:
    if not await queries.delete_group(db, call.account.id, call.given["id"]):
        raise GroupNotFound


async def list_contacts(call: Call, db: Handle) -> Page[Contact]:
    found = (await _find(call, db)).group
    limit = call.given.get("limit", DEFAULT_LIMIT)
    (after,) = call.given.get("cursor", (0,))
    members = await queries.members_after(db, call.account.id, found, after, limit + 1)
    return page_of("contacts", members, limit, _contact, lambda one: (one.contact.id,))


async def add_contact(call: Call, db: Handle) -> Contact:
    group = (await _find(call, db)).group
    made = await contacts.add_contact(
        db, call.account.id, group.channel, group.id, _address(call, group), _fields(call)
    )
    return _contact(await _member(call, db, group, made))


async def remove_contact(call: Call, db: Handle) -> None:
    group = (await _find(call, db)).group
    contact_id = call.given["contact"]
    await contacts.remove_contact(db, call.account.id, group.channel, group.id, contact_id)


async def _find(call: Call, db: Handle) -> GroupAndAmount:
    found = await queries.group_of_id(db, call.account.id, call.given["id"])
    if found is None:
        raise GroupNotFound
    return found


async def _member(call: Call, db: Handle, group: GroupRow, made: ContactRow) -> Member:
    """The contact with what the group's channel knows of it."""
    listed = await queries.members_after(db, call.account.id, group, made.id - 1, 1)
    return listed[0] if listed else Member(made, None)


def _address(call: Call, group: GroupRow) -> str:
    """What the group's channel reaches a person by."""
    name = "phone" if group.channel == "sms" else "email"
    given = call.given.get(name)
    if given is None:
        raise f.wrong(name, 200, f"Missing parameter: {name}")
    return str(given)


def _fields(call: Call) -> ContactFields:
    given = call.given
    free = tuple(given.get(name) for name in FREE)
    return ContactFields(
        given.get("firstname"), given.get("lastname"), given.get("birthday"),
        free if any(value is not None for value in free) else None,
    )  # fmt: skip


def _group(found: GroupAndAmount) -> Group:
    return Group(found.group.id, found.group.name, found.group.channel, found.amount)


def _contact(found: Member) -> Contact:
    row = found.contact
    return Contact(
        row.id, row.phone, row.email, row.first_name, row.last_name, row.birthday,
        (*(row.customfields or ()), *[None] * 7)[:7], found.opted_out_at,
    )  # fmt: skip


_GROUP = Group(100001, "Regulars", "sms", 1)
_CONTACT = Contact(
    100001, "+32470001234", None, "Ann", "Peeters", date(1990, 5, 17), (None,) * 7, None
)
_ID = f.path_id("id", "gro", "Id of the group.", 100001)

OPERATIONS = (
    Operation(
        method="GET",
        path="/v4/groups",
        tag=TAG,
        right=Right.LOOK,
        summary="The account's groups, in the order in which they were made.",
        query=(LIMIT, cursor_field("groups", int)),
        act=list_groups,
        errors=(201, 300, 301),
        answers={200: ("A page of groups.", Page[Group])},
        example=Page([_GROUP]),
    ),
    Operation(
        method="POST",
        path="/v4/groups",
        tag=TAG,
        right=Right.PEOPLE,
        verb="group.create",
        summary="Make a group.",
        body=(
            f.text_field("name", f.required_text(100), "Its name.", "Regulars", required=True),
            f.words_field("channel", ("sms", "email"), "What its contacts are reached by.",
                          "sms", required=True),
        ),
        act=create_group,
        errors=(200, 201, 300, 301, 302, 409, 422, 516),
        answers={201: ("The group.", Group)},
        example=msgspec.structs.replace(_GROUP, contacts=0),
    ),
    Operation(
        method="GET",
        path="/v4/groups/{id}",
        tag=TAG,
        right=Right.LOOK,
        summary="One group.",
        path_fields=(_ID,),
        act=get_group,
        errors=(404, 514),
        answers={200: ("The group.", Group)},
        example=_GROUP,
    ),
    Operation(
        method="DELETE",
        path="/v4/groups/{id}",
        tag=TAG,
        right=Right.PEOPLE,
        verb="group.remove",
        look=get_group,
        summary="Delete a group, with the contacts that are in no other one.",
        path_fields=(_ID,),
        act=delete_group,
        errors=(404, 409, 422, 514),
        answers={204: ("It is gone.", None)},
    ),
    Operation(
        method="GET",
        path="/v4/groups/{id}/contacts",
        tag=TAG,
        right=Right.LOOK,
        summary="The contacts of a group, oldest first.",
        path_fields=(_ID,),
        query=(LIMIT, cursor_field("contacts", int)),
        act=list_contacts,
        errors=(201, 300, 301, 404, 514),
        answers={200: ("A page of contacts.", Page[Contact])},
        example=Page([_CONTACT]),
    ),
    Operation(
        method="POST",
        path="/v4/groups/{id}/contacts",
        tag=TAG,
        right=Right.PEOPLE,
        verb="group.add",
        personal=True,
        summary="Put a person into a group. Who is known already stays the same contact, and"
        " what is given is updated.",
        path_fields=(_ID,),
        body=(
            f.Field(
                name="phone", read=f.of_text(p.listed_phone), example="+32470001234",
                help="Phone number, E.164; needed in a group for sms.",
                schema={"type": "string"},
            ),
            f.text_field("email", p.email, "E-mail address; needed in a group for email."),
            f.text_field("firstname", p.text(100), "First name.", "Ann"),
            f.text_field("lastname", p.text(100), "Last name.", "Peeters"),
            f.text_field("birthday", f.day, "Birthday.", "1990-05-17",
                         schema={"format": "date"}),
            *(field for field in TAGGED if field.name != "customid"),
        ),
        act=add_contact,
        errors=(200, 201, 300, 301, 303, 305, 404, 409, 422, 514),
        answers={201: ("The contact.", Contact)},
        example=_CONTACT,
    ),
    Operation(
        method="DELETE",
        path="/v4/groups/{id}/contacts/{contact}",
        tag=TAG,
        right=Right.PEOPLE,
        verb="group.take_out",
        personal=True,
        summary="Take a contact out of a group; one that is in no group any more is deleted.",
        path_fields=(_ID, f.path_id("contact", "con", "Id of the contact.", 100001)),
        act=remove_contact,
        errors=(404, 409, 422, 514, 525),
        answers={204: ("It is out of the group.", None)},
    ),
)  # fmt: skip
