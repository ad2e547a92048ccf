"""Reading what a request sends, up to a limit."""

from __future__ import annotations

import asyncio
from typing import Any

from litestar import Request

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
