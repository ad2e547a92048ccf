"""Who sends what over which route, remembered between sends.

A process keeps these rows in memory so that a send needs no reading before it writes. What
it remembers can be old; so every row has a version, and the statement that opens a send
goes through only if all four versions are still the current ones.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

import msgspec

from tearoff.accounts import queries as account_queries
from tearoff.accounts.models import Caller
from tearoff.coupons.campaigns import campaigns
from tearoff.coupons.models import Campaign
from tearoff.kit.db import Handle
from tearoff.messages import connections
from tearoff.messages.models import Connection

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Memory(Generic[K, V]):
    """The rows used last, at most `size` of them."""

    def __init__(self, size: int) -> None:
        self._rows: OrderedDict[K, V] = OrderedDict()
        self._size = size

    def get(self, key: K) -> V | None:
        row = self._rows.get(key)
        if row is not None:
            self._rows.move_to_end(key)
        return row

    def keep(self, key: K, row: V) -> None:
        self._rows[key] = row
        self._rows.move_to_end(key)
        if len(self._rows) > self._size:
            self._rows.popitem(last=False)

    def forget(self, key: K) -> None:
        self._rows.pop(key, None)


class SendContext(msgspec.Struct, frozen=True):
    """`campaign` and `route` are None when the account has none such."""

    caller: Caller
    campaign: Campaign | None
    route: Connection | None


class Contexts:
    """The memory of one process."""

    def __init__(self, size: int = 4096) -> None:
        self._callers: Memory[str, Caller] = Memory(size)
        self._campaigns: Memory[tuple[int, int], Campaign] = Memory(size)
        self._routes: Memory[tuple[int, str], Connection] = Memory(size)

    def remembered_caller(self, client_id: str) -> Caller | None:
        return self._callers.get(client_id)

    async def caller(self, db: Handle, client_id: str) -> Caller | None:
        """The caller as it is now, read anew."""
        found = await account_queries.caller(db, client_id)
        if found is None:
            self._callers.forget(client_id)
        else:
            self._callers.keep(client_id, found)
        return found

    async def _again(self, db: Handle, caller: Caller) -> Caller:
        if caller.key is not None:
            return await self.caller(db, caller.key.client_id) or caller
        account = await account_queries.account(db, caller.account.id)
        return msgspec.structs.replace(caller, account=account) if account else caller

    def remembered(
        self, caller: Caller, campaign_id: int, channel: str = "sms"
    ) -> SendContext | None:
        """What is in memory; None when a part is missing."""
        campaign = self._campaigns.get((caller.account.id, campaign_id))
        route = self._routes.get((caller.account.id, channel))
        if campaign is None or route is None:
            return None
        return SendContext(caller, campaign, route)

    async def load(
        self, db: Handle, caller: Caller, campaign_id: int, channel: str = "sms"
    ) -> SendContext:
        """Everything as it is now, read anew."""
        account_id = caller.account.id
        fresh = await self._again(db, caller)
        campaign = await campaigns.campaign(db, account_id, campaign_id)
        route = await connections.route(db, account_id, channel)
        if campaign is not None:
            self._campaigns.keep((account_id, campaign_id), campaign)
        if route is not None:
            self._routes.keep((account_id, channel), route)
        return SendContext(fresh, campaign, route)
