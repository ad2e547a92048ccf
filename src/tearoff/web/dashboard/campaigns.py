"""The list of campaigns: searched, filtered, sorted; and what is done to one of them in its row.
Nothing here causes a message."""

from __future__ import annotations

import secrets
from datetime import datetime
from urllib.parse import parse_qsl

import msgspec
from babel.dates import format_date

from tearoff.accounts.rights import Right
from tearoff.api.v4 import campaigns as v4
from tearoff.api.v4 import campaigns_together as together
from tearoff.api.v4 import templates
from tearoff.api.v4.campaign_shapes import Campaign
from tearoff.coupons.campaigns.listing import SORTS, STATES
from tearoff.errors import Conflict, Invalid
from tearoff.kit import times
from tearoff.kit.words import phrase
from tearoff.web.dashboard.pages import page, to
from tearoff.web.dashboard.saying import problems_of
from tearoff.web.dashboard.screens import Act, Screen
from tearoff.web.dashboard.visit import Visit
from tearoff.web.paper.html import Answer

AT = "/campaigns"
PAGE = 50
NEWEST = "-created"
STATE_NAMES = {
    v4.LIVE: phrase("All"),
    "active": phrase("Active"),
    "scheduled": phrase("Scheduled"),
    "paused": phrase("Paused"),
    "draft": phrase("Drafts"),
    "ended": phrase("Ended"),
    "archived": phrase("Archived"),
}
BADGES = {
    "active": ("ok", phrase("Active")),
    "scheduled": ("info", phrase("Scheduled")),
    "paused": ("warn", phrase("Paused")),
    "draft": ("dull", phrase("Draft")),
    "ended": ("dull", phrase("Ended")),
    "archived": ("dull", phrase("Archived")),
}


class Asked(msgspec.Struct, frozen=True):
    """What the address asks the list for."""

    search: str
    state: str
    sort: str

    @property
    def filters(self) -> dict[str, str]:
        """By v4's names: never empty."""
        return {"state": self.state, **({"search": self.search} if self.search else {})}

    def address(self, visit: Visit, **changed: str) -> str:
        told = {
            "search": self.search,
            "state": "" if self.state == v4.LIVE else self.state,
            "sort": "" if self.sort == NEWEST else self.sort,
        }
        return visit.address(AT, **{**told, **changed})


def asked_of(visit: Visit) -> Asked:
    state, sort = visit.query.get("state", v4.LIVE), visit.query.get("sort", NEWEST)
    return Asked(
        visit.query.get("search", "").strip()[:100],
        state if state in STATES else v4.LIVE,
        sort if sort in SORTS else NEWEST,
    )


async def show(visit: Visit) -> Answer:
    asked, cursor = asked_of(visit), visit.query.get("cursor")
    given = {**asked.filters, "sort": asked.sort, "limit": PAGE, "cursor": cursor}
    try:
        found = await visit.read(v4.LIST, **given)
    except Invalid:  # a page of another order, or a search that no list can be asked for
        return to(visit, AT)
    is_whole = not cursor and not found.next_cursor
    total = len(found.data) if is_whole else await count_of(visit, asked.filters)
    return await page(
        visit,
        "campaigns",
        title=visit.words("Campaigns"),
        at=AT,
        asked=asked,
        rows=[(one, state_of(one, visit.now)) for one in found.data],
        total=total,
        is_whole=is_whole,
        matching=msgspec.json.encode(asked.filters).decode(),
        states=[(key, visit.words(name)) for key, name in STATE_NAMES.items()],
        states_by=STATE_NAMES,
        badges=BADGES,
        once=secrets.token_urlsafe(9),
        next_cursor=found.next_cursor,
        is_first=not cursor,
        may_edit=visit.may(Right.EDIT),
        may_send=visit.may(Right.SEND),
        kept=asked.address(visit, cursor=cursor or ""),
    )


async def count_of(visit: Visit, filters: dict[str, str]) -> int:
    found: together.Matching = await visit.read(together.COUNT, **filters)
    return found.count


def state_of(campaign: Campaign, now: datetime) -> str:
    """As the list's filter calls it."""
    if campaign.status != "active":
        return campaign.status
    if campaign.expires_at is not None and campaign.expires_at <= now:
        return "ended"
    is_to_come = campaign.starts_at is not None and campaign.starts_at > now
    return "scheduled" if is_to_come else "active"


def back_to_list(visit: Visit, said: str, mark: int | None = None) -> Answer:
    """To the list as it stood, with the row marked."""
    told = dict(parse_qsl(list_address(visit).partition("?")[2]))
    names = ("search", "state", "sort", "cursor")
    kept = {name: told[name] for name in names if name in told}
    return to(visit, AT + (f"#campaign-{mark}" if mark else ""), said=said, **kept)


def list_address(visit: Visit) -> str:
    """Of the list from which the form was sent, as it stood."""
    came, base = visit.typed.text("back"), visit.address(AT)
    return came if came.startswith(f"{base}?") else base


def _change(status: str, done: str) -> Act:
    """Of one row. `done` is said where it was done, with its name."""

    async def act(visit: Visit) -> Answer:
        words, campaign = visit.words, await campaign_of(visit)
        given = {"status": status, "campaigns": [campaign.id]}
        changed = await visit.do(together.TOGETHER, given)
        said = done if changed.changed else phrase("{name} stayed as it was.")
        return back_to_list(visit, words(said, name=campaign.name), campaign.id)

    return act


async def bring_back(visit: Visit) -> Answer:
    """From the archive: paused, so that nothing begins by itself."""
    words, campaign = visit.words, await campaign_of(visit)
    if campaign.status == "archived":
        given = {"id": campaign.id, "status": "paused", "version": campaign.version}
        await visit.do(v4.UPDATE, given)
    said = words("{name} is back: it is paused.", name=campaign.name)
    return to(visit, f"{AT}#campaign-{campaign.id}", said=said)


async def save_template(visit: Visit) -> Answer:
    words, campaign = visit.words, await campaign_of(visit)
    try:
        await visit.do(templates.SAVE_TEMPLATE, {"id": campaign.id})
    except (Invalid, Conflict) as error:
        return back_to_list(visit, problems_of(words, error).without())
    text = words("{name} is kept as a template. You find it under New campaign.",
                 name=campaign.name)  # fmt: skip
    return back_to_list(visit, text, campaign.id)


async def copy(visit: Visit) -> Answer:
    """Goes to the copy. Dates that lay in the past are told for a decision."""
    campaign = await campaign_of(visit)
    try:
        done = await visit.do(templates.COPY, {"id": campaign.id}, once=once_of(visit))
    except (Invalid, Conflict) as error:
        return back_to_list(visit, problems_of(visit.words, error).without())
    return to_started(visit, done)


def to_started(visit: Visit, done: templates.Copied | None) -> Answer:
    """To the editor of a draft that was begun from something."""
    if done is None:  # the same form, sent again
        return to(visit, AT)
    words, made = visit.words, done.campaign
    said = words("{name} is a draft, with no coupons handed out.", name=made.name)
    return to(visit, f"{AT}/{made.id}", said=f"{said} {emptied_in_words(visit, done)}".strip())


def emptied_in_words(visit: Visit, done: templates.Copied) -> str:
    """Which dates lay in the past (complaint 11)."""
    words, names = visit.words, _dates(visit)
    told = [f"{names[field]} ({_day(visit, at)})" for field, at in done.emptied.items()]
    if not told:
        return ""
    return words("Now empty, because it lay in the past: {dates}. Choose anew under Validity.",
                 dates=", ".join(told))  # fmt: skip


def _dates(visit: Visit) -> dict[str, str]:
    words = visit.words
    return {"starts_at": words("the first day"), "expires_at": words("the last day")}


def _day(visit: Visit, at: datetime) -> str:
    clock = times.end_clock(at, visit.account.timezone)
    return format_date(clock.date(), "d MMM y", locale=times.locale_of(visit.language))


def once_of(visit: Visit) -> str:
    """The word of a form that stands in each row of a list."""
    return f"{visit.path['id']}.{visit.typed.text('once')}"


async def campaign_of(visit: Visit) -> Campaign:
    """The campaign that the address names. Raises `CampaignNotFound`."""
    found: Campaign = await visit.read(v4.GET, id=visit.path["id"])
    return found


def _row(name: str, act: Act) -> Screen:
    return Screen(method="POST", path=f"/campaigns/{{id:int}}/{name}", right=Right.EDIT, act=act)


SCREENS = (
    Screen(path="/campaigns", right=Right.LOOK, act=show),
    _row("pause", _change("paused", phrase("{name} is paused: its coupons cannot be used."))),
    _row("resume", _change("active", phrase("{name} is active again."))),
    _row("archive", _change("archived", phrase("{name} is archived. You find it under Archived."))),
    _row("bring-back", bring_back),
    _row("template", save_template),
    _row("copy", copy),
)
