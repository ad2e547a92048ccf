"""How the rooms above learn what became of a message, in the transaction in which it did."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

import msgspec

from tearoff.kit.db import Handle
from tearoff.kit.services import Services


class Change(msgspec.Struct, frozen=True):
    """A message has climbed from one state to another."""

    account_id: int
    message_id: int
    old: str
    new: str
    at: datetime


class Tell(Protocol):
    """What wants to hear of it; `db` is in the transaction of the change."""

    async def __call__(self, services: Services, db: Handle, change: Change) -> None: ...
