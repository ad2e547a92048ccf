"""A later end for one coupon, by the shop's goodwill: it may outlive its campaign."""

from __future__ import annotations

from datetime import datetime

from tearoff.coupons import rules
from tearoff.coupons.models import Doer, Session, SessionAndCampaign
from tearoff.coupons.sessions import queries
from tearoff.errors import Invalid
from tearoff.kit.db import Handle
from tearoff.kit.rows import columns, read

# A window that is over is forgotten: the customer opens another. The new end is in the event too.
_EXTEND = f"""
WITH won AS (
  UPDATE sessions s SET expires_at = $3, extended = true,
    active_until = CASE WHEN s.active_until > $4 THEN s.active_until END,
    lengthened = s.lengthened AND coalesce(s.active_until > $4, false)
  FROM campaigns c
  WHERE s.account_id = $1 AND s.id = $2 AND c.id = s.campaign_id
    AND s.validated_at IS NULL AND s.uses < c.uses AND NOT s.voided
    AND least(s.expires_at, CASE WHEN NOT s.extended THEN c.expires_at END) < $3
  RETURNING s.*
), noted AS (
  INSERT INTO session_events (account_id, campaign_id, session_id, kind, at, actor, channel,
    reason, value)
  SELECT account_id, campaign_id, id, 'extended', $4, $5, $6, $7, $8 FROM won
)
SELECT {columns(Session)} FROM won
"""


async def extend(
    db: Handle, found: SessionAndCampaign, until: datetime, *, doer: Doer, now: datetime
) -> Session:
    """Let it be used until then. One that was made so by somebody else meanwhile is fine. Raises
    `Invalid` for a moment that is past or no later than its end, and `rules.CannotUse` for a
    coupon that is used up or void."""
    if until <= now:
        raise Invalid("This moment is past.", field="expires_at")
    session = found.session
    row = await db.fetchrow(
        _EXTEND, session.account_id, session.id, until, now, doer.actor, doer.channel, doer.reason,
        until.isoformat(),
    )  # fmt: skip
    if row is not None:
        return read(Session, row)
    current = await queries.session(db, session.account_id, session.id) or found
    if current.session.is_used_up(current.campaign):
        raise rules.AlreadyValidated(
            at=current.session.used_up_at(current.campaign), where=current.session.location_id
        )
    if current.session.is_void(current.campaign):
        raise rules.Voided(at=current.session.void_since(current.campaign))
    if current.session.expiry(current.campaign) != until:
        raise Invalid("The coupon can be used that long already.", field="expires_at")
    return current.session
