"""A message as mail programs read it: text, and the same as HTML (RFC 5322, RFC 2046).

Whatever callers or shops write, a header never gets a second line.
"""

from __future__ import annotations

import secrets
import unicodedata
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

import msgspec

from tearoff.kit.addresses import AddressInvalid, mail_address
from tearoff.providers.base import Letter, Outgoing

POLICY = SMTP.clone(cte_type="7bit")
"""Every server takes 7 bit; lines end in CRLF."""


class BadAddress(ValueError):
    """An e-mail address to which no mail can be sent; says why."""


class Sender(msgspec.Struct, frozen=True):
    """Who a mail is from. The addresses are checked ones."""

    address: str
    name: str = ""
    reply_to: str = ""

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2]


def check_address(given: str) -> str:
    """The address as it goes over the wire: ASCII, with the domain in its IDNA form. Raises
    `BadAddress`; addresses whose local part is not plain ASCII (RFC 6531) are not supported."""
    try:
        address = mail_address(given)
    except AddressInvalid as error:
        raise BadAddress(str(error)) from None
    if not address.isascii():
        raise BadAddress("what stands before the @ is not plain letters, digits and signs")
    return address


def compose(message: Outgoing, to: str, sender: Sender, now: datetime) -> tuple[str, bytes]:
    """The Message-ID and the mail. `to` is a checked address."""
    letter = message.letter or Letter(subject="", html="")
    message_id = f"<{message.id}.{secrets.token_hex(8)}@{sender.domain}>"
    mail = EmailMessage(policy=POLICY)
    mail["From"] = _mailbox(sender.name or letter.from_name, sender.address)
    mail["To"] = _mailbox(letter.to_name, to)
    if sender.reply_to:
        mail["Reply-To"] = sender.reply_to
    mail["Subject"] = one_line(letter.subject, 500)
    mail["Date"] = format_datetime(now)
    mail["Message-ID"] = message_id
    mail.set_content(message.text)
    if letter.html:
        mail.add_alternative(letter.html, subtype="html")
    return message_id, mail.as_bytes()


def one_line(text: str, limit: int) -> str:
    """Text as it may stand in a header: one line without control characters, halves of
    characters or marks that turn the reading direction."""
    plain = "".join(" " if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") else c for c in text)
    return " ".join(plain.translate(_TURNS).split())[:limit].rstrip()


_TURNS = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)])


def _mailbox(name: str, address: str) -> Address:
    local, _, domain = address.rpartition("@")
    return Address(one_line(name, 100), local, domain)
