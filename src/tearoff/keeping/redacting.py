"""Takes a person out of JSON that was written of them: bodies of events, kept answers."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import msgspec

PERSONAL = frozenset(
    {
        "firstname", "lastname", "email", "phone", "gender", "customid", "customfields",
        "birthday", "device", "utm", "to", "recipient", "text", "asked_text", "subject", "reason",
        *(f"customfield{n}" for n in range(1, 8)),
        *(f"utm_{name}" for name in ("campaign", "source", "medium", "term", "content")),
    }
)  # fmt: skip
"""Names under which a person may stand. What stands under them is emptied, whatever it is."""


def redacted(body: bytes, terms: Collection[str] = ()) -> bytes:
    """The same without the person; `terms`: texts that may stand nowhere. What is no JSON is
    emptied altogether."""
    try:
        found = msgspec.json.decode(body)
    except msgspec.DecodeError:
        return b""
    return msgspec.json.encode(_without(found, terms))


def _without(value: Any, terms: Collection[str], name: str = "") -> Any:
    if isinstance(value, dict):
        return {key: _without(one, terms, key) for key, one in value.items()}
    if isinstance(value, list):
        return [_without(one, terms, name) for one in value]
    if isinstance(value, str) and (
        name in PERSONAL or any(term in value.lower() for term in terms)
    ):
        return ""
    return value
