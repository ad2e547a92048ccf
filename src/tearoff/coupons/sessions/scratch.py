"""Scratch cards: what a card shows is drawn here, once, when it is revealed."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime

from tearoff.coupons import rules
from tearoff.coupons.models import Campaign, Doer, Session, SessionAndCampaign
from tearoff.coupons.options import Prize, Scratch
from tearoff.coupons.sessions import actions, events, limits, queries
from tearoff.hooks.models import Listener
from tearoff.kit.db import Handle
from tearoff.kit.rows import columns, read

BLANK = ""


async def reveal(
    db: Handle,
    found: SessionAndCampaign,
    *,
    doer: Doer,
    now: datetime,
    listener: Listener | None = None,
) -> Session:
    """Draw what the card shows; a card that was revealed stays as it is. In a transaction."""
    session, campaign = found.session, found.campaign
    held = await queries.hold_session(db, session.account_id, session.id)
    if held is None:
        raise actions.SessionNotFound
    refusal = rules.why_not_usable(held.session, campaign, now)
    if not isinstance(refusal, rules.NotPlayed) or campaign.options.scratch is None:
        if refusal is None or isinstance(refusal, rules.NoPrize):
            return held.session
        raise refusal
    scratch = campaign.options.scratch
    prize = await _draw(db, campaign, scratch, now)
    key, title = (BLANK, None) if prize is None else (prize.key, title_of(prize, campaign.language))
    played = await _play(db, held.session, key, title, doer, now)
    if played is None:
        return held.session
    if held.session.opened_at is None:
        both = SessionAndCampaign(played, campaign)
        await events.announce_operation(db, listener, "opened", both, now)
    return played


def title_of(prize: Prize, language: str) -> str:
    return prize.title.get(language) or next(iter(prize.title.values()), prize.key)


async def _draw(db: Handle, campaign: Campaign, scratch: Scratch, now: datetime) -> Prize | None:
    """By weight; a prize of which none is left is drawn no more."""
    prizes = list(scratch.prizes)
    while prizes:
        prize = _pick(prizes, scratch.blank_weight)
        if prize is None or await _is_there(db, campaign, prize, now):
            return prize
        prizes.remove(prize)
    return None


def _pick(prizes: Sequence[Prize], blank_weight: int) -> Prize | None:
    ticket = secrets.randbelow(max(1, blank_weight + sum(prize.weight for prize in prizes)))
    for prize in prizes:
        ticket -= prize.weight
        if ticket < 0:
            return prize
    return None


async def _is_there(db: Handle, campaign: Campaign, prize: Prize, now: datetime) -> bool:
    """Take one of a prize that is counted."""
    try:
        async with db.transaction():
            await limits.count(db, campaign, limits.of_prize(campaign, prize), now)
    except rules.LimitReached:
        return False
    return True


async def _play(
    db: Handle, session: Session, prize: str, value: str | None, doer: Doer, now: datetime
) -> Session | None:
    """Note what a scratch card shows; None when it showed something already."""
    row = await db.fetchrow(
        "WITH won AS (UPDATE sessions SET prize = $3, value = coalesce($4, value), played_at = $5,"
        " opened_at = coalesce(opened_at, $5)"
        " WHERE account_id = $1 AND id = $2 AND prize IS NULL RETURNING *),"
        " noted AS (INSERT INTO session_events (account_id, campaign_id, session_id, kind, at,"
        " actor, channel, listed, verdict, reason) SELECT account_id, campaign_id, id, k.kind, $5,"
        " $6, $7, k.listed, CASE k.kind WHEN 'opened' THEN 'human' END,"
        " CASE k.kind WHEN 'opened' THEN 'the card was scratched' ELSE '' END"
        " FROM won CROSS JOIN LATERAL (VALUES ('opened', opened_at = $5), ('played', false))"
        " AS k (kind, listed) WHERE k.kind = 'played' OR k.listed)"
        f" SELECT {columns(Session)} FROM won",
        session.account_id,
        session.id,
        prize,
        value,
        now,
        doer.actor,
        doer.channel,
    )
    return row and read(Session, row)
