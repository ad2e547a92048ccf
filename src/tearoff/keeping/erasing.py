"""Erasing a person: nothing of their name, number, mail address or words stays, in a transaction.

The rows stay: the coupon with its code, state and times, the message with its state and price. So
an old link still says "Used", and no count changes. What stands on the opt-out list stays as a
keyed mark. What arrives of the same person later is a new fact.
"""

from __future__ import annotations

import asyncio
import secrets
from datetime import datetime

from tearoff.coupons.sessions import limits
from tearoff.errors import TryLater
from tearoff.keeping import erased_list, queries, sealed_answers
from tearoff.keeping.finding import mark_of
from tearoff.keeping.models import Found
from tearoff.kit import forgotten
from tearoff.kit.db import Handle
from tearoff.kit.mail_addresses import person_key
from tearoff.kit.services import Services
from tearoff.people import optouts
from tearoff.providers import log


class UnderWay(TryLater):
    """A message to this person is being handed over just now. Try again in a minute."""


async def erase(
    services: Services, db: Handle, account_id: int, found: Found, now: datetime
) -> None:
    """Erase what was found, in the transaction of `db`. The list outside of the database has it
    before. Raises `UnderWay` and `CannotNote`."""
    if found.is_under_way:
        raise UnderWay(after=30)
    entry = _entry(account_id, found, now)
    await asyncio.to_thread(erased_list.add, erased_list.path_of(services.settings), entry)
    await empty(services, db, account_id, found, now)
    await queries.note(db, entry.ref, account_id, now)


async def empty(
    services: Services, db: Handle, account_id: int, found: Found, now: datetime
) -> None:
    """As `erase`, for what stands on the list already."""
    addresses = found.addresses.all
    await asyncio.to_thread(log.blank, services.settings.data, addresses)
    await queries.empty_sessions(db, account_id, found.sessions, now)
    await queries.empty_messages(db, account_id, found.messages)
    await queries.delete_rows(db, account_id, found)
    await queries.empty_arrivals(db, account_id, found.arrivals, now)
    await queries.empty_events(db, account_id, found)
    await queries.empty_scans(db, account_id, found)
    await queries.delete_tallies(db, account_id, _scopes(found))
    marks = [(address, mark_of(account_id, address)) for address in _written(account_id, found)]
    await queries.keep_marks(db, account_id, marks)
    await sealed_answers.empty(db, services.vault, account_id, found)


def _entry(account_id: int, found: Found, now: datetime) -> erased_list.Entry:
    marks = [mark_of(account_id, address) for address in found.addresses.all]
    return erased_list.Entry(
        ref=secrets.token_hex(12),
        account=account_id,
        at=now,
        marks=list(dict.fromkeys(marks)),
        sessions=list(found.sessions),
        opted_out=list(found.opted_out),
    )


def _written(account_id: int, found: Found) -> list[str]:
    """Their addresses in every form that the opt-out list may have."""
    forms = [f for one in found.addresses.all for f in optouts.forms(account_id, one)]
    return [one for one in dict.fromkeys(forms) if not forgotten.is_mark(one)]


def _scopes(found: Found) -> list[str]:
    """Tallies that name them, or count them by a hash that could be guessed."""
    scopes = []
    for address in found.addresses.all:
        kinds = ("address", "asked") if "@" in address else ("number", "asked")
        scopes += [f"{of}-{per}:{address}" for of in kinds for per in ("day", "hour")]
    for campaign_id, person in found.persons:
        for one in {person, person.lower(), person_key(person) if "@" in person else person}:
            scopes += [f"campaign:{campaign_id}:{what}:{limits.mark(one)}"
                       for what in ("person", "fetched")]  # fmt: skip
    return list(dict.fromkeys(scopes))
