"""Rows of this room, and the kinds of events there are."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

TEST = "webhook_test"
KINDS = (
    "coupon_created",
    "coupon_updated",
    "coupon_removed",
    "coupon_distributed",
    "coupon_opened",
    "coupon_claimed",
    "coupon_validated",
    "coupon_unvalidated",
    "coupon_voided",
    "message_sent",
    "message_delivered",
    "message_failed",
    "message_received",
    "contact_opted_out",
    "contact_opted_in",
    "broadcast_finished",
    "pool_low",
    TEST,
)


class Listener(msgspec.Struct, frozen=True):
    """An account whose webhooks want some kinds of events. `link_host` is where its coupon
    links lead: scheme and host."""

    account_id: int
    kinds: frozenset[str]
    link_host: str

    def wants(self, kind: str) -> bool:
        return kind in self.kinds


def listener(account_id: int, kinds: Sequence[str] | None, link_host: str) -> Listener | None:
    """None when nobody listens, so that announcing costs nothing."""
    return Listener(account_id, frozenset(kinds), link_host) if kinds else None


class Endpoint(msgspec.Struct, frozen=True):
    """An address that gets events. `kinds` None: all of them."""

    id: int
    account_id: int
    url: str
    kinds: tuple[str, ...] | None
    description: str
    active: bool
    secret_sealed: bytes
    previous_secret_sealed: bytes | None
    previous_until: datetime | None
    failing_since: datetime | None
    switched_off_at: datetime | None
    switched_off_reason: str
    created_at: datetime

    @property
    def ref(self) -> str:
        return f"whk_{self.id}"


class Event(msgspec.Struct, frozen=True):
    """What happened. `id` rises, so it is the sequence that receivers see; `body` is a JSON
    object with what stands behind the first four members."""

    id: int
    ref: str
    account_id: int
    kind: str
    at: datetime
    campaign_id: int | None
    thread: str
    body: bytes


class Delivery(msgspec.Struct, frozen=True):
    """One event for one endpoint. Waits with `tries` behind it, or is settled."""

    id: int
    account_id: int
    endpoint_id: int
    event_id: int
    thread: str
    state: str
    tries: int
    next_at: datetime
    last_status: int | None
    last_error: str
    last_answer: str
    last_took_ms: int | None
    created_at: datetime
    settled_at: datetime | None


class Logged(msgspec.Struct, frozen=True):
    """A delivery as the log shows it."""

    delivery: Delivery
    event_ref: str
    kind: str
    at: datetime


class Try(msgspec.Struct, frozen=True):
    """How one try went. `status` is None when there was no answer."""

    status: int | None
    error: str
    answer: str
    took_ms: int

    @property
    def is_success(self) -> bool:
        return self.status is not None and 200 <= self.status < 300
