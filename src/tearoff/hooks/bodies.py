"""What receivers are told: one JSON object, its keys always in the same order.

It survives parsing and serialising again byte for byte in the languages of the field: compact,
UTF-8 as it is, whole numbers, no empty object (PHP makes a list of it), no line separators
U+2028 and U+2029 (PHP escapes them, others do not).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType


class Customer(msgspec.Struct, frozen=True, kw_only=True):
    """The person concerned; what is not known is empty."""

    firstname: str = ""
    lastname: str = ""
    email: str = ""
    phone: str = ""
    gender: str = ""
    customfield1: str = ""
    customfield2: str = ""
    customfield3: str = ""
    customfield4: str = ""
    customfield5: str = ""
    customfield6: str = ""
    customfield7: str = ""
    customid: str = ""


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """The message concerned. `text` is what somebody wrote to us, and `keyword` what it was
    read as; of what we sent, the one is empty and the other left out."""

    id: str = ""
    status: str = ""
    channel: str = "sms"
    phone: str = ""
    email: str = ""
    reason: str = ""
    text: str = ""
    keyword: str | UnsetType = UNSET


class Body(msgspec.Struct, frozen=True, kw_only=True):
    """What an event is about; None where it is about no such thing."""

    campaign: str = ""
    coupon: Mapping[str, Any] | None = None
    session: str = ""
    session_url: str = ""
    coupon_code: str = ""
    customid: str = ""
    customer: Customer | None = None
    status: Mapping[str, Any] | None = None
    message: Message | UnsetType = UNSET


class Head(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    type: str
    datetime: str


def encode(ref: str, kind: str, at: datetime, body: Body) -> tuple[bytes, bytes]:
    """What stands before and after the event's sequence, which the database draws."""
    told = f"{at:%Y-%m-%d %H:%M:%S}"
    head = msgspec.json.encode(Head(id=ref, type=kind, datetime=told))
    return head[:-1] + b',"sequence":', b"," + _plain(msgspec.json.encode(body))[1:]


_SEPARATORS = re.compile(b"\xe2\x80[\xa8\xa9]")


def _plain(text: bytes) -> bytes:
    return _SEPARATORS.sub(rb"\\n", text)
