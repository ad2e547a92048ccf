"""What a service sent, as people may see it: cut, and without what is a secret."""

from __future__ import annotations

import re

import msgspec

from tearoff.kit.visible import as_seen
from tearoff.providers.base import Callback

SHOWN = 500
"""Characters of a report that are shown."""
_SECRET = re.compile(
    r"(?i)((?:pass|pwd|secret|token|key|auth|sign)[\w.-]*[\"']?\s*[=:]\s*[\"']?)[^&\s\"',}]+"
)


def text_of_report(kind: str, raw: bytes) -> str:
    """`kind`: of a stored arrival. Of a callback its query and body; headers hold credentials."""
    if kind != "callback":
        return _tidy(raw.decode("utf-8", "replace"))
    try:
        told = msgspec.json.decode(raw, type=Callback)
    except msgspec.DecodeError:
        return _tidy(raw.decode("utf-8", "replace"))
    parts = (told.method, told.url.partition("?")[2], told.body.decode("utf-8", "replace"))
    return _tidy("\n".join(filter(None, parts)))


def _tidy(text: str) -> str:
    lines = (as_seen(line) for line in _SECRET.sub(r"\1…", text[: SHOWN * 4]).splitlines())
    told = "\n".join(filter(None, lines))
    return told if len(told) <= SHOWN else f"{told[:SHOWN]}…"
