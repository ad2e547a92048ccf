"""One try of a delivery: the request, signed, and what it brought."""

from __future__ import annotations

import re
import ssl
import time
from collections.abc import Iterator, Mapping
from datetime import datetime

import aiohttp

from tearoff.config import Settings
from tearoff.hooks import addresses, retry_after, retry_schedule, signing
from tearoff.hooks.claims import Claimed, Result
from tearoff.kit import http
from tearoff.kit.vault import CannotOpen, Vault
from tearoff.kit.words import phrase

TOGETHER = 128
"""Requests that one process has under way."""

ANSWER_WITHIN = 10
CONNECT_WITHIN = 5
KEPT = 1024
"""Characters of an answer that are kept for the log."""
_READ = 4 * KEPT
_HEAD = ("Content-Type", "Location", "Retry-After", "Server")
"""Lines of an answer's head that say why it is as it is."""
_LINE = 200
"""Characters of each that are kept."""
USER_AGENT = "Tearoff-Webhooks/1"
_TIMEOUTS = aiohttp.ClientTimeout(
    total=ANSWER_WITHIN,
    connect=CONNECT_WITHIN,
    sock_connect=CONNECT_WITHIN,
    sock_read=ANSWER_WITHIN,
)
MASK = "********"
_UNWRITABLE = re.compile("[\0\ud800-\udfff]")


def open_session(settings: Settings) -> aiohttp.ClientSession:
    """What requests to receivers go through. To be closed by its owner."""
    return http.open_session(
        allowed_hosts=settings.allowed_hosts,
        allow_loopback=settings.allow_loopback,
        connections=TOGETHER,
        headers={"User-Agent": USER_AGENT},
        timeouts=_TIMEOUTS,
    )


async def attempt(
    session: aiohttp.ClientSession, vault: Vault, claimed: Claimed, now: datetime
) -> Result:
    """Deliver once. Whatever goes wrong is a result."""
    started = time.monotonic()

    def took() -> int:
        return round((time.monotonic() - started) * 1000)

    try:
        secrets = _Secrets(vault, claimed, now)
        answer = await _post(session, claimed, secrets, now)
    except (TimeoutError, aiohttp.ClientError, OSError, ValueError, CannotOpen) as problem:
        return Result(None, explain(problem), "", took(), now)
    status, wait = answer.status, answer.headers.get("retry-after", "")
    return Result(
        status,
        "" if retry_schedule.is_success(status) else _refusal(status),
        secrets.mask(answer.body.decode("utf-8", "replace")),
        took(),
        now,
        secrets.mask(_head(answer.headers)),
        retry_after.asked(status, wait, now),
    )


def _head(headers: Mapping[str, str]) -> str:
    """Each on a line of its own."""
    found = [(name, headers.get(name.lower(), "")) for name in _HEAD]
    return "\n".join(f"{name}: {value[:_LINE]}" for name, value in found if value)


async def _post(
    session: aiohttp.ClientSession, claimed: Claimed, secrets: _Secrets, now: datetime
) -> http.Answer:
    headers = {"Content-Type": "application/json"}
    headers |= signing.standard_headers(claimed.ref, claimed.body, secrets.endpoint, now)
    if secrets.api is not None:
        headers |= signing.hmac_header(claimed.body, secrets.api)
    return await http.fetch(
        session, "POST", claimed.url, headers=headers, data=claimed.body, cap=_READ,
        only_beginning=True,
    )  # fmt: skip


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
            text = text.replace(secret, MASK)
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
            return addresses.inside(problem)
        case CannotOpen():
            return phrase("The secret of this webhook cannot be opened. Roll it.")
        case aiohttp.ClientConnectorCertificateError() | ssl.SSLError():
            return phrase("The certificate of the host is not valid.")
        case aiohttp.ClientConnectorDNSError():
            return phrase("The host cannot be found.")
        case aiohttp.ConnectionTimeoutError():
            return f"No connection within {CONNECT_WITHIN} seconds."
        case TimeoutError():
            return f"No answer within {ANSWER_WITHIN} seconds."
        case aiohttp.ClientConnectorError():
            return phrase("No connection: refused, or the network is not reachable.")
        case aiohttp.ClientConnectionError():
            return phrase("The connection broke before the answer.")
        case aiohttp.ClientError():
            return phrase("The answer is not HTTP that can be read.")
        case _:
            return phrase("The address cannot be called.")
