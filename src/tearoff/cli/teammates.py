"""`tearoff teammate …`"""

from __future__ import annotations

import argparse
from typing import Any

from tearoff.accounts import members, sign_ins, team, telling
from tearoff.accounts.members import Member, NewMember
from tearoff.accounts.queries import account
from tearoff.accounts.rights import ROLES
from tearoff.cli.common import (
    Commands,
    add_account,
    add_command,
    add_group,
    add_json,
    audited,
    id_of,
    show,
    with_services,
)
from tearoff.errors import Invalid
from tearoff.kit import clock, doorbook
from tearoff.kit.doorbook import Event
from tearoff.kit.mail_addresses import AddressInvalid, mail_address
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
    invite = add_command(
        group,
        "invite",
        _invite,
        "a link to choose a password, or to accept the place",
    )
    listing = add_command(group, "list", _list, "who signs in to an account")
    add_account(listing)
    add_json(listing)
    out = add_command(group, "signout", _sign_out, "end all sign-ins of somebody, and their links")
    remove = add_command(group, "remove", _remove, "sign somebody out and remove them for good")
    second = add_command(
        group, "second-step", _second_step, "take away the second step of somebody who lost it"
    )
    for command in (invite, out, remove, second):
        add_account(command)
        command.add_argument("--teammate", required=True, metavar="ID", help="as `list` shows it")
        add_json(command)


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
        async with services.db.transaction() as db:
            made = await members.create_member(db, arguments.account, new)
            await audited(db, arguments.account, "member.add", made, after={"role": new.role})
            return await members.member(db, arguments.account, made)

    added = with_services(arguments, work)
    doorbook.note(Event.MEMBER_ADDED, account=arguments.account, member=added.id)
    show(arguments, _shown(added))


def _list(arguments: argparse.Namespace) -> None:
    async def work(services: Services) -> list[Member]:
        return await members.all_of(services.db, arguments.account)

    found = [_shown(member) for member in with_services(arguments, work)]
    lines = [f"{one['teammate']}  {one['role']}  {one['email']}" for one in found]
    show(arguments, {"teammates": found}, "\n".join(lines) or "Nobody yet.")


def _invite(arguments: argparse.Namespace) -> None:
    teammate = id_of(arguments.teammate, "tea", "teammate")

    async def work(services: Services) -> str:
        known = await members.member(services.db, arguments.account, teammate)
        async with services.db.transaction() as db:
            token = await sign_ins.issue_ticket(
                db,
                "password",
                known.account_id,
                member_id=known.id,
                expires_at=clock.now() + sign_ins.INVITATION_LIVES,
            )
            await audited(db, known.account_id, "member.invite", known.id)
        return f"{services.settings.link_host}/password/{token}"

    url = with_services(arguments, work)
    doorbook.note(Event.PASSWORD_LINK, account=arguments.account, member=teammate)
    days = sign_ins.INVITATION_LIVES.days
    show(arguments, {"url": url}, f"{url}\n\nIt works once, for {days} days.")


def _sign_out(arguments: argparse.Namespace) -> None:
    teammate = id_of(arguments.teammate, "tea", "teammate")

    async def work(services: Services) -> int:
        async with services.db.transaction() as db:
            await audited(db, arguments.account, "member.sign_out", teammate)
            return await members.sign_out_everywhere(db, arguments.account, teammate, clock.now())

    ended = with_services(arguments, work)
    doorbook.note(Event.MEMBER_SIGNED_OUT, account=arguments.account, member=teammate)
    show(arguments, {"teammate": teammate, "signed_out": ended})


def _second_step(arguments: argparse.Namespace) -> None:
    """Of whoever runs the server, also where the person belongs to other accounts: whoever has
    the database has everything."""
    teammate = id_of(arguments.teammate, "tea", "teammate")

    async def work(services: Services) -> bool:
        async with services.db.transaction() as db:
            account_id: int = arguments.account
            found = await team.find(db, account_id, teammate)
            await audited(db, account_id, "member.second_step", teammate)
            if await team.take_second_step(db, account_id, found, clock.now()):
                known = await account(db, account_id)
                name = known.name if known else ""
                await telling.tell(db, "second_step", found.person_id, name)
        return found.has_second_step

    had = with_services(arguments, work)
    doorbook.note(Event.SECOND_STEP, account=arguments.account, member=teammate)
    told = "It is gone, and they are signed out everywhere." if had else "There was none."
    show(arguments, {"teammate": teammate, "second_step_removed": had}, told)


def _remove(arguments: argparse.Namespace) -> None:
    teammate = id_of(arguments.teammate, "tea", "teammate")

    async def work(services: Services) -> Member:
        async with services.db.transaction() as db:
            await audited(db, arguments.account, "member.remove", teammate)
            return await members.remove_member(db, arguments.account, teammate, clock.now())

    gone = with_services(arguments, work)
    doorbook.note(Event.MEMBER_REMOVED, account=arguments.account, member=teammate)
    show(arguments, {"removed": gone.id}, f"{gone.email} is signed out and removed.")


def _shown(member: Member) -> dict[str, Any]:
    return {
        "teammate": member.id,
        "role": member.role,
        "email": member.email,
        "first_name": member.first_name,
        "last_name": member.last_name,
        "language": member.language,
    }
