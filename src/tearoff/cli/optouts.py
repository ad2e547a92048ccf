"""`tearoff optout …`"""

from __future__ import annotations

import argparse

from tearoff.accounts import actions as accounts
from tearoff.accounts import queries as account_queries
from tearoff.cli.common import (
    Commands,
    add_account,
    add_command,
    add_group,
    add_json,
    read_address,
    show,
    with_services,
)
from tearoff.kit import clock
from tearoff.kit.services import Services
from tearoff.people import optouts


def add_commands(commands: Commands) -> None:
    group = add_group(commands, "optout", "numbers and e-mail addresses that must get nothing")
    for name, run, help in (
        ("add", _add, "put a number or an e-mail address on the list"),
        ("remove", _remove, "take one off the list"),
    ):
        command = add_command(group, name, run, help)
        add_account(command)
        command.add_argument("number", metavar="ADDRESS")
        add_json(command)
        if name == "add":
            command.add_argument("--reason", default="", help="why, for your records")
    listing = add_command(group, "list", _list, "everybody on the list")
    add_account(listing)
    listing.add_argument("number", metavar="ADDRESS", nargs="?", help="only this one")
    add_json(listing)


def _add(arguments: argparse.Namespace) -> None:
    number = read_address(arguments.number, "number")

    async def work(services: Services) -> None:
        async with services.db.transaction() as db:
            if await account_queries.account(db, arguments.account) is None:
                raise accounts.AccountNotFound
            await optouts.add(
                db, arguments.account, number, source="shop", now=clock.now(),
                reason=arguments.reason,
            )  # fmt: skip

    with_services(arguments, work)
    show(arguments, {"number": number, "opted_out": True}, f"{number} gets no more messages.")


def _remove(arguments: argparse.Namespace) -> None:
    number = read_address(arguments.number, "number")

    async def work(services: Services) -> None:
        async with services.db.transaction() as db:
            await optouts.remove(db, arguments.account, number, now=clock.now())

    with_services(arguments, work)
    show(arguments, {"number": number, "opted_out": False}, f"{number} may get messages again.")


def _list(arguments: argparse.Namespace) -> None:
    only = read_address(arguments.number, "number") if arguments.number else None

    async def work(services: Services) -> list[optouts.OptOut]:
        return await optouts.list_all(services.db, arguments.account)

    found = [
        o
        for o in with_services(arguments, work)
        if only is None or optouts.canonical(o.address) == optouts.canonical(only)
    ]
    rows = [
        {"number": o.address, "source": o.source, "reason": o.reason, "since": o.created_at}
        for o in found
    ]
    lines = [
        f"{o.address}  {o.source:<9}  {o.created_at:%Y-%m-%d %H:%M}  {o.reason}" for o in found
    ]
    show(arguments, {"opt_outs": rows}, "\n".join(lines) or "Nobody is on the list.")
