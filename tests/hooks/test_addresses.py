"""Nothing private is called, whatever a name said when the webhook was made."""

import socket
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from tearoff.hooks import attempt as tries
from tearoff.hooks import signing
from tearoff.hooks.addresses import check_host
from tearoff.hooks.claims import Claimed
from tests.hooks.listening import listen

NOW = datetime.now(UTC)


@pytest.fixture
def outside(settings):
    """Settings of a server that may call nobody on this machine."""
    return msgspec.structs.replace(settings, allow_loopback=False)


async def attempt(services, settings, url):
    secret = services.vault.seal(signing.new_secret().encode())
    claimed = Claimed(
        id=1, account_id=1, endpoint_id=1, tries=1, claimed_until=NOW + timedelta(seconds=30),
        url=url, secret_sealed=secret, previous_secret_sealed=None, previous_until=None,
        api_secret_sealed=None, ref="evt_x", body=b"{}",
    )  # fmt: skip
    async with tries.open_session(settings) as http:
        return await tries.attempt(http, services.vault, claimed, NOW)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "127.1", "0x7f.1", "0.0.0.0"]
)
async def test_this_machine_is_not_called(services, outside, receiver, host):
    result = await attempt(services, outside, f"http://{host}:{receiver.port}/hooks")
    assert (result.status, result.is_success) == (None, False)
    assert receiver.got == []


async def test_a_name_that_changes_its_mind_gains_nothing(services, outside, receiver, monkeypatch):
    """Complaint 29: what began to lead inside after it was saved says where it leads."""
    answers = ["8.8.8.8", "127.0.0.1"]

    def look_up(host, port, *args, **kwargs):
        assert host == "rebinding.example.com"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (answers.pop(0), port))]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    url = f"http://rebinding.example.com:{receiver.port}/hooks"
    await check_host(url, outside)
    result = await attempt(services, outside, url)
    assert result.error == (
        "rebinding.example.com leads to 127.0.0.1, a private or special address. Whoever runs the"
        " server can allow it with TEAROFF_ALLOWED_HOSTS."
    )
    assert answers == [] and receiver.got == []


async def test_the_operator_can_allow_a_host(services, outside, receiver):
    allowed = msgspec.structs.replace(outside, allowed_hosts=("127.0.0.1",))
    url = receiver.url
    assert (await attempt(services, allowed, url)).status == 200
    assert (await attempt(services, outside, url)).status is None
    assert len(receiver.got) == 1


@pytest.mark.parametrize(
    ("typed", "called"),
    [
        ("/w?sp=%2Ftriggers%2Fmanual%2Frun&sig=a%2Bb%2F%3D%3D&k=%3B%2C%26%25%40%3A", None),
        ("/%7E/%41%3b%3D/./a//b/../c", None),
        ("/~!$&'()*+,;=:@/?a[]=/?:@;,&b=%e4", None),
        ("", "/"),
        ("/a bü?x=100%&y=%zz #here", "/a%20b%C3%BC?x=100%25&y=%25zz%20"),
    ],
)
async def test_an_address_is_called_as_it_was_typed(caller, receiver, typed, called):
    base = f"http://127.0.0.1:{receiver.port}"
    made = await listen(caller, receiver, url=base + typed)
    assert made["url"] == base + (called or typed if typed else "")
    await caller.post("/v3/webhook/test", {"webhook": made["ID"]})
    assert [got.target for got in receiver.got] == [called or typed]


async def test_an_address_that_cannot_be_written_is_a_result(services, settings):
    for url in ("http://\u2024\u2024/", "http://a..b/", "nonsense", "http://" + "a" * 70 + "/"):
        result = await attempt(services, settings, url)
        assert result.status is None and result.error
