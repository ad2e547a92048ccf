"""By what a coupon went to its receiver: of many messages at once, the little that lists tell."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

import msgspec

from tearoff.kit.db import Handle
from tearoff.kit.rows import columns, read


class Carrier(msgspec.Struct, frozen=True):
    """`sent_at`: when a service took it, unless it came to nothing."""

    id: int
    channel: str
    state: str
    answered_at: datetime | None

    @property
    def sent_at(self) -> datetime | None:
        return self.answered_at if self.state in ("accepted", "sent", "delivered") else None


async def of_ids(db: Handle, account_id: int, ids: Collection[Any]) -> dict[int, Carrier]:
    rows = await db.fetch(
        f"SELECT {columns(Carrier)} FROM messages WHERE account_id = $1 AND id = ANY($2)",
        account_id,
        list(ids),
    )
    return {row["id"]: read(Carrier, row) for row in rows}
