"""Accounts below an account: made, changed, blocked by their parent. None of it commits.

A subaccount is an account of its own with its own keys, providers, opt-outs and data; a parent
reaches only what stands here.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg
import msgspec
from msgspec import UNSET, UnsetType

from tearoff.accounts import actions, members, queries
from tearoff.accounts.actions import SubaccountNotFound
from tearoff.accounts.models import Account, NewKey
from tearoff.errors import Conflict, Forbidden
from tearoff.kit import caps
from tearoff.kit.caps import Cap
from tearoff.kit.db import Handle
from tearoff.kit.rows import columns, read
from tearoff.kit.times import zones_of_country
from tearoff.kit.vault import Vault

STAGES = ("trial", "customer")
ACCESS = (
    "dashboard", "directory", "campaigns", "statistics", "distribution", "validation",
    "integrations", "loyalty",
)  # fmt: skip
"""What a package may allow; an account without a package may do all that exists."""
PAGE = 100
MOST = 10_000
_CAP = Cap(
    name="subaccounts",
    most=MOST,
    rows="accounts WHERE parent_id = $1",
    text=f"An account has at most {MOST:,} subaccounts, blocked ones too. Ask whoever runs this"
    " service for a second account.",
)


class SubaccountCaller(Forbidden):
    """You are trying to use subaccount credentials to manage subaccounts"""


class CampaignLimit(Conflict):
    """The package of this account allows no more campaigns. Delete those that are over, or take
    another package."""


class PackageNotFound(Conflict):
    """Package not found"""


class Subaccount(msgspec.Struct, frozen=True):
    """What its parent sees of it. `client_id` is its oldest key; `campaigns`: how many it has."""

    id: int
    email: str
    language: str
    last_sign_in_at: datetime | None
    sign_ins: int
    currency: str
    max_campaigns: int | None
    expires_at: datetime | None
    timezone: str
    client_id: str
    first_name: str
    last_name: str
    name: str
    country: str | None
    stage: str
    package_id: int | None
    access: tuple[str, ...] | None
    blocked_at: datetime | None
    hook_url: str
    campaigns: int

    @property
    def ref(self) -> str:
        return f"sub_{self.id}"

    @property
    def expiry_date(self) -> str:
        """Its last day, `yyyy-MM-dd` in its own time zone; "" when it does not end."""
        if self.expires_at is None:
            return ""
        return (
            (self.expires_at - timedelta(seconds=1))
            .astimezone(ZoneInfo(self.timezone))
            .strftime("%Y-%m-%d")
        )


class NewSubaccount(msgspec.Struct, frozen=True, kw_only=True):
    """`expiry` is its last day, in its time zone. Without one it has that of its country, and
    where that has none or several, its parent's."""

    email: str
    password_hash: str | None = None
    package_id: int | None = None
    stage: str = "customer"
    first_name: str = ""
    last_name: str = ""
    country: str | None = None
    timezone: str | None = None
    name: str = ""
    expiry: date | None = None


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """What is to change; what is UNSET stays."""

    email: str | UnsetType = UNSET
    package_id: int | UnsetType | None = UNSET
    stage: str | UnsetType = UNSET
    first_name: str | UnsetType = UNSET
    last_name: str | UnsetType = UNSET
    country: str | UnsetType | None = UNSET
    name: str | UnsetType = UNSET
    language: str | UnsetType = UNSET
    expiry: date | UnsetType | None = UNSET
    blocked: bool | UnsetType = UNSET


_OF_OWNER = ("email", "first_name", "last_name")

_SEEN = """
SELECT a.id, coalesce(m.email, a.email) AS email, a.language, m.last_sign_in_at,
  coalesce(m.sign_ins, 0) AS sign_ins, a.currency, p.max_campaigns, a.expires_at, a.timezone,
  coalesce((SELECT client_id FROM api_keys k WHERE k.account_id = a.id AND revoked_at IS NULL
    ORDER BY created_at, client_id LIMIT 1), '') AS client_id,
  coalesce(m.first_name, '') AS first_name, coalesce(m.last_name, '') AS last_name,
  a.name, a.country, a.stage, a.package_id, p.access, a.blocked_at,
  coalesce((SELECT url FROM hook_endpoints h WHERE h.account_id = a.id AND h.active
    ORDER BY id LIMIT 1), '') AS hook_url,
  (SELECT count(*) FROM campaigns c WHERE c.account_id = a.id AND c.removed_at IS NULL
    AND NOT c.is_template)
    AS campaigns
FROM accounts a
LEFT JOIN LATERAL (SELECT * FROM members WHERE account_id = a.id AND role = 'owner'
  ORDER BY id LIMIT 1) m ON true
LEFT JOIN packages p ON p.id = a.package_id
WHERE a.parent_id = $1 AND a.id = ANY($2) ORDER BY a.id
"""


def check_parent(account: Account) -> None:
    """Raises `SubaccountCaller`: only the top manages subaccounts."""
    if account.parent_id is not None:
        raise SubaccountCaller


class Listed(msgspec.Struct, frozen=True):
    """`total` counts the whole list, not the page."""

    total: int
    subaccounts: list[Subaccount]


async def page(db: Handle, parent_id: int, number: int) -> Listed:
    """Page `number` (from 1) of the subaccounts, a hundred each, oldest first."""
    ids = await db.fetch(
        f"SELECT id FROM accounts WHERE parent_id = $1 ORDER BY id OFFSET $2 LIMIT {PAGE}",
        parent_id,
        (number - 1) * PAGE,
    )
    total = await db.fetchval("SELECT count(*) FROM accounts WHERE parent_id = $1", parent_id)
    rows = await db.fetch(_SEEN, parent_id, [row["id"] for row in ids])
    return Listed(total, [read(Subaccount, row) for row in rows])


async def subaccount(db: Handle, parent_id: int, account_id: int) -> Subaccount:
    """Raises `SubaccountNotFound`, also for somebody else's."""
    row = await db.fetchrow(_SEEN, parent_id, [account_id])
    if row is None:
        raise SubaccountNotFound
    return read(Subaccount, row)


async def check_new(db: Handle, parent: Account, email: str, package_id: int | None) -> None:
    """What would be refused, said before a password is hashed. Raises as `create_subaccount`."""
    await _check_package(db, parent.id, package_id)
    await caps.check_room(db, _CAP, parent.id)
    await members.check_free(db, parent.id, email)


async def create_subaccount(
    db: asyncpg.Connection, vault: Vault, parent: Account, new: NewSubaccount
) -> NewKey:
    """An account with its first key and its owner. Raises `members.EmailTaken`,
    `PackageNotFound` and `CapReached`."""
    await _check_package(db, parent.id, new.package_id)
    await caps.make_room(db, _CAP, parent.id)
    zones = zones_of_country(new.country) if new.country else ()
    timezone = new.timezone or (zones[0] if len(zones) == 1 else parent.timezone)
    made: int = await db.fetchval(
        "INSERT INTO accounts (parent_id, name, email, language, timezone, country, currency,"
        " stage, package_id, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
        " RETURNING id",
        parent.id,
        new.name or new.email,
        new.email,
        parent.language,
        timezone,
        new.country,
        parent.currency,
        new.stage,
        new.package_id,
        end_of(new.expiry, timezone),
    )
    await members.create_member(
        db,
        made,
        members.NewMember(
            email=new.email,
            first_name=new.first_name,
            last_name=new.last_name,
            language=parent.language,
            password_hash=new.password_hash,
        ),
    )
    return await actions.create_key(db, vault, made)


async def change_subaccount(
    db: asyncpg.Connection, parent_id: int, account_id: int, changes: Changes, now: datetime
) -> Subaccount:
    """Raises `SubaccountNotFound`, `members.EmailTaken` and `PackageNotFound`."""
    known = await subaccount(db, parent_id, account_id)
    given = {n: getattr(changes, n) for n in changes.__struct_fields__}
    given = {name: value for name, value in given.items() if value is not UNSET}
    await _check_package(db, parent_id, given.get("package_id"))
    owner: dict[str, Any] = {name: given.pop(name) for name in _OF_OWNER if name in given}
    if owner:
        await members.change_owner(db, account_id, owner)
    if "email" in owner:
        given["email"] = owner["email"]
    if "expiry" in given:
        given["expires_at"] = end_of(given.pop("expiry"), known.timezone)
    if "blocked" in given:
        given["blocked_at"] = (known.blocked_at or now) if given.pop("blocked") else None
    if given:
        await queries.update_account(db, account_id, given)
    return await subaccount(db, parent_id, account_id)


async def check_room(db: asyncpg.Connection, account_id: int) -> None:
    """Whether the account's package allows another campaign; two who ask at the same moment
    come one after the other. In the transaction that makes it. Raises `CampaignLimit`."""
    most: int | None = await db.fetchval(
        "SELECT p.max_campaigns FROM accounts a JOIN packages p ON p.id = a.package_id"
        " WHERE a.id = $1 FOR NO KEY UPDATE OF a",
        account_id,
    )
    if most is None:
        return
    n: int = await db.fetchval(
        "SELECT count(*) FROM campaigns WHERE account_id = $1 AND removed_at IS NULL"
        " AND NOT is_template",
        account_id,
    )
    if n >= most:
        raise CampaignLimit


def end_of(day: date | None, timezone: str) -> datetime | None:
    """The moment at which the account's last day is over."""
    if day is None:
        return None
    return datetime.combine(day + timedelta(days=1), time(), ZoneInfo(timezone))


# packages ---------------------------------------------------------------------------------


class Package(msgspec.Struct, frozen=True):
    id: int
    name: str
    max_campaigns: int | None
    access: tuple[str, ...]

    @property
    def ref(self) -> str:
        return f"pac_{self.id}"


async def create_package(
    db: Handle, account_id: int, name: str, max_campaigns: int | None, access: tuple[str, ...]
) -> Package:
    row = await db.fetchrow(
        "INSERT INTO packages (account_id, name, max_campaigns, access) VALUES ($1, $2, $3, $4)"
        f" RETURNING {columns(Package)}",
        account_id,
        name,
        max_campaigns,
        list(access),
    )
    assert row is not None
    return read(Package, row)


async def packages(db: Handle, account_id: int) -> list[Package]:
    rows = await db.fetch(
        f"SELECT {columns(Package)} FROM packages WHERE account_id = $1 ORDER BY id", account_id
    )
    return [read(Package, row) for row in rows]


async def _check_package(db: Handle, account_id: int, package_id: int | None) -> None:
    if package_id is None:
        return
    found = await db.fetchval(
        "SELECT true FROM packages WHERE account_id = $1 AND id = $2", account_id, package_id
    )
    if not found:
        raise PackageNotFound
