"""Sessions of a whole account, the newest first, by any of several filters.

No page reads the table. What is looked for gives the ids of few sessions, by indexes; where it
gives many, and for all other filters, sessions are looked at in the order of an index, a stretch at
a time, and a page ends after so many stretches, full or not. Then it says from where to go on.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime

import msgspec

from tearoff.coupons.models import Campaign, Session, SessionAndCampaign
from tearoff.coupons.sessions import standing
from tearoff.coupons.sessions.sought import Sought, Way, way_by_name, ways
from tearoff.kit.db import Handle
from tearoff.kit.rows import columns, read

CHANNELS = ("sms", "email", "link")
"""By which its last message carried it; `link`: by none that we know of."""

FEW = 5_000
"""Up to so many ids are looked at one by one."""
STRETCH = 10_000
"""Sessions that one statement looks at: some ten milliseconds."""
STRETCHES = 10
LONGEST = 0.3
"""A page looks at so many of them at most, and begins none after so many seconds."""

Place = tuple[datetime, int]
"""When a session was made, and its id: a place in the order of time."""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """All that is given is meant. `state`: one of `standing.STANDINGS`; `since` and `until`: when
    it was made, from the first and before the second moment; `differs`: a device promised at the
    counter what the server then refused."""

    sought: Sought | None = None
    campaign_id: int | None = None
    state: str | None = None
    channel: str | None = None
    location_id: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    differs: bool = False


class Found(msgspec.Struct, frozen=True):
    """`after`: the place behind which more may be found; None when all were looked at."""

    sessions: list[SessionAndCampaign]
    after: Place | None


class _Values:
    """The values of a statement, in the order in which it names them."""

    def __init__(self, account_id: int) -> None:
        self.given: list[object] = [account_id]

    def put(self, value: object) -> str:
        self.given.append(value)
        return f"${len(self.given)}"

    def fill(self, sql: str, way: Way) -> str:
        return sql.format(*(self.put(value) for value in way.values), account="$1")


async def find(
    db: Handle,
    account_id: int,
    wanted: Wanted,
    now: datetime,
    *,
    after: Place | None,
    limit: int,
) -> Found:
    """At most `limit` of them from behind this place on. Campaign and location must have been asked
    for with the account."""
    sets = await _sets(db, account_id, wanted)
    ids = next((found for found, _ in sets if found is not None), None)
    rows = [condition for found, condition in sets if found is None or found is not ids]
    found: list[Session] = []
    started = time.monotonic()
    for _ in range(STRETCHES):
        missing = limit + 1 - len(found)
        some, end = await _stretch(db, account_id, wanted, rows, ids, now, after, missing)
        found += some
        if len(found) > limit or end is None or time.monotonic() - started > LONGEST:
            break
        after = end
    if len(found) > limit:
        last = found[limit - 1]
        after = (last.created_at, last.id)
    else:
        after = end
    return Found(await _with_campaigns(db, account_id, found[:limit]), after)


async def _with_campaigns(
    db: Handle, account_id: int, sessions: Sequence[Session]
) -> list[SessionAndCampaign]:
    if not sessions:
        return []
    rows = await db.fetch(
        f"SELECT {columns(Campaign)} FROM campaigns WHERE account_id = $1 AND id = ANY($2)",
        account_id,
        list({session.campaign_id for session in sessions}),
    )
    campaigns = {row["id"]: read(Campaign, row) for row in rows}
    return [
        SessionAndCampaign(session, campaigns[session.campaign_id])
        for session in sessions
        if session.campaign_id in campaigns
    ]


# few or many ----------------------------------------------------------------------------

_Set = tuple[list[int] | None, tuple[Way, ...]]
"""The ids of all that these ways find, or None where they are many."""

_DIFFERS = (
    "EXISTS (SELECT FROM counter_scans k WHERE k.account_id = {account} AND k.session_id = s.id"
    " AND k.was_offline AND k.takes AND k.verdict = 'no' OFFSET 0)"
)
_DIFFERING = Way(
    "SELECT DISTINCT k.session_id AS id FROM counter_scans k WHERE k.account_id = {account}"
    " AND k.session_id IS NOT NULL AND k.was_offline AND k.takes AND k.verdict = 'no'",
    _DIFFERS,
    (),
)
"""As `counter.scan_lists` calls a conflict."""


async def _sets(db: Handle, account_id: int, wanted: Wanted) -> list[_Set]:
    sets = []
    if wanted.sought is not None:
        found = ways(wanted.sought)
        if wanted.sought.names:
            found.append(await _by_name(db, account_id, wanted.sought.names))
        sets.append(await _set(db, account_id, found))
    if wanted.differs:
        sets.append(await _set(db, account_id, [_DIFFERING]))
    return sets


async def _by_name(db: Handle, account_id: int, words: Sequence[str]) -> Way:
    """The rarest word first: it is the one that is looked up."""
    if len(words) == 1:
        return way_by_name(tuple(words))
    counts = [len(await _ids(db, account_id, [way_by_name((word,))])) for word in words]
    ordered = sorted(range(len(words)), key=lambda i: counts[i])
    return way_by_name(tuple(words[i] for i in ordered))


async def _set(db: Handle, account_id: int, found: Sequence[Way]) -> _Set:
    ids = await _ids(db, account_id, found)
    return (ids if len(ids) <= FEW else None), tuple(found)


async def _ids(db: Handle, account_id: int, found: Sequence[Way]) -> list[int]:
    """Of all these ways; one more than `FEW` where one of them finds more."""
    if not found:
        return []
    values = _Values(account_id)
    each = [f"(SELECT id FROM ({values.fill(way.ids, way)}) w LIMIT {FEW + 1})" for way in found]
    rows = await db.fetch(" UNION ".join(each), *values.given)
    return [row["id"] for row in rows]


# a stretch ------------------------------------------------------------------------------


async def _stretch(
    db: Handle,
    account_id: int,
    wanted: Wanted,
    rows: Sequence[tuple[Way, ...]],
    ids: Sequence[int] | None,
    now: datetime,
    after: Place | None,
    limit: int,
) -> tuple[list[Session], Place | None]:
    """Those of the next stretch that are wanted, and where it ends if there is more behind it."""
    values = _Values(account_id)
    inner = _inner(wanted, ids, after, values)
    conditions = [
        "(" + " OR ".join(values.fill(way.row, way) for way in any_of) + ")" for any_of in rows
    ]
    conditions += _outer(wanted, now, values)
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    found = await db.fetch(
        f"SELECT {columns(Session, 's')} FROM ({inner}) s{where}"
        f" ORDER BY s.created_at DESC, s.id DESC LIMIT {limit}",
        *values.given,
    )
    sessions = [read(Session, row) for row in found]
    if len(found) == limit or ids is not None:
        return sessions, None if ids is not None else (sessions[-1].created_at, sessions[-1].id)
    return sessions, await _end(db, account_id, wanted, after)


async def _end(db: Handle, account_id: int, wanted: Wanted, after: Place | None) -> Place | None:
    """The last place of a stretch that is whole."""
    values = _Values(account_id)
    inner = _inner(wanted, None, after, values, "created_at, id", f"OFFSET {STRETCH - 1} LIMIT 1")
    row = await db.fetchrow(inner, *values.given)
    return None if row is None else (row["created_at"], row["id"])


def _inner(
    wanted: Wanted,
    ids: Sequence[int] | None,
    after: Place | None,
    values: _Values,
    what: str = "*",
    cut: str = "",
) -> str:
    """The sessions to look at, by one index: that of the campaign, of those who stand as few do, or
    of the account."""
    where = ["account_id = $1"]
    if ids is not None:
        where.append(f"id = ANY({values.put(list(ids))}::bigint[])")
    elif wanted.state in standing.OF_FEW:
        where.append(standing.OF_FEW[wanted.state])
    elif wanted.campaign_id is not None:  # the account beside it would let its index be chosen
        where = [f"campaign_id = {values.put(wanted.campaign_id)}", "$1::bigint IS NOT NULL"]
    if after is not None:
        where.append(f"(created_at, id) < ({values.put(after[0])}, {values.put(after[1])})")
    if wanted.since is not None:
        where.append(f"created_at >= {values.put(wanted.since)}")
    if wanted.until is not None:
        where.append(f"created_at < {values.put(wanted.until)}")
    return (
        f"SELECT {what} FROM sessions WHERE {' AND '.join(where)}"
        f" ORDER BY created_at DESC, id DESC {cut or f'LIMIT {STRETCH}'}"
    )


def _outer(wanted: Wanted, now: datetime, values: _Values) -> list[str]:
    """What is asked of each session that is looked at, the cheapest first."""
    asked = ["s.account_id = $1"]
    if wanted.campaign_id is not None:
        asked.append(f"s.campaign_id = {values.put(wanted.campaign_id)}")
    if wanted.location_id is not None:
        asked.append(f"s.location_id = {values.put(wanted.location_id)}")
    if wanted.channel == "link":
        asked.append("s.last_message_id IS NULL")
    if wanted.state is not None:
        moment = f"{values.put(now)}::timestamptz"
        asked.append(standing.AT_LEAST[wanted.state].format(now=moment))
        asked.append(f"{standing.IN_SQL.format(now=moment)} = {values.put(wanted.state)}")
    if wanted.channel in ("sms", "email"):
        channel = "(SELECT m.channel FROM messages m WHERE m.id = s.last_message_id)"
        asked.append(f"{channel} = {values.put(wanted.channel)}")
    return asked
