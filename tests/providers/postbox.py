"""Where the stand-in reports back to in tests: keeps every request as our door would."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from aiohttp import web

from tearoff.providers.base import Callback, Outgoing, Provider
from tests.listening import listening
from tests.providers.standin import StandIn


class Postbox:
    def __init__(self) -> None:
        self.url = ""
        self.kept: list[Callback] = []

    async def _keep(self, request: web.BaseRequest) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        url = f"{self.url}{request.path_qs}"
        self.kept.append(Callback(request.method, url, headers, await request.read()))
        return web.Response()

    async def reported(
        self, standin: StandIn, provider: Provider, message: Outgoing, kind: str
    ) -> list[Callback]:
        """Send, then everything that the stand-in reported about it."""
        self.kept.clear()
        url = f"{self.url}/callbacks/{kind}/sometoken?m={message.id}"
        await provider.send(
            Outgoing(message.id, message.to, message.text, message.encoding, callback_url=url)
        )
        await asyncio.sleep(0)
        await standin.settle()
        return list(self.kept)


@contextlib.asynccontextmanager
async def open_postbox() -> AsyncIterator[Postbox]:
    postbox = Postbox()
    runner = web.ServerRunner(web.Server(postbox._keep), shutdown_timeout=1)
    async with listening(runner) as port:
        postbox.url = f"http://127.0.0.1:{port}"
        yield postbox
