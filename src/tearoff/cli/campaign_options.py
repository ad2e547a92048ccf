"""`tearoff campaign set`, `show`, `locations` and `picture`: what v4 sets, from a terminal.

The options are those of v4's table, so both doors know the same names and tell the same errors.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import msgspec

from tearoff.accounts import actions as accounts
from tearoff.accounts import queries as account_queries
from tearoff.accounts.models import Account
from tearoff.api.v4.campaign_shapes import show_campaign
from tearoff.api.v4.campaigns import FIELDS, changes_of
from tearoff.api.v4.fields import read_fields
from tearoff.cli.common import (
    Commands,
    add_account,
    add_command,
    add_json,
    audited,
    id_of,
    show,
    with_services,
)
from tearoff.cli.values import EMPTY, add_values, on_the_clock, read_file, values_of
from tearoff.coupons.campaigns import catalogue, pictures
from tearoff.coupons.campaigns.catalogue import Entry
from tearoff.coupons.sessions import events
from tearoff.errors import Invalid
from tearoff.kit import clock
from tearoff.kit.db import Handle
from tearoff.kit.services import Services


def add_commands(group: Commands) -> None:
    change = _add(group, "set", _set, "set what people see and may do")
    add_values(change, FIELDS)
    _add(group, "show", _show, "everything that a campaign is set to")
    places = _add(group, "locations", _locations, "where a campaign is taken in")
    places.add_argument(
        "--set", "--locations", metavar="IDS", help="ids with commas; - is everywhere"
    )
    picture = _add(group, "picture", _picture, "give a campaign a picture")
    picture.add_argument("file", help="an image file; - takes the picture away")
    picture.add_argument("--alt", default="", help="what the picture shows")


def _add(group: Commands, name: str, run: Any, help: str) -> argparse.ArgumentParser:
    command = add_command(group, name, run, help)
    add_account(command)
    command.add_argument("--campaign", required=True, help="cam_…")
    add_json(command)
    return command


def _set(arguments: argparse.Namespace) -> None:
    values = values_of(arguments, FIELDS)
    if not values:
        raise Invalid("Name at least one option to set; --help lists them.")

    async def work(services: Services, db: Any, account: Account) -> Entry:
        entry = await catalogue.entry(db, account.id, _campaign(arguments))
        zone = values.get("timezone") or entry.campaign.timezone
        given = read_fields(FIELDS, on_the_clock(values, FIELDS, zone))
        changes = await changes_of(db, account.id, given)
        now, by = clock.now(), "command line"
        return await catalogue.change(db, account.id, _campaign(arguments), changes, now, by=by)

    found = _change(arguments, "campaign.change", work)
    told = [_table({name: found[name] for name in values}), *found["warnings"]]
    show(arguments, found, "\n".join(told))


def _show(arguments: argparse.Namespace) -> None:
    async def work(services: Services) -> dict[str, Any]:
        account = await _account(services.db, arguments)
        entry = await catalogue.entry(services.db, account.id, _campaign(arguments))
        return _shown(services, account, entry)

    found = with_services(arguments, work)
    show(arguments, found, _table(found))


def _locations(arguments: argparse.Namespace) -> None:
    ids = None if arguments.set is None else _ids(arguments.set)

    async def work(services: Services) -> catalogue.Places:
        account = await _account(services.db, arguments)
        if ids is None:
            entry = await catalogue.entry(services.db, account.id, _campaign(arguments))
            return await catalogue.locations(services.db, entry.campaign)
        async with services.db.transaction() as db:
            campaign = await catalogue.set_locations(db, account.id, _campaign(arguments), ids)
            told = account.listener(services.settings.link_host)
            await events.announce_campaign(db, told, "coupon_updated", campaign, clock.now())
            found = await catalogue.locations(db, campaign)
            await audited(db, account.id, "campaign.locations", campaign.id, after=found)
        return found

    found = with_services(arguments, work)
    everywhere = "All locations of the account."
    none = "Nowhere: its locations were removed." if found.restricted else everywhere
    text = ", ".join(map(str, found.locations)) or none
    show(arguments, msgspec.structs.asdict(found), text)


def _picture(arguments: argparse.Namespace) -> None:
    image = None if arguments.file == EMPTY else read_picture(Path(arguments.file))

    async def work(services: Services, db: Any, account: Account) -> Entry:
        campaign = await catalogue.entry(db, account.id, _campaign(arguments))
        if image is None:
            await pictures.remove_picture(db, account.id, campaign.campaign.id)
        else:
            await pictures.set_picture(db, account.id, campaign.campaign.id, image, arguments.alt)
        return await catalogue.entry(db, account.id, campaign.campaign.id)

    found = _change(arguments, "campaign.picture", work)
    show(arguments, found, _table({"picture": found["picture"]}))


def read_picture(path: Path) -> bytes:
    return read_file(path, "picture").read_bytes()


def _change(arguments: argparse.Namespace, verb: str, change: Any) -> dict[str, Any]:
    """Change a campaign in one transaction, and tell those who listen."""

    async def work(services: Services) -> dict[str, Any]:
        account = await _account(services.db, arguments)
        async with services.db.transaction() as db:
            before = await catalogue.entry(db, account.id, _campaign(arguments))
            entry = await change(services, db, account)
            told = account.listener(services.settings.link_host)
            await events.announce_campaign(db, told, "coupon_updated", entry.campaign, clock.now())
            old, new = (_shown(services, account, one) for one in (before, entry))
            await audited(db, account.id, verb, entry.campaign.id, before=old, after=new)
        return new

    return with_services(arguments, work)


async def _account(db: Handle, arguments: argparse.Namespace) -> Account:
    account = await account_queries.account(db, arguments.account)
    if account is None:
        raise accounts.AccountNotFound
    return account


def _shown(services: Services, account: Account, entry: Entry) -> dict[str, Any]:
    host = account.link_host or services.settings.link_host
    shown: dict[str, Any] = msgspec.to_builtins(show_campaign(entry, host))
    return shown


def _table(values: dict[str, Any]) -> str:
    width = max(map(len, values))
    return "\n".join(f"{name:<{width}}  {_told(value)}" for name, value in values.items())


def _told(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _ids(text: str) -> list[int]:
    words = [] if text == EMPTY else [word.strip() for word in text.split(",")]
    return list(dict.fromkeys(id_of(word, "loc", "locations") for word in words))


def _campaign(arguments: argparse.Namespace) -> int:
    return id_of(arguments.campaign, "cam", "campaign")
