"""Texts as octets: alphabets, parts, and back. What the network would put together again is
what was sent."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tearoff.messages.segments import measure
from tearoff.providers.smpp import pdu, text

VECTORS = json.loads(
    (Path(__file__).parents[1] / "data" / "segment_vectors.json").read_text("utf-8")
)["vectors"]
GSM_CHARACTERS = "".join(c for c in text.BASIC if c != "\x1b") + "".join(text.EXTENSION)
gsm_texts = st.text(st.sampled_from(GSM_CHARACTERS), max_size=500)
any_texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=300)


def whole(pieces: list[text.Piece], alphabet: str = "gsm") -> str:
    """What a phone shows: the parts in the order of their numbers, put together."""
    octets = []
    for esm_class, coding, short, tlvs in pieces:
        body = dict(tlvs).get(pdu.TAG_PAYLOAD, text.without_header(short, esm_class))
        octets.append((coding, body))
    return "".join(text.decode(body, coding, alphabet) for coding, body in octets)


@given(gsm_texts)
def test_gsm_reads_back(given: str) -> None:
    assert text.is_gsm(given)
    assert text.from_gsm(text.to_gsm(given)) == given


@given(st.binary(max_size=300), st.integers(0, 255), st.sampled_from(text.ALPHABETS))
def test_any_octets_are_a_text(octets: bytes, coding: int, alphabet: str) -> None:
    read = text.decode(octets, coding, alphabet)
    assert "\0" not in read
    read.encode("utf-8")


@pytest.mark.parametrize(
    ("octets", "coding", "alphabet", "read"),
    [
        (b"\x00\x1b\x65 5", 0, "gsm", "@€ 5"),
        (b"caf\xe9", 0, "latin1", "café"),
        (b"caf\xe9", 3, "gsm", "café"),
        (b"STOP", 1, "gsm", "STOP"),
        ("Ελλάδα 😀".encode("utf-16-be"), 8, "gsm", "Ελλάδα 😀"),
        ("STOP".encode("utf-16-be"), 0x18, "gsm", "STOP"),
        (b"\xd8\x3d", 8, "gsm", "�"),
        (b"a\x1b", 0, "gsm", "a"),
        (b"a\x1b\x1bb", 0, "gsm", "a b"),
        (b"\x1b\x41", 0, "gsm", "A"),
        (b"\x00S\x00T\x00O\x00P\x00\x00", 8, "gsm", "STOP"),
    ],
)
def test_reads(octets: bytes, coding: int, alphabet: str, read: str) -> None:
    assert text.decode(octets, coding, alphabet) == read


@pytest.mark.parametrize("long", text.LONG)
@pytest.mark.parametrize("alphabet", text.ALPHABETS)
@given(given=st.one_of(gsm_texts, any_texts), reference=st.integers(0, 0xFFFF))
def test_what_was_sent_arrives(alphabet: str, long: str, given: str, reference: int) -> None:
    cut = measure(given)
    pieces = text.pieces(cut.parts, cut.encoding, alphabet, long, reference)
    assert whole(pieces, alphabet) == given
    assert len({coding for _, coding, _, _ in pieces}) == 1, "one text, two alphabets"
    for _, coding, octets, _ in pieces:
        assert len(octets) <= text.MOST_OCTETS[coding]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda v: v["id"])
def test_as_many_pieces_as_were_promised(vector: dict) -> None:
    cut = measure(vector["text"])
    pieces = text.pieces(cut.parts, cut.encoding, "gsm", "udh", 7)
    assert len(pieces) == max(1, vector["expect"]["segments"])
    coding = {"GSM-7": 0, "UCS-2": 8}[vector["expect"]["encoding"]]
    assert {c for _, c, _, _ in pieces} == {coding}


def test_header() -> None:
    pieces = text.pieces(["a" * 153, "€" * 70], "GSM-7", "gsm", "udh", 0x1234)
    assert [p[0] for p in pieces] == [0x40, 0x40]
    assert pieces[0][2] == b"\x05\x00\x03\x34\x02\x01" + b"a" * 153
    assert pieces[1][2] == b"\x05\x00\x03\x34\x02\x02" + b"\x1b\x65" * 70


def test_tlvs() -> None:
    pieces = text.pieces(["a", "b"], "UCS-2", "gsm", "sar", 0x1234)
    assert [(p[0], p[1], p[2]) for p in pieces] == [(0, 8, b"\0a"), (0, 8, b"\0b")]
    assert [dict(p[3]) for p in pieces] == [
        {0x020C: b"\x12\x34", 0x020E: b"\x02", 0x020F: bytes((n,))} for n in (1, 2)
    ]


def test_payload() -> None:
    pieces = text.pieces(["a" * 153, "b"], "GSM-7", "gsm", "payload", 1)
    assert pieces == [(0, 0, b"", ((0x0424, b"a" * 153 + b"b"),))]


def test_one_part_needs_no_payload() -> None:
    assert text.pieces(["a" * 160], "GSM-7", "gsm", "payload", 1) == [(0, 0, b"a" * 160, ())]


def test_what_was_not_cut_goes_out_as_one_payload() -> None:
    """161 to 254 octets in a short_message are refused by some SMSCs."""
    ((_, _, short, tlvs),) = text.pieces(["a" * 161], "GSM-7", "gsm", "udh", 1)
    assert (short, tlvs) == (b"", ((0x0424, b"a" * 161),))


def test_latin1_is_sent_as_plain_text() -> None:
    assert text.pieces(["é è"], "GSM-7", "latin1", "udh", 1) == [(0, 0, b"\xe9 \xe8", ())]


def test_what_latin1_lacks_is_sent_as_ucs2() -> None:
    pieces = text.pieces(["€ " + "a" * 150, "é" * 100], "GSM-7", "latin1", "udh", 1)
    assert [c for _, c, _, _ in pieces] == [8] * 4
    assert whole(pieces) == "€ " + "a" * 150 + "é" * 100


def test_a_text_that_was_called_gsm_and_is_not_is_not_mangled() -> None:
    assert whole(text.pieces(["prêt ç"], "GSM-7", "gsm", "udh", 1)) == "prêt ç"


def test_no_surrogate_pair_is_cut() -> None:
    parts = text.split_ucs2("a" + "😀" * 100)
    assert "".join(p.decode("utf-16-be") for p in parts) == "a" + "😀" * 100
    assert max(map(len, parts)) <= 134
