"""Two people change one campaign. What only one of them changed needs no question; of what both
changed, both versions are shown, and the one who saves last chooses."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import msgspec

from tearoff.kit.words import Words
from tearoff.web.dashboard.editor_tabs import label_of
from tearoff.web.dashboard.forms import Typed

CHOICE = "choose."
"""In front of a field's name: `mine` or `theirs`."""

Given = Mapping[str, Any]


class Clash(msgspec.Struct, frozen=True):
    """A field that both changed, in words."""

    name: str
    label: str
    mine: str
    theirs: str


class Merge(msgspec.Struct, frozen=True):
    """`mine`: what only I changed; `theirs`: names of what only the others changed; `clashes`:
    names of what both did."""

    mine: dict[str, Any]
    theirs: tuple[str, ...]
    clashes: tuple[str, ...]


def merge(mine: Given, base: Given, now: Given) -> Merge:
    """`base`: how it stood when the page was opened. Without it everything that differs clashes."""
    own, theirs, clashes = {}, [], []
    for name, value in mine.items():
        was = base.get(name, msgspec.UNSET)
        is_mine, is_theirs = value != was, now.get(name) != was
        if value == now.get(name):
            continue
        if is_mine and is_theirs:
            clashes.append(name)
        elif is_mine:
            own[name] = value
        elif is_theirs:
            theirs.append(name)
    return Merge(own, tuple(theirs), tuple(clashes))


def base_of(typed: Typed) -> dict[str, Any]:
    try:
        found = json.loads(typed.text("base") or "{}")
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def base_text(given: Given) -> str:
    return json.dumps(given, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def chosen(given: Given, typed: Typed) -> dict[str, Any]:
    """Without the fields of which somebody chose the other's version."""
    return {n: v for n, v in given.items() if typed.text(CHOICE + n) != "theirs"}


def clash_of(words: Words, name: str, mine: Any, theirs: Any) -> Clash:
    return Clash(name, label_of(words, name), told(words, mine), told(words, theirs))


def told(words: Words, value: Any) -> str:
    """A value as a reader compares it: each part on a line of its own."""
    if value is None or value in ("", [], {}):
        return words("(empty)")
    if isinstance(value, bool):
        return words("Yes") if value else words("No")
    return "\n".join(_lines(value))


def _lines(value: Any, path: str = "") -> list[str]:
    if isinstance(value, Mapping):
        parts = [_lines(inner, f"{path} {key}".strip()) for key, inner in value.items()]
    elif isinstance(value, list):
        if all(not isinstance(one, Mapping) for one in value):
            return [f"{path}: {', '.join(map(str, value))}".removeprefix(": ")]
        parts = [_lines(inner, f"{path} {n}".strip()) for n, inner in enumerate(value, 1)]
    else:
        return [f"{path}: {value}".removeprefix(": ")]
    return [line for part in parts for line in part]
