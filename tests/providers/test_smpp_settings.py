from __future__ import annotations

import re
from pathlib import Path

import pytest

from tearoff.providers.base import BadSettings, Outgoing, Surroundings
from tearoff.providers.registry import open_provider
from tearoff.providers.smpp import pdu, submits
from tearoff.providers.smpp.settings import FIELDS, problem_of_sender, read_settings

GIVEN = {"host": "smsc.example.com", "system_id": "tearoff", "password": "s3cret"}


def body(**settings: str) -> bytes:
    message = Outgoing(1, "+32470000001", "Hi", "GSM-7", ("Hi",))
    (one,) = submits.bodies(message, read_settings(GIVEN | settings), 1)
    return one


def test_defaults() -> None:
    read = read_settings(GIVEN)
    assert (read.port, read.window, read.rate, read.answer_seconds) == (2775, 10, None, 10)
    assert (read.alphabet, read.long, read.id_format, read.tls) == ("gsm", "udh", "as_is", None)
    assert (read.enquire_seconds, read.source_ton, read.validity_minutes) == (30, None, None)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("host", ""),
        ("host", "smpp://smsc.example.com"),
        ("host", "smsc example"),
        ("port", "0"),
        ("port", "65536"),
        ("port", "2775a"),
        ("port", "٢٧٧٥"),
        ("port", "9" * 5000),
        ("window", "0"),
        ("window", "1001"),
        ("window", "-1"),
        ("rate", "0"),
        ("rate", "1.5"),
        ("alphabet", "utf-8"),
        ("long", "udhi"),
        ("id_format", "hex"),
        ("validity_minutes", "44640"),
        ("source_ton", "7"),
        ("source_npi", "x"),
        ("enquire_seconds", "0"),
        ("answer_seconds", "61"),
        ("max_binds", "0"),
        ("sender", "TwelveLetter"),
        ("sender", "Bäckerei"),
        ("sender", "1" * 21),
        ("system_id", "a\nb"),
        ("system_id", "x" * 201),
        ("password", "päss"),
        ("tls", "maybe"),
    ],
)
def test_bad_settings_name_the_field(field: str, value: str) -> None:
    with pytest.raises(BadSettings, match=f"^{field}: ") as raised:
        open_settings(GIVEN | {field: value})
    assert raised.value.field == field
    assert "s3cret" not in str(raised.value)


def open_settings(settings: dict[str, str]) -> None:
    open_provider("smpp", settings, Surroundings("."))


@pytest.mark.parametrize("field", ["tls_ca_file", "tls_cert_file"])
def test_files_that_are_none(field: str, tmp_path: Path) -> None:
    for file in (tmp_path / "missing", tmp_path / "no-pem"):
        (tmp_path / "no-pem").write_text("hello")
        with pytest.raises(BadSettings) as raised:
            open_settings(GIVEN | {"tls": "true", field: str(file)})
        assert raised.value.field == field


def test_files_are_not_read_without_tls() -> None:
    assert read_settings(GIVEN | {"tls": "no", "tls_ca_file": "/nowhere"}).tls is None


def test_longer_than_the_standard_is_sent() -> None:
    read = read_settings(
        GIVEN | {"password": "a password of more than eight", "system_id": "x" * 16}
    )
    assert read.password == "a password of more than eight"
    assert "password" not in repr(read)


@pytest.mark.parametrize(
    ("sender", "starts"),
    [
        ("", "\0\0\0\0"),
        ("BeanLeaf", "\0\5\0BeanLeaf\0"),
        ("Bean & Leaf", "\0\5\0Bean & Leaf\0"),
        ("+32470000000", "\0\1\00132470000000\0"),
        ("32470000000", "\0\1\00132470000000\0"),
        ("1234", "\0\3\0001234\0"),
        ("123456", "\0\3\000123456\0"),
        ("1234567", "\0\1\0011234567\0"),
    ],
)
def test_kind_of_sender(sender: str, starts: str) -> None:
    assert body(sender=sender).startswith(starts.encode())


def test_kind_of_sender_is_overridden() -> None:
    assert body(sender="1234", source_ton="0", source_npi="1").startswith(b"\0\0\0011234\0")
    assert body(sender="1234", source_npi="1").startswith(b"\0\3\0011234\0")


@pytest.mark.parametrize("sender", ["TwelveLetter", "é", "a\0b", "a\nb", "1" * 21, "💥"])
def test_problems_of_senders(sender: str) -> None:
    assert problem_of_sender(sender).endswith(".")


def test_destination_and_receipt() -> None:
    read = body()
    assert b"\1\00132470000001\0" in read
    assert read.endswith(b"\x01\x00\x00\x00\x02Hi")  # registered, replace, coding, id, length
    assert pdu.decode_delivered(read).text == b"Hi"


@pytest.mark.parametrize(
    ("minutes", "time"),
    [
        ("", ""),
        ("1", "000000000100000R"),
        ("90", "000000013000000R"),
        ("1440", "000001000000000R"),
        ("44639", "000030235900000R"),
    ],
)
def test_validity_is_relative(minutes: str, time: str) -> None:
    read = body(validity_minutes=minutes)
    assert re.search(b"\0([0-9]*R?)\0\1\0\0\0\2Hi$", read)[1].decode() == time


def test_every_setting_has_its_field() -> None:
    names = {field.name for field in FIELDS}
    assert names >= set(GIVEN)
    assert {field.name for field in FIELDS if field.secret} == {"password"}
    assert {field.name for field in FIELDS if field.required} == set(GIVEN)
