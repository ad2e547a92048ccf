"""A list of coupons as a file: exactly what its filters find, read page by page as the list is, and
sent as it is read. Who takes longer than five minutes is cut off (`kit/clients.py`)."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from tearoff.accounts.rights import Right
from tearoff.api.v4 import campaigns as v4_campaigns
from tearoff.api.v4 import sessions_found as v4
from tearoff.api.v4.fields import BadFields
from tearoff.api.v4.pages import MOST, Page
from tearoff.errors import Invalid
from tearoff.kit import times
from tearoff.kit.words import phrase
from tearoff.web.dashboard import downloads, standings
from tearoff.web.dashboard.coupons_list import AT, CHANNELS, NAMES, Asked, asked_of, show_asked
from tearoff.web.dashboard.saying import problems_of
from tearoff.web.dashboard.screens import TOKEN, Screen
from tearoff.web.dashboard.visit import Visit
from tearoff.web.paper.html import Answer

ALL, SOME = "all", "filtered"
"""Which of them the form says that it asks for: a filter that got lost must never mean all."""
_FORM = {TOKEN, "back", "of", "page", *NAMES}

COLUMNS = (
    phrase("Code"), phrase("Campaign"), phrase("State"), phrase("First name"), phrase("Last name"),
    phrase("Phone number"), phrase("E-mail address"), phrase("Your own tag"),
    phrase("Your own code"), phrase("Sent by"), phrase("Handed out"), phrase("Sent"),
    phrase("Opened"), phrase("Activated"), phrase("Redeemed"), phrase("Place"), phrase("Value"),
    phrase("Money spent"), phrase("Ends"),
)  # fmt: skip


async def export(visit: Visit) -> Answer:
    asked = await _asked(visit)
    if asked is None:
        raise Invalid(visit.words("The filter of this file could not be read."))
    try:
        first = await _read(visit, asked, None)
    except BadFields as bad:
        return await show_asked(visit, asked, problems_of(visit.words, bad))
    return downloads.streamed(
        file_name(visit, asked),
        _head(visit),
        _lots(visit, asked, first),
        partial(_note, visit, asked),
    )


async def _asked(visit: Visit) -> Asked | None:
    """None where the form does not say what it asks for, or says something else than it sends."""
    typed, names = visit.typed, set(visit.typed.values)
    values = {name: typed.text(name) for name in NAMES}
    given = any(values.values())
    if names - _FORM or typed.text("of") != (SOME if given else ALL):
        return None
    page = typed.text("page")
    if not page:
        return asked_of(values)
    campaign = await visit.read(v4_campaigns.GET, id=int(page)) if page.isdecimal() else None
    return campaign and asked_of(values, campaign)


async def _read(visit: Visit, asked: Asked, cursor: str | None) -> Page[v4.FoundSession]:
    given = asked.given(visit.account.timezone)
    found: Page[v4.FoundSession] = await visit.read(v4.LIST, **given, limit=MOST, cursor=cursor)
    return found


async def _lots(
    visit: Visit, asked: Asked, page: Page[v4.FoundSession]
) -> AsyncIterator[Sequence[downloads.Row]]:
    """`page`: the first, which was read before anything was sent."""
    while True:
        if page.data:
            yield [_cells(visit, row) for row in page.data]
        if page.next_cursor is None:
            return
        page = await _read(visit, asked, page.next_cursor)


async def _note(visit: Visit, asked: Asked, rows: int, is_whole: bool) -> None:
    """Who took how much by which filter. What was searched for may be a person's name or number:
    only that something was stands there."""
    filters = {name: "…" if name == "search" else v for name, v in asked.filters.items()}
    call = visit.call(v4.LIST, {})
    after = {"filter": filters, "rows": rows, "is_whole": is_whole}
    await call.note(visit.services.db, "session.export", after=after, subject=str(visit.account.id))


def file_name(visit: Visit, asked: Asked) -> str:
    """Such as `coupons-campaign-100001-validated-from-2026-11-01-made-2026-11-30`: which
    filters, and the day on which it was made."""
    told = [
        {"search": "searched", "differs": "differing", "campaign": f"campaign-{text}",
         "location": f"place-{text}", "from": f"from-{text}", "until": f"until-{text}"}
        .get(name, text)
        for name, text in asked.filters.items()
    ]  # fmt: skip
    day = times.clock_of(visit.now, visit.account.timezone).date().isoformat()
    name = "-".join(("coupons", *(told or ["all"]), f"made-{day}"))
    return re.sub(r"[^A-Za-z0-9-]+", "-", name)[:150]


def _head(visit: Visit) -> list[str]:
    """Whose clock the times are of stands at the first of them."""
    words = visit.words
    named = [words(name) for name in COLUMNS]
    named[10] = f"{named[10]} ({visit.account.timezone})"
    return named


def _cells(visit: Visit, row: v4.FoundSession) -> list[str]:
    customer, words = row.customer, visit.words
    moments = (row.created_at, row.sent_at, row.opened_at, row.claimed_at, row.validated_at)
    at = [_clock(visit, moment) for moment in moments]
    cells: list[Any] = [
        row.short_code.upper(), row.campaign_name, words(standings.of_coupon(row.state).name),
        customer.firstname, customer.lastname, customer.phone, customer.email, row.customid,
        row.validation_code, words(CHANNELS[row.channel]) if row.channel in CHANNELS else "", *at,
        row.location_name, row.value, row.validation_value, _clock(visit, row.expires_at),
    ]  # fmt: skip
    return [cell or "" for cell in cells]


def _clock(visit: Visit, at: datetime | None) -> str:
    """As spreadsheets read a time, on the account's clock."""
    return "" if at is None else f"{times.clock_of(at, visit.account.timezone):%Y-%m-%d %H:%M:%S}"


SCREENS = (Screen(method="POST", path=f"{AT}/export", right=Right.EXPORT, act=export),)
