"""A database that was brought back from a backup knows people who were erased since: they are
erased again, from the list outside of it, before anything is served."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Sequence

import structlog

from tearoff.config import Settings
from tearoff.errors import Invalid
from tearoff.keeping import erased_list, erasing, finding, queries
from tearoff.keeping.erased_list import Entry
from tearoff.kit import clock, forgotten, keys
from tearoff.kit.db import Database, Handle
from tearoff.kit.services import Services
from tearoff.people import optouts

log = structlog.get_logger()

_ADDRESSES = """
SELECT phone AS address FROM sessions WHERE account_id = $1 AND phone IS NOT NULL
UNION SELECT lower(email) FROM sessions WHERE account_id = $1 AND email IS NOT NULL
UNION SELECT recipient FROM messages WHERE account_id = $1 AND recipient <> ''
UNION SELECT phone FROM contacts WHERE account_id = $1 AND phone IS NOT NULL
UNION SELECT lower(email) FROM contacts WHERE account_id = $1 AND email IS NOT NULL
UNION SELECT phone FROM replies WHERE account_id = $1 AND phone IS NOT NULL
UNION SELECT address FROM opt_outs WHERE account_id = $1
UNION SELECT address FROM consent_events WHERE account_id = $1
"""
"""Every address that an account knows."""
LONGEST = 6 * 3600
"""Seconds that these may take: millions of rows are looked at before the first one comes."""


async def erase_again(settings: Settings) -> int:
    """Erase whoever stands on the list and was not erased in this database. Gives how many.
    Raises `Invalid` where a key that the list needs is missing."""
    entries = erased_list.read(erased_list.path_of(settings))
    if not entries:
        return 0
    db = await Database.open(settings.database_url, size=2)
    try:
        services = Services(settings, db, keys.open_vault(settings), settings.database_url)
        return await _erase_missing(services, entries)
    finally:
        await db.close()


async def _erase_missing(services: Services, entries: Sequence[Entry]) -> int:
    known = await queries.noted(services.db, [entry.ref for entry in entries])
    missing = [entry for entry in entries if entry.ref not in known]
    _check_keys(missing)
    by_account = defaultdict(list)
    for entry in missing:
        by_account[entry.account].append(entry)
    for account_id, theirs in by_account.items():
        await _erase_all(services, account_id, theirs)
    if missing:
        log.info("keeping.erased_again", count=len(missing))
    return len(missing)


def _check_keys(entries: Sequence[Entry]) -> None:
    if forgotten.without_key(mark for entry in entries for mark in entry.marks):
        raise Invalid(
            "People were erased since this backup, and the key that their list was made with is"
            " missing.",
            field="TEAROFF_SECRET_KEY",
            hint="Put the older key back behind the newer one, separated by a comma.",
        )


async def _erase_all(services: Services, account_id: int, entries: Sequence[Entry]) -> None:
    wanted = {mark for entry in entries for mark in entry.marks}
    meant = defaultdict(set)
    async for address in _addresses(services.db, account_id):
        for mark in forgotten.marks_of(account_id, optouts.canonical(address)):
            if mark in wanted:
                meant[mark].add(address)
    for entry in entries:
        given = [address for mark in entry.marks for address in meant[mark]]
        async with services.db.transaction() as db:
            await _erase(services, db, entry, given)


async def _addresses(db: Database, account_id: int) -> AsyncIterator[str]:
    async with db.transaction() as work:
        found = work.cursor(_ADDRESSES, account_id, prefetch=5_000, timeout=LONGEST)
        async for row in found:
            if not forgotten.is_mark(row["address"]):
                yield row["address"]


async def _erase(services: Services, db: Handle, entry: Entry, given: Sequence[str]) -> None:
    """What is newer than the erasing is a new fact and stays."""
    addresses = finding.addresses_of(given)
    found = await finding.find(db, entry.account, addresses, entry.at, sessions=entry.sessions)
    await erasing.empty(services, db, entry.account, found, clock.now())
    for one in entry.opted_out:
        await db.execute(
            "INSERT INTO opt_outs (account_id, address, channel, source, created_at)"
            " SELECT $1, $2, $3, $4, $5 WHERE EXISTS (SELECT FROM accounts WHERE id = $1)"
            " ON CONFLICT DO NOTHING",
            entry.account, one.mark, one.channel, one.source, one.created_at,
        )  # fmt: skip
    await queries.note(db, entry.ref, entry.account, entry.at)
