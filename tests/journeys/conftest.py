"""Journeys run on servers of their own: two web processes, the worker, reachable callbacks."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import msgspec
import pytest
import pytest_asyncio

from tearoff.config import Settings
from tearoff.kit.services import Services
from tests.npm import npm_package
from tests.running import PATIENCE, Running, free_port, start_server


@pytest.fixture(scope="session")
def journey_settings(settings: Settings) -> Settings:
    port = free_port()
    return msgspec.structs.replace(
        settings, port=port, public_url=f"http://127.0.0.1:{port}", data=settings.data / "journeys"
    )


@pytest.fixture(scope="session")
def journey_server(
    journey_settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Running]:
    journey_settings.data.mkdir(exist_ok=True)
    with start_server(
        journey_settings, tmp_path_factory.mktemp("logs"), port=journey_settings.port, workers=2
    ) as running:
        yield running


@pytest_asyncio.fixture(scope="session")
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=300), timeout=aiohttp.ClientTimeout(total=PATIENCE)
    ) as session:
        yield session


@dataclass
class Smsc:
    """The npm SMSC as a process, and the ledger of what it accepted."""

    port: int
    ledger: Path
    process: subprocess.Popen

    def accepted(self) -> Counter[str]:
        """How many messages each number got."""
        lines = self.ledger.read_text().splitlines()
        return Counter(json.loads(line)["to"] for line in lines)

    def texts(self, to: str) -> list[str]:
        lines = map(json.loads, self.ledger.read_text().splitlines())
        return [line["text"] for line in lines if line["to"] == to]


@contextlib.contextmanager
def start_smsc(folder: Path, *options: str) -> Iterator[Smsc]:
    module = npm_package("smpp", "0.5.1")
    port, ledger = free_port(), folder / "ledger.jsonl"
    ledger.touch()
    script = Path(__file__).parents[1] / "providers" / "smsc.js"
    process = subprocess.Popen(
        ["node", str(script), str(port), "--ledger", str(ledger), *options],
        env={**os.environ, "SMPP_MODULE": str(module)}, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "ready"
        yield Smsc(port, ledger, process)
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=PATIENCE)


def smpp_settings(smsc: Smsc, **more: str) -> dict[str, str]:
    return {
        "host": "127.0.0.1", "port": str(smsc.port), "system_id": "tearoff", "password": "secret",
        "sender": "BeanLeaf", "answer_seconds": "3", **more,
    }  # fmt: skip


async def wait_for_state(
    services: Services, message_ref: str, state: str, seconds: float = PATIENCE
) -> None:
    message_id = int(message_ref.removeprefix("msg_"))
    end = time.monotonic() + seconds
    while True:
        found = await services.db.fetchval("SELECT state FROM messages WHERE id = $1", message_id)
        if found == state:
            return
        assert time.monotonic() < end, f"{message_ref} is {found}, not {state}"
        await asyncio.sleep(0.1)
