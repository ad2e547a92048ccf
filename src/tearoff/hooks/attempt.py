"""One try of a delivery: the request, signed, and what it brought."""

from __future__ import annotations

import re
import ssl
import time
from collections.abc import Iterator
from datetime import datetime

import aiohttp

from tearoff.config import Settings
from tearoff.hooks import retry_schedule, signing
from tearoff.hooks.claims import Claimed, Result
from tearoff.kit import http
from tearoff.kit.vault import CannotOpen, Vault

TOGETHER = 128
"""Requests that one process has under way."""

ANSWER_WITHIN = 10
CONNECT_WITHIN = 5
KEPT = 1024
"""Characters of an answer that are kept for the log."""
_READ = 4 * KEPT
_TIMEOUTS = aiohttp.ClientTimeout(
    total=ANSWER_WITHIN,
    connect=CONNECT_WITHIN,
    sock_connect=CONNECT_WITHIN,
    sock_read=ANSWER_WITHIN,
)
_MASK = "********"
_UNWRITABLE = re.compile("[\0\ud800-\udfff]")


def open_session(settings: Settings) -> aiohttp.ClientSession:
    """What requests to receivers go through. To be closed by its owner."""
    return http.open_session(
        allowed_hosts=settings.allowed_hosts,
        allow_loopback=settings.allow_loopback,
        connections=TOGETHER,
        headers={"User-Agent": "Tearoff-Webhooks/1"},
        timeouts=_TIMEOUTS,
    )


async def attempt(
    session: aiohttp.ClientSession, vault: Vault, claimed: Claimed, now: datetime
) -> Result:
    """Deliver once. Whatever goes wrong is a result."""
    started = time.monotonic()
    try:
        secrets = _Secrets(vault, claimed, now)
        status, answer = await _post(session, claimed, secrets, now)
        error = "" if retry_schedule.is_success(status) else _refusal(status)
    except (TimeoutError, aiohttp.ClientError, OSError, ValueError, CannotOpen) as problem:
        status, answer, error = None, "", explain(problem)
    return Result(status, error, answer, round((time.monotonic() - started) * 1000))


async def _post(
    session: aiohttp.ClientSession, claimed: Claimed, secrets: _Secrets, now: datetime
) -> tuple[int, str]:
    headers = {"Content-Type": "application/json"}
    headers |= signing.standard_headers(claimed.ref, claimed.body, secrets.endpoint, now)
    if secrets.api is not None:
        headers |= signing.hmac_header(claimed.body, secrets.api)
    answer = await http.fetch(
        session, "POST", claimed.url, headers=headers, data=claimed.body, cap=_READ,
        only_beginning=True,
    )  # fmt: skip
    return answer.status, secrets.mask(answer.body.decode("utf-8", "replace"))


class _Secrets:
    """The secrets that sign a delivery."""

    def __init__(self, vault: Vault, claimed: Claimed, now: datetime) -> None:
        self.endpoint = [vault.open(claimed.secret_sealed).decode()]
        until = claimed.previous_until
        if claimed.previous_secret_sealed is not None and until is not None and now < until:
            self.endpoint.append(vault.open(claimed.previous_secret_sealed).decode())
        sealed = claimed.api_secret_sealed
        self.api = None if sealed is None else vault.open(sealed).decode()

    def mask(self, text: str) -> str:
        """The text without any of them, as short as the log wants it."""
        for secret in self._written():
            text = text.replace(secret, _MASK)
        return _UNWRITABLE.sub("\ufffd", text)[:KEPT]

    def _written(self) -> Iterator[str]:
        for secret in self.endpoint:
            yield secret
            yield secret.removeprefix(signing.PREFIX)
        if self.api is not None:
            yield self.api


def _refusal(status: int) -> str:
    if 300 <= status < 400:
        return f"HTTP {status}: redirects are not followed."
    return f"HTTP {status}."


def explain(problem: Exception) -> str:
    """Why there was no answer, in words for the owner of the endpoint."""
    match problem:
        case http.PrivateAddress():
            return "The address leads to a private or special network."
        case CannotOpen():
            return "The secret of this webhook cannot be opened. Roll it."
        case aiohttp.ClientConnectorCertificateError() | ssl.SSLError():
            return "The certificate of the host is not valid."
        case aiohttp.ClientConnectorDNSError():
            return "The host cannot be found."
        case aiohttp.ConnectionTimeoutError():
            return f"No connection within {CONNECT_WITHIN} seconds."
        case TimeoutError():
            return f"No answer within {ANSWER_WITHIN} seconds."
        case aiohttp.ClientConnectorError():
            return "No connection: refused, or the network is not reachable."
        case aiohttp.ClientConnectionError():
            return "The connection broke before the answer."
        case aiohttp.ClientError():
            return "The answer is not HTTP that can be read."
        case _:
            return "The address cannot be called."
