"""A coupon's mail: who it is from and to, and the addresses that can get one."""

from __future__ import annotations

import secrets
from datetime import datetime
from email.utils import format_datetime

import msgspec

from tearoff.kit.mail_addresses import AddressInvalid, mail_address
from tearoff.kit.mime import Mailbox, write_mail
from tearoff.providers.base import Letter, Outgoing


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
    """The Message-ID and the mail. `to` is a checked address. Raises `UnsafeMail`."""
    letter = message.letter or Letter(subject="", html="")
    message_id = f"<{message.id}.{secrets.token_hex(8)}@{sender.domain}>"
    headers: dict[str, str | Mailbox] = {
        "From": Mailbox(sender.address, sender.name or letter.from_name),
        "To": Mailbox(to, letter.to_name),
        "Subject": letter.subject,
        "Date": format_datetime(now),
        "Message-ID": message_id,
    }
    if sender.reply_to:
        headers["Reply-To"] = Mailbox(sender.reply_to)
    return message_id, write_mail(headers, message.text, letter.html)
