from __future__ import annotations

import asyncio
import gzip
import ipaddress
import socket
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from tearoff.kit.http import (
    MAX_ANSWER,
    AnswerLost,
    AnswerTooLarge,
    PrivateAddress,
    fetch,
    is_public,
    open_session,
    resolve_public,
)
from tests.listening import listening

PUBLIC = ["8.8.8.8", "1.1.1.1", "192.0.1.1", "100.128.0.1", "172.32.0.1", "2606:4700:4700::1111",
          "2a00:1450:400e::1", "64:ff9b::808:808", "::ffff:8.8.8.8", "2002:808:808::1"]  # fmt: skip
PRIVATE = {
    "0.0.0.0": "unspecified",
    "0.1.2.3": "this network",
    "10.0.0.1": "private",
    "100.64.0.1": "carrier-grade NAT",
    "100.127.255.255": "carrier-grade NAT",
    "127.0.0.1": "loopback",
    "127.9.9.9": "loopback",
    "169.254.169.254": "link-local, cloud metadata",
    "172.16.0.1": "private",
    "172.31.255.255": "private",
    "192.0.0.9": "protocol assignments",
    "192.0.2.1": "documentation",
    "192.88.99.1": "6to4 relay",
    "192.168.1.1": "private",
    "198.18.0.1": "benchmarking",
    "203.0.113.9": "documentation",
    "224.0.0.1": "multicast",
    "239.255.255.250": "multicast",
    "240.0.0.1": "reserved",
    "255.255.255.255": "broadcast",
    "::": "unspecified",
    "::1": "loopback",
    "::7f00:1": "IPv4-compatible",
    "::ffff:127.0.0.1": "mapped loopback",
    "::ffff:10.0.0.1": "mapped private",
    "64:ff9b::7f00:1": "NAT64 of loopback",
    "64:ff9b::a00:1": "NAT64 of private",
    "64:ff9b:1::1": "local NAT64",
    "100::1": "discard",
    "2001::1": "Teredo",
    "2001:db8::1": "documentation",
    "2002:7f00:1::1": "6to4 of loopback",
    "2002:a9fe:a9fe::1": "6to4 of link-local",
    "3fff::1": "documentation",
    "5f00::1": "segment routing",
    "fc00::1": "unique local",
    "fd12::1": "unique local",
    "fe80::1": "link-local",
    "fe80::1%eth0": "link-local with zone",
    "fec0::1": "site-local",
    "ff02::1": "multicast",
}


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", PRIVATE)
def test_special_addresses(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


@given(st.ip_addresses(v=4))
def test_ipv6_forms_of_an_address_count_as_that_address(address: ipaddress.IPv4Address) -> None:
    number = int(address)
    forms = (0xFFFF << 32 | number, 0x64FF9B << 96 | number, 0x2002 << 112 | number << 80)
    for form in forms:
        assert is_public(ipaddress.IPv6Address(form)) == is_public(address)


class Server:
    """Answers by path, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        self.asked.append(request.path)
        self.headers.append(dict(request.headers))
        match request.path:
            case "/redirect":
                return web.Response(status=307, headers={"Location": f"{self.url}/target"})
            case "/large":
                return web.Response(body=b"x" * (MAX_ANSWER + 1))
            case "/exactly":
                return web.Response(body=b"x" * MAX_ANSWER)
            case "/bomb":
                packed = gzip.compress(b"0" * 50_000_000)
                return web.Response(body=packed, headers={"Content-Encoding": "gzip"})
            case "/slow":
                await asyncio.sleep(4)
            case "/cookie":
                return web.Response(headers={"Set-Cookie": "a=b"})
            case "/hang-up":
                assert request.transport is not None
                request.transport.close()
        return web.Response(text="ok", headers={"X-Said": "Yes"})


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    server = Server()
    runner = web.ServerRunner(web.Server(server.answer), shutdown_timeout=0.1)
    async with listening(runner) as server.port:
        yield server


async def test_an_answer(server: Server) -> None:
    async with open_session(allow_loopback=True, headers={"X-Mine": "1"}) as session:
        answer = await fetch(session, "POST", f"{server.url}/x", data=b"a=b")
    assert (answer.status, answer.body, answer.headers["x-said"]) == (200, b"ok", "Yes")
    assert server.headers[0]["X-Mine"] == "1"


HOSTS = ("127.0.0.1", "127.9.9.9", "0.0.0.0", "localhost", "LocalHost", "[::1]",
         "[::ffff:127.0.0.1]", "0x7f.1", "10.0.0.1", "169.254.169.254")  # fmt: skip


@pytest.mark.parametrize("host", HOSTS)
async def test_nothing_private_is_called(server: Server, host: str) -> None:
    async with open_session() as session:
        with pytest.raises(PrivateAddress, match="private"):
            await fetch(session, "GET", f"http://{host}:{server.port}/x")
    assert server.asked == []


@pytest.mark.parametrize("host", ["2130706433", "127.1", "017700000001", "0177.0.0.1"])
async def test_odd_ways_to_write_an_address(server: Server, host: str) -> None:
    async with open_session() as session:
        with pytest.raises((PrivateAddress, aiohttp.InvalidURL)):
            await fetch(session, "GET", f"http://{host}:{server.port}/x")
    assert server.asked == []


@pytest.mark.parametrize(
    ("host", "allowed"),
    [
        ("127.0.0.1", ("127.0.0.1",)),
        ("localhost", ("LOCALHOST.",)),
        ("localhost", ("127.0.0.1",)),
        ("127.0.0.1", ("127.0.0.1:PORT",)),
        ("localhost", ("127.0.0.1:PORT",)),
        ("localhost", ("Localhost:PORT",)),
    ],
)
async def test_an_allowed_host(server: Server, host: str, allowed: tuple[str, ...]) -> None:
    allowed = tuple(one.replace("PORT", str(server.port)) for one in allowed)
    async with open_session(allowed_hosts=allowed) as session:
        assert (await fetch(session, "GET", f"http://{host}:{server.port}/x")).status == 200


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_an_allowed_port_opens_no_other(server: Server, host: str) -> None:
    allowed = (f"{host}:{server.port + 1}", f"{host}:{server.port}0", f"[::1]:{server.port}")
    async with open_session(allowed_hosts=allowed) as session:
        with pytest.raises(PrivateAddress):
            await fetch(session, "GET", f"http://{host}:{server.port}/x")
    assert server.asked == []


async def test_allowing_one_host_allows_no_other(server: Server) -> None:
    async with open_session(allowed_hosts=("sms.internal", "localhost")) as session:
        with pytest.raises(PrivateAddress):
            await fetch(session, "GET", f"{server.url}/x")
    async with open_session(allow_loopback=True) as session:
        with pytest.raises(PrivateAddress):
            await fetch(session, "GET", "http://192.168.0.1/x")


async def test_redirects_are_answers(server: Server) -> None:
    async with open_session(allow_loopback=True) as session:
        assert (await fetch(session, "POST", f"{server.url}/redirect")).status == 307
    assert server.asked == ["/redirect"]


@pytest.mark.parametrize("path", ["/large", "/bomb"])
async def test_the_answer_has_a_cap(server: Server, path: str) -> None:
    async with open_session(allow_loopback=True) as session:
        with pytest.raises(AnswerTooLarge):
            await fetch(session, "GET", f"{server.url}{path}")
        assert len((await fetch(session, "GET", f"{server.url}/exactly")).body) == MAX_ANSWER


async def test_cookies_are_not_kept(server: Server) -> None:
    async with open_session(allow_loopback=True) as session:
        for path in ("/cookie", "/x"):
            await fetch(session, "GET", f"{server.url}{path}")
    assert "Cookie" not in server.headers[1]


async def test_the_environments_proxy_is_not_used(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    async with open_session(allow_loopback=True) as session:
        assert (await fetch(session, "GET", f"{server.url}/x")).status == 200


async def test_a_broken_connection_is_an_answer_lost_and_not_asked_again(server: Server) -> None:
    async with open_session(allow_loopback=True) as session:
        for method in ("GET", "POST"):
            with pytest.raises(AnswerLost):
                await fetch(session, method, f"{server.url}/hang-up")
    assert server.asked == ["/hang-up"] * 2


async def test_waiting_for_a_free_connection_is_not_sending(server: Server) -> None:
    async with open_session(allow_loopback=True, connections=1) as session:
        slow = asyncio.create_task(fetch(session, "GET", f"{server.url}/slow"))
        await asyncio.sleep(0.1)
        with pytest.raises(aiohttp.ConnectionTimeoutError):
            await fetch(session, "POST", f"{server.url}/waiting")
        await slow
    assert server.asked == ["/slow"]


async def test_nobody_there() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/"
        async with open_session(allow_loopback=True) as session:
            with pytest.raises(aiohttp.ClientConnectorError):
                await fetch(session, "GET", url)


class TestResolve:
    async def test_addresses_to_connect_to(self) -> None:
        (found, *_) = await resolve_public("127.0.0.1", 2775, allow_loopback=True)
        assert found[4][:2] == ("127.0.0.1", 2775)
        (named, *_) = await resolve_public("8.8.8.8", 2775)
        assert named[0] == socket.AF_INET

    @pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "10.1.1.1", "fe80::1"])
    async def test_private_ones(self, host: str) -> None:
        with pytest.raises(PrivateAddress):
            await resolve_public(host, 2775)

    async def test_allowed_ones(self) -> None:
        for allowed in ("10.1.1.1", "10.1.1.1:2775"):
            assert await resolve_public("10.1.1.1", 2775, allowed_hosts=(allowed,))
        for allowed in ("[fd00::7]", "fd00::7", "[fd00::7]:2775"):
            assert await resolve_public("fd00::7", 2775, allowed_hosts=(allowed,))
        with pytest.raises(PrivateAddress):
            await resolve_public("10.1.1.1", 2776, allowed_hosts=("10.1.1.1:2775",))

    @pytest.mark.parametrize("host", ["nobody.invalid", "a" * 64 + ".example", "a..b", "", "x y"])
    async def test_names_that_lead_nowhere(self, host: str) -> None:
        with pytest.raises(OSError) as raised:
            await resolve_public(host, 2775)
        assert not isinstance(raised.value, PrivateAddress) or host == ""

    async def test_only_the_public_ones_of_several(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A name with a public and a private address: only the public one is called."""

        def answer(host: str, port: int, *args: Any, **kwargs: Any) -> list[Any]:
            kind = (socket.AF_INET, socket.SOCK_STREAM, 6, "")
            return [(*kind, (address, port)) for address in ("10.0.0.1", "8.8.8.8")]

        monkeypatch.setattr(socket, "getaddrinfo", answer)
        found = await resolve_public("two.example.com", 80)
        assert [info[4][0] for info in found] == ["8.8.8.8"]
