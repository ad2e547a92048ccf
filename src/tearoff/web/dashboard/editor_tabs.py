"""The tabs of a campaign's editor: which fields of v4 each has, and how they are read and shown.
Fields in other units and those with rows inside are read here, all others as they are declared."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from tearoff.api.v4.campaigns import FIELDS
from tearoff.api.v4.fields import BadFields
from tearoff.errors import TearoffError
from tearoff.kit.times import time_zones
from tearoff.kit.words import Words, phrase
from tearoff.web.dashboard.forms import HAS, Typed, given_by
from tearoff.web.dashboard.saying import Problems, problems_of
from tearoff.web.dashboard.typed_values import Values, nested, typed_of_given, whole

BY_NAME = {field.name: field for field in FIELDS}
NESTED = ("hours", "form", "scratch", "texts")
UNITS = (("60", phrase("minutes")), ("3600", phrase("hours")), ("86400", phrase("days")))
"""Seconds of each unit."""

Given = dict[str, Any]


class Tab(msgspec.Struct, frozen=True):
    """`key`: the last part of its address, "" is the first tab. `fields`: those of v4 that it
    saves."""

    key: str
    name: str
    fields: tuple[str, ...]
    reaches: str
    """What a change of it does to coupons that are out."""

    @property
    def path(self) -> str:
        return f"/{self.key}" if self.key else ""

    @property
    def template(self) -> str:
        return f"editor_{self.key or 'content'}"


TABS = (
    Tab(
        "", phrase("Content"),
        ("name", "title", "subtitle", "value", "description", "terms", "brand", "folder",
         "category", "tags", "customid", "featured"),
        phrase("Coupons that are out show the new text at once. Passes in a wallet follow within"
               " minutes; what was printed stays as it is."),
    ),
    Tab(
        "validity", phrase("Validity & limits"),
        ("starts_at", "expires_at", "timezone", "hours", "uses", "pause_seconds",
         "activation_seconds", "reactivates", "lengthens", "limit_sessions", "limit_claims",
         "limit_validations", "limit_person", "limit_day", "limit_location"),
        phrase("Dates, hours and limits hold at once for coupons that are out. A time that runs"
               " already keeps its end, and so does a coupon with an end of its own."),
    ),
    Tab(
        "validation", phrase("Validation"),
        ("methods", "barcode", "code_source", "fixed_code", "rotating_code", "webshop_url",
         "ask_amount", "ask_receipt"),
        phrase("Coupons that are out show the new code at once. What was printed keeps the old"
               " one; codes of your own that were given out stay with their coupons."),
    ),
    Tab(
        "look", phrase("Look"),
        ("brand_color", "withdrawn_text", "limit_text", "offers_url", "help_url", "privacy_url"),
        phrase("Coupons that are out look like this at once."),
    ),
    Tab(
        "languages", phrase("Languages"), ("language", "texts"),
        phrase("Coupons that are out show the new text at once. Everybody keeps the language that"
               " they chose."),
    ),
    Tab(
        "message", phrase("Message"), ("message_text",),
        phrase("Messages that were sent stay as they are. The next one has the new text."),
    ),
    Tab(
        "form", phrase("Form"), ("form",),
        phrase("Who has a coupon already is not asked again, and what was agreed to is kept in the"
               " words that stood there."),
    ),
    Tab(
        "extras", phrase("Extras"),
        ("public_link", "begins", "limit_network", "saves", "wallet", "scratch"),
        phrase("Prizes that were drawn stay. Cards that are not scratched yet are drawn by what"
               " you save here."),
    ),
)  # fmt: skip

LABELS = {
    "name": phrase("Internal name"),
    "title": phrase("Title"),
    "subtitle": phrase("Line below the title"),
    "value": phrase("Value"),
    "description": phrase("Description"),
    "terms": phrase("Terms"),
    "brand": phrase("Name of the shop"),
    "folder": phrase("Folder"),
    "category": phrase("Category"),
    "tags": phrase("Tags"),
    "customid": phrase("Your own reference"),
    "featured": phrase("Stands out in lists"),
    "starts_at": phrase("Starts"),
    "expires_at": phrase("Ends"),
    "timezone": phrase("Time zone"),
    "hours": phrase("Days and hours"),
    "uses": phrase("Uses of one coupon"),
    "pause_seconds": phrase("Rest between two uses"),
    "activation_seconds": phrase("Time to use it once activated"),
    "reactivates": phrase("It can be activated again"),
    "lengthens": phrase("The time can be made longer"),
    "limit_sessions": phrase("Coupons in all"),
    "limit_claims": phrase("Activations in all"),
    "limit_validations": phrase("Uses in all"),
    "limit_person": phrase("Coupons for one person"),
    "limit_day": phrase("Uses on one day"),
    "limit_location": phrase("Uses at each location"),
    "methods": phrase("How it is taken in"),
    "barcode": phrase("Kind of code"),
    "code_source": phrase("What the code holds"),
    "fixed_code": phrase("The code that all coupons share"),
    "rotating_code": phrase("The code changes every 30 seconds"),
    "webshop_url": phrase("Address of the webshop"),
    "ask_amount": phrase("Amount spent"),
    "ask_receipt": phrase("Number of the receipt"),
    "places": phrase("Where it is taken in"),
    "brand_color": phrase("Brand colour"),
    "withdrawn_text": phrase("When it is paused"),
    "limit_text": phrase("When nothing is left"),
    "offers_url": phrase("Your other offers"),
    "help_url": phrase("Help page"),
    "privacy_url": phrase("Privacy statement"),
    "language": phrase("Own language"),
    "texts": phrase("Other languages"),
    "message_text": phrase("Message"),
    "form": phrase("Form"),
    "public_link": phrase("Public link"),
    "begins": phrase("When a coupon begins"),
    "limit_network": phrase("Coupons for one network in an hour"),
    "saves": phrase("It can be saved"),
    "wallet": phrase("Wallets"),
    "scratch": phrase("Scratch card"),
    "picture": phrase("Picture"),
    "alt": phrase("What the picture shows"),
    "picture_alt": phrase("What the picture shows"),
    "withdrawn": phrase("When it is paused"),
    "limit": phrase("When nothing is left"),
}


def tab_of(key: str) -> Tab | None:
    return next((tab for tab in TABS if tab.key == key), None)


# as a form shows it -------------------------------------------------------------------------


def shown_values(tab: Tab, campaign: Mapping[str, Any]) -> Values:
    """What stands in the tab's fields when nobody has typed yet."""
    found = typed_of_given((BY_NAME[n] for n in tab.fields), campaign, campaign["timezone"])
    for name in tab.fields:
        if name in _SHOWN:
            found |= _SHOWN[name](campaign[name])
        if name in NESTED:
            found[HAS + name] = ["1"]
    if campaign.get("scratch") and "scratch" in tab.fields:
        found["scratch.on"] = ["1"]
    return found


def _shown_minutes(seconds: int | None) -> Values:
    return {"activation_seconds": ["" if seconds is None else f"{seconds / 60:g}"]}


def _shown_pause(seconds: int | None) -> Values:
    if seconds is None:
        return {"pause_seconds": [""], "pause_unit": ["3600"]}
    unit = next((u for u in (86_400, 3_600, 60) if seconds % u == 0), 60)
    return {"pause_seconds": [f"{seconds / unit:g}"], "pause_unit": [str(unit)]}


def _shown_tags(tags: list[str]) -> Values:
    return {"tags": [", ".join(tags)]}


_SHOWN: dict[str, Callable[[Any], Values]] = {
    "activation_seconds": _shown_minutes,
    "pause_seconds": _shown_pause,
    "tags": _shown_tags,
}


# as it is saved -----------------------------------------------------------------------------


def given_of(tab: Tab, typed: Typed, zone: str) -> Given:
    """The JSON values of the tab's fields that the form has. `zone`: the campaign's, unless the
    form has another one."""
    plain = [BY_NAME[n] for n in tab.fields if n not in NESTED and n not in _READ]
    given = given_by(plain, typed, zone=_zone(typed, zone))
    for name in tab.fields:
        if name in _READ and typed.has(name):
            given[name] = _READ[name](typed)
        elif name in NESTED and typed.has(name):
            value = nested(BY_NAME[name], typed)
            given[name] = _FINISHED[name](value, typed) if name in _FINISHED else value
    return given


def _zone(typed: Typed, zone: str) -> str:
    named = typed.text("timezone")
    return named if named in time_zones() else zone


def _seconds(name: str, unit: int) -> Callable[[Typed], Any]:
    def read(typed: Typed) -> Any:
        text = typed.text(name).replace(",", ".")
        try:
            return round(float(text) * (unit or int(typed.text("pause_unit", "60")))) or 0
        except (ValueError, OverflowError):
            return whole(text)

    return read


def _tags(typed: Typed) -> list[str]:
    return [tag.strip() for tag in re.split(r"[,\n]", typed.text("tags")) if tag.strip()]


_READ: dict[str, Callable[[Typed], Any]] = {
    "activation_seconds": _seconds("activation_seconds", 60),
    "pause_seconds": _seconds("pause_seconds", 0),
    "tags": _tags,
}


def _form(value: dict[str, Any], typed: Typed) -> Any:
    """No form where nothing is asked."""
    if not value.get("fields") and not value.get("consents"):
        return None
    _name_rows(value.get("consents", ()), "consent")
    return value


def _scratch(value: dict[str, Any], typed: Typed) -> Any:
    if not typed.is_ticked("scratch.on"):
        return None
    for prize in value.get("prizes", ()):
        prize.setdefault("weight", 1)
        prize.setdefault("title", {})
    _name_rows(value.get("prizes", ()), "prize")
    return {"prizes": [], **value}


def _name_rows(rows: Any, word: str) -> None:
    """A key for each that has none yet: it is how answers and prizes are known later on."""
    taken = {row.get("key") for row in rows}
    for row in rows:
        if not row.get("key"):
            row["key"] = next(k for n in range(1, 99) if (k := f"{word}-{n}") not in taken)
            taken.add(row["key"])


_FINISHED: dict[str, Callable[[Any, Typed], Any]] = {"form": _form, "scratch": _scratch}


# what is wrong, at its row ------------------------------------------------------------------

_PATH = re.compile(r"\b(hours|form|scratch|texts)((?:\.\w+|\[\d+\]|\[\.\.\.\])*)[.:]? *")
_TOO_LONG = re.compile(r"Expected str of length <= (\d+)")
_TOO_FEW = re.compile(r"Expected array of length >= 1|missing required field (\w+)")
_NUMBER = re.compile(r"Expected int")


def problems_at_rows(words: Words, error: TearoffError) -> Problems:
    """What is wrong, inside a row told there, in words without paths."""
    known = problems_of(words, error)
    found: dict[str, str] = {}
    for field, text in known.fields.items():
        name, told = _at_row(words, error, field, text)
        found[name] = words(_SAID[name]) if name in _SAID else told[:1].upper() + told[1:]
    return Problems(found, known.page)


def _at_row(words: Words, error: TearoffError, field: str, text: str) -> tuple[str, str]:
    if field not in NESTED:
        return field, text
    if isinstance(error, BadFields):
        text = next(p.detail for p in error.problems if p.field == field)
    place = _PATH.search(text)
    if place is None:
        return field, text
    name = place[1] + re.sub(r"\[(\d+)\]", r".\1", place[2]).replace("[...]", "")
    return name, _plainly(words, name, text[place.end() :] or text)


def _plainly(words: Words, name: str, text: str) -> str:
    """What the reader of JSON says, for people."""
    if found := _TOO_LONG.search(text):
        return words("At most {n} characters.", n=found[1])
    if name.startswith("hours.") and name.endswith((".start", ".end")):
        return words("Use a time such as 09:00.")
    if name.startswith("hours"):
        return words("Choose days, and from when until when.")
    if _NUMBER.search(text):
        return words("Use a whole number that is not too large.")
    if found := _TOO_FEW.search(text):
        return words("Fill this in.") if found[1] else words("Add at least one.")
    return words(text)


_SAID = {
    "activation_seconds": phrase("From 1 minute to 20 hours (1,200 minutes)."),
    "pause_seconds": phrase("From one second to a year. Leave it empty for no rest."),
}


def label_of(words: Words, name: str) -> str:
    """What a field is called, a row's by the whole that it is in."""
    told = LABELS.get(name) or LABELS.get(name.split(".", maxsplit=1)[0], name)
    return words(told)
