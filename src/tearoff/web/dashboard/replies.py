"""What people answered, and what follows from it: unclear ones wait for somebody here."""

from __future__ import annotations

import secrets
from typing import Any

import msgspec

from tearoff.accounts.rights import Right
from tearoff.api.v4 import replies
from tearoff.errors import Conflict, Invalid
from tearoff.kit.phone import PhoneInvalid, read_phone
from tearoff.kit.words import phrase
from tearoff.messages import connections
from tearoff.people.keywords import Keyword
from tearoff.providers import registry
from tearoff.web.dashboard.forms import whole_number
from tearoff.web.dashboard.pages import page, to
from tearoff.web.dashboard.saying import Problems, problems_of
from tearoff.web.dashboard.screens import Screen
from tearoff.web.dashboard.standings import Standing, recipient
from tearoff.web.dashboard.visit import Visit
from tearoff.web.paper.html import Answer
from tearoff.web.paper.reading import patiently

AT = "/replies"
ROWS = 50
_LONGEST_CURSOR = 300
_NO_PROBLEMS = Problems()

_OPEN = Standing(
    "warn", phrase("To decide"), phrase("It may mean that they want no more messages.")
)
_LOST = Standing(
    "warn",
    phrase("Who was it?"),
    phrase("They want no more messages, but nobody can read from which number it came."),
)
_READ: dict[str, Standing] = {
    Keyword.STOP: Standing("no", phrase("Opted out")),
    Keyword.START: Standing("ok", phrase("Opted in again")),
    Keyword.HELP: Standing("info", phrase("Asked for help")),
    Keyword.MAYBE_STOP: Standing("dull", phrase("Decided elsewhere")),
    Keyword.NONE: Standing("dull", phrase("No word for us")),
}
_DECIDED = {
    "opted_out": Standing("no", phrase("Opted out"), phrase("Somebody here read it so.")),
    "dismissed": Standing("dull", phrase("Left as it is"), phrase("Somebody here read it so.")),
}

VIEWS: dict[str, tuple[str, dict[str, str]]] = {
    "open": (phrase("To decide"), {"state": "open"}),
    "all": (phrase("All"), {}),
    "stop": (phrase("Opted out"), {"keyword": "stop"}),
    "start": (phrase("Opted in again"), {"keyword": "start"}),
    "other": (phrase("No word for us"), {"keyword": "none"}),
}
UNREAD = "unread"


class Asked(msgspec.Struct, frozen=True):
    view: str
    search: str
    cursor: str = ""

    def address(self, visit: Visit, **changed: str) -> str:
        return visit.address(AT, **{"view": self.view, "search": self.search, **changed})


async def show(visit: Visit) -> Answer:
    return await _show(visit, _NO_PROBLEMS)


async def _show(visit: Visit, problems: Problems, at: int = 0) -> Answer:
    """`at`: the reply that the problems are about."""
    waiting = await _waiting(visit)
    asked = _asked_of(visit, waiting)
    if asked.view == UNREAD:
        return await _show_unread(visit, asked, waiting)
    if asked.view not in VIEWS:
        return to(visit, AT)
    told, cursor = VIEWS[asked.view][1], asked.cursor
    rows, after = [], None
    try:
        found = await visit.read(
            replies.LIST, **told, search=asked.search or None, cursor=cursor or None, limit=ROWS
        )
        rows, after = found.data, found.next_cursor
    except Invalid as error:
        problems = problems_of(visit.words, error)
    names = await _services(visit)
    return await page(
        visit,
        "replies",
        title=visit.words("Replies"),
        at=AT,
        status=422 if problems else 200,
        asked=asked,
        rows=[_row(visit, row, names) for row in rows],
        views=[(key, name) for key, (name, _) in VIEWS.items()],
        waiting=waiting,
        problems=problems,
        problem_at=at,
        first=asked.address(visit) if cursor else "",
        next=asked.address(visit, cursor=after) if after else "",
        once=secrets.token_urlsafe(9),
    )


def _asked_of(visit: Visit, waiting: replies.Waiting) -> Asked:
    """A form that was refused stands on the list on which it was sent. Where nothing was said, what
    waits comes first."""
    typed, query = visit.typed, visit.query
    is_form = visit.request.method == "POST"

    def told(name: str) -> str:
        return typed.text(name) if is_form else query.get(name, "").strip()

    search = told("search")[:100]
    first = "open" if waiting.open and not search else "all"
    return Asked(told("view") or first, search, told("cursor")[:_LONGEST_CURSOR])


async def _waiting(visit: Visit) -> replies.Waiting:
    found: replies.Waiting = await visit.read(replies.WAITING)
    return found


async def _services(visit: Visit) -> dict[int, str]:
    found = await patiently(connections.connections_of(visit.services.db, visit.account.id))
    return {one.id: one.name or registry.title_of(one.kind) for one in found}


def _row(visit: Visit, row: replies.Reply, names: dict[int, str]) -> dict[str, Any]:
    return {
        "row": row,
        "who": recipient(visit, row.phone) if row.phone else row.sender,
        "standing": _standing(row),
        "service": names.get(row.provider, ""),
        "can_opt_out": row.state == "done" and row.keyword in (Keyword.NONE, Keyword.HELP),
    }


def _standing(row: replies.Reply) -> Standing:
    if row.state == "open":
        return _OPEN if row.phone else _LOST
    return _DECIDED.get(row.state) or _READ[row.keyword]


async def _show_unread(visit: Visit, asked: Asked, waiting: replies.Waiting) -> Answer:
    cursor = asked.cursor
    found = await visit.read(replies.UNREAD, cursor=cursor or None, limit=ROWS)
    names = await _services(visit)
    return await page(
        visit,
        "replies_unread",
        title=visit.words("Replies"),
        at=AT,
        asked=asked,
        rows=[(one, names.get(one.provider, "")) for one in found.data],
        views=[(key, name) for key, (name, _) in VIEWS.items()],
        waiting=waiting,
        first=asked.address(visit) if cursor else "",
        next=asked.address(visit, cursor=found.next_cursor) if found.next_cursor else "",
    )


# deciding -----------------------------------------------------------------------------------


class _NoNumber(Invalid):
    """No phone number."""


async def opt_out(visit: Visit) -> Answer:
    words, reply_id = visit.words, visit.path["id"]
    given = {"id": reply_id}
    try:
        if visit.typed.has("phone"):
            given["phone"] = _typed_number(visit)
        done = await visit.do(replies.OPT_OUT, given, once=_once(visit))
    except Conflict as error:
        return _back(visit, problems_of(words, error).without())
    except Invalid as error:
        told = problems_of(words, error)
        return await _show(visit, Problems({"phone": told.without()}), reply_id)
    who = recipient(visit, (done.phone if done else None) or given.get("phone"))
    return _back(visit, words("{who} gets no more messages.", who=who) if who else words("Done."))


async def leave(visit: Visit) -> Answer:
    words = visit.words
    try:
        await visit.do(replies.DISMISS, {"id": visit.path["id"]}, once=_once(visit))
    except Conflict as error:
        return _back(visit, problems_of(words, error).without())
    return _back(visit, words("Left as it is: they go on getting messages."))


def _once(visit: Visit) -> str:
    """One list has one word for all its replies."""
    word = visit.typed.text("once")
    return f"{word[:60]} {visit.path['id']}" if word else ""


def _typed_number(visit: Visit) -> str:
    try:
        return read_phone(visit.typed.text("phone"), visit.account.country)
    except PhoneInvalid:
        told = visit.words("Write the number with its country code, such as +32 470 00 12 34.")
        raise _NoNumber(told, field="phone") from None


def _back(visit: Visit, said: str) -> Answer:
    """To the list as it stood, at the card that is read next."""
    typed, view = visit.typed, visit.typed.text("view")
    kept = {"view": view if view in VIEWS else "", "search": typed.text("search")[:100]}
    beside = whole_number(typed.text("beside"))
    if not beside:  # it was the last one of its page
        return to(visit, AT, said=said, **kept)
    cursor = typed.text("cursor")[:_LONGEST_CURSOR]
    return to(visit, f"{AT}#reply-{beside}", said=said, **kept, cursor=cursor)


SCREENS = (
    Screen(path=AT, right=Right.PEOPLE, act=show),
    Screen(method="POST", path=f"{AT}/{{id:int}}/optout", right=Right.PEOPLE, act=opt_out),
    Screen(method="POST", path=f"{AT}/{{id:int}}/leave", right=Right.PEOPLE, act=leave),
)
