"""The audit log: who changed what in the account, and what it was before."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from tearoff.accounts import queries
from tearoff.accounts.rights import Right
from tearoff.api.v4 import audit as v4
from tearoff.api.v4 import keys
from tearoff.api.v4.pages import MOST, Page
from tearoff.coupons.campaigns import campaigns
from tearoff.errors import Invalid
from tearoff.kit import times
from tearoff.kit.times import YEARS
from tearoff.kit.words import Words, phrase
from tearoff.web.dashboard import downloads
from tearoff.web.dashboard.audit_words import NOUNS, OPERATIONS, PAGES, VERBS
from tearoff.web.dashboard.pages import page, to
from tearoff.web.dashboard.saying import Problems
from tearoff.web.dashboard.screens import Screen
from tearoff.web.dashboard.standings import spelled
from tearoff.web.dashboard.visit import Visit
from tearoff.web.paper.html import Answer
from tearoff.web.paper.reading import patiently

AT = "/audit"
PAGE = 50
_KINDS = {
    "command": phrase("A command on the server"),
    "system": phrase("Tearoff itself"),
    "key": phrase("Any API key"),
    "person": phrase("Any person"),
}
_LONGEST = 16
_SAID_ALREADY = ("version", "changed_at", "changed_by")
"""What the row says by itself: when, and by whom."""
_OF_THE_ACCOUNT = ("account", "owner", "route", "single_sign_on", "audit")
"""There is one of each."""


class Asked(msgspec.Struct, frozen=True):
    """What the address asks for. `who`: a kind of actor, or one of them, as in `person 100001`;
    `first` and `last`: days on the account's clock, both included, as they were typed where they
    are wrong; `subject`: an id."""

    noun: str = ""
    who: str = ""
    subject: str = ""
    first: str = ""
    last: str = ""

    def query(self, **more: str) -> dict[str, str]:
        days = {"from": self.first, "to": self.last}
        return {"about": self.noun, "who": self.who, "id": self.subject, **days, **more}

    def given(self, zone: str) -> dict[str, str]:
        """The same for v4."""
        kind, _, one = self.who.partition(" ")
        first, last = _day(self.first), _day(self.last)
        since = _midnight(first, zone) if first else None
        until = _midnight(last + timedelta(days=1), zone) if last else None
        asked = {
            "noun": self.noun,
            "actor_kind": kind,
            "actor": one,
            "subject": self.subject,
            "since": since.isoformat() if since else "",
            "until": until.isoformat() if until else "",
        }
        return {name: value for name, value in asked.items() if value}

    @property
    def is_narrow(self) -> bool:
        return any(self.query().values())


class Unreadable(Invalid):
    """The address asks for something that cannot be looked for."""


def asked_of(visit: Visit) -> tuple[Asked, Problems]:
    """What is asked for, and what is wrong with it: a filter that cannot be read is never taken for
    none. One that could not be chosen is left out, for there is nothing to show it by."""
    words, query = visit.words, visit.query
    noun, who = query.get("about", ""), query.get("who", "")
    first, last = (query.get(name, "")[:40] for name in ("from", "to"))
    wrong = {}
    if noun and noun not in NOUNS:
        noun, wrong["about"] = "", words("Choose what to look for anew.")
    if who and who.partition(" ")[0] not in _KINDS:
        who, wrong["who"] = "", words("Choose what to look for anew.")
    begin, end = _day(first), _day(last)
    for name, text, day in (("from", first, begin), ("to", last, end)):
        if text and day is None:
            wrong[name] = words("Use a day that there is, such as 2026-11-30.")
    if begin and end and end < begin:
        wrong["to"] = words("The last day is before the first one.")
    days = (str(begin or first), str(end or last))
    return Asked(noun, who[:220], query.get("id", "")[:300], *days), Problems(wrong)


def _day(text: str) -> date | None:
    """None also for what is none."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if day.year in YEARS else None


def _midnight(day: date, zone: str) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(zone))


async def show(visit: Visit) -> Answer:
    asked, problems = asked_of(visit)
    found: Page[v4.Entry] = Page([], None)
    if not problems:
        given = asked.given(visit.account.timezone)
        behind = visit.query.get("cursor") or None
        try:
            found = await visit.read(v4.LIST, **given, limit=PAGE, cursor=behind)
        except Invalid:  # a cursor of another list
            return to(visit, AT)
    entries, cursor = found.data, found.next_cursor
    names = await _names(visit, entries)
    return await page(
        visit,
        "audit_log",
        title=visit.words("Audit log"),
        at=AT,
        status=422 if problems else 200,
        problems=problems,
        asked=asked,
        rows=[_row(visit, entry, names) for entry in entries],
        nouns=[(noun, visit.words(name)) for noun, name in NOUNS.items()],
        actors=await _actors(visit),
        first=visit.address(AT, **asked.query()) if visit.query.get("cursor") else "",
        next=visit.address(AT, **asked.query(cursor=cursor)) if cursor else "",
    )


HEADING = (
    phrase("When"), phrase("Who"), phrase("What"), phrase("About"), phrase("From where"),
    phrase("Before"), phrase("After"),
)  # fmt: skip


async def export(visit: Visit) -> Answer:
    """What these filters find, every page of it; the log says who took it."""
    asked, problems = asked_of(visit)
    if problems:
        raise Unreadable(problems.without())
    given = asked.given(visit.account.timezone)
    first = await visit.read(v4.LIST, **given, limit=MOST)
    words, day = visit.words, times.clock_of(visit.now, visit.account.timezone).date()
    parts = ("audit-log", asked.noun, asked.first, asked.last, f"made-{day}")
    return downloads.streamed(
        "-".join(filter(None, parts)),
        [words(name) for name in HEADING],
        _lots(visit, given, first),
        partial(_note, visit, asked),
    )


async def _note(visit: Visit, asked: Asked, rows: int, is_whole: bool) -> None:
    told = {name: value for name, value in asked.query().items() if value}
    call = visit.call(v4.LIST, {})
    after = {"filter": told, "rows": rows, "is_whole": is_whole}
    await call.note(visit.services.db, "audit.export", after=after, subject=str(visit.account.id))


async def _lots(
    visit: Visit, given: dict[str, str], page: Page[v4.Entry]
) -> AsyncIterator[Sequence[downloads.Row]]:
    while True:
        yield [_cells(visit, entry) for entry in page.data]
        if page.next_cursor is None:
            return
        page = await visit.read(v4.LIST, **given, limit=MOST, cursor=page.next_cursor)


def _cells(visit: Visit, entry: v4.Entry) -> downloads.Row:
    at = f"{times.clock_of(entry.at, visit.account.timezone):%Y-%m-%d %H:%M:%S}"
    what = visit.words(VERBS[entry.verb]) if entry.verb in VERBS else entry.verb
    values = [msgspec.json.encode(v).decode() if v else "" for v in (entry.before, entry.after)]
    return (at, _who(visit.words, entry.actor), what, entry.subject, entry.address, *values)


async def _actors(visit: Visit) -> list[tuple[str, str]]:
    """Whom the log can be asked for: everybody who is here now, and the kinds."""
    here = await patiently(queries.names_here(visit.services.db, visit.account.id))
    found = [(f"person {person}", name) for person, name in here.items()]
    for key in (await visit.read(keys.LIST)).data if visit.may(Right.KEYS) else ():
        found.append((f"key {key.client_id}", key.name or key.client_id))
    return found + [(kind, visit.words(name)) for kind, name in _KINDS.items()]


async def _names(visit: Visit, entries: Sequence[v4.Entry]) -> dict[tuple[str, str], str]:
    """What things are called that the log names by number; codes as people read them."""
    about = {(e.verb.partition(".")[0], e.subject.partition("/")[0]) for e in entries}
    ids = [int(one) for noun, one in about if noun == "campaign" and one.isdecimal()]
    db, account_id = visit.services.db, visit.account.id
    called = await patiently(campaigns.names_of(db, account_id, ids)) if ids else {}
    found = {("campaign", str(n)): name for n, name in called.items()}
    return found | {(noun, one): spelled(one[:6]) for noun, one in about if noun == "session"}


def _row(visit: Visit, entry: v4.Entry, names: dict[tuple[str, str], str]) -> dict[str, Any]:
    noun = entry.verb.partition(".")[0]
    # Of a coupon the operation stands behind its code.
    subject, _, operation = entry.subject.partition("/")
    at = PAGES.get(noun) if subject.isalnum() else None
    return {
        "entry": entry,
        "what": visit.words(VERBS[entry.verb]) if entry.verb in VERBS else entry.verb,
        "operation": visit.words(OPERATIONS[operation]) if operation in OPERATIONS else operation,
        "who": _who(visit.words, entry.actor),
        "subject": "" if noun in _OF_THE_ACCOUNT else names.get((noun, subject), _short(subject)),
        "page": visit.address(at.format(subject)) if at and noun not in _OF_THE_ACCOUNT else "",
        "values": _values(entry),
    }


def _short(subject: str) -> str:
    """Of what only a machine reads, the beginning."""
    return f"{subject[:8]}…" if len(subject) > _LONGEST else subject


def _who(words: Words, actor: v4.Actor) -> str:
    if actor.name:
        return actor.name
    if actor.kind == "person":
        return words("somebody who has left")
    if actor.kind == "command":
        return words("A command on the server ({user})", user=actor.id)
    if actor.kind == "key":
        return words("The API key {id}…", id=actor.id[:6])
    itself = _KINDS["system"]
    return words(itself)


def _values(entry: v4.Entry) -> list[tuple[str, str, str]]:
    """What differs, by name: before and after."""
    before, after = entry.before or {}, entry.after or {}
    names = [name for name in {**before, **after} if name not in _SAID_ALREADY]
    return [(name, _told(before.get(name)), _told(after.get(name))) for name in names]


def _told(value: object) -> str:
    if value is None:
        return "–"
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


SCREENS = (
    Screen(path=AT, right=Right.AUDIT, act=show),
    Screen(path=f"{AT}/export.csv", right=Right.AUDIT, act=export),
)
