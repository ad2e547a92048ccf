"""Requests to addresses that a tenant typed: time-outs, a size cap, no redirects, nothing private.

Every outgoing HTTP request (providers, webhooks) goes through a session made here and
through `fetch`. A host is judged by the address that is then connected to, so a name that
changes its mind between the check and the call gains nothing.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
import socket
import ssl
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Any
from urllib.parse import SplitResult, quote, urlsplit

import aiohttp
import msgspec
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.typedefs import Query
from yarl import URL

MAX_ANSWER = 64 * 1024
"""Octets of an answer's body that are read, after decompression."""

ANSWER_WITHIN = 8.0
"""Seconds of silence after which no answer is expected any more."""


def timeouts_of(answer_within: float) -> aiohttp.ClientTimeout:
    """Seconds. `connect` holds the wait for a free connection too; it is shorter than `total` so
    that running out of it always means that nothing was written."""
    return aiohttp.ClientTimeout(total=10, connect=3, sock_connect=3, sock_read=answer_within)


TIMEOUTS = timeouts_of(ANSWER_WITHIN)

_LOOK_UPS = ThreadPoolExecutor(64, thread_name_prefix="look-up")
"""A look-up cannot be broken off. Names that a tenant's slow name server holds up must not keep
the few threads of the loop busy, which everybody else's look-ups need."""

_STAYS = "%!$&'()*+,;=:@/?[]"
"""What may stand in the path and the query of an address beside letters, digits and `-._~`
(RFC 3986, and the brackets that form fields have); `%` where two digits follow."""

_LONE_PERCENT = re.compile("%(?![0-9A-Fa-f]{2})")

AddressInfo = tuple[int, int, int, str, tuple[Any, ...]]
"""As `socket.getaddrinfo` gives it: family, type, protocol, canonical name, address."""

_GLOBAL_UNICAST = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")
_MORE_PRIVATE = (
    IPv4Network("192.0.0.0/24"),  # protocol assignments
    IPv4Network("192.88.99.0/24"),  # 6to4 relays, given up in RFC 7526
    IPv6Network("3fff::/20"),  # documentation, RFC 9637
)


class PrivateAddress(OSError):
    """The host leads to a private, loopback, link-local or otherwise special address: this one."""

    def __init__(self, host: str, address: str) -> None:
        super().__init__(f"{host} leads to {address}, a private or special address")
        self.host, self.address = host, address


class AnswerTooLarge(aiohttp.ClientPayloadError):
    """The answer's body is over the cap."""


class AnswerLost(aiohttp.ClientConnectionError):
    """The connection broke after the request may have been written."""


class Answer(msgspec.Struct, frozen=True):
    """An answer that was read to its end. `headers` have lower-case names."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def open_session(
    *,
    allowed_hosts: Sequence[str] = (),
    allow_loopback: bool = False,
    connections: int = 100,
    headers: Mapping[str, str] | None = None,
    timeouts: aiohttp.ClientTimeout = TIMEOUTS,
    tls: ssl.SSLContext | None = None,
) -> aiohttp.ClientSession:
    """A session for one service, to be closed by its owner. Needs a running loop.

    `connections` is how many requests are under way at once; others wait up to 3 seconds.
    `tls`: whom to trust, if not the system's authorities.
    """
    gate = Gate(allowed_hosts, allow_loopback)
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(
            resolver=PublicResolver(gate), limit=connections, ssl=tls or True
        ),
        timeout=timeouts,
        headers=headers,
        cookie_jar=aiohttp.DummyCookieJar(),
        middlewares=(gate.guard,),
    )


def as_given(text: str) -> URL:
    """The address with its path and query octet for octet as they were typed: receivers sign and
    compare them, so `%2F` stays `%2F` and `/` stays `/`. Escaped is only what may not stand in
    an address at all, such as a space or a letter beyond ASCII.

    Raises `aiohttp.InvalidURL`, which is a `ValueError`.
    """
    try:
        read, typed = URL(text), urlsplit(text)
        path, query = _escaped(typed.path), _escaped(typed.query)
    except ValueError as error:
        raise aiohttp.InvalidURL(text, str(error)) from None
    parts = SplitResult(read.scheme, read.raw_authority, path, query, read.raw_fragment)
    return URL(parts, encoded=True)


def _escaped(part: str) -> str:
    return _LONE_PERCENT.sub("%25", quote(part, safe=_STAYS))


async def fetch(
    session: aiohttp.ClientSession,
    method: str,
    url: str | URL,
    *,
    headers: Mapping[str, str] | None = None,
    params: Query = None,
    data: bytes | Mapping[str, str] | None = None,
    cap: int = MAX_ANSWER,
    only_beginning: bool = False,
) -> Answer:
    """Ask once and read the whole answer; redirects are answers like any other. An address in a
    text is called `as_given`.
    `only_beginning`: the status is what counts, so of the body what comes is read, up to the cap.

    Raises `PrivateAddress`; `aiohttp.ClientConnectorError` or `aiohttp.ConnectionTimeoutError`
    when nothing was sent; `TimeoutError`, `AnswerLost`, `AnswerTooLarge` or another
    `aiohttp.ClientError` when nobody can know whether the request was obeyed.
    """
    target = as_given(url) if isinstance(url, str) else url
    try:
        async with session.request(
            method, target, headers=headers, params=params, data=data, allow_redirects=False
        ) as response:
            read = _read_beginning if only_beginning else _read_capped
            body = await read(response, cap)
            names = {name.lower(): value for name, value in response.headers.items()}
            return Answer(response.status, names, body)
    except aiohttp.ClientConnectorError as error:
        if isinstance(error.os_error, PrivateAddress):
            raise error.os_error from None
        raise


async def _read_capped(response: aiohttp.ClientResponse, cap: int) -> bytes:
    chunks, size = [], 0
    while chunk := await response.content.readany():
        size += len(chunk)
        if size > cap:
            raise AnswerTooLarge(f"the answer is over {cap} octets")
        chunks.append(chunk)
    return b"".join(chunks)


async def _read_beginning(response: aiohttp.ClientResponse, cap: int) -> bytes:
    read = b""
    try:
        while len(read) < cap and (chunk := await response.content.readany()):
            read += chunk
    except (TimeoutError, aiohttp.ClientError):
        response.close()  # it does not end, or breaks off: the status has been said all the same
    return read[:cap]


async def resolve_public(
    host: str, port: int, *, allowed_hosts: Sequence[str] = (), allow_loopback: bool = False
) -> list[AddressInfo]:
    """The addresses of a host that may be connected to. Connect to one of these, not to the
    name.

    Raises `PrivateAddress` when there are only forbidden ones, `socket.gaierror` when there
    are none.
    """
    return await Gate(allowed_hosts, allow_loopback).resolve(host, port)


class Gate:
    """Which hosts and addresses may be connected to. Of those that are allowed, `10.0.0.7` is
    allowed with all of its ports, `10.0.0.7:2525` or `[fd00::7]:2525` with that one."""

    def __init__(self, allowed_hosts: Iterable[str] = (), allow_loopback: bool = False) -> None:
        self._allowed = frozenset(_plain(host) for host in allowed_hosts)
        self._allow_loopback = allow_loopback

    async def resolve(self, host: str, port: int, family: int = 0) -> list[AddressInfo]:
        infos = await _look_up(host, port, family)
        open_ones = [info for info in infos if self.is_open(host, info[4][0], port)]
        if not open_ones:
            raise PrivateAddress(host, str(infos[0][4][0]) if infos else "none")
        return open_ones

    def is_open(self, host: str, address: str, port: int) -> bool:
        """Whether this address, found for this host, may be connected to at this port."""
        names = {_plain(host), _plain(address)}
        if self._allowed & (names | {_with_port(name, port) for name in names}):
            return True
        parsed = ipaddress.ip_address(address)
        return is_public(parsed) or (self._allow_loopback and _is_loopback(parsed))

    async def guard(
        self, request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        """Stands round every request of a session.

        Addresses written as numbers never pass the resolver, so they are judged here. A
        connection that broke becomes `AnswerLost`, because aiohttp repeats a GET or PUT by
        itself after its own errors, and a repeated request could be a second text.
        """
        host = request.url.host or ""
        if _is_literal(host) and not self.is_open(host, host, request.url.port or 0):
            problem = PrivateAddress(host, host)
            raise aiohttp.ClientConnectorDNSError(request.connection_key, problem)
        try:
            return await handler(request)
        except aiohttp.ClientConnectorError:
            raise
        except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
            raise AnswerLost(f"{type(error).__name__}: {error}") from error


class PublicResolver(AbstractResolver):
    """The system's resolver, without the addresses that the gate keeps shut."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        infos = await self._gate.resolve(host, port, family)
        return [
            ResolveResult(
                hostname=host,
                host=str(address[0]),
                port=port,
                family=found,
                proto=proto,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for found, _, proto, _, address in infos
        ]

    async def close(self) -> None:
        return None


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether an address belongs to one machine in the open Internet. Addresses that carry an
    IPv4 address inside (mapped, 6to4, NAT64) count as that one."""
    inside = _ipv4_inside(address) if isinstance(address, IPv6Address) else None
    if inside is not None:
        return is_public(inside)
    if isinstance(address, IPv6Address) and address not in _GLOBAL_UNICAST:
        return False
    if address.is_multicast or address.is_reserved or not address.is_global:
        return False
    return not any(address in network for network in _MORE_PRIVATE)


def _ipv4_inside(address: IPv6Address) -> IPv4Address | None:
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour


def _is_loopback(address: IPv4Address | IPv6Address) -> bool:
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (mapped or address).is_loopback


def _is_literal(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _plain(host: str) -> str:
    """A host, or one with its port, in the form in which they are compared."""
    host = host.strip().rstrip(".").lower()
    return host[1:-1] if host.startswith("[") and host.endswith("]") else host


def _with_port(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


async def _look_up(host: str, port: int, family: int) -> list[AddressInfo]:
    ask = partial(
        socket.getaddrinfo,
        host.strip("[]"),
        port,
        family=family,
        type=socket.SOCK_STREAM,
        flags=socket.AI_ADDRCONFIG,
    )
    try:
        found: Sequence[Any] = await asyncio.get_running_loop().run_in_executor(_LOOK_UPS, ask)
    except UnicodeError:
        raise socket.gaierror(socket.EAI_NONAME, f"{host!r} is not a host name") from None
    return list(found)
