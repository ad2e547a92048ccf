"""A call that is being answered, in either dialect: who makes it, what was given, and what is
kept under its Idempotency-Key."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from tearoff.accounts import audit, idempotency
from tearoff.accounts.models import Account, Caller
from tearoff.api.deps import Doors
from tearoff.hooks.models import Listener
from tearoff.kit.db import Handle
from tearoff.messages import queries as messages

NOT_KEPT = frozenset({401, 429, 500, 503})
"""Statuses that another try may change."""


class Call(msgspec.Struct, frozen=True):
    """One call: who, with what, when, and by which doors."""

    doors: Doors
    caller: Caller
    given: Mapping[str, Any]
    now: datetime
    key: idempotency.Key | None = None

    @property
    def account(self) -> Account:
        return self.caller.account

    @property
    def link_host(self) -> str:
        """Where the account's coupon links lead: scheme and host."""
        return self.account.link_host or self.doors.services.settings.link_host

    async def note(self, db: Handle, verb: str, **facts: Any) -> None:
        """Write a change of this call down in the audit log (`audit.write`), in its transaction."""
        await audit.write(db, self.account.id, self.caller.actor, verb, self.now, **facts)

    @property
    def listener(self) -> Listener | None:
        """The account's webhooks, if it has any."""
        return self.account.listener(self.doors.services.settings.link_host)


async def kept(call: Call) -> idempotency.Answer | None:
    """The answer that is stored under this call's key. A call that was interrupted before it
    had one is answered by `act_alone` from what it left behind (`interrupted`)."""
    known = await _known(call)
    return known if isinstance(known, idempotency.Answer) else None


async def interrupted(call: Call) -> int | None:
    """The message of an earlier send with this key that died before it had an answer."""
    known = await _known(call)
    if not isinstance(known, idempotency.Interrupted):
        return None
    services = call.doors.services
    await messages.settle_overdue(services.db, call.now, services.settings.open_guard)
    return known.message_id


async def _known(call: Call) -> idempotency.Answer | idempotency.Interrupted | None:
    if call.key is None:
        return None
    services = call.doors.services
    return await idempotency.look(services.db, services.vault, call.key, call.now)


async def claim(db: Handle, call: Call) -> None:
    """Claim the call's key, if it has one. Raises `KeyBusy`."""
    if call.key is not None and not await _claim(db, call, call.key):
        raise idempotency.KeyBusy


async def keep(db: Handle, call: Call, status: int, body: bytes) -> None:
    """Store what a repeated call is answered, if it has a key. In the transaction that did the
    work: a refusal in which nothing was made leaves nothing under its key, so that the same call
    goes through once what stood in its way is mended."""
    if call.key is not None:
        vault = call.doors.services.vault
        await idempotency.store(db, vault, call.key, idempotency.Answer(status, body))


async def _claim(db: Handle, call: Call, key: idempotency.Key) -> bool:
    return await idempotency.claim(db, key, call.now, call.doors.services.settings.send_lease)
