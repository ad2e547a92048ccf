"""Whether a campaign's options make sense together. Each problem names the option and says what
would be right. The kinds and bounds of single values are declared in `options.py`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import msgspec

from tearoff.coupons import symbols
from tearoff.coupons.options import Form, Options, Scratch
from tearoff.errors import Invalid
from tearoff.kit import hours
from tearoff.kit.words import LANGUAGES
from tearoff.messages.template import has_forbidden_characters

Problem = tuple[str, str]
"""The option and what would be right."""

HOLD_LINKS = ("qr", "datamatrix", "pdf417", "aztec")
HOLD_LETTERS = (*HOLD_LINKS, "code128")
SEVERAL_LINES = frozenset(
    {"description", "terms", "withdrawn", "withdrawn_text", "limit", "limit_text", "text"}
)


class BadOptions(Invalid):
    """One or more options do not fit."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        first, *others = self.problems
        told = [first[1], *(f"{name}: {text}" for name, text in others)]
        super().__init__(" ".join(told), field=first[0])


def check(options: Options) -> None:
    """Raises `BadOptions` with everything that is wrong."""
    if problems := list(problems_of(options)):
        raise BadOptions(problems)


def problems_of(options: Options) -> Iterator[Problem]:
    given = msgspec.to_builtins(options)
    for name, value in given.items():
        yield from _odd_characters(name, name, value)
    yield from _methods(options)
    yield from _barcode(options)
    yield from _addresses(options)
    yield from (("hours", text) for text in hours.problems_of(options.hours))
    yield from _languages(given)
    if options.form is not None:
        yield from _form(options.form)
    if options.scratch is not None:
        yield from _scratch(options.scratch)


def _odd_characters(path: str, name: str, value: Any) -> Iterator[Problem]:
    """Control characters nowhere; lines only where text is long."""
    if isinstance(value, str):
        breaks = name not in SEVERAL_LINES and ("\n" in value or "\r" in value)
        if breaks or has_forbidden_characters(value):
            option = path.partition(".")[0].partition("[")[0]
            yield option, f"{path} holds a character that nobody can see. Leave it out."
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            below = name if key in LANGUAGES and name != "texts" else key
            yield from _odd_characters(f"{path}.{key}", below, inner)
    elif isinstance(value, list | tuple):
        for i, inner in enumerate(value):
            yield from _odd_characters(f"{path}[{i}]", name, inner)


def _methods(options: Options) -> Iterator[Problem]:
    if repeated := _repeated(options.methods):
        yield "methods", f"Name each method once: {repeated} is there twice."
    if "webshop" in options.methods and not options.webshop_url:
        yield "webshop_url", "The method webshop needs the shop's address: https://…"


def _barcode(options: Options) -> Iterator[Problem]:
    kind, holds = options.barcode, options.code
    if holds == "link" and kind not in HOLD_LINKS:
        text = f"{kind} cannot hold a link. Set code_source to own or fixed, or take one of"
        yield "barcode", f"{text}: {', '.join(HOLD_LINKS)}."
    if holds == "session" and kind not in HOLD_LETTERS:
        text = f"{kind} cannot hold a session's code, which has letters. Set code_source to own"
        yield "barcode", f"{text} or fixed, or take one of: {', '.join(HOLD_LETTERS)}."
    if holds == "fixed" and not options.fixed_code:
        yield "fixed_code", "code_source is fixed: say here what the barcode holds."
    elif holds == "fixed" and (problem := symbols.problem_of(kind, options.fixed_code)):
        yield "fixed_code", f"It does not fit the barcode ({kind}). {problem}"
    if options.rotating_code and holds != "link":
        yield "rotating_code", "Only a link can change every 30 seconds: set code_source to link."
    elif options.rotating_code and kind != "qr":
        yield "rotating_code", "Only a QR code changes every 30 seconds: set barcode to qr."


def _addresses(options: Options) -> Iterator[Problem]:
    if options.webshop_url and not is_web_address(options.webshop_url, ("https",)):
        text = "Use an address that begins with https://; {code} stands for the coupon's code"
        yield "webshop_url", f"{text}, after the host."
    for name in ("offers_url", "help_url", "privacy_url"):
        given = getattr(options, name)
        if given and not is_web_address(given):
            yield name, "Use an address that begins with https:// or http://."


def is_web_address(text: str, schemes: tuple[str, ...] = ("https", "http")) -> bool:
    """An address of the web that a page can link to."""
    if any(c.isspace() or c in "\\<>\"'`" for c in text):
        return False
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    return parts.scheme in schemes and bool(host) and "{" not in parts.netloc


def _languages(given: Mapping[str, Any]) -> Iterator[Problem]:
    for path, texts in _by_language(given):
        for language in texts:
            if language not in LANGUAGES:
                text = f"{path} has no language {language!r}. Use: {', '.join(LANGUAGES)}."
                yield path.partition(".")[0].partition("[")[0], text


def _by_language(given: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    yield "texts", given.get("texts", {})
    form, scratch = given.get("form") or {}, given.get("scratch") or {}
    for i, field in enumerate(form.get("fields", ())):
        yield f"form.fields[{i}].label", field["label"]
    for i, consent in enumerate(form.get("consents", ())):
        yield f"form.consents[{i}].text", consent["text"]
    for i, prize in enumerate(scratch.get("prizes", ())):
        yield f"scratch.prizes[{i}].title", prize["title"]
    yield "scratch.blank_text", scratch.get("blank_text", {})


def _form(form: Form) -> Iterator[Problem]:
    names = [field.name for field in form.fields]
    if not form.fields and not form.consents:
        yield "form", "A form asks something: give fields or consents, or null for no form."
    if repeated := _repeated(names):
        yield "form", f"form.fields: ask each field once; {repeated} is there twice."
    for i, field in enumerate(form.fields):
        if field.name.startswith("customfield") and not any(map(str.strip, field.label.values())):
            yield "form", f"form.fields[{i}].label: say what {field.name} asks, by language."
    if repeated := _repeated(consent.key for consent in form.consents):
        yield "form", f"form.consents: give each a key of its own; {repeated} is there twice."
    for i, consent in enumerate(form.consents):
        if not any(text.strip() for text in consent.text.values()):
            yield "form", f"form.consents[{i}].text: say what is agreed to, by language."
    required = [field.name for field in form.fields if field.required]
    if form.unique is not None and form.unique not in required:
        yield "form", f"form.unique: make {form.unique} one of the required fields."


def _scratch(scratch: Scratch) -> Iterator[Problem]:
    if repeated := _repeated(prize.key for prize in scratch.prizes):
        yield "scratch", f"scratch.prizes: give each a key of its own; {repeated} is there twice."
    if not any(prize.weight for prize in scratch.prizes):
        yield "scratch", "scratch.prizes: give at least one prize a weight above 0."
    for i, prize in enumerate(scratch.prizes):
        if not any(title.strip() for title in prize.title.values()):
            yield "scratch", f"scratch.prizes[{i}].title: say what is won, by language."


def _repeated(items: Iterable[Any]) -> Any:
    """Something that is there twice."""
    return next((item for item, n in Counter(items).items() if n > 1), None)
