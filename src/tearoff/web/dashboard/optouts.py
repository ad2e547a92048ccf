"""Who gets nothing: the list, one more, one less, and all of it as a file."""

from __future__ import annotations

import re
import secrets
from collections.abc import AsyncIterator, Sequence
from typing import Any

import msgspec

from tearoff.accounts.rights import Right
from tearoff.api.v4 import shapes
from tearoff.api.v4 import suppressions as v4
from tearoff.errors import Conflict, Invalid, NotFound
from tearoff.kit import times
from tearoff.kit.phone import PhoneInvalid, read_phone
from tearoff.kit.words import phrase
from tearoff.people.optout_pages import CHANNELS, SOURCES
from tearoff.web.dashboard import downloads, sure
from tearoff.web.dashboard.pages import page, to
from tearoff.web.dashboard.saying import Problems, problems_of
from tearoff.web.dashboard.screens import Screen
from tearoff.web.dashboard.standings import SOURCES as MEANS
from tearoff.web.dashboard.standings import recipient
from tearoff.web.dashboard.visit import Visit
from tearoff.web.paper.html import Answer
from tearoff.web.paper.reading import patiently

AT = "/opt-outs"
ROWS = 50
LOT = 200
_NO_PROBLEMS = Problems()

NAMES = {
    "reply": phrase("Answered STOP"),
    "link": phrase("By the link"),
    "provider": phrase("By the provider"),
    "shop": phrase("By you"),
    "complaint": phrase("Complained"),
}
"""How somebody came onto the list, in a word or two."""
CHANNEL_NAMES = {"sms": phrase("Phone numbers"), "email": phrase("E-mail addresses")}


class Asked(msgspec.Struct, frozen=True):
    """What the address of the list asks for. `bad`: a filter that there is not; nothing is shown
    then, because "all" is never meant by it."""

    search: str = ""
    source: str = ""
    channel: str = ""

    @property
    def bad(self) -> bool:
        return self.source not in ("", *SOURCES) or self.channel not in ("", *CHANNELS)

    @property
    def filters(self) -> dict[str, str]:
        return {name: value for name, value in msgspec.structs.asdict(self).items() if value}

    def address(self, visit: Visit, path: str = AT, **changed: str) -> str:
        return visit.address(path, **{**self.filters, **changed})


def asked_of(visit: Visit) -> Asked:
    told = visit.query
    return Asked(
        told.get("search", "").strip()[:100], told.get("source", ""), told.get("channel", "")
    )


async def show(visit: Visit) -> Answer:
    asked, cursor, problems = asked_of(visit), visit.query.get("cursor", ""), _NO_PROBLEMS
    rows: list[shapes.Suppression] = []
    after, count = None, v4.Count(0, at_least=False)
    try:
        _check(visit, asked)
        found = await visit.read(
            v4.LIST, **asked.filters, order="newest", limit=ROWS, cursor=cursor or None
        )
        rows, after = found.data, found.next_cursor
        count = await visit.read(v4.COUNT, **asked.filters)
    except Invalid as error:
        problems = problems_of(visit.words, error)
    return await page(
        visit,
        "optouts",
        title=visit.words("Opt-outs"),
        at=AT,
        status=422 if problems else 200,
        asked=asked,
        rows=[(row, _who(visit, row.address)) for row in rows],
        count=count,
        problems=problems,
        names=NAMES,
        means=MEANS,
        channels=CHANNEL_NAMES,
        first=asked.address(visit) if cursor else "",
        next=asked.address(visit, cursor=after) if after else "",
        may_lift=visit.may(Right.LIFT),
        may_export=visit.may(Right.EXPORT),
    )


def _who(visit: Visit, address: str) -> str:
    """ "" for who was erased: what stands there keeps messages from them and names nobody."""
    return recipient(visit, address) if is_address(address) else ""


def is_address(address: str) -> bool:
    return address.startswith("+") or "@" in address


class _NoFilter(Invalid):
    """There is no such filter."""


def _check(visit: Visit, asked: Asked) -> None:
    if asked.bad:
        raise _NoFilter(visit.words("There is no such filter. Choose one of those below."))


# one more -----------------------------------------------------------------------------------


async def show_new(visit: Visit) -> Answer:
    return await _new(visit, _NO_PROBLEMS)


async def _new(visit: Visit, problems: Problems) -> Answer:
    return await page(
        visit,
        "optout_new",
        title=visit.words("Put somebody on the list"),
        at=AT,
        status=422 if problems else 200,
        problems=problems,
        once=secrets.token_urlsafe(9),
    )


async def add(visit: Visit) -> Answer:
    words, typed = visit.words, visit.typed
    try:
        address = _typed_address(visit, typed.text("address"))
        before = await visit.read(v4.LIST, address=address)
        given = {"address": address, "reason": typed.text("reason")}
        await visit.do(v4.ADD, given, once=typed.text("once"))
    except (Invalid, Conflict) as error:
        return await _new(visit, problems_of(words, error))
    shown = recipient(visit, address)
    said = words("{who} gets no more messages.", who=shown)
    if before.data:
        since = times.words_of(before.data[0].created_at, visit.account.timezone, visit.language)
        said = words("{who} stood on the list already, since {when}.", who=shown, when=since)
    return to(visit, AT, said=said, search=address)


class _NoAddress(Invalid):
    """Neither a number nor an address."""


def _typed_address(visit: Visit, text: str) -> str:
    """A number may be written as people of the account's country write it."""
    if "@" in text or not text:
        return text
    try:
        return read_phone(text, visit.account.country)
    except PhoneInvalid:
        told = visit.words(
            "This is no phone number and no e-mail address. Write a number with its country code,"
            " such as +32 470 00 12 34, or an address such as ann@example.com."
        )
        raise _NoAddress(told, field="address") from None


# one less -----------------------------------------------------------------------------------


async def show_remove(visit: Visit) -> Answer:
    return await _remove(visit, visit.query.get("address", ""), _NO_PROBLEMS)


async def _remove(visit: Visit, address: str, problems: Problems) -> Answer:
    """Says who opted out, when and how, before anybody undoes that."""
    found = await visit.read(v4.LIST, address=address)
    if not found.data:
        return to(visit, AT, said=visit.words("This one is not on the list any more."))
    return await page(
        visit,
        "optout_remove",
        title=visit.words("Take {who} off the list?", who=recipient(visit, address)),
        at=AT,
        status=422 if problems else 200,
        address_of=address,
        who=recipient(visit, address),
        rows=found.data,
        means=MEANS,
        is_own_wish=any(one.source != "shop" for one in found.data),
        problems=problems,
        yes=sure.YES,
        once=secrets.token_urlsafe(9),
    )


async def remove(visit: Visit) -> Answer:
    words, typed = visit.words, visit.typed
    address = typed.text("address")
    if not typed.is_ticked(sure.YES):
        return to(visit, f"{AT}/remove", address=address)
    try:
        given = {"address": address, "reason": typed.text("reason")}
        await visit.do(v4.REMOVE, given, once=typed.text("once"))
    except NotFound:
        return to(visit, AT, said=words("This one is not on the list any more."))
    except (Invalid, Conflict) as error:
        return await _remove(visit, address, problems_of(words, error))
    return to(visit, AT, said=words("{who} may get messages again.", who=recipient(visit, address)))


# all of it ----------------------------------------------------------------------------------

_WHO = (phrase("Phone number"), phrase("E-mail address"))
HEADING = (phrase("Since"), phrase("How"), phrase("Reason"), phrase("Messages"), phrase("Campaign"))
_BY = {"sms": phrase("By SMS"), "email": phrase("By e-mail")}
_PLAIN = re.compile(r"[^a-z0-9]+")


async def export(visit: Visit) -> Answer:
    """What the list shows with these filters, every page of it; the audit log says who took it."""
    asked = asked_of(visit)
    _check(visit, asked)
    first = await visit.read(v4.LIST, **asked.filters, order="newest", limit=LOT)
    await patiently(_note(visit, asked))
    return downloads.streamed(_file_name(visit, asked), _head(visit), _lots(visit, asked, first))


def _head(visit: Visit) -> list[str]:
    """The first is one by which an import knows its column."""
    words = visit.words
    since, *others = (words(name) for name in HEADING)
    who = " / ".join(words(name) for name in _WHO)
    return [who, f"{since} ({visit.account.timezone})", *others]


async def _note(visit: Visit, asked: Asked) -> None:
    told: dict[str, Any] = {n: v for n, v in asked.filters.items() if n != "search"}
    if asked.search:
        told["search"] = True
    async with visit.services.db.transaction() as db:
        await visit.call(v4.LIST, {}).note(db, "suppression.export", after=told or {"all": True})


async def _lots(visit: Visit, asked: Asked, found: Any) -> AsyncIterator[Sequence[downloads.Row]]:
    yield [_line(visit, row) for row in found.data]
    while found.next_cursor:
        found = await visit.read(
            v4.LIST, **asked.filters, order="newest", limit=LOT, cursor=found.next_cursor
        )
        yield [_line(visit, row) for row in found.data]


def _line(visit: Visit, row: shapes.Suppression) -> downloads.Row:
    """A time as spreadsheets read it, on the account's clock."""
    words = visit.words
    campaign = row.about.name if row.about and row.source != "shop" else ""
    since = f"{times.clock_of(row.created_at, visit.account.timezone):%Y-%m-%d %H:%M:%S}"
    address = row.address if is_address(row.address) else ""
    reason = words(row.reason) if row.reason else ""
    return (address, since, words(NAMES[row.source]), reason, words(_BY[row.channel]), campaign)


def _file_name(visit: Visit, asked: Asked) -> str:
    day = times.clock_of(visit.now, visit.account.timezone).date().isoformat()
    search = _PLAIN.sub("-", asked.search.lower()).strip("-")[:40]
    return "-".join(filter(None, ("opt-outs", asked.source, asked.channel, search, day)))


SCREENS = (
    Screen(path=AT, right=Right.PEOPLE, act=show),
    Screen(path=f"{AT}/new", right=Right.PEOPLE, act=show_new),
    Screen(method="POST", path=f"{AT}/new", right=Right.PEOPLE, act=add),
    Screen(path=f"{AT}/remove", right=Right.LIFT, act=show_remove),
    Screen(method="POST", path=f"{AT}/remove", right=Right.LIFT, act=remove),
    Screen(path=f"{AT}/export.csv", right=Right.EXPORT, act=export),
)
