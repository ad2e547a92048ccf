"""Programs whose keys have these scopes and no others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tearoff.accounts import keys
from tearoff.accounts.audit import SYSTEM
from tearoff.kit.services import Services
from tests.api.caller import Caller
from tests.api.v4.client import Client, client_of


async def client_with(caller: Caller, services: Services, scopes: Sequence[str]) -> Client:
    """A v4 client of the same shop by a new key."""
    async with services.db.transaction() as db:
        made = await keys.create(
            db, services.vault, caller.shop.account, by=SYSTEM, name="test", scopes=scopes
        )
    shop = replace(caller.shop, client_id=made.client_id, client_secret=made.client_secret)
    return client_of(Caller(caller.http, caller.url, shop))
