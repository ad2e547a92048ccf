"""`tearoff forget`"""

from __future__ import annotations

import argparse

import msgspec

from tearoff.cli.common import (
    Commands,
    add_account,
    add_command,
    add_json,
    audited,
    show,
    with_services,
)
from tearoff.cli.recipients import read_address
from tearoff.keeping import erasing, finding
from tearoff.keeping.models import Counts, counts_of
from tearoff.kit import clock
from tearoff.kit.services import Services


def add_commands(commands: Commands) -> None:
    command = add_command(
        commands, "forget", _forget, "erase a person by number or e-mail address, for good"
    )
    add_account(command)
    command.add_argument("address", metavar="ADDRESS")
    command.add_argument(
        "--confirm", action="store_true", help="do it; without it, what is known is counted only"
    )
    add_json(command)


def _forget(arguments: argparse.Namespace) -> None:
    owner = arguments.account

    async def work(services: Services) -> Counts:
        address = await read_address(services, owner, arguments.address, "address")
        given, now = finding.addresses_of([address]), clock.now()
        async with services.db.transaction() as db:
            found = await finding.of_addresses(db, owner, given, now)
            if arguments.confirm and not found.is_nothing:
                await erasing.erase(services, db, owner, found, now)
                await audited(db, owner, "person.erase", owner)
        return counts_of(found)

    counts = with_services(arguments, work)
    told = [f"{n:>9,}  {name.replace('_', ' ')}" for name, n in msgspec.to_builtins(counts).items()]
    last = "Erased." if arguments.confirm else "Nothing is erased yet: --confirm does it."
    values = {"erased": arguments.confirm, **msgspec.to_builtins(counts)}
    show(arguments, values, "\n".join([*told, last]))
