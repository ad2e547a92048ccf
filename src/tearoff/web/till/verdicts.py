"""What the counter shows of a scan: yes or no, a word, a sentence, and what is to be asked."""

from __future__ import annotations

import re
from datetime import datetime

import msgspec

from tearoff.coupons.counter.refusals import NOWHERE
from tearoff.coupons.counter.scan_log import Outcome
from tearoff.kit import times
from tearoff.kit.hours import in_words
from tearoff.kit.words import Words, phrase, words_in

PART = re.compile(r"\[([^\]|]*)(?:\|([^\]]*))?\]")
"""What is left out, or said otherwise, where a place in it is not known."""
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


_VERDICTS = {
    "good": phrase("OK"),
    "used": phrase("OK, used"),
    "undone": phrase("UNDONE"),
    "no": phrase("NO"),
    "wait": phrase("WAIT"),
}
_REASONS = {
    "already_used": phrase("Used[ {when}][, {place}]."),
    "expired": phrase("Expired[ {when}]."),
    "not_yet": phrase("Not valid [before {when}|yet]."),
    "time_over": phrase("The time was over[ at {when}]. The customer can see what to do."),
    "not_again_yet": phrase("Can be used again [from {when}|later]."),
    "wrong_place": phrase("Not valid at this place.[ Valid at: {places}.]"),
    "wrong_place_nowhere": phrase("At present this offer is valid at no place."),
    "wrong_time": phrase("Not valid at this hour."),
    "withdrawn": phrase("This coupon was withdrawn.[ {when}.]"),
    "withdrawn_locked": phrase("This coupon is locked[, since {when}]."),
    "withdrawn_paused": phrase("This offer is paused[, since {when}]."),
    "withdrawn_archived": phrase("This offer is over[, since {when}]."),
    "withdrawn_draft": phrase("This offer has not begun."),
    "limit": phrase("This offer has reached its limit."),
    "limit_claims": phrase("No more coupons of this offer can be activated."),
    "limit_day": phrase("This offer has reached its limit for the day[. Again from {when}]."),
    "limit_location": phrase("This offer has reached its limit at this place."),
    "limit_person": phrase("This customer has used this offer as often as allowed."),
    "reserved": phrase("Another till is taking it in[, until {when}]."),
    "screenshot": phrase(
        "This is a picture of the code. Ask the customer to open the coupon itself."
    ),
    "not_played": phrase("The card has to be scratched first."),
    "no_prize": phrase("This card won nothing."),
    "unknown": phrase("Not one of our coupons. Check the letters."),
    "ambiguous": phrase(
        "Several codes look like this. Type it exactly, with its capitals and dashes."
    ),
    "too_late": phrase("Too late[: it could be taken in until {when}]."),
    "too_late_undo": phrase("Too late: undo was possible until {when}."),
    "used_since": phrase("Used again since, {when}[, {place}]."),
}
"""Why not: of a reason, or of one kind of it (`reason_kind`). What stands in brackets is left out
when nobody knows it; behind a bar stands what is said instead."""


def verdict_of(outcome: Outcome, language: str, timezone: str) -> Verdict:
    """`timezone` is the account's: the staff reads the clock on its own wall."""
    words = words_of(language)
    shown = Verdict(
        key=outcome.key,
        verdict=outcome.verdict,
        reason=outcome.reason,
        word=words(_VERDICTS[outcome.verdict]),
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
    return words_in("till", language)


def _text(outcome: Outcome, words: Words, language: str, timezone: str) -> str:
    if outcome.verdict == "wait":
        return words("Too many wrong codes. Wait {seconds} s.", seconds=outcome.wait)
    if outcome.verdict == "used" and outcome.was_offline and outcome.scanned_at is not None:
        return _fill(
            words("Used {when}."), when=times.words_of(outcome.scanned_at, timezone, language)
        )
    if outcome.verdict == "used":
        return _fill(words("Used now, {when}."), when=_clock(outcome.at, timezone))
    if outcome.verdict == "undone":
        told = (
            words("Already undone.")
            if outcome.stands_used
            else words("The coupon can be used again.")
        )
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
    sentence = words(_REASONS.get(_name(outcome)) or _REASONS[outcome.reason])
    told = _fill(sentence, when=when, places=places, place=outcome.place)
    if outcome.reason == "wrong_time" and outcome.found is not None:
        hours = outcome.found.campaign.options.hours
        shown = "; ".join(in_words(hours, language))
        return f"{told} {shown}." if shown else told
    return told


def _name(outcome: Outcome) -> str:
    """Of its sentence."""
    if outcome.reason == "wrong_place":
        return "wrong_place_nowhere" if outcome.detail == NOWHERE else "wrong_place"
    return f"{outcome.reason}_{outcome.detail}" if outcome.detail else outcome.reason


def _and_stands(told: str, outcome: Outcome, words: Words, language: str, timezone: str) -> str:
    """And when and where the coupon was used that could not be taken back."""
    stands = outcome.stands_used
    if stands is None:
        return told
    when = times.words_of(stands.at, timezone, language) if stands.at else ""
    used = _fill(words("Used[ {when}][, {place}]."), when=when, place=stands.place)
    return f"{told} {used}"


def _fill(sentence: str, **values: str) -> str:
    """What stands in brackets is only said where all that it names is known; behind a bar stands
    what is said instead."""

    def part(found: re.Match[str]) -> str:
        is_known = all(values.get(name) for name in _NAMES.findall(found[1]))
        return found[1] if is_known else found[2] or ""

    told = PART.sub(part, sentence)
    return _NAMES.sub(lambda found: values.get(found[1], ""), told)


def _clock(at: datetime | None, timezone: str) -> str:
    return "" if at is None else f"{times.clock_of(at, timezone):%H:%M}"
