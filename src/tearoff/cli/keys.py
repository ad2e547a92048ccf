"""`tearoff key …`: the API keys of an account."""

from __future__ import annotations

import argparse
from typing import Any

import asyncpg
import msgspec

from tearoff.accounts import keys, queries
from tearoff.accounts.actions import AccountNotFound
from tearoff.accounts.keys import Key
from tearoff.accounts.models import NewKey
from tearoff.accounts.rights import OLD_SCOPES, SCOPES
from tearoff.cli.common import (
    Commands,
    add_account,
    add_command,
    add_group,
    add_json,
    audited,
    operator,
    show,
    with_services,
)
from tearoff.kit import clock, doorbook
from tearoff.kit.doorbook import Event
from tearoff.kit.services import Services


def add_commands(commands: Commands) -> None:
    group = add_group(commands, "key", "what lets programs in")
    _add(group, "list", _list, "the API keys of an account")
    create = _add(group, "create", _create, "make an API key; its secret is shown this once")
    create.add_argument("--name", required=True, help="for your own records")
    create.add_argument(
        "--scopes",
        default=",".join(OLD_SCOPES),
        help=f"of {', '.join(SCOPES)} (default: all but admin)",
    )
    roll = _add(group, "roll", _roll, "a new secret; the old one works 24 h more", one=True)
    roll.add_argument("--at-once", action="store_true", help="the old secret ends now")
    _add(group, "switch", _switch, "sign webhooks with the new secret from now on", one=True)
    revoke = _add(group, "revoke", _revoke, "end a key for good", one=True)
    revoke.add_argument("--signer", metavar="CLIENT_ID", help="the key that signs webhooks then")
    revoke.add_argument(
        "--confirm", action="store_true", help="receivers may refuse what another key signs"
    )


def _add(
    group: Commands, name: str, run: Any, help: str, *, one: bool = False
) -> argparse.ArgumentParser:
    command = add_command(group, name, run, help)
    add_account(command)
    if one:
        command.add_argument("--client-id", required=True, help="which key")
    add_json(command)
    return command


def _list(arguments: argparse.Namespace) -> None:
    async def work(services: Services) -> list[Key]:
        return await keys.keys(services.db, arguments.account, clock.now())

    found = with_services(arguments, work)
    rows = [msgspec.to_builtins(key) for key in found]
    show(arguments, {"keys": rows}, "\n".join(map(_line, found)) or "No key yet.")


def _line(key: Key) -> str:
    used = f"used {key.last_used_at:%Y-%m-%d %H}:00 UTC" if key.last_used_at else "never used"
    marks = [key.name, ",".join(key.scopes), used]
    marks += ["signs webhooks"] if key.signs_webhooks else []
    marks += [f"revoked {key.revoked_at:%Y-%m-%d}"] if key.revoked_at else []
    return "  ".join([key.client_id, *filter(None, marks)])


def _create(arguments: argparse.Namespace) -> None:
    scopes = [word.strip() for word in arguments.scopes.split(",") if word.strip()]

    async def work(services: Services) -> NewKey:
        async with services.db.transaction() as db:
            if await queries.account(db, arguments.account) is None:
                raise AccountNotFound
            made = await keys.create(
                db, services.vault, arguments.account, by=operator(), name=arguments.name,
                scopes=scopes,
            )  # fmt: skip
            await _note(db, "key.create", made.account_id, made.client_id)
        return made

    made = with_services(arguments, work)
    doorbook.note(Event.KEY_MADE, account=made.account_id, client_id=made.client_id)
    show_new(arguments, made)


def _roll(arguments: argparse.Namespace) -> None:
    async def work(services: Services) -> NewKey:
        async with services.db.transaction() as db:
            made = await keys.roll(
                db, services.vault, arguments.account, arguments.client_id, by=operator(),
                now=clock.now(), at_once=arguments.at_once,
            )  # fmt: skip
            await _note(db, "key.roll", made.account_id, made.client_id)
        return made

    made = with_services(arguments, work)
    doorbook.note(Event.SECRET_ROLLED, account=made.account_id, client_id=made.client_id)
    show_new(arguments, made)


def _switch(arguments: argparse.Namespace) -> None:
    async def work(services: Services) -> None:
        async with services.db.transaction() as db:
            await keys.switch(db, arguments.account, arguments.client_id)
            await _note(db, "key.switch", arguments.account, arguments.client_id)

    with_services(arguments, work)
    show(arguments, {"client_id": arguments.client_id}, "The new secret signs from now on.")


def _revoke(arguments: argparse.Namespace) -> None:
    async def work(services: Services) -> None:
        async with services.db.transaction() as db:
            await keys.revoke(
                db, arguments.account, arguments.client_id, now=clock.now(),
                confirm=arguments.confirm, signer=arguments.signer,
            )  # fmt: skip
            await _note(db, "key.revoke", arguments.account, arguments.client_id)

    with_services(arguments, work)
    doorbook.note(Event.KEY_REVOKED, account=arguments.account, client_id=arguments.client_id)
    show(arguments, {"revoked": arguments.client_id}, "It lets nobody in any more.")


async def _note(db: asyncpg.Connection, verb: str, account_id: int, client_id: str) -> None:
    key = await keys.find(db, account_id, client_id, clock.now())
    await audited(db, account_id, verb, client_id, after=key)


def show_new(arguments: argparse.Namespace, key: NewKey) -> None:
    values = {
        "account": key.account_id,
        "client_id": key.client_id,
        "client_secret": key.client_secret,
    }
    show(arguments, values)
    if not arguments.json:
        print("The secret is shown this once.")
