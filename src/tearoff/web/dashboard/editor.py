"""A campaign's editor: its tabs, saving one of them, and putting the campaign to work."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import msgspec

from tearoff.accounts.rights import Right
from tearoff.coupons.campaigns import catalogue, publishing
from tearoff.coupons.campaigns.catalogue import ChangedMeanwhile
from tearoff.coupons.campaigns.publishing import NotReady
from tearoff.errors import Conflict, Invalid
from tearoff.kit.words import phrase
from tearoff.web.dashboard import editor_asides as asides
from tearoff.web.dashboard.editor_conflicts import (
    Clash,
    base_of,
    base_text,
    chosen,
    clash_of,
    merge,
)
from tearoff.web.dashboard.editor_drafts import Kept, forget, kept_draft
from tearoff.web.dashboard.editor_rows import changed_rows, compacted, has_row_act
from tearoff.web.dashboard.editor_tabs import (
    TABS,
    Tab,
    given_of,
    label_of,
    problems_at_rows,
    shown_values,
)
from tearoff.web.dashboard.forms import Typed, integer_of, whole_number
from tearoff.web.dashboard.operations import operation
from tearoff.web.dashboard.pages import OURS, page, to
from tearoff.web.dashboard.saying import Problems
from tearoff.web.dashboard.screens import Screen
from tearoff.web.dashboard.typed_values import keys_of, plain
from tearoff.web.dashboard.visit import Visit
from tearoff.web.paper.html import Answer
from tearoff.web.paper.reading import patiently

GET, UPDATE = "GET /v4/campaigns/{id}", "PATCH /v4/campaigns/{id}"
PUBLISH = "POST /v4/campaigns/{id}/publish"
_PLACES = "PUT /v4/campaigns/{id}/locations"

Campaign = dict[str, Any]
Given = dict[str, Any]

BADGES = {
    "draft": ("dull", phrase("Draft")),
    "scheduled": ("info", phrase("Scheduled")),
    "active": ("ok", phrase("Active")),
    "paused": ("warn", phrase("Paused")),
    "ended": ("dull", phrase("Ended")),
    "archived": ("dull", phrase("Archived")),
}


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """What a tab is printed with beside the campaign: what stands in its fields, what is wrong with
    it, what was decided by others meanwhile."""

    typed: Typed
    problems: Problems = Problems()
    draft: Kept | None = None
    is_taken: bool = False
    is_changed: bool = False
    clashes: tuple[Clash, ...] = ()
    status: int = 200


async def campaign_of(visit: Visit) -> Campaign:
    """As v4 tells it, with its moments as such. Raises `CampaignNotFound`."""
    found: Campaign = plain(await visit.read(operation(GET), id=visit.path["id"]))
    return found


async def show(visit: Visit, tab: Tab) -> Answer:
    campaign = await campaign_of(visit)
    draft = await kept_draft(visit, campaign["id"]) if visit.may(Right.EDIT) else None
    is_taken = draft is not None and bool(visit.query.get("draft"))
    typed = visit.typed if visit.typed.values else None
    if typed is None and draft is not None and is_taken:
        typed = draft.typed(tab)
    stored = Typed(shown_values(tab, campaign))
    shown = Shown(
        typed=typed or stored, draft=draft, is_taken=is_taken, is_changed=typed is not None
    )
    return await print_tab(visit, tab, campaign, shown)


async def save(visit: Visit, tab: Tab) -> Answer:
    """Only this tab's fields are saved. Rows are added and taken away without saving."""
    campaign, typed = await campaign_of(visit), visit.typed
    given = given_of(tab, typed, campaign["timezone"])
    if has_row_act(typed):
        shown = Shown(typed=changed_rows(tab, typed, given), is_changed=True)
        return await print_tab(visit, tab, campaign, shown)
    if tab.key == "message" and typed.has("count"):
        shown = Shown(typed=asides.replaced(typed), is_changed=True)
        return await print_tab(visit, tab, campaign, shown)
    try:
        others = await _saved(visit, tab, campaign, chosen(given, typed))
        await _save_places(visit, tab)
    except _Clashed as clashed:
        return await print_tab(visit, tab, clashed.campaign, clashed.shown)
    except (Invalid, Conflict) as error:
        problems = problems_at_rows(visit.words, error)
        typed = compacted(tab, typed, given)
        shown = Shown(typed=typed, problems=problems, is_changed=True, status=422)
        return await print_tab(visit, tab, campaign, shown)
    if not typed.is_ticked("held"):  # a draft that was offered and not taken up stays
        await forget(visit, [tab])
    told = [_told_saved(visit, others), *_told_reach(visit, tab, campaign, given)]
    return to(visit, f"/campaigns/{campaign['id']}{tab.path}", " ".join(told))


def _told_saved(visit: Visit, others: tuple[str, ...]) -> str:
    if not others:
        return visit.words("Saved.")
    names = ", ".join(label_of(visit.words, name) for name in others)
    return visit.words("Saved. What somebody else changed meanwhile stays: {fields}.", fields=names)


def _told_reach(visit: Visit, tab: Tab, before: Campaign, given: Given) -> list[str]:
    """What was changed just now for whoever has a coupon already."""
    if not before["issued"]:
        return []
    stood = given_of(tab, Typed(shown_values(tab, before)), before["timezone"])
    changed = [name for name in given if given[name] != stood.get(name)]
    return [visit.words(text) for text in publishing.reach_of(changed)]


class _Clashed(Exception):
    """Somebody else changed the same fields."""

    def __init__(self, campaign: Campaign, shown: Shown) -> None:
        super().__init__()
        self.campaign, self.shown = campaign, shown


async def _saved(visit: Visit, tab: Tab, campaign: Campaign, given: Given) -> tuple[str, ...]:
    """Names of the fields that others changed meanwhile and that stay. Raises `_Clashed`."""
    version = _version(visit, campaign)
    others: tuple[str, ...] = ()
    for _ in range(3):
        try:
            await visit.do(
                operation(UPDATE), {"id": str(campaign["id"]), **given, "version": version}
            )
        except ChangedMeanwhile:
            campaign = await campaign_of(visit)
            given, others = _merged(visit, tab, campaign, given)
            version = campaign["version"]
        else:
            return others
    raise ChangedMeanwhile(
        await catalogue.entry(visit.services.db, visit.account.id, campaign["id"])
    )


def _merged(
    visit: Visit, tab: Tab, campaign: Campaign, given: Given
) -> tuple[Given, tuple[str, ...]]:
    """What only one of both changed needs no question."""
    stored = Typed(shown_values(tab, campaign))
    now, base = given_of(tab, stored, campaign["timezone"]), base_of(visit.typed)
    found = merge(given, base, now)
    if not found.clashes:
        return found.mine, found.theirs
    words = visit.words
    clashes = tuple(clash_of(words, n, given[n], now[n]) for n in found.clashes)
    values = shown_values(tab, campaign)
    for name in (*found.mine, *found.clashes):
        values = _with_field(values, compacted(tab, visit.typed, given).values, name)
    shown = Shown(typed=Typed(values), clashes=clashes, is_changed=True, status=409)
    raise _Clashed(campaign, shown)


def _with_field(values: Mapping[str, Any], typed: Mapping[str, Any], name: str) -> Any:
    """The values with those of one field as somebody typed them."""

    def is_of(key: str) -> bool:
        plain_key = key.removeprefix("has.")
        unit = name == "pause_seconds" and key == "pause_unit"
        return plain_key == name or plain_key.startswith(f"{name}.") or unit

    kept = {key: value for key, value in values.items() if not is_of(key)}
    return kept | {key: value for key, value in typed.items() if is_of(key)}


def _version(visit: Visit, campaign: Campaign) -> int:
    text = visit.typed.text("version")
    version = whole_number(text) if len(text) < 10 else None
    return campaign["version"] if version is None else version


async def _save_places(visit: Visit, tab: Tab) -> None:
    """Where it is taken in is not a field of the campaign."""
    if tab.key != "validation" or not visit.typed.has("places"):
        return
    texts = visit.typed.texts("places")
    places = [integer_of(text) for text in texts]
    given = {"id": str(visit.path["id"]), "locations": places}
    await visit.do(operation(_PLACES), given)


# how it is printed --------------------------------------------------------------------------


async def print_tab(visit: Visit, tab: Tab, campaign: Campaign, shown: Shown) -> Answer:
    words, typed = visit.words, shown.typed
    visit = msgspec.structs.replace(visit, typed=typed)
    base = given_of(tab, Typed(shown_values(tab, campaign)), campaign["timezone"])
    more = await asides.of_tab(visit, tab, campaign)
    return await page(
        visit,
        tab.template,
        title=campaign["name"],
        at="/campaigns",
        status=shown.status,
        c=campaign,
        tab=tab,
        tabs=TABS,
        labels={name: label_of(words, name) for name in shown.problems.fields},
        label=partial(label_of, words),
        rows=partial(keys_of, typed),
        version=typed.text("version") or campaign["version"],
        base=typed.text("base") or base_text(base),
        badge=badge_of(visit, campaign),
        may_edit=visit.may(Right.EDIT),
        root=visit.address(f"/campaigns/{campaign['id']}"),
        script=OURS.address("editor.js"),
        crop_script=OURS.address("crop.js"),
        **asides.of_preview(visit, tab, campaign),
        problems=shown.problems,
        draft=shown.draft,
        is_taken=shown.is_taken,
        is_changed=shown.is_changed,
        clashes=shown.clashes,
        **more,
    )


def badge_of(visit: Visit, campaign: Campaign) -> tuple[str, str]:
    kind, told = BADGES[standing_of(visit, campaign)]
    return kind, visit.words(told)


def standing_of(visit: Visit, campaign: Campaign) -> str:
    """Its status, or what its dates make of an active one."""
    status: str = campaign["status"]
    starts, ends = campaign["starts_at"], campaign["expires_at"]
    if status == "active" and ends is not None and ends <= visit.now:
        return "ended"
    if status == "active" and starts is not None and starts > visit.now:
        return "scheduled"
    return status


# putting it to work -------------------------------------------------------------------------

_TO = {
    "paused": phrase("It is paused: its coupons cannot be used until you go on."),
    "active": phrase("It goes on: its coupons can be used again."),
    "archived": phrase("It is archived."),
    "draft": phrase("It is a draft again."),
}


async def set_status(visit: Visit) -> Answer:
    status = visit.typed.text("to")
    path = f"/campaigns/{visit.path['id']}"
    if status == "active":
        return await publish(visit)
    if status not in _TO:
        return to(visit, path)
    try:
        await visit.do(operation(UPDATE), {"id": str(visit.path["id"]), "status": status})
    except (Invalid, Conflict):  # something that an older version took, and is refused today
        return await show_check(visit, status=422)
    return to(visit, path, visit.words(_TO[status]))


async def publish(visit: Visit) -> Answer:
    path = f"/campaigns/{visit.path['id']}"
    was = (await campaign_of(visit))["status"]
    try:
        await visit.do(operation(PUBLISH), {"id": str(visit.path["id"])})
    except (NotReady, Invalid):
        return await show_check(visit, status=422)
    told = _TO["active"] if was != "draft" else phrase("It is published: coupons can go out now.")
    return to(visit, path, visit.words(told))


async def show_check(visit: Visit, *, status: int = 200) -> Answer:
    """What the campaign still lacks, each with the way to its field."""
    campaign, db = await campaign_of(visit), visit.services.db
    entry = await patiently(catalogue.entry(db, visit.account.id, campaign["id"]))
    facts = await patiently(publishing.facts_of(db, visit.account.id, campaign["id"]))
    findings = publishing.missing(entry, facts, visit.now)
    draft = await kept_draft(visit, campaign["id"])
    return await page(
        visit,
        "editor_check",
        title=visit.words("Publish {name}", name=campaign["name"]),
        at="/campaigns",
        status=status,
        c=campaign,
        badge=badge_of(visit, campaign),
        needed=[_finding(visit, f) for f in findings if f.needed],
        advice=[_finding(visit, f) for f in findings if not f.needed],
        draft=draft,
        root=visit.address(f"/campaigns/{campaign['id']}"),
    )


def _finding(visit: Visit, finding: publishing.Finding) -> tuple[str, str, str]:
    """Where it is put right, that place's name, and the sentence."""
    key = "" if finding.tab == publishing.CONTENT else finding.tab
    field = {"code": "code_source"}.get(finding.field, finding.field)
    href = visit.address(f"/campaigns/{visit.path['id']}{f'/{key}' if key else ''}")
    words = visit.words
    text = words(finding.text).format(**{n: words(str(v)) for n, v in finding.places.items()})
    return f"{href}#f-{field}", label_of(words, field), text


_TABS = "/campaigns/{id:int}"
SCREENS = (
    *(Screen(path=_TABS + tab.path, right=Right.LOOK, act=partial(show, tab=tab)) for tab in TABS),
    *(
        Screen(method="POST", path=_TABS + tab.path, right=Right.EDIT, act=partial(save, tab=tab))
        for tab in TABS
    ),
    Screen(path=_TABS + "/publish", right=Right.EDIT, act=show_check),
    Screen(method="POST", path=_TABS + "/publish", right=Right.EDIT, act=publish),
    Screen(method="POST", path=_TABS + "/status", right=Right.EDIT, act=set_status),
)
