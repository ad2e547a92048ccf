"""Rows of this room."""

from __future__ import annotations

from datetime import date, datetime

import msgspec


class Group(msgspec.Struct, frozen=True):
    """Contacts that get the same messages over one channel: `sms` or `email`."""

    id: int
    channel: str
    name: str

    @property
    def ref(self) -> str:
        return f"gro_{self.id}"


class GroupAndAmount(msgspec.Struct, frozen=True):
    group: Group
    amount: int


class Contact(msgspec.Struct, frozen=True):
    """A person the account knows: by an E.164 number, an e-mail address, or both."""

    id: int
    phone: str | None
    email: str | None
    first_name: str
    last_name: str
    birthday: date | None
    customfields: tuple[str | None, ...] | None

    @property
    def ref(self) -> str:
        return f"con_{self.id}"


class ContactFields(msgspec.Struct, frozen=True):
    """What is said of a contact; None leaves what there is. `customfields` are seven."""

    first_name: str | None = None
    last_name: str | None = None
    birthday: date | None = None
    customfields: tuple[str | None, ...] | None = None


class Member(msgspec.Struct, frozen=True):
    """A contact in a group, and since when it has opted out of the group's channel."""

    contact: Contact
    opted_out_at: datetime | None
