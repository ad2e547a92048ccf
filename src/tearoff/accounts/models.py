"""Rows of this room."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Collection
from datetime import datetime, time

import msgspec

from tearoff.accounts.audit import Actor
from tearoff.accounts.rights import GRANTS, Right, check_role, check_scopes, has
from tearoff.hooks.models import Listener, listener
from tearoff.kit.hours import Hours


class Account(msgspec.Struct, frozen=True):
    """One tenant. Money is in millionths of the currency unit. `hooks` are the kinds of events
    that some active webhook of the account wants. New campaigns begin with `brand`, its colour and
    the picture `logo_id`; `sender` is what texts shall come from, before a service is
    connected. What is older than `retention_days` forgets its people; None: nothing does."""

    id: int
    parent_id: int | None
    name: str
    email: str
    language: str
    timezone: str
    country: str | None
    currency: str
    link_host: str | None
    expires_at: datetime | None
    allowed_countries: tuple[str, ...] | None
    quiet_from: time | None
    quiet_until: time | None
    limit_number_hour: int | None
    limit_number_day: int | None
    limit_prefix_hour: int | None
    limit_spend_day: int | None
    limit_spend_month: int | None
    smart_typography: bool
    hooks: tuple[str, ...] | None
    blocked_at: datetime | None
    calls_per_second: int | None
    calls_at_once: int | None
    brand: str
    brand_color: str
    logo_id: int | None
    sender: str
    hides_first_steps: bool
    retention_days: int | None
    version: int

    def is_expired(self, now: datetime) -> bool:
        """Whether its time is over, or its parent has blocked it."""
        return self.blocked_at is not None or (
            self.expires_at is not None and self.expires_at <= now
        )

    def listener(self, link_host: str) -> Listener | None:
        """Its webhooks, if it has any. `link_host` is that of accounts without their own."""
        return listener(self.id, self.hooks, self.link_host or link_host)

    def has_hook(self, *kinds: str) -> bool:
        """Whether a webhook of the account wants one of these kinds of events."""
        return self.hooks is not None and any(kind in self.hooks for kind in kinds)


class ApiKey(msgspec.Struct, frozen=True):
    client_id: str
    account_id: int
    secret_sha256: bytes
    previous_sha256: bytes | None
    previous_until: datetime | None
    revoked_at: datetime | None
    scopes: tuple[str, ...]
    version: int

    def is_secret(self, secret: str, now: datetime) -> bool:
        """Whether this is the key's secret. A random secret needs no slow hash: SHA-256 of
        184 random bits cannot be searched, and the send path would pay for a slow one."""
        if self.revoked_at is not None:
            return False
        given = hash_secret(secret)
        if hmac.compare_digest(given, self.secret_sha256):
            return True
        return (
            self.previous_sha256 is not None
            and self.previous_until is not None
            and now < self.previous_until
            and hmac.compare_digest(given, self.previous_sha256)
        )


class Member(msgspec.Struct, frozen=True):
    """A person as a member of the account that a call is about. `scopes`: those of the key whose
    link they came by, which are the most they may do; None where no key let them in."""

    person_id: int
    role: str
    name: str
    scopes: tuple[str, ...] | None = None


class Caller(msgspec.Struct, frozen=True):
    """Who makes a call in which account: a program by its key, or a person by being a member.
    `address`: where it comes from in the network."""

    key: ApiKey | None
    account: Account
    member: Member | None = None
    address: str = ""

    @property
    def name(self) -> str:
        """As events name whoever did something."""
        if self.key is not None:
            return self.key.client_id
        return f"person {self.member.person_id}" if self.member else ""

    @property
    def actor(self) -> Actor:
        """As the audit log names them."""
        if self.key is not None:
            return Actor("key", self.key.client_id, self.address)
        name = str(self.member.person_id) if self.member else ""
        return Actor("person", name, self.address, self.member.scopes if self.member else None)

    @property
    def versions(self) -> tuple[int, int]:
        """What changes when the key or the account does."""
        return self.key.version if self.key else 0, self.account.version

    def may(self, right: Right) -> bool:
        if self.key is not None:
            return GRANTS[right].scope in self.key.scopes
        return self.member is not None and has(self.member.role, right, self.member.scopes)

    def check(self, right: Right) -> None:
        """Whether they may do this. Raises `ScopeMissing`, `RoleMissing` and `LinkMissing`."""
        if self.key is not None:
            check_scopes(self.key.scopes, right)
        elif self.member is not None:
            check_role(self.member.role, right, self.member.scopes)
        else:
            check_role("", right)

    def to_give(self, scopes: Collection[str]) -> list[str]:
        """Of these scopes those that they can give to a key: a key, and who came by its link,
        gives none that it lacks."""
        own = self.key.scopes if self.key else self.member.scopes if self.member else None
        return [s for s in scopes if own is None or s in own]


class NewKey(msgspec.Struct, frozen=True):
    """An API credential at the only moment at which its secret can be seen."""

    account_id: int
    client_id: str
    client_secret: str


class Location(msgspec.Struct, frozen=True):
    """A place where coupons are taken in. `redeems_at_once`: a good scan takes the coupon in
    without a second tap; `trusts_offline`: the staff may hand out goods for what could not be
    checked."""

    id: int
    account_id: int
    name: str
    street: str = ""
    zip: str = ""
    city: str = ""
    province: str = ""
    country: str = ""
    phone: str = ""
    website: str = ""
    redeems_at_once: bool = False
    trusts_offline: bool = False
    raw_hours: str = "[]"

    @property
    def hours(self) -> tuple[Hours, ...]:
        """When it is open, on the account's clock; empty: not told."""
        return msgspec.json.decode(self.raw_hours, type=tuple[Hours, ...])

    @property
    def address(self) -> str:
        """On one line, as far as it is known."""
        town = " ".join(part for part in (self.zip, self.city) if part)
        return ", ".join(part for part in (self.street, town) if part)


def hash_secret(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
