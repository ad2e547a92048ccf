"""The open connections to services of one process.

One adapter for each connection, opened at its first send and closed when its settings
change or the process ends. Adapters that keep a standing link (SMPP) are used through
`binds`, which keeps the number of links within what the service allows.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, Protocol, cast

from tearoff.kit.services import Services
from tearoff.messages import callbacks, connections
from tearoff.messages.models import Connection
from tearoff.providers import registry
from tearoff.providers.base import (
    MAIL_WORDS,
    PLAIN_WORDS,
    Accepted,
    BadSettings,
    Outcome,
    Outgoing,
    Provider,
    Reason,
    Receipt,
    Reporting,
    Surroundings,
    refused,
)


class Standing(Protocol):
    """Who sends over standing links (`binds.Binds`)."""

    async def send(self, connection: Connection, message: Outgoing) -> Outcome: ...


class Reports(Protocol):
    """Who takes in what a provider of ours says of its own messages (`self_reports`)."""

    def expect(self, connection: Connection, after: float, receipt: Receipt) -> None: ...


class Links:
    def __init__(self, services: Services) -> None:
        self._services = services
        self._open: dict[int, tuple[bytes, Provider]] = {}
        self._addresses: dict[int, str] = {}
        self._closing: set[asyncio.Task[None]] = set()
        self.binds: Standing | None = None
        self.reports: Reports | None = None

    async def send(self, connection: Connection, message: Outgoing) -> Outcome:
        if self.binds is not None and registry.keeps_link(connection.kind):
            return await self.binds.send(connection, message)
        try:
            provider = self.provider(connection)
        except BadSettings as error:  # such as a file that was there when it was set up
            words = MAIL_WORDS if connection.channel == "email" else PLAIN_WORDS
            return refused(Reason.PROVIDER_DOWN, detail=f"Settings: {error}", words=words)
        answer = await provider.send(message)
        if self.reports is not None and isinstance(answer, Accepted) and _reports(provider):
            told = cast(Reporting, provider).report(message)
            if told is not None:
                self.reports.expect(connection, *told)
        return answer

    def provider(self, connection: Connection) -> Provider:
        """The adapter of a connection, opened or remembered while its settings are the same."""
        known = self._open.get(connection.id)
        if known is not None and known[0] == connection.settings_sealed:
            return known[1]
        self.drop(connection.id)
        provider = self._open_provider(connection)
        self._open[connection.id] = (connection.settings_sealed, provider)
        return provider

    def callback_address(self, connection: Connection) -> str:
        """Where its service reports back, opened once and remembered: it never changes. Empty
        without a public address."""
        known = self._addresses.get(connection.id)
        if known is None:
            services = self._services
            known = callbacks.address_of(services.vault, services.settings.public_url, connection)
            self._addresses[connection.id] = known
        return known

    def drop(self, connection_id: int) -> None:
        """Close the adapter of a connection, if there is one."""
        known = self._open.pop(connection_id, None)
        if known is not None:
            self._later(known[1].close())

    async def close(self) -> None:
        opened, self._open = self._open, {}
        await asyncio.gather(*(provider.close() for _, provider in opened.values()))
        await asyncio.gather(*self._closing)

    def _open_provider(self, connection: Connection) -> Provider:
        settings = connections.open_settings(self._services.vault, connection)
        return registry.open_provider(connection.kind, settings, surroundings_of(self._services))

    def _later(self, closing: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(closing)
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)


def _reports(provider: Provider) -> bool:
    return hasattr(provider, "report")


def surroundings_of(services: Services) -> Surroundings:
    settings = services.settings
    return Surroundings(
        data_dir=str(settings.data),
        allowed_hosts=settings.allowed_hosts,
        allow_loopback=settings.allow_loopback,
    )
