"""Where an account knows a person, by their numbers and mail addresses.

Coupons, contacts and the opt-out list are found by an index. Messages, answers, reports and events
are gone through lot by lot (`lots.py`): it happens rarely, and an index for it would make every
send dearer.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

import asyncpg
import phonenumbers

from tearoff.keeping.lots import ARRIVALS, EVENTS, MESSAGES, REPLIES, found_in
from tearoff.keeping.models import Addresses, Found, OptedOut
from tearoff.kit import forgotten
from tearoff.kit.db import Handle
from tearoff.kit.phone import phone_key, spellings
from tearoff.people import optouts

_LEAST_NATIONAL = 8
"""Digits: shorter ones stand in too much that is no number."""


def addresses_of(given: Iterable[str | None]) -> Addresses:
    """E.164 numbers and mail addresses."""
    known = [address for address in given if address]
    phones = [form for one in known if "@" not in one for form in spellings(one)]
    emails = [one.lower() for one in known if "@" in one]
    return Addresses(tuple(dict.fromkeys(phones)), tuple(dict.fromkeys(emails)))


async def of_session(db: Handle, account_id: int, session_id: int, until: datetime) -> Found:
    """Whoever has this coupon: everything under its number and its mail address, too."""
    row = await db.fetchrow(
        "SELECT phone, email FROM sessions WHERE account_id = $1 AND id = $2",
        account_id,
        session_id,
    )
    given = addresses_of((row["phone"], row["email"]) if row else ())
    return await of_addresses(db, account_id, given, until, sessions=[session_id])


async def of_addresses(
    db: Handle, account_id: int, given: Addresses, until: datetime, *, sessions: Sequence[int] = ()
) -> Found:
    """Also what is known under the numbers and mail addresses that stand beside theirs, on coupons
    and contacts; and no further, as two people may share one."""
    rows = await db.fetch(
        "SELECT phone, email FROM sessions WHERE account_id = $1 AND created_at <= $5"
        " AND (phone = ANY($2) OR lower(email) = ANY($3) OR id = ANY($4))"
        " UNION SELECT phone, email FROM contacts WHERE account_id = $1 AND created_at <= $5"
        " AND (phone = ANY($2) OR lower(email) = ANY($3))",
        account_id,
        list(given.phones),
        list(given.emails),
        list(sessions),
        until,
    )
    beside = [one for row in rows for one in (row["phone"], row["email"])]
    theirs = addresses_of([*given.all, *beside])
    return await find(db, account_id, theirs, until, sessions=sessions)


async def find(
    db: Handle,
    account_id: int,
    given: Addresses,
    until: datetime,
    *,
    sessions: Sequence[int] = (),
) -> Found:
    """What was there at `until`; `sessions`: coupons of theirs that are known otherwise."""
    rows = await _sessions(db, account_id, given, sessions, until)
    messages = await _messages(db, account_id, given, [row["id"] for row in rows], until)
    carried = {row["about"] for row in messages} - {row["id"] for row in rows} - {None}
    if carried:  # a coupon without an address, of which somebody was told
        rows = await _sessions(db, account_id, given, [*sessions, *carried], until)
        messages = await _messages(db, account_id, given, [row["id"] for row in rows], until)
    codes, terms = [row["code"] for row in rows], _terms(given)
    threads = [*codes, *map(optouts.canonical, given.all)]
    return Found(
        addresses=given,
        sessions=[row["id"] for row in rows],
        codes=codes,
        messages=[row["id"] for row in messages],
        contacts=await _contacts(db, account_id, given, until),
        replies=await _replies(db, account_id, given, until),
        arrivals=await _arrivals(db, account_id, terms, until) if terms else [],
        events=await _events(db, account_id, terms, threads, until),
        opted_out=await _opted_out(db, account_id, given),
        persons=[(row["campaign_id"], one) for row in rows for one in _persons(row)],
        is_under_way=any(row["state"] in ("queued", "submitting") for row in messages),
    )  # fmt: skip


async def _sessions(
    db: Handle, account_id: int, given: Addresses, ids: Collection[int], until: datetime
) -> list[asyncpg.Record]:
    return await db.fetch(
        "SELECT id, campaign_id, code, phone, email, customid FROM sessions WHERE account_id = $1"
        " AND (phone = ANY($2) OR lower(email) = ANY($3) OR id = ANY($4)) AND created_at <= $5"
        " ORDER BY id",
        account_id,
        list(given.phones),
        list(given.emails),
        list(ids),
        until,
    )


def _persons(row: asyncpg.Record) -> list[str]:
    """As `coupons/sessions/limits.py` knows them."""
    phone = phone_key(row["phone"]) if row["phone"] else None
    return [one for one in (phone, row["email"], row["customid"]) if one]


async def _messages(
    db: Handle, account_id: int, given: Addresses, sessions: Sequence[int], until: datetime
) -> list[asyncpg.Record]:
    """To their addresses, and about their coupons."""
    condition = (
        "(recipient = ANY($3) OR lower(recipient) = ANY($4) OR about = ANY($5))"
        " AND created_at <= $6"
    )
    values = (list(given.phones), list(given.emails), list(sessions), until)
    lots = found_in(db, MESSAGES, account_id, condition, values, columns="about, state")
    return [row async for lot in lots for row in lot]


async def _contacts(db: Handle, account_id: int, given: Addresses, until: datetime) -> list[int]:
    rows = await db.fetch(
        "SELECT id FROM contacts WHERE account_id = $1"
        " AND (phone = ANY($2) OR lower(email) = ANY($3)) AND created_at <= $4",
        account_id,
        list(given.phones),
        list(given.emails),
        until,
    )
    return [row["id"] for row in rows]


async def _replies(db: Handle, account_id: int, given: Addresses, until: datetime) -> list[int]:
    """Also those whose sender was written in another way."""
    written = [digits for phone in given.phones for digits in _digits(phone)]
    condition = (
        "(phone = ANY($3) OR regexp_replace(sender, '[^0-9]', '', 'g') = ANY($4))"
        " AND received_at <= $5"
    )
    lots = found_in(db, REPLIES, account_id, condition, (list(given.phones), written, until))
    return [row["id"] async for lot in lots for row in lot]


async def _arrivals(
    db: Handle, account_id: int, terms: Sequence[bytes], until: datetime
) -> list[int]:
    condition = f"received_at <= $3 AND {_HOLDS.format('raw')}"
    lots = found_in(db, ARRIVALS, account_id, condition, (until, list(terms)))
    return [row["id"] async for lot in lots for row in lot]


async def _events(
    db: Handle, account_id: int, terms: Sequence[bytes], threads: Sequence[str], until: datetime
) -> list[int]:
    """Also those of one of the threads."""
    condition = f"at <= $3 AND ({_HOLDS.format('body')} OR thread = ANY($5))"
    lots = found_in(db, EVENTS, account_id, condition, (until, list(terms), list(threads)))
    return [row["id"] async for lot in lots for row in lot]


_HOLDS = "EXISTS (SELECT FROM unnest($4::bytea[]) AS term WHERE position(term IN {}) > 0)"
"""Whether one of the terms stands in a column of bytes."""


def _terms(given: Addresses) -> list[bytes]:
    """How their addresses stand in what services and webhooks write."""
    texts = [digits for phone in given.phones for digits in _digits(phone)]
    for email in given.emails:
        texts += [email, email.replace("@", "%40"), email.upper()]
    return [text.encode("utf-8", "replace") for text in dict.fromkeys(texts)]


def _digits(e164: str) -> list[str]:
    """A number without its plus, and as its own country writes it."""
    found = [e164.removeprefix("+")]
    try:
        number = phonenumbers.parse(e164, None)
    except phonenumbers.NumberParseException:
        return found
    national = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL)
    digits = "".join(one for one in national if one.isdigit())
    return [*found, digits] if len(digits) >= _LEAST_NATIONAL else found


async def _opted_out(db: Handle, account_id: int, given: Addresses) -> list[OptedOut]:
    rows = await db.fetch(
        "SELECT address, channel, source, created_at FROM opt_outs WHERE account_id = $1"
        " AND address = ANY($2) ORDER BY address, source",
        account_id,
        [form for address in given.all for form in optouts.forms(account_id, address)],
    )
    return [
        OptedOut(mark_of(account_id, row["address"]), row["channel"], row["source"],
                 row["created_at"])
        for row in rows
    ]  # fmt: skip


def mark_of(account_id: int, address: str) -> str:
    """What stands for an address once it is erased; a mark stays as it is."""
    if forgotten.is_mark(address):
        return address
    return forgotten.marks_of(account_id, optouts.canonical(address))[0]
