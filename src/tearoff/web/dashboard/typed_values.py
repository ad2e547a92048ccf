"""Values of an operation as a form shows them, and back: `forms.given_by` the other way round, and
for values with parts inside (rows, words by language), whose fields are named by their path, such
as `form.fields.0.label.nl`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from tearoff.api.v3.reading import Parameter
from tearoff.web.dashboard.forms import HAS, Typed, clock_text, integer_of, whole_number

Values = dict[str, list[str]]

ENDS = ("expires_at",)
"""Moments that are the end of something: midnight is told as the minute before."""


def typed_of_given(fields: Iterable[Parameter], shown: Mapping[str, Any], zone: str) -> Values:
    """What a form has in its fields when nobody has typed yet. `shown`: an answer of v4 as JSON
    values, with moments as `datetime`."""
    found: Values = {}
    for field in fields:
        if field.name in shown:
            found |= flat(field.name, shown[field.name], zone)
    return found


def flat(name: str, value: Any, zone: str = "UTC") -> Values:
    if isinstance(value, bool):
        return {HAS + name: ["1"], **({name: ["1"]} if value else {})}
    if isinstance(value, Mapping):
        parts = (flat(f"{name}.{key}", inner, zone) for key, inner in value.items())
        return {key: texts for part in parts for key, texts in part.items()}
    if isinstance(value, list | tuple):
        if not value or not isinstance(value[0], Mapping):
            return {HAS + name: ["1"], name: [str(one) for one in value]}
        return flat(name, dict(enumerate(value)), zone)
    if isinstance(value, datetime):
        return {name: [clock_text(value, zone, is_end=name in ENDS)]}
    return {name: ["" if value is None else str(value)]}


def plain(value: Any) -> Any:
    """Structs as dicts, tuples as lists, moments as they are."""
    return msgspec.to_builtins(value, builtin_types=(datetime,))


def nested(field: Parameter, typed: Typed) -> Any:
    """The JSON value of a field whose parts are fields of the form. Rows in which nothing stands
    are left out; what cannot be read stays as it is, so that the field says what would be right."""
    return _read(_alone(field.schema), typed, field.name)


def _read(schema: Mapping[str, Any], typed: Typed, path: str) -> Any:
    kind = schema.get("type")
    if kind == "object":
        return _object(schema, typed, path)
    if kind == "array":
        return _array(_alone(schema["items"]), typed, path)
    if kind == "boolean":
        return typed.is_ticked(path)
    text = typed.values[path][-1].strip() if path in typed.values else ""
    return whole(text) if kind == "integer" else text


def _object(schema: Mapping[str, Any], typed: Typed, path: str) -> dict[str, Any]:
    """What is left empty is left out: it has its default then."""
    known = schema.get("properties")
    more = _alone(schema.get("additionalProperties") or {})
    names = known or dict.fromkeys(_keys(typed, path), more)
    found = {n: _read(_alone(s), typed, f"{path}.{n}") for n, s in names.items()}
    return {name: value for name, value in found.items() if value not in ("", {}, [], None)}


def _array(items: Mapping[str, Any], typed: Typed, path: str) -> list[Any]:
    if items.get("type") != "object":
        texts = typed.texts(path)
        return [whole(text) for text in texts] if items.get("type") == "integer" else texts
    numbers = sorted(n for n in map(row_number, _keys(typed, path)) if n is not None)
    rows = (_object(items, typed, f"{path}.{n}") for n in numbers)
    return [row for row in rows if any(v is not False for n, v in row.items() if n != "key")]


def _keys(typed: Typed, path: str) -> Sequence[str]:
    """What follows the path in the names of the form, each once, in the form's order."""
    begin = f"{path}."
    names = (name.removeprefix(HAS) for name in typed.values)
    return list(
        dict.fromkeys(n.removeprefix(begin).split(".")[0] for n in names if n.startswith(begin))
    )


def row_number(key: str) -> int | None:
    """Which row a key of a list is of; None for what is none."""
    return whole_number(key) if len(key) < 4 else None


def keys_of(typed: Typed, path: str) -> Sequence[str]:
    """The rows, or the languages, that the form has under this path."""
    return _keys(typed, path)


def whole(text: str) -> int | str | None:
    return integer_of(text) if text.strip() else None


def _alone(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema beside null."""
    parts = schema.get("anyOf")
    if parts is not None:
        return next((_alone(part) for part in parts if part.get("type") != "null"), {})
    kind = schema.get("type")
    if isinstance(kind, list):
        return {**schema, "type": next(one for one in kind if one != "null")}
    return schema
