"""Keyed marks of people who were erased: what is known of them is that their address is one of
these, and only who has the operator's key can tell whether a given address is.

A mark names its key (`erased:KEY:MARK`), so that one that is missing is noticed: a key that has
marked must stay in `TEAROFF_SECRET_KEY`, behind the newer ones, as what it sealed needs it too. An
address is marked apart for each account: nobody sees that two know the same person.

A process has one vault, and this file remembers it (`Services` says which): an address is compared
in many places, which know of no vault.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable

from tearoff.kit.vault import Vault

PREFIX = "erased:"
_PURPOSE = "erased"
_LENGTH = 24
"""Bytes of a mark that are kept."""


class _Process:
    vault: Vault | None = None
    starts: tuple[str, ...] = ()
    """How marks begin that the keys at hand make, the newest key's first."""


def use(vault: Vault) -> None:
    names = (mark.hex()[:8] for mark in vault.marks("key name", b""))
    _Process.starts = tuple(f"{PREFIX}{name}:" for name in names)
    _Process.vault = vault


def marks_of(account_id: int, address: str) -> list[str]:
    """Of an address in its canonical form, the newest key's first."""
    if _Process.vault is None:
        raise RuntimeError("nobody has said which keys there are")
    marks = _Process.vault.marks(_PURPOSE, f"{account_id}:{address}".encode("utf-8", "replace"))
    return [start + _text(mark) for start, mark in zip(_Process.starts, marks, strict=True)]


def is_mark(address: str) -> bool:
    return address.startswith(PREFIX)


def without_key(marks: Iterable[str]) -> list[str]:
    """Those that match nobody any more, because their key is missing."""
    return [mark for mark in marks if not mark.startswith(_Process.starts)]


def _text(mark: bytes) -> str:
    return base64.urlsafe_b64encode(mark[:_LENGTH]).decode()
