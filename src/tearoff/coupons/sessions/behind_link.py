"""What a consumer's link leads to: all that its page needs, in one statement."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from tearoff.coupons.models import Campaign, Session, SessionAndCampaign
from tearoff.coupons.sessions.pin_tries import MOST_PINS_AT_ONCE, PIN_LOCK, PIN_TRIES
from tearoff.hooks.models import Listener, listener
from tearoff.kit.db import Handle
from tearoff.kit.rows import columns


class Linked(msgspec.Struct, frozen=True):
    """`link_host` is the account's own one; `place` is where the session was last used;
    `pins` is how many locations of the campaign are known by a PIN, counted up to one more than
    `MOST_PINS_AT_ONCE`; `pin_locked_until` is set while no PIN is looked at; `is_full`, that the
    campaign's limit of uses, or of activations, is reached; `full_day` is the last day (such as
    2026-11-29) that had all uses which a day may have, or ""; `tells_places`, that the account has
    told an address or hours of some location; `hooks` are the kinds of events that the account's
    webhooks want."""

    session: Session
    campaign: Campaign
    link_host: str | None
    place: str
    pins: int
    pin_locked_until: datetime | None
    is_full: bool
    full_day: str
    tells_places: bool
    hooks: tuple[str, ...] | None

    @property
    def asks_place(self) -> bool:
        """Whether the staff says first where it stands, so that one guess is not tried against
        the PINs of many places."""
        return self.pins > MOST_PINS_AT_ONCE

    @property
    def both(self) -> SessionAndCampaign:
        return SessionAndCampaign(self.session, self.campaign)

    def listener(self, link_host: str) -> Listener | None:
        """The account's webhooks; `link_host` is the one of accounts without their own."""
        return listener(self.campaign.account_id, self.hooks, self.link_host or link_host)


_S, _C = len(Session.__struct_fields__), len(Campaign.__struct_fields__)

_SOME = f"LIMIT {MOST_PINS_AT_ONCE + 1}) p)"
PINS = (
    "(CASE WHEN EXISTS (SELECT FROM campaign_locations cl WHERE cl.campaign_id = c.id)"
    " THEN (SELECT count(*) FROM (SELECT FROM campaign_locations cl"
    " JOIN locations p ON p.id = cl.location_id WHERE cl.campaign_id = c.id"
    f" AND p.pin_mac IS NOT NULL AND p.removed_at IS NULL {_SOME}"
    " ELSE (SELECT count(*) FROM (SELECT FROM locations p WHERE p.account_id = c.account_id"
    f" AND p.pin_mac IS NOT NULL AND p.removed_at IS NULL {_SOME} END)"
)
"""How many locations of campaign `c` are known by a PIN, as far as anybody asks."""

_LINKED = (
    f"SELECT {columns(Session, 's')}, {columns(Campaign, 'c')},"
    " a.link_host,"
    # Most coupons were used nowhere yet: then nothing is looked for.
    " CASE WHEN s.location_id IS NULL THEN '' ELSE coalesce((SELECT l.name FROM locations l"
    " WHERE l.id = s.location_id AND l.account_id = s.account_id), '') END AS place,"
    f" {PINS} AS pins,"
    " (SELECT t.until FROM tallies t WHERE t.account_id = c.account_id"
    f" AND t.scope = '{PIN_LOCK}' || s.id AND t.n >= {PIN_TRIES}) AS pin_locked_until,"
    # A limit of 0 is reached before anything is counted.
    " CASE WHEN c.limit_validations IS NULL THEN false ELSE c.limit_validations <= 0"
    " OR EXISTS (SELECT FROM tallies t"
    " WHERE t.account_id = c.account_id AND t.scope = 'campaign:' || c.id || ':validations'"
    " AND t.n >= c.limit_validations) END"
    # Only a coupon that is not activated yet can find that all activations are taken.
    " OR CASE WHEN c.limit_claims IS NULL OR s.claimed_at IS NOT NULL THEN false"
    " ELSE c.limit_claims <= 0 OR EXISTS (SELECT FROM tallies t WHERE t.account_id = c.account_id"
    " AND t.scope = 'campaign:' || c.id || ':claims'"
    " AND t.n >= c.limit_claims) END"
    " OR coalesce(c.limit_day <= 0, false) AS is_full,"
    # It is one of these days on every clock; which one, the campaign's zone says, which the
    # database need not know.
    " CASE WHEN c.limit_day IS NULL THEN '' ELSE coalesce((SELECT max(right(t.scope, 10))"
    " FROM generate_series(-1, 1) AS d JOIN tallies t ON t.account_id = c.account_id"
    " AND t.scope = 'campaign:' || c.id || ':day:'"
    " || to_char((now() AT TIME ZONE 'UTC')::date + d, 'YYYY-MM-DD')"
    " WHERE t.n >= c.limit_day), '') END AS full_day,"
    " a.tells_places, a.hooks"
    " FROM campaigns c JOIN accounts a ON a.id = c.account_id"
    " JOIN sessions s ON s.account_id = c.account_id"
    " AND s.short_code = left($2, 6) AND s.code = $2 AND s.campaign_id = c.id"
    " WHERE c.code = $1"
)


async def linked(db: Handle, campaign_code: str, session_code: str) -> Linked | None:
    """By the two codes of a personal link, both lower-case; both must be right."""
    row = await db.fetchrow(_LINKED, campaign_code, session_code)
    if row is None:
        return None
    # By position: this is read for every page view, and looking up names costs as much again.
    values: list[Any] = [tuple(value) if isinstance(value, list) else value for value in row]
    session, campaign, rest = values[:_S], values[_S : _S + _C], values[_S + _C :]
    return Linked(Session(*session), Campaign(*campaign), *rest)
