"""What every v3 call has in common: read, find the caller, act, answer.

An endpoint declares its parameters once; this file reads them and `api/openapi`
describes them. A writing endpoint runs in one transaction, together with its
Idempotency-Key if the caller sent one.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Any

import asyncpg
import msgspec
from litestar import Request, Response
from litestar.response import Stream
from litestar.types import Method

from tearoff.accounts import idempotency
from tearoff.accounts.models import Caller
from tearoff.accounts.rights import Right
from tearoff.api.call import Call, claim, keep, kept
from tearoff.api.deps import authenticate, doors_of, spend
from tearoff.api.v3.body import read_values
from tearoff.api.v3.errors import Failure, failure_body, failure_of
from tearoff.api.v3.reading import Parameter, read_parameters
from tearoff.distribution.send import StaleCaller
from tearoff.errors import TearoffError
from tearoff.kit import clock, metrics
from tearoff.kit.db import Handle

CREDENTIALS = frozenset({"client_id", "client_secret"})


class Told(TearoffError):
    """An error whose answer carries data beside it."""

    def __init__(self, failure: Failure, more: Mapping[str, Any]) -> None:
        super().__init__(failure.problems[0][1])
        self.failure = failure
        self.more = more


Act = Callable[[Call, Handle], Awaitable[Mapping[str, Any]]]
"""Does the work of a call in the transaction it is given; gives the fields of the answer."""

Quick = Callable[[Call], Awaitable[Mapping[str, Any] | None]]
"""Does a call whose change is a single statement, which commits by itself: two round trips
fewer than a transaction. None when this call needs one; nothing is done then."""

Explain = Callable[[Call, Exception], Awaitable[Exception]]
"""Says more of an error, once the transaction that it ended has given its connection back."""

Body = bytes | AsyncIterator[bytes]
"""An answer's body: whole, or streamed once everything it tells of is committed."""

ActAlone = Callable[[Call], Awaitable[tuple[int, Body]]]
"""Does the work with transactions of its own; gives status and body."""

Before = Callable[[Call], Awaitable[None]]
"""Checks what needs the network, before any transaction. Raises what is wrong."""

Replay = Callable[[Call, bytes], Awaitable[Body]]
"""Makes the answer again from what was stored under an Idempotency-Key instead of it."""


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """`right`: what a caller needs."""

    path: str
    right: Right
    summary: str
    parameters: Sequence[Parameter]
    act: Act | None = None
    act_alone: ActAlone | None = None
    quick: Quick | None = None
    explain: Explain | None = None
    replay: Replay | None = None
    before: Before | None = None
    # Names under which some programs send a parameter.
    aliases: Mapping[str, str] = {}
    # Whether `act_alone` itself asks if what memory knows of the caller is still so.
    from_memory: bool = False
    writes: bool = True
    errors: Sequence[int] = ()
    example: Mapping[str, Any] = {}
    # Keys of the example, at any depth, that are there only when they are asked for.
    sometimes: Sequence[str] = ()

    @property
    def methods(self) -> list[Method]:
        return ["POST"] if self.writes else ["GET", "POST"]


async def answer(request: Request[Any, Any, Any], endpoint: Endpoint) -> Response[Any]:
    """Answer one call, whatever it holds."""
    started = time.perf_counter()
    quota: dict[str, str] = {}
    try:
        status, body, headers = await _answer(request, endpoint, quota)
    except Exception as error:
        status, body, headers = _told(error)
    headers |= quota
    metrics.calls.labels(endpoint.path, str(status)).inc()
    metrics.call_seconds.labels(endpoint.path).observe(time.perf_counter() - started)
    if isinstance(body, bytes):
        return Response(body, status_code=status, headers=headers, media_type="application/json")
    return Stream(body, status_code=status, headers=headers, media_type="application/json")


def success_body(fields: Mapping[str, Any]) -> bytes:
    return msgspec.json.encode({"status": {"status": "OK"}, **fields})


def error_body(error: Exception) -> tuple[int, bytes]:
    failure, more = _failure(error)
    return failure.http, failure_body(failure, **more)


def _told(error: Exception) -> tuple[int, Body, dict[str, str]]:
    failure, more = _failure(error)
    headers = {} if failure.after is None else {"Retry-After": str(max(1, round(failure.after)))}
    return failure.http, failure_body(failure, **more), headers


def _failure(error: Exception) -> tuple[Failure, Mapping[str, Any]]:
    if isinstance(error, Told):
        return error.failure, error.more
    return failure_of(error), {}


async def _answer(
    request: Request[Any, Any, Any], endpoint: Endpoint, quota: dict[str, str]
) -> tuple[int, Body, dict[str, str]]:
    doors, values = doors_of(request), await read_values(request)
    now = clock.now()  # a call is of the moment in which all of it was there
    credentials = {} if request.method == "GET" else values
    key_text = request.headers.get("idempotency-key") if endpoint.writes else None
    alone = endpoint.from_memory and key_text is None
    caller = await authenticate(doors, request, credentials, now, from_memory=alone)
    await spend(doors, caller, now, quota)
    try:
        given = _given(caller, endpoint, values)
    except TearoffError:
        if not alone:
            raise
        # What memory let in is asked for once more before it is told anything.
        caller = await authenticate(doors, request, credentials, now)
        given = _given(caller, endpoint, values)
    call = Call(doors, caller, given, now, _key(caller, endpoint, key_text, values))
    stored = await kept(call)
    if stored is not None:
        body: Body = stored.body
        if endpoint.replay is not None and stored.status == 200:
            body = await endpoint.replay(call, stored.body)
        return stored.status, body, {"Idempotent-Replay": "true"}
    try:
        status, body = await _act(call, endpoint)
    except StaleCaller:
        caller = await authenticate(doors, request, credentials, now)
        caller.check(endpoint.right)
        status, body = await _act(msgspec.structs.replace(call, caller=caller), endpoint)
    return status, body, {}


def _given(caller: Caller, endpoint: Endpoint, values: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters, for a caller who may do this."""
    caller.check(endpoint.right)
    return read_parameters(endpoint.parameters, _named(endpoint, values))


def _named(endpoint: Endpoint, values: Mapping[str, Any]) -> Mapping[str, Any]:
    """The values, with those that came under another name."""
    if not endpoint.aliases:
        return values
    others = {name: values.get(other) for name, other in endpoint.aliases.items()}
    return {**values, **{name: other for name, other in others.items() if not values.get(name)}}


def _key(
    caller: Caller, endpoint: Endpoint, text: str | None, values: Mapping[str, Any]
) -> idempotency.Key | None:
    if text is None:
        return None
    body = {name: value for name, value in values.items() if name not in CREDENTIALS}
    canonical = msgspec.json.encode(body, order="deterministic")
    return idempotency.make_key(caller.account.id, endpoint.path, text, canonical)


async def _act(call: Call, endpoint: Endpoint) -> tuple[int, Body]:
    try:
        if endpoint.before is not None:
            await endpoint.before(call)
        if endpoint.act_alone is not None:
            return await endpoint.act_alone(call)
        assert endpoint.act is not None
        if not endpoint.writes:
            return 200, success_body(await endpoint.act(call, call.doors.services.db))
        if endpoint.quick is not None and call.key is None:
            done = await endpoint.quick(call)
            if done is not None:
                return 200, success_body(done)
        return await _act_in_transaction(call, endpoint.act)
    except StaleCaller:
        raise
    except Exception as error:
        if endpoint.explain is None:
            raise
        raise await endpoint.explain(call, error) from None


async def _act_in_transaction(call: Call, act: Act) -> tuple[int, bytes]:
    return 200, await once(call, lambda db: _acted(act, call, db))


async def _acted(act: Act, call: Call, db: Handle) -> bytes:
    return success_body(await act(call, db))


async def once(call: Call, work: Callable[[asyncpg.Connection], Awaitable[bytes]]) -> bytes:
    """Do the work in one transaction, and with it store what it gives under the call's key."""
    async with call.doors.services.db.transaction() as db:
        await claim(db, call)
        body = await work(db)
        await keep(db, call, 200, body)
    return body
