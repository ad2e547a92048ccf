"""`tearoff single-sign-on …`"""

from __future__ import annotations

import argparse

from tearoff.accounts.single_sign_on import stored
from tearoff.accounts.single_sign_on.models import NoProvider, Provider
from tearoff.cli.common import (
    Commands,
    add_account,
    add_command,
    add_group,
    add_json,
    audited,
    show,
    with_services,
)
from tearoff.kit import doorbook
from tearoff.kit.doorbook import Event
from tearoff.kit.services import Services


def add_commands(commands: Commands) -> None:
    group = add_group(commands, "single-sign-on", "an account's own provider of sign-ins")
    shown = add_command(group, "show", _show, "how it is set up")
    opened = add_command(group, "open", _open, "let people sign in by password and passkey again")
    for command in (shown, opened):
        add_account(command)
        add_json(command)


def _show(arguments: argparse.Namespace) -> None:
    async def work(services: Services) -> tuple[Provider, str]:
        known = await stored.provider(services.db, arguments.account)
        if known is None:
            raise NoProvider
        return known, services.settings.link_host

    known, host = with_services(arguments, work)
    values = {
        "name": known.name,
        "issuer": known.issuer,
        "client_id": known.client_id,
        "scopes": known.scopes,
        "sign_in_url": f"{host}{known.path}",
        "only": known.is_only,
    }
    show(arguments, values)


def _open(arguments: argparse.Namespace) -> None:
    async def work(services: Services) -> None:
        async with services.db.transaction() as db:
            before = await stored.provider(db, arguments.account)
            await stored.set_only(db, arguments.account, False)
            await audited(
                db, arguments.account, "single_sign_on.only", arguments.account,
                before={"only": before is not None and before.is_only}, after={"only": False},
            )  # fmt: skip

    with_services(arguments, work)
    doorbook.note(Event.WAYS_OPENED, account=arguments.account)
    told = "People of this account sign in by password and passkey again, beside single sign-on."
    show(arguments, {"account": arguments.account, "only": False}, told)
