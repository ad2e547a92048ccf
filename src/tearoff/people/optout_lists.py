"""Many addresses come onto the opt-out list from a file, as another program has kept them.

What can be read is taken and what cannot is named: one bad line must not hold the others back,
and none may vanish without a word.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime

import msgspec

from tearoff.errors import Invalid
from tearoff.hooks import outbox
from tearoff.kit.addresses import AddressInvalid, canonical_address
from tearoff.kit.db import Handle
from tearoff.kit.phone import PhoneInvalid, phone_key, read_phone, read_sender
from tearoff.kit.tables.models import Reading, Value, Wanted, plain
from tearoff.kit.tables.reading import MISSING, Table
from tearoff.people import optouts

MOST = 100_000
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


class Imported(msgspec.Struct, frozen=True):
    """Of `rows` addresses, `added` are on the list now, `already` were there or are twice in the
    file, and `bad` cannot be read: a thousand of those are named in `bad_lines`."""

    rows: int
    added: int
    already: int
    bad: int
    bad_lines: list[BadLine]
    read: Reading


Told = Callable[[int], None]


async def import_list(
    db: Handle,
    account_id: int,
    table: Table,
    *,
    country: str | None,
    reason: str,
    now: datetime,
    told: Told = lambda _: None,
) -> Imported:
    """Put all addresses of a file (`tables.reading.opened(…, COLUMN)`) on the list, as the shop's
    own entries. National numbers are those of `country`. In the caller's transaction; `told`
    hears how many rows have been read. Raises `Invalid` above `MOST` rows."""
    rows = good = added = bad = 0
    named: list[BadLine] = []
    async for lot in table.lots():
        rows += len(lot)
        if rows > MOST:
            raise Invalid(
                f"At most {MOST:,} lines in one list; split it. Nothing was imported.",
                field=COLUMN.field,
            )
        addresses, wrong = await asyncio.to_thread(_look, lot, country)
        good, bad = good + len(addresses), bad + len(wrong)
        named += wrong[: NAMED - len(named)]
        added += await _add(db, account_id, addresses, reason, now)
        told(rows)
    return Imported(rows, added, good - added, bad, named, table.reading)


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
        readings = read_sender(value.text, country=country)
        return phone_key(readings[0] if readings else read_phone(value.text))
    except PhoneInvalid:
        raise PhoneInvalid(
            "neither an e-mail address nor a phone number that can be read. Write numbers with"
            " their country code (+32 …), or give the account its country."
        ) from None


async def _add(
    db: Handle, account_id: int, addresses: Sequence[str], reason: str, now: datetime
) -> int:
    """How many were not there yet. Each that was on no list at all is told to the webhooks."""
    rows = await db.fetch(
        "WITH added AS (INSERT INTO opt_outs (account_id, address, channel, source, reason,"
        "  created_at) SELECT DISTINCT $1::bigint, address,"
        "  CASE WHEN strpos(address, '@') > 0 THEN 'email' ELSE 'sms' END, $3, $4,"
        "  $5::timestamptz FROM unnest($2::text[]) AS given (address)"
        "  ON CONFLICT DO NOTHING RETURNING address),"
        " noted AS (INSERT INTO consent_events (account_id, address, kind, source, words, at)"
        "  SELECT $1, address, 'opted_out', $3, '', $5 FROM added)"
        # The rows that this statement inserts are not seen by it.
        " SELECT a.address, NOT EXISTS (SELECT FROM opt_outs o WHERE o.account_id = $1"
        "  AND o.address = a.address) AS is_new FROM added a ORDER BY a.address",
        account_id,
        list(addresses),
        SOURCE,
        reason,
        now,
    )
    listener = await outbox.listener_of(db, account_id)
    if listener is not None and listener.wants("contact_opted_out"):
        for row in rows:
            if row["is_new"]:
                await optouts.announce(db, listener, row["address"], "contact_opted_out", now)
    return len(rows)
