"""When an API key was used last: to the hour, so that it costs a call next to nothing."""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime, timedelta

import structlog

from tearoff.accounts.models import Caller
from tearoff.kit.db import NOT_NOW, Handle

EXACT_TO = timedelta(hours=1)
_MOST_KEYS = 10_000

log = structlog.get_logger()


class Uses:
    """What one process has written down: each key at most once an hour."""

    def __init__(self) -> None:
        self._noted: OrderedDict[str, datetime] = OrderedDict()

    async def note(self, db: Handle, caller: Caller, now: datetime) -> None:
        """A call of a key. It stands outside the transaction of the call, and a database that
        refuses it harms no call."""
        if caller.key is None:
            return
        client_id = caller.key.client_id
        noted = self._noted.get(client_id)
        if noted is not None and now - noted < EXACT_TO:
            return
        self._noted[client_id] = now  # first, so that of many at once one writes
        if len(self._noted) > _MOST_KEYS:
            self._noted.popitem(last=False)
        try:
            await _write(db, client_id, now)
        except NOT_NOW:
            self._noted.pop(client_id, None)
            log.warning("keys.use_not_noted", client_id=client_id)


async def _write(db: Handle, client_id: str, now: datetime) -> None:
    await db.execute(
        "INSERT INTO key_uses AS u (client_id, used_at) VALUES ($1, $2) ON CONFLICT (client_id)"
        " DO UPDATE SET used_at = excluded.used_at WHERE u.used_at < excluded.used_at",
        client_id,
        now,
    )
