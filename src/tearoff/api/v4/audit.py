"""`/v4/audit`: who changed what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from tearoff.accounts import audit, queries
from tearoff.accounts.rights import Right
from tearoff.api.call import Call
from tearoff.api.v3 import parameters as p
from tearoff.api.v4 import fields as f
from tearoff.api.v4 import shapes
from tearoff.api.v4.operation import Operation
from tearoff.api.v4.pages import DEFAULT_LIMIT, LIMIT, Page, cursor_field, page_of
from tearoff.kit.db import Handle

TAG = "Audit log"
KINDS = ("person", "key", "command", "system")


class Actor(msgspec.Struct, frozen=True):
    """`id`: the person's number, the client id of the key, or who gave a command on the server.
    `name`: what a member or a key is called, empty for whoever has left."""

    kind: str
    id: str
    name: str


class Entry(msgspec.Struct, frozen=True):
    """One change. `subject`: the id of what was changed. `before` and `after` hold what differs
    alone; a secret is `"changed"`, an address its end."""

    id: int
    at: datetime
    actor: Actor
    address: str
    verb: str
    subject: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None


async def list_entries(call: Call, db: Handle) -> Page[Entry]:
    limit = call.given.get("limit", DEFAULT_LIMIT)
    (before,) = call.given.get("cursor", (None,))
    rows = await audit.entries(
        db, call.account.id, wanted_of(call.given), before=before, limit=limit + 1
    )
    names = await _names(db, call.account.id, rows)
    return page_of("audit", rows, limit, lambda row: _show(row, names), lambda row: (row.id,))


def wanted_of(given: Mapping[str, Any]) -> audit.Wanted:
    return audit.Wanted(
        noun=given.get("noun"),
        actor_kind=given.get("actor_kind"),
        actor_name=given.get("actor"),
        subject=audit.short(given["subject"]) if "subject" in given else None,
        since=given.get("since"),
        until=given.get("until"),
    )


async def _names(
    db: Handle, account_id: int, rows: Sequence[audit.Entry]
) -> dict[tuple[str, str], str]:
    people = {int(row.actor_name) for row in rows if row.actor_kind == "person"}
    keys = {row.actor_name for row in rows if row.actor_kind == "key"}
    names = await queries.names_of(db, account_id, list(people)) if people else {}
    called = await queries.names_of_keys(db, account_id, list(keys)) if keys else {}
    return {("person", str(n)): name for n, name in names.items()} | {
        ("key", client_id): name for client_id, name in called.items()
    }


def _show(row: audit.Entry, names: dict[tuple[str, str], str]) -> Entry:
    name = names.get((row.actor_kind, row.actor_name), "")
    actor = Actor(row.actor_kind, row.actor_name, name)
    before, after = _values(row.before), _values(row.after)
    return Entry(row.id, row.at, actor, row.address, row.verb, row.subject, before, after)


def _values(text: str | None) -> dict[str, Any] | None:
    return None if text is None else msgspec.json.decode(text, type=dict[str, Any])


_EXAMPLE = Entry(
    2_093_402_100_000_001, shapes.AT, Actor("person", "100001", "Ann Peeters"), "203.0.113.7",
    "campaign.change", "100001", {"title": "A coffee"}, {"title": "A coffee on us"},
)  # fmt: skip

LIST = Operation(
    method="GET",
    path="/v4/audit",
    tag=TAG,
    right=Right.AUDIT,
    summary="What was changed in the account, by whom, newest first. Each row was written in the"
    " transaction of its change.",
    query=(
        LIMIT,
        cursor_field("audit", int),
        f.text_field("noun", p.text(50), "Only changes of this: what `verb` begins with.",
                     "campaign"),
        f.words_field("actor_kind", KINDS, "Only what people, keys, commands on the server or"
                      " Tearoff itself did.", "person"),
        f.text_field("actor", p.text(200), "Only what this one did: `actor.id`.", "100001"),
        f.text_field("subject", p.text(300), "Only what was done to the thing with this id.",
                     "100001"),
        f.moment_field("since", "Only from this moment on.", "2026-11-23T00:00:00Z"),
        f.moment_field("until", "Only before this moment.", "2026-11-30T00:00:00Z"),
    ),
    act=list_entries,
    errors=(201, 300, 301, 302, 303),
    answers={200: ("A page of the audit log.", Page[Entry])},
    example=Page([_EXAMPLE], None),
)  # fmt: skip

OPERATIONS = (LIST,)
