"""Limits that begin to count later: their tallies are brought to what the sessions and their
events say, so that a limit is exact from whenever it is set."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any

import asyncpg

from tearoff.accounts import tallies
from tearoff.accounts.tallies import Tally
from tearoff.coupons.models import Campaign, NewSession
from tearoff.coupons.sessions import limits, queries, reserved_limits, updates

Counts = Mapping[str, int]
"""How many, by what is counted apart: the day, the place, the mark of a person; "" is all."""


async def recount(db: asyncpg.Connection, before: Campaign, after: Campaign, now: datetime) -> None:
    """Count anew what was not counted so far, or by another clock or field. Must be in the
    transaction that changes the campaign, with its row locked: whoever counts waits for it."""
    known, now_counted = _counted(before), _counted(after)
    anew = [w for w, (_, by) in now_counted.items() if w not in known or known[w][1] != by]
    for what in anew:  # reservations before tallies, as whoever frees what is over takes them
        await reserved_limits.forget(db, after, limits.scope_of(after, what))
    for what in anew:
        cap = now_counted[what][0]
        counts = await _COUNTERS[what](db, after, now)
        window = limits.DAY_KEPT if what == "day" else limits.FOR_EVER
        scope = limits.scope_of(after, what)
        counted = [
            Tally(limits.scope_of(after, what, of), cap, window, n) for of, n in counts.items()
        ]
        await tallies.replace(db, after.account_id, scope, counted, now)


def _counted(campaign: Campaign) -> dict[str, tuple[int, str]]:
    """What counts: up to which number, and by what it is told apart. The form's unique field
    counts with and without a limit: one coupon for each person is then meant."""
    form = campaign.options.form
    unique = form.unique if form is not None and form.unique is not None else None
    caps = {
        "sessions": (campaign.limit_sessions, ""),
        "claims": (campaign.limit_claims, ""),
        "validations": (campaign.limit_validations, ""),
        "day": (campaign.limit_day, campaign.timezone),
        "location": (campaign.limit_location, ""),
        "person": (campaign.limit_person, ""),
        "fetched": (None if unique is None else campaign.limit_person or 1, unique or ""),
    }
    return {what: (cap, by) for what, (cap, by) in caps.items() if cap is not None}


async def _sessions(db: asyncpg.Connection, campaign: Campaign, now: datetime) -> Counts:
    """Those that somebody could have: a session whose message certainly never left counts in no
    limit."""
    made = await _sum(db, campaign, "count(*)")
    return {"": made - await queries.count_lost(db, campaign)}


async def _claims(db: asyncpg.Connection, campaign: Campaign, now: datetime) -> Counts:
    return {"": await _sum(db, campaign, "count(claimed_at)")}


async def _uses(db: asyncpg.Connection, campaign: Campaign, now: datetime) -> Counts:
    return {"": await _sum(db, campaign, "coalesce(sum(uses), 0)")}


async def _sum(db: asyncpg.Connection, campaign: Campaign, what: str) -> int:
    n: int = await db.fetchval(
        f"SELECT {what} FROM sessions WHERE campaign_id = $1 AND account_id = $2",
        campaign.id,
        campaign.account_id,
    )
    return n


async def _days(db: asyncpg.Connection, campaign: Campaign, now: datetime) -> Counts:
    """Of days that are over long ago nothing is counted any more."""
    standing = updates.standing_uses(
        "SELECT id FROM sessions WHERE campaign_id = $1 AND uses > 0"
        " AND (used_at IS NULL OR used_at > $2)"
    )
    used = db.cursor(
        f"SELECT at FROM ({standing}) u WHERE at > $2", campaign.id, now - limits.DAY_KEPT
    )
    return Counter([limits.day_of(campaign, row["at"]) async for row in used])


async def _places(db: asyncpg.Connection, campaign: Campaign, now: datetime) -> Counts:
    standing = updates.standing_uses("SELECT id FROM sessions WHERE campaign_id = $1 AND uses > 0")
    rows = await db.fetch(
        f"SELECT location_id, count(*) AS n FROM ({standing}) u WHERE location_id IS NOT NULL"
        " GROUP BY location_id",
        campaign.id,
    )
    return {str(row["location_id"]): row["n"] for row in rows}


async def _users(db: asyncpg.Connection, campaign: Campaign, now: datetime) -> Counts:
    begun = _people(db, campaign, "uses > 0")
    people = [limits.person_of(_as_new(row)) async for row in begun]
    return Counter(limits.mark(person) for person in people if person)


async def _fetchers(db: asyncpg.Connection, campaign: Campaign, now: datetime) -> Counts:
    form = campaign.options.form
    unique = form.unique if form is not None and form.unique is not None else ""
    fetched = _people(db, campaign, "begun_by IS NOT NULL")
    return Counter([limits.mark(limits.fetcher_of(_as_new(row), unique)) async for row in fetched])


def _people(db: asyncpg.Connection, campaign: Campaign, which: str) -> Any:
    return db.cursor(
        f"SELECT phone, email, customid FROM sessions WHERE campaign_id = $1 AND {which}",
        campaign.id,
    )


def _as_new(row: asyncpg.Record) -> NewSession:
    return NewSession(phone=row["phone"], email=row["email"], customid=row["customid"])


_COUNTERS: dict[str, Callable[[asyncpg.Connection, Campaign, datetime], Awaitable[Counts]]] = {
    "sessions": _sessions,
    "claims": _claims,
    "validations": _uses,
    "day": _days,
    "location": _places,
    "person": _users,
    "fetched": _fetchers,
}
