"""Rows of this room."""

from __future__ import annotations

from datetime import datetime

import msgspec

from tearoff.kit.phone import Phone


class Connection(msgspec.Struct, frozen=True):
    """An account's connection to one service. `segment_price` is in millionths of the
    account's currency unit. The settings are sealed; only `connections.open_settings` opens
    them. `country` (two letters) is the one whose national numbers the service writes; None:
    the account's. `callbacks.token_of` gives the token of its address. Of the active ones of a
    channel the first is used, by `position` and then by `id`. `reply_numbers`: the account's own
    ones at which texts arrive, beside the senders. `failing_since`: since when the service takes
    nothing, and `last_error` why, for people."""

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
    created_at: datetime
    country: str | None
    name: str
    position: int
    price_countries: tuple[str, ...]
    country_prices: tuple[int, ...]
    reply_numbers: tuple[str, ...]
    secrets_at: str
    failing_since: datetime | None
    last_error: str

    def price_to(self, phone: Phone) -> int:
        """Of a segment to this number. An island round Britain that has no price of its own
        costs what Britain does; a number of no country costs what is left."""
        if self.price_countries:
            for region in (phone.region, phone.rules_region):
                if region in self.price_countries:
                    return self.country_prices[self.price_countries.index(region)]
        return self.segment_price

    @property
    def prices(self) -> dict[str, int]:
        """By country, `*` for every other one."""
        listed = zip(self.price_countries, self.country_prices, strict=True)
        return {"*": self.segment_price, **dict(listed)}


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
