"""A coupon that somebody takes from the campaign's public link: limits per person, what they
agreed to, and the session itself, together or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from tearoff.accounts import tallies
from tearoff.coupons import rules
from tearoff.coupons.models import Campaign, Doer, NewSession, Session
from tearoff.coupons.pools import pools
from tearoff.coupons.sessions import actions, events, limits, queries
from tearoff.errors import Conflict, TryLater
from tearoff.hooks.models import Listener
from tearoff.kit.db import Handle


class HasCoupon(Conflict):
    """This person has all the coupons of this campaign that one person may have."""


class NetworkFull(TryLater):
    """This network has fetched as many coupons of this campaign as one may for now."""


class Agreement(msgspec.Struct, frozen=True):
    """One box of the form: whether it was ticked, and the words beside it."""

    key: str
    given: bool
    language: str
    words: str


async def begin(
    db: Handle,
    campaign: Campaign,
    new: NewSession,
    agreements: Sequence[Agreement],
    *,
    reason: str,
    network: str,
    now: datetime,
    listener: Listener | None,
) -> str:
    """Make a session for somebody who acted on the public page; gives its code. `reason` says
    why this counts as a person who opened it, `network` where they are (`network_of`). The same
    form sent twice (`new.begun_by`) gives the same session. Must be in a transaction. Raises
    `NetworkFull`, `HasCoupon` and `rules.LimitReached`; nothing is counted then."""
    await queries.lock_begun(db, campaign.id, new.begun_by or "")
    known = await queries.code_begun_by(db, campaign.id, new.begun_by or "")
    if known is not None:
        return known
    await _count_network(db, campaign, network, now)
    campaign = await queries.hold_limits(db, campaign)
    await _count_person(db, campaign, new, now)
    issued = await actions.issue_session(db, campaign, new, now=now)
    made = await actions.find_session(db, campaign.account_id, issued.code)
    await _keep(db, made.session, agreements, now)
    await events.announce_session(db, listener, "coupon_distributed", made, now)
    doer = Doer(actor="consumer", channel="page", reason=reason)
    await actions.change(db, made, "opened", doer=doer, now=now, listener=listener)
    return issued.code


async def count_refused(db: Handle, campaign: Campaign, network: str, now: datetime) -> None:
    """Whoever asks for numbers that have a coupon is counted as one who gets coupons: looking
    through a list of them costs the same either way. Raises `NetworkFull`."""
    await _count_network(db, campaign, network, now)


async def free_again_at(db: Handle, campaign: Campaign, network: str, now: datetime) -> datetime:
    """When a network that is full may fetch again."""
    counted = limits.of_network(campaign, network)
    ends = [
        await tallies.full_until(db, campaign.account_id, one.scope, one.cap, now)
        for one in counted
    ]
    return max((end for end in ends if end is not None), default=now)


async def is_all_gone(db: Handle, campaign: Campaign, now: datetime) -> bool:
    """Whether nothing is left for anybody new, to say so before a form is filled in; `begin`
    decides."""
    counted = limits.of_all(campaign)
    if counted and await tallies.is_any_full(db, campaign.account_id, counted, now):
        return True
    return campaign.has_pool and await pools.is_empty(db, campaign.id)


async def _count_network(db: Handle, campaign: Campaign, network: str, now: datetime) -> None:
    try:
        await limits.count(db, campaign, limits.of_network(campaign, network), now)
    except rules.LimitReached:
        raise NetworkFull from None


async def _keep(
    db: Handle, session: Session, agreements: Sequence[Agreement], now: datetime
) -> None:
    if not agreements:
        return
    await db.execute(
        "INSERT INTO session_consents (account_id, campaign_id, session_id, at, key, given,"
        " language, words) SELECT $1, $2, $3, $4, a.* FROM unnest($5::text[], $6::boolean[],"
        " $7::text[], $8::text[]) AS a",
        session.account_id,
        session.campaign_id,
        session.id,
        now,
        *zip(*map(msgspec.structs.astuple, agreements), strict=True),
    )


async def _count_person(db: Handle, campaign: Campaign, new: NewSession, now: datetime) -> None:
    form = campaign.options.form
    if form is None or form.unique is None:
        return
    one = msgspec.structs.replace(campaign, limit_person=campaign.limit_person or 1)
    person = limits.fetcher_of(new, form.unique)
    try:
        await limits.count(db, one, limits.of_person(one, person), now)
    except rules.LimitReached:
        raise HasCoupon from None
