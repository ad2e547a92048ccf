"""The coupons that were handed out, of all campaigns or of one: searched, filtered, page by page.
All that is asked for stands in the address."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

import msgspec

from tearoff.accounts.rights import Right
from tearoff.api.v4 import campaigns as v4_campaigns
from tearoff.api.v4 import locations as v4_locations
from tearoff.api.v4 import sessions_found as v4
from tearoff.api.v4.campaign_shapes import Campaign
from tearoff.api.v4.fields import BadFields
from tearoff.api.v4.pages import MOST
from tearoff.coupons.sessions.sought import LEAST_END, LEAST_NAME, read_sought
from tearoff.coupons.sessions.standing import STANDINGS
from tearoff.kit.times import zone_of
from tearoff.kit.words import phrase
from tearoff.web.dashboard import standings
from tearoff.web.dashboard.pages import page
from tearoff.web.dashboard.saying import Problems, problems_of
from tearoff.web.dashboard.screens import Screen
from tearoff.web.dashboard.visit import Visit
from tearoff.web.paper.html import Answer

AT = "/coupons"
ROWS = 50
NAMES = tuple(field.name for field in v4.FILTERS)
CHANNELS = {
    "sms": phrase("By SMS"),
    "email": phrase("By e-mail"),
    "link": phrase("Without a message"),
}


class Asked(msgspec.Struct, frozen=True):
    """What a list or a file is asked for: by the names of v4's filters, as it was typed; nothing is
    empty. `of`: the campaign on whose page it stands."""

    filters: Mapping[str, str]
    of: Campaign | None = None

    @property
    def path(self) -> str:
        return AT if self.of is None else f"/campaigns/{self.of.id}/coupons"

    @property
    def fields(self) -> dict[str, str]:
        """All of them, for a form."""
        return dict.fromkeys(NAMES, "") | dict(self.filters)

    @property
    def chosen(self) -> dict[str, str]:
        """What somebody has chosen here."""
        return {n: v for n, v in self.filters.items() if self.of is None or n != "campaign"}

    def given(self, zone: str) -> dict[str, str]:
        """As v4 takes them: days are those of the account's clock, the last one is whole."""
        given = dict(self.filters)
        for name, days in (("from", 0), ("until", 1)):
            if name in given:
                given[name] = _midnight(given[name], zone, days)
        return given


def asked_of(values: Mapping[str, str], of: Campaign | None = None) -> Asked:
    typed = {name: values.get(name, "").strip() for name in NAMES}
    typed["search"] = typed["search"] or values.get("q", "").strip()
    if of is not None:
        typed["campaign"] = str(of.id)
    return Asked({name: text for name, text in typed.items() if text}, of)


def _midnight(text: str, zone: str, days: int) -> str:
    """At which a day begins; what is none stays as it is, for its field to refuse."""
    try:
        day = date.fromisoformat(text if len(text) == 10 else "") + timedelta(days=days)
        return datetime.combine(day, time(), zone_of(zone)).isoformat()
    except (ValueError, OverflowError):
        return text


async def show(visit: Visit) -> Answer:
    return await show_asked(visit, asked_of(visit.query))


async def show_of_campaign(visit: Visit) -> Answer:
    return await show_asked(visit, asked_of(visit.query, await _campaign(visit, visit.path["id"])))


async def show_asked(visit: Visit, asked: Asked, problems: Problems | None = None) -> Answer:
    cursor, found = visit.query.get("cursor") or None, None
    problems = problems or _turned_round(visit, asked)
    if not problems:
        try:
            given = asked.given(visit.account.timezone)
            found = await visit.read(v4.LIST, **given, limit=ROWS, cursor=cursor)
        except BadFields as bad:
            problems = problems_of(visit.words, bad)
    rows, after = (found.data, found.next_cursor) if found else ([], None)
    sees_people = standings.sees_people(visit)
    return await page(
        visit,
        "coupons_list",
        title=visit.words("Coupons handed out"),
        at=AT if asked.of is None else "/campaigns",
        status=422 if problems else 200,
        asked=asked,
        rows=[_row(visit, row) for row in rows],
        problems=problems,
        choices=await _choices(visit, asked),
        more=_more(visit, asked),
        channels=CHANNELS,
        hint=_missing(visit, asked) if sees_people else "",
        sees_people=sees_people,
        may_export=visit.may(Right.EXPORT),
        is_cut=after is not None and len(rows) < ROWS,
        first=visit.address(asked.path, **asked.chosen) if cursor else "",
        next=visit.address(asked.path, **asked.chosen, cursor=after) if after else "",
    )


def _turned_round(visit: Visit, asked: Asked) -> Problems:
    """Days that end before they begin are a slip: nothing found would look like an answer."""
    first, last = (_day(asked.filters.get(name, "")) for name in ("from", "until"))
    if first and last and last < first:
        return Problems({"until": visit.words("The last day is before the first one.")})
    return Problems()


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _row(visit: Visit, row: v4.FoundSession) -> dict[str, Any]:
    sees_people, customer = standings.sees_people(visit), row.customer
    names = (customer.firstname, customer.lastname)
    return {
        "row": row,
        "standing": standings.of_coupon(row.state),
        "to": standings.recipient(visit, customer.phone or customer.email),
        "name": " ".join(filter(None, names)) if sees_people else "",
        "tag": row.customid if sees_people else "",
        "address": visit.address(f"/coupons/{row.short_code}"),
    }


def _more(visit: Visit, asked: Asked) -> bool:
    """Whether a filter beside the search is set: then they stand open."""
    return bool(asked.chosen.keys() - {"search"})


def _missing(visit: Visit, asked: Asked) -> str:
    """What has to be typed besides before a part of something is found."""
    text = asked.filters.get("search", "")
    if not text or not read_sought(text, visit.account.country).is_short:
        return ""
    return visit.words(
        "This is short: it was looked for as a whole code or tag only. By their end, numbers are"
        " found from {digits} digits on; names from {letters} letters on.",
        digits=LEAST_END,
        letters=LEAST_NAME,
    )


async def _choices(visit: Visit, asked: Asked) -> dict[str, list[tuple[str, str]]]:
    """What may be chosen in each filter."""
    words = visit.words
    states = [(state, words(standings.of_coupon(state).name)) for state in STANDINGS]
    channels = [(key, words(name)) for key, name in CHANNELS.items()]
    found = {
        "state": [("", words("Any state")), *states],
        "channel": [("", words("Any way")), *channels],
        "location": [("", words("Any place")), *await _places(visit, asked)],
    }
    if asked.of is None:
        found["campaign"] = [("", words("Any campaign")), *await _campaigns(visit, asked)]
    return found


async def _campaigns(visit: Visit, asked: Asked) -> list[tuple[str, str]]:
    """The newest, and the one that is chosen."""
    listed = await visit.read(v4_campaigns.LIST, sort="-created", limit=MOST)
    return _with_chosen([(str(c.id), c.name) for c in listed.data], asked.filters.get("campaign"))


async def _places(visit: Visit, asked: Asked) -> list[tuple[str, str]]:
    listed = await visit.read(v4_locations.LIST, limit=MOST)
    return _with_chosen([(str(p.id), p.name) for p in listed.data], asked.filters.get("location"))


def _with_chosen(choices: list[tuple[str, str]], chosen: str | None) -> list[tuple[str, str]]:
    """What the address asks for stands there, whether or not it is among the first."""
    if chosen is None or chosen in dict(choices):
        return choices
    return [(chosen, chosen), *choices]


async def _campaign(visit: Visit, campaign_id: int) -> Campaign:
    found: Campaign = await visit.read(v4_campaigns.GET, id=campaign_id)
    return found


SCREENS = (
    Screen(path=AT, right=Right.LOOK, act=show),
    Screen(path="/campaigns/{id:int}/coupons", right=Right.LOOK, act=show_of_campaign),
)
