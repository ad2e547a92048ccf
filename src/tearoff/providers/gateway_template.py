"""What the generic gateway fills in and finds: templates with {names}, and dotted paths.

Names are filled inside the strings of a JSON template that is already parsed, so that no
text can break out of its place.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from tearoff.providers.base import BadSettings, Outgoing

CREDENTIALS = ("username", "password", "token")
MESSAGE_NAMES = ("to", "to_digits", "text", "sender", "id", "callback", "alphabet")

_NAME = re.compile(r"\{([a-z_]+)\}")

Json = Any
"""A parsed JSON value."""

Values = Mapping[str, str | None]


def parse_template(field: str, text: str, names: tuple[str, ...]) -> dict[str, Json]:
    """A template: a JSON object in whose strings only these names stand in braces."""
    template = parse_object(field, text)
    for string in _strings(template):
        check_names(field, string, names)
    return template


def parse_object(field: str, text: str) -> dict[str, Json]:
    """The JSON object in a setting; {} when the setting is empty."""
    try:
        return msgspec.json.decode(text or "{}", type=dict[str, Json])
    except (msgspec.DecodeError, RecursionError) as error:
        raise BadSettings(field, f"must be a JSON object ({error}).") from None


def check_names(field: str, text: str, names: tuple[str, ...]) -> None:
    for name in _NAME.findall(text):
        if name not in names:
            known = ", ".join(f"{{{known}}}" for known in names)
            raise BadSettings(field, f"{{{name}}} is not known. Known: {known}.")


def fill(text: str, values: Values) -> str:
    """Fill the names in one text, all at once: what is filled in is not looked at again."""
    return _NAME.sub(lambda found: values.get(found[1]) or "", text)


def fill_template(template: dict[str, Json], values: Values) -> dict[str, Json]:
    """The template filled in. A key whose whole value is a name without a value is left out,
    and so is an object that only held such keys."""
    filled = ((key, _fill_value(value, values)) for key, value in template.items())
    return {key: value for key, value in filled if value is not None}


def _fill_value(value: Json, values: Values) -> Json:
    if isinstance(value, str):
        whole = _NAME.fullmatch(value)
        return values.get(whole[1]) if whole else fill(value, values)
    if isinstance(value, list):
        return [_fill_value(item, values) for item in value]
    if isinstance(value, dict):
        return fill_template(value, values) or (None if value else {})
    return value


def values_of(message: Outgoing, sender: str, alphabet_words: tuple[str, str]) -> Values:
    """What the names of a template stand for; None where there is nothing."""
    return {
        "to": message.to,
        "to_digits": message.to.lstrip("+"),
        "text": message.text,
        "sender": message.sender or sender or None,
        "id": str(message.id),
        "callback": message.callback_url,
        "alphabet": alphabet_words[message.encoding != "GSM-7"],
    }


def find(value: Json, path: str) -> list[Json]:
    """Everything at a dotted path: names, indexes counted from 0, and `*` for every item of a
    list. The empty path is the value itself; [] when there is nothing."""
    found = [value]
    for step in path.split(".") if path else ():
        found = [below for one in found for below in _below(one, step)]
    return found


def first_word(value: Json, path: str) -> str:
    """The first thing at a path, as a word; "" when the path is empty or leads nowhere."""
    return word(found[0]) if path and (found := find(value, path)) else ""


def word(value: Json) -> str:
    """A JSON value as settings write it: true, 0, abc; "" for null, objects and lists."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int | float) else ""


def _below(value: Json, step: str) -> list[Json]:
    if isinstance(value, dict):
        return [value[step]] if step in value else []
    if not isinstance(value, list):
        return []
    if step == "*":
        return value
    index = int(step) if step.isascii() and step.isdigit() and len(step) < 6 else len(value)
    return value[index : index + 1]


def _strings(value: Json) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from _strings(item)
