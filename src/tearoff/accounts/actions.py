"""Verbs of accounts. None commits."""

from __future__ import annotations

import re
from datetime import datetime

from tearoff.accounts import keys, queries
from tearoff.accounts.audit import Actor
from tearoff.accounts.models import Caller, NewKey
from tearoff.errors import Forbidden, Invalid, NotFound
from tearoff.kit.db import Handle
from tearoff.kit.mail_addresses import AddressInvalid, mail_address
from tearoff.kit.times import time_zones, zones_of_country
from tearoff.kit.vault import Vault

MOST_FRAME_HOSTS = 50


COUNTRY = "Use two letters, such as BE."
ZONE = "Use a name such as Europe/Brussels."
"""What is said of one that there is not."""


class WrongCredentials(Forbidden):
    """The client ID or secret is not correct. `account_id` is whose key was named, if anybody's."""

    def __init__(self, account_id: int | None = None) -> None:
        super().__init__("The client ID or secret is not correct.")
        self.account_id = account_id


class AccountExpired(Forbidden):
    """Account has expired"""


class AccountNotFound(NotFound):
    """There is no account with this id."""


class SubaccountNotFound(NotFound):
    """Subaccount ID not correct."""


async def create_account(
    db: Handle,
    vault: Vault,
    *,
    name: str,
    email: str,
    timezone: str | None = None,
    country: str | None = None,
) -> NewKey:
    """Make an account with its first API key. The secret is seen here and never again. Without a
    time zone it has its country's; one that has several is asked for."""
    _require(name.strip(), "name", "An account needs a name.")
    email = mail_of(email)
    _require(country is None or is_country(country), "country", COUNTRY)
    timezone = timezone or _zone_of(country)
    _require(timezone in time_zones(), "timezone", ZONE)
    account_id = await queries.insert_account(db, name.strip(), email, timezone, country)
    return await keys.create_first(db, vault, account_id)


def mail_of(given: str) -> str:
    """The account's own address as it is kept. Raises `Invalid`."""
    try:
        return mail_address(given)
    except AddressInvalid as error:
        raise Invalid(f"This is not an e-mail address: {error}.", field="email") from None


def _zone_of(country: str | None) -> str:
    zones = zones_of_country(country) if country else ()
    _require(
        len(zones) < 2,
        "timezone",
        f"{country} has several time zones. Use one of {', '.join(zones)}.",
    )
    return zones[0] if zones else "UTC"


async def roll_oldest(
    db: Handle,
    vault: Vault,
    account_id: int,
    *,
    by: Actor,
    now: datetime,
    client_id: str | None = None,
    at_once: bool = False,
) -> NewKey:
    """As `keys.roll`, of the oldest key if none is named."""
    known = await queries.client_ids(db, account_id)
    if not known:
        raise AccountNotFound
    return await keys.roll(
        db,
        vault,
        account_id,
        known[0] if client_id is None else client_id,
        by=by,
        now=now,
        at_once=at_once,
    )


async def expire_account(db: Handle, account_id: int, *, at: datetime | None) -> None:
    """Let the account end at this moment (now or later); None lets it live on."""
    if not await queries.update_account(db, account_id, {"expires_at": at}):
        raise AccountNotFound


def check_caller(caller: Caller | None, secret: str, now: datetime) -> Caller:
    if caller is None:
        raise WrongCredentials
    if caller.key is None or not caller.key.is_secret(secret, now):
        raise WrongCredentials(caller.account.id)
    if caller.account.is_expired(now):
        raise AccountExpired
    return caller


def is_country(text: str) -> bool:
    return len(text) == 2 and text.isascii() and text.isupper()


_FRAME_HOST = re.compile(
    r"(https?://)?(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9][a-z0-9-]{0,62}(:[0-9]{1,5})?"
)


_LINK_HOST = re.compile(
    r"https?://([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9][a-z0-9-]{0,62}(:[0-9]{1,5})?",
    re.IGNORECASE,
)


def read_frame_hosts(given: str) -> list[str]:
    """Hosts whose pages may frame the public links, with commas: `shop.example`,
    `*.shop.example`, `https://shop.example:8443`. They go into the page's policy as they are."""
    hosts = [part.strip().lower().rstrip("/") for part in given.split(",") if part.strip()]
    for host in hosts:
        _require(
            _FRAME_HOST.fullmatch(host),
            "frame_hosts",
            f"{host} is no host. Use names such as shop.example or *.shop.example.",
        )
    _require(0 < len(hosts) <= MOST_FRAME_HOSTS, "frame_hosts", "Give one to fifty hosts.")
    return hosts


def read_link_host(given: str) -> str:
    """Scheme and host in front of the coupon pages: `https://c.shop.example`, a port too. They go
    into every link as they are."""
    host = given.strip().rstrip("/")
    _require(
        len(host) <= 255 and _LINK_HOST.fullmatch(host),
        "link_host",
        "Give scheme and host alone, such as https://c.shop.example.",
    )
    return host


def _require(is_fine: object, field: str, message: str) -> None:
    if not is_fine:
        raise Invalid(message, field=field)
