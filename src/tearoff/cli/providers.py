"""`tearoff provider …` and `tearoff outbox`"""

from __future__ import annotations

import argparse
from typing import Any

from msgspec import UNSET

from tearoff.cli.common import (
    Commands,
    add_account,
    add_command,
    add_group,
    add_json,
    audited,
    settings_of,
    show,
    with_services,
)
from tearoff.cli.recipients import read_address
from tearoff.cli.secret_values import ask, read_secret, warn
from tearoff.errors import Invalid
from tearoff.kit import clock
from tearoff.kit.phone import is_country
from tearoff.kit.services import Services
from tearoff.kit.vault import CannotOpen
from tearoff.messages import callbacks, connection_changes, connections
from tearoff.messages.connection_changes import Changes
from tearoff.messages.connections import NewConnection, NoRoute
from tearoff.messages.models import Connection
from tearoff.messages.open_connections import surroundings_of
from tearoff.messages.segments import measure
from tearoff.people import optouts
from tearoff.providers import registry
from tearoff.providers.base import Accepted, Letter, Outgoing
from tearoff.providers.log import read_outbox


def add_commands(commands: Commands) -> None:
    group = add_group(commands, "provider", "connections to SMS and e-mail services")
    add = add_command(group, "add", _add, "connect an account to a service")
    add_account(add)
    add.add_argument("--kind", required=True, choices=registry.KINDS)
    _add_settings(add)
    add.add_argument(
        "--replace", action="store_true", help="switch the account's others of this channel off"
    )
    add_json(add)
    change = add_command(group, "set", _set, "change a connection; what is not given stays")
    add_account(change)
    change.add_argument("--provider", type=int, required=True, metavar="ID")
    _add_settings(change)
    change.add_argument(
        "--unset", action="append", default=[], metavar="NAME", help="take a setting away"
    )
    switch = change.add_mutually_exclusive_group()
    switch.add_argument("--on", action="store_true", help="let messages go over it")
    switch.add_argument("--off", action="store_true", help="let none go over it any more")
    switch.add_argument("--first", action="store_true", help="use it before its channel's others")
    add_json(change)
    fields = add_command(group, "fields", _fields, "the settings of a kind of service")
    fields.add_argument("--kind", required=True, choices=registry.KINDS)
    add_json(fields)
    listing = add_command(group, "list", _list, "the connections of an account")
    add_account(listing)
    add_json(listing)
    test = add_command(group, "test", _test, "check the credentials and send one message")
    add_account(test)
    test.add_argument(
        "--to", required=True, metavar="TO", help="a number or an e-mail address of your own"
    )
    test.add_argument("--text", default="This is a test from Tearoff.")
    add_json(test)
    outbox = add_command(commands, "outbox", _outbox, "what the log provider wrote")
    outbox.add_argument("--last", type=int, default=20, metavar="N")
    add_json(outbox)


def _add_settings(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        dest="values",
        help="a setting of the service; `tearoff provider fields` lists them. A name alone is asked"
        " for",
    )
    command.add_argument(
        "--set-file",
        action="append",
        default=[],
        metavar="NAME=FILE",
        dest="files",
        help="a setting that a file holds, such as a password; -: standard input",
    )
    command.add_argument(
        "--price",
        action="append",
        type=_price,
        metavar="[COUNTRY=]N",
        dest="prices",
        help="price of a segment (or a mail) in millionths of the currency unit: 70000, and"
        " FR=55000 for a country that costs another one",
    )


def _price(given: str) -> tuple[str, int]:
    """Country, `*` for every other one, and millionths."""
    country, equals, amount = given.rpartition("=")
    if not equals:
        country = "*"
    if not (amount.isascii() and amount.isdigit() and int(amount[:12]) <= 10**9):
        raise argparse.ArgumentTypeError(f"{amount!r} is not a whole number up to 1000000000")
    if country != "*" and not is_country(country):
        raise argparse.ArgumentTypeError(f"{country!r} is not two letters of a country")
    return country, int(amount)


def _add(arguments: argparse.Namespace) -> None:
    settings = _settings(arguments, arguments.kind)
    prices = dict(arguments.prices or ())

    async def work(services: Services) -> dict[str, Any]:
        async with services.db.transaction() as db:
            if arguments.replace:
                for old in await connections.connections_of(db, arguments.account):
                    if old.channel == registry.channel_of(arguments.kind):
                        await connection_changes.switch_off(db, arguments.account, old.id)
            new = NewConnection(
                kind=arguments.kind,
                settings=settings,
                segment_price=prices.pop("*", 0),
                country_prices=prices,
            )
            made = await connections.add_connection(
                db, services.vault, arguments.account, new, surroundings_of(services)
            )
            await audited(db, arguments.account, "provider.add", made.id, after={"kind": made.kind})
        return {"provider": made.id, "kind": made.kind, "callback_url": _address(services, made)}

    show(arguments, with_services(arguments, work))


def _set(arguments: argparse.Namespace) -> None:
    async def work(services: Services) -> dict[str, Any]:
        account_id, provider = arguments.account, arguments.provider
        old = await connections.of_account(services.db, account_id, provider)
        changes = _changes(arguments, old)
        async with services.db.transaction() as db:
            made = await connection_changes.update(
                db, services.vault, account_id, provider, changes, surroundings_of(services),
                clock.now(),
            )  # fmt: skip
            if arguments.first:
                await connection_changes.set_order(db, account_id, old.channel, [provider])
            await audited(
                db, account_id, "provider.change", made.id,
                before={"active": old.active, "prices": old.prices},
                after={"active": made.active, "prices": made.prices},
                secrets=sorted(changes.settings),
            )  # fmt: skip
        return {"provider": made.id, "kind": made.kind, "active": made.active,
                "prices": made.prices}  # fmt: skip

    show(arguments, with_services(arguments, work))


def _changes(arguments: argparse.Namespace, old: Connection) -> Changes:
    prices = None if arguments.prices is None else dict(arguments.prices)
    return Changes(
        settings=dict.fromkeys(arguments.unset) | _settings(arguments, old.kind),
        active=arguments.on or UNSET if not arguments.off else False,
        segment_price=UNSET if prices is None else prices.pop("*", 0),
        country_prices=UNSET if prices is None else prices,
    )


def _address(services: Services, connection: Connection) -> str:
    """What is pasted into the service's console."""
    try:
        return callbacks.address_of(services.vault, services.settings.public_url, connection)
    except CannotOpen:  # the list is there all the same; `tearoff doctor` says what is wrong
        return ""


def _settings(arguments: argparse.Namespace, kind: str) -> dict[str, str]:
    """What was typed, what files hold, and what was asked for."""
    fields = {field.name: field for field in registry.fields_of(kind)}
    found = {}
    for given in arguments.values:
        name, equals, value = given.partition("=")
        name = name.strip()
        if equals:
            if name in fields and fields[name].secret:
                warn(name, f"--set-file {name}=FILE")
        elif name in fields:
            value = ask(name, f"--set-file {name}=FILE")
        else:
            raise Invalid(f"{given!r} is not name=value.", field="set")
        found[name] = value
    for given in arguments.files:
        name, equals, file = given.partition("=")
        name = name.strip()
        if not equals or not file:
            raise Invalid("Use name=FILE.", field="set-file")
        if name in found:
            raise Invalid("It is given twice.", field=name)
        found[name] = read_secret(arguments, file, name)
    return found


def _fields(arguments: argparse.Namespace) -> None:
    found = {}
    for field in registry.fields_of(arguments.kind):
        notes = [n for n in (field.required and "required", field.secret and "secret") if n]
        default = f" (default {field.default})" if field.default else ""
        found[field.name] = f"{field.help}{default}" + (f" [{', '.join(notes)}]" if notes else "")
    show(arguments, found)


def _list(arguments: argparse.Namespace) -> None:
    async def work(services: Services) -> list[dict[str, Any]]:
        found = await connections.connections_of(services.db, arguments.account)
        return [
            {
                "provider": c.id,
                "kind": c.kind,
                "channel": c.channel,
                "active": c.active,
                "position": connections.place_in(found, c),
                "failing_since": c.failing_since and c.failing_since.isoformat(),
                "last_error": c.last_error,
                "callback_url": _address(services, c),
            }
            for c in found
        ]

    found = with_services(arguments, work)
    lines = [
        f"{c['provider']}  {c['kind']:<8}  {c['position'] or 'off':<3}  {c['callback_url']}"
        for c in found
    ]
    show(arguments, {"providers": found}, "\n".join(lines) or "No provider yet.")


def _test(arguments: argparse.Namespace) -> int:
    async def work(services: Services) -> dict[str, Any]:
        to = await read_address(services, arguments.account, arguments.to, "to", to_send=True)
        channel = optouts.channel_of(to)
        connection = await connections.route(services.db, arguments.account, channel)
        if connection is None:
            raise NoRoute(hint="`tearoff provider add` makes one.")
        if await optouts.is_opted_out(services.db, arguments.account, to):
            raise optouts.OptedOut(channel)
        settings = connections.open_settings(services.vault, connection)
        provider = registry.open_provider(connection.kind, settings, surroundings_of(services))
        try:
            problem = await provider.check()
            if problem:
                return {"result": "failed", "reason": problem}
            parts = measure(arguments.text)
            outcome = await provider.send(
                Outgoing(
                    id=int(clock.now().timestamp() * 1000),
                    to=to,
                    text=arguments.text,
                    encoding=parts.encoding,
                    parts=parts.parts,
                    sender=connection.sender,
                    letter=Letter(subject=arguments.text, html="") if "@" in to else None,
                )
            )
        finally:
            await provider.close()
        if isinstance(outcome, Accepted):
            return {"result": "accepted", "provider_id": ", ".join(outcome.provider_ids)}
        return {"result": type(outcome).__name__.lower(), "reason": outcome.text}

    found = with_services(arguments, work)
    show(arguments, found)
    return 0 if found["result"] == "accepted" else 1


def _outbox(arguments: argparse.Namespace) -> None:
    found = read_outbox(settings_of(arguments).data, arguments.last)
    lines = [f"{m.at}  to {m.to}  ({m.segments} SMS)\n    {m.text}" for m in found]
    messages = [{f: getattr(m, f) for f in m.__struct_fields__} for m in found]
    show(arguments, {"messages": messages}, "\n".join(lines) or "The outbox is empty.")
