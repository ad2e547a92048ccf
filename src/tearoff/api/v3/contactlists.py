"""What `smstool` and `emailtool` have in common: groups, their contacts, and the opt-out list.

The two differ in the name of two parameters and in how an address is written.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import msgspec

from tearoff.accounts.rights import Right
from tearoff.api.call import Call
from tearoff.api.v3 import parameters as p
from tearoff.api.v3.endpoint import Endpoint, Told
from tearoff.api.v3.errors import Failure
from tearoff.kit.db import Handle
from tearoff.messages import connections
from tearoff.people import contacts, queries
from tearoff.people.models import ContactFields, Group, Member


class Tool(msgspec.Struct, frozen=True):
    """One of the two. `address` is the parameter that holds a phone number or an e-mail
    address, `example` such an address as answers show it."""

    name: str
    channel: str
    services: str
    group: p.Parameter
    address: p.Parameter
    example: str

    def given_address(self, call: Call) -> str:
        """E.164 or an e-mail address."""
        return str(call.given[self.address.name])

    def shown(self, address: str | None) -> str:
        """A phone number without its `+`."""
        return (address or "").removeprefix("+")


SMS = Tool(
    name="smstool",
    channel="sms",
    services="SMS",
    group=p.string("smsgroup", p.reference("gro"), "Id of the group.", "gro_100001", required=True),
    address=p.string(
        "phone", p.listed_phone, "Phone number, E.164.", "+32470001234", required=True
    ),
    example="32470001234",
)
EMAIL = Tool(
    name="emailtool",
    channel="email",
    services="email",
    group=p.string(
        "emailgroup", p.reference("gro"), "Id of the group.", "gro_100002", required=True
    ),
    address=p.string("email", p.email, "E-mail address.", "ann@example.com", required=True),
    example="ann@example.com",
)


def birthday(name: str, given: Any) -> date:
    value = p.as_text(name, given).strip()
    try:
        if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value, re.ASCII):
            return date.fromisoformat(value)
    except ValueError:
        pass  # no such day
    raise p.WrongValue(303, f"incorrect format in {name} field, must be yyyy-MM-dd")


_NAME = p.string("group_name", p.text(100), "Name of the group.", "Regulars", required=True)
_CONTACT = p.string(
    "contact", p.reference("con"), "Id of the contact.", "con_100001", required=True
)
_FIELDS = (
    p.string("first_name", p.text(100), "First name.", "Ann"),
    p.string("last_name", p.text(100), "Last name.", "Peeters"),
    p.string("birthday", birthday, "Birthday, yyyy-MM-dd.", "1990-05-17"),
    *p.CUSTOM_FIELDS,
)
PAGE_OR_ALL = msgspec.structs.replace(
    p.PAGE, help="Page, 100 items each; the first is 1. Without it up to 10,000 items come at once."
)


def endpoints_of(tool: Tool) -> tuple[Endpoint, ...]:
    return (
        _group_list(tool),
        _user_list(tool),
        _add_group(tool),
        _add_contact(tool),
        _remove_contact(tool),
    )


def _group_list(tool: Tool) -> Endpoint:
    async def act(call: Call, db: Handle) -> dict[str, Any]:
        found = await queries.groups(db, call.account.id, tool.channel)
        await _check_connected(tool, call, db)
        return {"amount_of_groups": len(found), "group": [_group(one) for one in found]}

    example = {"amount_of_groups": 1, "group": [{"ID": "gro_100001", "name": "Regulars"}]}
    return _endpoint(tool, "grouplist", "List the groups.", act, (), (103,), example, writes=False)


def _user_list(tool: Tool) -> Endpoint:
    async def act(call: Call, db: Handle) -> dict[str, Any]:
        group_id = call.given[tool.group.name]
        found = await contacts.list_members(
            db, call.account.id, tool.channel, group_id, call.given["page"]
        )
        await _check_connected(tool, call, db)
        return {
            "group_id": found.group.ref,
            "group_name": found.group.name,
            "amount_of_contacts": str(found.amount),
            "contact": [_contact(tool, one) for one in found.members],
        }

    shown = {
        "ID": "con_100001",
        tool.address.name: tool.example,
        "first_name": "Ann",
        "last_name": "Peeters",
        "birthday": "1990-05-17",
        **{f"customfield{i}": "" for i in range(1, 8)},
        "unsubscribed": "1",
        "unsubscribedate": "13/07/2026 19:47 UTC",
    }
    example = {
        "group_id": "gro_100001",
        "group_name": "Regulars",
        "amount_of_contacts": "1",
        "contact": [shown],
    }
    errors = (103, 200, 300, 301, 514)
    takes = (tool.group, PAGE_OR_ALL)
    return _endpoint(
        tool, "userlist", "List the contacts of a group.", act, takes, errors, example, writes=False
    )


def _add_group(tool: Tool) -> Endpoint:
    async def act(call: Call, db: Handle) -> dict[str, Any]:
        made = await contacts.add_group(
            db, call.account.id, tool.channel, call.given["group_name"].strip()
        )
        await _check_connected(tool, call, db)
        return {"action": "group_created", "group": _group(made)}

    example = {"action": "group_created", "group": {"ID": "gro_100001", "name": "Regulars"}}
    errors = (103, 200, 300, 301, 516)
    return _endpoint(tool, "addgroup", "Make a group.", act, (_NAME,), errors, example)


def _add_contact(tool: Tool) -> Endpoint:
    async def act(call: Call, db: Handle) -> dict[str, Any]:
        group_id, address = call.given[tool.group.name], tool.given_address(call)
        made = await contacts.add_contact(
            db, call.account.id, tool.channel, group_id, address, _fields(call)
        )
        await _check_connected(tool, call, db)
        contact = _contact(tool, Member(made, None))
        del contact["unsubscribed"]
        return {"action": "contact_added", "group_id": f"gro_{group_id}", "contact": contact}

    shown = {
        "ID": "con_100001",
        tool.address.name: tool.example,
        "first_name": "Ann",
        "last_name": "Peeters",
        "birthday": "1990-05-17",
        **{f"customfield{i}": "" for i in range(1, 8)},
    }
    example = {"action": "contact_added", "group_id": "gro_100001", "contact": shown}
    is_sms = tool.channel == "sms"
    errors = (103, 200, 300, 301, 303, 514) if is_sms else (103, 200, 300, 301, 303, 305, 514)
    summary = (
        "Put somebody into a group. Who is in it already stays the same contact; the fields that"
        " are given are updated."
    )
    takes = (tool.group, tool.address, *_FIELDS)
    return _endpoint(tool, "addcontact", summary, act, takes, errors, example)


def _remove_contact(tool: Tool) -> Endpoint:
    async def act(call: Call, db: Handle) -> dict[str, Any]:
        group_id, contact_id = call.given[tool.group.name], call.given["contact"]
        await contacts.remove_contact(db, call.account.id, tool.channel, group_id, contact_id)
        await _check_connected(tool, call, db)
        return {
            "action": "contact_removed",
            "group_id": f"gro_{group_id}",
            "contact": {"ID": f"con_{contact_id}"},
        }

    example = {
        "action": "contact_removed",
        "group_id": "gro_100001",
        "contact": {"ID": "con_100001"},
    }
    summary = "Take a contact out of a group. One that is in no group any more is deleted."
    takes, errors = (tool.group, _CONTACT), (103, 200, 301, 514, 525)
    return _endpoint(tool, "removecontact", summary, act, takes, errors, example)


def _endpoint(
    tool: Tool,
    verb: str,
    summary: str,
    act: Callable[[Call, Handle], Any],
    parameters: tuple[p.Parameter, ...],
    errors: tuple[int, ...],
    example: dict[str, Any],
    *,
    writes: bool = True,
) -> Endpoint:
    return Endpoint(
        path=f"/v3/{tool.name}/{verb}",
        right=Right.PEOPLE if writes else Right.LOOK,
        summary=summary,
        parameters=parameters,
        act=act,
        writes=writes,
        errors=errors,
        example={"status": {"status": "OK"}, **example},
    )


async def _check_connected(tool: Tool, call: Call, db: Handle) -> None:
    """Asked last, because what does not exist is told before what is not set up; a failure
    ends the transaction and with it what was done."""
    if await connections.route(db, call.account.id, tool.channel) is None:
        product = call.doors.services.settings.product_name
        text = f"Your account is not connected with the {product} {tool.services} services"
        raise Told(Failure(422, [(103, text)]), {})


def _fields(call: Call) -> ContactFields:
    given = call.given
    custom = tuple(given[f"customfield{i}"] for i in range(1, 8))
    return ContactFields(
        first_name=given["first_name"],
        last_name=given["last_name"],
        birthday=given["birthday"],
        customfields=custom if any(custom) else None,
    )


def _group(group: Group) -> dict[str, str]:
    return {"ID": group.ref, "name": group.name}


def _contact(tool: Tool, member: Member) -> dict[str, str]:
    contact = member.contact
    address = contact.phone if tool.channel == "sms" else contact.email
    fields = (*(contact.customfields or ()), *[None] * 7)[:7]
    told = {
        "ID": contact.ref,
        tool.address.name: tool.shown(address),
        "first_name": contact.first_name,
        "last_name": contact.last_name,
        "birthday": contact.birthday.isoformat() if contact.birthday else "",
        **{f"customfield{i}": value or "" for i, value in enumerate(fields, 1)},
        "unsubscribed": "0" if member.opted_out_at is None else "1",
    }
    if member.opted_out_at is not None:
        told["unsubscribedate"] = when(member.opted_out_at)
    return told


def when(at: datetime) -> str:
    """As this part of the API writes moments: `13/07/2026 19:47 UTC`."""
    return at.astimezone(UTC).strftime("%d/%m/%Y %H:%M UTC")
