"""What the address of a page of ours carries to it: sealed, so that nobody else reads or makes it,
and good for some minutes."""

from __future__ import annotations

from datetime import datetime
from math import ceil
from typing import TypeVar

import msgspec

from tearoff.kit.vault import CannotOpen, Vault
from tearoff.web.paper.reading import AnyRequest

LIVES = 900
"""Seconds."""
LONGEST = 6000


class Carried(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`about` says what it is about, `at` when it came about (seconds since 1970).
    `status` is what the page answers with; `until` (seconds since 1970), if that is not 0, is when
    another try makes sense."""

    about: str = ""
    at: float = 0
    status: int = 200
    until: float = 0

    def wait(self, now: datetime) -> int:
        """Whole seconds; after them it is not too early."""
        return max(0, ceil(self.until - now.timestamp()))


C = TypeVar("C", bound=Carried)


def seal(vault: Vault, carried: Carried) -> str:
    return vault.seal(msgspec.json.encode(carried)).decode()


def unseal(
    request: AnyRequest, vault: Vault, name: str, kind: type[C], about: str, now: datetime
) -> tuple[C, str] | None:
    """What this value of the address carries, and how it stands there; None when there is nothing,
    or nothing about this any more."""
    if name.encode() not in request.scope["query_string"]:
        return None
    sealed = str(request.query_params.get(name, ""))[:LONGEST]
    try:
        carried = msgspec.json.decode(vault.open(sealed.encode()), type=kind)
    except (CannotOpen, msgspec.MsgspecError):
        return None
    # The clocks of two servers are not quite the same.
    is_recent = -1 < now.timestamp() - carried.at < LIVES
    return (carried, sealed) if is_recent and carried.about == about else None
