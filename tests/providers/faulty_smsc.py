"""A small SMSC that fails in every way. It reads PDUs with `smpp34`, not with our codec.

What it does with a message is chosen by the last three digits of the number:

    211 212 610   refused: invalid number, invalid sender, submit failed
    429 430 431   throttled: always, once (0x14), twice (0x58)
    451 452       the first part is taken; the others are refused / never answered
    500 900       taken, and never answered
    700           not taken: generic_nack
    701           taken, answered without an id
    702           taken, answered with a PDU of another kind
    703           taken, answered twice
    800           taken, answered after `late` seconds
    901 902       taken, then the connection is reset / closed inside the answer
    903           reset without having taken it
    904           answered with octets that are no PDU
    910 911 912   taken, and the receipt comes twice / once / before the answer
    914           taken; receipts say failed, then delivered
    920 921       taken; unbinds after / before the answer

Everything else is taken and answered. The ledger keeps what was taken, in order.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import ssl
import struct
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import cast

import smpp34

from tests.listening import let_nobody_in
from tests.running import free_port

PASSWORD = "pass1234"
HEADER = struct.Struct(">IIII")
BIND, SUBMIT, DELIVER, UNBIND, ENQUIRE, DATA = 9, 4, 5, 6, 0x15, 0x103
NACK = ANSWER = 1 << 31
REFUSED = {"211": 0x0B, "212": 0x0A, "610": 0x45}


@dataclass
class Taken:
    """One submit_sm that was taken."""

    id: str
    to: str
    pdu: smpp34.SubmitSm

    @property
    def header(self) -> bytes:
        octets = self.pdu.short_message
        return octets[: octets[0] + 1] if self.pdu.esm_class & 0x40 else b""

    @property
    def text(self) -> str:
        """UCS-2 or the letters that ASCII and GSM-7 share: enough for the tests here."""
        payload = [t.value for t in self.pdu.tlvs if t.tag == smpp34.TLV_MESSAGE_PAYLOAD]
        octets = payload[0] if payload else self.pdu.short_message[len(self.header) :]
        return octets.decode("utf-16-be" if self.pdu.data_coding == 8 else "ascii")


@dataclass
class Mood:
    """How it treats everybody."""

    bind_status: int = 0
    is_mute: bool = False
    """Answers nothing at all."""
    late: float = 1.0
    delay: float = 0.0
    id_style: Callable[[int], str] = "m{}".format
    receipt_style: Callable[[int], str] = "m{}".format


@dataclass
class FaultySmsc:
    port: int
    mood: Mood = field(default_factory=Mood)
    ledger: list[Taken] = field(default_factory=list)
    acknowledged: list[tuple[int, int]] = field(default_factory=list)
    """Sequence number and status of each deliver_sm_resp and data_sm_resp."""
    seen: Counter[str] = field(default_factory=Counter)
    peers: list[Peer] = field(default_factory=list)
    numbers: Counter[str] = field(default_factory=Counter)
    tasks: set[asyncio.Task[None]] = field(default_factory=set)
    ids: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    most_open: int = 0

    def texts(self, to: str) -> list[str]:
        """The texts taken for a number, their parts put together as a phone does."""
        whole: dict[bytes, list[Taken]] = {}
        for one in self.ledger:
            if one.to == to.removeprefix("+"):
                whole.setdefault(one.header[:5] or one.id.encode(), []).append(one)
        return [
            "".join(part.text for part in sorted(parts, key=lambda p: p.header))
            for parts in whole.values()
        ]

    def settings(self, **changes: str) -> dict[str, str]:
        settings = {"host": "127.0.0.1", "port": str(self.port), "system_id": "tearoff"}
        return settings | {"password": PASSWORD, "answer_seconds": "1"} | changes

    def deliver(self, body: smpp34.DeliverSm, sequence: int) -> None:
        """Deliver over the newest link."""
        octets = bytearray(body.encode())
        octets[12:16] = sequence.to_bytes(4)
        self.peers[-1].transport.write(bytes(octets))

    def do(self, work: Callable[[], None], after: float) -> None:
        asyncio.get_running_loop().call_later(after, work)


class Peer(asyncio.Protocol):
    def __init__(self, smsc: FaultySmsc) -> None:
        self._smsc = smsc
        self._buffer = b""
        self._open: set[int] = set()
        self._sequence = itertools.count(1)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's has a class of its own
        self._smsc.seen["links"] += 1

    def connection_lost(self, error: Exception | None) -> None:
        with contextlib.suppress(ValueError):
            self._smsc.peers.remove(self)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while len(self._buffer) >= 16:
            length = int.from_bytes(self._buffer[:4])
            if len(self._buffer) < length:
                break
            octets, self._buffer = self._buffer[:length], self._buffer[length:]
            self._read(octets)
            if self.transport.is_closing():
                break  # what follows was never read

    def _read(self, octets: bytes) -> None:
        _, command, status, sequence = HEADER.unpack_from(octets)
        smsc = self._smsc
        if command in (DELIVER | ANSWER, DATA | ANSWER):
            smsc.acknowledged.append((sequence, status))
        if command & ANSWER or smsc.mood.is_mute:
            return
        if command == BIND:
            self._bind(octets, sequence)
        elif command == SUBMIT:
            pdu = smpp34.decode(octets)
            assert isinstance(pdu, smpp34.SubmitSm)
            self._submit(pdu)
        elif command in (ENQUIRE, UNBIND):
            smsc.seen["enquiries" if command == ENQUIRE else "unbinds"] += 1
            self.write(command | ANSWER, sequence)
            if command == UNBIND:
                self.transport.close()

    def _bind(self, octets: bytes, sequence: int) -> None:
        system_id, password, _ = octets[16:].split(b"\0", 2)
        status = self._smsc.mood.bind_status
        if password.decode() != PASSWORD:
            status = 0x0E
        self.write(BIND | ANSWER, sequence, b"" if status else system_id + b"\0", status)
        self._smsc.seen["binds"] += 1
        if not status:
            self._smsc.peers.append(self)

    def _submit(self, pdu: smpp34.SubmitSm) -> None:
        ending, sequence = pdu.destination_addr[-3:], pdu.sequence_number
        self._smsc.numbers[pdu.destination_addr] += 1
        status = self._refusal(ending, self._smsc.numbers[pdu.destination_addr])
        if status:
            self.write(SUBMIT | ANSWER, sequence, b"", status)
        elif ending == "700":
            self.write(NACK, sequence, b"", 0x03)
        elif ending == "903":
            self.transport.abort()
        else:
            self._take(pdu, ending)

    def _refusal(self, ending: str, times: int) -> int:
        if ending == "429" or (ending == "431" and times < 3):
            return 0x58
        if ending == "430" and times < 2:
            return 0x14
        if ending == "451" and times > 1:
            return 0x45
        return REFUSED.get(ending, 0)

    def _take(self, pdu: smpp34.SubmitSm, ending: str) -> None:
        smsc, sequence = self._smsc, pdu.sequence_number
        smsc.seen[ending] += 1
        n = next(smsc.ids)
        given = smsc.mood.id_style(n)
        smsc.ledger.append(Taken(given, pdu.destination_addr, pdu))
        self._open.add(sequence)
        smsc.most_open = max(smsc.most_open, len(self._open))

        def answer(body: bytes = given.encode() + b"\0") -> None:
            self._open.discard(sequence)
            self.write(SUBMIT | ANSWER, sequence, body)

        def receipt(state: str = "DELIVRD") -> None:
            self._receipt(pdu, smsc.mood.receipt_style(n), state)

        self._act(ending, sequence, answer, receipt)

    def _act(  # noqa: PLR0912 (the table above)
        self, ending: str, sequence: int, answer: Callable[..., None], receipt: Callable[..., None]
    ) -> None:
        match ending:
            case "500" | "900":
                pass
            case "452" if self._smsc.seen["452"] > 1:
                pass
            case "701":
                answer(b"\0")
            case "702":
                self.write(ENQUIRE | ANSWER, sequence)
            case "703":
                answer()
                answer()
            case "800":
                self._smsc.do(answer, self._smsc.mood.late)
            case "901":
                self.transport.abort()
            case "902":
                self.transport.write(HEADER.pack(20, SUBMIT | ANSWER, 0, sequence)[:11])
                self.transport.close()
            case "904":
                self.transport.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            case "910":
                answer()
                receipt()
                receipt()
            case "911":
                answer()
                receipt()
            case "912":
                receipt()
                self._smsc.do(answer, 0.05)
            case "914":
                answer()
                receipt("UNDELIV")
                receipt("DELIVRD")
            case "920":
                answer()
                self.write(UNBIND, 9999)
            case "921":
                self.write(UNBIND, 9999)
                self._smsc.do(answer, 0.2)
            case _ if self._smsc.mood.delay:
                self._smsc.do(answer, self._smsc.mood.delay)
            case _:
                answer()

    def _receipt(self, pdu: smpp34.SubmitSm, name: str, state: str) -> None:
        text = (
            f"id:{name} sub:001 dlvrd:001 submit date:2611230800 done date:2611230801 "
            f"stat:{state} err:000 text:Your coffee"
        )
        receipt = smpp34.DeliverSm(
            pdu.destination_addr, pdu.source_addr, text.encode(), esm_class=4,
            sequence_number=next(self._sequence),
        )  # fmt: skip
        self.transport.write(receipt.encode())

    def write(self, command: int, sequence: int, body: bytes = b"", status: int = 0) -> None:
        if not self.transport.is_closing():
            self.transport.write(HEADER.pack(16 + len(body), command, status, sequence) + body)


@contextlib.asynccontextmanager
async def running_faulty_smsc(
    tls: ssl.SSLContext | None = None, port: int | None = None
) -> AsyncIterator[FaultySmsc]:
    smsc = FaultySmsc(port or free_port())
    server = await asyncio.get_running_loop().create_server(
        lambda: Peer(smsc), "127.0.0.1", smsc.port, ssl=tls
    )
    try:
        yield smsc
    finally:
        await let_nobody_in(server.sockets)
        server.close()
        for peer in list(smsc.peers):
            peer.transport.abort()
        await asyncio.sleep(0)
