"""What every v4 call has in common: read, find the caller, act, answer."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from litestar import Request, Response
from litestar.types import Method

from tearoff.accounts import audit, idempotency
from tearoff.accounts.models import Caller
from tearoff.accounts.rights import Right
from tearoff.api.call import Call, claim, keep, kept
from tearoff.api.deps import Doors, authenticate, doors_of, spend
from tearoff.api.v3.body import MAX_BODY, Unreadable, read_object, read_query
from tearoff.api.v3.reading import Parameter
from tearoff.api.v4.fields import BadFields, Field, FieldProblem, read_fields
from tearoff.api.v4.problems import MEDIA_TYPE, problem_of
from tearoff.distribution.send import StaleCaller
from tearoff.errors import NotFound, TearoffError
from tearoff.kit import clock, metrics
from tearoff.kit.bodies import drop, read_body, read_parts
from tearoff.kit.db import Handle
from tearoff.kit.proxies import client_address, host_of
from tearoff.kit.spool import Upload, spool


class Answered(msgspec.Struct, frozen=True):
    """An answer with another status than the operation's first."""

    status: int
    body: Any = None


Act = Callable[[Call, Handle], Awaitable[Any]]
"""Does the work of a call in the transaction it is given; gives a struct, an `Answered`, or
None for an answer without a body."""

ActAlone = Callable[[Call], Awaitable[tuple[int, bytes]]]
"""Does the work with transactions of its own."""

ActOnUpload = Callable[[Call, Upload], Awaitable[tuple[int, bytes]]]
"""Does the work on a file that has arrived, with transactions of its own."""

Before = Callable[[Call], Awaitable[None]]
"""Checks what needs the network, before any transaction; of an upload, what can be refused
before it is received."""

Explain = Callable[[Call, Exception], Awaitable[Exception]]
"""Says more of an error, once its transaction is over."""


class File(msgspec.Struct, frozen=True):
    """What is uploaded: its name in errors, its type, the most bytes it may have, and how one
    looks that is a text."""

    field: str
    media_type: str
    most: int
    example: str = ""


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """`right`: what a caller needs. `answers`: what each status of success means and carries.
    `example` goes with the first of them. `errors`: v3's numbers. `look`: shows what is changed,
    for the audit log, which calls the change by its `verb`; a change of what is `personal` is
    noted without what it was, but for the values that are `noted`."""

    method: Method
    path: str
    tag: str
    right: Right
    summary: str
    answers: Mapping[int, tuple[str, Any]]
    example: Any = None
    path_fields: Sequence[Parameter] = ()
    query: Sequence[Parameter] = ()
    body: Sequence[Parameter] = ()
    errors: Sequence[int] = ()
    act: Act | None = None
    act_alone: ActAlone | None = None
    act_on_upload: ActOnUpload | None = None
    takes: File | None = None
    before: Before | None = None
    explain: Explain | None = None
    verb: str = ""
    look: Act | None = None
    personal: bool = False
    noted: Sequence[str] = ()

    @property
    def writes(self) -> bool:
        return self.method != "GET"

    @property
    def changes(self) -> bool:
        """Whether it changes something: what only computes has no verb."""
        return bool(self.verb)

    @property
    def status(self) -> int:
        first: int = next(iter(self.answers))
        return first


def find(operations: Sequence[Operation], name: str) -> Operation:
    """One of these by its method and path, such as `GET /v4/campaigns/{id}`."""
    return next(one for one in operations if f"{one.method} {one.path}" == name)


class _Reply(msgspec.Struct, frozen=True):
    status: int
    body: bytes
    headers: dict[str, str] = {}


def encode(body: Any) -> bytes:
    return b"" if body is None else msgspec.json.encode(body)


async def answer(request: Request[Any, Any, Any], operation: Operation) -> Response[bytes]:
    """Answer one call, whatever it holds."""
    started = time.perf_counter()
    quota: dict[str, str] = {}
    try:
        reply = await _answer(request, operation, quota)
    except Exception as error:
        reply = told(error)
    name = f"{operation.method} {operation.path}"
    metrics.calls.labels(name, str(reply.status)).inc()
    metrics.call_seconds.labels(name).observe(time.perf_counter() - started)
    return Response(
        reply.body,
        status_code=reply.status,
        headers=reply.headers | quota,
        media_type="application/json" if reply.status < 400 else MEDIA_TYPE,
    )


def told(error: BaseException) -> _Reply:
    """An error as it is answered."""
    problem, after = problem_of(error)
    headers = {} if after is None else {"Retry-After": str(max(1, round(after)))}
    return _Reply(problem.status, msgspec.json.encode(problem), headers)


async def _answer(
    request: Request[Any, Any, Any], operation: Operation, quota: dict[str, str]
) -> _Reply:
    doors = doors_of(request)
    raw = await _raw(request) if operation.writes and operation.takes is None else b""
    now = clock.now()  # a call is of the moment in which all of it was there
    caller = await authenticate(doors, request, {}, now)
    await spend(doors, caller, now, quota)
    caller.check(operation.right)
    if operation.changes:
        trusted = doors.services.settings.trusted_proxies
        address = host_of(client_address(request.scope, trusted))
        caller = msgspec.structs.replace(caller, address=address)
    given = _given(request, operation, raw)
    if operation.takes is not None:
        return await _act_on_upload(Call(doors, caller, given, now), operation, request)
    call = Call(doors, caller, given, now, _key(caller, request, operation, raw))
    stored = await kept(call)
    if stored is not None:
        return _Reply(stored.status, stored.body, {"Idempotent-Replay": "true"})
    try:
        return await _act(call, operation)
    except StaleCaller:
        again = await _again(call, request, doors, now)
        again.caller.check(operation.right)
        return await _act(again, operation)


async def _again(call: Call, request: Request[Any, Any, Any], doors: Doors, now: datetime) -> Call:
    caller = await authenticate(doors, request, {}, now)
    return msgspec.structs.replace(call, caller=caller)


async def _act_on_upload(
    call: Call, operation: Operation, request: Request[Any, Any, Any]
) -> _Reply:
    assert operation.takes is not None
    assert operation.act_on_upload is not None
    file = operation.takes
    try:
        if operation.before is not None:
            await operation.before(call)
    except TearoffError:
        await drop(read_parts(request))
        raise
    async with spool(request, most=file.most, owner=call.account.id, field=file.field) as upload:
        status, body = await operation.act_on_upload(call, upload)
    return _Reply(status, body)


async def _raw(request: Request[Any, Any, Any]) -> bytes:
    body = await read_body(request, MAX_BODY)
    if body is None:
        raise Unreadable(f"The body is larger than {MAX_BODY} bytes.")
    return body


def _given(request: Request[Any, Any, Any], operation: Operation, raw: bytes) -> dict[str, Any]:
    """All values by name: those of the path, of the query string and of the body. Problems of
    all of them are told together."""
    values: dict[str, Any] = {}
    problems: list[FieldProblem] = []
    given: tuple[tuple[Sequence[Parameter], Callable[[], Mapping[str, Any]]], ...] = (
        (operation.path_fields, lambda: request.path_params),
        (operation.query, lambda: read_query(request.scope["query_string"])),
        (operation.body, lambda: _json(raw)),
    )
    for fields, read in given:
        try:
            values |= read_fields(fields, read())
        except BadFields as bad:
            problems += bad.problems
    if problems:
        raise BadFields(problems)
    return values


def _json(raw: bytes) -> dict[str, Any]:
    if not raw.strip():
        return {}
    return read_object(raw)


def _key(
    caller: Caller, request: Request[Any, Any, Any], operation: Operation, raw: bytes
) -> idempotency.Key | None:
    text = request.headers.get("idempotency-key") if operation.writes else None
    if text is None:
        return None
    canonical = msgspec.json.encode(_json(raw), order="deterministic")
    path = f"{operation.method} {request.scope['path']}"
    return idempotency.make_key(caller.account.id, path, text, canonical)


async def _act(call: Call, operation: Operation) -> _Reply:
    try:
        if operation.before is not None:
            await operation.before(call)
        if operation.act_alone is not None:
            status, body = await operation.act_alone(call)
            return _Reply(status, body)
        assert operation.act is not None
        if not operation.changes:
            return _reply(operation, await operation.act(call, call.doors.services.db))
        return await _act_once(call, operation, operation.act)
    except StaleCaller:
        raise
    except Exception as error:
        if operation.explain is None:
            raise
        raise await operation.explain(call, error) from None


def _reply(operation: Operation, done: Any) -> _Reply:
    if isinstance(done, Answered):
        return _Reply(done.status, encode(done.body))
    return _Reply(operation.status, encode(done))


async def _act_once(call: Call, operation: Operation, act: Act) -> _Reply:
    """In one transaction, and with it the answer under the call's key."""
    async with call.doors.services.db.transaction() as db:
        await claim(db, call)
        reply = _reply(operation, await acted(call, db, operation, act))
        await keep(db, call, reply.status, reply.body)
    return reply


async def acted(call: Call, db: Handle, operation: Operation, act: Act) -> Any:
    """What was done, with its row in the audit log."""
    before = await _look(call, db, operation)
    done = await act(call, db)
    shown = done.body if isinstance(done, Answered) else done
    after = await _look(call, db, operation) if shown is None else shown
    secrets = [f.name for f in operation.body if isinstance(f, Field) and f.secret]
    await call.note(
        db,
        operation.verb,
        subject=_subject(operation, call.given, shown) or str(call.account.id),
        before=before,
        after=_noted(operation, call.given, after) if operation.personal else after,
        secrets=[name for name in secrets if call.given.get(name)],
    )
    return done


def _noted(operation: Operation, given: Mapping[str, Any], after: Any) -> dict[str, Any]:
    """Of what is shown, where something is looked at; else of what was given, and that a secret was
    made."""
    if operation.look is not None and after is not None:
        return {name: getattr(after, name) for name in operation.noted}
    made = {name: getattr(after, name, None) for name in operation.noted if name in audit.SECRETS}
    return {name: value for name in operation.noted if (value := given.get(name) or made.get(name))}


async def _look(call: Call, db: Handle, operation: Operation) -> Any:
    if operation.look is None:
        return None
    try:
        found = await operation.look(call, db)
    except NotFound:
        return None
    return _noted(operation, call.given, found) if operation.personal else found


def _subject(operation: Operation, given: Mapping[str, Any], shown: Any) -> str:
    """The ids in the path, else that of what was made."""
    named = [given[field.name] for field in operation.path_fields]
    if not named:
        names = [n for n in ("id", "client_id", "code", "address") if hasattr(shown, n)]
        named = [getattr(shown, name) for name in names if name != "address" or len(names) == 1]
        named = named or [given[name] for name in ("channel",) if name in given]
    return "/".join(audit.short(str(name)) for name in named[:2])
