"""A request to the dashboard: who makes it, in which account, and what they may do there."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import msgspec

from tearoff.accounts import idempotency, queries, sign_ins
from tearoff.accounts.models import Account, Caller, Member
from tearoff.accounts.rights import Right, has
from tearoff.accounts.sign_ins import Membership, SignedIn
from tearoff.accounts.single_sign_on import stored
from tearoff.accounts.single_sign_on.models import Provider
from tearoff.api.call import Call, claim, keep, kept
from tearoff.api.deps import Doors, doors_of
from tearoff.api.v4.fields import read_fields
from tearoff.api.v4.operation import Operation, acted, encode
from tearoff.errors import TearoffError
from tearoff.kit import clock
from tearoff.kit.proxies import client_address, host_of
from tearoff.kit.services import Services
from tearoff.kit.spool import Upload
from tearoff.kit.words import Words, words_in
from tearoff.web.dashboard.forms import Typed
from tearoff.web.paper.cookies import read_cookie
from tearoff.web.paper.reading import AnyRequest, patiently
from tearoff.web.people.page import COOKIE

DOMAIN = "dashboard"


class SignInNeeded(TearoffError):
    """Nobody is signed in, or their sign-in is over."""


class ProofNeeded(TearoffError):
    """It is too long ago that this person proved who they are."""


class NotFoundHere(TearoffError):
    """There is no such page in this account, or no such account for this person."""


class ProviderNeeded(TearoffError):
    """This person belongs here, and people come in here by single sign-on alone."""

    def __init__(self, provider: Provider) -> None:
        super().__init__()
        self.provider = provider


class UnderWay(TearoffError):
    """The same form was sent a moment ago, and its message is on its way."""

    def __init__(self, message_id: int) -> None:
        super().__init__()
        self.message_id = message_id


class RefusedBefore(TearoffError):
    """The same form was sent before, and was refused."""


class Visit(msgspec.Struct, frozen=True):
    """`token`: the secret of the sign-in; `typed`: what a form sent; `path`: what the address
    names, such as an id."""

    request: AnyRequest
    doors: Doors
    who: SignedIn
    membership: Membership
    account: Account
    token: str
    words: Words
    now: datetime
    path: Mapping[str, Any] = {}
    typed: Typed = Typed()

    @property
    def services(self) -> Services:
        return self.doors.services

    @property
    def language(self) -> str:
        return self.words.language

    @property
    def is_part(self) -> bool:
        """Whether a script asks for a part of a page. What the browser's history asks for is whole,
        and so is what it follows a link to."""
        headers = self.request.headers
        return (
            headers.get("hx-request") == "true"
            and headers.get("hx-history-restore-request") != "true"
            and headers.get("hx-boosted") != "true"
        )

    @property
    def link_host(self) -> str:
        return self.account.link_host or self.services.settings.link_host

    @property
    def query(self) -> dict[str, str]:
        return {name: str(value) for name, value in self.request.query_params.items()}

    def may(self, right: Right) -> bool:
        return has(self.membership.role, right, self.who.scopes)

    def address(self, path: str = "/", **query: object) -> str:
        """Of a page of this account."""
        told = urlencode({name: value for name, value in query.items() if value not in (None, "")})
        return f"/a/{self.account.id}{path}" + (f"?{told}" if told else "")

    @property
    def caller(self) -> Caller:
        name = " ".join(filter(None, (self.who.first_name, self.who.last_name))) or self.who.email
        member = Member(self.who.person_id, self.membership.role, name, self.who.scopes)
        trusted = self.services.settings.trusted_proxies
        address = host_of(client_address(self.request.scope, trusted))
        return Caller(None, self.account, member, address)

    # doing what v4 does ------------------------------------------------------------------------

    def call(
        self, operation: Operation, given: Mapping[str, Any], key: idempotency.Key | None = None
    ) -> Call:
        """A call of an operation with these JSON values. Raises `BadFields` and `RoleMissing`."""
        caller = self.caller
        caller.check(operation.right)
        fields = (*operation.path_fields, *operation.query, *operation.body)
        ids = {field.name: str(given[field.name]) for field in operation.path_fields}
        asked = {field.name for field in operation.query}
        plain = {
            n: str(v) if n in asked else v
            for n, v in given.items()
            if v is not None or n not in asked
        }
        return Call(self.doors, caller, read_fields(fields, {**plain, **ids}), self.now, key)

    async def read(self, operation: Operation, **given: Any) -> Any:
        """What an operation that changes nothing gives."""
        assert operation.act is not None
        call = self.call(operation, given)
        return await patiently(operation.act(call, self.services.db))

    async def do(self, operation: Operation, given: Mapping[str, Any], *, once: str = "") -> Any:
        """Do it in a transaction of its own, with its row in the audit log. `once`: a word that
        stands in the form; the same form sent again does nothing and gives None."""
        assert operation.act is not None
        call = self.call(operation, given, self.key(operation, once, given) if once else None)
        if operation.before is not None:
            await operation.before(call)
        try:
            if await kept(call) is not None:
                return None
            return await patiently(_do(call, operation))
        except idempotency.KeyBusy:  # the same form, pressed twice: the first press does it
            return None

    async def upload(self, operation: Operation, given: Mapping[str, Any], file: Upload) -> None:
        """The same for a file that has come."""
        assert operation.act_on_upload is not None
        call = self.call(operation, given)
        if operation.before is not None:
            await operation.before(call)
        await patiently(operation.act_on_upload(call, file))

    async def do_alone(
        self, operation: Operation, given: Mapping[str, Any], *, once: str = ""
    ) -> Any:
        """Do what has transactions of its own; gives what it answers. The same form sent again
        with the same values gives what the first one came to. Raises `UnderWay` while that is
        being sent, and `RefusedBefore` where it was refused."""
        assert operation.act_alone is not None
        word = f"{once[:80]} {_digest(given)}"
        call = self.call(operation, given, self.key(operation, word, given) if once else None)
        try:
            stored = await kept(call)
            status, body = (
                (stored.status, stored.body) if stored else await operation.act_alone(call)
            )
        except idempotency.KeyBusy as busy:
            assert call.key is not None
            message_id = await idempotency.message_of(self.services.db, call.key, self.now)
            if message_id is None:
                raise
            raise UnderWay(message_id) from busy
        if status >= 400:
            raise RefusedBefore(msgspec.json.decode(body)["detail"])
        return msgspec.json.decode(body, type=operation.answers[status][1])

    def key(
        self, operation: Operation, once: str, given: Mapping[str, Any]
    ) -> idempotency.Key | None:
        path = f"{operation.method} {operation.path} person {self.who.person_id}"
        body = msgspec.json.encode(given, order="deterministic")
        return idempotency.make_key(self.account.id, path, once[:150], body)


def _digest(given: Mapping[str, Any]) -> str:
    """Somebody who goes back and changes what they had sent sends something else."""
    return hashlib.sha256(msgspec.json.encode(given, order="deterministic")).hexdigest()[:40]


async def _do(call: Call, operation: Operation) -> Any:
    assert operation.act is not None
    async with call.doors.services.db.transaction() as db:
        await claim(db, call)
        done = await acted(call, db, operation, operation.act)
        await keep(db, call, 200, encode(None))
    return done


async def open_visit(request: AnyRequest, right: Right | None, *, confirmed: bool = False) -> Visit:
    """Raises `SignInNeeded`, `NotFoundHere`, `ProviderNeeded`, `RoleMissing`, `ProofNeeded`."""
    doors, token, now = doors_of(request), read_cookie(request, COOKIE), clock.now()
    who = await patiently(sign_ins.signed_in(doors.services.db, token, now)) if token else None
    if who is None:
        raise SignInNeeded
    membership = await _membership(doors, who, request.path_params.get("account"))
    account = await patiently(queries.account(doors.services.db, membership.account_id))
    if account is None:
        raise NotFoundHere
    visit = Visit(
        request, doors, who, membership, account, token, words_in(DOMAIN, who.language), now,
        dict(request.path_params),
    )  # fmt: skip
    if right is not None:
        visit.caller.check(right)
    if who.memberships[0].account_id != membership.account_id:
        await patiently(sign_ins.note_account(doors.services.db, who, membership.account_id))
    if confirmed and not who.is_confirmed(now):
        raise ProofNeeded
    return visit


async def _membership(doors: Doors, who: SignedIn, account_id: object) -> Membership:
    for membership in who.memberships:
        if membership.account_id == account_id and not membership.is_over:
            return membership
    if who.only_account_id is None:
        for provider in await patiently(stored.closed_to(doors.services.db, who.person_id)):
            if provider.account_id == account_id:
                raise ProviderNeeded(provider)
    raise NotFoundHere
