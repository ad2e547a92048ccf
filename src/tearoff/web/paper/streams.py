"""Answers that are longer than anybody wants to have in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

from litestar.types import Receive, Scope, Send

from tearoff.web.paper.html import Answer


class Stream(Answer, frozen=True, kw_only=True):
    """An answer whose body is made while it is sent. What goes wrong then breaks it off: whoever
    gets it sees that it is not whole."""

    parts: Callable[[], AsyncIterator[bytes]]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status, "headers": self.headers})
        if scope.get("method") != "HEAD":
            async for part in self.parts():
                await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})
