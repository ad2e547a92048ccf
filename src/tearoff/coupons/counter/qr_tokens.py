"""Tokens in QR codes: one changes every thirty seconds while the page is open, so that a
picture of the screen is told as such; one is for paper and stays.

A token says nothing by itself: it is a mark with the operator's key.
"""

from __future__ import annotations

import base64
from datetime import datetime
from typing import Literal

from tearoff.kit import keys
from tearoff.kit.vault import Vault

STEP = 30
"""Seconds for which a page shows one token."""

LATE = 3
"""Tokens of the last three steps are fresh: a slow network, a clock that is a little off."""

_MARK_BYTES = 6
_PAPER = "p"

Freshness = Literal["fresh", "printed", "stale", "none"]


def token(vault: Vault, session_code: str, now: datetime) -> str:
    """The token of this half minute: its number in base 36, then eight letters of mark."""
    step = _step(now)
    return f"{_base36(step)}{_mark(vault, session_code, str(step))}"


def print_token(vault: Vault, session_code: str) -> str:
    """The token of a coupon on paper."""
    return f"{_PAPER}{_mark(vault, session_code, _PAPER)}"


def how_fresh(vault: Vault, session_code: str, given: str, now: datetime) -> Freshness:
    """Of a token that was scanned; "none" without one, or with one that is not ours."""
    head, mark = given[:-8], given[-8:]
    if head == _PAPER:
        return "printed" if _is_marked(vault, session_code, _PAPER, mark) else "none"
    step = _whole(head)
    if step is None or not _is_marked(vault, session_code, str(step), mark):
        return "none"
    return "fresh" if abs(_step(now) - step) <= LATE else "stale"


def _step(now: datetime) -> int:
    return int(now.timestamp()) // STEP


def _mark(vault: Vault, session_code: str, what: str) -> str:
    return _text(vault.mark("rotation", f"{session_code}:{what}".encode()))


def _is_marked(vault: Vault, session_code: str, what: str, mark: str) -> bool:
    marks = vault.marks("rotation", f"{session_code}:{what}".encode())
    return any(keys.is_same(mark, _text(known)) for known in marks)


def _text(mark: bytes) -> str:
    return base64.urlsafe_b64encode(mark[:_MARK_BYTES]).decode()


def _whole(text: str) -> int | None:
    return int(text, 36) if text.isalnum() and text.isascii() and len(text) <= 10 else None


def _base36(number: int) -> str:
    letters = ""
    while number:
        number, digit = divmod(number, 36)
        letters = "0123456789abcdefghijklmnopqrstuvwxyz"[digit] + letters
    return letters
