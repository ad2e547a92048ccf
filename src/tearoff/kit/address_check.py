"""Whether an address leads here, step by step: its name, a connection, the certificate, and who
answers. Each step that fails says what it met, so that somebody can put it right."""

from __future__ import annotations

import asyncio
import secrets
import socket
import ssl
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NoReturn
from urllib.parse import urlsplit

import aiohttp
import msgspec

from tearoff.kit import http
from tearoff.kit.vault import Vault

STEPS = ("name", "connection", "certificate", "answer")
WITHIN = 5.0
"""Seconds for a step."""
ECHO = "/hello/echo"
"""Below it this installation answers a word with what only it can know (`echo_of`)."""
_LONGEST = 100
_PORTS = {"https": 443, "http": 80}
_EXPIRED, _SELF_SIGNED, _OTHER_NAME = 10, (18, 19), (62, 63, 64)
"""OpenSSL's X509_V_ERR_* (x509_vfy.h)."""


class AddressStep(msgspec.Struct, frozen=True):
    """`problem` is "" where all is well: `no_name`, `private`, `refused`, `silent`, `no_tls`,
    `expired`, `other_name`, `self_signed`, `unknown_issuer`, `no_answer`, `somebody_else`,
    `plain`. What comes behind a step that failed is not tried."""

    name: str
    problem: str = ""


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """`addresses`: where the name leads; `certificate_until`: when the certificate ends."""

    steps: list[AddressStep]
    addresses: list[str] = []
    certificate_until: datetime | None = None

    @property
    def is_fine(self) -> bool:
        return len(self.steps) == len(STEPS) and not any(step.problem for step in self.steps)


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """How the outside may be reached. `trust`: authorities, if not the system's."""

    allowed_hosts: Sequence[str] = ()
    allow_loopback: bool = False
    trust: ssl.SSLContext | None = None


class _Failed(Exception):
    """A step that ends the check."""


def echo_of(vault: Vault, word: str) -> bytes:
    """What this installation answers to a word. It opens nothing: no other mark has its purpose."""
    return vault.mark("address-check", word[:_LONGEST].encode()).hex().encode()


async def check(address: str, vault: Vault, way: Way) -> Checked:
    """`address`: scheme and host. Takes at most some 20 seconds and raises nothing."""
    parts = urlsplit(address)
    host, port = parts.hostname or "", parts.port or _PORTS.get(parts.scheme, 443)
    found = Checked(steps=[])
    try:
        infos = await _name(found, host, port, way)
        found = msgspec.structs.replace(found, addresses=[str(info[4][0]) for info in infos])
        found = await _connection(found, parts.scheme, host, port, infos, way)
        word = secrets.token_urlsafe(24)
        await _answer(found, f"{address}{ECHO}/{word}", echo_of(vault, word), way)
    except _Failed:
        pass
    return found


async def _name(found: Checked, host: str, port: int, way: Way) -> list[http.AddressInfo]:
    try:
        async with asyncio.timeout(WITHIN):
            infos = await http.resolve_public(
                host, port, allowed_hosts=way.allowed_hosts, allow_loopback=way.allow_loopback
            )
    except http.PrivateAddress:
        _fail(found, "name", "private")
    except (TimeoutError, socket.gaierror):
        _fail(found, "name", "no_name")
    found.steps.append(AddressStep("name"))
    return infos


async def _connection(
    found: Checked, scheme: str, host: str, port: int, infos: list[http.AddressInfo], way: Way
) -> Checked:
    try:
        await _open(infos, port)
    except TimeoutError:
        _fail(found, "connection", "silent")
    except OSError:
        _fail(found, "connection", "refused")
    found.steps.append(AddressStep("connection"))
    if scheme != "https":
        found.steps.append(AddressStep("certificate", "plain"))
        return found
    return await _certificate(found, host, port, infos, way)


async def _open(
    infos: list[http.AddressInfo],
    port: int,
    tls: ssl.SSLContext | None = None,
    host: str | None = None,
) -> ssl.SSLObject | None:
    """Connect to the first of the addresses, which is what a phone does; gives what the other side
    said of itself."""
    async with asyncio.timeout(WITHIN):
        _, writer = await asyncio.open_connection(
            infos[0][4][0], port, ssl=tls, server_hostname=host if tls else None
        )
    try:
        said: ssl.SSLObject | None = writer.get_extra_info("ssl_object")
        return said
    finally:
        writer.transport.abort()


async def _certificate(
    found: Checked, host: str, port: int, infos: list[http.AddressInfo], way: Way
) -> Checked:
    tls = way.trust or ssl.create_default_context()
    try:
        said = await _open(infos, port, tls, host)
    except ssl.SSLCertVerificationError as error:
        _fail(found, "certificate", _why(error))
    except (ssl.SSLError, ConnectionError):
        _fail(found, "certificate", "no_tls")
    except (TimeoutError, OSError):
        _fail(found, "certificate", "silent")
    assert said is not None
    shown = said.getpeercert() or {}
    until = datetime.fromtimestamp(ssl.cert_time_to_seconds(str(shown["notAfter"])), UTC)
    found.steps.append(AddressStep("certificate"))
    return msgspec.structs.replace(found, certificate_until=until)


def _why(error: ssl.SSLCertVerificationError) -> str:
    if error.verify_code == _EXPIRED:
        return "expired"
    if error.verify_code in _OTHER_NAME:
        return "other_name"
    return "self_signed" if error.verify_code in _SELF_SIGNED else "unknown_issuer"


async def _answer(found: Checked, url: str, expected: bytes, way: Way) -> None:
    session = http.open_session(
        allowed_hosts=way.allowed_hosts, allow_loopback=way.allow_loopback, tls=way.trust
    )
    try:
        async with session:
            answer = await http.fetch(session, "GET", url, cap=1024, only_beginning=True)
    except (TimeoutError, OSError, aiohttp.ClientError):
        _fail(found, "answer", "no_answer")
    is_ours = answer.status == 200 and answer.body.strip() == expected
    found.steps.append(AddressStep("answer", "" if is_ours else "somebody_else"))


def _fail(found: Checked, name: str, problem: str) -> NoReturn:
    found.steps.append(AddressStep(name, problem))
    raise _Failed
