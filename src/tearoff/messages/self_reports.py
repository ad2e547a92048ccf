"""Receipts of a provider that has nobody behind it (`log` in the demo): they arrive as those of a
real service do, so that what becomes of a message can be watched."""

from __future__ import annotations

import asyncio

import structlog

from tearoff.kit import clock
from tearoff.kit.db import NOT_NOW
from tearoff.kit.services import Services
from tearoff.messages import arrivals
from tearoff.messages.models import Connection
from tearoff.providers.base import Arrived, Receipt

log = structlog.get_logger()


class SelfReports:
    """Those that one process waits for. One that is lost with it is lost, as with real services."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._tasks: set[asyncio.Task[None]] = set()

    def expect(self, connection: Connection, after: float, receipt: Receipt) -> None:
        task = asyncio.create_task(self._take(connection, after, receipt))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def close(self) -> None:
        for task in self._tasks:
            task.cancel()

    async def _take(self, connection: Connection, after: float, receipt: Receipt) -> None:
        await asyncio.sleep(after)
        key = f"self {receipt.message_id} {receipt.state}"
        arrival = arrivals.of_link(Arrived(key, "", receipt))
        try:
            async with self._services.db.transaction() as db:
                await arrivals.store(db, connection, "link", [arrival], clock.now())
        except NOT_NOW as error:
            log.warning("self_reports.lost", message=receipt.message_id, error=str(error))
