"""Reading what a request sends, up to a limit."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from litestar import Request

from tearoff.errors import Invalid

# A body that is too large is still read this far: an answer that comes while the other side is
# sending is lost with the connection, and nobody learns what was wrong.
_DROPPED_BYTES = 20_000_000
_DROPPED_SECONDS = 5


async def read_body(request: Request[Any, Any, Any], limit: int) -> bytes | None:
    """The body; None when it is larger than `limit` bytes, or its sender has gone."""
    pieces, size, more = [], 0, True
    while more:
        event = await request.receive()
        if event["type"] != "http.request":
            return None
        pieces.append(event["body"])
        size += len(event["body"])
        more = event.get("more_body", False)
        if size > limit:
            await _drop_rest(request, more)
            return None
    return b"".join(pieces)


async def read_parts(request: Request[Any, Any, Any]) -> AsyncIterator[bytes]:
    """The body as it arrives. Raises `Gone` when its sender has gone before the end."""
    more = True
    while more:
        event = await request.receive()
        if event["type"] != "http.request":
            raise Gone("The connection was closed before the end of the body.")
        yield event["body"]
        more = event.get("more_body", False)


async def drop(parts: AsyncIterator[bytes]) -> None:
    """Read what is left of a body that is refused, so that the answer is heard."""
    size = 0
    try:
        async with asyncio.timeout(_DROPPED_SECONDS):
            async for part in parts:
                size += len(part)
                if size > _DROPPED_BYTES:
                    return
    except (TimeoutError, Gone):
        return


class Gone(Invalid):
    """The sender of a body has gone before its end."""


async def _drop_rest(request: Request[Any, Any, Any], more: bool) -> None:
    size = 0
    try:
        async with asyncio.timeout(_DROPPED_SECONDS):
            while more and size < _DROPPED_BYTES:
                event = await request.receive()
                if event["type"] != "http.request":
                    return
                size += len(event["body"])
                more = event.get("more_body", False)
    except TimeoutError:
        return
