"""How coupons and messages stand, in words for a shop's people, and whom they see named."""

from __future__ import annotations

import msgspec

from tearoff.accounts.rights import Right
from tearoff.api.v4 import shapes
from tearoff.kit.phone import spaced
from tearoff.kit.words import phrase
from tearoff.providers.base import Reason
from tearoff.web.dashboard.visit import Visit


class Standing(msgspec.Struct, frozen=True):
    """`kind` is a badge's (`ok`, `info`, `warn`, `no`, `dull`); `means`: what follows from it."""

    kind: str
    name: str
    means: str = ""


_COUPONS = {
    "created": Standing("dull", phrase("Not opened yet")),
    "opened": Standing("info", phrase("Opened")),
    "claimed": Standing("info", phrase("Activated")),
    "validated": Standing("ok", phrase("Redeemed")),
    "voided": Standing("no", phrase("Withdrawn")),
    "locked": Standing("warn", phrase("Blocked")),
    "expired": Standing("dull", phrase("Expired")),
}

_ON_ITS_WAY = Standing(
    "info",
    phrase("On its way"),
    phrase("It is being handed to the provider just now."),
)
_MESSAGES = {
    "queued": _ON_ITS_WAY,
    "submitting": _ON_ITS_WAY,
    "unknown": Standing(
        "warn",
        phrase("Nobody can know yet"),
        phrase(
            "The provider has not said whether it took the message. It may have been sent, so it"
            " is not sent again. As soon as the provider reports, it stands here."
        ),
    ),
    "accepted": Standing(
        "info",
        phrase("Handed to the provider"),
        phrase("It is not yet confirmed by the phone's network."),
    ),
    "sent": Standing(
        "info", phrase("Sent to the network"), phrase("The phone has not confirmed it yet.")
    ),
    "delivered": Standing("ok", phrase("Arrived"), phrase("The phone's network has confirmed it.")),
    "failed": Standing("no", phrase("Not delivered")),
}
_MAILED = Standing(
    "ok",
    phrase("Handed to the mail server"),
    phrase("Mail servers do not tell whether it was read or arrived."),
)

REASONS: dict[str, str] = {
    Reason.OPTED_OUT: phrase("The receiver has opted out of messages from this sender."),
    Reason.INVALID_NUMBER: phrase("The number does not exist or cannot receive messages."),
    Reason.LANDLINE: phrase("The number is a landline or cannot receive SMS."),
    Reason.UNREACHABLE: phrase("The phone could not be reached."),
    Reason.COUNTRY_OFF: phrase(
        "The SMS provider does not deliver to this country for this account."
    ),
    Reason.NO_CREDIT: phrase("The SMS provider reports no credit left."),
    Reason.BAD_SENDER: phrase("The SMS provider does not allow this sender."),
    Reason.FILTERED: phrase(
        "The message was blocked as unwanted by the carrier or the SMS provider."
    ),
    Reason.TOO_LONG: phrase("The message is too long for the SMS provider."),
    Reason.THROTTLED: phrase("The SMS provider is busy. Try again in a moment."),
    Reason.AUTH: phrase("The SMS provider does not accept the credentials of this account."),
    Reason.PROVIDER_DOWN: phrase("The SMS provider could not be reached. Nothing was sent."),
    Reason.EXPIRED: phrase("The phone was not reachable before the message expired."),
    Reason.INVALID_ADDRESS: phrase("The address does not exist or cannot receive mail."),
    Reason.MAILBOX_FULL: phrase("The mailbox is full."),
    Reason.OTHER: phrase("The SMS provider refused the message."),
}

SOURCES = {
    "reply": phrase("They answered a message with a word such as STOP."),
    "provider": phrase("The provider says that they opted out there."),
    "shop": phrase("Somebody here put them on the list."),
    "link": phrase("They used the link to stop messages."),
    "complaint": phrase("They complained about a message."),
}
"""How somebody came on the list of those who get nothing."""


def of_coupon(state: str) -> Standing:
    return _COUPONS.get(state, Standing("dull", state))


def of_message(message: shapes.Message) -> Standing:
    if message.channel == "email" and message.state == "accepted":
        return _MAILED
    return _MESSAGES.get(message.state, Standing("dull", message.state))


def is_settled(message: shapes.Message) -> bool:
    """Whether no later word is to be expected."""
    has_receipts = message.channel != "email"
    return message.state in ("delivered", "failed") or (
        message.state == "accepted" and not has_receipts
    )


def sees_people(visit: Visit) -> bool:
    """Whoever only reads figures sees no names, numbers, or links that a coupon is used by."""
    return visit.may(Right.SEND) or visit.may(Right.EDIT) or visit.may(Right.REDEEM)


def recipient(visit: Visit, address: str | None) -> str:
    """A number as people read it, or an e-mail address; its end alone for who must not see it."""
    if not address:
        return ""
    if not sees_people(visit):
        return f"{address[0]}…@…" if "@" in address else f"…{address[-3:]}"
    return spaced(address) if address.startswith("+") else address


def name_of(visit: Visit, coupon: shapes.Session) -> str:
    """Of whom it is, for whoever may see people."""
    if not sees_people(visit):
        return ""
    return " ".join(filter(None, (coupon.customer.firstname, coupon.customer.lastname)))


def spelled(short_code: str) -> str:
    """As people read it: two groups of three."""
    return f"{short_code[:3]}\N{NO-BREAK SPACE}{short_code[3:]}".upper()
