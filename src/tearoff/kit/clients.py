"""What every exchange with a client is held to, whatever route it takes.

- Nothing is received from a client or sent to one while a connection of the database is held:
  a slow client would hold it too. A handler that tries is broken, and is told so.
- An answer that is streamed has a time limit: who reads a byte a second is cut off.
- Headers that every answer carries.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import structlog
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from tearoff.kit import logs
from tearoff.kit.db import is_held

STREAM_SECONDS = 300.0
"""So long a streamed answer may take to be read: 20 MB at half a megabit a second."""

_API = ("/v3/", "/v4/", "/callbacks/")

log = structlog.get_logger()


class ClientWhileHolding(RuntimeError):
    """A client is waited for while a connection of the database is held."""


class Clients:
    """An ASGI app around another one."""

    def __init__(self, app: ASGIApp, *, https: bool) -> None:
        self._app = app
        # The web server names itself where nobody else does.
        self._every = {b"x-content-type-options": b"nosniff", b"server": b""}
        if https:
            self._every[b"strict-transport-security"] = b"max-age=31536000"
        self._api = self._every | {b"cache-control": b"no-store"}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        headers = self._api if scope["path"].startswith(_API) else self._every
        streamed_until: float | None = None
        is_cut = False

        async def guarded_receive() -> Any:
            if is_held():
                raise ClientWhileHolding(logs.route_of(scope))
            return await receive()

        async def guarded_send(message: Message) -> None:
            nonlocal streamed_until, is_cut
            if is_held():
                raise ClientWhileHolding(logs.route_of(scope))
            if message["type"] == "http.response.start":
                _add_headers(message, headers)
            if not message.get("more_body"):
                await send(message)
                return
            if streamed_until is None:
                streamed_until = asyncio.get_running_loop().time() + STREAM_SECONDS
            try:
                async with asyncio.timeout_at(streamed_until):
                    await send(message)
            except TimeoutError:
                is_cut = True
                raise

        try:
            await self._app(scope, guarded_receive, guarded_send)
        except Exception:
            if not is_cut:
                raise
            # Left without its end, the answer is seen to be broken off.
            log.warning("answer.cut", route=logs.route_of(scope))


def _add_headers(message: Any, headers: Mapping[bytes, bytes]) -> None:
    """Those that the answer does not have by itself. Names are in small letters, as ASGI asks."""
    given = message.get("headers", ())
    names = {name for name, _ in given}
    message["headers"] = [*given, *[item for item in headers.items() if item[0] not in names]]
