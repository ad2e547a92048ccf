"""The phone beside the editor: a real coupon page with what stands in the form, saved or not. It
stands in a frame of our own pages; nothing in it runs or reports."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from typing import Any

import msgspec

from tearoff.accounts.rights import Right
from tearoff.api.v3.parameters import WrongValue
from tearoff.api.v4.campaigns import changes_of
from tearoff.coupons.campaigns import catalogue
from tearoff.coupons.campaigns.catalogue import Entry
from tearoff.coupons.models import Campaign
from tearoff.errors import TearoffError
from tearoff.kit.words import LANGUAGES
from tearoff.web.coupon.offer import offer
from tearoff.web.coupon.preview_cards import card_path
from tearoff.web.coupon.samples import STATES, sample_page
from tearoff.web.coupon.visits import visit_of
from tearoff.web.dashboard.editor_drafts import kept_draft
from tearoff.web.dashboard.editor_tabs import BY_NAME, TABS, given_of, tab_of
from tearoff.web.dashboard.forms import Typed
from tearoff.web.dashboard.pages import shared
from tearoff.web.dashboard.screens import Screen
from tearoff.web.dashboard.visit import Visit
from tearoff.web.paper.html import Answer, answer, render
from tearoff.web.paper.reading import patiently, reads_gzip

CARD = "card"
_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; base-uri 'none';"
    " form-action 'none'; frame-ancestors 'self'"
)
_HEADERS = [
    ("content-type", "text/html; charset=utf-8"),
    ("cache-control", "private, no-store"),
    ("content-security-policy", _POLICY),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("x-robots-tag", "noindex, nofollow"),
]


async def show_preview(visit: Visit) -> Answer:
    """By GET what is saved, with the draft where the page shows it; by POST what the form has."""
    entry = await patiently(catalogue.entry(visit.services.db, visit.account.id, visit.path["id"]))
    campaign = await _as_typed(visit, entry)
    asked = visit.query | {n: visit.typed.text(f"preview.{n}") for n in _ASKED if _has(visit, n)}
    state, language = asked.get("state", "ready"), asked.get("lang", "")
    if language not in LANGUAGES:
        language = campaign.language
    dark = bool(asked.get("dark"))
    if state == CARD:
        return _print(visit, _card(visit, campaign, language, is_dark=dark))
    text = sample_page(
        visit.request, campaign, state if state in STATES else "ready", language,
        visit.services.vault, visit.now, is_dark=dark, pins=int(entry.has_pins),
    )  # fmt: skip
    return _print(visit, text)


_ASKED = ("state", "lang", "dark")


def _has(visit: Visit, name: str) -> bool:
    return f"preview.{name}" in visit.typed.values or (name == "dark" and bool(visit.typed.values))


def _card(visit: Visit, campaign: Campaign, language: str, *, is_dark: bool) -> str:
    """The link as a message app shows it."""
    seen = visit_of(visit.request, campaign)
    o = offer(campaign, msgspec.structs.replace(seen, language=language, asked=language))
    return render(
        "dashboard/preview_card.html",
        visit.words,
        o=o,
        picture=card_path(campaign),
        host=visit.link_host.partition("//")[2],
        message=campaign.message_text.replace("{link}", "").strip(),
        is_dark=is_dark,
        **shared(visit),
    )


def _print(visit: Visit, text: str) -> Answer:
    body = text.encode("utf-8", "replace")
    if not reads_gzip(visit.request):
        return answer(200, _HEADERS, body)
    packed = gzip.compress(body, 5, mtime=0)
    return answer(200, [*_HEADERS, ("content-encoding", "gzip")], packed)


async def _as_typed(visit: Visit, entry: Entry) -> Campaign:
    """The campaign with what was typed on the tab, and with the draft of the others. What cannot be
    read yet is as it was saved."""
    given: dict[str, Any] = {}
    draft = await kept_draft(visit, entry.campaign.id) if _takes_draft(visit) else None
    for tab in TABS:
        typed: Typed | None = draft.typed(tab) if draft else None
        if tab_of(visit.typed.text("tab", "-")) is tab:
            typed = visit.typed
        if typed is not None:
            given |= given_of(tab, typed, entry.campaign.timezone)
    return await _changed(visit, entry, _readable(given))


def _takes_draft(visit: Visit) -> bool:
    return bool(visit.query.get("draft") or visit.typed.text("taken"))


def _readable(given: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in given.items():
        field = BY_NAME[name]
        if value is None:
            if field.nullable:
                found[name] = None
            continue
        try:
            found[name] = field.read(name, value)
        except WrongValue:
            continue
    return {n: v for n, v in found.items() if n not in ("folder", "category")}


async def _changed(visit: Visit, entry: Entry, given: Mapping[str, Any]) -> Campaign:
    try:
        changes = await patiently(changes_of(visit.services.db, visit.account.id, given))
        values = changes.given(entry.campaign.raw_options)
    except TearoffError:
        return entry.campaign
    known = Campaign.__struct_fields__
    return msgspec.structs.replace(
        entry.campaign, **{name: value for name, value in values.items() if name in known}
    )


_PATH = "/campaigns/{id:int}/preview"
SCREENS = (
    Screen(path=_PATH, right=Right.LOOK, act=show_preview),
    Screen(method="POST", path=_PATH, right=Right.LOOK, act=show_preview),
)
