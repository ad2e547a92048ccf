"""The main job: text one person a coupon.

Two short commits with the network call between them:

1. The session, the message (`submitting`) and its guard are written together, provided that
   nothing which forbids the send has changed meanwhile.
2. The service is asked. The caller waits for its answer.
3. What it said is written: `accepted`, `failed` (a session made for it is voided), or
   `unknown` when nobody can know.

A crash between the two commits leaves `submitting` with a lease; a chore makes it `unknown`.
Nothing is ever sent again on a guess.

A database that does not answer holds nobody. Without the first commit the service is not asked, and
what the database may yet make of it is taken back. Without the second the caller is told what
the service said, which is so, and it is written when the database answers again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime

import msgspec

from tearoff.accounts import idempotency, tallies
from tearoff.accounts.models import Account, Caller
from tearoff.coupons.models import Campaign
from tearoff.coupons.sessions import queries as coupon_queries
from tearoff.distribution import draft as drafts
from tearoff.distribution import outcome, queries
from tearoff.distribution.context import Contexts, SendContext
from tearoff.distribution.draft import Draft, NotSent, SendRequest
from tearoff.distribution.first_commit import Opener, OpeningLost, StatcodeNotFound
from tearoff.distribution.outcome import OutcomeUnknown
from tearoff.distribution.second_commit import AT_ONCE, Answers, insist
from tearoff.distribution.taking_back import Lost, TakingBack
from tearoff.errors import Conflict, TearoffError, TryLater
from tearoff.kit import clock, metrics
from tearoff.kit.db import DatabaseAway
from tearoff.kit.services import Services
from tearoff.messages import queries as messages
from tearoff.messages.connections import NoRoute
from tearoff.messages.models import Message
from tearoff.messages.open_connections import Links
from tearoff.people import optouts
from tearoff.providers import registry
from tearoff.providers.base import Accepted, Outcome, Outgoing

__all__ = [
    "AlreadyReceived",
    "Keyed",
    "NotSent",
    "OutcomeUnknown",
    "SendRequest",
    "Sender",
    "Sent",
    "StatcodeNotFound",
]

TRIES = 10
TAKEN = ("accepted", "sent", "delivered")


class AlreadySent(TearoffError):
    """An equal send was accepted, and its caller may never have had the answer."""

    def __init__(self, message: Message) -> None:
        super().__init__()
        self.message = message


class AlreadyReceived(Conflict):
    """This person already received this coupon."""


class StaleCaller(TearoffError):
    """The caller's key or account has changed since it was read: look at it again."""


class Sent(msgspec.Struct, frozen=True):
    """An accepted message, with what its caller is told."""

    message_id: int
    asked_text: str
    recipient: str
    session_code: str
    url: str
    segments: int
    encoding: str
    subject: str = ""


class Keyed(msgspec.Struct, frozen=True):
    """A send with an Idempotency-Key: `render` makes the answer that is stored under it, or
    None when the answer is not one to store."""

    key: idempotency.Key
    render: Callable[[Sent | TearoffError], idempotency.Answer | None]


class Sender:
    """Sends for one process."""

    def __init__(self, services: Services, links: Links, contexts: Contexts) -> None:
        self._services = services
        self._links = links
        self._contexts = contexts
        self._running: set[asyncio.Task[tuple[Sent, int]]] = set()
        self._answers = Answers(services)
        self._taking_back = TakingBack(services)
        self._opener = Opener(services)

    async def send(
        self, caller: Caller, request: SendRequest, now: datetime, keyed: Keyed | None = None
    ) -> Sent:
        """Text or mail somebody a coupon and wait for the service's answer.

        Raises `CampaignNotFound`, `NoRoute`, `StatcodeNotFound`, `AlreadyReceived`,
        `optouts.OptedOut`, `NotSent` (nothing left), `OutcomeUnknown`, `Invalid`,
        `idempotency.KeyBusy`. A caller who hangs up changes nothing: what was begun is finished.
        """
        task = asyncio.create_task(self._send(caller, request, now, keyed))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        try:
            sent, over = await asyncio.shield(task)
        except AlreadySent as standing:
            return await self._tell_again(caller.account, standing.message, keyed)
        if over:
            self._answers.tell(sent.message_id, over)
        return sent

    async def finish(self, patience: float = 15) -> None:
        """Wait for what is under way: for shutting down."""
        if self._running:
            await asyncio.wait(self._running, timeout=patience)
        await self._answers.finish()
        await self._taking_back.finish(5)

    async def describe(self, account: Account, message: Message) -> Sent:
        """What the caller of this message is told, put together again from what is kept."""
        found = await coupon_queries.session(self._services.db, account.id, message.about or 0)
        campaign = found.campaign.code if found else ""
        code = found.session.code if found else ""
        host = account.link_host or self._services.settings.link_host
        return Sent(
            message_id=message.id,
            asked_text=message.asked_text or "",
            recipient=message.recipient,
            session_code=code,
            url=f"{host}/p/{campaign}/{code}",
            segments=message.segments,
            encoding=message.encoding,
            subject=message.subject or "",
        )

    async def _tell_again(self, account: Account, message: Message, keyed: Keyed | None) -> Sent:
        sent = await self.describe(account, message)
        stored = None if keyed is None else keyed.render(sent)
        if keyed is not None and stored is not None:
            services = self._services
            async with services.db.transaction() as db:
                if await idempotency.claim(db, keyed.key, clock.now(), 0, message.id):
                    await idempotency.store(db, services.vault, keyed.key, stored)
        return sent

    async def _send(
        self, caller: Caller, request: SendRequest, now: datetime, keyed: Keyed | None
    ) -> tuple[Sent, int]:
        """What was sent, and by which connection; 0 where that is not written yet."""
        context, draft, message_id = await self._open(caller, request, now, keyed)
        answer = await self._hand_over(context, draft, message_id)
        error = outcome.error_of(answer, message_id, draft.channel)
        result = error or _sent(draft, message_id)
        about = self._about(context, draft, now, message_id)
        stored = None if keyed is None else keyed.render(result)
        is_noted = await self._record(about, answer, keyed, stored)
        route = context.route
        assert route is not None
        if is_noted:
            await self._answers.note(route, answer)
        if isinstance(result, TearoffError):
            raise result
        return result, route.id if is_noted else 0

    def _about(
        self, context: SendContext, draft: Draft, now: datetime, message_id: int = 0
    ) -> outcome.About:
        assert context.route is not None
        account = context.caller.account
        return outcome.About(
            account_id=draft.campaign.account_id,
            campaign=draft.campaign,
            message_id=message_id,
            recipient=draft.recipient,
            created_at=now,
            find_by_id=registry.reports_by_its_own_id(context.route.kind),
            channel=draft.channel,
            listener=account.listener(self._services.settings.link_host),
            counted=draft.message_tallies,
        )

    async def _open(
        self, caller: Caller, request: SendRequest, now: datetime, keyed: Keyed | None
    ) -> tuple[SendContext, Draft, int]:
        """Open the send with what is remembered; if that was old or says no, once more with
        everything read anew. So no answer is given on old knowledge."""
        remembered = self._contexts.remembered(caller, request.campaign_id, request.channel)
        if remembered is not None:
            try:
                opened = await self._try_open(remembered, request, now, keyed)
            except (TryLater, OutcomeUnknown, AlreadySent):
                raise
            except TearoffError:
                opened = None
            if opened is not None:
                return opened
        for _ in range(TRIES):
            context = await self._contexts.load(
                self._services.db, caller, request.campaign_id, request.channel
            )
            if context.caller.versions != caller.versions:
                raise StaleCaller
            opened = await self._try_open(context, request, now, keyed)
            if opened is not None:
                return opened
        raise TryLater("The campaign is being changed just now.")

    async def _try_open(
        self, context: SendContext, request: SendRequest, now: datetime, keyed: Keyed | None
    ) -> tuple[SendContext, Draft, int] | None:
        """None when the context is not the current one."""
        try:
            campaign = drafts.check_context(context, request, now)
            if campaign.has_ended(now):
                await self._opener.check_outlives(campaign, request, now)
            await self._check_policy(context, request, now)
        except (NoRoute, NotSent, optouts.OptedOut):
            await self._opener.check_session(context, request)
            raise
        for _ in range(TRIES):
            written = await self._write(context, request, now, keyed.key if keyed else None)
            if written is None:
                continue
            draft, opened = written
            if not opened.is_fresh:
                return None
            if opened.is_barred:
                await self._check_campaign_limit(campaign, now)
                raise optouts.OptedOut(draft.channel)
            if opened.message_id is not None:
                return context, draft, opened.message_id
            await self._explain_guard(draft, now)
            if opened.is_taken:
                await self._explain_taken(draft)
        raise TryLater("No free session code was found.")

    async def _write(
        self, context: SendContext, request: SendRequest, now: datetime, key: idempotency.Key | None
    ) -> tuple[Draft, queries.Opened] | None:
        try:
            return await self._opener.write(context, request, now, key)
        except OpeningLost as lost:
            about = self._about(context, lost.draft, now)
            self._taking_back.add(Lost(about, lost.draft.session_code, key))
            raise

    async def _check_policy(
        self, context: SendContext, request: SendRequest, now: datetime
    ) -> None:
        account = context.caller.account
        if request.phone is None:
            return
        refusal = drafts.policy_refusal(account, request.phone, now)
        if refusal is None:
            return
        if await optouts.is_opted_out(self._services.db, account.id, request.phone.e164):
            raise optouts.OptedOut
        raise refusal

    async def _check_campaign_limit(self, campaign: Campaign, now: datetime) -> None:
        """The campaign's limit is told before a suppression."""
        if campaign.limit_sessions is None:
            return
        scope = f"campaign:{campaign.id}:sessions"
        n = await tallies.reached(self._services.db, campaign.account_id, scope, now)
        if n >= campaign.limit_sessions:
            raise drafts.limit_reached(tallies.TallyFull(scope))

    async def _explain_guard(self, draft: Draft, now: datetime) -> None:
        """An equal send is open. Free it if its time is over, else say so."""
        db, settings = self._services.db, self._services.settings
        account_id = draft.campaign.account_id
        await messages.settle_overdue(
            db, now, settings.open_guard, account_id=account_id, guard=draft.guard
        )
        standing = await messages.open_send(db, account_id, draft.guard)
        if standing is not None and standing.state in TAKEN:
            raise AlreadySent(standing)
        if standing is not None and standing.state == "failed":
            await messages.free_guards(db, [standing.id])
        elif standing is not None:
            raise OutcomeUnknown(standing.id, standing.channel)

    async def _explain_taken(self, draft: Draft) -> None:
        """Somebody who has the coupon. A suppression is told first."""
        if await optouts.is_opted_out(
            self._services.db, draft.campaign.account_id, draft.recipient
        ):
            raise optouts.OptedOut(draft.channel)
        raise AlreadyReceived

    async def _hand_over(self, context: SendContext, draft: Draft, message_id: int) -> Outcome:
        route = context.route
        assert route is not None
        callback = self._links.callback_address(route)
        outgoing = Outgoing(
            id=message_id,
            to=draft.recipient,
            text=draft.text,
            encoding=draft.encoding,
            parts=draft.parts,
            sender=draft.sender or route.sender,
            callback_url=f"{callback}?m={message_id}" if callback else None,
            letter=draft.letter,
        )
        with metrics.provider_seconds.labels(route.kind).time():
            return await self._links.send(route, outgoing)

    async def _record(
        self,
        about: outcome.About,
        answer: Outcome,
        keyed: Keyed | None,
        stored: idempotency.Answer | None,
    ) -> bool:
        """The second commit. What the service said is known only here, so a database that is
        away is waited for, at most for a moment by the caller; the update is guarded and may be
        repeated. Whether it was made."""
        services = self._services
        guard_for = services.settings.open_guard

        async def write() -> None:
            if stored is None and not outcome.needs_transaction(about, answer):
                await outcome.record(services.db, about, answer, clock.now(), guard_for)
                return
            async with services.db.transaction() as db:
                await outcome.record(db, about, answer, clock.now(), guard_for)
                if keyed is not None and stored is not None:
                    await idempotency.store(db, services.vault, keyed.key, stored)

        try:
            await insist(write, AT_ONCE)
        except DatabaseAway:
            is_accepted = isinstance(answer, Accepted)
            self._answers.write_later(write, about.message_id if is_accepted else None)
            return False
        return True


def _sent(draft: Draft, message_id: int) -> Sent:
    return Sent(
        message_id=message_id,
        asked_text=draft.asked_text,
        recipient=draft.recipient,
        session_code=draft.session_code,
        url=draft.url,
        segments=len(draft.parts),
        encoding=draft.encoding,
        subject=draft.letter.subject if draft.letter else "",
    )
