"""WireMock: a server of others that breaks HTTP in every way. It knows nothing about us."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import subprocess
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from tests.npm import npm_package
from tests.running import PATIENCE, free_port


class WireMock:
    def __init__(self, url: str, session: aiohttp.ClientSession) -> None:
        self.url = url
        self._session = session

    async def answer(self, path: str, **response: Any) -> str:
        """Answer everything under this path like this; gives the address of the path."""
        matcher = {"urlPathPattern": f"/{path}(/.*)?"}
        await self._admin("mappings", {"request": matcher, "response": response})
        return f"{self.url}/{path}"

    async def answer_in_turn(self, path: str, *responses: dict[str, Any]) -> str:
        for turn, response in enumerate(responses):
            mapping = {
                "scenarioName": path,
                "requiredScenarioState": "Started" if turn == 0 else str(turn),
                "newScenarioState": str(turn + 1),
                "request": {"urlPathPattern": f"/{path}(/.*)?"},
                "response": response,
            }
            await self._admin("mappings", mapping)
        return f"{self.url}/{path}"

    async def count(self, path: str) -> int:
        """How many requests came in under this path."""
        answer = await self._admin("requests/count", {"urlPathPattern": f"/{path}(/.*)?"})
        return int(answer["count"])

    async def _admin(self, what: str, body: dict[str, Any]) -> Any:
        async with self._session.post(f"{self.url}/__admin/{what}", json=body) as answer:
            assert answer.status < 300, await answer.text()
            return await answer.json()


@contextlib.asynccontextmanager
async def running_wiremock() -> AsyncIterator[WireMock]:
    java = shutil.which("java")
    if java is None:
        pytest.skip("WireMock needs Java 17")
    (jar,) = (npm_package("wiremock", "3.13.2") / "build").glob("*.jar")
    port = free_port()
    command = [java, "-Xmx256m", "-jar", str(jar), "--port", str(port)]
    process = subprocess.Popen(
        [*command, "--bind-address", "127.0.0.1", "--disable-banner"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        async with aiohttp.ClientSession() as session:
            mock = WireMock(f"http://127.0.0.1:{port}", session)
            await _wait_for(session, f"{mock.url}/__admin/health")
            yield mock
    finally:
        process.kill()
        process.wait()


async def _wait_for(session: aiohttp.ClientSession, url: str) -> None:
    async with asyncio.timeout(PATIENCE):
        while True:
            with contextlib.suppress(aiohttp.ClientError):
                async with session.get(url) as answer:
                    if answer.status == 200:
                        return
            await asyncio.sleep(0.1)
