"""`tearoff owner …`"""

from __future__ import annotations

import argparse

import asyncpg

from tearoff.accounts import beginning, telling
from tearoff.accounts.queries import account
from tearoff.accounts.sign_ins import find_ticket
from tearoff.accounts.single_sign_on import stored
from tearoff.cli.common import (
    Commands,
    add_account,
    add_command,
    add_group,
    add_json,
    audited,
    numbered,
    services,
    show,
    with_services,
)
from tearoff.config import Settings
from tearoff.kit import clock, doorbook
from tearoff.kit.doorbook import Event
from tearoff.kit.services import Services


def add_commands(commands: Commands) -> None:
    group = add_group(commands, "owner", "links that let an owner sign in")
    link = add_command(group, "link", _link, "the link to begin, once more")
    link.add_argument(
        "--account", type=numbered("sub"), metavar="ID",
        help="an account whose owner has no password yet (default: make the first account)",
    )  # fmt: skip
    add_json(link)
    reset = add_command(
        group, "reset", _reset, "let an owner choose a new password, without the second step"
    )
    add_account(reset)
    reset.add_argument("--email", help="which owner (default: the first)")
    add_json(reset)


def _link(arguments: argparse.Namespace) -> None:
    async def work(opened: Services) -> str:
        account_id: int | None = arguments.account
        async with opened.db.transaction() as db:
            token = await beginning.issue_link(db, account_id, clock.now())
            if account_id is not None:
                await audited(db, account_id, "owner.link", account_id)
        return url_of(opened.settings, "begin", token)

    url = with_services(arguments, work)
    doorbook.note(Event.PASSWORD_LINK, account=arguments.account)
    show(arguments, {"url": url}, f"{url}\n\nIt works once, for 24 hours.")


def _reset(arguments: argparse.Namespace) -> None:
    async def work(opened: Services) -> tuple[str, bool]:
        account_id: int = arguments.account
        known = await stored.provider(opened.db, account_id)
        async with opened.db.transaction() as db:
            token = await beginning.issue_reset(db, account_id, arguments.email, clock.now())
            await audited(db, account_id, "owner.reset", account_id)
            await _tell(db, account_id, token)
        return url_of(opened.settings, "owner", token), known is not None and known.is_only

    url, is_closed = with_services(arguments, work)
    doorbook.note(Event.PASSWORD_LINK, account=arguments.account)
    told = (
        f"{url}\n\nIt works once, for 24 hours. Whoever opens it chooses a new password; the second"
        " step is removed\nand all sign-ins end."
    )
    if is_closed:
        told += (
            "\n\nPeople come into this account by single sign-on only. To let passwords in again:\n"
            f"tearoff single-sign-on open --account {arguments.account}"
        )
    show(arguments, {"url": url}, told)


async def _tell(db: asyncpg.Connection, account_id: int, token: str) -> None:
    """By mail, where it is set up: it may be somebody else who asked for the link."""
    ticket, known = await find_ticket(db, token, "owner"), await account(db, account_id)
    if ticket is not None and ticket.person_id is not None and known is not None:
        await telling.tell(db, "owner_reset", ticket.person_id, known.name)


async def first_link(settings: Settings) -> str | None:
    """The link to begin, where there is no account yet."""
    async with services(settings) as opened:
        if await beginning.has_account(opened.db):
            return None
        token = await beginning.issue_link(opened.db, None, clock.now())
        return url_of(settings, "begin", token)


def url_of(settings: Settings, page: str, token: str) -> str:
    return f"{settings.link_host}/{page}/{token}"
