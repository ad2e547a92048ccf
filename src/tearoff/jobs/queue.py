"""`enqueue` and the list of what can be enqueued."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import msgspec
from pgqueuer.queries import Queries

from tearoff.kit.services import Services

Run = Callable[[Services, bytes], Awaitable[None]]


class Job(msgspec.Struct, frozen=True):
    """`at_once` is how many of them one worker process runs at the same time. One that raises
    `TryLater` is begun `again` after so long each, and then given up: only for what may be done
    twice."""

    name: str
    run: Run
    at_once: int = 8
    again: tuple[timedelta, ...] = ()


class Chore(msgspec.Struct, frozen=True):
    """Timed work; `cron` has five fields, in UTC, and a sixth for seconds if need be. One worker of
    all runs it each time."""

    name: str
    cron: str
    run: Callable[[Services, datetime], Awaitable[None]]


async def enqueue(
    db: asyncpg.Connection, name: str, payload: Any, *, after: timedelta | None = None
) -> None:
    """Let a job run once this transaction is committed, `after` a while if given."""
    queries = Queries.from_asyncpg_connection(db)
    await queries.enqueue(name, msgspec.json.encode(payload), execute_after=after)
