"""One request to a service over HTTP, and which of the three outcomes the wire decides.

Certainly not sent: no name, no connection, no TLS, no free connection in time. Nobody knows:
silence, a reset, a closed connection, half an answer. What was read is for the adapter; the
status alone never means that a message was accepted.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Iterable, Mapping
from email.utils import parsedate_to_datetime
from urllib.parse import quote, quote_plus

import aiohttp
from yarl import URL

from tearoff.kit import clock
from tearoff.kit.http import Answer, PrivateAddress, fetch, open_session, timeouts_of
from tearoff.providers.base import NoAnswer, Reason, Refused, Surroundings, refused

RAW_LENGTH = 2000
"""Characters of an answer that are kept beside its outcome."""

CLOSING = 11.0
"""Seconds that `close` waits for requests under way; longer than any of them may take."""

_NOT_SENT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL)
_ELSEWHERE = frozenset({301, 307, 308})
_BY_STATUS = {
    401: Reason.AUTH,
    402: Reason.NO_CREDIT,
    403: Reason.AUTH,
    413: Reason.TOO_LONG,
    429: Reason.THROTTLED,
}


class Exchange:
    """One long-lived session to one service. Opened at the first request."""

    def __init__(self, surroundings: Surroundings, secrets: Iterable[str] = ()) -> None:
        self._surroundings = surroundings
        self._hidden = _forms_of(secrets)
        self._session: aiohttp.ClientSession | None = None
        self._under_way = 0
        self._idle = asyncio.Event()
        self._is_closed = False

    async def ask(
        self,
        method: str,
        url: str | URL,
        *,
        headers: Mapping[str, str] | None = None,
        data: bytes | None = None,
    ) -> Answer | Refused | NoAnswer:
        """The answer that was read to its end, or what its absence means. Never raises for
        what happens on the wire."""
        if self._is_closed:
            return refused(Reason.PROVIDER_DOWN, raw="the connection was closed before the call")
        self._under_way += 1
        try:
            return await fetch(self._open(), method, url, headers=headers, data=data)
        except PrivateAddress as error:
            return refused(Reason.PROVIDER_DOWN, detail=f"{error}.", raw=self.hide(error))
        except _NOT_SENT as error:
            return refused(Reason.PROVIDER_DOWN, raw=self.hide(error))
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            return NoAnswer(_what_happened(error), self.hide(error))
        finally:
            self._under_way -= 1
            if not self._under_way:
                self._idle.set()

    def hide(self, text: object) -> str:
        """Text for a record: no secrets, not longer than a record wants."""
        if isinstance(text, BaseException):
            text = f"{type(text).__name__}: {text}"
        if isinstance(text, bytes):
            text = text.decode("utf-8", "replace")
        result = str(text)
        for secret in self._hidden:
            result = result.replace(secret, "***")
        return result[:RAW_LENGTH]

    async def close(self) -> None:
        """Let requests under way finish, then hang up. May be called again."""
        self._is_closed = True
        if self._under_way:
            self._idle.clear()
            await _wait_at_most(self._idle, CLOSING)
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = open_session(
                allowed_hosts=self._surroundings.allowed_hosts,
                allow_loopback=self._surroundings.allow_loopback,
                timeouts=timeouts_of(self._surroundings.answer_within),
            )
        return self._session


def outcome_of_status(
    answer: Answer, *, raw: str, reason: Reason | None = None, detail: str = ""
) -> Refused | NoAnswer | None:
    """What the status decides; None for 2xx, where the body does.

    `reason` and `detail` are what the adapter read in the body. 301, 307 and 308 say that the
    service lives elsewhere; 302 and 303 may well follow a message that was taken. 503 is a
    refusal only with Retry-After; after any other 5xx the message may have left.
    """
    status, after = answer.status, retry_after(answer)
    if 200 <= status < 300:
        return None
    if 400 <= status < 500:
        because = reason or _BY_STATUS.get(status, Reason.OTHER)
        return refused(because, raw=raw, detail=detail, after=after)
    if status == 503 and after is not None:
        return refused(Reason.PROVIDER_DOWN, raw=raw, detail=detail, after=after)
    if status in _ELSEWHERE:
        return refused(Reason.PROVIDER_DOWN, raw=raw, detail="Its address has changed.")
    return NoAnswer(f"The SMS provider answered with an error of its own ({status}).", raw)


def retry_after(answer: Answer) -> float | None:
    """Seconds of the Retry-After header, given as a number or as a date (RFC 9110)."""
    given = answer.headers.get("retry-after", "").strip()
    if given.isascii() and given.isdigit():
        return min(float(given), 86400.0)
    try:
        at = parsedate_to_datetime(given)
    except ValueError:
        return None
    seconds = (at - clock.now()).total_seconds() if at.tzinfo else 0.0
    return min(max(seconds, 0.0), 86400.0)


def basic(user: str, password: str) -> str:
    """The value of an Authorization header, RFC 7617."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def _forms_of(secrets: Iterable[str]) -> tuple[str, ...]:
    """Every way in which a secret may stand in a text; longest first, so that no part of one
    is left over."""
    forms = {
        form
        for secret in secrets
        if secret
        for form in (secret, quote(secret), quote(secret, safe=""), quote_plus(secret))
    }
    return tuple(sorted(forms, key=len, reverse=True))


UNREADABLE = "The SMS provider's answer could not be read."


def _what_happened(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return "The SMS provider did not answer in time."
    if isinstance(error, aiohttp.ClientPayloadError | aiohttp.ClientResponseError | ValueError):
        return UNREADABLE
    return "The connection to the SMS provider broke before its answer."


async def _wait_at_most(event: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return
