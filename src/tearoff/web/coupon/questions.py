"""The form before a coupon: what it asks, what was filled in, what is wrong with it."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Any

import msgspec

from tearoff.coupons.models import CUSTOM_FIELDS, LONGEST_CUSTOM_FIELD, LONGEST_NAME, Campaign
from tearoff.coupons.options import ByLanguage, FormField
from tearoff.coupons.sessions.public import Agreement
from tearoff.kit import mail_addresses
from tearoff.kit.mail_addresses import AddressInvalid, mail_address
from tearoff.kit.phone import LONGEST_NUMBER, PhoneInvalid, parse_written
from tearoff.kit.words import Words, phrase
from tearoff.web.coupon.visits import Visit

_KINDS = {
    "firstname": ("text", "given-name", "text", LONGEST_NAME),
    "lastname": ("text", "family-name", "text", LONGEST_NAME),
    "email": ("email", "email", "email", mail_addresses.MAX_LENGTH),
    "phone": ("tel", "tel", "tel", LONGEST_NUMBER),
}
_FREE = ("text", "off", "text", LONGEST_CUSTOM_FIELD)
"""Type, autocomplete, keyboard and length of a field."""

_LABELS = {
    "firstname": phrase("First name"),
    "lastname": phrase("Last name"),
    "email": phrase("E-mail address"),
    "phone": phrase("Mobile number"),
}


class Question(msgspec.Struct, frozen=True):
    """`longest`: so many characters it takes."""

    name: str
    label: str
    kind: str
    autocomplete: str
    keyboard: str
    longest: int
    is_required: bool
    value: str
    problem: str


class Box(msgspec.Struct, frozen=True):
    """One purpose to agree to."""

    name: str
    text: str
    is_required: bool
    is_ticked: bool
    problem: str


class Questions(msgspec.Struct, frozen=True):
    fields: tuple[Question, ...] = ()
    boxes: tuple[Box, ...] = ()

    @property
    def wrong(self) -> tuple[tuple[str, str, str], ...]:
        """What is wrong, all together: the id of the input, what is asked, the problem."""
        fields = ((f"f-{q.name}", q.label, q.problem) for q in self.fields if q.problem)
        boxes = ((b.name, b.text.rstrip(" .:"), b.problem) for b in self.boxes if b.problem)
        return (*fields, *boxes)


class Filled(msgspec.Struct, frozen=True):
    """What somebody typed, what a session is made with, and what is wrong, by field."""

    typed: Mapping[str, str] = {}
    values: Mapping[str, Any] = {}
    agreements: tuple[Agreement, ...] = ()
    problems: Mapping[str, str] = {}

    @property
    def has_problems(self) -> bool:
        return bool(self.problems)


def of(campaign: Campaign, visit: Visit, filled: Filled) -> Questions:
    """The form as it is shown, with what was typed and what is wrong with it."""
    form = campaign.options.form
    if form is None:
        return Questions()
    fields = tuple(_question(field, campaign, visit, filled) for field in form.fields)
    boxes = tuple(
        Box(
            name=f"agree_{consent.key}",
            text=_text(consent.text, visit.language, campaign.language),
            is_required=consent.required,
            is_ticked=f"agree_{consent.key}" in filled.typed,
            problem=filled.problems.get(f"agree_{consent.key}", ""),
        )
        for consent in form.consents
    )
    return Questions(fields, boxes)


def consents_shown(campaign: Campaign, visit: Visit) -> str:
    """The words beside the boxes, as this reader sees them: what is kept as agreed to must be
    what was on the page, also when the campaign has been changed meanwhile."""
    form = campaign.options.form
    consents = form.consents if form else ()
    return "\0".join(_text(one.text, visit.language, campaign.language) for one in consents)


def read(campaign: Campaign, typed: Mapping[str, str], visit: Visit, country: str | None) -> Filled:
    """Check what was typed. All problems are told together. A national number is one of
    `country` (two letters)."""
    form = campaign.options.form
    if form is None:
        return Filled()
    values: dict[str, Any] = {}
    problems: dict[str, str] = {}
    for field in form.fields:
        value, problem = _read(field, clean(typed.get(field.name, "")), visit.words, country)
        if problem:
            problems[field.name] = problem
        elif value:
            values[field.name] = value
    agreements = []
    for consent in form.consents:
        name = f"agree_{consent.key}"
        words = _text(consent.text, visit.language, campaign.language)
        agreements.append(Agreement(consent.key, name in typed, visit.language, words))
        if consent.required and name not in typed:
            problems[name] = visit.words("Tick this box to go on.")
    return Filled(typed, _columns(values), tuple(agreements), problems)


def _question(field: FormField, campaign: Campaign, visit: Visit, filled: Filled) -> Question:
    kind, autocomplete, keyboard, longest = _KINDS.get(field.name, _FREE)
    # Our own word in the reader's language is better than the shop's in another one.
    ours = visit.words(_LABELS[field.name]) if field.name in _LABELS else ""
    own = field.label.get(visit.language) or ours
    return Question(
        name=field.name,
        label=own or _text(field.label, visit.language, campaign.language),
        kind=kind,
        autocomplete=autocomplete,
        keyboard=keyboard,
        longest=longest,
        is_required=field.required,
        value=filled.typed.get(field.name, ""),
        problem=filled.problems.get(field.name, ""),
    )


def _read(field: FormField, text: str, words: Words, country: str | None) -> tuple[str, str]:
    """The value as it is kept, or what is wrong with it."""
    if not text:
        return "", words("Please fill this in.") if field.required else ""
    if field.name == "email":
        try:
            return mail_address(text), ""
        except AddressInvalid:
            return "", words("Type an address such as anna@example.com.")
    if field.name == "phone":
        try:
            return parse_written(text, country).e164, ""
        except PhoneInvalid:
            return "", words(
                "Check this number, or type it with its country code, such as +32 470 00 12 34."
            )
    longest = _KINDS.get(field.name, _FREE)[-1]
    if len(text) > longest:
        return "", words("Too long: at most {n} characters.", n=longest)
    return text, ""


def clean(text: str) -> str:
    """What somebody typed, without characters that nobody can type."""
    return "".join(c for c in text if unicodedata.category(c)[0] != "C").strip()


def _columns(values: dict[str, Any]) -> dict[str, Any]:
    """`customfield1` to `customfield7` are one column."""
    own = [values.pop(f"customfield{i}", None) for i in range(1, CUSTOM_FIELDS + 1)]
    return {**values, "customfields": tuple(own)} if any(own) else values


def _text(texts: ByLanguage, language: str, fallback: str) -> str:
    return texts.get(language) or texts.get(fallback) or next(iter(texts.values()), "")
