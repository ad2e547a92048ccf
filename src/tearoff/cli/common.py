"""What the commands share: the data folder, the database, and how things are printed."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import getpass
import json
import logging
import os
import re
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import msgspec

from tearoff.accounts import audit
from tearoff.accounts.actions import ZONE, AccountNotFound
from tearoff.accounts.audit import Actor
from tearoff.accounts.queries import account
from tearoff.cli import address
from tearoff.config import Settings, read_settings
from tearoff.errors import Invalid
from tearoff.kit import clock, keys, logs
from tearoff.kit.db import Database, Handle
from tearoff.kit.embedded import EmbeddedServer
from tearoff.kit.migrate import migrate
from tearoff.kit.schema import is_up_to_date
from tearoff.kit.services import Services
from tearoff.kit.times import YEARS, time_zones

T = TypeVar("T")
Commands = Any

_WRITTEN = re.compile(
    r"\d{4}-\d\d-\d\d([Tt ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?([Zz]|[+-]\d\d:\d\d)?)?", re.ASCII
)
TIMES = "yyyy-MM-dd [HH:mm] on the campaign's clock, or 2027-01-31T12:00:00Z"
_NO_TIME = "Use yyyy-MM-dd or yyyy-MM-dd HH:mm, or 2027-01-31T12:00:00Z."


def add_command(
    commands: Commands, name: str, run: Callable[[argparse.Namespace], object], help: str
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(name, help=help, description=help)
    parser.add_argument("--data", metavar="DIR", help="data folder (default: TEAROFF_DATA)")
    parser.set_defaults(run=run, parser=parser)
    return parser


def add_group(commands: Commands, name: str, help: str) -> Commands:
    parser = commands.add_parser(name, help=help, description=help)
    parser.set_defaults(run=lambda _: print_help(parser), parser=parser)
    return parser.add_subparsers(title="commands", metavar="COMMAND")


def print_help(parser: argparse.ArgumentParser) -> int:
    """For a command that was not finished: what it can be; exit code 2."""
    parser.print_help()
    return 2


def add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def add_account(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--account", type=numbered("sub"), required=True, metavar="ID", help="the account"
    )


def numbered(prefix: str) -> Callable[[str], int]:
    """An id as an argument: with its prefix, as the API tells it, or without."""

    def read(given: str) -> int:
        try:
            return id_of(given, prefix, "")
        except Invalid as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return read


def settings_of(arguments: argparse.Namespace, **more: object) -> Settings:
    return read_settings(None, data=getattr(arguments, "data", None), **more)


@contextlib.contextmanager
def database(settings: Settings) -> Iterator[Settings]:
    """Settings with a database: the one that is set, or the embedded one, attached for as long
    as the block runs. A server that runs already is shared."""
    if settings.database_url:
        keys.require_key(settings)
        keys.open_vault(settings)
        yield settings
        return
    server = EmbeddedServer(settings.data)
    url = server.attach()
    try:
        keys.ensure_key(settings)
        yield msgspec.structs.replace(settings, database_url=url)
    finally:
        server.detach()


def with_services(arguments: argparse.Namespace, work: Callable[[Services], Awaitable[T]]) -> T:
    """Run a command's work beside whatever server is running, on a migrated database; its links
    lead to that server. Raises `AccountNotFound` for `--account` of one that does not exist."""

    async def run(settings: Settings) -> T:
        async with services(settings) as opened:
            named = getattr(arguments, "account", None)
            if named is not None and await account(opened.db, named) is None:
                raise AccountNotFound
            return await work(opened)

    with database(address.of_running(settings_of(arguments))) as settings:
        return asyncio.run(run(settings))


@contextlib.asynccontextmanager
async def services(settings: Settings) -> AsyncIterator[Services]:
    clock.set_offset(settings.clock_offset)
    # Who sits at a terminal is told by the answer; lines for the record would stand in it.
    logs.configure(settings, least=logging.WARNING if sys.stderr.isatty() else logging.NOTSET)
    limit = settings.background_limit
    db = await Database.open(settings.database_url, size=4, statement_within=limit)
    try:
        if not await is_up_to_date(db):
            await migrate(settings.database_url)
        yield Services(settings, db, keys.open_vault(settings), settings.database_url)
    finally:
        await db.close()


def operator() -> Actor:
    """Who gives a command, as the audit log names them: the user of the operating system."""
    try:
        return Actor("command", getpass.getuser())
    except (KeyError, OSError):  # a user id without a name
        return Actor("command", str(os.getuid()))


async def audited(
    db: Handle, account_id: int, verb: str, subject: object = "", **facts: Any
) -> None:
    """Write down what a command changes (`audit.write`), in the transaction of the change."""
    await audit.write(db, account_id, operator(), verb, clock.now(), subject=str(subject), **facts)


def show(arguments: argparse.Namespace, values: Mapping[str, Any], text: str | None = None) -> None:
    """One JSON object with `--json`, else a line for each value (or the given text)."""
    if arguments.json:
        print(json.dumps(values, ensure_ascii=False, default=str))
    elif text is not None:
        print(text)
    else:
        width = max(map(len, values), default=0)
        for name, value in values.items():
            print(f"{name:<{width}}  {value}")


def id_of(given: str, prefix: str, field: str) -> int:
    """The number of an id, with or without its prefix."""
    number = given.removeprefix(f"{prefix}_")
    if not (number.isascii() and number.isdigit() and len(number) <= 18):
        raise Invalid(f"Use an id such as {prefix}_100001.", field=field)
    return int(number)


def read_zone(given: str) -> str:
    if given not in time_zones():
        raise Invalid(ZONE, field="timezone")
    return given


def read_time(text: str, timezone: str, field: str, *, end_of_day: bool) -> datetime:
    """`yyyy-MM-dd` or `yyyy-MM-dd HH:mm[:ss]` on the clock of this zone, or a moment that tells its
    own zone, as RFC 3339 writes it; as UTC."""
    read_zone(timezone)
    if not _WRITTEN.fullmatch(text):
        raise Invalid(_NO_TIME, field=field)
    if len(text) == len("2027-01-31"):
        text += " 23:59:59" if end_of_day else " 00:00:00"
    try:
        at = datetime.fromisoformat(text.upper())
        at = (at if at.tzinfo else at.replace(tzinfo=ZoneInfo(timezone))).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Invalid(_NO_TIME, field=field) from None
    if at.year not in YEARS:
        raise Invalid(_NO_TIME, field=field)
    return at
