"""Servers inside a test's own process, which other processes connect to."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from asyncio.trsock import TransportSocket
from collections.abc import AsyncIterator, Iterable

from aiohttp import web


@contextlib.asynccontextmanager
async def listening(
    runner: web.BaseRunner, tls: ssl.SSLContext | None = None, port: int = 0
) -> AsyncIterator[int]:
    """The server of this runner on 127.0.0.1, at the port that is given (0: any that is free)."""
    await runner.setup()
    listener = socket.create_server(("127.0.0.1", port), backlog=1024)
    await web.SockSite(runner, listener, ssl_context=tls).start()
    try:
        yield listener.getsockname()[1]
    finally:
        await let_nobody_in([listener])
        await runner.cleanup()


async def let_nobody_in(listeners: Iterable[socket.socket | TransportSocket]) -> None:
    """Before a server is closed: who was let in already becomes a connection of it, which its end
    closes. asyncio takes some rounds for that, and forgets the socket of whoever is let in while
    the server closes (cpython issue 109564)."""
    loop = asyncio.get_running_loop()
    for listener in listeners:
        loop.remove_reader(listener.fileno())
    for _ in range(5):
        await asyncio.sleep(0)
