"""The same cast for every test: a shop with an account, a campaign and a provider, made in a
real database; and a second shop that must see nothing of the first."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import asyncpg

from tearoff.accounts import actions as accounts
from tearoff.accounts import locations
from tearoff.accounts.locations import Changes
from tearoff.accounts.rights import SCOPES
from tearoff.coupons.campaigns import campaigns
from tearoff.coupons.campaigns.campaigns import NewCampaign
from tearoff.kit.services import Services
from tearoff.messages import callbacks, connections
from tearoff.messages.connections import NewConnection
from tearoff.messages.open_connections import surroundings_of
from tests.running import PATIENCE

PIN = "471108"


@dataclass
class Shop:
    account: int
    client_id: str
    client_secret: str
    campaign: int
    code: str
    location: int
    connection: int | None
    token: str = ""
    pin: str = PIN
    email: str = ""
    more: dict[str, object] = field(default_factory=dict)

    @property
    def headers(self) -> dict[str, str]:
        return {"X-Client-Id": self.client_id, "X-Client-Secret": self.client_secret}

    @property
    def ref(self) -> str:
        return f"cam_{self.campaign}"


def noon() -> str:
    """A time zone in which it is about noon, so that no day ends while something is tried."""
    return f"Etc/GMT{datetime.now(UTC).hour - 12:+d}"


async def open_shop(
    services: Services,
    *,
    kind: str | None = "log",
    settings: dict[str, str] | None = None,
    campaign: dict[str, object] | None = None,
    account: dict[str, object] | None = None,
    unlimited: bool = True,
    scopes: Sequence[str] = SCOPES,
) -> Shop:
    """A shop with everything a send needs. `unlimited` lifts the limits on numbers, which
    tests would reach; `scopes`: those of its key, which may do everything else."""
    # One of its own: whoever has the same address is the same person, with the same password.
    email = f"hello.{secrets.token_hex(4)}@example.com"
    async with services.db.transaction() as db:
        key = await accounts.create_account(
            db, services.vault, name="Bean & Leaf", email=email,
            timezone="Europe/Brussels",
        )  # fmt: skip
        await db.execute(
            "UPDATE api_keys SET scopes = $2 WHERE client_id = $1", key.client_id, list(scopes)
        )
        if unlimited:
            await db.execute(
                "UPDATE accounts SET limit_number_hour = NULL, limit_number_day = NULL,"
                " limit_prefix_hour = NULL, calls_per_second = 1000000, calls_at_once = 10000000"
                " WHERE id = $1",
                key.account_id,
            )
        for name, value in (account or {}).items():
            await db.execute(
                f"UPDATE accounts SET {name} = $2 WHERE id = $1", key.account_id, value
            )
        given = {
            "name": "Two for one", "title": "2-for-1 cappuccino", "value": "Second cup free",
            "brand": "Bean & Leaf", "message_text": "Your coffee: {link}",
            "timezone": "Europe/Brussels", "expires_at": datetime.now(UTC) + timedelta(days=30),
        }  # fmt: skip
        made = await campaigns.create_campaign(
            db, key.account_id, NewCampaign(**(given | (campaign or {})))
        )
        place = await open_place(services, key.account_id, "Ghent", PIN, db)
        await campaigns.open_at(db, key.account_id, made.id, place)
        connection = None
        if kind is not None:
            new = NewConnection(kind=kind, settings=settings or {})
            connection = await connections.add_connection(
                db, services.vault, key.account_id, new, surroundings_of(services)
            )
    return Shop(
        account=key.account_id,
        client_id=key.client_id,
        client_secret=key.client_secret,
        campaign=made.id,
        code=made.code,
        location=place,
        connection=connection.id if connection else None,
        email=email,
        token=callbacks.token_of(services.vault, connection) if connection else "",
    )


async def until_guards_are_freed(services: Services, shop: Shop) -> None:
    """Until the server has noted that the callers of all sends have their answers; an equal
    send that comes earlier counts as a repeat of one under way."""
    async with asyncio.timeout(PATIENCE):
        while await services.db.fetchval(
            "SELECT EXISTS (SELECT FROM open_sends WHERE account_id = $1)", shop.account
        ):
            await asyncio.sleep(0.05)


async def open_place(
    services: Services,
    account_id: int,
    name: str,
    pin: str | None = None,
    db: asyncpg.Connection | None = None,
) -> int:
    """A location of this account."""
    given = Changes(name=name, pin=pin)
    if db is not None:
        return (await locations.create(db, services.vault, account_id, given)).id
    async with services.db.transaction() as work:
        return (await locations.create(work, services.vault, account_id, given)).id
