"""What was changed in an account: one row in the transaction of the change.

A row says who, what, when, and what the thing looked like before and after: of what changed only,
as the API shows it, in which no secret stands. A secret that was changed is `"changed"`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import msgspec

from tearoff.kit.db import Handle
from tearoff.kit.rows import columns, read

SECRET = "changed"  # noqa: S105 - what stands in its place
SECRETS = frozenset({"secret", "client_secret", "password", "pin", "token", "invitation_url"})
"""Names under which answers show a secret once."""
PERSONAL = frozenset({"email", "phone"})
"""Names under which a person may stand; what is kept of it is its end."""
_LONGEST = 2_000
"""Characters of one value that are kept."""


class Actor(msgspec.Struct, frozen=True):
    """Who does something: `kind` is `person`, `key`, `command` or `system`; `name` the person's
    id, the key's client id, or the system's user. `address`: the network address, where there is
    one. `scopes`: the most that a person can give who came by a program's link; None: no key let
    them in."""

    kind: str
    name: str = ""
    address: str = ""
    scopes: tuple[str, ...] | None = None


SYSTEM = Actor("system")


class Entry(msgspec.Struct, frozen=True):
    id: int
    at: datetime
    actor_kind: str
    actor_name: str
    address: str
    verb: str
    subject: str
    before: str | None
    after: str | None


async def write(
    db: Handle,
    account_id: int,
    actor: Actor,
    verb: str,
    now: datetime,
    *,
    subject: str = "",
    before: Any = None,
    after: Any = None,
    secrets: Iterable[str] = (),
) -> None:
    """In the transaction of the change. `verb`: `campaign.change`; `subject`: the id of what it
    is about; `before` and `after`: a struct or a mapping, of which only what differs is kept;
    `secrets`: names of secrets that were set."""
    old, new = _differences(_plain(before), _plain(after))
    new |= dict.fromkeys(secrets, SECRET)
    await db.execute(
        "INSERT INTO audit_entries (account_id, at, actor_kind, actor_name, address, verb, subject,"
        " before, after) VALUES ($1, $2, $3, $4, $5, $6, $7, $8::jsonb, $9::jsonb)",
        account_id,
        now,
        actor.kind,
        actor.name,
        actor.address,
        verb,
        short(subject)[:200],
        _json(old),
        _json(new),
    )


async def write_of_person(db: Handle, person_id: int, verb: str, now: datetime) -> None:
    """What somebody did to what is theirs alone, in every account that lets them in by it."""
    await db.execute(
        "INSERT INTO audit_entries (account_id, at, actor_kind, actor_name, address, verb, subject)"
        " SELECT account_id, $3, 'person', $1::text, '', $2, $1::text FROM members"
        " WHERE person_id = $1::text::bigint AND accepted_at IS NOT NULL",
        str(person_id),
        verb,
        now,
    )


def short(subject: str) -> str:
    """An address of a person is named by its end: the log outlives the person's data."""
    return f"…{subject[-3:]}" if subject.startswith("+") or "@" in subject else subject


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What is looked for; several together are all meant. `noun`: what a verb begins with, such as
    `campaign`; `subject`: the id of what it is about, as it is kept; `since` and `until`: a moment,
    of which the second is out."""

    noun: str | None = None
    actor_kind: str | None = None
    actor_name: str | None = None
    subject: str | None = None
    since: datetime | None = None
    until: datetime | None = None


ALL = Wanted()

# An id is of the moment in which its transaction wrote, `at` of the call's: they lie close. Only
# what is asked for stands in the statement, so that each way in has its index.
_CONDITIONS = {
    "noun": "split_part(verb, '.', 1) = {}",
    "actor_kind": "actor_kind = {}",
    "actor_name": "actor_name = {}",
    "subject": "subject = {}",
    "since": "at >= {0} AND id >= time_id({0} - interval '1 day')",
    "until": "at < {0} AND id < time_id({0} + interval '1 day')",
    "before": "id < {}",
}


async def entries(
    db: Handle, account_id: int, wanted: Wanted = ALL, *, before: int | None = None, limit: int = 50
) -> list[Entry]:
    """The latest first, from behind the one with this id."""
    asked = msgspec.structs.asdict(wanted) | {"before": before}
    values = {name: value for name, value in asked.items() if value is not None}
    told = "".join(f" AND {_CONDITIONS[name].format(f'${n}')}" for n, name in enumerate(values, 3))
    rows = await db.fetch(
        f"SELECT {columns(Entry)} FROM audit_entries WHERE account_id = $1{told}"
        " ORDER BY id DESC LIMIT $2",
        account_id,
        limit,
        *values.values(),
    )
    return [read(Entry, row) for row in rows]


def _plain(value: Any) -> dict[str, Any]:
    found = msgspec.to_builtins(value) if value is not None else {}
    if not isinstance(found, Mapping):
        return {"value": found}
    return {name: _kept(name, value) for name, value in found.items()}


def _kept(name: str, value: Any) -> Any:
    if not isinstance(value, str) or not value:
        return value
    if name in SECRETS:
        return SECRET
    return short(value) if name in PERSONAL else value


def _differences(
    before: dict[str, Any], after: dict[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What differs; of what is new or gone, all."""
    if not before or not after:
        return _cut(before), _cut(after)
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    return _cut({n: before.get(n) for n in names}), _cut({n: after.get(n) for n in names})


def _cut(values: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value[:_LONGEST] if isinstance(value, str) else value
        for name, value in values.items()
    }


def _json(values: dict[str, Any]) -> str | None:
    if not values:
        return None
    # PostgreSQL's jsonb takes no NUL.
    return msgspec.json.encode(values).decode().replace("\\u0000", "")
