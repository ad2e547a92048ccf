"""A client's slowness holds none of what others need, on any route."""

from __future__ import annotations

import asyncio

import pytest
import pytest_asyncio
from litestar import Request, get, post
from litestar.response import Stream

from tearoff.app import create_app
from tearoff.kit import bodies, clients
from tearoff.kit.services import services_of
from tests.logs import reset_logs
from tests.running import PATIENCE


@post("/try/holding")
async def holding(request: Request) -> bytes:
    async with services_of(request).db.transaction():
        return await request.body()


@get("/try/endless")
async def endless() -> Stream:
    async def pieces():
        while True:
            yield b"x" * 1000

    return Stream(pieces())


@get("/try/streaming-while-holding")
async def streaming_while_holding(request: Request) -> Stream:
    async def pieces():
        async with services_of(request).db.connection() as db:
            yield b"%d" % await db.fetchval("SELECT 1")

    return Stream(pieces())


class Exchange:
    """One request of a client who sends a piece of a body and no more, and reads `reads` pieces
    of the answer."""

    def __init__(self, app, method, path, headers, *, body=b"{", ends=False, reads=1000):
        self.app, self.body, self.ends, self.reads = app, body, ends, reads
        self.started, self.status, self.headers, self.answer = 0, 0, {}, b""
        self.scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method,
            "scheme": "http", "path": path, "raw_path": path.encode(), "root_path": "",
            "query_string": b"", "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 2),
            "headers": [(k.lower().encode(), v.encode()) for k, v in headers.items()],
        }  # fmt: skip

    async def __call__(self):
        async with asyncio.timeout(PATIENCE):
            await self.app(self.scope, self.receive, self.send)
        return self

    async def receive(self):
        if self.started:
            await asyncio.Event().wait()
        self.started = 1
        return {"type": "http.request", "body": self.body, "more_body": not self.ends}

    async def send(self, message):
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], dict(message["headers"])
            return
        self.answer += message["body"]
        self.reads -= 1
        if self.reads < 0:
            await asyncio.Event().wait()


@pytest_asyncio.fixture(scope="module")
async def app(settings):
    app = create_app(settings, [holding, endless, streaming_while_holding])
    reset_logs()  # it has set the log of a server; this process runs more tests
    is_up, may_end = asyncio.Event(), asyncio.Event()

    async def keep():  # what is opened in a task is closed in the same
        async with app.lifespan():
            is_up.set()
            await may_end.wait()

    keeping = asyncio.create_task(keep())
    await is_up.wait()
    yield app
    may_end.set()
    await keeping


@pytest.fixture
def hurry(monkeypatch):
    monkeypatch.setattr(bodies, "BODY_SECONDS", 0.05)
    monkeypatch.setattr(bodies, "_DROPPED_SECONDS", 0.05)


async def test_no_route_waits_for_a_client_while_it_holds_a_connection(app, shop, hurry):
    headers = {**shop.headers, "X-Till": "1", "Content-Type": "application/json"}
    made = await Exchange(
        app, "POST", "/v3/singleuse/create", headers,
        body=b'{"campaign":"%s"}' % shop.ref.encode(), ends=True,
    )()  # fmt: skip
    assert made.status == 200, made.answer
    code = made.answer.decode().partition('"single_use_code":"')[2][:21]
    told = {}
    for route in app.routes:
        if route.path.startswith("/try/"):
            continue
        path = "".join("/" + _filled(part, shop, code) for part in route.path_components)
        for method in route.methods - {"OPTIONS", "HEAD"}:
            done = await Exchange(app, method, path or "/", headers)()
            told[method, route.path] = done.status
    broken = {route: status for route, status in told.items() if status >= 500}
    assert not broken
    for route, status in told.items():
        is_v3 = route[0] == "POST" and route[1].startswith("/v3/") and status != 404
        assert status == 408 or not is_v3, (route, status)
    for route in (
        ("POST", "/v4/campaigns"), ("POST", "/v4/campaigns/{id:str}/codes"),
        ("PUT", "/v4/campaigns/{id:str}/picture"), ("POST", "/p/{campaign:str}/{session:str}/open"),
        ("POST", "/till/redeem"), ("POST", "/till/api/redeem"), ("POST", "/sign-out"),
    ):  # fmt: skip
        assert told[route] == 408, (route, told[route])


def _filled(part, shop, code):
    if isinstance(part, str):
        return part
    return {"id": str(shop.campaign), "campaign": shop.code, "session": code}.get(part.name, "1")


async def test_a_handler_that_holds_a_connection_is_found_out(app):
    done = await Exchange(app, "POST", "/try/holding", {}, ends=True)()
    assert done.status == 500
    with pytest.raises(Exception, match="after response started"):
        await Exchange(app, "GET", "/try/streaming-while-holding", {}, ends=True)()


async def test_a_slow_reader_of_a_stream_is_cut_off(app, monkeypatch):
    monkeypatch.setattr(clients, "STREAM_SECONDS", 0.05)
    done = await Exchange(app, "GET", "/try/endless", {}, reads=3)()
    assert done.status == 200
    assert len(done.answer) >= 3000


async def test_headers_of_answers(app, shop):
    for path, is_api in (("/v3/coupon/list", True), ("/v4/nothing", True), ("/healthz", False)):
        done = await Exchange(app, "GET", path, shop.headers, ends=True)()
        assert done.headers[b"x-content-type-options"] == b"nosniff"
        assert done.headers[b"server"] == b""
        assert done.headers[b"strict-transport-security"].startswith(b"max-age=")
        assert (done.headers.get(b"cache-control") == b"no-store") is is_api
