"""The codec: by itself, against `smpp34` (a codec of others), and with octets of nobody."""

from __future__ import annotations

import struct

import pytest
import smpp34
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tearoff.providers.smpp import pdu

octet = st.integers(0, 255)
word = st.integers(0, 0xFFFFFFFF)
address = st.text("0123456789", max_size=20)
name = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=20)
tag = st.integers(0x1400, 0x3FFF)
tlvs = st.dictionaries(tag, st.binary(max_size=40), max_size=3).map(lambda d: tuple(d.items()))

submits = st.builds(
    pdu.Submit,
    source=name,
    source_ton=st.integers(0, 6),
    source_npi=st.integers(0, 18),
    destination=address,
    destination_ton=st.integers(0, 6),
    destination_npi=st.integers(0, 18),
    esm_class=octet,
    data_coding=octet,
    short_message=st.binary(max_size=254),
    registered_delivery=octet,
    validity=st.sampled_from(["", "000001020300000R"]),
    tlvs=tlvs,
)


@given(submits)
def test_a_submit_reads_back(submit: pdu.Submit) -> None:
    read = pdu.decode_delivered(pdu.encode_submit(submit))
    assert (read.source, read.destination) == (submit.source, submit.destination)
    assert (read.esm_class, read.data_coding) == (submit.esm_class, submit.data_coding)
    assert read.text == submit.short_message
    assert read.tlvs == dict(submit.tlvs)


@given(submits, st.integers(1, 0x7FFFFFFE))
def test_others_read_our_submit(submit: pdu.Submit, sequence: int) -> None:
    octets = pdu.encode(pdu.SUBMIT_SM, sequence, pdu.encode_submit(submit))
    read = smpp34.decode(octets)
    assert isinstance(read, smpp34.SubmitSm)
    assert read.sequence_number == sequence
    assert (read.source_addr, read.destination_addr) == (submit.source, submit.destination)
    assert (read.source_addr_ton, read.source_addr_npi) == (submit.source_ton, submit.source_npi)
    assert (read.dest_addr_ton, read.dest_addr_npi) == (
        submit.destination_ton,
        submit.destination_npi,
    )
    assert (read.esm_class, read.data_coding) == (submit.esm_class, submit.data_coding)
    assert read.registered_delivery == submit.registered_delivery
    assert read.validity_period == submit.validity
    assert read.short_message == submit.short_message
    assert [(t.tag, t.value) for t in read.tlvs] == list(submit.tlvs)
    assert (read.service_type, read.protocol_id, read.priority_flag) == ("", 0, 0)
    assert read.encode() == octets


@given(submits, st.integers(1, 0x7FFFFFFE))
def test_we_read_what_others_write(given: pdu.Submit, sequence: int) -> None:
    theirs = smpp34.DeliverSm(
        given.source,
        given.destination,
        given.short_message,
        service_type="WAP",
        esm_class=given.esm_class,
        protocol_id=3,
        data_coding=given.data_coding,
        tlvs=[smpp34.Tlv(tag, value) for tag, value in given.tlvs],
        sequence_number=sequence,
    )
    (one,) = pdu.split(bytearray(theirs.encode()))
    assert (one.command, one.status, one.sequence) == (pdu.DELIVER_SM, 0, sequence)
    read = pdu.decode_delivered(one.body)
    assert (read.source, read.destination) == (given.source, given.destination)
    assert (read.esm_class, read.data_coding) == (given.esm_class, given.data_coding)
    assert read.text == given.short_message
    assert read.tlvs == dict(given.tlvs)


def test_others_read_our_bind() -> None:
    body = pdu.encode_bind(pdu.Bind("tearoff", "a password of more than eight", "VMA"))
    read = smpp34.decode(pdu.encode(pdu.BIND_TRANSCEIVER, 1, body))
    assert isinstance(read, smpp34.RawPdu)
    assert (read.command_id, read.body) == (9, body)
    assert body == b"tearoff\0a password of more than eight\0VMA\0\x34\0\0\0"


def test_a_payload_stands_in_for_the_text() -> None:
    theirs = smpp34.DeliverSm("1", "2", b"", tlvs=[smpp34.Tlv(pdu.TAG_PAYLOAD, b"x" * 700)])
    (one,) = pdu.split(bytearray(theirs.encode()))
    assert pdu.decode_delivered(one.body).text == b"x" * 700


@given(st.lists(st.tuples(word, word, word, st.binary(max_size=60)), max_size=8), st.randoms())
def test_pdus_come_in_any_pieces(given: list[tuple[int, int, int, bytes]], chance) -> None:
    stream = b"".join(pdu.encode(c, s, body, status) for c, status, s, body in given)
    buffer, found, at = bytearray(), [], 0
    while at < len(stream):
        size = chance.randint(1, 40)
        buffer += stream[at : at + size]
        found += pdu.split(buffer)
        at += size
    assert [(p.command, p.status, p.sequence, p.body) for p in found] == given
    assert not buffer


@given(st.binary(max_size=200))
@example(b"\xff" * 16)
@example(b"HTTP/1.1 400 Bad Request\r\n\r\n")
@example(struct.pack(">IIII", 15, 5, 0, 1))
def test_garbage_is_malformed_at_the_worst(octets: bytes) -> None:
    try:
        found = pdu.split(bytearray(octets))
    except pdu.Malformed:
        return
    assert sum(16 + len(one.body) for one in found) <= len(octets)


@settings(max_examples=400)
@given(st.binary(max_size=120))
def test_a_garbage_body_is_malformed_at_the_worst(octets: bytes) -> None:
    pdu.decode_message_id(octets)
    pdu.decode_tlvs(octets)
    try:
        read = pdu.decode_delivered(octets)
    except pdu.Malformed:
        return
    assert "\0" not in read.source + read.destination


@given(submits, st.data())
def test_a_cut_body_is_malformed_at_the_worst(submit: pdu.Submit, data: st.DataObject) -> None:
    body = pdu.encode_submit(submit)
    cut = body[: data.draw(st.integers(0, len(body)))]
    try:
        read = pdu.decode_delivered(cut)
    except pdu.Malformed:
        return
    assert read.text == submit.short_message


def test_a_pdu_that_is_never_whole_is_not_waited_for() -> None:
    with pytest.raises(pdu.Malformed):
        pdu.split(bytearray(struct.pack(">IIII", 0x7FFFFFFF, 5, 0, 1)))


def test_names_cannot_smuggle_octets() -> None:
    """A NUL in a login would move the fields behind it."""
    assert pdu.encode_bind(pdu.Bind("a\0b", "c")).startswith(b"ab\0c\0")
