"""What the counter shows of a scan: yes or no, a word, a sentence, and what is to be asked."""

from __future__ import annotations

import re
from datetime import datetime

import msgspec

from tearoff.coupons.counter.refusals import NOWHERE
from tearoff.coupons.counter.scan_log import Outcome
from tearoff.kit import times
from tearoff.kit.hours import in_words
from tearoff.web.till.verdict_words import WORDS, Words

_PART = re.compile(r"\[([^\]|]*)(?:\|([^\]]*))?\]")
_NAMES = re.compile(r"\{(\w+)\}")
_BY_CLOCK = ("time_over", "reserved", "used_since", "too_late_undo")
"""What is of today in any case."""


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
    if outcome.verdict == "used" and outcome.was_offline and outcome.scanned_at is not None:
        return _fill(words.used_then, when=times.words_of(outcome.scanned_at, timezone, language))
    if outcome.verdict == "used":
        return _fill(words.used_at, when=_clock(outcome.at, timezone))
    if outcome.verdict == "undone":
        told = words.undone_again if outcome.stands_used else words.undone_text
        return _and_stands(told, outcome, words, language, timezone)
    if outcome.verdict == "no":
        told = _why(outcome, words, language, timezone)
        return _and_stands(told, outcome, words, language, timezone)
    return ""


def _why(outcome: Outcome, words: Words, language: str, timezone: str) -> str:
    when = ""
    if outcome.moment is not None:
        tell = times.end_of if outcome.reason == "expired" else times.words_of
        has_date = _name(outcome) not in _BY_CLOCK
        when = (
            tell(outcome.moment, timezone, language)
            if has_date
            else _clock(outcome.moment, timezone)
        )
    places = outcome.detail if outcome.reason == "wrong_place" else ""
    sentence = str(getattr(words, _name(outcome), None) or getattr(words, outcome.reason))
    told = _fill(sentence, when=when, places=places, place=outcome.place)
    if outcome.reason == "wrong_time" and outcome.found is not None:
        hours = outcome.found.campaign.options.hours
        shown = "; ".join(in_words(hours, language))
        return f"{told} {shown}." if shown else told
    return told


def _name(outcome: Outcome) -> str:
    """Of its sentence, among the words."""
    if outcome.reason == "wrong_place":
        return "wrong_place_nowhere" if outcome.detail == NOWHERE else "wrong_place"
    return f"{outcome.reason}_{outcome.detail}" if outcome.detail else outcome.reason


def _and_stands(told: str, outcome: Outcome, words: Words, language: str, timezone: str) -> str:
    """And when and where the coupon was used that could not be taken back."""
    stands = outcome.stands_used
    if stands is None:
        return told
    when = times.words_of(stands.at, timezone, language) if stands.at else ""
    return f"{told} {_fill(words.already_used, when=when, place=stands.place)}"


def _fill(sentence: str, **values: str) -> str:
    """What stands in brackets is only said where all that it names is known; behind a bar stands
    what is said instead."""

    def part(found: re.Match[str]) -> str:
        is_known = all(values.get(name) for name in _NAMES.findall(found[1]))
        return found[1] if is_known else found[2] or ""

    told = _PART.sub(part, sentence)
    return _NAMES.sub(lambda found: values.get(found[1], ""), told)


def _clock(at: datetime | None, timezone: str) -> str:
    return "" if at is None else f"{times.clock_of(at, timezone):%H:%M}"
