"""What a service's answer means for a message and for the coupon it carried."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from tearoff.distribution.draft import NotSent
from tearoff.errors import TearoffError
from tearoff.kit.db import Handle
from tearoff.messages import queries as messages
from tearoff.people import optouts
from tearoff.providers.base import Accepted, NoAnswer, Outcome, Reason, Refused


class OutcomeUnknown(NotSent):
    """Nobody can know whether the message left; `message_id` settles it later."""

    def __init__(self, message_id: int) -> None:
        super().__init__(
            f"The SMS provider has not confirmed message msg_{message_id}. It may have been"
            " sent, so it is not sent again until this is settled."
        )
        self.message_id = message_id


class About(msgspec.Struct, frozen=True):
    """Which send an answer is about. `find_by_id`: its receipts name only the service's id."""

    account_id: int
    message_id: int
    recipient: str
    created_at: datetime
    find_by_id: bool


def error_of(answer: Outcome, message_id: int) -> TearoffError | None:
    """What the caller is told; None when the message was accepted."""
    match answer:
        case Accepted():
            return None
        case Refused(reason=Reason.OPTED_OUT):
            return optouts.OptedOut()
        case Refused(text=text):
            return NotSent(text)
        case _:
            return OutcomeUnknown(message_id)


def needs_transaction(answer: Outcome) -> bool:
    """Whether recording it takes more than one statement."""
    return isinstance(answer, Refused) or (
        isinstance(answer, Accepted) and len(answer.provider_ids) > 1
    )


async def record(
    db: Handle, about: About, answer: Outcome, now: datetime, open_guard: float
) -> None:
    """Second of the two commits of a send. Every statement is guarded by the message's state,
    so that it may be repeated and a receipt that was faster is not overwritten."""
    match answer:
        case Accepted(provider_ids=ids, raw=raw):
            await messages.accept(db, about.message_id, ids, raw, now, find_by_id=about.find_by_id)
        case Refused():
            await _record_refusal(db, about, answer, now)
        case NoAnswer(text=text, raw=raw):
            until = about.created_at + timedelta(seconds=open_guard)
            await messages.leave_unknown(db, about.message_id, text, raw, until)


async def _record_refusal(db: Handle, about: About, answer: Refused, now: datetime) -> None:
    refusal = messages.Refusal(answer.reason, answer.text, answer.permanent, answer.raw)
    if await messages.refuse(db, about.message_id, refusal, now):
        await _void_session(db, about, answer.text, now)
    if answer.reason is Reason.OPTED_OUT:
        await optouts.add(
            db,
            about.account_id,
            about.recipient,
            source="provider",
            now=now,
            reason="The SMS provider says that this number opted out.",
            evidence=optouts.Evidence(provider_ref=f"msg_{about.message_id}"),
        )


async def _void_session(db: Handle, about: About, reason: str, now: datetime) -> None:
    """The session was made for a message that did not leave: nobody holds its link. One that
    existed before stays."""
    await db.execute(
        "WITH won AS (UPDATE sessions s SET voided = true, voided_at = $3 FROM messages m"
        " WHERE m.id = $1 AND m.about_is_new AND s.id = m.about AND s.account_id = $2"
        " AND s.last_message_id = $1 AND NOT s.voided AND s.validated_at IS NULL"
        " RETURNING s.account_id, s.campaign_id, s.id)"
        " INSERT INTO session_events (account_id, campaign_id, session_id, kind, at, actor,"
        " channel, reason) SELECT account_id, campaign_id, id, 'voided', $3, 'tearoff', 'sms', $4"
        " FROM won",
        about.message_id,
        about.account_id,
        now,
        reason,
    )
