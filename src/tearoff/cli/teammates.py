"""`tearoff teammate …`"""

from __future__ import annotations

import argparse
from typing import Any

from tearoff.accounts import members, queries
from tearoff.accounts.actions import AccountNotFound
from tearoff.accounts.members import ROLES, Member, NewMember
from tearoff.cli.common import (
    Commands,
    add_account,
    add_command,
    add_group,
    add_json,
    show,
    with_services,
)
from tearoff.errors import Invalid
from tearoff.kit.addresses import AddressInvalid, mail_address
from tearoff.kit.services import Services


def add_commands(commands: Commands) -> None:
    group = add_group(commands, "teammate", "people who sign in to an account")
    add = add_command(group, "add", _add, "let somebody sign in by the links of teammate/sso")
    add_account(add)
    add.add_argument("--email", required=True)
    add.add_argument("--first-name", default="")
    add.add_argument("--last-name", default="")
    add.add_argument("--language", default="en", help="two letters")
    add.add_argument("--role", choices=ROLES, default="editor", help="default: editor")
    add_json(add)
    listing = add_command(group, "list", _list, "who signs in to an account")
    add_account(listing)
    add_json(listing)


def _add(arguments: argparse.Namespace) -> None:
    try:
        email = mail_address(arguments.email)
    except AddressInvalid as error:
        raise Invalid(f"This is no e-mail address: {error}.", field="email") from None
    new = NewMember(
        email=email,
        first_name=arguments.first_name,
        last_name=arguments.last_name,
        language=arguments.language,
        role=arguments.role,
    )

    async def work(services: Services) -> Member:
        if await queries.account(services.db, arguments.account) is None:
            raise AccountNotFound
        async with services.db.transaction() as db:
            made = await members.create_member(db, arguments.account, new)
            return await members.member(db, arguments.account, made)

    show(arguments, _shown(with_services(arguments, work)))


def _list(arguments: argparse.Namespace) -> None:
    async def work(services: Services) -> list[Member]:
        return await members.all_of(services.db, arguments.account)

    found = [_shown(member) for member in with_services(arguments, work)]
    lines = [f"{one['teammate']}  {one['role']}  {one['email']}" for one in found]
    show(arguments, {"teammates": found}, "\n".join(lines) or "Nobody yet.")


def _shown(member: Member) -> dict[str, Any]:
    return {
        "teammate": member.id,
        "role": member.role,
        "email": member.email,
        "first_name": member.first_name,
        "last_name": member.last_name,
        "language": member.language,
    }
