"""Bodies survive parsing and serialising again, in the languages of the field."""

import json
import os
import shutil
import subprocess
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tearoff.hooks.bodies import Body, Customer, Message, encode
from tests.hooks.listening import listen, make_session

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
NASTY = "".join(map(chr, range(1, 0x180))) + "/<>&'\"\\ é 😀 \u2028\u2029\u200b\ufeff\ufffe"


def body_with(text, sequence=123):
    body = Body(
        campaign="cam_1", coupon={"title": text}, customid=text,
        customer=Customer(firstname=text, customid=text), status={"uses": 0, "utm_term": None},
        message=Message(text=text),
    )  # fmt: skip
    before, after = encode("evt_x", "coupon_opened", NOW, body)
    return before + str(sequence).encode() + after


@given(st.text(st.characters(exclude_categories=["Cs"])), st.integers(1, 2**53 - 1))
def test_in_python(text, sequence):
    raw = body_with(text, sequence)
    told = json.loads(raw)
    assert json.dumps(told, separators=(",", ":"), ensure_ascii=False).encode() == raw
    assert told["sequence"] == sequence
    assert told["customid"] == text.replace("\u2028", "\n").replace("\u2029", "\n")


def test_in_javascript():
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    raw = body_with(NASTY, 2**53 - 1)
    script = "process.stdout.write(JSON.stringify(JSON.parse(require('fs').readFileSync(0))))"
    done = subprocess.run([node, "-e", script], input=raw, capture_output=True, check=True)
    assert done.stdout == raw


@pytest.mark.parametrize("as_arrays", ["true", "false"])
def test_in_php(as_arrays):
    if shutil.which("php") is None and "CI" not in os.environ:
        pytest.skip("PHP is not installed (Debian: apt-get install php-cli)")
    raw = body_with(NASTY, 2**53 - 1)
    script = (
        f"echo json_encode(json_decode(file_get_contents('php://stdin'), {as_arrays}),"
        " JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE);"
    )
    done = subprocess.run(["php", "-r", script], input=raw, capture_output=True, check=True)
    assert done.stdout == raw


def test_nothing_in_it_that_php_writes_otherwise():
    """PHP (with JSON_UNESCAPED_SLASHES and _UNICODE) turns empty objects into lists, and escapes
    the line separators."""
    for body in (Body(), Body(message=Message()), Body(customer=Customer(firstname=NASTY))):
        raw = b"".join(encode("evt_x", "webhook_test", NOW, body))
        assert b"{}" not in raw and b"[]" not in raw
        assert b"\xe2\x80\xa8" not in raw and b"\xe2\x80\xa9" not in raw
        assert b"\\/" not in raw and b"\\u2" not in raw


async def test_on_the_wire(caller, receiver):
    await listen(caller, receiver)
    name = 'Zoë \\ "/<b>&amp;</b>\u2028 😀'
    await make_session(caller, firstname=name, customid="ü/ñ", customfield1="\u200b")
    (got,) = await receiver.wait_for(1)
    assert got.body["customer"]["firstname"] == name.replace("\u2028", "\n")
    assert got.headers["Content-Type"] == "application/json"
