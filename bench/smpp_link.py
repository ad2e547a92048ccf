"""How much one SMPP link carries, against a floor of the same run.

    python bench/smpp_link.py [--messages 20000] [--window 100] [--rounds 3]

The SMSC is npm `smpp` in a process of its own, answering at once. The floor writes PDUs that
were built before, with the same window, and only counts the answers' octets: what the SMSC
and the loop can do when nothing is done with them. Rounds are interleaved; the table shows
medians. "with receipts": a delivery receipt follows each message, handed to `take` and only
then acknowledged.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "src")]

import uvloop  # noqa: E402
from tests.providers.smsc import PASSWORD, Smsc, running_smsc  # noqa: E402

from tearoff.providers.base import Accepted, Arrived, Outgoing, Surroundings  # noqa: E402
from tearoff.providers.smpp import pdu  # noqa: E402
from tearoff.providers.smpp.adapter import SmppProvider  # noqa: E402

TEXT = "Your coffee is on us: https://coupons.example.com/p/abc/abcdefghijklmnopqrstu"


@dataclass
class Run:
    per_second: float
    p50: float
    p99: float
    cpu: float
    """Microseconds of our own processor time for each message."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--messages", type=int, default=20_000)
    parser.add_argument("--window", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    for with_receipts in (False, True):
        rows = uvloop.run(compare(given.messages, given.window, given.rounds, with_receipts))
        show("with receipts" if with_receipts else "without receipts", *rows)


async def compare(
    messages: int, window: int, rounds: int, with_receipts: bool
) -> tuple[list[Run], list[Run]]:
    ours, floor = [], []
    options = ["--receipts"] if with_receipts else []
    with tempfile.TemporaryDirectory() as folder, running_smsc(Path(folder), *options) as smsc:
        await run_floor(smsc, 2_000, window, with_receipts)  # the SMSC compiles its hot paths
        for _ in range(rounds):
            floor.append(await run_floor(smsc, messages, window, with_receipts))
            ours.append(await run_ours(smsc, messages, window, with_receipts))
    return ours, floor


async def run_ours(smsc: Smsc, messages: int, window: int, with_receipts: bool) -> Run:
    async with open_provider(smsc, window) as (provider, arrived):
        numbers = iter(range(messages))
        times: list[float] = []
        began, cpu = time.perf_counter(), time.process_time()
        await asyncio.gather(*(send_some(provider, numbers, times) for _ in range(window)))
        while with_receipts and len(arrived) < messages:
            await asyncio.sleep(0.001)
        return measured(messages, began, cpu, times)


@contextlib.asynccontextmanager
async def open_provider(
    smsc: Smsc, window: int
) -> AsyncIterator[tuple[SmppProvider, list[Arrived]]]:
    arrived: list[Arrived] = []

    async def take(items: Sequence[Arrived]) -> None:
        arrived.extend(items)

    settings = smsc.settings(window=str(window), sender="BeanLeaf")
    provider = SmppProvider(settings, Surroundings("unused", allow_loopback=True))
    provider.listen(take)
    assert await provider.check() == ""
    await provider.send(message(0))
    try:
        yield provider, arrived
    finally:
        await provider.close()


async def send_some(provider: SmppProvider, numbers: object, times: list[float]) -> None:
    for n in numbers:  # type: ignore[attr-defined]
        began = time.perf_counter()
        outcome = await provider.send(message(n))
        times.append(time.perf_counter() - began)
        assert isinstance(outcome, Accepted), outcome


def message(n: int) -> Outgoing:
    return Outgoing(n, f"+3247000{n % 10_000:04d}", TEXT, "GSM-7", (TEXT,))


async def run_floor(smsc: Smsc, messages: int, window: int, with_receipts: bool) -> Run:
    body = _captured_body()
    blast = Blast(messages, window, with_receipts, body)
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_connection(lambda: blast, "127.0.0.1", smsc.port)
    transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    bind = pdu.Bind("tearoff", PASSWORD)
    transport.write(pdu.encode(pdu.BIND_TRANSCEIVER, 1, pdu.encode_bind(bind)))
    await blast.bound.wait()
    began, cpu = time.perf_counter(), time.process_time()
    blast.fill()
    await blast.done.wait()
    run = measured(messages, began, cpu, [0.0, 0.0])
    transport.close()
    return run


def _captured_body() -> bytes:
    from tearoff.providers.smpp import submits  # noqa: PLC0415
    from tearoff.providers.smpp.settings import read_settings  # noqa: PLC0415

    settings = {"host": "x", "system_id": "x", "password": "x", "sender": "BeanLeaf"}
    return submits.bodies(message(1), read_settings(settings), 1)[0]


class Blast(asyncio.Protocol):
    """Writes ready PDUs; of what comes back it reads the lengths and the kinds."""

    def __init__(self, messages: int, window: int, with_receipts: bool, body: bytes) -> None:
        self.bound, self.done = asyncio.Event(), asyncio.Event()
        self._pdus = [pdu.encode(pdu.SUBMIT_SM, n + 2, body) for n in range(messages)]
        self._acks = [pdu.encode(pdu.DELIVER_SM | pdu.RESPONSE, n, b"\0") for n in range(messages)]
        self._window, self._with_receipts = window, with_receipts
        self._written = self._answered = self._receipts = 0
        self._buffer = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def fill(self) -> None:
        upto = min(len(self._pdus), self._answered + self._window)
        self._transport.write(b"".join(self._pdus[self._written : upto]))  # type: ignore[attr-defined]
        self._written = upto

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        at, answered, receipts = 0, 0, 0
        buffer = self._buffer
        while len(buffer) - at >= 16:
            length = int.from_bytes(buffer[at : at + 4])
            if len(buffer) - at < length:
                break
            is_answer = buffer[at + 4] >> 7
            answered += is_answer
            receipts += 1 - is_answer
            at += length
        del buffer[:at]
        self._count(answered, receipts)

    def _count(self, answered: int, receipts: int) -> None:
        if not self.bound.is_set():
            self.bound.set()
            return
        acks = self._acks[self._receipts : self._receipts + receipts]
        self._answered += answered
        self._receipts += receipts
        upto = min(len(self._pdus), self._answered + self._window)
        self._transport.write(b"".join([*acks, *self._pdus[self._written : upto]]))  # type: ignore[attr-defined]
        self._written = upto
        goal = len(self._pdus)
        if self._answered >= goal and (not self._with_receipts or self._receipts >= goal):
            self.done.set()


def measured(messages: int, began: float, cpu: float, times: Sequence[float]) -> Run:
    took, used = time.perf_counter() - began, time.process_time() - cpu
    cuts = statistics.quantiles(times, n=100)
    return Run(messages / took, cuts[49] * 1e3, cuts[98] * 1e3, used / messages * 1e6)


def show(name: str, ours: Sequence[Run], floor: Sequence[Run]) -> None:
    for who, runs in (("link", ours), ("floor", floor)):
        print(
            name,
            who,
            [round(r.per_second) for r in runs],
            [round(r.cpu, 1) for r in runs],
            [round(r.p50, 1) for r in runs],
            [round(r.p99, 1) for r in runs],
        )


if __name__ == "__main__":
    main()
