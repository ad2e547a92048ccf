"""Mail of the house: to people who sign in, through the operator's own server."""

from __future__ import annotations

from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from urllib.parse import unquote, urlsplit

import aiosmtplib
import structlog

from tearoff.config import Settings
from tearoff.errors import Invalid, TryLater

log = structlog.get_logger()


class MailNotSent(TryLater):
    """The mail server did not take it."""


def can_send(settings: Settings) -> bool:
    return bool(settings.smtp_url and settings.mail_from)


async def send(settings: Settings, to: str, subject: str, text: str) -> None:
    """Hand one mail over. Raises `MailNotSent`."""
    url = urlsplit(settings.smtp_url)
    if url.scheme not in ("smtp", "smtps") or not url.hostname:
        raise Invalid("Use smtp://user:password@host:587.", field="TEAROFF_SMTP_URL")
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = settings.mail_from, to, subject
    message["Date"], message["Message-ID"] = formatdate(), make_msgid(domain=url.hostname)
    message.set_content(text)
    try:
        await aiosmtplib.send(
            message,
            hostname=url.hostname,
            port=url.port or (465 if url.scheme == "smtps" else 587),
            username=unquote(url.username) if url.username else None,
            password=unquote(url.password) if url.password else None,
            use_tls=url.scheme == "smtps",
            timeout=20,
        )
    except (aiosmtplib.SMTPException, OSError) as error:
        raise MailNotSent(str(error)) from error
