"""What a campaign still lacks before it goes to people, and which changes reach coupons that
people have already.

Sentences are phrases in English with places, for the door that says them: `said` fills them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

import asyncpg
import msgspec

from tearoff.coupons.campaigns import catalogue, option_rules
from tearoff.coupons.campaigns.catalogue import CampaignChanges, Entry
from tearoff.errors import Conflict
from tearoff.kit.db import Handle
from tearoff.kit.words import phrase
from tearoff.messages.template import LINK

CONTENT, VALIDITY, VALIDATION, LOOK, MESSAGE, FORM = (
    "content", "validity", "validation", "look", "message", "form",
)  # fmt: skip
"""Tabs of the editor."""


class Facts(msgspec.Struct, frozen=True):
    """What is asked beside the campaign itself. `codes_left` of its pool; `has_devices`: whether
    some device is paired with a location that takes it in."""

    codes_left: int = 0
    has_devices: bool = False


class Finding(msgspec.Struct, frozen=True):
    """`field` by its name in v4. Only what is `needed` keeps a campaign from being published; the
    rest is good to know."""

    field: str
    tab: str
    text: str
    needed: bool = True
    places: Mapping[str, Any] = {}

    @property
    def said(self) -> str:
        return self.text.format(**self.places)


class NotReady(Conflict):
    """The campaign lacks something."""

    def __init__(self, findings: list[Finding]) -> None:
        super().__init__(" ".join(finding.said for finding in findings))
        self.findings = findings


async def facts_of(db: Handle, account_id: int, campaign_id: int) -> Facts:
    row = await db.fetchrow(
        "SELECT (SELECT count(*) FROM pool_codes p WHERE p.campaign_id = c.id"
        "  AND p.taken_at IS NULL) AS codes_left,"
        " EXISTS (SELECT FROM devices d JOIN locations l ON l.id = d.location_id"
        "  WHERE d.account_id = c.account_id AND d.removed_at IS NULL AND d.expires_at > now()"
        "  AND l.removed_at IS NULL"
        "  AND (NOT EXISTS (SELECT FROM campaign_locations p WHERE p.campaign_id = c.id)"
        "   OR EXISTS (SELECT FROM campaign_locations p WHERE p.campaign_id = c.id"
        "    AND p.location_id = l.id))) AS has_devices"
        " FROM campaigns c WHERE c.account_id = $1 AND c.id = $2",
        account_id,
        campaign_id,
    )
    return Facts() if row is None else Facts(row["codes_left"], row["has_devices"])


async def publish(
    db: asyncpg.Connection, account_id: int, campaign_id: int, now: datetime, *, by: str = ""
) -> Entry:
    """Let the campaign's coupons be used from now on, or from its first moment. In a transaction.
    Raises `CampaignNotFound` and `NotReady`."""
    changes = CampaignChanges(status="active")
    found = await catalogue.change(db, account_id, campaign_id, changes, now, by=by)
    lacks = missing(found, await facts_of(db, account_id, campaign_id), now)
    if needed := [finding for finding in lacks if finding.needed]:
        raise NotReady(needed)
    return found


def missing(entry: Entry, facts: Facts, now: datetime) -> list[Finding]:
    """In the order of the editor's tabs."""
    looks = (_content, _validity, _validation, _message)
    return [finding for look in looks for finding in look(entry, facts, now)]


def _content(entry: Entry, facts: Facts, now: datetime) -> Iterator[Finding]:
    campaign = entry.campaign
    if not campaign.title.strip():
        yield Finding("title", CONTENT, phrase("Say in a title what the coupon is for."))
    if campaign.picture_id is None:
        text = phrase("There is no picture: the page and the link’s preview show a drawn one.")
        yield Finding("picture", CONTENT, text, needed=False)
    elif not campaign.picture_alt.strip():
        text = phrase("Say what the picture shows, for whoever cannot see it.")
        yield Finding("alt", CONTENT, text, needed=False)


def _validity(entry: Entry, facts: Facts, now: datetime) -> Iterator[Finding]:
    campaign = entry.campaign
    if campaign.has_ended(now):
        yield Finding("expires_at", VALIDITY, phrase("The end lies in the past."))
    if campaign.starts_at and campaign.expires_at and campaign.starts_at >= campaign.expires_at:
        yield Finding("expires_at", VALIDITY, phrase("The end must be after the start."))
    if campaign.expires_at is None:
        text = phrase("Without an end its coupons can be used for ever.")
        yield Finding("expires_at", VALIDITY, text, needed=False)


def _validation(entry: Entry, facts: Facts, now: datetime) -> Iterator[Finding]:
    campaign, options = entry.campaign, entry.campaign.options
    for name, text in option_rules.problems_of(options):
        yield Finding(name, VALIDATION, "{problem}", places={"problem": text})
    if campaign.has_pool and not facts.codes_left:
        text = phrase("No codes are left in the imported list: import more, or no coupon is made.")
        yield Finding("codes", VALIDATION, text)
    elif options.code == "own" and not campaign.has_pool:
        text = phrase(
            "The barcode holds the coupon’s own code, and there is no list of codes: coupons get"
            " one only over the API."
        )
        yield Finding("codes", VALIDATION, text, needed=False)
    yield from _way(entry, facts)


def _way(entry: Entry, facts: Facts) -> Iterator[Finding]:
    """At least one way to take a coupon in."""
    methods = set(entry.campaign.options.methods)
    if methods & {"button", "webshop"} or ("pin" in methods and entry.has_pins):
        return
    if "code" not in methods:
        text = phrase("No location has a PIN: nobody can take these coupons in.")
        yield Finding("methods", VALIDATION, text)
    elif not facts.has_devices:
        text = phrase(
            "No device of your staff is paired and no location has a PIN: coupons are taken in only"
            " over the API."
        )
        yield Finding("methods", VALIDATION, text, needed=False)


def _message(entry: Entry, facts: Facts, now: datetime) -> Iterator[Finding]:
    text = entry.campaign.message_text
    if text.strip() and f"{{{LINK}}}" not in text:
        told = phrase("The message does not say where the link goes: it is put at its end.")
        yield Finding("message_text", MESSAGE, told, needed=False)


_SHOWN = phrase("Coupons that people have already show it at once.")
_ENDS = phrase("Coupons that people have already end then, too, and saved passes are renewed.")
_BEGINS = phrase("Coupons that people have already cannot be used before then.")
_USES = phrase("It counts for coupons that people have already, also for those that were used.")
_TAKEN_IN = phrase("Coupons that people have already are taken in like this from now on.")
_CODE = phrase("The code on coupons changes: a printed one or a picture of the screen stays old.")
_STATUS = phrase("Coupons that people have already can be used only while it is active.")
_LIMIT = phrase("Uses and activations of before count in it.")
_WINDOW = phrase("It counts for whoever activates from now on; a window that runs stays.")

_REACH = {
    **dict.fromkeys(
        ("title", "subtitle", "description", "terms", "value", "brand", "brand_color", "language",
         "texts", "withdrawn_text", "limit_text", "offers_url", "help_url", "privacy_url",
         "timezone"), _SHOWN),
    "expires_at": _ENDS, "starts_at": _BEGINS, "uses": _USES, "pause_seconds": _USES,
    **dict.fromkeys(("methods", "hours", "ask_amount", "ask_receipt", "webshop_url"), _TAKEN_IN),
    **dict.fromkeys(("barcode", "code_source", "fixed_code", "rotating_code"), _CODE),
    "status": _STATUS,
    **dict.fromkeys(("limit_claims", "limit_validations", "limit_person", "limit_day",
                     "limit_location"), _LIMIT),
    "activation_seconds": _WINDOW,
}  # fmt: skip
"""By the name that v4 gives it. What is not here concerns only later coupons, or nobody."""


def reach_of(changed: Iterable[str]) -> list[str]:
    """What changes of these fields of v4 mean for whoever has a coupon already, each sentence
    once."""
    names = set(changed)
    return list(dict.fromkeys(text for name, text in _REACH.items() if name in names))
