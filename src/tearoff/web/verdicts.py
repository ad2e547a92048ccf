"""What the counter shows of a scan: yes or no, a word, a sentence, and what is to be asked."""

from __future__ import annotations

from datetime import datetime

import msgspec

from tearoff.coupons.scans import Outcome
from tearoff.kit import times
from tearoff.web.verdict_words import WORDS, Words


class Asks(msgspec.Struct, frozen=True):
    """`no`, `optional` or `required`."""

    amount: str = "no"
    receipt: str = "no"


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """`verdict`: good, used, undone, no or wait; `reason` says why not. `read` is what was read
    where it is no coupon. Moments are UTC."""

    key: str
    verdict: str
    reason: str
    word: str
    text: str
    code: str
    title: str = ""
    value: str = ""
    conditions: str = ""
    asks: Asks = Asks()
    uses_left: int | None = None
    at: datetime | None = None
    scanned_at: datetime | None = None
    was_offline: bool = False
    place: str = ""
    undo_until: datetime | None = None
    wait_seconds: int = 0
    read: str = ""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A scan in a list. `scanned_at` is when it was read, `at` when the server heard of it; it can
    be taken back until `undo_until`, if that is told."""

    key: str
    code: str
    verdict: str
    reason: str
    word: str
    text: str
    title: str
    at: datetime | None
    scanned_at: datetime | None
    was_offline: bool
    undo_until: datetime | None


def verdict_of(outcome: Outcome, language: str, timezone: str) -> Verdict:
    """`timezone` is the account's: the staff reads the clock on its own wall."""
    words = words_of(language)
    shown = Verdict(
        key=outcome.key,
        verdict=outcome.verdict,
        reason=outcome.reason,
        word=getattr(words, outcome.verdict),
        text=_text(outcome, words, language, timezone),
        code=outcome.text,
        at=outcome.at,
        scanned_at=outcome.scanned_at,
        was_offline=outcome.was_offline,
        place=outcome.place,
        undo_until=outcome.undo_until,
        wait_seconds=outcome.wait,
        read=outcome.text if outcome.reason in ("unknown", "ambiguous") else "",
    )
    if outcome.found is None:
        return shown
    session, campaign = outcome.found.session, outcome.found.campaign
    return msgspec.structs.replace(
        shown,
        code=session.short_code,
        title=campaign.title or campaign.name,
        value=session.value or campaign.value,
        conditions=" ".join(campaign.terms.split())[:120],
        asks=Asks(campaign.options.ask_amount, campaign.options.ask_receipt),
        uses_left=max(0, campaign.uses - session.uses),
    )


def row_of(outcome: Outcome, language: str, timezone: str) -> Row:
    shown = verdict_of(outcome, language, timezone)
    return Row(
        key=shown.key,
        code=shown.code,
        verdict=shown.verdict,
        reason=shown.reason,
        word=shown.word,
        text=shown.text,
        title=shown.title,
        at=shown.at,
        scanned_at=shown.scanned_at,
        was_offline=shown.was_offline,
        undo_until=shown.undo_until,
    )


def words_of(language: str) -> Words:
    return WORDS.get(language, WORDS["en"])


def _text(outcome: Outcome, words: Words, language: str, timezone: str) -> str:
    if outcome.verdict == "wait":
        return words.wait_text.replace("{seconds}", str(outcome.wait))
    if outcome.verdict == "undone":
        return words.undone_text
    if outcome.verdict == "used":
        return words.used_at.replace("{when}", _clock(outcome.at, timezone))
    if outcome.verdict != "no":
        return ""
    told = getattr(words, outcome.reason, words.withdrawn)
    if "{when}" in told and outcome.moment is None:
        return ""  # what stood in the way has been taken back since
    more = _more(outcome, language, timezone)
    when = ""
    if outcome.moment is not None:
        when = times.words_of(outcome.moment, timezone, language)
        if outcome.reason == "time_over":
            when = _clock(outcome.moment, timezone)
    if not outcome.place:
        told = told.replace(", {place}", "").replace("، {place}", "")
    told = told.replace("{when}", when).replace("{place}", outcome.place)
    return f"{told} {more}." if more else str(told)


def _more(outcome: Outcome, language: str, timezone: str) -> str:
    """When, or where, it would be right."""
    if outcome.reason == "wrong_time" and outcome.found is not None:
        hours = outcome.found.campaign.options.hours
        return "; ".join(times.hours_of(h.days, h.start, h.end, language) for h in hours)
    if outcome.reason == "withdrawn" and outcome.moment is not None:
        return times.words_of(outcome.moment, timezone, language)
    return ", ".join(outcome.elsewhere)


def _clock(at: datetime | None, timezone: str) -> str:
    return "" if at is None else f"{times.clock_of(at, timezone):%H:%M}"
