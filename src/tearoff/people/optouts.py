"""The account's list of numbers and e-mail addresses that must get nothing, and why.

An address can stand on the list for several reasons at once. It stands there in the form in
which it is compared (`canonical`). START lifts only what a reply or
a one-tap link (or the provider's own STOP handling) set, never an entry that the shop made
or a complaint. Of somebody who was erased a keyed mark stands there instead of the address
(`kit.forgotten`): it keeps messages from them, and does not say who they are.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import msgspec

from tearoff.errors import Conflict, NotFound
from tearoff.hooks import outbox
from tearoff.hooks.bodies import Body, Customer
from tearoff.kit import forgotten
from tearoff.kit.db import Handle
from tearoff.kit.mail_addresses import AddressInvalid, canonical_address
from tearoff.kit.phone import phone_key, spellings
from tearoff.kit.rows import columns, read

LIFTED_BY_START = ("reply", "provider", "link")


ON_LIST = {
    "sms": "This number is on the blacklist or opt-out list.",
    "email": "This email address is on the blacklist or opt-out list.",
}


class OptedOut(Conflict):
    """Nothing is sent to this number or e-mail address."""

    def __init__(self, channel: str = "sms") -> None:
        super().__init__(ON_LIST[channel])


class NotOptedOut(NotFound):
    """This number is not on the list."""


class OptOut(msgspec.Struct, frozen=True):
    address: str
    source: str
    reason: str
    created_at: datetime
    channel: str

    @property
    def is_erased(self) -> bool:
        """Whether it is of somebody who was erased: `address` is a mark then."""
        return forgotten.is_mark(self.address)


class Evidence(msgspec.Struct, frozen=True):
    """What is kept of how somebody opted out or in: the words, the number they were sent to,
    and the provider's name for that text."""

    words: str = ""
    received_by: str = ""
    provider_ref: str = ""


def canonical(address: str) -> str:
    """An E.164 number or an e-mail address as it stands on the list."""
    if "@" not in address:
        return phone_key(address)
    try:
        return canonical_address(address)
    except AddressInvalid:  # one that was kept before addresses were looked at closely
        return address.lower()


def forms(account_id: int, address: str) -> list[str]:
    """All that mean this address on the account's list, its mark too. A version before, which may
    run beside this one, keeps a number as it was written."""
    written = [canonical(address)] if "@" in address else list(spellings(address))
    return written + forgotten.marks_of(account_id, written[0])


_ERASED = """(SELECT o.address FROM opt_outs o WHERE o.account_id = $1
  AND o.address = ANY({}::text[]) LIMIT 1)"""
"""Whoever was erased stays so: another reason is kept under their mark."""
_GIVEN_MARKS = "string_to_array(given.marks, ' ')"


async def add(
    db: Handle,
    account_id: int,
    address: str,
    *,
    source: str,
    now: datetime,
    reason: str = "",
    evidence: Evidence = Evidence(),  # noqa: B008 (frozen)
    since: datetime | None = None,
) -> bool:
    """Put an E.164 number or an e-mail address on the list; False when it stood there already
    for this source. `since`: when it was asked for, where that was not now."""
    address, at = canonical(address), since or now
    added = await db.fetchval(
        "INSERT INTO opt_outs (account_id, address, channel, source, reason, created_at)"
        f" SELECT $1, coalesce({_ERASED.format('$7')}, $2::text), $3, $4, $5, $6"
        " ON CONFLICT DO NOTHING RETURNING address",
        account_id,
        address,
        channel_of(address),
        source,
        reason,
        at,
        forgotten.marks_of(account_id, address),
    )
    if added:
        await _note(db, account_id, added, "opted_out", source, evidence, at)
        if await _count(db, account_id, address) == 1:
            await _announce(db, account_id, address, "contact_opted_out", now)
    return bool(added)


async def learn(
    db: Handle, account_id: int, number: str, *, provider_ref: str, now: datetime
) -> None:
    """Put a number on the list of which the provider, in its answer or receipt, says so."""
    await add(
        db,
        account_id,
        number,
        source="provider",
        now=now,
        reason="The SMS provider says that this number opted out.",
        evidence=Evidence(provider_ref=provider_ref),
    )


async def add_all(
    db: Handle,
    account_id: int,
    addresses: Collection[str],
    *,
    source: str,
    now: datetime,
    reason: str = "",
) -> set[str]:
    """`add` for many in four statements at most; `addresses` are canonical, each once. Gives those
    that were not there yet for this source. Their rows are locked in the order of addresses, so
    that two who do this at once never wait for each other in a ring."""
    given = sorted(addresses)
    marks = [forgotten.marks_of(account_id, address) for address in given]
    rows = await db.fetch(
        "WITH added AS (INSERT INTO opt_outs (account_id, address, channel, source, reason,"
        f"  created_at) SELECT $1, coalesce({_ERASED.format(_GIVEN_MARKS)}, given.address),"
        "  given.channel, $4, $5, $6"
        "  FROM unnest($2::text[], $3::text[], $7::text[]) AS given (address, channel, marks)"
        "  ORDER BY 2 ON CONFLICT DO NOTHING RETURNING address),"
        " noted AS (INSERT INTO consent_events (account_id, address, kind, source, words, at)"
        "  SELECT $1, address, 'opted_out', $4, '', $6 FROM added)"
        " SELECT address FROM added",
        account_id,
        given,
        [channel_of(address) for address in given],
        source,
        reason,
        now,
        [" ".join(each) for each in marks],
    )
    listener = await outbox.listener_of(db, account_id)
    if rows and listener is not None and listener.wants("contact_opted_out"):
        known = [row["address"] for row in rows if not forgotten.is_mark(row["address"])]
        told = await _with_one_reason(db, account_id, known)
        things = [(address, _body(address)) for address in told]
        await outbox.announce_all(db, listener, "contact_opted_out", things, at=now)
    there = {row["address"] for row in rows}
    return {a for a, each in zip(given, marks, strict=True) if not there.isdisjoint((a, *each))}


async def lift(
    db: Handle,
    account_id: int,
    address: str,
    *,
    now: datetime,
    evidence: Evidence = Evidence(),  # noqa: B008 (frozen)
    sources: Collection[str] = LIFTED_BY_START,
    by: str = "reply",
) -> bool:
    """What START does; False when nothing was lifted. `by`: how somebody opted in again, and
    `sources` what that takes back."""
    address = canonical(address)
    lifted = await db.fetchval(
        "WITH gone AS (DELETE FROM opt_outs WHERE account_id = $1 AND address = ANY($2)"
        " AND source = ANY($3) RETURNING 1) SELECT count(*) FROM gone",
        account_id,
        forms(account_id, address),
        list(sources),
    )
    if lifted:
        await _note(db, account_id, address, "opted_in", by, evidence, now)
        if await _count(db, account_id, address) == 0:
            await _announce(db, account_id, address, "contact_opted_in", now)
    return bool(lifted)


async def remove(
    db: Handle, account_id: int, address: str, *, now: datetime, reason: str = ""
) -> None:
    """Take the number or address off the list altogether, as the shop's own decision; `reason`
    stays with what is known of how somebody opted in again."""
    address = canonical(address)
    gone = await db.fetchval(
        "WITH gone AS (DELETE FROM opt_outs WHERE account_id = $1 AND address = ANY($2)"
        " RETURNING 1) SELECT count(*) FROM gone",
        account_id,
        forms(account_id, address),
    )
    if not gone:
        raise NotOptedOut
    await _note(db, account_id, address, "opted_in", "shop", Evidence(words=reason), now)
    await _announce(db, account_id, address, "contact_opted_in", now)


async def is_opted_out(db: Handle, account_id: int, address: str) -> bool:
    found = await db.fetchval(
        "SELECT true FROM opt_outs WHERE account_id = $1 AND address = ANY($2) LIMIT 1",
        account_id,
        forms(account_id, address),
    )
    return bool(found)


async def has_opted_in_since(db: Handle, account_id: int, address: str, at: datetime) -> bool:
    """Whether something took this off the list after that moment: START, a link, the shop."""
    found = await db.fetchval(
        "SELECT true FROM consent_events WHERE account_id = $1 AND address = ANY($2)"
        " AND kind = 'opted_in' AND at > $3 LIMIT 1",
        account_id,
        forms(account_id, address),
        at,
    )
    return bool(found)


async def sources_of(
    db: Handle, account_id: int, addresses: Collection[str]
) -> dict[str, set[str]]:
    """For what reasons each of these stands on the list; none is an empty set."""
    meant = {address: forms(account_id, address) for address in addresses}
    rows = await db.fetch(
        "SELECT address, source FROM opt_outs WHERE account_id = $1 AND address = ANY($2)",
        account_id,
        [form for each in meant.values() for form in each],
    )
    return {a: {row["source"] for row in rows if row["address"] in meant[a]} for a in meant}


async def since(db: Handle, account_id: int, addresses: Collection[str]) -> dict[str, datetime]:
    """Since when each of these stands on the list, by its canonical form."""
    keys = {
        form: canonical(address) for address in addresses for form in forms(account_id, address)
    }
    rows = await db.fetch(
        "SELECT address, min(created_at) AS at FROM opt_outs WHERE account_id = $1"
        " AND address = ANY($2) GROUP BY address",
        account_id,
        list(keys),
    )
    found: dict[str, datetime] = {}
    for row in rows:
        key = keys[row["address"]]
        found[key] = min(row["at"], found.get(key, row["at"]))
    return found


def channel_of(address: str) -> str:
    """`email` or `sms`."""
    return "email" if "@" in address else "sms"


async def reasons_of(db: Handle, account_id: int, address: str) -> list[OptOut]:
    """All for which an address stands on the list, the oldest first."""
    rows = await db.fetch(
        f"SELECT {columns(OptOut)} FROM opt_outs WHERE account_id = $1 AND address = ANY($2)"
        " ORDER BY created_at, source",
        account_id,
        forms(account_id, address),
    )
    return [read(OptOut, row) for row in rows]


async def of_source(
    db: Handle, account_id: int, addresses: Collection[str], source: str
) -> set[str]:
    """Those of these canonical addresses that stand on the list for this reason."""
    meant = {form: address for address in addresses for form in forms(account_id, address)}
    rows = await db.fetch(
        "SELECT address FROM opt_outs WHERE account_id = $1 AND address = ANY($2) AND source = $3",
        account_id,
        list(meant),
        source,
    )
    return {meant[row["address"]] for row in rows}


async def of_address(db: Handle, account_id: int, address: str, source: str) -> OptOut | None:
    found = await reasons_of(db, account_id, address)
    return next((one for one in found if one.source == source), None)


async def _count(db: Handle, account_id: int, address: str) -> int:
    """For how many reasons a number stands on the list."""
    n: int = await db.fetchval(
        "SELECT count(*) FROM opt_outs WHERE account_id = $1 AND address = ANY($2)",
        account_id,
        forms(account_id, address),
    )
    return n


async def _with_one_reason(db: Handle, account_id: int, addresses: Collection[str]) -> list[str]:
    """Those of these that stand on the list for one reason only."""
    pairs = [(address, form) for address in addresses for form in forms(account_id, address)]
    rows = await db.fetch(
        "SELECT given.address FROM unnest($2::text[], $3::text[]) AS given (address, form)"
        " JOIN opt_outs o ON o.account_id = $1 AND o.address = given.form"
        " GROUP BY given.address HAVING count(*) = 1 ORDER BY given.address",
        account_id,
        [address for address, _ in pairs],
        [form for _, form in pairs],
    )
    return [row["address"] for row in rows]


async def _announce(db: Handle, account_id: int, address: str, kind: str, now: datetime) -> None:
    listener = await outbox.listener_of(db, account_id)
    await outbox.announce(db, listener, kind, at=now, thread=address, body=_body(address))


def _body(address: str) -> Body:
    is_email = "@" in address
    customer = Customer(
        email=address if is_email else "", phone="" if is_email else address.removeprefix("+")
    )
    return Body(customer=customer)


async def _note(
    db: Handle,
    account_id: int,
    address: str,
    kind: str,
    source: str,
    evidence: Evidence,
    now: datetime,
) -> None:
    if forgotten.is_mark(address):
        evidence = Evidence()
    await db.execute(
        "INSERT INTO consent_events (account_id, address, kind, source, words, received_by,"
        " provider_ref, at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        account_id,
        address,
        kind,
        source,
        evidence.words[:500],
        evidence.received_by,
        evidence.provider_ref,
        now,
    )
