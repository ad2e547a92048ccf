"""The wire format: building and reading PDUs. Integers are big-endian, strings end in NUL."""

from __future__ import annotations

import struct

import msgspec

GENERIC_NACK = 0x80000000
BIND_TRANSCEIVER = 0x00000009
SUBMIT_SM = 0x00000004
DELIVER_SM = 0x00000005
UNBIND = 0x00000006
OUTBIND = 0x0000000B
ENQUIRE_LINK = 0x00000015
ALERT_NOTIFICATION = 0x00000102
DATA_SM = 0x00000103
RESPONSE = 0x80000000
DELIVERIES = frozenset({DELIVER_SM, DATA_SM})
"""How an SMSC brings receipts and texts; their answers look the same."""
UNANSWERED = frozenset({OUTBIND, ALERT_NOTIFICATION})
"""Requests to which the specification knows no answer."""

OK = 0x00
INVALID_COMMAND_LENGTH = 0x02
INVALID_COMMAND = 0x03
ALREADY_BOUND = 0x05
BIND_FAILED = 0x0D
INVALID_PASSWORD = 0x0E
INVALID_SYSTEM_ID = 0x0F
QUEUE_FULL = 0x14
INVALID_SYSTEM_TYPE = 0x53
THROTTLED = 0x58
TEMPORARY = 0x64
REJECTED = 0x66

TAG_PAYLOAD = 0x0424
TAG_RECEIPTED_ID = 0x001E
TAG_MESSAGE_STATE = 0x0427
TAG_NETWORK_ERROR = 0x0423
TAG_SAR_REFERENCE = 0x020C
TAG_SAR_TOTAL = 0x020E
TAG_SAR_NUMBER = 0x020F

HEADER = struct.Struct(">IIII")
MAX_LENGTH = 70_000
"""No PDU of ours or an honest peer is longer: 64 KB of payload and some fields."""


class Malformed(ValueError):
    """Octets that are no PDU."""


class Pdu(msgspec.Struct, frozen=True):
    command: int
    status: int
    sequence: int
    body: bytes = b""


class Submit(msgspec.Struct, frozen=True):
    """The fields of submit_sm that we set; deliver_sm has the same layout."""

    source: str
    source_ton: int
    source_npi: int
    destination: str
    destination_ton: int
    destination_npi: int
    esm_class: int
    data_coding: int
    short_message: bytes
    registered_delivery: int = 1
    validity: str = ""
    tlvs: tuple[tuple[int, bytes], ...] = ()


class Delivered(msgspec.Struct, frozen=True):
    source: str
    destination: str
    esm_class: int
    data_coding: int
    text: bytes
    tlvs: dict[int, bytes]
    source_ton: int = 0
    is_broken: bool = False
    """Nothing but `text` is known then: the whole body."""


class Bind(msgspec.Struct, frozen=True):
    system_id: str
    password: str
    system_type: str = ""


def encode(command: int, sequence: int, body: bytes = b"", status: int = OK) -> bytes:
    return HEADER.pack(16 + len(body), command, status, sequence) + body


def encode_bind(bind: Bind) -> bytes:
    strings = (bind.system_id, bind.password, bind.system_type)
    return b"".join(_string(s) for s in strings) + b"\x34\x00\x00\x00"


def encode_submit(submit: Submit) -> bytes:
    return b"".join(
        (
            b"\x00",
            bytes((submit.source_ton, submit.source_npi)),
            _string(submit.source),
            bytes((submit.destination_ton, submit.destination_npi)),
            _string(submit.destination),
            bytes((submit.esm_class, 0, 0)),
            b"\x00",
            _string(submit.validity),
            bytes((submit.registered_delivery, 0, submit.data_coding, 0)),
            bytes((len(submit.short_message),)),
            submit.short_message,
            *(struct.pack(">HH", tag, len(value)) + value for tag, value in submit.tlvs),
        )
    )


def decode_data(body: bytes) -> Delivered:
    """The body of data_sm, whose text is a TLV. Raises `Malformed`."""
    try:
        source_ton, source, destination, at = _read_addresses(body)
        esm_class, data_coding = body[at], body[at + 2]
    except (IndexError, UnicodeDecodeError) as error:
        raise Malformed(str(error)) from None
    tlvs = decode_tlvs(body[at + 3 :])
    text = tlvs.get(TAG_PAYLOAD, b"")
    return Delivered(source, destination, esm_class, data_coding, text, tlvs, source_ton)


def decode_delivered(body: bytes) -> Delivered:
    """The body of deliver_sm (or submit_sm). Raises `Malformed`."""
    try:
        source_ton, source, destination, at = _read_addresses(body)
        esm_class = body[at]
        _, at = _read_string(body, at + 3)
        _, at = _read_string(body, at)
        data_coding, length = body[at + 2], body[at + 4]
        at += 5
        text = body[at : at + length]
        if len(text) != length:
            raise Malformed("a text shorter than it says")
        tlvs = decode_tlvs(body[at + length :])
    except (IndexError, UnicodeDecodeError) as error:
        raise Malformed(str(error)) from None
    text = tlvs.get(TAG_PAYLOAD, text)
    return Delivered(source, destination, esm_class, data_coding, text, tlvs, source_ton)


def _read_addresses(body: bytes) -> tuple[int, str, str, int]:
    """The source's type of number, source, destination, and where the rest begins."""
    _, at = _read_string(body, 0)
    source_ton = body[at]
    source, at = _read_string(body, at + 2)
    destination, at = _read_string(body, at + 2)
    return source_ton, source, destination, at


def decode_tlvs(octets: bytes) -> dict[int, bytes]:
    tlvs, at = {}, 0
    while at + 4 <= len(octets):
        tag, length = struct.unpack_from(">HH", octets, at)
        tlvs[tag] = octets[at + 4 : at + 4 + length]
        at += 4 + length
    return tlvs


def decode_message_id(body: bytes) -> str:
    """The first string of a response; "" when there is none."""
    return body.partition(b"\0")[0].decode("latin-1")


def split(buffer: bytearray) -> list[Pdu]:
    """Take all whole PDUs from the front of the buffer. Raises `Malformed`."""
    found, at, size = [], 0, len(buffer)
    while size - at >= 16:
        length, command, status, sequence = HEADER.unpack_from(buffer, at)
        if not 16 <= length <= MAX_LENGTH:
            raise Malformed(f"a PDU of {length} octets")
        if size - at < length:
            break
        body = bytes(buffer[at + 16 : at + length])
        found.append(Pdu(command, status, sequence, body))
        at += length
    del buffer[:at]
    return found


def _string(text: str) -> bytes:
    return text.encode("latin-1", "replace").replace(b"\0", b"") + b"\0"


def _read_string(octets: bytes, at: int) -> tuple[str, int]:
    end = octets.find(b"\0", at)
    if end < 0:
        raise Malformed("a string without its end")
    return octets[at:end].decode("latin-1"), end + 1
