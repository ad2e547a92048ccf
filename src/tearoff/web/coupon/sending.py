"""Sending in an account's name what somebody on one of its pages has asked for."""

from __future__ import annotations

from datetime import datetime

from tearoff.accounts import queries as accounts
from tearoff.accounts.models import Caller
from tearoff.coupons.models import Campaign
from tearoff.distribution.send import Sender, SendRequest, StaleCaller
from tearoff.kit.services import Services, services_of
from tearoff.messages import connections
from tearoff.web.paper.reading import AnyRequest, patiently

_TRIES = 3


async def caller_of(
    services: Services, campaign: Campaign, channel: str, now: datetime
) -> Caller | None:
    """In whose name a message leaves; None when the account can send none over this channel."""
    account_id = campaign.account_id
    if await patiently(connections.route(services.db, account_id, channel)) is None:
        return None
    keys = await patiently(accounts.client_ids(services.db, account_id))
    caller = await patiently(accounts.caller(services.db, keys[0])) if keys else None
    return None if caller is None or caller.account.is_expired(now) else caller


async def send(
    request: AnyRequest,
    campaign: Campaign,
    caller: Caller | None,
    asked: SendRequest,
    now: datetime,
) -> None:
    """Raises what `Sender.send` raises."""
    sender: Sender = request.app.state.doors.sender
    for left in reversed(range(_TRIES)):
        if caller is None:
            raise StaleCaller
        try:
            await sender.send(caller, asked, now)
            return
        except StaleCaller:
            if not left:
                raise
        caller = await caller_of(services_of(request), campaign, asked.channel, now)
