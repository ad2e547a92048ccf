"""Where services report back: `/callbacks/{kind}/{token}`.

Verify, store what came, without the token, take in what people wrote, answer; a job reads
receipts. The token is 128 random bits of the connection; where the service signs, the signature is
checked too.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import structlog
from litestar import Request, Response, route
from litestar.params import FromPath

from tearoff.api.deps import doors_of
from tearoff.kit import clock, doorbook, metrics
from tearoff.kit.bodies import read_body
from tearoff.kit.db import DatabaseAway
from tearoff.kit.doorbook import Event
from tearoff.kit.turns import Turns
from tearoff.messages import arrivals, callbacks
from tearoff.messages.arrivals import Arrival
from tearoff.providers.base import Callback, Provider

MAX_BODY = 200_000
REPLIES_AT_ONCE = 200
"""Of one callback that are taken in before it is answered; more are left to the worker."""

log = structlog.get_logger()


@route("/callbacks/{kind:str}/{token:str}", http_method=["GET", "POST"], status_code=200)
async def callback(
    request: Request[Any, Any, Any], kind: FromPath[str], token: FromPath[str]
) -> Response[bytes]:
    headers: dict[str, str] = {}
    try:
        status = await _take(request, kind, token)
    except DatabaseAway:
        status, headers = 503, {"Retry-After": "2"}  # the service repeats it
    return Response(b"", status_code=status, media_type="text/plain", headers=headers)


async def _take(request: Request[Any, Any, Any], kind: str, token: str) -> int:
    doors = doors_of(request)
    db = doors.services.db
    if not (token.isascii() and token.isprintable() and kind.isalnum()):
        return 404
    connection = await callbacks.connection_of_token(db, kind, token)
    if connection is None:
        return 404
    body = await read_body(request, MAX_BODY)
    if body is None:
        return 413
    told = Callback(request.method, _public_url(request), dict(request.headers), body)
    provider = doors.links.provider(connection)
    if not provider.is_genuine(told):
        metrics.arrivals.labels("unsigned").inc()
        doorbook.note(Event.CALLBACK_NOT_GENUINE, kind=kind, connection=connection.id)
        return 403
    item = _arrival(provider, token, told)
    async with _turn(connection.id, item), db.transaction() as transaction:
        await arrivals.store(transaction, connection, "callback", [item], clock.now())
    return 200


_turns: Turns[int] = Turns()


@contextlib.asynccontextmanager
async def _turn(connection_id: int, item: Arrival) -> AsyncIterator[None]:
    """Replies of one service stand in line within this process, before a connection of the
    database is taken: they would wait for each other there, and sends for them."""
    if not item.replies:
        yield
        return
    async with _turns.take(connection_id):
        yield


def _arrival(provider: Provider, token: str, told: Callback) -> Arrival:
    kept = _without(token, told)
    key, raw = _key(told), msgspec.json.encode(kept)
    try:
        texts = provider.read_replies(kept)
        if len(texts) > REPLIES_AT_ONCE:
            return Arrival(key, raw)
        return Arrival(key, raw, texts, has_more=not texts or bool(provider.read_receipts(kept)))
    except Exception:  # what cannot be read must be kept all the same
        log.exception("callback.unread", kind=provider.kind)
        return Arrival(key, raw)


def _public_url(request: Request[Any, Any, Any]) -> str:
    """The address as the service knows it, whatever proxies stand between."""
    public = doors_of(request).services.settings.link_host
    raw_path = request.scope.get("raw_path") or request.scope["path"].encode()
    path = raw_path.decode("latin-1").partition("?")[0]
    query = request.scope["query_string"].decode("latin-1")
    return f"{public}{path}" + (f"?{query}" if query else "")


def _without(token: str, told: Callback) -> Callback:
    """Whoever sees what is stored must not be able to report in the service's name."""
    path, mark, query = told.url.partition("?")
    path = path.rpartition("/")[0] + "/-"  # however the token was written there
    return Callback(
        told.method,
        path + mark + query.replace(token, "-"),
        {name: value.replace(token, "-") for name, value in told.headers.items()},
        told.body.replace(token.encode(), b"-"),
    )


def _key(told: Callback) -> str:
    """The same for a repeated callback: services repeat the request as it was."""
    return hashlib.sha256(told.url.encode() + b"\0" + told.body).hexdigest()
