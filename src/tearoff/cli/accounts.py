"""`tearoff account …`"""

from __future__ import annotations

import argparse
from datetime import time
from typing import Any

from tearoff.accounts import account_settings, actions, queries, subaccounts
from tearoff.accounts.models import NewKey
from tearoff.accounts.subaccounts import ACCESS, Package
from tearoff.cli.common import (
    Commands,
    add_account,
    add_command,
    add_group,
    add_json,
    audited,
    operator,
    read_time,
    read_zone,
    show,
    with_services,
)
from tearoff.cli.keys import show_new
from tearoff.errors import Invalid
from tearoff.kit import clock, doorbook
from tearoff.kit.doorbook import Event
from tearoff.kit.services import Services

LIMITS = {
    "calls-per-second": "calls_per_second",
    "calls-at-once": "calls_at_once",
    "number-hour": "limit_number_hour",
    "number-day": "limit_number_day",
    "prefix-hour": "limit_prefix_hour",
    "spend-day": "limit_spend_day",
    "spend-month": "limit_spend_month",
}


def add_commands(commands: Commands) -> None:
    group = add_group(commands, "account", "accounts and their API keys")
    create = add_command(group, "create", _create, "make an account with an API key")
    create.add_argument("--name", required=True)
    create.add_argument("--email", required=True)
    create.add_argument("--timezone", help="such as Europe/Brussels (default: the country's)")
    create.add_argument("--country", help="two letters; texts go to this country only")
    add_json(create)
    roll = add_command(group, "roll-secret", _roll, "a new secret; the old one works 24 h more")
    add_account(roll)
    roll.add_argument("--client-id", help="which key (default: the oldest)")
    roll.add_argument("--at-once", action="store_true", help="the old secret ends now")
    add_json(roll)
    expire = add_command(group, "expire", _expire, "let an account end")
    add_account(expire)
    expire.add_argument("--at", help="yyyy-MM-dd HH:mm in UTC (default: now)")
    expire.add_argument("--never", action="store_true", help="take the end back")
    add_json(expire)
    _add_set(group)
    package = add_command(group, "add-package", _add_package, "what a subaccount may have")
    add_account(package)
    package.add_argument("--name", required=True)
    package.add_argument("--max-campaigns", type=int, help="default: no limit")
    package.add_argument("--access", default=",".join(ACCESS), help=f"of {', '.join(ACCESS)}")
    add_json(package)
    listing = add_command(group, "packages", _packages, "the packages of an account")
    add_account(listing)
    add_json(listing)


def _add_package(arguments: argparse.Namespace) -> None:
    if not arguments.name.strip():
        raise Invalid("Give it a name.", field="name")
    access = tuple(word.strip() for word in arguments.access.split(",") if word.strip())
    if not set(access) <= set(ACCESS):
        raise Invalid(f"Use some of {', '.join(ACCESS)}.", field="access")

    async def work(services: Services) -> Package:
        async with services.db.transaction() as db:
            made = await subaccounts.create_package(
                db, arguments.account, arguments.name, arguments.max_campaigns, access
            )
            await audited(db, arguments.account, "package.create", made.id, after=_package(made))
        return made

    show(arguments, _package(with_services(arguments, work)))


def _packages(arguments: argparse.Namespace) -> None:
    async def work(services: Services) -> list[Package]:
        return await subaccounts.packages(services.db, arguments.account)

    found = [_package(package) for package in with_services(arguments, work)]
    lines = [f"{p['package']}  {p['name']}  {p['max_campaigns'] or 'no limit'}" for p in found]
    show(arguments, {"packages": found}, "\n".join(lines) or "No package yet.")


def _package(package: Package) -> dict[str, Any]:
    return {
        "package": package.ref,
        "name": package.name,
        "max_campaigns": package.max_campaigns,
        "access": list(package.access),
    }


def _add_set(group: Commands) -> None:
    change = add_command(group, "set", _set, "change an account's rules for sending")
    add_account(change)
    change.add_argument("--link-host", help="https://… in front of the coupon pages; - for none")
    change.add_argument(
        "--frame-hosts", help="sites that may frame public links: a.example,b.example; - for any"
    )
    change.add_argument("--country", help="the account's own country; - for none")
    change.add_argument("--timezone", help="of campaigns that are made from now on")
    change.add_argument("--countries", help="where texts may go: BE,FR,NL; - for the own country")
    change.add_argument("--quiet", help="22:00-08:00 on the receiver's clock; - for none")
    for name in LIMITS:
        change.add_argument(f"--limit-{name}", metavar="N", help="a number; - for no limit")
    change.add_argument("--smart-typography", choices=["on", "off"])
    add_json(change)


def _create(arguments: argparse.Namespace) -> None:
    async def work(services: Services) -> NewKey:
        async with services.db.transaction() as db:
            made = await actions.create_account(
                db,
                services.vault,
                name=arguments.name,
                email=arguments.email,
                timezone=arguments.timezone,
                country=arguments.country,
            )
            after = {"name": arguments.name, "client_id": made.client_id}
            await audited(db, made.account_id, "account.create", made.account_id, after=after)
        return made

    show_new(arguments, with_services(arguments, work))


def _roll(arguments: argparse.Namespace) -> None:
    async def work(services: Services) -> NewKey:
        async with services.db.transaction() as db:
            rolled = await actions.roll_oldest(
                db,
                services.vault,
                arguments.account,
                by=operator(),
                now=clock.now(),
                client_id=arguments.client_id,
                at_once=arguments.at_once,
            )
            await audited(
                db, arguments.account, "key.roll", rolled.client_id, secrets=("client_secret",)
            )
        return rolled

    key = with_services(arguments, work)
    doorbook.note(Event.SECRET_ROLLED, account=key.account_id, client_id=key.client_id)
    show_new(arguments, key)


def _expire(arguments: argparse.Namespace) -> None:
    at = None
    if not arguments.never:
        given = arguments.at
        at = read_time(given, "UTC", "at", end_of_day=False) if given is not None else clock.now()

    async def work(services: Services) -> None:
        async with services.db.transaction() as db:
            await actions.expire_account(db, arguments.account, at=at)
            after = {"expires_at": at}
            await audited(db, arguments.account, "account.expire", arguments.account, after=after)

    with_services(arguments, work)
    show(arguments, {"account": arguments.account, "expires": at.isoformat() if at else "never"})


def _set(arguments: argparse.Namespace) -> None:
    changes = _changes(arguments)
    if not changes:
        raise Invalid("Nothing to change was given.", hint="See `tearoff account set --help`.")
    changes = account_settings.checked(changes)

    async def work(services: Services) -> None:
        async with services.db.transaction() as db:
            known = await queries.account(db, arguments.account)
            if known is None:
                raise actions.AccountNotFound
            await account_settings.change(db, known.id, changes)
            before = {name: getattr(known, name) for name in changes if hasattr(known, name)}
            await audited(db, known.id, "account.change", known.id, before=before, after=changes)

    with_services(arguments, work)
    show(arguments, {"account": arguments.account, **changes})


def _changes(arguments: argparse.Namespace) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    if arguments.link_host is not None:
        given = arguments.link_host
        changes["link_host"] = _none(given)
    if arguments.frame_hosts is not None:
        given = arguments.frame_hosts
        changes["frame_hosts"] = None if given == "-" else given.split(",")
    if arguments.country is not None:
        changes["country"] = _none(arguments.country)
    if arguments.timezone is not None:
        changes["timezone"] = read_zone(arguments.timezone)
    if arguments.countries is not None:
        given = arguments.countries
        changes["allowed_countries"] = None if given == "-" else given.split(",")
    if arguments.quiet is not None:
        changes["quiet_from"], changes["quiet_until"] = _quiet(arguments.quiet)
    for name, column in LIMITS.items():
        given = getattr(arguments, f"limit_{name.replace('-', '_')}")
        if given is not None:
            changes[column] = _limit(name, given)
    if arguments.smart_typography is not None:
        changes["smart_typography"] = arguments.smart_typography == "on"
    return changes


def _none(given: str) -> str | None:
    return None if given == "-" else given


def _quiet(given: str) -> tuple[time | None, time | None]:
    if given == "-":
        return None, None
    try:
        start, _, end = given.partition("-")
        return time.fromisoformat(start.strip()), time.fromisoformat(end.strip())
    except ValueError:
        raise Invalid("Use two times, such as 22:00-08:00.", field="quiet") from None


def _limit(name: str, given: str) -> int | None:
    if given == "-":
        return None
    if not given.isdigit():
        raise Invalid("Use a whole number, or - for no limit.", field=f"limit-{name}")
    return int(given)
