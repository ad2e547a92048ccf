"""A campaign's options as fields of v4, read from their declaration in `coupons/options.py`.

`tearoff campaign set` reads the same table.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from tearoff.api.v3 import parameters as p
from tearoff.api.v4 import fields as f
from tearoff.coupons.options import PLAIN, Options

RENAMED = {"code": "code_source"}
"""A campaign's `code` is its part of a link."""
_OWN_NAMES = {outer: inner for inner, outer in RENAMED.items()}

_ABOUT: dict[str, tuple[str, Any]] = {
    "methods": (
        "How a coupon is taken in: code (shown to the staff), pin, button, webshop.",
        ["code", "pin"],
    ),
    "barcode": ("What the code is drawn as.", "qr"),
    "code_source": (
        "What the barcode holds: the personal link, the session's code, its own validation code"
        " or fixed_code.",
        "link",
    ),
    "fixed_code": ("What every barcode holds when code_source is fixed.", None),
    "rotating_code": (
        "The QR code changes every 30 seconds, so that a screenshot is told as such.",
        False,
    ),
    "webshop_url": (
        "Where the webshop's button leads; {code} stands for the coupon's code.",
        "https://shop.example.com/?code={code}",
    ),
    "ask_amount": ("Whether the staff types the amount spent.", "optional"),
    "ask_receipt": ("Whether the staff types the receipt's number.", "no"),
    "hours": (
        "When it can be used, on the campaign's clock; days are 1 (Monday) to 7. Empty: always.",
        [{"days": [1, 2, 3, 4, 5], "start": "07:00", "end": "11:00"}],
    ),
    "public_link": ("Whoever opens the campaign's own address gets a coupon.", True),
    "begins": ("That coupon begins when the page is seen, or when a button is pressed.", "seen"),
    "limit_network": (
        "At most so many coupons of the public link for one network (/24 of IPv4, /48 of IPv6)"
        " within an hour, and three times as many within a day; 0: any number.",
        50,
    ),
    "reactivates": ("When the time is over, the consumer may activate the coupon again.", False),
    "lengthens": ("The consumer can make the time longer, once.", True),
    "form": (
        "What is asked before the coupon; at most 4 fields and 4 consents. unique: the required"
        " field by which limit_person knows a person. null: no form.",
        {
            "fields": [{"name": "email", "required": True, "label": {"en": "Your e-mail"}}],
            "consents": [{"key": "news", "text": {"en": "Send me news."}, "required": False}],
            "unique": "email",
        },
    ),
    "scratch": (
        "A scratch card: prizes and blanks are drawn by their weights; amount: so many of a prize"
        " in all. null: no scratch card.",
        None,
    ),
    "texts": (
        "The campaign's words in other languages, by language.",
        {"nl": {"title": "2 voor 1 op cappuccino", "value": "Tweede kop gratis"}},
    ),
    "withdrawn_text": ("Your own sentence for a campaign that is paused.", "Back in May."),
    "limit_text": (
        "Your own sentence for an offer whose limit is reached.",
        "All gone in two days. Thank you!",
    ),
    "offers_url": ("Your other offers, for whoever comes too late.", "https://example.com/offers"),
    "help_url": ("Where somebody finds help.", "https://example.com/help"),
    "privacy_url": ("Your privacy statement.", "https://example.com/privacy"),
    "saves": ("The page offers to save the coupon, or to send it to oneself.", True),
    "wallet": ("The page offers the wallets that the operator has set up.", True),
}
_CODES = {"Invalid enum": 302, "Expected `bool": 302}
_PROBLEM = re.compile(r"(.*?)(?: - at (.*))?", re.S)
_PLACE = re.compile(r"`\$\.?(.*?)`")


def option_changes(given: Mapping[str, Any]) -> dict[str, Any]:
    """The options among what was given, by the names that they have in `Options`."""
    return {_OWN_NAMES.get(name, name): value for name, value in given.items() if name in _ABOUT}


def options_shown(options: Options) -> dict[str, Any]:
    """All of them by the names that callers use."""
    return {RENAMED.get(name, name): getattr(options, name) for name in Options.__struct_fields__}


def _read(name: str, given: Any) -> Any:
    """One option, strictly: its kind, its bounds, and no name that it does not know."""
    own = _OWN_NAMES.get(name, name)
    try:
        return getattr(msgspec.convert({own: given}, Options), own)
    except msgspec.ValidationError as error:
        raise _told(name, str(error)) from None


def _told(name: str, error: str) -> p.WrongValue:
    match = _PROBLEM.fullmatch(error)
    assert match is not None
    why, at = match[1].replace("`", ""), _PLACE.search(match[2] or "")
    inside = re.sub(r"^\w+", "", at[1]) if at else ""
    choices = _choices(_SCHEMAS[name], inside)
    if choices:
        why = f"Use one of: {', '.join(choices)}"
    code = next((n for begin, n in _CODES.items() if error.startswith(begin)), 301)
    return p.WrongValue(code, f"Invalid value in parameter: {name}{inside}. {why}.")


def _choices(schema: Mapping[str, Any], inside: str) -> list[str]:
    """The words that can stand at this place, if it takes only some words."""
    for step in re.findall(r"\w+|\[[^]]*\]", inside):
        schema = next((s for s in schema.get("anyOf", ()) if s.get("type") != "null"), schema)
        properties, more = schema.get("properties", {}), schema.get("additionalProperties")
        schema = properties.get(step) or schema.get("items") or more or {}
    alone = [s for s in schema.get("anyOf", [schema]) if s.get("type") != "null"]
    return [word for word in alone[0].get("enum", ()) if word is not None]


def _schemas() -> dict[str, dict[str, Any]]:
    """What each option can be, without references, which a request's schema cannot have."""
    whole = msgspec.json.schema(Options)
    known = whole["$defs"]

    def plain(part: Any) -> Any:
        if isinstance(part, list):
            return [plain(item) for item in part]
        if not isinstance(part, dict):
            return part
        if "$ref" in part:
            return plain(known[part["$ref"].rpartition("/")[2]])
        told = {k: v for k, v in part.items() if k != "default"}
        if isinstance(told.get("title"), str):  # else it is a value that has this name
            del told["title"]
        return {k: plain(v) for k, v in told.items()}

    properties = plain(known["Options"])["properties"]
    return {RENAMED.get(name, name): schema for name, schema in properties.items()}


_SCHEMAS = _schemas()


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema of a field that null gives its default back."""
    if "anyOf" in schema:
        return schema
    if "enum" in schema:
        return {"type": ["string", "null"], "enum": [*schema["enum"], None]}
    return {**schema, "type": [schema["type"], "null"]}


def _field(name: str) -> f.Field:
    help, example = _ABOUT[name]
    default = getattr(PLAIN, _OWN_NAMES.get(name, name))
    told = msgspec.json.encode(default).decode()
    return f.Field(
        name=name, read=_read, nullable=True, example=example,
        help=help if default in ("", None, (), {}) else f"{help} Default: {told}.",
        schema=_or_null(_SCHEMAS[name]),
    )  # fmt: skip


OPTIONS = tuple(_field(RENAMED.get(name, name)) for name in Options.__struct_fields__)

_MOST = 10**9
LIMITS = (
    f.integer_field("limit_claims", "At most so many are activated; null: no limit.",
                    least=0, most=_MOST, nullable=True),
    f.integer_field("limit_person", "At most so many coupons for one person; null: no limit.",
                    least=0, most=_MOST, nullable=True),
    f.integer_field("limit_day", "At most so many uses on one day; null: no limit.",
                    least=0, most=_MOST, nullable=True),
    f.integer_field("limit_location", "At most so many uses at each location; null: no limit.",
                    least=0, most=_MOST, nullable=True),
    f.integer_field("activation_seconds", "How long a coupon can be used once it is activated,"
                    " one minute to 20 hours; null: it needs no activation.",
                    least=60, most=72_000, nullable=True),
    f.integer_field("pause_seconds", "How long a coupon rests between two uses; null: not at all.",
                    least=1, most=366 * 86_400, nullable=True),
)  # fmt: skip
