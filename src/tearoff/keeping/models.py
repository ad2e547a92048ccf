"""What is known of a person, and what was erased."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec


class Addresses(msgspec.Struct, frozen=True):
    """Of one person: numbers in all their spellings, and mail addresses in lower case."""

    phones: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()

    @property
    def all(self) -> tuple[str, ...]:
        return (*self.phones, *self.emails)


class Found(msgspec.Struct, frozen=True):
    """Where an account knows somebody: ids of rows. `codes`: of the coupons. `is_under_way`:
    a message to them is just being handed to its service. `persons`: by what limits of campaigns
    count them, with the campaign."""

    addresses: Addresses
    sessions: Sequence[int] = ()
    codes: Sequence[str] = ()
    messages: Sequence[int] = ()
    contacts: Sequence[int] = ()
    replies: Sequence[int] = ()
    arrivals: Sequence[int] = ()
    events: Sequence[int] = ()
    opted_out: Sequence[OptedOut] = ()
    persons: Sequence[tuple[int, str]] = ()
    is_under_way: bool = False

    @property
    def is_nothing(self) -> bool:
        return not (
            self.sessions or self.messages or self.contacts or self.replies or self.arrivals
            or self.events or self.opted_out
        )  # fmt: skip


class OptedOut(msgspec.Struct, frozen=True):
    """An entry of the opt-out list; `mark` stands for its address once that is erased."""

    mark: str
    channel: str
    source: str
    created_at: datetime


class Counts(msgspec.Struct, frozen=True):
    """How much is known of somebody: coupons, messages, contacts, answers to messages, reports of
    services as they came, and events for webhooks. `opted_out`: whether they stand on the opt-out
    list, where a keyed mark of them stays."""

    coupons: int
    messages: int
    contacts: int
    replies: int
    reports: int
    events: int
    opted_out: bool


def counts_of(found: Found) -> Counts:
    return Counts(
        len(found.sessions),
        len(found.messages),
        len(found.contacts),
        len(found.replies),
        len(found.arrivals),
        len(found.events),
        bool(found.opted_out),
    )
