"""`tearoff campaign …`"""

from __future__ import annotations

import argparse
from datetime import datetime
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
from msgspec import UNSET

from tearoff.accounts import actions as accounts
from tearoff.accounts import locations
from tearoff.accounts import queries as account_queries
from tearoff.accounts.locations import PIN_LENGTHS
from tearoff.accounts.models import Location
from tearoff.api.v3.shapes import coupon_info
from tearoff.api.v4.campaign_shapes import show_campaign
from tearoff.api.v4.campaigns import FIELDS
from tearoff.api.v4.fields import read_fields
from tearoff.cli import campaign_options, lists
from tearoff.cli.campaign_options import read_picture
from tearoff.cli.common import (
    TIMES,
    Commands,
    add_account,
    add_command,
    add_group,
    add_json,
    audited,
    id_of,
    numbered,
    read_time,
    show,
    with_services,
)
from tearoff.cli.locations import NEW
from tearoff.cli.secret_values import add_secret, secret_of
from tearoff.coupons.campaigns import campaigns, catalogue, folders, pictures
from tearoff.coupons.campaigns.campaigns import NewCampaign
from tearoff.coupons.campaigns.catalogue import Filter
from tearoff.coupons.pools import importing, twins
from tearoff.coupons.pools.importing import ImportedCodes
from tearoff.coupons.sessions import events
from tearoff.errors import Invalid
from tearoff.kit import clock
from tearoff.kit.services import Services
from tearoff.kit.vault import Vault


def add_commands(commands: Commands) -> None:
    group = add_group(commands, "campaign", "what is offered")
    _add_create(group)
    alike = add_command(group, "twins", _twins, "codes that differ only in case, dashes and the"
                        " like")  # fmt: skip
    add_account(alike)
    add_json(alike)
    drop = add_command(group, "drop-code", _drop_code, "take a free code out of a campaign's list")
    add_account(drop)
    drop.add_argument("--campaign", required=True, help="such as cam_100001")
    drop.add_argument("--code-id", required=True, type=int, help="as `campaign twins` tells it")
    add_json(drop)
    listing = add_command(group, "list", _list, "all campaigns of an account")
    add_account(listing)
    add_json(listing)
    codes = add_command(group, "import-codes", _import_codes, "own validation codes, from a file")
    add_account(codes)
    codes.add_argument("--campaign", required=True, help="cam_…")
    lists.add_arguments(codes, "one code a line, or a CSV or XLSX with a column of them")
    lists.add_numeric(codes)
    add_json(codes)
    campaign_options.add_commands(group)
    for name, run in (("add-folder", _add_folder), ("add-category", _add_category)):
        shelf = add_command(group, name, run, "to sort campaigns into")
        add_account(shelf)
        shelf.add_argument("--name", required=True)
        if run is _add_category:
            shelf.add_argument("--parent", type=numbered("cat"), help="the category above: cat_…")
        add_json(shelf)


def _add_create(group: Commands) -> None:
    create = add_command(group, "create", _create, "make a campaign with a first location")
    add_account(create)
    create.add_argument("--name", required=True, help="the internal name")
    create.add_argument("--title", required=True, help="the offer in a few words")
    create.add_argument("--value", default="", help="what it is worth: 'Second cup free'")
    create.add_argument("--expires", "--expires-at", help=f"{TIMES}; a day alone is all of it")
    create.add_argument("--starts", "--starts-at", help=TIMES)
    add_secret(
        create,
        "pin",
        help=f"{PIN_LENGTHS[0]} to {PIN_LENGTHS[-1]} digits by which the staff takes"
        " coupons in; new: draw one.",
    )
    create.add_argument("--timezone", help="default: the account's")
    create.add_argument("--subtitle", default="")
    create.add_argument("--description", default="")
    create.add_argument("--terms", default="")
    create.add_argument("--brand", default="", help="the shop's name on the page")
    create.add_argument(
        "--color",
        "--brand-color",
        dest="color",
        default="#0b5d4b",
        help="the brand's colour, #rrggbb",
    )
    create.add_argument("--language", default="en")
    create.add_argument(
        "--message", "--message-text", default="", help="text of the SMS; {link} is the coupon"
    )
    create.add_argument("--picture", type=Path, help="an image file")
    create.add_argument("--picture-alt", default="", help="what the picture shows")
    create.add_argument("--location", default="", help="name of the first location")
    create.add_argument("--uses", type=int, default=1, help="how often one coupon can be used")
    create.add_argument(
        "--max-coupons", "--limit-sessions", type=int, help="at most so many coupons are issued"
    )
    add_json(create)


def _import_codes(arguments: argparse.Namespace) -> None:
    campaign = id_of(arguments.campaign, "cam", "campaign")

    async def work(services: Services) -> ImportedCodes:
        async with (
            lists.opened(arguments, importing.COLUMN) as (table, told),
            services.db.transaction() as db,
        ):
            done = await importing.import_codes(db, arguments.account, campaign, table, told)
            after = {"imported": done.imported}
            await audited(db, arguments.account, "campaign.codes", campaign, after=after)
        return done

    done = with_services(arguments, work)
    lines = lists.lines_of(done.read, done.rows)
    lines += [f"{done.imported:,} imported, {done.left_out:,} left out"]
    lines += [f"  line {x.line}: {x.code}: {x.why}" for x in done.lines]
    lines += [f"{done.twins:,} imported that are like another one"] if done.twins else []
    lines += [f"  line {x.line}: {x.code}" for x in done.twin_lines]
    show(arguments, msgspec.to_builtins(done), "\n".join(lines))


def _add_folder(arguments: argparse.Namespace) -> None:
    async def work(services: Services) -> folders.Folder:
        async with services.db.transaction() as db:
            made = await folders.create_folder(db, arguments.account, arguments.name)
            await audited(db, arguments.account, "folder.create", made.id, after=made)
        return made

    made = with_services(arguments, work)
    show(arguments, {"folder": made.id, "name": made.name})


def _add_category(arguments: argparse.Namespace) -> None:
    async def work(services: Services) -> folders.Category:
        async with services.db.transaction() as db:
            made = await folders.create_category(
                db, arguments.account, arguments.name, arguments.parent
            )
            await audited(db, arguments.account, "category.create", made.id, after=made)
        return made

    made = with_services(arguments, work)
    show(arguments, {"category": made.ref, "name": made.name, "level": made.level})


def _create(arguments: argparse.Namespace) -> None:
    picture = None if arguments.picture is None else read_picture(arguments.picture)
    _check_names(arguments)
    given = secret_of(arguments, "pin", plain=[NEW])

    async def work(services: Services) -> dict[str, Any]:
        async with services.db.transaction() as db:
            account = await account_queries.account(db, arguments.account)
            if account is None:
                raise accounts.AccountNotFound
            zone = arguments.timezone or account.timezone
            made = await campaigns.create_campaign(db, account.id, _new(arguments, zone))
            name = arguments.location or arguments.brand or account.name
            place, pin = await _place(db, services.vault, account.id, name, given)
            await campaigns.open_at(db, account.id, made.id, place.id)
            if picture is not None:
                await pictures.set_picture(db, account.id, made.id, picture, arguments.picture_alt)
            current = await catalogue.entry(db, account.id, made.id)
            told = account.listener(services.settings.link_host)
            await events.announce_campaign(
                db, told, "coupon_created", current.campaign, clock.now()
            )
            host = account.link_host or services.settings.link_host
            shown = show_campaign(current, host)
            await audited(db, account.id, "campaign.create", made.id, after=shown)
        info = coupon_info(current, host, clock.now())
        return info | ({"pin": pin} if pin else {})

    info = with_services(arguments, work)
    new = f"\nPIN: {info['pin']} (it is not shown again)" if "pin" in info else ""
    show(arguments, info, f"{info['ID']}  {info['name']}\n{info['url']}{new}")


def _check_names(arguments: argparse.Namespace) -> None:
    """As `campaign set` does: a page in no language, or on no clock, could not be shown."""
    given = {"language": arguments.language, "timezone": arguments.timezone}
    read_fields(FIELDS, {name: value for name, value in given.items() if value is not None})


def _list(arguments: argparse.Namespace) -> None:
    async def work(services: Services) -> list[dict[str, Any]]:
        account = await account_queries.account(services.db, arguments.account)
        if account is None:
            raise accounts.AccountNotFound
        host = account.link_host or services.settings.link_host
        found = await catalogue.entries(services.db, account.id, Filter(), limit=campaigns.MOST)
        return [coupon_info(entry, host, clock.now()) for entry in found]

    found = with_services(arguments, work)
    lines = [f"{i['ID']}  {i['status']:<8}  {i['name']}  {i['url']}" for i in found]
    show(arguments, {"coupon_info": found}, "\n".join(lines) or "No campaign yet.")


async def _place(
    db: asyncpg.Connection, vault: Vault, account_id: int, name: str, pin: str | None
) -> tuple[Location, str]:
    """The location of this name, made where there is none yet, and the PIN that was drawn."""
    known = await locations.of_name(db, account_id, name)
    if known is None:
        drawn = await locations.draw_pin(db, vault, account_id) if pin == NEW else ""
        given = locations.Changes(name=name, pin=UNSET if pin is None else drawn or pin)
        return await locations.create(db, vault, account_id, given), drawn
    if pin is not None and not await locations.has_pin(db, vault, known, pin):
        raise Invalid(
            f"{name} has another PIN. Change it with tearoff location set, or name another"
            " location.",
            field="pin",
        )
    return known, ""


def _new(arguments: argparse.Namespace, zone: str) -> NewCampaign:
    return NewCampaign(
        name=arguments.name,
        title=arguments.title,
        subtitle=arguments.subtitle,
        description=arguments.description,
        terms=arguments.terms,
        value=arguments.value,
        brand=arguments.brand,
        brand_color=arguments.color,
        language=arguments.language,
        message_text=arguments.message,
        timezone=zone,
        starts_at=_time(arguments.starts, zone, "starts", end_of_day=False),
        expires_at=_time(arguments.expires, zone, "expires", end_of_day=True),
        uses=arguments.uses,
        limit_sessions=arguments.max_coupons,
    )


def _time(text: str | None, zone: str, field: str, *, end_of_day: bool) -> datetime | None:
    return read_time(text, zone, field, end_of_day=end_of_day) if text else None


MOST_TWINS = 1_000


def _twins(arguments: argparse.Namespace) -> None:
    async def work(services: Services) -> list[twins.Twin]:
        return await twins.find(services.db, arguments.account, MOST_TWINS)

    found = with_services(arguments, work)
    rows = [{f: getattr(one, f) for f in one.__struct_fields__} for one in found]
    lines = [
        f"cam_{one.campaign_id}  {one.code!a}  "
        + (f"free, code id {one.pool_code}" if one.pool_code else f"coupon {one.session}")
        for one in found
    ]
    show(arguments, {"twins": rows}, "\n".join(lines) or "No codes are alike.")


def _drop_code(arguments: argparse.Namespace) -> None:
    campaign = id_of(arguments.campaign, "cam", "campaign")

    async def work(services: Services) -> None:
        async with services.db.transaction() as db:
            await twins.drop_free(db, arguments.account, campaign, arguments.code_id)
            after = {"code_id": arguments.code_id}
            await audited(db, arguments.account, "campaign.code_drop", campaign, after=after)

    with_services(arguments, work)
    show(arguments, {"dropped": arguments.code_id}, f"Code {arguments.code_id} is gone.")
