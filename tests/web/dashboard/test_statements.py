"""Every screen costs the same number of statements, however many rows there are: generated from the
list of screens, so that a new one is counted too."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tearoff.app import create_app
from tearoff.web.dashboard.routes import SCREENS
from tests.logs import reset_logs
from tests.web.dashboard.conftest import COOKIE, Person
from tests.web.dashboard.filled import Filled, fill

FEW, MANY = 4, 24
MOST = 30
"""Statements of one page."""
GETS = [screen for screen in SCREENS if screen.method == "GET"]


class Counted:
    """The whole server in this process, with a count of what it asks of the database."""

    def __init__(self, app: Any) -> None:
        self.app = app
        self.queries: list[str] = []

    async def ask(self, person: Person, path: str) -> list[str]:
        """The statements of a page that is asked for the second time: what a process keeps is not
        counted."""
        await self._get(person, path)
        self.queries.clear()
        status = await self._get(person, path)
        assert status < 500, (path, status)
        await asyncio.sleep(0)  # the last one is told to the log then
        return list(self.queries)

    async def _get(self, person: Person, path: str) -> int:
        told: list[int] = []
        address, _, query = person.address(path).partition("?")
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET",
            "scheme": "https", "path": address, "raw_path": address.encode(), "root_path": "",
            "query_string": query.encode(), "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 2),
            "headers": [
                (b"host", b"127.0.0.1"), (b"x-forwarded-proto", b"https"),
                (b"cookie", f"{COOKIE}={person.secret}".encode()),
            ],
        }  # fmt: skip

        asked: list[None] = []

        async def receive() -> Any:
            """Nothing comes behind the request."""
            if asked:
                await asyncio.Event().wait()
            asked.append(None)
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                told.append(message["status"])

        await self.app(scope, receive, send)
        return told[0]

    async def log(self, connection: Any) -> None:
        connection.add_query_logger(self._note)

    def _note(self, record: Any) -> None:
        # The driver asks for a type once per connection; a visit is noted once a minute.
        is_by_time = "typeinfo_tree" in record.query or "SET last_seen_at" in record.query
        if not (is_by_time or record.query.lstrip().startswith(("BEGIN", "COMMIT", "ROLLBACK"))):
            self.queries.append(record.query)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def counted(settings) -> AsyncIterator[Counted]:
    app = create_app(settings)
    reset_logs()  # it has set the log of a server; this process runs more tests
    is_up, may_end = asyncio.Event(), asyncio.Event()

    async def keep() -> None:  # what is opened in a task is closed in the same
        async with app.lifespan():
            is_up.set()
            await may_end.wait()

    keeping = asyncio.create_task(keep())
    await is_up.wait()
    counted = Counted(app)
    pool = app.state.services.db._pool
    pool._init = counted.log
    await pool.expire_connections()
    yield counted
    may_end.set()
    await keeping


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def shops(services, http, server) -> tuple[Filled, Filled]:
    """One with a little of everything, and one with a lot."""
    few = await fill(services, http, server.url, rows=FEW)
    return few, await fill(services, http, server.url, rows=MANY)


@pytest_asyncio.fixture
async def owners(shops, sign_in) -> list[Person]:
    return [await sign_in(filled.shop) for filled in shops]


@pytest.mark.parametrize("screen", GETS, ids=lambda screen: screen.path)
async def test_a_screen_costs_the_same_whatever_there_is(counted, shops, owners, screen):
    found = []
    for filled, person in zip(shops, owners, strict=True):
        found.append([
            # What a new connection asks for once is no cost of the screen.
            min([await counted.ask(person, address) for _ in range(2)], key=len)
            for address in filled.addresses(screen.path)
            if "{" not in address
        ])  # fmt: skip
    few, many = ([len(queries) for queries in asked] for asked in found)
    assert few == many, "\n\n".join(more_of(*found))
    assert max(few, default=0) <= MOST


def more_of(few: list[list[str]], many: list[list[str]]) -> list[str]:
    """What was asked more often where there is more."""
    asked = [query for queries in few for query in queries]
    told = []
    for query in (query for queries in many for query in queries):
        if query in asked:
            asked.remove(query)
        else:
            told.append(query)
    return told
