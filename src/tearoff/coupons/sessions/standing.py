"""How a session stands in lists: what its row and its campaign's say, the strongest first. Said
twice, for one row and for many in the database; that both agree is held by a test of every
combination."""

from __future__ import annotations

from datetime import datetime

from tearoff.coupons.models import Campaign, Session

STANDINGS = ("created", "opened", "claimed", "validated", "voided", "locked", "expired")


def standing_of(session: Session, campaign: Campaign, now: datetime) -> str:
    """One of `STANDINGS`."""
    if session.is_used_up(campaign):
        return "validated"
    if session.is_void(campaign):
        return "voided"
    if session.locked:
        return "locked"
    if session.has_expired(campaign, now):
        return "expired"
    if session.claimed_at is not None:
        return "claimed"
    return "created" if session.opened_at is None else "opened"


IN_SQL = """(SELECT CASE
  WHEN s.validated_at IS NOT NULL OR s.uses >= c.uses THEN 'validated'
  WHEN s.voided THEN 'voided'
  WHEN s.prize = '' AND jsonb_typeof(c.raw_options -> 'scratch') = 'object' THEN 'voided'
  WHEN s.locked THEN 'locked'
  WHEN least(s.expires_at, CASE WHEN NOT s.extended THEN c.expires_at END) <= {now}
    THEN 'expired'
  WHEN s.claimed_at IS NOT NULL THEN 'claimed'
  WHEN s.opened_at IS NULL THEN 'created'
  ELSE 'opened' END
FROM campaigns c WHERE c.id = s.campaign_id)"""
"""The same of a row `s` of sessions. A question for each row instead of a join: rows stay in the
order of an index, and nothing is asked of those that are not looked at."""

_LIVE = "s.validated_at IS NULL AND NOT s.voided AND NOT s.locked"
AT_LEAST = {
    "created": f"s.opened_at IS NULL AND s.claimed_at IS NULL AND {_LIVE}",
    "opened": f"s.opened_at IS NOT NULL AND s.claimed_at IS NULL AND {_LIVE}",
    "claimed": f"s.claimed_at IS NOT NULL AND {_LIVE}",
    "validated": "(s.uses > 0 OR s.validated_at IS NOT NULL)",
    "voided": "(s.voided OR s.prize = '')",
    "locked": "s.locked",
    # In brackets: a list that is read once, not a join.
    "expired": f"{_LIVE} AND (s.expires_at <= {{now}} OR NOT s.extended AND s.campaign_id IN"
    " (SELECT id FROM campaigns WHERE account_id = $1 AND expires_at <= {now}))",
}
"""What the row alone says of those that stand so: most others are not asked for their campaign."""

OF_FEW = {"locked": "locked", "voided": "(voided OR prize = '')"}
"""What is so of all sessions that stand so, where few do: the condition of an index."""
