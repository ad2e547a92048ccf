"""Rows of this room."""

from __future__ import annotations

from datetime import datetime

import msgspec


class Connection(msgspec.Struct, frozen=True):
    """An account's connection to one service. `segment_price` is in millionths of the
    account's currency unit. The settings are sealed; only `connections.open_settings` opens
    them. `country` (two letters) is the one whose national numbers the service writes; None:
    the account's. `callbacks.token_of` gives the token of its address."""

    id: int
    account_id: int
    channel: str
    kind: str
    settings_sealed: bytes
    sender: str | None
    max_binds: int
    segment_price: int
    callback_token: str | None
    callback_sealed: bytes | None
    active: bool
    version: int
    country: str | None = None


class Message(msgspec.Struct, frozen=True):
    """`text` is what leaves, link included; `asked_text` what the caller asked for. `recipient`
    is a phone number (E.164) or an e-mail address, as the channel is."""

    id: int
    account_id: int
    connection_id: int
    channel: str
    about: int | None
    about_is_new: bool
    recipient: str
    sender: str | None
    text: str
    asked_text: str | None
    subject: str | None
    encoding: str
    segments: int
    state: str
    reason: str | None
    reason_text: str | None
    permanent: bool | None
    provider_id: str | None
    created_at: datetime
    answered_at: datetime | None
    settled_at: datetime | None

    @property
    def ref(self) -> str:
        return f"msg_{self.id}"
