"""The database handle. It is called `db` everywhere, because *session* is the product's word.

Actions take a `Connection` and never commit; whoever opens the transaction (a door, a job)
commits. Statements that stand alone run on the pool itself.

Nobody waits for a database that stands still. Three limits end every wait: for a place in the pool,
for a connection, and for a statement; whoever has less time puts `asyncio.timeout` around it. None
of them waits longer than `GRACE` for the statement that is given up.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from contextvars import ContextVar
from types import TracebackType
from typing import Any, Protocol

import asyncpg

from tearoff.errors import TryLater

PLACE_WITHIN = 10.0
"""Seconds that somebody waits for a free place in the pool."""
CONNECT_WITHIN = 5.0
STATEMENT_WITHIN = 60.0
"""Seconds that the server has for a statement where no caller waits."""
GRACE = 1.0
"""Seconds in which the server must confirm that a statement was given up, so that its connection
can go on being used. One that stands still confirms nothing: the connection is thrown away."""


class DatabaseAway(TryLater):
    """The database cannot be reached just now."""


class DatabaseBusy(DatabaseAway):
    """Others were changing the same at this moment. Nothing was done; try again."""


class Handle(Protocol):
    """What a query needs: a pool or a connection, in or out of a transaction.

    A pool's `transaction` gives the connection on which it runs; a connection's gives None, for it
    is the connection itself, and inside another transaction it is a savepoint."""

    async def fetch(self, query: str, *args: Any) -> list[asyncpg.Record]: ...
    async def fetchrow(self, query: str, *args: Any) -> asyncpg.Record | None: ...
    async def fetchval(self, query: str, *args: Any) -> Any: ...
    async def execute(self, query: str, *args: Any) -> str: ...
    def transaction(self) -> AbstractAsyncContextManager[Handle | None]: ...


AWAY: tuple[type[BaseException], ...] = (
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # a statement that met the server's good-bye on its way
    OSError,
    TimeoutError,
)
"""What asyncpg raises when the server went away, restarts, or has no room."""


NOT_NOW: tuple[type[BaseException], ...] = (DatabaseAway, *AWAY)
"""The same, in our words too: what was to be done is taken up again later."""


BUSY: tuple[type[asyncpg.PostgresError], ...] = (
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    asyncpg.LockNotAvailableError,
)
"""What ends a transaction that met others, and would not have ended it a moment later. A net:
whoever locks several rows locks them in an order that all keep."""


_held: ContextVar[int] = ContextVar("connections held", default=0)


def is_held() -> bool:
    """Does this task hold a connection just now, and with it perhaps a transaction and locks?
    Whoever does must not wait for anybody outside."""
    return _held.get() > 0


async def lock_name(db: Handle, name: str) -> None:
    """Wait until nobody else holds this name, and hold it until the transaction ends."""
    await db.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", name)


async def by_key(db: Handle) -> None:
    """Until the transaction ends, find rows by an index. For many at once: a plan that this
    connection made when the table was short would go on reading all of it for each of them, so
    those are made anew."""
    await db.execute("SET LOCAL enable_seqscan = off; DISCARD PLANS")


class Database:
    """A pool of connections. Also a `Handle`: single statements run and commit by themselves."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    @classmethod
    async def open(
        cls,
        url: str,
        *,
        size: int = 16,
        patience: float = 10,
        statement_within: float = STATEMENT_WITHIN,
    ) -> Database:
        """Connect; waits up to `patience` seconds for a server that is still starting."""
        give_up = asyncio.get_running_loop().time() + patience
        while True:
            try:
                return cls(await _create_pool(url, size, statement_within))
            except AWAY as error:
                if asyncio.get_running_loop().time() > give_up:
                    raise DatabaseAway(f"The database cannot be reached: {error}") from error
                await asyncio.sleep(0.2)

    async def close(self) -> None:
        try:
            await asyncio.wait_for(self._pool.close(), 5)
        except AWAY:
            self._pool.terminate()

    @contextlib.asynccontextmanager
    async def connection(self) -> AsyncIterator[asyncpg.Connection]:
        with _away_is_try_later():
            async with _Place(self._pool) as connection:
                _held.set(_held.get() + 1)
                try:
                    yield connection
                finally:
                    _held.set(_held.get() - 1)

    @contextlib.asynccontextmanager
    async def transaction(self) -> AsyncIterator[asyncpg.Connection]:
        """A transaction that commits when the block ends and rolls back when it raises."""
        async with self.connection() as connection, connection.transaction():
            yield connection

    async def fetch(self, query: str, *args: Any) -> list[asyncpg.Record]:
        with _away_is_try_later():
            async with _Place(self._pool) as connection:
                rows: list[asyncpg.Record] = await connection.fetch(query, *args)
                return rows

    async def fetchrow(self, query: str, *args: Any) -> asyncpg.Record | None:
        with _away_is_try_later():
            async with _Place(self._pool) as connection:
                return await connection.fetchrow(query, *args)

    async def fetchval(self, query: str, *args: Any) -> Any:
        with _away_is_try_later():
            async with _Place(self._pool) as connection:
                return await connection.fetchval(query, *args)

    async def execute(self, query: str, *args: Any) -> str:
        with _away_is_try_later():
            async with _Place(self._pool) as connection:
                done: str = await connection.execute(query, *args)
                return done


class _Place:
    """A connection of the pool for as long as a block lasts."""

    __slots__ = ("_connection", "_pool")

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def __aenter__(self) -> asyncpg.Connection:
        async with asyncio.timeout(PLACE_WITHIN):
            self._connection = await self._pool.acquire()
        return self._connection

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._pool.release(self._connection)


@contextlib.contextmanager
def _away_is_try_later() -> Any:
    try:
        yield
    except BUSY as error:
        raise DatabaseBusy(after=1) from error
    except AWAY as error:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            # Rolling back on a connection that was thrown away must not hide why it was.
            raise asyncio.CancelledError from error
        told = str(error) or "it does not answer"
        raise DatabaseAway(f"The database is away: {told}", after=2) from error


async def connect(url: str, *, statement_within: float = STATEMENT_WITHIN) -> asyncpg.Connection:
    """A connection of one's own, for what stays on it: LISTEN, a session's locks."""
    return await asyncpg.connect(
        url,
        connection_class=_Connection,
        timeout=CONNECT_WITHIN,
        command_timeout=statement_within,
    )


class _Connection(asyncpg.Connection):  # type: ignore[misc]  # asyncpg has no types
    """asyncpg asks the server to cancel what was given up, and whatever comes next on the
    connection (a rollback, giving it back) waits for the confirmation; it would wait for a
    minute."""

    __slots__ = ()

    async def _cancel(self, asked: asyncio.Future[None], confirmed: asyncio.Future[None]) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(GRACE):
                await super()._cancel(asked, confirmed)
        if not confirmed.done():
            self.terminate()


async def _create_pool(url: str, size: int, statement_within: float) -> asyncpg.Pool:
    # Nothing here leaves state on a connection (LISTEN and session locks have connections of
    # their own), so the round trip that resets a connection before it is used again is spared.
    return await asyncpg.create_pool(
        url,
        min_size=0,  # keeping a floor would fill the log while the server is away
        max_size=size,
        reset=_keep,
        max_inactive_connection_lifetime=60,
        timeout=CONNECT_WITHIN,
        command_timeout=statement_within,
        connection_class=_Connection,
        server_settings={
            "application_name": "tearoff",
            "timezone": "UTC",
            # A net below the rule that nothing is waited for inside a transaction.
            "idle_in_transaction_session_timeout": "60s",
            # Our statements name their rows by key: one plan fits all, and planning the large ones
            # anew costs more than running them.
            "plan_cache_mode": "force_generic_plan",
        },
    )


async def _keep(connection: asyncpg.Connection) -> None:
    return None
