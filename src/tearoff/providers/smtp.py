"""`smtp`: hands mail to the account's own mail server or e-mail provider (RFC 5321).

A server that answers before the body was sent has certainly not taken it, whatever goes wrong.
From the body's first byte on only its reply decides: 2xx has it, 4xx and 5xx have not; a reply
that is lost leaves the message unknown. Nothing is said over and over: one connection for each
message, one recipient.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import re
import socket
import ssl
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import ClassVar

import aiosmtplib
from aiosmtplib import SMTPResponse

from tearoff.kit import clock
from tearoff.kit.http import AddressInfo, PrivateAddress, resolve_public
from tearoff.kit.mime import UnsafeMail, one_line
from tearoff.kit.words import phrase
from tearoff.providers.base import (
    MAIL_WORDS,
    Accepted,
    Field,
    NoAnswer,
    Outcome,
    Outgoing,
    Reason,
    Receipt,
    Refused,
    Surroundings,
    WithoutCallbacks,
    refused,
)
from tearoff.providers.mime import BadAddress, check_address, compose
from tearoff.providers.smtp_replies import ServerSaid, queue_id, reason_of
from tearoff.providers.smtp_settings import FIELDS, SmtpSettings, read_settings

CONNECT_WITHIN = 5.0
HAND_OVER_WITHIN = 10.0
"""Seconds from the call until the server waits for the body."""
TAKEN_WITHIN = 15.0
"""Seconds for the body and its reply: servers look for spam before they answer."""
CLOSING = HAND_OVER_WITHIN + TAKEN_WITHIN + 1


class SmtpProvider(WithoutCallbacks):
    kind: ClassVar[str] = "smtp"
    title: ClassVar[str] = phrase("E-mail server (SMTP)")
    fields: ClassVar[Sequence[Field]] = FIELDS

    def __init__(self, settings: Mapping[str, str], surroundings: Surroundings) -> None:
        self._settings = read_settings(settings)
        self._surroundings = surroundings
        self._room = asyncio.Semaphore(self._settings.connections)
        self._is_closed = False
        self._under_way = 0
        self._is_idle = asyncio.Event()

    async def send(self, message: Outgoing) -> Outcome:
        if self._is_closed:
            return _refused(Reason.PROVIDER_DOWN, raw="the connection was closed before the call")
        self._under_way += 1
        try:
            return await self._send(message)
        finally:
            self._under_way -= 1
            if not self._under_way:
                self._is_idle.set()

    async def look_up(
        self, message: Outgoing, provider_id: str, sent_at: datetime
    ) -> Receipt | None:
        """SMTP has no way to ask what became of a message."""
        return None

    async def check(self) -> str:
        """Log in and hang up."""
        client: aiosmtplib.SMTP | None = None
        try:
            async with asyncio.timeout(HAND_OVER_WITHIN):
                client = await self._connect()
        except ServerSaid as error:
            return f"The mail server said {self._hide(error)}."
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            return f"The mail server cannot be used: {self._hide(error)}."
        finally:
            await _hang_up(client)
        return ""

    async def close(self) -> None:
        """Messages under way get their answers first."""
        self._is_closed = True
        if self._under_way:
            self._is_idle.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._is_idle.wait(), CLOSING)

    # sending -----------------------------------------------------------------------------

    async def _send(self, message: Outgoing) -> Outcome:
        try:
            to = check_address(message.to)
        except BadAddress as error:
            return _refused(Reason.INVALID_ADDRESS, raw=str(error))
        try:
            name, mail = compose(message, to, self._settings.sender, clock.now())
        except UnsafeMail as error:
            return _refused(Reason.OTHER, raw=str(error), detail=str(error))
        try:
            async with asyncio.timeout(HAND_OVER_WITHIN):
                await self._room.acquire()
        except TimeoutError:
            return _refused(Reason.THROTTLED, raw="all connections are busy", after=5.0)
        try:
            return await self._hand_over(to, name, mail)
        finally:
            self._room.release()

    async def _hand_over(self, to: str, name: str, mail: bytes) -> Outcome:
        client: aiosmtplib.SMTP | None = None
        try:
            async with asyncio.timeout(HAND_OVER_WITHIN):
                client = await self._connect()
                await self._announce(client, to)
        except ServerSaid as error:
            await _hang_up(client)
            return self._refusal(error)
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            await _hang_up(client)
            detail = _in_words(error)
            return _refused(Reason.PROVIDER_DOWN, raw=self._hide(error), detail=detail)
        try:
            return await self._deliver(client, name, mail)
        finally:
            await _hang_up(client)

    async def _announce(self, client: aiosmtplib.SMTP, to: str) -> None:
        """The envelope, until the server waits for the body."""
        sender = self._settings.sender.address
        await _ask(client, "MAIL", 250, b"MAIL", f"FROM:<{sender}>".encode())
        await _ask(client, "RCPT", 250, b"RCPT", f"TO:<{to}>".encode())
        await _ask(client, "DATA", 354, b"DATA")

    async def _deliver(self, client: aiosmtplib.SMTP, name: str, mail: bytes) -> Outcome:
        """The body. From here on only the reply to it decides."""
        protocol = client.protocol
        if protocol is None or not protocol.is_connected:
            return _refused(Reason.PROVIDER_DOWN, raw="the connection broke before the body")
        try:
            protocol.write(_stuffed(mail))
            reply = await protocol.read_response(TAKEN_WITHIN)
        except (aiosmtplib.SMTPTimeoutError, TimeoutError) as error:
            return NoAnswer("The email provider did not answer in time.", self._hide(error))
        except (aiosmtplib.SMTPException, OSError) as error:
            what = "The connection to the email provider broke before its answer."
            return NoAnswer(what, self._hide(error))
        raw = self._hide(f"{reply.code} {reply.message}")
        if 200 <= reply.code < 300:
            return Accepted((queue_id(raw) or name,), raw=raw)
        if 400 <= reply.code < 600:
            return self._refusal(ServerSaid("the body", reply))
        return NoAnswer("The email provider's answer could not be read.", raw)

    def _refusal(self, error: ServerSaid) -> Refused:
        raw = self._hide(error)
        said = one_line(self._hide(error.reply.message), 200)
        detail = f"It says: {said}" if said else ""
        return _refused(reason_of(error.stage, error.reply), raw=raw, detail=detail)

    # connecting --------------------------------------------------------------------------

    async def _connect(self) -> aiosmtplib.SMTP:
        """Connected, encrypted and logged in. Raises `ServerSaid`, SMTPException, OSError."""
        found = await resolve_public(
            self._settings.host,
            self._settings.port,
            allowed_hosts=self._surroundings.allowed_hosts,
            allow_loopback=self._surroundings.allow_loopback,
        )
        sock = await _open_socket(found)
        client = aiosmtplib.SMTP(
            hostname=self._settings.host,
            sock=sock,
            use_tls=self._settings.security == "tls",
            start_tls=False,
            tls_context=self._settings.tls,
            local_hostname=_own_name(sock),
            timeout=HAND_OVER_WITHIN,
        )
        try:
            await self._greet(client)
        except BaseException:
            client.close()  # and with it the socket
            raise
        return client

    async def _greet(self, client: aiosmtplib.SMTP) -> None:
        settings, stage = self._settings, "greeting"
        try:
            await client.connect()
            await client.ehlo()
            if settings.security == "starttls":
                stage = "STARTTLS"
                await client.starttls()
                await client.ehlo()
            if settings.username:
                stage = "AUTH"
                await client.login(settings.username, settings.password)
        except aiosmtplib.SMTPResponseException as error:
            raise ServerSaid(stage, SMTPResponse(error.code, error.message)) from None

    def _hide(self, text: object) -> str:
        """What may be kept and shown: no password in any form, nothing a database refuses."""
        if isinstance(text, BaseException) and not isinstance(text, ServerSaid):
            text = f"{type(text).__name__}: {text}"
        plain = str(text).encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        for secret in _forms_of(self._settings):
            plain = plain.replace(secret, "***")
        return one_line(plain, 2000)


async def _open_socket(infos: Sequence[AddressInfo]) -> socket.socket:
    """Connected to the first address that answers."""
    trouble: OSError = OSError("the host has no address")
    for family, kind, protocol, _, address in infos:
        sock = socket.socket(family, kind, protocol)
        sock.setblocking(False)
        try:
            async with asyncio.timeout(CONNECT_WITHIN):
                await asyncio.get_running_loop().sock_connect(sock, address)
                return sock
        except OSError as error:  # a time-out too
            sock.close()
            trouble = error if str(error) else OSError("the mail server does not answer")
        except BaseException:
            sock.close()
            raise
    raise trouble


def _own_name(sock: socket.socket) -> str:
    """An address literal, which RFC 5321 has for machines without a public name."""
    host = str(sock.getsockname()[0]).partition("%")[0]
    return f"[IPv6:{host}]" if ":" in host else f"[{host}]"


async def _ask(client: aiosmtplib.SMTP, stage: str, wanted: int, *command: bytes) -> None:
    reply = await client.execute_command(*command)
    is_good = reply.code == wanted or (wanted == 250 and 200 <= reply.code < 300)
    if not is_good:
        raise ServerSaid(stage, reply)


async def _hang_up(client: aiosmtplib.SMTP | None) -> None:
    """Say goodbye, briefly; what was decided stays decided."""
    if client is None:
        return
    with contextlib.suppress(aiosmtplib.SMTPException, OSError, TimeoutError):
        if client.is_connected:
            await client.quit(timeout=1)
    client.close()


def _in_words(error: BaseException) -> str:
    """What a shop can do something about."""
    if isinstance(error, PrivateAddress) or type(error) is aiosmtplib.SMTPException:
        return f"{str(error).rstrip('.')}."
    causes = (error, error.__cause__, error.__context__)
    if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes):
        return "Its certificate cannot be trusted."
    return ""


def _stuffed(mail: bytes) -> bytes:
    """With dots doubled at the beginnings of lines, and its end (RFC 5321, 4.5.2)."""
    if not mail.endswith(b"\r\n"):
        mail += b"\r\n"
    return re.sub(rb"(?m)^\.", b"..", mail) + b".\r\n"


def _forms_of(settings: SmtpSettings) -> tuple[str, ...]:
    """Every way in which the password may stand in what a server says."""
    if not settings.password:
        return ()
    user, password = settings.username.encode(), settings.password.encode()
    blobs = (password, b"\0" + user + b"\0" + password)
    return (settings.password, *(base64.b64encode(blob).decode() for blob in blobs))


def _refused(
    reason: Reason, *, raw: str = "", detail: str = "", after: float | None = None
) -> Refused:
    return refused(reason, raw=raw, detail=detail, after=after, words=MAIL_WORDS)
