"""What happened to a coupon, in words: each step with who did it, over what, and why."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

import msgspec

from tearoff.api.v4.timeline import Step
from tearoff.kit.words import Words, phrase
from tearoff.web.dashboard import standings
from tearoff.web.dashboard.scans import REASONS as SCAN_REASONS
from tearoff.web.dashboard.scans import VERDICTS
from tearoff.web.dashboard.visit import Visit

KINDS = {
    "created": phrase("Handed out"),
    "opened": phrase("Opened"),
    "played": phrase("Scratched"),
    "claimed": phrase("Activated"),
    "reactivated": phrase("Activated again"),
    "unclaimed": phrase("Activation taken back"),
    "validated": phrase("Redeemed"),
    "unvalidated": phrase("Redemption taken back"),
    "voided": phrase("Withdrawn"),
    "unvoided": phrase("Given back"),
    "locked": phrase("Blocked"),
    "unlocked": phrase("Unblocked"),
    "saved": phrase("Saved"),
    "reserved": phrase("Held by a till"),
    "released": phrase("Let go by a till"),
    "lengthened": phrase("Time lengthened"),
    "extended": phrase("Extended"),
    "changed": phrase("Data of the customer or the coupon changed"),
    "pin_alarm": phrase("Many wrong PINs were typed"),
    "scanned": phrase("Scanned"),
    "message_created": phrase("Message sent off"),
    "message_accepted": phrase("Taken by the provider"),
    "message_sent": phrase("On its way in the phone's network"),
    "message_delivered": phrase("Message arrived"),
    "message_failed": phrase("Message not delivered"),
}
_ROBOTS = {
    "robot": phrase("Looked at by a program (not counted)"),
    "unsure": phrase("Perhaps looked at by a program (not counted)"),
}
_ACTORS = {
    "consumer": phrase("by the customer"),
    "staff": phrase("by staff"),
    "robot": phrase("by a robot"),
    "tearoff": phrase("by Tearoff itself"),
}
_CHANNELS = {
    "page": phrase("on the coupon's page"),
    "button": phrase("by the button on the coupon's page"),
    "counter": phrase("at the counter"),
    "api": phrase("over the API"),
    "dashboard": phrase("in the dashboard"),
    "sms": phrase("by text message"),
    "email": phrase("by e-mail"),
    "apple": phrase("in Apple Wallet"),
    "google": phrase("in Google Wallet"),
}
_RECEIPTS = ("message_sent", "message_delivered", "message_failed")

_WHY = {
    "the page was visible": phrase("The page was on the screen."),
    "the button was pressed": phrase("The button was pressed."),
    "the coupon was used": phrase("Whoever redeems a coupon has opened it."),
    "the coupon was activated": phrase("Whoever activates a coupon has opened it."),
    "the card was scratched": phrase("Whoever scratches a card has opened it."),
    "said by the API": phrase("A program said so."),
    "made activated": phrase("It was handed out activated."),
    "undone": phrase("Taken back on the device, within a minute."),
    "no agent": phrase("It does not say what it is."),
}
"""Reasons as they are stored, in the person's words. What is not among them, and matches none of
the patterns below, was typed by somebody or came from a provider."""

_PROGRAMS = {
    "link preview of a messenger": phrase("A messenger that previews links."),
    "mail or web scanner": phrase("A scanner of mail or of the web."),
    "link reputation service": phrase("A service that checks links."),
    "Microsoft link check or preview": phrase("Microsoft's check or preview of links."),
    "a service of Google": phrase("A service of Google."),
    "browser driven by a program": phrase("A browser that a program drives."),
    "library or command for HTTP": phrase("A library or command of programmers."),
    "an Android app, not a browser": phrase("An Android app, no browser."),
    "an Apple app, not a browser": phrase("An app on an Apple device, no browser."),
    "calls itself a crawler or a preview": phrase("It calls itself a crawler or a preview."),
    "calls itself a bot": phrase("It calls itself a bot."),
}
_AGENT = re.compile(r"agent: (?:(?P<name>.+?) \((?P<pattern>.+)\)?|(?P<alone>.+))")
_PREVIEW = re.compile(r"(.+) link preview")
_BURST = re.compile(r"many coupons opened at once from (\S+)")
_ODD = re.compile(r"(\w+ \d+) without Accept-Language and Sec-Fetch")
_KEPT = re.compile(r"scanned \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC")


class Scanned(msgspec.Struct, frozen=True):
    """What the device showed by its own clock, and what the server decided when it heard of it:
    each a kind of badge and words."""

    at: datetime
    showed: tuple[str, str]
    decided: tuple[str, str]
    why: str


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """A step as it is shown. `facts`: who, over what, where. `used_at`: when it happened, if we
    heard of it later; `until`: the new end; `spent`: money."""

    at: datetime
    name: str
    facts: Sequence[str]
    reason: str
    is_robot: bool
    message: int | None
    scanned: Scanned | None
    used_at: datetime | None
    until: datetime | None
    spent: str


def told(visit: Visit, steps: Sequence[Step]) -> list[Told]:
    sees = standings.sees_people(visit)
    return [_told(visit.words, step, sees) for step in steps if not _is_said_by_its_use(step)]


def _is_said_by_its_use(step: Step) -> bool:
    """A scan that took the coupon in at once: the use beside it says all of it."""
    return step.kind == "scanned" and step.verdict == "used" and not step.offline


def _told(words: Words, step: Step, sees: bool) -> Told:
    is_robot = step.kind == "opened" and not step.counted
    name = _ROBOTS[step.verdict or "robot"] if is_robot else KINDS.get(step.kind, step.kind)
    is_longer = step.kind == "extended" and step.value is not None
    return Told(
        at=step.at,
        name=words(name),
        facts=_facts(words, step, is_robot),
        reason=_reason(words, step, sees),
        is_robot=is_robot,
        message=step.message,
        scanned=_scanned(words, step) if step.kind == "scanned" else None,
        used_at=step.device_at if step.kind != "scanned" else None,
        until=datetime.fromisoformat(step.value) if is_longer and step.value else None,
        spent=step.value or "" if step.kind == "validated" else "",
    )


def _facts(words: Words, step: Step, is_robot: bool) -> list[str]:
    channel = words(_CHANNELS.get(step.channel, step.channel))
    if step.kind in _RECEIPTS:
        reported = words("as the provider reports")
        channel = f"{channel}, {reported}"
    by = "" if is_robot else _by(words, step)
    return [fact for fact in (by, channel, step.place or "", step.device_name or "") if fact]


def _by(words: Words, step: Step) -> str:
    if not step.actor or step.actor in _ACTORS:
        return words(_ACTORS[step.actor]) if step.actor else ""
    if step.actor.startswith("person "):
        name = step.who
        return words("by {name}", name=name) if name else words("by one of the team")
    return words("by the program {name}", name=step.who or step.actor[:12])


def _scanned(words: Words, step: Step) -> Scanned:
    kind, word = VERDICTS.get(step.verdict or "", ("dull", step.verdict or ""))
    decided = (kind, words(word))
    showed = decided
    if step.offline:
        said = phrase("Not checked: kept, to be taken in later")
        showed = ("warn", words(said if step.asked else phrase("Not checked")))
    why = words(SCAN_REASONS[step.reason]) if step.reason in SCAN_REASONS else ""
    return Scanned(step.device_at or step.at, showed, decided, why)


def _reason(words: Words, step: Step, sees: bool) -> str:
    if step.source == "scan" or not (step.reason or step.detail):
        return ""
    if step.source == "message":
        known = standings.REASONS.get(step.reason)
        return words(known) if known else step.detail
    return reason_in_words(words, step.reason) if sees or not step.counted else ""


def reason_in_words(words: Words, reason: str) -> str:
    """Of an event."""
    if reason in _WHY:
        return words(_WHY[reason])
    if _KEPT.fullmatch(reason):  # the device's clock stands beside it
        return ""
    if found := _AGENT.fullmatch(reason):
        return _program(words, found["name"] or "", found["pattern"] or found["alone"] or "")
    if reason.startswith("fetched ahead of time"):
        return words("A browser loaded it ahead of time: nobody had looked at it yet.")
    if found := _BURST.fullmatch(reason):
        return words("Many coupons were opened at once from {network}.", network=found[1])
    if found := _ODD.fullmatch(reason):
        return words(
            "It says that it is {name}, but leaves out what that browser always sends.",
            name=found[1],
        )
    return reason


def _program(words: Words, name: str, pattern: str) -> str:
    """The public list describes its programs in English sentences; its pattern names them."""
    if name in _PROGRAMS:
        return words(_PROGRAMS[name])
    if found := _PREVIEW.fullmatch(name):
        return words("The preview of links in {name}.", name=found[1])
    shown = name if name and name[-1] != "." and len(name) < 32 else pattern
    return words("A program known as {name}.", name=shown.strip("^$/)(") or pattern)
