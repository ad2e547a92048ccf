"""Verbs of sessions: make one, take it in, change it. None commits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import asyncpg
import msgspec

from tearoff.coupons import rules
from tearoff.coupons.models import (
    Campaign,
    Doer,
    NewSession,
    Session,
    SessionAndCampaign,
)
from tearoff.coupons.pools import pools
from tearoff.coupons.sessions import events, limits, lists, queries, reserved_limits, updates
from tearoff.errors import Conflict, NotFound, TryLater
from tearoff.hooks.models import Listener
from tearoff.kit import codes
from tearoff.kit.db import Handle

AUTOMATIC_CODES = {"6digits": 6, "8digits": 8, "10digits": 10}


class SessionNotFound(NotFound):
    """Couponsession not found."""


class CodeTaken(Conflict):
    """The campaign already has a session with this validation code."""


class Issued(msgspec.Struct, frozen=True):
    """A session that was just made, or (`is_duplicate`) one that this person already had."""

    code: str
    validation_code: str | None
    customid: str | None
    is_duplicate: bool = False


async def issue_session(
    db: Handle,
    campaign: Campaign,
    new: NewSession,
    *,
    now: datetime,
    unique_by: str | None = None,
    automatic_code: str | None = None,
) -> Issued:
    """Make one session.

    `unique_by` (`email`, `phone` or `customid`): when that value already has a session of this
    campaign, that one is given instead. `automatic_code` (`6digits`, `8digits`, `10digits`):
    a validation code is drawn; without it, a campaign with a pool gives its next code. Raises
    `CodeTaken`, `rules.LimitReached` and `pools.PoolEmpty`.
    """
    existing = await _find_existing(db, campaign, new, unique_by)
    if existing is not None:
        return existing
    campaign = await queries.hold_limits(db, campaign)
    await limits.count(db, campaign, limits.of_session(campaign), now)
    if campaign.has_pool and new.validation_code is None and automatic_code is None:
        (pooled,) = await pools.take(db, campaign.id, 1, now)
        new = msgspec.structs.replace(new, validation_code=pooled)
    for _ in range(30):
        if automatic_code is not None:
            drawn = codes.digits(AUTOMATIC_CODES[automatic_code])
            new = msgspec.structs.replace(new, validation_code=drawn)
        code = codes.session_code()
        taken = await _try_insert(db, campaign, code, new, now)
        if taken is None:
            return Issued(code, new.validation_code, new.customid)
        if taken == "sessions_validation_code" and automatic_code is None:
            raise CodeTaken
    raise TryLater("No free code was found.")


async def _find_existing(
    db: Handle, campaign: Campaign, new: NewSession, unique_by: str | None
) -> Issued | None:
    value = new.field(unique_by) if unique_by else ""
    if not unique_by or not value:
        return None
    person = (campaign.account_id, campaign.id, unique_by, value)
    await queries.lock_duplicates(db, *person)
    code = await queries.find_duplicate(db, *person)
    if code is None:
        return None
    found = await queries.session_of_code(db, campaign.account_id, code)
    if found is None:
        return None
    session = found.session
    return Issued(session.code, session.validation_code, session.customid, is_duplicate=True)


async def _try_insert(
    db: Handle, campaign: Campaign, code: str, new: NewSession, now: datetime
) -> str | None:
    """None when it went in, else the name of the index that had the code already."""
    try:
        async with db.transaction():
            await queries.insert_session(db, campaign, code, new, now)
    except asyncpg.UniqueViolationError as error:
        return str(error.constraint_name)
    return None


async def find_session(db: Handle, account_id: int, code: str) -> SessionAndCampaign:
    # Pages show the short code in two groups, and it is typed as it is seen.
    found = await queries.session_of_code(db, account_id, "".join(code.split()).lower())
    if found is None:
        raise SessionNotFound
    return found


async def validate(
    db: Handle,
    found: SessionAndCampaign,
    *,
    doer: Doer,
    now: datetime,
    value: str | None = None,
    receipt: str | None = None,
    if_uses: int | None = None,
    reservation: str | None = None,
    as_of: datetime | None = None,
    listener: Listener | None = None,
) -> Session:
    """Take the coupon in, once. One guarded update decides; whoever loses gets the reason,
    with when and where it was used before. `if_uses` ties it to the state somebody saw;
    `reservation` is the caller's own hold on it; `as_of` is the moment in which it happened, if we
    hear of it only now. With a `listener`, or where `needs_transaction`, it must be in a
    transaction."""
    use = updates.Use(
        doer=doer,
        now=now,
        as_of=as_of or now,
        value=value,
        receipt=receipt,
        if_uses=if_uses,
        reservation=reservation,
    )
    won = await _use(db, found, use)
    if won is None and not limits.has_use_limits(found.campaign):
        found = await queries.session(db, found.session.account_id, found.session.id) or found
        if limits.has_use_limits(found.campaign):  # one was set since the campaign was read
            async with db.transaction() as work:
                won = await _use(work or db, found, use)
                if won is None:  # what was counted goes back with it
                    raise await _why_refused(work or db, found, use)
    if won is None:
        lost = await _why_refused(db, found, use)
        is_counted = limits.has_use_limits(found.campaign)
        if isinstance(lost, rules.Passing) and if_uses is None and not is_counted:
            won = await _use(db, found, use)
        if won is None:
            raise lost
    await events.announce_operation(db, listener, "validated", won, now)
    return won.session


async def _use(
    db: Handle, found: SessionAndCampaign, use: updates.Use
) -> SessionAndCampaign | None:
    """None when the update refused, or when it is not counted and must be."""
    counts = limits.has_use_limits(found.campaign)
    if counts:
        found = await _count_use(db, found, use)
    session, campaign = found.session, found.campaign
    # The update looks at everything but the campaign's hours and its scratch card.
    if rules.why_not_now(session, campaign, use.as_of) is not None:
        raise rules.why_not_usable(session, campaign, use.as_of) or rules.WrongTime()
    won = await updates.validate(
        db, session.account_id, campaign.id, session.id, use, is_counted=counts
    )
    return None if won is None else SessionAndCampaign(won, campaign)


async def _count_use(db: Handle, found: SessionAndCampaign, use: updates.Use) -> SessionAndCampaign:
    """Count the use in the campaign's limits. The session is held first: whoever counts and
    whoever gives back take the same rows in the same order."""
    session = found.session
    held = await queries.hold_session(db, session.account_id, session.id) or found
    if use.reservation is not None and held.session.reservation != use.reservation:
        raise reserved_limits.ReservationNotFound
    counted = []
    if rules.why_not_usable(held.session, held.campaign, use.as_of) is None:
        counted = limits.of_use(held.campaign, held.session, use.doer.location_id, use.as_of)
    await reserved_limits.count(db, held.campaign, held.session, counted, use.as_of)
    return held


async def _why_refused(db: Handle, found: SessionAndCampaign, use: updates.Use) -> Exception:
    """Why the update refused: whose hold was used or given back meanwhile hears that first."""
    if use.reservation is not None:
        held = await queries.session(db, found.session.account_id, found.session.id)
        if held is None or held.session.reservation != use.reservation:
            return reserved_limits.ReservationNotFound()
    return await why_lost(db, found, use.doer.location_id, use.as_of)


async def why_lost(
    db: Handle, found: SessionAndCampaign, location_id: int | None, now: datetime
) -> rules.CannotUse:
    """Why an update refused, as the session is now."""
    current = await queries.session(db, found.session.account_id, found.session.id)
    if current is None:
        return rules.Voided()
    session, campaign = current.session, current.campaign
    refusal = rules.why_not_usable(session, campaign, now)
    if refusal is not None:
        return refusal
    if session.is_reserved(now):
        return rules.Reserved(at=session.reserved_until)
    if location_id is not None and not await queries.is_taken_in_at(db, campaign.id, location_id):
        return rules.WrongLocation()
    return rules.Passing(at=session.used_at, where=session.location_id)


async def change(
    db: Handle,
    found: SessionAndCampaign,
    kind: str,
    *,
    doer: Doer,
    now: datetime,
    listener: Listener | None = None,
    use: updates.Used | None = None,
) -> tuple[Session, bool]:
    """Do a simple operation (a key of `updates.CHANGES`). Gives the session as it is then and
    whether anything changed: what is already so is fine and makes no event. `use` is which one is
    taken back; the last one that stands unless given. With a `listener`, or where
    `needs_transaction`, it must be in a transaction."""
    if needs_transaction(found.campaign, kind):
        session = found.session
        found = await queries.hold_session(db, session.account_id, session.id) or found
    session = found.session
    refusal = rules.why_not_changed(kind, found.session, found.campaign, now)
    if refusal is not None:
        raise refusal
    unlists = updates.CHANGES[kind].unlists
    if unlists:
        await lists.hold(db, session.campaign_id)
    uses = await updates.uses_of(db, session.id) if kind == "unvalidated" else []
    use = use or (uses[-1] if uses else None)
    won = await updates.change(
        db, session.account_id, session.id, kind, doer, now, undoes=use.id if use else None
    )
    if won is not None:
        if unlists:
            await lists.unlist(db, session.campaign_id, session.id, unlists)
        await _count_change(db, found, kind, use, now)
        won = await _show_last(db, won, [one for one in uses if one != use])
        both = SessionAndCampaign(won, found.campaign)
        await events.announce_operation(db, listener, kind, both, now)
        return won, True
    current = await queries.session(db, session.account_id, session.id)
    if current is None:
        raise SessionNotFound
    refusal = rules.why_not_changed(kind, current.session, current.campaign, now)
    if refusal is not None:
        raise refusal
    return current.session, False


async def _show_last(db: Handle, session: Session, uses: Sequence[updates.Used]) -> Session:
    """Let the session show the last of these uses, with all that belongs to it."""
    if not uses:
        return session
    last = max(uses, key=lambda use: use.at)
    shown = {
        "used_at": last.at,
        "location_id": last.location_id,
        "validation_value": last.value,
        "receipt": last.receipt,
    }
    return await updates.set_fields(db, session.account_id, session.id, shown) or session


def needs_transaction(campaign: Campaign, kind: str) -> bool:
    """Whether the operation is more than one statement: it takes back what an earlier one did,
    or counts in a limit. Only a use asks what limits there are, because many uses come at once."""
    if kind == "validated":
        return limits.has_use_limits(campaign)
    return kind in ("claimed", "unclaimed", "unvalidated")


async def _count_change(
    db: Handle, found: SessionAndCampaign, kind: str, use: updates.Used | None, now: datetime
) -> None:
    """What a change counts in, or gives back: a use that is taken back counts no more on its day,
    at its place and for its person."""
    session, campaign = found.session, found.campaign
    if kind == "claimed":
        await limits.count(db, campaign, limits.of_claim(campaign), now)
    elif kind == "unclaimed":
        await limits.count(db, campaign, limits.of_claim(campaign, step=-1), now)
    elif use is not None:
        given_back = limits.of_use(campaign, session, use.location_id, use.at, step=-1)
        await limits.count(db, campaign, given_back, now)


async def remove_session(db: Handle, found: SessionAndCampaign, now: datetime) -> None:
    """Delete a session that was never taken in; its link and its codes are unknown from then
    on. In a transaction."""
    session, campaign = found.session, found.campaign
    await lists.hold(db, campaign.id)
    if not await queries.remove_session(db, session.account_id, session.id):
        raise await why_lost(db, found, None, now)
    campaign = await queries.hold_limits(db, campaign)
    for flag in lists.FLAGS:
        await lists.unlist(db, campaign.id, session.id, flag)
    await lists.forget_created(db, campaign.id, session.created_at, session.id)
    claim = limits.of_claim(campaign, -1) if session.claimed_at else []
    made = [] if await queries.was_lost(db, session.id) else limits.of_session(campaign, -1)
    await limits.count(db, campaign, [*made, *claim], now)


async def set_fields(
    db: Handle, found: SessionAndCampaign, fields: dict[str, Any], doer: Doer, now: datetime
) -> Session:
    """Set consumer fields, `customid`, `customfields` or `value` of a session, in a transaction.
    Where another person has it then, its use counts for that one: also above a limit, which
    refuses what is new."""
    session = found.session
    held = await queries.hold_session(db, session.account_id, session.id)
    changed = await updates.set_fields(db, session.account_id, session.id, fields)
    if held is None or changed is None:
        raise SessionNotFound
    await updates.note_change(db, changed, doer, now)
    moved = limits.of_new_person(held.campaign, held.session, changed)
    if moved:
        await limits.count(db, held.campaign, moved, now)
    return changed
