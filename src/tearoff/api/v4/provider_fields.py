"""What calls about providers take."""

from __future__ import annotations

from typing import Any

import msgspec

from tearoff.api.v3 import parameters as p
from tearoff.api.v4 import fields as f
from tearoff.kit.phone import is_country
from tearoff.providers import registry

MOST_SETTINGS, LONGEST_SETTING = 100, 10_000
MOST_OF_A_LIST = 300
DEAREST = 10**9
"""Of a segment, in millionths: a thousand units."""


def read_settings(name: str, given: Any) -> dict[str, str | None]:
    """Texts by name; null takes one away."""
    values = _object(name, given, MOST_SETTINGS, "texts")
    read = f.of_text(p.text(LONGEST_SETTING, lines=True))
    return {
        key: None if value is None else read(f"{name}.{p.text(60)(name, key)}", value)
        for key, value in values.items()
    }


def read_prices(name: str, given: Any) -> dict[str, int]:
    """Millionths by country, or by `*`."""
    values = _object(name, given, MOST_OF_A_LIST, "whole numbers")
    unknown = [country for country in values if country != "*" and not is_country(country)]
    if unknown:
        text = "Use two letters of a country, such as BE, or *."
        raise p.WrongValue(302, f"Invalid value in parameter: {name}. {text}")
    read = f.integer(0, DEAREST)
    return {country: read(f"{name}.{country}", price) for country, price in values.items()}


def read_ids(name: str, given: Any) -> list[int]:
    if not isinstance(given, list) or len(given) > MOST_OF_A_LIST:
        raise p.WrongValue(301, f"Invalid value in parameter: {name}. Use an array of ids.")
    return list(dict.fromkeys(f.integer(1, 2**53 - 1)(name, one) for one in given))


def _object(name: str, given: Any, most: int, what: str) -> dict[str, Any]:
    if not isinstance(given, dict):
        raise p.WrongValue(301, f"Invalid value in parameter: {name}. Use an object of {what}.")
    if len(given) > most:
        raise p.WrongValue(300, f"Too many values in parameter: {name}. At most {most}.")
    return given


ID = f.path_id("id", "pro", "Id of the provider.", 100001)
KIND = f.words_field("kind", tuple(registry.KINDS), "Kind of service.", "log", required=True)
KIND_OF_TEST = msgspec.structs.replace(KIND, required=False)
ID_OF_TEST = f.integer_field("id", "A provider whose stored settings, secrets too, are used where"
                             " none are given.")  # fmt: skip
SETTINGS = f.Field(
    name="settings",
    read=read_settings,
    help="Settings by name, as `/v4/providers/kinds` tells them; null takes one away.",
    example={"sender": "BEANLEAF"},
    schema={"type": "object", "additionalProperties": {"type": ["string", "null"]}},
)
NAME = f.text_field("name", p.text(100), "For your own records.", "Trial")
ACTIVE = f.boolean_field("active", "Whether messages may go over it.", example=True)
PRICES = f.Field(
    name="prices",
    read=read_prices,
    help="Price of a segment, or of a mail, by the receiver's country, in millionths of the"
    " account's currency unit; `*` is every other country.",
    example={"*": 70_000, "FR": 55_000},
    schema={"type": "object", "additionalProperties": {"type": "integer", "minimum": 0}},
)
REPLY_NUMBERS = f.texts_field(
    "reply_numbers", 50, 20,
    "Numbers of your own at which replies arrive, beside the sender.", ["+32470001234"],
    f.required_text(20),
)  # fmt: skip
TO = f.text_field(
    "to", p.text(254), "A phone number or an e-mail address of your own, as the provider carries.",
    "+32470001234",
)  # fmt: skip
PROVIDERS = f.Field(
    name="providers",
    read=read_ids,
    help="Ids of providers of this channel: the first one is used.",
    required=True,
    example=[100001],
    schema={"type": "array", "items": {"type": "integer", "minimum": 1}},
)
