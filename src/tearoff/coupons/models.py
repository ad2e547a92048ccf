"""Rows of this room, and questions that need nothing but the row and `now`."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from tearoff.coupons.options import Options, read_options

UTM_NAMES = ("utm_campaign", "utm_source", "utm_medium", "utm_term", "utm_content")
CUSTOM_FIELDS = 7
LONGEST_NAME, LONGEST_CUSTOM_FIELD = 100, 50
"""Characters of a first or last name, and of each `customfield`."""


class Campaign(msgspec.Struct, frozen=True):
    """A promotion: what is offered, when, and how often a coupon of it can be used.

    `code` is the campaign's part of a link. Times are UTC; `timezone` is the zone in which
    the shop reads and writes them. `has_pool`: its sessions get their validation code from an
    imported list. `tags` and `customid` are what its owner calls it by. `activation_seconds`: how
    long a coupon can be used once it is claimed; `pause_seconds`: between two uses of one.
    """

    id: int
    account_id: int
    code: str
    status: str
    name: str
    title: str
    subtitle: str
    description: str
    terms: str
    value: str
    brand: str
    brand_color: str
    language: str
    picture_id: int | None
    picture_alt: str
    logo_id: int | None
    message_text: str
    timezone: str
    starts_at: datetime | None
    expires_at: datetime | None
    uses: int
    limit_sessions: int | None
    limit_claims: int | None
    limit_validations: int | None
    limit_person: int | None
    limit_day: int | None
    limit_location: int | None
    activation_seconds: int | None
    pause_seconds: int | None
    has_pool: bool
    tags: tuple[str, ...]
    customid: str
    raw_options: str
    created_at: datetime
    version: int

    @property
    def options(self) -> Options:
        return read_options(self.raw_options)

    @property
    def ref(self) -> str:
        return f"cam_{self.id}"

    def has_begun(self, now: datetime) -> bool:
        return self.starts_at is None or self.starts_at <= now

    def has_ended(self, now: datetime) -> bool:
        return self.expires_at is not None and self.expires_at <= now

    def end_of(self, own: datetime | None) -> datetime | None:
        """The end of a coupon with this end of its own: it or the campaign's, whichever is
        first."""
        return min((at for at in (own, self.expires_at) if at is not None), default=None)

    def standing(self, now: datetime) -> str:
        """Its status, where nothing says more: an active campaign past its end is `expired`."""
        return "expired" if self.status == "active" and self.has_ended(now) else self.status


class Session(msgspec.Struct, frozen=True):
    """One person's copy of a campaign. `code` is 21 characters, `short_code` its first six;
    `id` is the running number that the API calls `sequenceid`. `active_until` ends the window
    that claiming opened; `prize` is what the scratch card showed ("" is a blank); `language` is the
    one in which this person reads, where that is known. `extended`: the shop has given it an end of
    its own, which may be later than the campaign's. `forgotten_at`: its person was erased then."""

    id: int
    account_id: int
    campaign_id: int
    code: str
    short_code: str
    firstname: str | None
    lastname: str | None
    email: str | None
    phone: str | None
    gender: str | None
    customid: str | None
    customfields: tuple[str | None, ...] | None
    utm: tuple[str | None, ...] | None
    validation_code: str | None
    value: str | None
    expires_at: datetime | None
    extended: bool
    created_at: datetime
    opened_at: datetime | None
    played_at: datetime | None
    claimed_at: datetime | None
    validated_at: datetime | None
    active_until: datetime | None
    lengthened: bool
    used_at: datetime | None
    uses: int
    validation_value: str | None
    receipt: str | None
    prize: str | None
    location_id: int | None
    voided: bool
    voided_at: datetime | None
    unvoided_at: datetime | None
    locked: bool
    locked_at: datetime | None
    unlocked_at: datetime | None
    last_message_id: int | None
    device: tuple[str | None, ...] | None
    saved_to_apple_at: datetime | None
    saved_to_google_at: datetime | None
    reservation: str | None
    reserved_until: datetime | None
    language: str | None
    forgotten_at: datetime | None

    def expiry(self, campaign: Campaign) -> datetime | None:
        """The moment from which the coupon cannot be used: its own or the campaign's,
        whichever is first, unless the shop has extended it."""
        return self.expires_at if self.extended else campaign.end_of(self.expires_at)

    def has_expired(self, campaign: Campaign, now: datetime) -> bool:
        end = self.expiry(campaign)
        return end is not None and end <= now

    def has_lost(self, campaign: Campaign) -> bool:
        """Whether it is a scratch card that showed a blank. It can never be used, so it stands as
        voided from the moment on at which it was played."""
        return self.prize == "" and campaign.options.scratch is not None

    def is_void(self, campaign: Campaign) -> bool:
        return self.voided or self.has_lost(campaign)

    def void_since(self, campaign: Campaign) -> datetime | None:
        """None when it is not."""
        if self.voided:
            return self.voided_at
        return self.played_at if self.has_lost(campaign) else None

    def worth(self, campaign: Campaign) -> str:
        """Its own value, else the campaign's; nothing for a card that lost."""
        return "" if self.has_lost(campaign) else self.value or campaign.value

    def is_used_up(self, campaign: Campaign) -> bool:
        """Also when the campaign had its uses made fewer than this coupon has had."""
        return self.validated_at is not None or self.uses >= campaign.uses

    def used_up_at(self, campaign: Campaign) -> datetime | None:
        """When it was used for the last time; None as long as it can be used again."""
        return self.validated_at or (self.used_at if self.is_used_up(campaign) else None)

    def rests_until(self, campaign: Campaign) -> datetime | None:
        """The moment from which it can be used again after its last use."""
        if campaign.pause_seconds is None or self.used_at is None:
            return None
        return self.used_at + timedelta(seconds=campaign.pause_seconds)

    def is_active(self, now: datetime) -> bool:
        """Whether the window that claiming opened is running."""
        return self.active_until is not None and self.active_until > now

    def is_reserved(self, now: datetime) -> bool:
        """Whether some till holds it."""
        return self.reserved_until is not None and self.reserved_until > now


class SessionAndCampaign(msgspec.Struct, frozen=True):
    session: Session
    campaign: Campaign


class NewSession(msgspec.Struct, frozen=True):
    """What a session is made with; everything is optional. `expires_at` is UTC; `begun_by` names
    the form that it was begun with, so that one form makes one session."""

    firstname: str | None = None
    lastname: str | None = None
    email: str | None = None
    phone: str | None = None
    customid: str | None = None
    customfields: tuple[str | None, ...] | None = None
    utm: tuple[str | None, ...] | None = None
    validation_code: str | None = None
    expires_at: datetime | None = None
    begun_by: str | None = None
    language: str | None = None

    def field(self, name: str) -> str:
        """A consumer field by the name that message texts use; "" when it is empty."""
        if name.startswith("customfield"):
            index = int(name.removeprefix("customfield")) - 1
            values = self.customfields or ()
            return (values[index] if index < len(values) else None) or ""
        attribute = {"first_name": "firstname", "last_name": "lastname"}.get(name, name)
        return getattr(self, attribute) or ""


class Doer(msgspec.Struct, frozen=True):
    """Who changes a session and over which channel, for its event row."""

    actor: str = ""
    channel: str = ""
    reason: str = ""
    location_id: int | None = None
    device_id: int | None = None
