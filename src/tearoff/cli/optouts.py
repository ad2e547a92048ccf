"""`tearoff optout …`"""

from __future__ import annotations

import argparse

import msgspec

from tearoff.accounts import actions as accounts
from tearoff.accounts import queries as account_queries
from tearoff.cli import lists
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
from tearoff.cli.recipients import read_address
from tearoff.kit import clock
from tearoff.kit.db import Handle
from tearoff.kit.services import Services
from tearoff.messages import replies, reply_pages
from tearoff.people import optout_lists, optout_pages, optouts


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
    several = add_command(group, "import", _import, "put all of a file on the list")
    add_account(several)
    lists.add_arguments(several, "a number or an e-mail address a line, or a CSV or XLSX of them")
    several.add_argument("--reason", default="", help="why, for your records")
    add_json(several)
    review = add_command(
        group, "review", _review, "replies that may mean STOP: list them, or decide about one"
    )
    add_account(review)
    decision = review.add_mutually_exclusive_group()
    decision.add_argument("--optout", metavar="REPLY", help="it meant STOP: opt its sender out")
    decision.add_argument("--dismiss", metavar="REPLY", help="it did not")
    review.add_argument(
        "--phone", metavar="NUMBER", help="with --optout: who it was, if the sender is unreadable"
    )
    review.add_argument("--all", action="store_true", help="list every reply, newest first")
    add_json(review)
    listing = add_command(group, "list", _list, "everybody on the list")
    add_account(listing)
    listing.add_argument("number", metavar="ADDRESS", nargs="?", help="only this one")
    add_json(listing)


def _add(arguments: argparse.Namespace) -> None:
    async def work(services: Services) -> str:
        number = await read_address(services, arguments.account, arguments.number, "number")
        async with services.db.transaction() as db:
            await optouts.add(
                db, arguments.account, number, source="shop", now=clock.now(),
                reason=arguments.reason,
            )  # fmt: skip
            await audited(db, arguments.account, "suppression.add", number)
        return number

    number = with_services(arguments, work)
    show(arguments, {"number": number, "opted_out": True}, f"{number} gets no more messages.")


def _import(arguments: argparse.Namespace) -> None:
    async def work(services: Services) -> optout_lists.ImportedOptouts:
        account = await account_queries.account(services.db, arguments.account)
        if account is None:
            raise accounts.AccountNotFound

        async def noted(db: Handle, n: int) -> None:
            await audited(db, arguments.account, "suppression.import", after={"addresses": n})

        async with lists.opened(arguments, optout_lists.COLUMN) as (table, told):
            return await optout_lists.import_list(
                services.db, account.id, table, country=account.country, reason=arguments.reason,
                now=clock.now(), noted=noted, told=told,
            )  # fmt: skip

    done = with_services(arguments, work)
    lines = lists.lines_of(done.read, done.rows)
    lines += [
        f"{done.added:,} added, {done.already:,} already there, {done.twice:,} twice in the list,"
        f" {done.bad:,} not readable"
    ]
    lines += [f"  line {x.line}: {x.why}" for x in done.bad_lines]
    show(arguments, msgspec.to_builtins(done), "\n".join(lines))


def _remove(arguments: argparse.Namespace) -> None:
    async def work(services: Services) -> str:
        number = await read_address(services, arguments.account, arguments.number, "number")
        async with services.db.transaction() as db:
            await optouts.remove(db, arguments.account, number, now=clock.now())
            await audited(db, arguments.account, "suppression.remove", number)
        return number

    number = with_services(arguments, work)
    show(arguments, {"number": number, "opted_out": False}, f"{number} may get messages again.")


def _list(arguments: argparse.Namespace) -> None:
    async def work(services: Services) -> list[optouts.OptOut]:
        if not arguments.number:
            return await optout_pages.list_all(services.db, arguments.account)
        only = await read_address(services, arguments.account, arguments.number, "number")
        return await optouts.reasons_of(services.db, arguments.account, only)

    found = with_services(arguments, work)
    rows = [
        {"number": _who(o), "source": o.source, "reason": o.reason, "since": o.created_at}
        for o in found
    ]
    lines = [f"{_who(o)}  {o.source:<9}  {o.created_at:%Y-%m-%d %H:%M}  {o.reason}" for o in found]
    show(arguments, {"opt_outs": rows}, "\n".join(lines) or "Nobody is on the list.")


def _who(found: optouts.OptOut) -> str:
    return "somebody who was erased" if found.is_erased else found.address


MOST_LISTED = 200


def _review(arguments: argparse.Namespace) -> None:
    if arguments.optout or arguments.dismiss:
        _decide(arguments)
        return

    async def work(services: Services) -> list[replies.Reply]:
        state = None if arguments.all else "open"
        asked = reply_pages.Asked(state=state)
        return await reply_pages.page(services.db, arguments.account, asked, None, MOST_LISTED)

    found = with_services(arguments, work)
    rows = [
        {"reply": r.id, "sender": r.sender, "number": r.phone, "text": r.text,
         "keyword": r.keyword, "state": r.state, "received": r.received_at}
        for r in found
    ]  # fmt: skip
    lines = [
        f"{r.id}  {r.received_at:%Y-%m-%d %H:%M}  {r.phone or r.sender + ' (unreadable)'}"
        f"  {r.keyword}  {r.state}\n    {r.text!r}"
        for r in found
    ]
    show(arguments, {"replies": rows}, "\n".join(lines) or "No reply waits for a decision.")


def _decide(arguments: argparse.Namespace) -> None:
    option = "optout" if arguments.optout else "dismiss"
    reply_id = id_of(getattr(arguments, option), "rep", option)

    async def work(services: Services) -> tuple[replies.Reply, str]:
        owner, typed = arguments.account, arguments.phone
        phone = await read_address(services, owner, typed, "phone") if typed else ""
        async with services.db.transaction() as db:
            now = clock.now()
            if arguments.dismiss:
                done = await replies.dismiss(db, owner, reply_id, now=now)
            else:
                done = await replies.opt_out(db, owner, reply_id, phone=phone or None, now=now)
            await audited(db, owner, f"reply.{option}", reply_id)
        return done, phone

    found, phone = with_services(arguments, work)
    who = found.phone or phone or found.sender
    text = (
        f"{who} gets no more messages." if arguments.optout else f"Reply {found.id} is dismissed."
    )
    show(arguments, {"reply": found.id, "state": found.state, "number": who}, text)
