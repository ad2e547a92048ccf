"""Answers that are longer than anybody wants to have in memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

from litestar.types import Receive, Scope, Send

from tearoff.web.paper.html import Answer

AtEnd = Callable[[bool], Awaitable[None]]
"""Told once nothing more is sent: whether all of it was."""


class Stream(Answer, frozen=True, kw_only=True):
    """An answer whose body is made while it is sent. What goes wrong then breaks it off: whoever
    gets it sees that it is not whole. Where nobody reads any more, no more is made."""

    parts: Callable[[], AsyncIterator[bytes]]
    at_end: AtEnd | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status, "headers": self.headers})
        gone, is_whole = asyncio.create_task(_until_gone(receive)), False
        try:
            if scope.get("method") != "HEAD":
                async for part in self.parts():
                    await send({"type": "http.response.body", "body": part, "more_body": True})
                    if gone.done():  # what is sent to nobody goes through
                        return
            is_whole = True
        finally:
            gone.cancel()
            if self.at_end is not None:
                await self.at_end(is_whole)
        # Its end comes last: whoever has a whole file stands where that is noted.
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
