"""What happened to a session, oldest first: every event with who did it, and from where."""

from __future__ import annotations

from datetime import datetime

import msgspec

from tearoff.kit.db import Handle
from tearoff.kit.rows import columns, read


class SessionEvent(msgspec.Struct, frozen=True):
    """`verdict` is there for opens only: human, robot or unsure. `listed`: the session's flag
    (opened, claimed, validated) came from this event and still stands."""

    id: int
    kind: str
    at: datetime
    actor: str
    channel: str
    reason: str
    verdict: str | None
    listed: bool
    location_id: int | None
    device_id: int | None


async def events_of(
    db: Handle, account_id: int, session_id: int, after: int | None, limit: int
) -> list[SessionEvent]:
    """Those behind the event `after`."""
    rows = await db.fetch(
        f"SELECT {columns(SessionEvent)} FROM session_events WHERE account_id = $1"
        " AND session_id = $2 AND id > coalesce($3::bigint, 0) ORDER BY id LIMIT $4",
        account_id,
        session_id,
        after,
        limit,
    )
    return [read(SessionEvent, row) for row in rows]
