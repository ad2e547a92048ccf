"""Sending a `webhook_test` at once and telling what happened. Its body is made above, by what makes
those of real events."""

from __future__ import annotations

from datetime import datetime

from tearoff.hooks import attempt, claims, outbox, queries
from tearoff.hooks.bodies import Body
from tearoff.hooks.claims import Claimed, Result
from tearoff.hooks.deliverer import LEASE
from tearoff.hooks.models import TEST, TEST_THREAD, Endpoint
from tearoff.kit import clock
from tearoff.kit.db import Handle
from tearoff.kit.services import Services


async def prepare(db: Handle, endpoint: Endpoint, body: Body, now: datetime) -> Claimed:
    """Write the event and take its delivery in hand, in one transaction: no deliverer gets it.
    The account is held."""
    event_id = await outbox.write(
        db, endpoint.account_id, TEST, at=now, body=body, thread=TEST_THREAD
    )
    await queries.owe_event(db, endpoint.account_id, event_id, endpoint.id, now)
    claimed = await claims.claim_one(db, endpoint.id, event_id, now, now + LEASE)
    assert claimed is not None
    return claimed


async def carry_out(services: Services, claimed: Claimed) -> Result:
    """Deliver it once, whether the endpoint is active or not. A failed test is not tried again
    and does not count against the endpoint."""
    async with attempt.open_session(services.settings) as http:
        result = await attempt.attempt(http, services.vault, claimed, clock.now())
    now = clock.now()
    state = "delivered" if result.is_success else "failed"
    await claims.settle(services.db, claimed, result, state, now, now, counts=False)
    return result
