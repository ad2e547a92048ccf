"""Announcing: an event and its deliveries, written in the caller's transaction."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from tearoff.hooks.models import Listener
from tearoff.kit import codes
from tearoff.kit.db import Handle

CHANNEL = "tearoff_hooks"


_ANNOUNCE = f"""
WITH told AS (
  INSERT INTO hook_events (ref, account_id, kind, at, campaign_id, thread, body)
  VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id
), sent AS (
  INSERT INTO hook_deliveries (account_id, endpoint_id, event_id, thread, next_at, created_at)
  SELECT $2, e.id, told.id, $6, $4, $4 FROM told, hook_endpoints e
  WHERE e.account_id = $2 AND e.active AND (e.kinds IS NULL OR $3 = ANY(e.kinds))
)
SELECT pg_notify('{CHANNEL}', ''), id FROM told
"""


async def announce(
    db: Handle,
    listener: Listener | None,
    kind: str,
    *,
    at: datetime,
    thread: str,
    campaign_id: int | None,
    body: Mapping[str, Any],
) -> str | None:
    """Tell whoever wants this kind; `body` is what stands behind `id`, `type`, `datetime` and
    `sequence`. Events of one `thread` (a session's code) are delivered in order. Gives the
    event's id (`evt_…`), or None when nobody wants it."""
    if listener is None or not listener.wants(kind):
        return None
    ref = f"evt_{codes.letters(20)}"
    await db.execute(
        _ANNOUNCE, ref, listener.account_id, kind, at, campaign_id, thread, encode(body)
    )
    return ref


def encode(body: Mapping[str, Any]) -> bytes:
    """Compact JSON that survives parsing and writing again in any language. Line and paragraph
    separators become line ends: some languages write them as they are, others as escapes."""
    text = msgspec.json.encode(body).decode()
    return text.translate({0x2028: "\\n", 0x2029: "\\n"}).encode()
