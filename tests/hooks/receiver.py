"""A real receiver on 127.0.0.1: remembers what it was told, answers as it is asked to."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.listening import listening
from tests.running import PATIENCE


@dataclass
class Got:
    """`target` is what stood in the request's first line."""

    target: str
    path: str
    headers: dict[str, str]
    raw: bytes

    @property
    def body(self) -> dict[str, Any]:
        """Parsed; what was parsed is written again as it was, octet for octet."""
        body = json.loads(self.raw)
        again = json.dumps(body, separators=(",", ":"), ensure_ascii=False)
        assert again.encode() == self.raw
        return body

    @property
    def kind(self) -> str:
        return self.body["type"]


Answer = Callable[[Got], "int | web.Response"]


@dataclass
class Receiver:
    """`answer` says how to answer; `delay` in seconds before that."""

    port: int = 0
    got: list[Got] = field(default_factory=list)
    answer: Answer = lambda got: 200
    delay: float = 0
    at_once: int = 0
    most_at_once: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hooks"

    @property
    def kinds(self) -> list[str]:
        return [got.kind for got in self.got]

    async def take(self, request: web.BaseRequest) -> web.StreamResponse:
        got = Got(request.raw_path, request.path, dict(request.headers), await request.read())
        self.got.append(got)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await asyncio.sleep(self.delay)
            answer = self.answer(got)
        finally:
            self.at_once -= 1
        return answer if isinstance(answer, web.Response) else web.Response(status=answer)

    async def wait_for(self, n: int, seconds: float = PATIENCE) -> list[Got]:
        """The first n that came."""
        await until(lambda: len(self.got) >= n, seconds, lambda: f"{len(self.got)} of {n} came")
        return self.got[:n]


async def until(is_so: Callable[[], bool], seconds: float, say: Callable[[], str]) -> None:
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, say()
        await asyncio.sleep(0.02)


@contextlib.asynccontextmanager
async def open_receiver() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    runner = web.ServerRunner(web.Server(receiver.take), shutdown_timeout=0.1)
    async with listening(runner) as receiver.port:
        yield receiver
