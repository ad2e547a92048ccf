"""Many addresses come onto the opt-out list from a file, as another program has kept them.

What can be read is taken and what cannot is named: one bad line must not hold the others back,
and none may vanish without a word.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

import msgspec

from tearoff.errors import Invalid, TryLater
from tearoff.kit.db import Database, DatabaseAway, Handle
from tearoff.kit.mail_addresses import AddressInvalid, canonical_address
from tearoff.kit.phone import PhoneInvalid, phone_key, read_phone
from tearoff.kit.tables.models import Reading, Value, Wanted, plain
from tearoff.kit.tables.reading import MISSING, Table
from tearoff.people import optouts

MOST = 100_000
CHUNK = 1_000
"""So many are written together: some tens of milliseconds, webhooks included."""
NAMED = 1_000
SOURCE = "shop"

_NAMES = """
phone, phones, phone number, phone numbers, mobile, mobile number, mobile phone, msisdn, cell,
cell phone, number, numbers, tel, telephone, gsm, recipient, address, opt out, optouts, unsubscribed
Telefon, Telefonnummer, Handy, Handynummer, Mobilnummer, Mobiltelefon, Rufnummer, Nummer
téléphone, numéro de téléphone, numéro, portable, tél, mobile
teléfono, número de teléfono, móvil, número, celular
telefone, número de telefone, telemóvel, celular
telefono, numero di telefono, cellulare, numero
telefoon, telefoonnummer, gsm-nummer, mobiel, mobiel nummer, nummer
telefon komórkowy, numer telefonu, telefonnummer, mobilnummer, mobiltelefon, puhelin, puhelinnumero
email, e-mail, mail, email address, e-mail address, emails
E-Mail-Adresse, Mailadresse, adresse e-mail, adresse mail, courriel, e-mailadres, mailadres
correo, correo electrónico, endereço de e-mail, indirizzo e-mail, posta elettronica
"""

COLUMN = Wanted(
    "number or address",
    "suppressions",
    frozenset(plain(word) for line in _NAMES.splitlines() for word in line.split(",")) - {""},
)


class BadLine(msgspec.Struct, frozen=True):
    """A line with something in it that is neither a number nor an address."""

    line: int
    why: str


class ImportedOptouts(msgspec.Struct, frozen=True):
    """Of `rows` addresses, `added` are on the list now, `already` were there or are twice in the
    file, and `bad` cannot be read: a thousand of those are named in `bad_lines`."""

    rows: int
    added: int
    already: int
    bad: int
    bad_lines: list[BadLine]
    read: Reading


Told = Callable[[int], None]
Noted = Callable[[Handle, int], Awaitable[None]]
"""Writes down that so many addresses are put on the list, in a transaction that does it."""


class BrokenOff(TryLater):
    """The database went away in the middle of a list."""


async def import_list(
    db: Database,
    account_id: int,
    table: Table,
    *,
    country: str | None,
    reason: str,
    now: datetime,
    noted: Noted | None = None,
    told: Told = lambda _: None,
) -> ImportedOptouts:
    """Put all addresses of a file (`tables.reading.opened(…, COLUMN)`) on the list, as the shop's
    own entries. National numbers are those of `country`. `told` hears how many rows have been
    read; `noted` is done in the transaction of the first of them. The file is read to its end
    first: one that is refused (`Invalid`) changes nothing.

    Then it commits `CHUNK` by `CHUNK`: every entry is right alone, and in one transaction whoever
    changes one of them would wait for all. `BrokenOff` says how many are on the list."""
    good, bad, named = await _read_all(table, country, told)
    addresses, added = list(dict.fromkeys(good)), 0
    for i in range(0, len(addresses), CHUNK):
        chunk = addresses[i : i + CHUNK]
        try:
            async with db.transaction() as work:
                if i == 0 and noted is not None:
                    await noted(work, len(addresses))
                added += await optouts.add_all(
                    work, account_id, chunk, source=SOURCE, now=now, reason=reason
                )
        except DatabaseAway as error:
            raise BrokenOff(
                f"The database went away: the first {i:,} of {len(addresses):,} addresses are on"
                " the list, the others may be missing. Import the same list again: what is there"
                " already stays as it is.",
                after=error.after,
            ) from error
    return ImportedOptouts(len(good) + bad, added, len(good) - added, bad, named, table.reading)


async def _read_all(
    table: Table, country: str | None, told: Told
) -> tuple[list[str], int, list[BadLine]]:
    """The addresses as they stand in the file, how many lines are none, and some of those."""
    good: list[str] = []
    named: list[BadLine] = []
    bad = 0
    async for lot in table.lots():
        if len(good) + bad + len(lot) > MOST:
            raise Invalid(
                f"At most {MOST:,} lines in one list; split it. Nothing was imported.",
                field=COLUMN.field,
            )
        addresses, wrong = await asyncio.to_thread(_look, lot, country)
        good += addresses
        bad += len(wrong)
        named += wrong[: NAMED - len(named)]
        told(len(good) + bad)
    return good, bad, named


def _look(lot: Sequence[Value], country: str | None) -> tuple[list[str], list[BadLine]]:
    good, wrong = [], []
    for value in lot:
        try:
            good.append(_read(value, country))
        except (AddressInvalid, PhoneInvalid) as error:
            wrong.append(BadLine(value.line, str(error)))
    return good, wrong


def _read(value: Value, country: str | None) -> str:
    """The address as it stands on the list."""
    if value.problem:
        raise PhoneInvalid(f"{value.problem}." if value.problem == MISSING else value.problem)
    if "@" in value.text:
        return canonical_address(value.text)
    try:
        return phone_key(read_phone(value.text, country))
    except PhoneInvalid:
        raise PhoneInvalid(
            "neither an e-mail address nor a phone number that can be read. Write numbers with"
            " their country code (+32 …), or give the account its country."
        ) from None
