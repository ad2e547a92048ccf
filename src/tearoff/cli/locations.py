"""`tearoff location …`: where coupons are taken in, and the staff's devices there."""

from __future__ import annotations

import argparse
import contextlib
import io
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, TypeVar

import asyncpg
import msgspec
import segno

from tearoff.accounts import actions as accounts
from tearoff.accounts import devices, locations
from tearoff.accounts import queries as account_queries
from tearoff.accounts.devices import PAIRING_LIVES
from tearoff.accounts.locations import Changes
from tearoff.accounts.models import Account, Location
from tearoff.api.v4.devices import pairing_url
from tearoff.api.v4.fields import read_fields
from tearoff.api.v4.locations import FIELDS, changes_of
from tearoff.api.v4.locations import show as shown
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
from tearoff.cli.values import add_values, values_of
from tearoff.errors import Invalid
from tearoff.kit import clock
from tearoff.kit.phone import PhoneInvalid, parse_written
from tearoff.kit.services import Services
from tearoff.kit.times import hours_of

T = TypeVar("T")
NEW = "new"
"""In place of a PIN: draw one."""
_DRAWS = "--pin new draws a PIN and tells it once."
Done = tuple[int, str]
"""The location that was made or changed, and the PIN that was drawn for it."""
_WHITE_ON_BLACK, _AS_BEFORE = "\x1b[97;40m", "\x1b[0m"


def add_commands(commands: Commands) -> None:
    group = add_group(commands, "location", "where coupons are taken in")
    create = _add(group, "create", _create, "add a location")
    add_values(create, FIELDS)
    create.epilog = f"{create.epilog} {_DRAWS}"
    _add(group, "list", _list, "the account's locations")
    change = _add(group, "set", _set, "change a location", one=True)
    add_values(change, FIELDS)
    change.epilog = f"{change.epilog} {_DRAWS}"
    _add(group, "remove", _remove, "take nothing in there any more", one=True)
    _add(group, "pair", _pair, "a link, and its QR code, for one device of the staff", one=True)
    _add(group, "devices", _devices, "the devices that are paired", one=True)
    out = _add(group, "throw-out", _throw_out, "let a device do nothing any more")
    out.add_argument("--device", required=True, help="dev_…")


def _add(
    group: Commands, name: str, run: Any, help: str, *, one: bool = False
) -> argparse.ArgumentParser:
    command = add_command(group, name, run, help)
    add_account(command)
    if one:
        command.add_argument("--location", help="loc_…; left out where there is only one")
    add_json(command)
    return command


def _create(arguments: argparse.Namespace) -> None:
    values, draws = _typed(arguments)

    async def work(services: Services, db: asyncpg.Connection, account: Account) -> Done:
        given = _given(values, account)
        if given.name is msgspec.UNSET:
            raise Invalid("Give it one.", field="name")
        changes, pin = await _drawn(services, db, account, given, draws=draws)
        made = await locations.create(db, services.vault, account.id, changes)
        await _note(db, account, "location.create", made.id, changes)
        return made.id, pin

    _tell(arguments, work)


def _set(arguments: argparse.Namespace) -> None:
    values, draws = _typed(arguments)

    async def work(services: Services, db: asyncpg.Connection, account: Account) -> Done:
        given = _given(values, account)
        if given == Changes() and not draws:
            raise Invalid("Name at least one thing to set; --help lists them.")
        place = await _place(db, account, arguments)
        changes, pin = await _drawn(services, db, account, given, draws=draws)
        before = await _seen(db, account, place.id)
        await locations.change(db, services.vault, account.id, place.id, changes)
        await _note(db, account, "location.change", place.id, changes, before)
        return place.id, pin

    _tell(arguments, work)


def _typed(arguments: argparse.Namespace) -> tuple[dict[str, Any], bool]:
    """What was typed, and whether a PIN is to be drawn."""
    values = values_of(arguments, FIELDS, plain=[NEW])
    draws = values.get("pin") == NEW
    if draws:
        del values["pin"]
    return values, draws


def _given(values: dict[str, Any], account: Account) -> Changes:
    """A number may be written as people write it in the location's or the account's country."""
    with contextlib.suppress(PhoneInvalid):  # the field says what is wrong with it
        country = values.get("country") or account.country
        values |= {"phone": parse_written(values.get("phone"), country).e164}
    return changes_of(read_fields(FIELDS, values))


async def _drawn(
    services: Services, db: asyncpg.Connection, account: Account, given: Changes, *, draws: bool
) -> tuple[Changes, str]:
    """With a PIN that was drawn, if one is to be."""
    if not draws:
        return given, ""
    pin = await locations.draw_pin(db, services.vault, account.id)
    return msgspec.structs.replace(given, pin=pin), pin


def _tell(
    arguments: argparse.Namespace,
    change: Callable[[Services, asyncpg.Connection, Account], Awaitable[Done]],
) -> None:
    """What the location is after a change; a PIN that was drawn is told here only."""

    async def work(services: Services, db: asyncpg.Connection, account: Account) -> dict[str, Any]:
        place, pin = await change(services, db, account)
        found = await _seen(db, account, place)
        return found | ({"pin": pin} if pin else {})

    found = _for_account(arguments, work)
    new = f"\n  PIN: {found['pin']} (it is not shown again)" if "pin" in found else ""
    show(arguments, found, _told(found) + new)


async def _seen(db: asyncpg.Connection, account: Account, place: int) -> dict[str, Any]:
    (listed,) = await locations.listed(db, account.id, only=place)
    found: dict[str, Any] = msgspec.to_builtins(shown(listed))
    return found


async def _note(
    db: asyncpg.Connection,
    account: Account,
    verb: str,
    place: int,
    changes: Changes,
    before: dict[str, Any] | None = None,
) -> None:
    secrets = ("pin",) if isinstance(changes.pin, str) else ()
    after = await _seen(db, account, place)
    await audited(db, account.id, verb, place, before=before, after=after, secrets=secrets)


def _list(arguments: argparse.Namespace) -> None:
    async def work(
        services: Services, db: asyncpg.Connection, account: Account
    ) -> list[dict[str, Any]]:
        found = await locations.listed(db, account.id)
        return [msgspec.to_builtins(shown(listed)) for listed in found]

    found = _for_account(arguments, work)
    show(arguments, {"locations": found}, "\n\n".join(map(_told, found)) or "There is none yet.")


def _told(place: dict[str, Any]) -> str:
    address = ", ".join(place[part] for part in ("street", "zip", "city") if place[part])
    hours = "; ".join(
        hours_of(line["days"], line["start"], line["end"], "en") for line in place["hours"]
    )
    parts = [
        f"loc_{place['id']}  {place['name']}",
        address,
        hours,
        "known by its PIN" if place["has_pin"] else "without a PIN",
        f"devices: {place['devices']}",
    ]
    return "\n  ".join(part for part in parts if part)


def _remove(arguments: argparse.Namespace) -> None:
    async def work(services: Services, db: asyncpg.Connection, account: Account) -> Location:
        place = await _place(db, account, arguments)
        await locations.remove(db, account.id, place.id, clock.now())
        await audited(db, account.id, "location.remove", place.id, before={"name": place.name})
        return place

    gone = _for_account(arguments, work)
    text = f"{gone.name} is removed, and its devices are thrown out."
    show(arguments, {"removed": gone.id}, text)


def _pair(arguments: argparse.Namespace) -> None:
    async def work(services: Services, db: asyncpg.Connection, account: Account) -> dict[str, Any]:
        place = await _place(db, account, arguments)
        made = await devices.make_pairing(db, account.id, place.id, clock.now())
        await audited(db, account.id, "location.pair", place.id)
        url = pairing_url(services.settings.link_host, made.token)
        return {"location": place.name, "url": url, "expires_at": made.expires_at}

    found = _for_account(arguments, work)
    text = (
        f"{draw(found['url'])}\n"
        f"  Open this on the phone or PC that stands at the counter of {found['location']}:\n\n"
        f"      {found['url']}\n\n"
        f"  It works once, within {PAIRING_LIVES // timedelta(minutes=1)} minutes."
    )
    show(arguments, found, text)


def draw(url: str) -> str:
    """A QR code in half blocks. The blocks are its white: they are set to be that, on black,
    whether the terminal is dark or light."""
    out = io.StringIO()
    segno.make(url, error="m", micro=False).terminal(out, border=4, compact=True)
    return "\n".join(f"{_WHITE_ON_BLACK}{line}{_AS_BEFORE}" for line in out.getvalue().splitlines())


def _devices(arguments: argparse.Namespace) -> None:
    async def work(
        services: Services, db: asyncpg.Connection, account: Account
    ) -> list[dict[str, Any]]:
        place = await _place(db, account, arguments)
        found = await devices.of_location(db, account.id, place.id, clock.now())
        return [
            {"id": device.id, "name": device.name, "last_seen_at": device.last_seen_at,
             "expires_at": device.expires_at}
            for device in found
        ]  # fmt: skip

    found = _for_account(arguments, work)
    lines = [
        f"dev_{one['id']}  {one['name']}, last seen {one['last_seen_at']:%Y-%m-%d %H:%M} UTC"
        for one in found
    ]
    show(arguments, {"devices": found}, "\n".join(lines) or "None is paired.")


def _throw_out(arguments: argparse.Namespace) -> None:
    device = id_of(arguments.device, "dev", "device")

    async def work(services: Services, db: asyncpg.Connection, account: Account) -> None:
        await devices.remove(db, account.id, device, clock.now())
        await audited(db, account.id, "device.remove", device)

    _for_account(arguments, work)
    show(arguments, {"thrown_out": device}, "It is out.")


async def _place(
    db: asyncpg.Connection, account: Account, arguments: argparse.Namespace
) -> Location:
    """The one that is named, or the only one."""
    if arguments.location is not None:
        place = id_of(arguments.location, "loc", "location")
        return await locations.find(db, account.id, place)
    known = [listed.location for listed in await locations.listed(db, account.id)]
    if len(known) != 1:
        names = ", ".join(f"loc_{place.id} ({place.name})" for place in known[:10])
        raise Invalid(f"Name one: {names or 'there is none yet'}.", field="location")
    return known[0]


def _for_account(
    arguments: argparse.Namespace,
    work: Callable[[Services, asyncpg.Connection, Account], Awaitable[T]],
) -> T:
    """In one transaction."""

    async def run(services: Services) -> T:
        async with services.db.transaction() as db:
            account = await account_queries.account(db, arguments.account)
            if account is None:
                raise accounts.AccountNotFound
            return await work(services, db, account)

    return with_services(arguments, run)
