"""Mail of the house: to people who sign in, through the operator's own server."""

from __future__ import annotations

from email.utils import formatdate, make_msgid, parseaddr
from ipaddress import ip_address
from urllib.parse import unquote, urlsplit

import aiosmtplib
import msgspec

from tearoff.config import Settings
from tearoff.errors import Invalid, TryLater
from tearoff.kit.mail_addresses import AddressInvalid, mail_address
from tearoff.kit.mime import Mailbox, write_mail

TLS = ("opportunistic", "required", "off")


class MailNotSent(TryLater):
    """The mail server did not take it."""


def can_send(settings: Settings) -> bool:
    return bool(settings.smtp_url and settings.mail_from)


async def send(settings: Settings, to: str, subject: str, text: str, html: str = "") -> None:
    """Hand one mail over, its text as HTML too where that is given. A password never leaves
    without TLS. Raises `MailNotSent`, `Invalid` for settings that cannot be used, and
    `UnsafeMail`."""
    relay, sender, to = relay_of(settings), _sender(settings), _address(to, "email")
    mail = write_mail(
        {
            "From": sender,
            "To": Mailbox(to),
            "Subject": subject,
            "Date": formatdate(),
            "Message-ID": make_msgid(domain=relay.host),
        },
        text,
        html,
    )
    try:
        async with _client(relay) as client:
            await client.sendmail(sender.address, [to], mail)
    except (aiosmtplib.SMTPException, OSError) as error:
        raise MailNotSent(_in_words(relay, error)) from error


async def check(settings: Settings) -> str:
    """Connect, log in, hang up. What is wrong; "" when nothing is."""
    try:
        relay = relay_of(settings)
        _sender(settings)
        async with _client(relay):
            return ""
    except Invalid as error:
        return f"{error.field}: {error}"
    except (aiosmtplib.SMTPException, OSError) as error:
        return _in_words(relay, error)


class Relay(msgspec.Struct, frozen=True):
    """The operator's mail server. `tls`: opportunistic, required or off."""

    host: str
    port: int
    username: str
    password: str
    is_tls: bool
    tls: str

    def __repr__(self) -> str:
        return f"Relay({self.host!r})"

    @property
    def start_tls(self) -> bool | None:
        """What aiosmtplib calls so: None takes it where it is offered."""
        if self.is_tls or self.tls == "off":
            return False
        return True if self.username or self.tls == "required" else None


def relay_of(settings: Settings) -> Relay:
    """Raises `Invalid`, which names the setting."""
    url, tls = urlsplit(settings.smtp_url), settings.smtp_tls
    if url.scheme not in ("smtp", "smtps") or not url.hostname:
        raise Invalid("Use smtp://user:password@host:587.", field="TEAROFF_SMTP_URL")
    if tls not in TLS:
        raise Invalid(f"Use one of {', '.join(TLS)}.", field="TEAROFF_SMTP_TLS")
    is_tls = url.scheme == "smtps"
    if url.username and tls == "off" and not is_tls and not _is_here(url.hostname):
        raise Invalid(
            "A password never leaves this machine without TLS: use opportunistic or required,"
            " or a relay without one.",
            field="TEAROFF_SMTP_TLS",
        )
    return Relay(
        host=url.hostname,
        port=url.port or (465 if is_tls else 587),
        username=unquote(url.username or ""),
        password=unquote(url.password or ""),
        is_tls=is_tls,
        tls=tls,
    )


def _sender(settings: Settings) -> Mailbox:
    given = settings.mail_from.strip()
    name, address = parseaddr(given)
    if given != address and not given.endswith(f"<{address}>"):
        address = given  # the parser has taken a part of it for something else
    return Mailbox(_address(address, "TEAROFF_MAIL_FROM"), name)


def _address(given: str, field: str) -> str:
    try:
        return mail_address(given)
    except AddressInvalid as error:
        raise Invalid(
            f"Use an address such as no-reply@example.com: {error}.", field=field
        ) from None


def _client(relay: Relay) -> aiosmtplib.SMTP:
    return aiosmtplib.SMTP(
        hostname=relay.host,
        port=relay.port,
        username=relay.username or None,
        password=relay.password or None,
        use_tls=relay.is_tls,
        start_tls=relay.start_tls,
        timeout=20,
    )


def _in_words(relay: Relay, error: Exception) -> str:
    if type(error) is aiosmtplib.SMTPException and "STARTTLS" in str(error):
        why = "a password never leaves without TLS" if relay.username else "TLS is required"
        return f"The mail server {relay.host} offers no STARTTLS, and {why}. Nothing was sent."
    return str(error)


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
