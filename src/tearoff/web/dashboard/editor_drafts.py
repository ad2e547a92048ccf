"""What somebody typed into the editor and has not saved: kept apart by autosave, offered again
when a tab is opened, gone once it is saved or thrown away. Each tab's values are kept under its
name, so that all tabs of a campaign share one draft of one person."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import msgspec

from tearoff.accounts.rights import Right
from tearoff.coupons.campaigns import drafts
from tearoff.coupons.campaigns.drafts import Draft
from tearoff.errors import Invalid, NotFound
from tearoff.web.dashboard.editor_tabs import TABS, Tab, tab_of
from tearoff.web.dashboard.forms import Typed, whole_number
from tearoff.web.dashboard.pages import to
from tearoff.web.dashboard.screens import Screen
from tearoff.web.dashboard.typed_values import Values
from tearoff.web.dashboard.visit import Visit
from tearoff.web.paper.html import Answer, answer
from tearoff.web.paper.reading import patiently

NOT_KEPT = ("t", "back", "tab", "add", "drop", "count", "replace", "taken", "held")
"""Fields of the form that are not kept. Its version and what stood there before are: a draft that
is taken up later meets what others changed since then."""


class Kept(msgspec.Struct, frozen=True):
    """A draft as the editor shows it. `tabs`: those in which something was typed."""

    at: datetime
    version: int
    tabs: tuple[Tab, ...]
    values: dict[str, Values]

    def typed(self, tab: Tab) -> Typed | None:
        found = self.values.get(tab.key)
        return Typed(found) if found else None


async def kept_draft(visit: Visit, campaign_id: int) -> Kept | None:
    found = await patiently(
        drafts.draft_of(visit.services.db, visit.account.id, campaign_id, visit.who.person_id)
    )
    return _kept(found) if found else None


def _kept(draft: Draft) -> Kept | None:
    values: dict[str, Values] = {}
    for name, value in draft.values.items():
        key, _, field = name.partition(":")
        texts = [value] if isinstance(value, str) else list(value)
        values.setdefault(key, {})[field] = texts
    tabs = tuple(tab for tab in TABS if tab.key in values)
    return Kept(draft.saved_at, draft.based_on_version, tabs, values) if tabs else None


async def autosave(visit: Visit) -> Answer:
    """A script sends the form of a tab every now and then. Nothing of it reaches a coupon."""
    tab = tab_of(visit.typed.text("tab"))
    if tab is None:
        raise NotFound
    typed = visit.typed.without(*NOT_KEPT)
    kept = await kept_draft(visit, visit.path["id"])
    values = dict(kept.values) if kept else {}
    values[tab.key] = typed
    try:
        await _keep(visit, values, _version(visit))
    except Invalid:
        return answer(413, [("cache-control", "no-store")])
    return answer(204, [("cache-control", "no-store")])


async def _keep(visit: Visit, values: dict[str, Values], version: int) -> None:
    db, campaign_id, person_id = visit.services.db, visit.path["id"], visit.who.person_id
    named = {f"{key}:{name}": texts for key, one in values.items() for name, texts in one.items()}
    if named:
        done = await patiently(
            drafts.save_draft(
                db, visit.account.id, campaign_id, person_id, named, version, visit.now
            )
        )
        if not done:
            raise NotFound
    else:
        await patiently(drafts.drop_draft(db, visit.account.id, campaign_id, person_id))


def _version(visit: Visit) -> int:
    text = visit.typed.text("version")
    return (whole_number(text) if len(text) < 10 else None) or 0


async def forget(visit: Visit, tabs: Iterable[Tab]) -> None:
    """What was typed on these tabs is saved now, or not wanted."""
    kept = await kept_draft(visit, visit.path["id"])
    if kept is None:
        return
    gone = {tab.key for tab in tabs}
    values = {key: one for key, one in kept.values.items() if key not in gone}
    if len(values) < len(kept.values):
        await _keep(visit, values, kept.version)


async def throw_away(visit: Visit) -> Answer:
    tab = tab_of(visit.typed.text("tab"))
    await forget(visit, TABS)
    path = f"/campaigns/{visit.path['id']}{tab.path if tab else ''}"
    return to(visit, path, visit.words("What you had typed is thrown away."))


SCREENS = (
    Screen(method="POST", path="/campaigns/{id:int}/draft", right=Right.EDIT, act=autosave),
    Screen(method="POST", path="/campaigns/{id:int}/draft/drop", right=Right.EDIT, act=throw_away),
)
