"""Tries of passwords and codes are counted before they are looked at, so that many at once are no
more than one after the other.

What is slowed is one address for one person, and one network for everybody: whoever guesses from
there waits, and the owner, from anywhere else, comes in. Nobody is locked out of the account.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

import msgspec

from tearoff.accounts import tallies
from tearoff.accounts.tallies import Tally, TallyFull
from tearoff.errors import TryLater
from tearoff.kit import doorbook
from tearoff.kit.db import Database
from tearoff.kit.doorbook import Event
from tearoff.kit.proxies import host_of, network_of

NOBODY = 0
"""The account that these tallies stand under: a sign-in belongs to a person."""
WINDOW = timedelta(minutes=5)
TRIES = 5
NETWORK_TRIES = 50
"""An office signs in at nine o'clock behind one address; right tries are given back."""
CODES_A_DAY = 100
"""Wrong codes of an app for one person from everywhere: three of a million fit. Only who knows the
password comes so far; the person's recovery codes work on."""


class TooManyTries(TryLater):
    """Too many tries from here. `after`: seconds until the next one."""

    @property
    def minutes(self) -> int:
        return max(1, -(-round(self.after) // 60))


class Tried(msgspec.Struct, frozen=True):
    """One try: which tallies count it."""

    tallies: tuple[Tally, ...]


def of(kind: str, who: str, address: str) -> Tried:
    """`kind`: what is tried (`password`); `who` is tried for, such as an e-mail address; `address`:
    the caller's."""
    mark = hashlib.sha256(who.encode("utf-8", "replace")).hexdigest()[:32]
    return Tried(
        (
            Tally(f"try:{kind}:{host_of(address)}:{mark}", TRIES, WINDOW),
            Tally(f"try-network:{network_of(address)}", NETWORK_TRIES, WINDOW),
        )
    )


def of_app_code(person_id: int) -> Tried:
    return Tried((Tally(f"try-codes:{person_id}", CODES_A_DAY, timedelta(days=1)),))


async def count(db: Database, tried: Tried, now: datetime) -> None:
    """Before the secret is looked at. Raises `TooManyTries`."""
    try:
        async with db.transaction() as work:
            await tallies.count(work, NOBODY, tried.tallies, now)
    except TallyFull as full:
        most = next(t.cap for t in tried.tallies if t.scope == full.scope)
        until = await tallies.full_until(db, NOBODY, full.scope, most, now)
        doorbook.note(Event.SIGN_IN_SLOWED, tally=full.scope.split(":")[0])
        raise TooManyTries(after=(until - now).total_seconds() if until else 1) from None


async def give_back(db: Database, tried: Tried, now: datetime) -> None:
    """It was not looked at after all."""
    less = [msgspec.structs.replace(t, step=-1) for t in tried.tallies]
    await tallies.give_back(db, NOBODY, less, now)


async def forgive(db: Database, tried: Tried, now: datetime) -> None:
    """It was right: this person's count begins anew, the network's is one less."""
    first, *others = tried.tallies
    await tallies.forget(db, NOBODY, [first.scope])
    less = [msgspec.structs.replace(t, step=-1) for t in others]
    await tallies.give_back(db, NOBODY, less, now)
