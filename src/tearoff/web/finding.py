"""From the codes in a consumer's link to what is behind them, for as long as somebody waits who
stands at a counter."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable
from typing import TypeVar

from tearoff.coupons import campaigns
from tearoff.coupons.links import Linked, linked
from tearoff.coupons.models import Campaign
from tearoff.kit.db import DatabaseAway
from tearoff.kit.services import Services

T = TypeVar("T")

PATIENCE = 8
"""Seconds after which the database counts as away: the consumer stands at a counter."""

PERSONAL = ["/p/{campaign:str}/{session:str}", "/z/{campaign:str}/{session:str}"]
PUBLIC = ["/p/{campaign:str}", "/z/{campaign:str}"]

_CODE = re.compile(r"[0-9a-z]{1,32}\Z")


async def find(services: Services, campaign: str, session: str) -> Linked | None:
    """What a personal link leads to; None when either code is wrong."""
    campaign, session = read_code(campaign), read_code(session)
    if not campaign or not session:
        return None
    return await patiently(linked(services.db, campaign, session))


async def find_campaign(services: Services, campaign: str) -> Campaign | None:
    """The campaign of a public link, or of a picture's address."""
    code = read_code(campaign)
    return await patiently(campaigns.campaign_of_code(services.db, code)) if code else None


async def patiently(work: Awaitable[T]) -> T:
    try:
        async with asyncio.timeout(PATIENCE):
            return await work
    except TimeoutError:
        raise DatabaseAway("The database does not answer.", after=2) from None


def read_code(text: str) -> str:
    """A code as it stands in a link: in any case, with `&web=true` or the full stop of a
    sentence glued to it. Empty when it can be no code."""
    code = text.partition("&")[0].rstrip(".,;:!?)'\"").lower()
    return code if _CODE.match(code) else ""
