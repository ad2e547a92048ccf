"""Opens that did not come from a person, or may not have: noted, and nothing else changes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tearoff.accounts import tallies
from tearoff.accounts.tallies import Tally, TallyFull
from tearoff.coupons.models import Session
from tearoff.kit.db import Database, Handle

FRESH = timedelta(minutes=2)
BURST = 10
BURST_WINDOW = timedelta(seconds=60)
NOTED_EVERY = timedelta(hours=1)

_TIME_IDS_BEGIN = datetime(2025, 1, 1, tzinfo=UTC)


async def note(db: Handle, session: Session, verdict: str, reason: str, now: datetime) -> None:
    """Write the open of a robot, or of somebody we are not sure of, into the time line: one
    an hour for each session, however often it comes."""
    await db.execute(
        "WITH first AS (INSERT INTO tallies AS t (account_id, scope, n, cap, until)"
        " VALUES ($1, $2, 1, 1, $3) ON CONFLICT (account_id, scope) DO UPDATE SET"
        " until = excluded.until WHERE t.until <= $4 RETURNING 1)"
        " INSERT INTO session_events (account_id, campaign_id, session_id, kind, at, actor,"
        " channel, verdict, reason)"
        " SELECT $1, $5, $6, 'opened', $4, $7, 'page', $8, $9 FROM first",
        session.account_id,
        f"session:{session.id}:robot",
        now + NOTED_EVERY,
        now,
        session.campaign_id,
        session.id,
        "robot" if verdict == "robot" else "unknown",
        verdict,
        reason,
    )


async def is_burst(db: Database, session: Session, network: str, now: datetime) -> bool:
    """Count this open, and say whether a scanner of mail may be at work: more than ten coupons
    of one campaign opened from one network within a minute, each just made or sent.

    Carriers put thousands of phones behind one address, so this is a doubt, never a refusal.
    """
    if not is_fresh(session, now) or await _has_begun_itself(db, session):
        return False
    tally = Tally(f"campaign:{session.campaign_id}:opens:{network}", BURST, BURST_WINDOW)
    try:
        async with db.transaction() as work:
            await tallies.count(work, session.account_id, [tally], now)
    except TallyFull:
        return True
    return False


async def _has_begun_itself(db: Handle, session: Session) -> bool:
    """Whether somebody got it from the public link: no mail carried it, so no scanner of mail
    can know it, and a poster is looked at by many phones on one wireless network."""
    begun: bool | None = await db.fetchval(
        "SELECT begun_by IS NOT NULL FROM sessions WHERE account_id = $1 AND id = $2",
        session.account_id,
        session.id,
    )
    return bool(begun)


def is_fresh(session: Session, now: datetime) -> bool:
    """Whether the coupon was made or sent within the last two minutes. A message's id tells
    when it was made."""
    sent_at = session.created_at
    if session.last_message_id is not None:
        sent_at = _TIME_IDS_BEGIN + timedelta(seconds=session.last_message_id >> 20)
    return now - max(sent_at, session.created_at) <= FRESH
