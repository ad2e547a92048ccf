"""A test message over one connection: to a number or an address of one's own, with no coupon in it.

It is a message like any other, in the same two commits: it counts in the account's limits, costs
what it costs, and its receipt arrives and settles it. Quiet hours do not hold it back, for whoever
asks is awake; its text is always the same, so nothing can be told by it.
"""

from __future__ import annotations

import asyncio
import hashlib
from datetime import datetime, timedelta

import asyncpg
import msgspec

from tearoff.accounts import tallies
from tearoff.accounts.models import Account
from tearoff.accounts.tallies import Tally
from tearoff.distribution import draft as drafts
from tearoff.distribution import mail, outcome
from tearoff.distribution.draft import NotSent
from tearoff.distribution.second_commit import AT_ONCE, insist
from tearoff.errors import Conflict, Invalid
from tearoff.hooks.models import Listener
from tearoff.kit import clock, letters
from tearoff.kit.mail_addresses import AddressInvalid, mail_address
from tearoff.kit.phone import Phone, PhoneInvalid, parse_written
from tearoff.kit.services import Services
from tearoff.kit.words import words_in
from tearoff.messages import queries as messages
from tearoff.messages import rules, standing
from tearoff.messages.models import Connection
from tearoff.messages.open_connections import Links
from tearoff.messages.segments import measure
from tearoff.people import optouts
from tearoff.providers import registry
from tearoff.providers.base import Accepted, Letter, Outcome, Outgoing

TEXT = "This is a test from Tearoff."


class TestUnderWay(Conflict):
    """A test to this receiver is under way already."""

    __test__ = False  # for pytest it is no class of tests


class Trial(msgspec.Struct, frozen=True):
    """A test that is written and not yet sent."""

    connection: Connection
    message: Outgoing
    created_at: datetime
    counted: tuple[Tally, ...]
    listener: Listener | None = None


def read_receiver(account: Account, connection: Connection, given: str) -> Phone | str:
    """To whom a test goes: a number in any spelling, national ones of the account's country, or an
    address, as the connection carries. Raises `Invalid`."""
    try:
        if connection.channel == "email":
            return mail_address(given)
        return parse_written(given, account.country)
    except (AddressInvalid, PhoneInvalid):
        right = "an e-mail address" if connection.channel == "email" else "a phone number, E.164"
        raise Invalid(f"Use {right}.", field="to") from None


async def begin(
    db: asyncpg.Connection,
    account: Account,
    connection: Connection,
    to: Phone | str,
    *,
    now: datetime,
    lease: float,
    link_host: str = "",
) -> Trial:
    """The first commit. `to` is a number, or an e-mail address where the connection carries mail;
    `lease` in seconds. Raises `OptedOut`, `NotSent` (a limit, or a country that is not allowed) and
    `TestUnderWay`."""
    address = to if isinstance(to, str) else to.e164
    await _check(db, account, to)
    cost = connection.segment_price if isinstance(to, str) else connection.price_to(to)
    text = _text(account, connection)
    message_id = await _write(db, connection, address, text, cost, now, lease)
    counted = _tallies(account, address, cost)
    try:
        await tallies.count(db, account.id, counted, now)
    except tallies.TallyFull as full:
        raise drafts.limit_reached(full) from None
    measured = measure(text)
    outgoing = Outgoing(
        id=message_id,
        to=address,
        text=text,
        encoding=measured.encoding,
        parts=measured.parts,
        sender=connection.sender,
        letter=_letter(account, text) if connection.channel == "email" else None,
    )
    return Trial(connection, outgoing, now, counted, account.listener(link_host))


async def carry_out(services: Services, links: Links, trial: Trial) -> Outcome:
    """Send it and record what the service says: the second commit. A caller who hangs up changes
    nothing."""
    task = asyncio.create_task(_carry_out(services, links, trial))
    _running.add(task)
    task.add_done_callback(_running.discard)
    return await asyncio.shield(task)


_running: set[asyncio.Task[Outcome]] = set()


async def _carry_out(services: Services, links: Links, trial: Trial) -> Outcome:
    connection, message = trial.connection, trial.message
    address = links.callback_address(connection)
    callback = f"{address}?m={message.id}" if address else None
    answer = await links.send(connection, msgspec.structs.replace(message, callback_url=callback))

    async def write() -> None:
        async with services.db.transaction() as db:
            await outcome.record(db, _about(trial), answer, clock.now(), 0)
            await messages.free_guards(db, [message.id])

    await insist(write, AT_ONCE)
    await standing.note(services.db, connection, answer, clock.now())
    if isinstance(answer, Accepted):
        await standing.note_accepted(services.db, [connection.id], clock.now())
    return answer


def _about(trial: Trial) -> outcome.About:
    return outcome.About(
        account_id=trial.connection.account_id,
        campaign=None,
        message_id=trial.message.id,
        recipient=trial.message.to,
        created_at=trial.created_at,
        find_by_id=registry.reports_by_its_own_id(trial.connection.kind),
        channel=trial.connection.channel,
        listener=trial.listener,
        counted=trial.counted,
    )


def _text(account: Account, connection: Connection) -> str:
    """A mail speaks the account's language; a text message is the same everywhere."""
    if connection.channel != "email":
        return TEXT
    words = words_in("coupon", account.language)
    return words("This is a test from Tearoff.")


def _letter(account: Account, text: str) -> Letter:
    """In the shape of all mails of the house."""
    shown = letters.Letter(language=account.language, subject=text, greeting=text, lines=())
    return Letter(subject=text, html=letters.as_html(shown))


async def _check(db: asyncpg.Connection, account: Account, to: Phone | str) -> None:
    address = to if isinstance(to, str) else to.e164
    if await optouts.is_opted_out(db, account.id, address):
        raise optouts.OptedOut(optouts.channel_of(address))
    if isinstance(to, str):
        return
    allowed = None if account.allowed_countries is None else frozenset(account.allowed_countries)
    if not rules.country_allowed(to, home_country=account.country, allowed=allowed):
        raise NotSent("This country is not allowed for your account.")


def _tallies(account: Account, address: str, cost: int) -> tuple[Tally, ...]:
    of_receiver = mail.address_tallies if "@" in address else drafts.number_tallies
    return (*of_receiver(account, address), *drafts.spend_tallies(account, cost))


async def _write(
    db: asyncpg.Connection,
    connection: Connection,
    address: str,
    text: str,
    cost: int,
    now: datetime,
    lease: float,
) -> int:
    guard = hashlib.sha256(f"test\0{connection.id}\0{address}".encode()).digest()[:16]
    account_id = connection.account_id
    await messages.settle_overdue(db, now, 0, account_id=account_id, guard=guard)
    measured = measure(text)
    is_mail = connection.channel == "email"
    message_id = await messages.open_test(
        db,
        connection,
        address,
        messages.TestText(text, "UTF-8" if is_mail else measured.encoding,
                          0 if is_mail else len(measured.parts), text if is_mail else None),
        cost=cost,
        guard=guard,
        until=now + timedelta(seconds=lease),
        now=now,
    )  # fmt: skip
    if message_id is None:
        raise TestUnderWay
    return message_id
