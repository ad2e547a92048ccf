"""Many sessions changed in one transaction. All that they count in is held before the first one
is changed, sessions before tallies and each in one order: one after the other would meet tills that
do the same."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from msgspec.structs import replace

from tearoff.accounts import tallies
from tearoff.accounts.tallies import Tally
from tearoff.coupons.models import SessionAndCampaign
from tearoff.coupons.sessions import limits, lists, queries, reserved_limits, updates
from tearoff.kit.db import Handle


class Plan(msgspec.Struct, frozen=True):
    """What is to be done to each: fields that are set, an operation (or none), at which place."""

    fields: dict[str, Any]
    operation: str | None
    location_id: int | None
    now: datetime


async def hold_all(
    db: Handle, account_id: int, sessions: Sequence[SessionAndCampaign], plan: Plan
) -> list[SessionAndCampaign]:
    """The sessions as they are now, and as they stay until the transaction ends, in the order of
    their ids; and so do the tallies that may count what is planned."""
    ids = [both.session.id for both in sessions]
    held = await queries.hold_sessions(db, account_id, ids)
    if plan.operation in updates.CHANGES and updates.CHANGES[plan.operation].unlists:
        for campaign_id in sorted({both.campaign.id for both in held}):
            await lists.hold(db, campaign_id)
    counting = [both for both in held if limits.has_use_limits(both.campaign)]
    if counting:
        asked = {tally.scope: tally for tally in await reserved_limits.held_by(db, account_id, ids)}
        for both in counting:
            asked |= {tally.scope: tally for tally in await _tallies(db, both, plan)}
        only_held = [replace(tally, step=0, cap=tallies.NO_CAP) for tally in asked.values()]
        await tallies.count(db, account_id, only_held, plan.now)
    return held


async def _tallies(db: Handle, both: SessionAndCampaign, plan: Plan) -> list[Tally]:
    session, campaign = both.session, both.campaign
    changed = replace(session, **plan.fields)
    counted = limits.of_new_person(campaign, session, changed)
    if plan.operation in ("claimed", "unclaimed"):
        counted += limits.of_claim(campaign)
    elif plan.operation == "validated":
        counted += limits.of_use(campaign, changed, plan.location_id, plan.now)
    elif plan.operation == "unvalidated":
        for use in (await updates.uses_of(db, session.id))[-1:]:
            counted += limits.of_use(campaign, changed, use.location_id, use.at, step=-1)
    return counted
