"""What a service's answer means for a message and for the coupon it carried."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from tearoff.accounts import tallies
from tearoff.accounts.tallies import Tally
from tearoff.coupons.models import Campaign
from tearoff.coupons.pools import pools
from tearoff.coupons.sessions import limits
from tearoff.coupons.sessions import queries as coupons
from tearoff.coupons.sessions.events import announce_operation
from tearoff.distribution import queries
from tearoff.distribution.draft import NotSent
from tearoff.distribution.events import announce_message
from tearoff.errors import TearoffError
from tearoff.hooks.models import Listener
from tearoff.kit.db import Handle
from tearoff.messages import queries as messages
from tearoff.messages.news import Change
from tearoff.people import optouts
from tearoff.providers.base import Accepted, NoAnswer, Outcome, Reason, Refused


class OutcomeUnknown(NotSent):
    """Nobody can know whether the message left; `message_id` settles it later."""

    def __init__(self, message_id: int, channel: str = "sms") -> None:
        service = "SMS" if channel == "sms" else channel
        super().__init__(
            f"The {service} provider has not confirmed message msg_{message_id}. It may have been"
            " sent, so it is not sent again until this is settled."
        )
        self.message_id = message_id


class About(msgspec.Struct, frozen=True):
    """Which send an answer is about. `find_by_id`: its receipts name only the service's id.
    `listener`: the webhooks of its account, if it has any. `counted` is what the message counts
    in, beside what its session does. `campaign` is None for a message without a coupon."""

    account_id: int
    campaign: Campaign | None
    message_id: int
    recipient: str
    created_at: datetime
    find_by_id: bool
    channel: str = "sms"
    listener: Listener | None = None
    counted: tuple[Tally, ...] = ()


def error_of(answer: Outcome, message_id: int, channel: str = "sms") -> TearoffError | None:
    """What the caller is told; None when the message was accepted."""
    match answer:
        case Accepted():
            return None
        case Refused(reason=Reason.OPTED_OUT):
            return optouts.OptedOut(channel)
        case Refused(text=text):
            return NotSent(text)
        case _:
            return OutcomeUnknown(message_id, channel)


def needs_transaction(about: About, answer: Outcome) -> bool:
    """Whether recording it takes more than one statement."""
    return isinstance(answer, Refused) or (
        isinstance(answer, Accepted) and (len(answer.provider_ids) > 1 or _tells_sent(about))
    )


def _tells_sent(about: About) -> bool:
    return about.listener is not None and about.listener.wants("message_sent")


async def record(
    db: Handle, about: About, answer: Outcome, now: datetime, open_guard: float
) -> None:
    """Second of the two commits of a send. Every statement is guarded by the message's state,
    so that it may be repeated and a receipt that was faster is not overwritten."""
    match answer:
        case Accepted():
            await _record_acceptance(db, about, answer, now)
        case Refused():
            await _record_refusal(db, about, answer, now)
        case NoAnswer(text=text, raw=raw):
            until = about.created_at + timedelta(seconds=open_guard)
            await messages.leave_unknown(db, about.message_id, text, raw, until)


async def _record_acceptance(db: Handle, about: About, answer: Accepted, now: datetime) -> None:
    old = await messages.hold_state(db, about.message_id) if _tells_sent(about) else None
    state = await messages.accept(
        db, about.message_id, answer.provider_ids, answer.raw, now, find_by_id=about.find_by_id
    )
    if old is not None and state is not None:
        await _announce(db, about, old, state, now)


async def _announce(db: Handle, about: About, old: str, new: str, now: datetime) -> None:
    if old != new:
        change = Change(about.account_id, about.message_id, old, new, now)
        await announce_message(db, about.listener, change)


async def _record_refusal(db: Handle, about: About, answer: Refused, now: datetime) -> None:
    refusal = messages.Refusal(answer.reason, answer.text, answer.permanent, answer.raw)
    if await messages.refuse(db, about.message_id, refusal, now):
        await _announce(db, about, "submitting", "failed", now)
        is_lost = await _void_session(db, about, answer.text, now)
        await _give_back(db, about, now, with_session=is_lost)
    if answer.reason is Reason.OPTED_OUT:
        ref = f"msg_{about.message_id}"
        await optouts.learn(db, about.account_id, about.recipient, provider_ref=ref, now=now)


async def _void_session(db: Handle, about: About, reason: str, now: datetime) -> bool:
    """The session was made for a message that did not leave: nobody holds its link, and its own
    code is free again. One that existed before stays."""
    session_id = await queries.void_carried(db, about.account_id, about.message_id, reason, now)
    if session_id is None:
        return False
    if about.campaign is not None and about.campaign.has_pool:
        await pools.put_back(db, session_id)
    if about.listener is not None:
        found = await coupons.session(db, about.account_id, session_id)
        if found is not None:
            await announce_operation(db, about.listener, "voided", found, now)
    return True


async def _give_back(db: Handle, about: About, now: datetime, *, with_session: bool) -> None:
    """A message that certainly never left counts in no limit, and neither does its session. All
    in one statement, so that its rows are locked in the order in which sends take them."""
    counted = [msgspec.structs.replace(tally, step=-tally.step) for tally in about.counted]
    if with_session and about.campaign is not None:
        counted.append(limits.of_lost_session(about.campaign))
    await tallies.give_back(db, about.account_id, counted, now, counted_at=about.created_at)
