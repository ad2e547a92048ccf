"""The first commit of a send: session, message and guard, all or nothing."""

from __future__ import annotations

from datetime import datetime

import asyncpg
import msgspec

from tearoff.accounts import idempotency, tallies
from tearoff.coupons.models import Campaign, NewSession
from tearoff.coupons.pools.pools import PoolEmpty
from tearoff.coupons.rules import LimitReached
from tearoff.coupons.sessions import actions as coupons
from tearoff.coupons.sessions import queries as coupon_queries
from tearoff.coupons.sessions.events import announce_session
from tearoff.distribution import draft as drafts
from tearoff.distribution import mail, queries
from tearoff.distribution.context import SendContext
from tearoff.distribution.draft import Carried, Draft, NotSent, SendRequest
from tearoff.errors import NotFound
from tearoff.kit import codes
from tearoff.kit.db import AWAY, DatabaseAway, DatabaseBusy, Handle
from tearoff.kit.services import Services


class StatcodeNotFound(NotFound):
    """Statcode not found"""


class OpeningLost(DatabaseAway):
    """The database did not say whether the send was opened. Nothing was sent."""

    def __init__(self, draft: Draft, error: BaseException) -> None:
        super().__init__(f"The database is away: {error or 'it does not answer'}", after=2)
        self.draft = draft


class Opener:
    """Opens sends for one process."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def write(
        self, context: SendContext, request: SendRequest, now: datetime, key: idempotency.Key | None
    ) -> tuple[Draft, queries.Opened] | None:
        """The first commit. None when the short code that was drawn is taken."""
        campaign, account = context.campaign, context.caller.account
        assert campaign is not None
        new = self._new_session(campaign, request)
        issues = _must_issue(campaign, request, new)
        try:
            is_alone = key is None and not issues and not request.check_unique
            if is_alone and not account.has_hook("coupon_distributed"):
                carried = await self._carry(self._services.db, campaign, request, new)
                return await self._open_in(self._services.db, context, request, carried, now)
            return await self._write_in_transaction(context, request, new, now, key)
        except asyncpg.UniqueViolationError:
            return None
        except tallies.TallyFull as full:
            raise drafts.limit_reached(full) from None
        except PoolEmpty:
            raise NotSent("The campaign has no codes left.") from None
        except LimitReached:
            raise drafts.limit_reached(tallies.TallyFull("campaign")) from None

    async def check_session(self, context: SendContext, request: SendRequest) -> None:
        """Raises `StatcodeNotFound` where the session that was named does not exist: what is
        not there is told before what stands in the way."""
        if context.campaign is not None:
            await self._carry(self._services.db, context.campaign, request, request.new)

    async def check_outlives(self, campaign: Campaign, request: SendRequest, now: datetime) -> None:
        """A coupon that the shop has extended is sent also when its campaign has ended."""
        found = await coupon_queries.session_of_code(
            self._services.db, campaign.account_id, (request.session_code or "").lower()
        )
        if found is None or found.session.has_expired(found.campaign, now):
            raise NotSent("The campaign has ended.")

    def _new_session(self, campaign: Campaign, request: SendRequest) -> NewSession:
        person = "phone" if request.mail is None else "email"
        return msgspec.structs.replace(
            request.new,
            **{person: request.recipient},
            expires_at=drafts.to_utc(request.local_expiry, campaign.timezone)
            or request.new.expires_at,
        )

    async def _carry(
        self, db: Handle, campaign: Campaign, request: SendRequest, new: NewSession
    ) -> Carried:
        """The session that the message carries: an existing one, or the code of a new one."""
        if request.session_code is not None:
            return await self._existing(db, campaign, request.session_code, is_new=False)
        ends = campaign.end_of(new.expires_at)
        return Carried(codes.session_code(), None, is_new=True, new=new, ends=ends)

    async def _existing(
        self, db: Handle, campaign: Campaign, code: str, *, is_new: bool
    ) -> Carried:
        found = await coupon_queries.session_of_code(db, campaign.account_id, code.lower())
        if found is None or found.campaign.id != campaign.id:
            raise StatcodeNotFound
        session, fields = found.session, drafts.fields_of(found.session)
        ends = session.expiry(found.campaign)
        return Carried(session.code, session.id, is_new=is_new, new=fields, ends=ends)

    async def _issue(
        self,
        db: Handle,
        campaign: Campaign,
        request: SendRequest,
        new: NewSession,
        now: datetime,
    ) -> Carried:
        """A session that must be made before its message is written: under a lock for this
        person, or with a code of the campaign's pool."""
        issued = await coupons.issue_session(
            db, campaign, new, now=now, unique_by=request.unique_by
        )
        return await self._existing(db, campaign, issued.code, is_new=not issued.is_duplicate)

    async def _open_in(
        self,
        db: Handle,
        context: SendContext,
        request: SendRequest,
        carried: Carried,
        now: datetime,
    ) -> tuple[Draft, queries.Opened]:
        draft = self._make_draft(context, request, carried, now)
        lease = self._services.settings.send_lease
        try:
            return draft, await queries.open_send(db, context, draft, lease=lease, now=now)
        except DatabaseBusy:
            raise
        except DatabaseAway as error:
            raise OpeningLost(draft, error) from error

    def _make_draft(
        self, context: SendContext, request: SendRequest, carried: Carried, now: datetime
    ) -> Draft:
        make = drafts.make_draft if request.mail is None else mail.make_draft
        return make(context, request, carried, self._services.settings.link_host, now)

    async def _write_in_transaction(
        self,
        context: SendContext,
        request: SendRequest,
        new: NewSession,
        now: datetime,
        key: idempotency.Key | None,
    ) -> tuple[Draft, queries.Opened]:
        """What must commit together with the message, or not at all: the claim on the caller's
        key, a session that is made first, an event."""
        campaign = context.campaign
        assert campaign is not None
        async with self._services.db.connection() as db:
            transaction = db.transaction()
            await transaction.start()
            try:
                if key is not None:
                    await self._claim(db, key, now)
                if request.check_unique and await self._is_taken(db, campaign, request):
                    carried = await self._carry(db, campaign, request, new)
                    draft = self._make_draft(context, request, carried, now)
                    await transaction.rollback()
                    return draft, queries.Opened(True, False, None, is_taken=True)
                if _must_issue(campaign, request, new):
                    carried = await self._issue(db, campaign, request, new, now)
                else:
                    carried = await self._carry(db, campaign, request, new)
                draft, opened = await self._open_in(db, context, request, carried, now)
                if opened.message_id is None:
                    await transaction.rollback()
                    return draft, opened
                if key is not None:
                    await idempotency.name_message(db, key, opened.message_id)
                await self._announce(db, context, draft, now)
            except BaseException:
                await transaction.rollback()
                raise
            try:
                await transaction.commit()
            except AWAY as error:
                raise OpeningLost(draft, error) from error
        return draft, opened

    async def _is_taken(self, db: Handle, campaign: Campaign, request: SendRequest) -> bool:
        """Whether this person has the coupon already. Asked under the lock under which it is
        made, so of two equal calls at once the second one sees the first."""
        person = (campaign.account_id, campaign.id, "email", request.recipient)
        await coupon_queries.lock_duplicates(db, *person)
        return await queries.has_coupon(db, campaign, request.recipient, request.session_code)

    async def _claim(self, db: Handle, key: idempotency.Key, now: datetime) -> None:
        lease = self._services.settings.send_lease
        if not await idempotency.claim(db, key, now, lease):
            raise idempotency.KeyBusy

    async def _announce(
        self, db: Handle, context: SendContext, draft: Draft, now: datetime
    ) -> None:
        """A session that was made for this message is one that somebody is being given."""
        account = context.caller.account
        told = account.listener(self._services.settings.link_host)
        if told is None or not draft.is_new or not told.wants("coupon_distributed"):
            return
        found = await coupon_queries.session_of_code(db, account.id, draft.session_code)
        if found is not None:
            await announce_session(db, told, "coupon_distributed", found, now)


def _must_issue(campaign: Campaign, request: SendRequest, new: NewSession) -> bool:
    """Whether the session is made before the message is written."""
    if request.session_code is not None:
        return False
    is_unique = request.unique_by is not None and bool(new.field(request.unique_by))
    return is_unique or campaign.has_pool
