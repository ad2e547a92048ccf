"""Many addresses come onto the opt-out list from a file, as another program has kept them.

What can be read is taken and what cannot is named: one bad line must not hold the others back,
and none may vanish without a word.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence
from datetime import datetime

import msgspec

from tearoff.errors import Invalid, TryLater
from tearoff.kit.db import Database, DatabaseAway, Handle, by_key
from tearoff.kit.mail_addresses import AddressInvalid, canonical_address
from tearoff.kit.phone import PhoneInvalid, phone_key, read_phone
from tearoff.kit.tables.models import Reading, Value, Wanted, plain
from tearoff.kit.tables.reading import MISSING, SHORTENED, Beside, Table
from tearoff.people import optouts

MOST = 100_000
CHUNK = 1_000
"""So many are looked up or written together: some tens of milliseconds, webhooks included."""
NAMED = 1_000
"""So many lines of each kind are named, where nobody says another number."""
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
Phone number / E-mail address, Telefoonnummer / E-mailadres, Telefonnummer / E-Mail-Adresse
Numéro de téléphone / Adresse e-mail, Número de teléfono / Dirección de correo
"""

COLUMN = Wanted(
    "number or address",
    "suppressions",
    frozenset(plain(word) for line in _NAMES.splitlines() for word in line.split(",")) - {""},
)


ALREADY = "on the list already"
TWICE = "twice in this list"
SHOWN = 100
"""Characters of a line's value that are told."""


class OptoutLine(msgspec.Struct, frozen=True):
    """A line that did not come in: what stands in it, and why."""

    line: int
    why: str
    text: str = ""


class OtherColumn(msgspec.Struct, frozen=True):
    """A column that was not taken, with `addresses` in it that are not on the list: whoever wants
    them imports the file once more with it. `column` from 1 on; `name` is its heading, or ""."""

    column: int
    name: str
    addresses: int


class ImportedOptouts(msgspec.Struct, frozen=True):
    """Of `rows` lines with something in them, `added` are on the list now, `already` were there as
    the shop's own entries, `twice` stand in the file before, and `bad` cannot be read: together
    all of them. As many lines as were asked for are named: those that cannot be read in
    `bad_lines`, the others that did not come in in `known_lines`."""

    rows: int
    added: int
    already: int
    twice: int
    bad: int
    bad_lines: list[OptoutLine]
    known_lines: list[OptoutLine]
    read: Reading
    others: list[OtherColumn] = []


class CheckedOptouts(msgspec.Struct, frozen=True):
    """The same of a list that was only looked at: `new` would come onto the list."""

    rows: int
    new: int
    already: int
    twice: int
    bad: int
    bad_lines: list[OptoutLine]
    known_lines: list[OptoutLine]
    read: Reading
    others: list[OtherColumn] = []


Told = Callable[[int], None]
Noted = Callable[[Handle, int], Awaitable[None]]
"""Writes down that so many addresses are put on the list, in a transaction that does it."""


class BrokenOff(TryLater):
    """The database went away in the middle of a list: the first `done` of `total` addresses are on
    it, the others may be missing."""

    def __init__(self, done: int, total: int, *, after: float) -> None:
        super().__init__(
            f"The database went away: the first {done:,} of {total:,} addresses are on the list,"
            " the others may be missing. Import the same list again: what is there already stays"
            " as it is.",
            after=after,
        )
        self.done, self.total = done, total


class _Lines(msgspec.Struct):
    """What stands in a file: `good` are canonical addresses by the line that has each first,
    `beside` those in columns that were not taken, by place."""

    good: dict[str, OptoutLine]
    twice: list[OptoutLine]
    bad: list[OptoutLine]
    rows: int = 0
    beside: dict[int, set[str]] = {}

    def known(self, new: Collection[str]) -> list[OptoutLine]:
        """The lines that can be read and put nobody on the list."""
        already = [line for address, line in self.good.items() if address not in new]
        return sorted([*already, *self.twice], key=_line)


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
    named: int = NAMED,
) -> ImportedOptouts:
    """Put all addresses of a file (`tables.reading.opened(…, COLUMN)`) on the list, as the shop's
    own entries. National numbers are those of `country`. `told` hears how many rows have been
    read; `noted` is done in the transaction of the first of them. The file is read to its end
    first: one that is refused (`Invalid`) changes nothing.

    Then it commits `CHUNK` by `CHUNK`: every entry is right alone, and in one transaction whoever
    changes one of them would wait for all. `BrokenOff` says how many are on the list."""
    lines, added = await _read_all(table, country, told), set[str]()
    others = await _others(db, account_id, table, lines)
    addresses = list(lines.good)
    for i, chunk in _chunks(addresses):
        try:
            async with db.transaction() as work:
                await by_key(work)
                if i == 0 and noted is not None:
                    await noted(work, len(addresses))
                added |= await optouts.add_all(
                    work, account_id, chunk, source=SOURCE, now=now, reason=reason
                )
        except DatabaseAway as error:
            raise BrokenOff(i, len(addresses), after=error.after) from error
    return ImportedOptouts(
        lines.rows, len(added), len(addresses) - len(added), len(lines.twice), len(lines.bad),
        lines.bad[:named], lines.known(added)[:named], table.reading, others,
    )  # fmt: skip


async def check_list(
    db: Database, account_id: int, table: Table, *, country: str | None, named: int = NAMED
) -> CheckedOptouts:
    """Look at a file and put nobody on the list. Raises what `import_list` does."""
    lines = await _read_all(table, country, lambda _: None)
    there = await _there(db, account_id, list(lines.good))
    new = lines.good.keys() - there
    others = await _others(db, account_id, table, lines)
    return CheckedOptouts(
        lines.rows, len(new), len(lines.good) - len(new), len(lines.twice), len(lines.bad),
        lines.bad[:named], lines.known(new)[:named], table.reading, others,
    )  # fmt: skip


async def _there(db: Database, account_id: int, addresses: Sequence[str]) -> set[str]:
    """Those that are the shop's own entries already."""
    found = set[str]()
    for _, chunk in _chunks(addresses):
        async with db.transaction() as work:
            await by_key(work)
            found |= await optouts.of_source(work, account_id, chunk, SOURCE)
    return found


def _chunks(addresses: Sequence[str]) -> Iterator[tuple[int, Sequence[str]]]:
    """Each with the place where it begins."""
    for i in range(0, len(addresses), CHUNK):
        yield i, addresses[i : i + CHUNK]


def _line(one: OptoutLine) -> int:
    return one.line


async def _read_all(table: Table, country: str | None, told: Told) -> _Lines:
    lines = _Lines({}, [], [])
    table.watch(_beside(table, country, lines))
    async for lot in table.lots():
        if lines.rows + len(lot) > MOST:
            raise Invalid(
                f"At most {MOST:,} lines in one list; split it. Nothing was imported.",
                field=COLUMN.field,
            )
        await asyncio.to_thread(_look, lot, country, lines)
        told(lines.rows)
    return lines


def _beside(table: Table, country: str | None, lines: _Lines) -> Beside:
    """Takes no number of an order for one of a phone: outside of columns with a heading that is
    known, a number is one with its country code."""
    known = {place for place, name in enumerate(table.names) if plain(name) in COLUMN.names}

    def look(place: int, text: str) -> None:
        if place not in known and "@" not in text and not text.startswith(("+", "00")):
            return
        with contextlib.suppress(AddressInvalid, PhoneInvalid):
            lines.beside.setdefault(place, set()).add(_read(Value(0, text), country))

    return look


async def _others(db: Database, account_id: int, table: Table, lines: _Lines) -> list[OtherColumn]:
    """The columns in which somebody would be forgotten."""
    found = []
    for place, addresses in sorted(lines.beside.items()):
        missed = addresses - lines.good.keys()
        missed -= await _there(db, account_id, list(missed))
        if missed:
            name = table.names[place] if place < len(table.names) else ""
            found.append(OtherColumn(place + 1, name, len(missed)))
    return found


def _look(lot: Sequence[Value], country: str | None, lines: _Lines) -> None:
    lines.rows += len(lot)
    for value in lot:
        try:
            address = _read(value, country)
        except (AddressInvalid, PhoneInvalid) as error:
            lines.bad.append(OptoutLine(value.line, str(error), value.text[:SHOWN]))
            continue
        if address in lines.good:
            lines.twice.append(OptoutLine(value.line, TWICE, value.text[:SHOWN]))
        else:
            lines.good[address] = OptoutLine(value.line, ALREADY, value.text[:SHOWN])


def _read(value: Value, country: str | None) -> str:
    """The address as it stands on the list."""
    if value.problem:
        raise PhoneInvalid(f"{value.problem}." if value.problem == MISSING else value.problem)
    text = value.text.lstrip("'\N{RIGHT SINGLE QUOTATION MARK}")  # so spreadsheets mark a text
    if "@" in text:
        return canonical_address(text)
    if SHORTENED.fullmatch(text):
        raise PhoneInvalid(
            "a spreadsheet has shortened this number, its digits are lost. Format the column as"
            " text, put the numbers in again and save."
        )
    try:
        return phone_key(read_phone(text, country))
    except PhoneInvalid:
        raise PhoneInvalid(
            "neither an e-mail address nor a phone number that can be read. Write numbers with"
            " their country code (+32 …), or give the account its country."
        ) from None
