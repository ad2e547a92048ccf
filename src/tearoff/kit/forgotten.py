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
from functools import lru_cache

from tearoff.kit.vault import Vault

PREFIX = "erased:"
_PURPOSE = "erased"
_LENGTH = 24
"""Bytes of a mark that are kept."""


class _Process:
    vault: Vault | None = None


def use(vault: Vault) -> None:
    _Process.vault = vault


@lru_cache(4)
def _starts(vault: Vault) -> tuple[str, ...]:
    """How marks begin that these keys make, the newest key's first."""
    return tuple(f"{PREFIX}{mark.hex()[:8]}:" for mark in vault.marks("key name", b""))


def marks_of(account_id: int, address: str) -> list[str]:
    """Of an address in its canonical form, the newest key's first."""
    vault = _vault()
    marks = vault.marks(_PURPOSE, f"{account_id}:{address}".encode("utf-8", "replace"))
    return [start + _text(mark) for start, mark in zip(_starts(vault), marks, strict=True)]


def is_mark(address: str) -> bool:
    return address.startswith(PREFIX)


def without_key(marks: Iterable[str]) -> list[str]:
    """Those that match nobody any more, because their key is missing."""
    return [mark for mark in marks if not mark.startswith(_starts(_vault()))]


def _vault() -> Vault:
    if _Process.vault is None:
        raise RuntimeError("nobody has said which keys there are")
    return _Process.vault


def _text(mark: bytes) -> str:
    return base64.urlsafe_b64encode(mark[:_LENGTH]).decode()
