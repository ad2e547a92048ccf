"""What the SMSC delivers: read, handed over, and only then acknowledged."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime, timedelta

import pytest
import smpp34
from hypothesis import given
from hypothesis import strategies as st

from tearoff.providers.base import Accepted, Arrived, ReceiptState, Surroundings
from tearoff.providers.smpp import pdu
from tearoff.providers.smpp.adapter import SmppProvider
from tearoff.providers.smpp.inbound import Inbox
from tests.providers.contract import outgoing
from tests.providers.faulty_smsc import FaultySmsc, running_faulty_smsc
from tests.running import PATIENCE

SURROUNDINGS = Surroundings("unused", allow_loopback=True)
NOW = datetime(2026, 11, 23, 8, 0, 59, tzinfo=UTC)


class Shelf:
    """Where what arrives is stored: `fail` times not at all, each time after `wait`."""

    def __init__(self) -> None:
        self.lots: list[list[Arrived]] = []
        self.fail = 0
        self.wait = 0.0

    async def take(self, arrived: Sequence[Arrived]) -> None:
        await asyncio.sleep(self.wait)
        if self.fail:
            self.fail -= 1
            raise RuntimeError("the database is away")
        self.lots.append(list(arrived))

    @property
    def all(self) -> list[Arrived]:
        return [one for lot in self.lots for one in lot]


@pytest.fixture
async def smsc() -> AsyncIterator[FaultySmsc]:
    async with running_faulty_smsc() as running:
        yield running


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
async def provider(smsc: FaultySmsc, shelf: Shelf) -> AsyncIterator[SmppProvider]:
    provider = SmppProvider(smsc.settings(), SURROUNDINGS)
    provider.listen(shelf.take)
    await provider.start()
    await until(lambda: bool(smsc.peers))
    yield provider
    await provider.close()


async def until(is_so: Callable[[], bool], seconds: float = PATIENCE) -> None:
    async with asyncio.timeout(seconds):
        while not is_so():
            await asyncio.sleep(0.005)


def text_from_person(words: str = "STOP", **more: object) -> smpp34.DeliverSm:
    return smpp34.DeliverSm("32470000001", "32470009999", words.encode(), **more)


async def test_acknowledged_after_it_is_stored(
    smsc: FaultySmsc, shelf: Shelf, provider: SmppProvider
) -> None:
    shelf.wait = 1
    smsc.deliver(text_from_person(), 7)
    await asyncio.sleep(0.3)
    assert smsc.acknowledged == []
    await until(lambda: bool(smsc.acknowledged))
    assert smsc.acknowledged == [(7, 0)]
    (arrived,) = shelf.all
    assert arrived.reply is not None
    assert (arrived.reply.sender, arrived.reply.to) == ("+32470000001", "+32470009999")
    assert arrived.reply.text == "STOP"


async def test_not_stored_is_asked_for_again(
    smsc: FaultySmsc, shelf: Shelf, provider: SmppProvider
) -> None:
    shelf.fail = 1
    smsc.deliver(text_from_person(), 7)
    await until(lambda: smsc.acknowledged == [(7, pdu.TEMPORARY)])
    smsc.deliver(text_from_person(), 8)
    await until(lambda: smsc.acknowledged[1:] == [(8, 0)])
    assert len(shelf.all) == 1


async def test_nobody_listens(smsc: FaultySmsc) -> None:
    provider = SmppProvider(smsc.settings(), SURROUNDINGS)
    await provider.start()
    await until(lambda: bool(smsc.peers))
    smsc.deliver(text_from_person(), 7)
    await until(lambda: smsc.acknowledged == [(7, pdu.TEMPORARY)])
    await provider.close()


async def test_what_comes_together_is_stored_together(
    smsc: FaultySmsc, shelf: Shelf, provider: SmppProvider
) -> None:
    shelf.wait = 0.01
    for n in range(1, 1201):
        smsc.deliver(text_from_person(f"text {n}"), n)
    await until(lambda: len(smsc.acknowledged) == 1200)
    assert smsc.acknowledged == [(n, 0) for n in range(1, 1201)]
    assert [a.reply.text for a in shelf.all if a.reply] == [f"text {n}" for n in range(1, 1201)]
    assert len(shelf.lots) <= 12
    assert max(map(len, shelf.lots)) <= 500


async def test_a_flood_waits_at_the_peer(
    smsc: FaultySmsc, shelf: Shelf, provider: SmppProvider
) -> None:
    """When storing is slow the link is read no further; nothing is lost, nothing piles up."""
    shelf.wait = 1
    for n in range(1, 40_001):
        smsc.deliver(text_from_person(f"text {n}"), n)
    await until(lambda: bool(shelf.lots))
    assert provider._link is not None
    assert provider._link._session is not None
    delivered = provider._link._session._delivered
    await until(lambda: len(delivered) >= 10_000)
    assert len(delivered) < 20_000
    shelf.wait = 0
    await until(lambda: len(smsc.acknowledged) == 40_000)
    assert len(shelf.all) == 40_000


async def test_unreadable_is_refused_for_good_and_harms_no_other(
    smsc: FaultySmsc, shelf: Shelf, provider: SmppProvider
) -> None:
    header = (16 + 5).to_bytes(4) + (5).to_bytes(4) + bytes(4)
    smsc.deliver(text_from_person("before"), 1)
    smsc.peers[-1].transport.write(header + (2).to_bytes(4) + b"junk!")
    smsc.deliver(text_from_person("after"), 3)
    await until(lambda: len(smsc.acknowledged) == 3)
    assert smsc.acknowledged == [(1, 0), (2, pdu.REJECTED), (3, 0)]
    assert [a.reply.text for a in shelf.all if a.reply] == ["before", "after"]
    assert [a.raw for a in shelf.all if not a.reply] == [b"junk!".hex()]


def data_sm(
    sequence: int, ton: int, source: str, esm_class: int, *tlvs: tuple[int, bytes]
) -> bytes:
    """One data_sm (SMPP 3.4, 4.7.1): its text, if any, is a TLV."""
    body = b"\0" + bytes((ton, 1)) + source.encode() + b"\0" + b"\1\1" + b"8850\0"
    body += bytes((esm_class, 0, 0))
    body += b"".join(tag.to_bytes(2) + len(v).to_bytes(2) + v for tag, v in tlvs)
    return b"".join(n.to_bytes(4) for n in (16 + len(body), 0x103, 0, sequence)) + body


async def test_data_sm_brings_replies_and_receipts(
    smsc: FaultySmsc, shelf: Shelf, provider: SmppProvider
) -> None:
    text = b"id:m8 sub:001 dlvrd:001 stat:UNDELIV err:005 text:"
    for octets in (
        data_sm(1, 2, "0470000001", 0, (0x0424, b"STOP")),
        data_sm(2, 1, "32470000001", 4, (0x001E, b"m7\0"), (0x0427, b"\x02")),
        data_sm(3, 1, "32470000001", 4, (0x0424, text)),
        data_sm(4, 1, "32470000001", 0)[:-3],
    ):
        smsc.peers[-1].transport.write(len(octets).to_bytes(4) + octets[4:])
    await until(lambda: len(smsc.acknowledged) == 4)
    assert smsc.acknowledged == [(1, 0), (2, 0), (3, 0), (4, pdu.REJECTED)]
    reply, tagged, written, broken = shelf.all
    assert reply.reply is not None
    assert (reply.reply.written, reply.reply.ton, reply.reply.text) == ("0470000001", 2, "STOP")
    assert tagged.receipt is not None
    assert (tagged.receipt.provider_id, tagged.receipt.state) == ("m7", ReceiptState.DELIVERED)
    assert written.receipt is not None
    assert (written.receipt.provider_id, written.receipt.state) == ("m8", ReceiptState.FAILED)
    assert broken.receipt is broken.reply is None


@pytest.mark.parametrize("esm_class", [0x00, 0x04, 0x08, 0x18, 0x20, 0x40, 0x80])
async def test_tags_make_a_receipt_whatever_the_type_says(
    smsc: FaultySmsc, shelf: Shelf, provider: SmppProvider, esm_class: int
) -> None:
    tlvs = [smpp34.Tlv(0x001E, b"m7\0"), smpp34.Tlv(0x0427, b"\x02")]
    smsc.deliver(text_from_person("", esm_class=esm_class, tlvs=tlvs), 7)
    await until(lambda: smsc.acknowledged == [(7, 0)])
    (arrived,) = shelf.all
    assert arrived.receipt is not None
    assert (arrived.receipt.provider_id, arrived.receipt.state) == ("m7", ReceiptState.DELIVERED)


@pytest.mark.parametrize(
    ("ending", "states"),
    [
        ("911", [ReceiptState.DELIVERED]),
        ("910", [ReceiptState.DELIVERED] * 2),
        ("912", [ReceiptState.DELIVERED]),
        ("914", [ReceiptState.FAILED, ReceiptState.DELIVERED]),
    ],
)
async def test_receipts(
    smsc: FaultySmsc,
    shelf: Shelf,
    provider: SmppProvider,
    ending: str,
    states: list[ReceiptState],
) -> None:
    message = outgoing(ending, parts=("Your coffee",), encoding="GSM-7")
    outcome = await provider.send(message)
    assert isinstance(outcome, Accepted)
    await until(lambda: len(shelf.all) == len(states))
    read = [a.receipt for a in shelf.all if a.receipt]
    assert [r.state for r in read] == states
    assert {r.provider_id for r in read} == set(outcome.provider_ids)
    assert {f"+{r.to}" for r in read} == {message.to}
    assert len({a.key for a in shelf.all}) == len(set(states))
    assert len(smsc.texts(message.to)) == 1


async def test_ids_in_hex_and_decimal(smsc: FaultySmsc, shelf: Shelf) -> None:
    smsc.mood.id_style = "{:08X}".format
    smsc.mood.receipt_style = "{:010d}".format
    smsc.ids = iter(range(171, 10_000))  # type: ignore[assignment]
    provider = SmppProvider(smsc.settings(id_format="decimal_to_hex"), SURROUNDINGS)
    provider.listen(shelf.take)
    outcome = await provider.send(outgoing("911", parts=("Hi",), encoding="GSM-7"))
    assert isinstance(outcome, Accepted)
    await until(lambda: bool(shelf.all))
    assert shelf.all[0].receipt is not None
    assert (shelf.all[0].receipt.provider_id,) == outcome.provider_ids == ("ab",)
    await provider.close()


async def test_an_smsc_that_asks_is_answered(
    smsc: FaultySmsc, shelf: Shelf, provider: SmppProvider
) -> None:
    """enquire_link is answered, an unknown request refused, an alert_notification ignored."""
    heard: list[bytes] = []
    peer = smsc.peers[-1]
    peer.data_received = heard.append  # type: ignore[method-assign]
    for command in (0x15, 0x111, 0x102):
        peer.write(command, command)
    await until(lambda: len(b"".join(heard)) >= 32)
    (one, two) = pdu.split(bytearray(b"".join(heard)))
    assert (one.command, one.status, one.sequence) == (0x80000015, 0, 0x15)
    assert (two.command, two.status, two.sequence) == (0x80000000, 3, 0x111)


# the key of what arrived -------------------------------------------------------------------


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def inbox(clock: Clock) -> Inbox:
    return Inbox("gsm", "as_is", clock)


def reply(words: str, sender: str = "32470000001", **more: object) -> pdu.Delivered:
    return pdu.Delivered(sender, "8181", 0, 0, words.encode(), {})


def test_a_repeated_reply_has_its_key_again(inbox: Inbox, clock: Clock) -> None:
    first = inbox.read(reply("STOP"))
    clock.now += timedelta(seconds=2)  # another minute by the clock
    assert inbox.read(reply("STOP")).key == first.key
    assert inbox.read(reply("STOP", "32470000002")).key != first.key


def test_a_reply_that_was_meant_twice_counts_twice(inbox: Inbox, clock: Clock) -> None:
    """STOP, START, STOP: the third is no repetition of the first."""
    keys = []
    for words in ("STOP", "START", "STOP"):
        clock.now += timedelta(minutes=1)
        keys.append(inbox.read(reply(words)).key)
    clock.now += timedelta(minutes=30)
    keys.append(inbox.read(reply("STOP")).key)
    assert len(set(keys)) == 4


def test_another_process_gives_the_same_key(clock: Clock) -> None:
    one, other = Inbox("gsm", "as_is", clock), Inbox("gsm", "as_is", clock)
    assert one.read(reply("STOP")).key == other.read(reply("STOP")).key


def test_parts_that_read_alike_are_two(inbox: Inbox) -> None:
    parts = [
        pdu.Delivered("32470000001", "8181", 0x40, 0, bytes((5, 0, 3, 1, 2, n)) + b"ha", {})
        for n in (1, 2)
    ]
    one, two = map(inbox.read, parts)
    assert one.key != two.key
    assert one.reply == two.reply


@pytest.mark.parametrize(
    ("header", "tags", "is_part"),
    [
        (bytes((5, 0, 3, 7, 2, 2)), {}, True),
        (bytes((6, 8, 4, 0, 7, 2, 2)), {}, True),
        (bytes((9, 5, 2, 1, 2, 0, 3, 7, 2, 1)), {}, True),  # ports stand before
        (b"", {pdu.TAG_SAR_REFERENCE: b"\0\7", pdu.TAG_SAR_TOTAL: b"\2"}, True),
        (bytes((5, 0, 3, 7, 1, 1)), {}, False),  # the only one
        (b"", {pdu.TAG_SAR_TOTAL: b"\1"}, False),
        (bytes((3, 5, 1, 2)), {}, False),
        (b"", {}, False),
    ],
)
def test_a_part_of_a_longer_text_is_told(inbox: Inbox, header, tags, is_part) -> None:
    esm_class = 0x40 if header else 0
    arrived = inbox.read(pdu.Delivered("32470000001", "8181", esm_class, 0, header + b"stop", tags))
    assert arrived.reply is not None
    assert arrived.reply.is_part is is_part


@pytest.mark.parametrize(
    ("coding", "octets"),
    [
        (6, "СТОП".encode("iso8859-5")),
        (8, "СТОП".encode("utf-16-be")),
        (8, "\ufeffСТОП".encode("utf-16-le")),
        (8, "\ufeffСТОП".encode("utf-16-be")),
    ],
)
def test_letters_of_others(inbox: Inbox, coding: int, octets: bytes) -> None:
    arrived = inbox.read(pdu.Delivered("32470000001", "8181", 0, coding, octets, {}))
    assert arrived.reply is not None
    assert arrived.reply.text == "СТОП"


@pytest.mark.parametrize("coding", [0, 3, 4, 8])
def test_a_receipt_is_read_whatever_it_says_of_its_letters(inbox: Inbox, coding: int) -> None:
    text = (
        b"id:a7 sub:001 dlvrd:001 submit date:2611290800 done date:2611290801 stat:DELIVRD err:000"
    )
    arrived = inbox.read(pdu.Delivered("32470000001", "8181", 4, coding, text, {}))
    assert arrived.receipt is not None
    assert (arrived.receipt.provider_id, arrived.receipt.state) == ("a7", ReceiptState.DELIVERED)


def test_receipts_without_an_id_are_told_apart(inbox: Inbox) -> None:
    def receipt(day: int) -> pdu.Delivered:
        text = f"id: sub:001 done date:26112{day}0800 stat:DELIVRD err:000"
        return pdu.Delivered("32470000001", "8181", 4, 0, text.encode(), {})

    assert inbox.read(receipt(1)).key == inbox.read(receipt(1)).key
    assert inbox.read(receipt(1)).key != inbox.read(receipt(2)).key


def test_the_memory_is_bounded(inbox: Inbox) -> None:
    for n in range(6_000):
        inbox.read(reply("STOP", f"3247000{n:05d}"))
    assert len(inbox._last) == 5_000


@given(
    st.builds(
        pdu.Delivered,
        source=st.text(st.characters(max_codepoint=255), max_size=21),
        destination=st.text(st.characters(max_codepoint=255), max_size=21),
        esm_class=st.integers(0, 255),
        data_coding=st.integers(0, 255),
        text=st.binary(max_size=300),
        tlvs=st.dictionaries(st.sampled_from([0x1E, 0x427, 0x423, 0x424, 0x1400]), st.binary()),
    ),
    st.sampled_from(["gsm", "latin1", "ucs2"]),
    st.sampled_from(["as_is", "hex_to_decimal", "decimal_to_hex"]),
)
def test_anything_can_be_read(one: pdu.Delivered, alphabet: str, id_format: str) -> None:
    """One that raised would be repeated for ever, and all others behind it."""
    first = Inbox(alphabet, id_format, lambda: NOW).read(one)
    again = Inbox(alphabet, id_format, lambda: NOW).read(one)
    assert first == again
    assert (first.receipt is None) != (first.reply is None)
    first.raw.encode()
