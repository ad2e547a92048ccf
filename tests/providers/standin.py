"""A message service of our own to send to, that misbehaves on request.

What it does depends on the last three digits of the receiver's number:

    000, others  takes the message; receipts: sent, delivered
    211 / 610    refuses: invalid number / opted out
    429          refuses: too busy, with Retry-After
    500          takes the message, and answers with an error of its own
    900          takes the message, then silence
    901          takes the message, then resets the connection
    902          resets the connection, having taken nothing
    903          takes the message, then half an answer
    910          every receipt twice
    911          receipts in the wrong order
    912          receipts before the answer
    913          no receipts
    914          failed first, delivered later

It keeps a ledger of what it took. `python -m tests.providers.standin --port 4500 --ledger
FILE` runs it alone; `/ledger` then answers how many it took.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import json
import os
import socket
import struct
from collections import deque
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import unquote

import aiohttp
from aiohttp import web

from tests.listening import listening
from tests.providers.dialects import ACCOUNT, DIALECTS, Dialect, Order, Taken, Twilio, Written

REFUSING = {"211": "invalid", "429": "throttled", "610": "opted_out"}
RECEIPTS = {
    "910": ("sent", "sent", "delivered", "delivered"),
    "911": ("delivered", "sent"),
    "913": (),
    "914": ("sent", "failed", "delivered"),
}
SILENCE = 60.0


@dataclass(frozen=True)
class Seen:
    """A request as it came in; `target` is what stood in its first line."""

    method: str
    target: str
    path: str
    headers: dict[str, str]
    body: bytes


class StandIn:
    """`ledger` is what was taken, by the service's name for it; `seen` the last requests;
    `told` the statuses with which its receipts were received."""

    def __init__(self, ledger_file: Path | None = None) -> None:
        self.url = ""
        self.ledger: dict[str, Taken] = {}
        self.seen: deque[Seen] = deque(maxlen=1000)
        self.told: list[int] = []
        self._numbers: Iterator[int] = itertools.count(1)
        self._file = ledger_file
        self._dialects: dict[str, Dialect] = {dialect.path: dialect for dialect in DIALECTS}
        self._closing = asyncio.Event()
        self._reporting = asyncio.Event()
        self._reporting.set()
        self._posting: set[asyncio.Task[None]] = set()
        self._session: aiohttp.ClientSession | None = None
        self._open = contextlib.AsyncExitStack()

    async def start(self, port: int = 0) -> None:
        server = web.Server(self._answer, access_log=None)
        runner = web.ServerRunner(server, shutdown_timeout=1)
        port = await self._open.enter_async_context(listening(runner, port=port))
        self.url = f"http://127.0.0.1:{port}"
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10))

    async def close(self) -> None:
        self._closing.set()
        self._reporting.set()
        await self.settle()
        assert self._session
        await self._open.aclose()
        await self._session.close()

    async def settle(self) -> None:
        """Wait until every receipt under way was posted."""
        while self._posting:
            await asyncio.wait(self._posting)

    @contextlib.contextmanager
    def holding_receipts(self) -> Iterator[None]:
        """Until it ends, receipts that were to follow an answer wait."""
        self._reporting.clear()
        try:
            yield
        finally:
            self._reporting.set()

    def taken_for(self, number: str) -> list[Taken]:
        return [taken for taken in self.ledger.values() if taken.order.to == number]

    async def reply(self, dialect: Dialect, url: str, sender: str, to: str, text: str) -> None:
        """Post a text from a person, as the service would."""
        await self._post(dialect.reply(url, sender, to, text))

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        body = await request.read()
        self.seen.append(
            Seen(request.method, request.raw_path, request.path, dict(request.headers), body)
        )
        dialect = self._dialects.get(request.path)
        if dialect is None or request.method != "POST":
            return self._show(request)
        order = dialect.read(body)
        if not dialect.allows(request.headers, body):
            # Careless services say what they were given, secrets and all.
            given = f"{request.headers.get('Authorization')} {body.decode()}"
            return _response(dialect.refuse("auth", replace(order, to=given)))
        return await self._behave(request, dialect, order)

    async def _behave(
        self, request: web.BaseRequest, dialect: Dialect, order: Order
    ) -> web.StreamResponse:
        digits = order.to[-3:]
        if digits in REFUSING:
            return _response(dialect.refuse(REFUSING[digits], order))
        if digits == "902":
            return _reset(request)
        taken = self._take(dialect, order)
        if digits == "912":
            await self._report(dialect, taken)
            return _response(dialect.accept(taken))
        if order.callback:
            self._later(dialect, taken)
        return await self._answer_taken(request, digits, dialect.accept(taken))

    async def _answer_taken(
        self, request: web.BaseRequest, digits: str, answer: Written
    ) -> web.StreamResponse:
        match digits:
            case "500":
                return web.Response(status=500, text="something broke")
            case "900":
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._closing.wait(), SILENCE)
                return _reset(request)
            case "901":
                return _reset(request)
            case "903":
                return await _half(request, answer)
        return _response(answer)

    def _take(self, dialect: Dialect, order: Order) -> Taken:
        name = f"{dialect.id_prefix}{next(self._numbers):032x}"
        taken = self.ledger[name] = Taken(name, order)
        if self._file is not None:
            line = {"id": name, "to": order.to, "text": order.text, "sender": order.sender}
            _append(self._file, json.dumps(line).encode() + b"\n")
        return taken

    def _later(self, dialect: Dialect, taken: Taken) -> None:
        task = asyncio.create_task(self._report(dialect, taken, wait=0.02))
        self._posting.add(task)
        task.add_done_callback(self._posting.discard)

    async def _report(self, dialect: Dialect, taken: Taken, wait: float = 0.0) -> None:
        await asyncio.sleep(wait)
        if wait:
            await self._reporting.wait()
        for status in RECEIPTS.get(taken.order.to[-3:], ("sent", "delivered")):
            taken.status.append({"failed": "undelivered"}.get(status, status))
            await self._post(dialect.receipt(taken, status))

    async def _post(self, report: Written) -> None:
        if not report.url or self._session is None:
            return
        headers = {"Content-Type": report.content_type, **report.headers}
        with contextlib.suppress(aiohttp.ClientError, TimeoutError):
            async with self._session.post(report.url, data=report.body, headers=headers) as told:
                self.told.append(told.status)

    def _show(self, request: web.BaseRequest) -> web.Response:
        """What can be asked: the ledger, and Twilio's messages, one or many, and account."""
        path = unquote(request.path)
        if path == "/ledger":
            return web.json_response({"taken": len(self.ledger)})
        if not Twilio().allows(request.headers):
            return _response(Twilio().refuse("auth", Order("", "")))
        if path == f"/2010-04-01/Accounts/{ACCOUNT}.json":
            return web.json_response({"sid": ACCOUNT, "status": "active"})
        if path == Twilio.path:
            found = [Twilio().show(taken) for taken in self.taken_for(request.query["To"])]
            return web.json_response({"messages": found, "next_page_uri": None})
        taken = self.ledger.get(path.rpartition("/")[2].removesuffix(".json"))
        if taken is None:
            return web.json_response({"code": 20404, "message": "Not found"}, status=404)
        return web.json_response(Twilio().show(taken))


def _response(answer: Written) -> web.Response:
    return web.Response(
        status=answer.status,
        body=answer.body,
        headers={"Content-Type": answer.content_type, **answer.headers},
    )


def _reset(request: web.BaseRequest) -> web.Response:
    """Break the connection so that the other side sees a reset."""
    if request.transport is not None:
        raw = request.transport.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        request.transport.abort()
    return web.Response()


async def _half(request: web.BaseRequest, answer: Written) -> web.StreamResponse:
    response = web.StreamResponse(status=answer.status)
    response.content_length = len(answer.body)
    await response.prepare(request)
    await response.write(answer.body[: len(answer.body) // 2])
    assert request.transport is not None
    request.transport.close()
    return response


def _append(path: Path, line: bytes) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(fd, line)
    finally:
        os.close(fd)


@contextlib.asynccontextmanager
async def running_standin(ledger: Path | None = None, port: int = 0) -> AsyncIterator[StandIn]:
    standin = StandIn(ledger)
    await standin.start(port)
    try:
        yield standin
    finally:
        await standin.close()


async def _serve(port: int, ledger: Path | None) -> None:
    async with running_standin(ledger, port) as standin:
        print(standin.url, flush=True)
        await asyncio.Event().wait()


def main() -> None:
    import uvloop

    parser = argparse.ArgumentParser(description="A message service to try things with.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--ledger", type=Path)
    given = parser.parse_args()
    with contextlib.suppress(KeyboardInterrupt):
        uvloop.run(_serve(given.port, given.ledger))


if __name__ == "__main__":
    main()
