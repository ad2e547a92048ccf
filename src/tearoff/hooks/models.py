"""Rows of this room, the kinds of events there are, and who listens."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from tearoff.kit.words import phrase

TEST = "webhook_test"
TEST_THREAD = TEST
"""Of tests alone, by which they are left out where it is counted what did not arrive."""
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
    "pin_alarm",
    TEST,
)
"""Every kind of event that can be told."""

STATES = ("waiting", "delivered", "failed", "dropped")
"""Of a delivery. `dropped`: its endpoint was off when it happened, or was switched off before it
could be delivered."""

MISSED = "missed"
"""Asks for what did not arrive: failed, dropped, or waiting after a try that failed."""

OFF_BY_OWNER = phrase("Switched off by its owner.")
"""The reason of an endpoint that somebody switched off; every other one is of its own doing."""


class Listener(msgspec.Struct, frozen=True):
    """An account of which some endpoint listens, to these kinds of events. `link_host` is where
    its coupon links lead: scheme and host. None in its place: nobody listens."""

    account_id: int
    kinds: frozenset[str]
    link_host: str = ""

    def wants(self, *kinds: str) -> bool:
        """Whether any of these kinds is listened to."""
        return not self.kinds.isdisjoint(kinds)


def listener(account_id: int, kinds: Sequence[str] | None, link_host: str = "") -> Listener | None:
    """None when nobody listens, so that announcing costs nothing."""
    return Listener(account_id, frozenset(kinds), link_host) if kinds else None


class Endpoint(msgspec.Struct, frozen=True):
    """An address that an account wants to be told at. `kinds` None: all of them, those of later
    versions too. `failing_since`: nothing but failures since then. `kept_until`: while it is off,
    what happens until then is kept for it. `paused_until`: nothing is sent to it before. The
    secrets are sealed."""

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
    kept_until: datetime | None
    paused_until: datetime | None
    created_at: datetime

    @property
    def ref(self) -> str:
        return f"whk_{self.id}"

    @property
    def warnings(self) -> list[str]:
        """What its owner is told and not refused: a receiver may be in the same house."""
        if not self.url.startswith("http:"):
            return []
        return [
            phrase(
                "http:// has no TLS: names, numbers and coupons of people can be read and changed"
                " on their way to this address. Use https://."
            )
        ]


class Event(msgspec.Struct, frozen=True):
    """What happened once. `id` rises, so it is the sequence that receivers see; `ref` is its
    public name; `body` is what they are told, octet for octet."""

    id: int
    ref: str
    account_id: int
    kind: str
    at: datetime
    campaign_id: int | None
    thread: str
    body: bytes


class Delivery(msgspec.Struct, frozen=True):
    """How it stands between one event and one endpoint, with what the last try, at `last_at`,
    brought. `last_head`: lines of the answer's head, the status not among them."""

    id: int
    endpoint_id: int
    event_id: int
    state: str
    tries: int
    next_at: datetime
    claimed_until: datetime | None
    last_status: int | None
    last_error: str
    last_answer: str
    last_took_ms: int | None
    last_at: datetime | None
    last_head: str
    created_at: datetime
    settled_at: datetime | None


class Logged(msgspec.Struct, frozen=True):
    """A delivery as its owner sees it in the log."""

    delivery: Delivery
    ref: str
    kind: str
    body: bytes
