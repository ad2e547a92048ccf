"""The open connections to services of one process.

One adapter for each connection, opened at its first send and closed when its settings
change or the process ends. Adapters that keep a standing link (SMPP) are handed to `binds`,
which keeps the number of links within what the service allows.
"""

from __future__ import annotations

import asyncio

from tearoff.kit.services import Services
from tearoff.messages import connections
from tearoff.messages.models import Connection
from tearoff.providers import registry
from tearoff.providers.base import Provider, Surroundings


class Links:
    def __init__(self, services: Services) -> None:
        self._services = services
        self._open: dict[int, tuple[int, Provider]] = {}

    def provider(self, connection: Connection) -> Provider:
        """The adapter of a connection, opened or remembered."""
        known = self._open.get(connection.id)
        if known is not None and known[0] == connection.version:
            return known[1]
        if known is not None:
            _later(known[1].close())
        provider = self._open_provider(connection)
        self._open[connection.id] = (connection.version, provider)
        return provider

    def _open_provider(self, connection: Connection) -> Provider:
        settings = connections.open_settings(self._services.vault, connection)
        return registry.open_provider(connection.kind, settings, surroundings_of(self._services))

    async def close(self) -> None:
        opened, self._open = self._open, {}
        await asyncio.gather(*(provider.close() for _, provider in opened.values()))


def surroundings_of(services: Services) -> Surroundings:
    settings = services.settings
    return Surroundings(
        data_dir=str(settings.data),
        allowed_hosts=settings.allowed_hosts,
        allow_loopback=settings.allow_loopback,
    )


_closing: set[asyncio.Task[None]] = set()


def _later(closing) -> None:  # type: ignore[no-untyped-def]
    task = asyncio.ensure_future(closing)
    _closing.add(task)
    task.add_done_callback(_closing.discard)
