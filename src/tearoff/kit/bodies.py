"""Reading what a request sends, up to a limit and within a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from litestar import Request

from tearoff.errors import Invalid

BODY_SECONDS = 30.0
"""So long a body may take to arrive: 1 MB over the slowest mobile network."""

# A body that is too large is still read this far: an answer that comes while the other side is
# sending is lost with the connection, and nobody learns what was wrong.
_DROPPED_BYTES = 20_000_000
_DROPPED_SECONDS = 5


class Gone(Invalid):
    """The sender of a body has gone before its end."""


class TooSlow(Invalid):
    """The body did not arrive in time."""


async def read_body(
    request: Request[Any, Any, Any], limit: int, *, seconds: float | None = None
) -> bytes | None:
    """The body; None when it is larger than `limit` bytes, or its sender has gone. Raises
    `TooSlow`."""
    pieces, size = [], 0
    parts = read_parts(request, seconds=seconds)
    try:
        async for part in parts:
            size += len(part)
            if size > limit:
                await drop(parts)
                return None
            pieces.append(part)
    except Gone:
        return None
    return b"".join(pieces)


async def read_parts(
    request: Request[Any, Any, Any], *, seconds: float | None = None
) -> AsyncIterator[bytes]:
    """The body as it arrives. Raises `Gone` when its sender has gone before the end, and
    `TooSlow` when it takes more than `seconds`, or nothing of it comes for `BODY_SECONDS`."""
    clock = asyncio.get_running_loop().time
    give_up = clock() + (BODY_SECONDS if seconds is None else seconds)
    more = True
    while more:
        try:
            async with asyncio.timeout_at(min(give_up, clock() + BODY_SECONDS)):
                event = await request.receive()
        except TimeoutError:
            raise TooSlow from None
        if event["type"] != "http.request":
            raise Gone
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
    except (TimeoutError, Gone, TooSlow):
        return
