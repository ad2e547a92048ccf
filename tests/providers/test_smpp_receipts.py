"""Delivery receipts as operators write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tearoff.providers.base import Reason, ReceiptState
from tearoff.providers.smpp import pdu, receipts
from tearoff.providers.smpp.pdu import Delivered

STANDARD = (
    "id:{} sub:001 dlvrd:001 submit date:2611230800 done date:2611230801 stat:{} err:{} text:Hi"
)


def delivered(text: str = "", tlvs: dict[int, bytes] | None = None, esm_class: int = 4):
    return Delivered("32470000001", "BeanLeaf", esm_class, 0, text.encode(), tlvs or {})


def read(text: str, tlvs: dict[int, bytes] | None = None, id_format: str = "as_is"):
    return receipts.read_receipt(delivered(text, tlvs), text, id_format)


@pytest.mark.parametrize(
    ("stat", "state", "reason"),
    [
        ("DELIVRD", ReceiptState.DELIVERED, None),
        ("Delivered", ReceiptState.DELIVERED, None),
        ("EXPIRED", ReceiptState.FAILED, Reason.EXPIRED),
        ("DELETED", ReceiptState.FAILED, Reason.OTHER),
        ("UNDELIV", ReceiptState.FAILED, Reason.UNREACHABLE),
        ("undeliverable", ReceiptState.FAILED, Reason.UNREACHABLE),
        ("FAILED", ReceiptState.FAILED, Reason.UNREACHABLE),
        ("REJECTD", ReceiptState.FAILED, Reason.FILTERED),
        ("REJECTED", ReceiptState.FAILED, Reason.FILTERED),
        ("ACCEPTD", ReceiptState.SENT, None),
        ("ENROUTE", ReceiptState.SENT, None),
        ("UNKNOWN", ReceiptState.UNKNOWN, None),
        ("WHATEVER", ReceiptState.UNKNOWN, None),
        ("", ReceiptState.UNKNOWN, None),
    ],
)
def test_states(stat: str, state: ReceiptState, reason: Reason | None) -> None:
    receipt = read(STANDARD.format("m1", stat, "000"))
    assert (receipt.state, receipt.reason, receipt.provider_id) == (state, reason, "m1")
    assert receipt.to == "32470000001"


@pytest.mark.parametrize(
    "text",
    [
        "id:m1 stat:DELIVRD",
        "ID:m1 STAT:delivrd ERR:000",
        "id: m1 sub: 001 dlvrd: 001 submit date: 26 done date: 26 stat: DELIVRD err: text:",
        "id:m1 submit_date:2611230800 done_date:2611230801 stat:DELIVRD err: text:",
        "id :m1 stat :DELIVRD",
        "id:m1\tstat:DELIVRD\nerr:0",
        "id:m1 stat:DELIVRD text:id:m2 stat:UNDELIV err:7",
    ],
)
def test_spellings(text: str) -> None:
    receipt = read(text)
    assert (receipt.provider_id, receipt.state) == ("m1", ReceiptState.DELIVERED)
    assert receipt.text == "DELIVRD"


def test_an_error_is_told() -> None:
    assert read(STANDARD.format("m1", "UNDELIV", "0x1F")).text == "UNDELIV error 0x1F"
    assert read("id:1 stat:UNDELIV", {0x0423: b"\x03\x01\x02"}).text == "UNDELIV error 258"


def test_tags_come_before_text() -> None:
    tlvs = {0x001E: b"tagged\0", 0x0427: b"\x05", 0x0423: b"\x03\x00\x09"}
    receipt = read(STANDARD.format("written", "DELIVRD", "000"), tlvs)
    assert (receipt.provider_id, receipt.state) == ("tagged", ReceiptState.FAILED)
    assert receipt.text == "UNDELIV error 9"


@pytest.mark.parametrize(("octet", "word"), receipts.NUMBERED.items())
def test_numbered_states(octet: int, word: str) -> None:
    assert read("", {0x0427: bytes((octet,))}).state is receipts.STATES[word]


@pytest.mark.parametrize(
    ("id_format", "answered", "receipted"),
    [
        ("as_is", "m1", "m1"),
        ("as_is", "0000012345", "12345"),
        ("as_is", "12345", "0000012345"),
        ("as_is", "0", "0"),
        ("as_is", "AbC", "AbC"),
        ("hex_to_decimal", "0074565", "12345"),
        ("hex_to_decimal", "74565", "00012345"),
        ("decimal_to_hex", "12345", "74565"),
        ("decimal_to_hex", "0001E2440A", "0031605770"),
        ("decimal_to_hex", "not-a-number", "NOT-A-NUMBER"),
    ],
)
def test_ids_meet(id_format: str, answered: str, receipted: str) -> None:
    """What the answer to the submit said, and what the receipt says, become the same."""
    kept = receipts.answered_id(answered, id_format)
    assert receipts.normal_id(receipted, id_format) == kept != ""


def test_only_the_smsc_can_write_a_receipt() -> None:
    """A person who sends the words of a receipt has sent a text."""
    forged = STANDARD.format("m1", "DELIVRD", "000")
    assert not receipts.is_receipt(delivered(forged, esm_class=0))
    assert not receipts.is_receipt(delivered(forged, esm_class=0x40))
    assert not receipts.is_receipt(delivered(forged, esm_class=3))
    for esm_class in (4, 0x44, 0x20, 7):
        assert receipts.is_receipt(delivered(forged, esm_class=esm_class))
    assert receipts.is_receipt(delivered(forged, {pdu.TAG_RECEIPTED_ID: b"m1\0"}, 0))


words = st.one_of(st.text(max_size=60), st.text("id:stater 0123", max_size=80))


@given(
    words,
    st.dictionaries(st.sampled_from([0x1E, 0x427, 0x423]), st.binary(max_size=5)),
    st.sampled_from(receipts.ID_FORMATS),
)
def test_never_raises(text: str, tlvs: dict[int, bytes], id_format: str) -> None:
    receipt = receipts.read_receipt(delivered("", tlvs), text, id_format)
    assert (receipt.reason is not None) == (receipt.state is ReceiptState.FAILED)
    assert "\0" not in receipt.provider_id or "\0" in text
    assert len(receipt.provider_id) <= 120


def test_a_very_long_id_does_not_raise() -> None:
    for id_format in receipts.ID_FORMATS:
        assert read("id:" + "9" * 6000 + " stat:DELIVRD", id_format=id_format).provider_id
