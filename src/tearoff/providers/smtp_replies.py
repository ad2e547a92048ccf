"""What a mail server's replies mean (RFC 5321, RFC 3463)."""

from __future__ import annotations

import re

from aiosmtplib import SMTPResponse

from tearoff.providers.base import Reason


class ServerSaid(Exception):
    """A reply that ends the attempt before the body: at `stage`, with code and text."""

    def __init__(self, stage: str, reply: SMTPResponse) -> None:
        super().__init__(f"{stage}: {reply.code} {reply.message}")
        self.stage = stage
        self.reply = reply


_QUEUED = (
    re.compile(r"queued (?:mail for delivery )?as ([\w.-]{4,100})", re.ASCII | re.IGNORECASE),
    re.compile(r"\bid=([\w.-]{4,100})", re.ASCII),
    re.compile(r"^250 (?:2\.\d\.\d )?ok:? ([\w-]{16,100})$", re.ASCII | re.IGNORECASE),
    re.compile(r"^250 2\.0\.0 (\w{8,40}) Message accepted for delivery", re.ASCII),
)


def queue_id(reply: str) -> str:
    """The server's name for the message as Postfix, Exim, Amazon SES and Sendmail write it."""
    found = (pattern.search(reply) for pattern in _QUEUED)
    return next((match[1] for match in found if match), "")


_BY_STATUS = {
    "1.1": Reason.INVALID_ADDRESS,
    "1.2": Reason.INVALID_ADDRESS,
    "1.3": Reason.INVALID_ADDRESS,
    "1.6": Reason.INVALID_ADDRESS,
    "1.10": Reason.INVALID_ADDRESS,
    "1.7": Reason.BAD_SENDER,
    "1.8": Reason.BAD_SENDER,
    "2.1": Reason.INVALID_ADDRESS,
    "2.2": Reason.MAILBOX_FULL,
    "2.3": Reason.TOO_LONG,
    "3.4": Reason.TOO_LONG,
    "4.4": Reason.INVALID_ADDRESS,
    "7.8": Reason.AUTH,
    "7.9": Reason.AUTH,
}
"""By the last two numbers of an enhanced status code (RFC 3463, IANA's registry) of class 5."""

_AUTH_CODES = frozenset({530, 534, 535, 538})
_BY_STAGE = {
    "MAIL": Reason.BAD_SENDER,
    "RCPT": Reason.INVALID_ADDRESS,
    "the body": Reason.FILTERED,
    "AUTH": Reason.AUTH,
}


def reason_of(stage: str, reply: SMTPResponse) -> Reason:
    match = re.match(r"([45])\.(\d{1,3}\.\d{1,3})\b", reply.message, re.ASCII)
    status = match[2] if match else ""
    if 400 <= reply.code < 500:
        return _passing_reason(reply.code, status)
    if reply.code in _AUTH_CODES:
        return Reason.AUTH
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    if reply.code == 552:
        return Reason.TOO_LONG if stage != "RCPT" else Reason.MAILBOX_FULL
    if status.startswith("7."):
        return Reason.FILTERED
    return _BY_STAGE.get(stage, Reason.OTHER)


def _passing_reason(code: int, status: str) -> Reason:
    if status == "2.2" or (code == 452 and not status):
        return Reason.MAILBOX_FULL
    return Reason.PROVIDER_DOWN if code == 421 else Reason.THROTTLED
