"""The contract between Tearoff and a message service, and the words both sides use.

Sending has exactly three outcomes, because a lost answer is not a refusal:

* `Accepted`: the service took the message and named it.
* `Refused`: it certainly did not take it, and says why.
* `NoAnswer`: nobody can know. Such a message is never sent again on a guess; a receipt or
  a look-up settles it later.

An adapter never raises for what a service answers; an unknown word becomes `Reason.OTHER`
and the raw answer is kept beside it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Protocol

import msgspec

from tearoff.kit.http import ANSWER_WITHIN


class Reason(StrEnum):
    """Why a service refused a message or failed to deliver it."""

    OPTED_OUT = "opted_out"
    INVALID_NUMBER = "invalid_number"
    LANDLINE = "landline"
    UNREACHABLE = "unreachable"
    COUNTRY_OFF = "country_off"
    NO_CREDIT = "no_credit"
    BAD_SENDER = "bad_sender"
    FILTERED = "filtered"
    TOO_LONG = "too_long"
    THROTTLED = "throttled"
    AUTH = "auth"
    PROVIDER_DOWN = "provider_down"
    EXPIRED = "expired"
    INVALID_ADDRESS = "invalid_address"
    MAILBOX_FULL = "mailbox_full"
    OTHER = "other"


PLAIN_WORDS: dict[Reason, str] = {
    Reason.OPTED_OUT: "The receiver has opted out of messages from this sender.",
    Reason.INVALID_NUMBER: "The number does not exist or cannot receive messages.",
    Reason.LANDLINE: "The number is a landline or cannot receive SMS.",
    Reason.UNREACHABLE: "The phone could not be reached.",
    Reason.COUNTRY_OFF: "The SMS provider does not deliver to this country for this account.",
    Reason.NO_CREDIT: "The SMS provider reports no credit left.",
    Reason.BAD_SENDER: "The SMS provider does not allow this sender.",
    Reason.FILTERED: "The message was blocked as unwanted by the carrier or the SMS provider.",
    Reason.TOO_LONG: "The message is too long for the SMS provider.",
    Reason.THROTTLED: "The SMS provider is busy. Try again in a moment.",
    Reason.AUTH: "The SMS provider does not accept the credentials of this account.",
    Reason.PROVIDER_DOWN: "The SMS provider could not be reached. Nothing was sent.",
    Reason.EXPIRED: "The phone was not reachable before the message expired.",
    Reason.INVALID_ADDRESS: "The address does not exist or cannot receive mail.",
    Reason.MAILBOX_FULL: "The mailbox is full.",
    Reason.OTHER: "The SMS provider refused the message.",
}
"""One sentence for each reason, as a shop owner would say it."""

MAIL_WORDS: dict[Reason, str] = PLAIN_WORDS | {
    Reason.UNREACHABLE: "The mailbox could not be reached.",
    Reason.BAD_SENDER: "The email provider does not allow this sender.",
    Reason.FILTERED: "The message was blocked as unwanted or not allowed.",
    Reason.TOO_LONG: "The message is too large for the email provider.",
    Reason.THROTTLED: "The email provider asks to try again later.",
    Reason.AUTH: "The email provider does not accept the credentials of this account.",
    Reason.PROVIDER_DOWN: "The email provider could not be reached. Nothing was sent.",
    Reason.OTHER: "The email provider refused the message.",
}
"""The same where the service carries mail."""

PERMANENT: frozenset[Reason] = frozenset(
    {
        Reason.OPTED_OUT,
        Reason.INVALID_NUMBER,
        Reason.LANDLINE,
        Reason.COUNTRY_OFF,
        Reason.BAD_SENDER,
        Reason.FILTERED,
        Reason.TOO_LONG,
        Reason.AUTH,
        Reason.INVALID_ADDRESS,
    }
)
"""Reasons for which sending the same message again cannot help."""


class Letter(msgspec.Struct, frozen=True):
    """What a message by e-mail has beside its text. `from_name` is used where the connection's
    settings name none."""

    subject: str
    html: str
    to_name: str = ""
    from_name: str = ""


class Outgoing(msgspec.Struct, frozen=True):
    """One message on its way to one phone, or (with a `letter`) to one mailbox.

    `id` is our message number: an adapter lets it travel wherever the service gives it
    back (callback address, reference field). `to` is E.164 with `+`, or an e-mail address.
    `parts` are the texts
    of the segments in order and `encoding` is `GSM-7` or `UCS-2`, both already decided;
    an adapter whose service splits by itself sends `text`. `callback_url` is the address
    for receipts of this very message, or None when there is no public address.
    """

    id: int
    to: str
    text: str
    encoding: str = "GSM-7"
    parts: tuple[str, ...] = ()
    sender: str | None = None
    callback_url: str | None = None
    letter: Letter | None = None


class Accepted(msgspec.Struct, frozen=True):
    """The service has the message. `provider_ids` holds its name for it, one per part when
    the service names every part."""

    provider_ids: tuple[str, ...]
    raw: str = ""


class Refused(msgspec.Struct, frozen=True):
    """The service certainly did not take the message. `text` is for people."""

    reason: Reason
    text: str
    permanent: bool
    raw: str = ""
    retry_after: float | None = None


class NoAnswer(msgspec.Struct, frozen=True):
    """Nobody can know whether the message left. `text` says what happened, for people."""

    text: str
    raw: str = ""


Outcome = Accepted | Refused | NoAnswer


def refused(
    reason: Reason,
    *,
    raw: str = "",
    detail: str = "",
    after: float | None = None,
    words: Mapping[Reason, str] = PLAIN_WORDS,
) -> Refused:
    """A refusal in plain words; `detail` is the service's own sentence, shown behind ours."""
    text = f"{words[reason]} {detail}".strip()
    return Refused(reason, text, reason in PERMANENT, raw, after)


class ReceiptState(StrEnum):
    """What a receipt can say of a message; the ladder itself is in `messages.rules`."""

    SENT = "sent"
    DELIVERED = "delivered"
    FAILED = "failed"
    UNKNOWN = "unknown"


class Receipt(msgspec.Struct, frozen=True):
    """A service's later word about one message.

    `message_id` is ours when the service gave it back, else None and `provider_id` names
    the message. `to` and `at` help to find a message whose id was written differently.
    """

    state: ReceiptState
    provider_id: str = ""
    message_id: int | None = None
    reason: Reason | None = None
    text: str = ""
    to: str = ""
    at: datetime | None = None


class Reply(msgspec.Struct, frozen=True):
    """A text somebody sent to one of the account's numbers. Numbers are E.164 with `+`,
    except a `to` that is a short code, and a `sender` that the service wrote in another way:
    `written` is then how it stood there, and `ton` the type of number where the service says
    one (`kit.phone.read_sender`). `is_part`: of a longer text, whose other parts come by
    themselves. `keyword`: `stop`, `start` or `help`, where the service has decided what it is and
    acts on it."""

    sender: str
    to: str
    text: str
    provider_id: str = ""
    provider_handled: bool = False
    written: str = ""
    ton: int = 0
    is_part: bool = False
    keyword: str = ""


class Callback(msgspec.Struct, frozen=True):
    """An HTTP request by which a service reports back, as the service saw it.

    `url` is the public address with query string (what the service signed), `headers` have
    lower-case names, `body` is raw.
    """

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes


class Field(msgspec.Struct, frozen=True):
    """One setting of an adapter: what `tearoff provider add --set name=value` accepts, and what
    a form asks for. `help` follows the name, so it is no sentence; `label` is what people call
    it. `choices`: nothing else fits. `advanced`: few need it. `leads`: the value is where
    messages and secrets go, a `url` or a `host` (its port is the setting `port`). `on_server`:
    it names a file of the machine, so only its operator may set it, by command. `lines`: the
    value may take several. `stays`: a secret that is sent to nobody: it checks what comes in."""

    name: str
    help: str
    required: bool = False
    secret: bool = False
    default: str = ""
    label: str = ""
    choices: Sequence[str] = ()
    advanced: bool = False
    leads: str = ""
    on_server: bool = False
    lines: bool = False
    stays: bool = False


IN_USE = "this login is in use already, or was a moment ago"
"""What `check` says of a login whose links, as many as the service allows, are all up."""

YES_NO = ("true", "false")


class BadSettings(ValueError):
    """The settings of a connection cannot be used; says which one and what would be right."""

    def __init__(self, field: str, problem: str) -> None:
        self.field = field
        super().__init__(f"{field}: {problem}")


class Provider(Protocol):
    """One connection to one service. Made by `registry.open_provider`, closed by its owner."""

    kind: ClassVar[str]
    title: ClassVar[str]
    """What people know the service by."""
    fields: ClassVar[Sequence[Field]]

    async def send(self, message: Outgoing) -> Outcome:
        """Hand one message over. Takes at most about ten seconds; never raises for what the
        service answers."""
        ...

    async def look_up(
        self, message: Outgoing, provider_id: str, sent_at: datetime
    ) -> Receipt | None:
        """Ask the service what became of a message; None when it cannot say.
        `provider_id` is empty when the answer to the send was lost."""
        ...

    def is_genuine(self, callback: Callback) -> bool:
        """Whether the callback carries the service's signature (True where it has none:
        the secret token in the address is then the check)."""
        ...

    def read_receipts(self, callback: Callback) -> list[Receipt]:
        """The receipts in a callback, in the order they stand; unreadable ones are left out."""
        ...

    def read_replies(self, callback: Callback) -> list[Reply]:
        """The texts from people in a callback."""
        ...

    async def check(self) -> str:
        """Whether the credentials work: "" or a sentence that says what is wrong."""
        ...

    async def close(self) -> None: ...


class WithoutCallbacks:
    """What of `Provider` a service lacks that calls nobody back."""

    def is_genuine(self, callback: Callback) -> bool:
        return False

    def read_receipts(self, callback: Callback) -> list[Receipt]:
        return []

    def read_replies(self, callback: Callback) -> list[Reply]:
        return []


class Arrived(msgspec.Struct, frozen=True):
    """Something that came in over a standing link: a receipt or a reply, with its raw form
    and a `key` that is the same when the service repeats it. Neither: it could not be read."""

    key: str
    raw: str
    receipt: Receipt | None = None
    reply: Reply | None = None


Take = Callable[[Sequence[Arrived]], Awaitable[None]]
"""Stores what arrived. The service is told "got it" only after this returned; when it
raises, the service is asked to repeat."""


class Reporting(Protocol):
    """A provider that has nobody behind it and reports on itself."""

    def report(self, message: Outgoing) -> tuple[float, Receipt] | None:
        """What its receipt for a message will be, and after how many seconds; None: there comes
        none."""
        ...


class Linked(Provider, Protocol):
    """A provider that keeps a standing link (SMPP) and reports back over it."""

    def listen(self, take: Take) -> None:
        """Say who stores what arrives. Called once, before the first send."""
        ...

    async def start(self) -> None:
        """Open the link now and keep it open until `close`, so that receipts arrive although
        nothing is being sent."""
        ...


class Surroundings(msgspec.Struct, frozen=True):
    """What the machine gives every adapter.

    `data_dir` is where the log adapter keeps its outbox. `allowed_hosts` are the hosts an
    operator allows although they are private; `allow_loopback` is for the demo and tests.
    `answer_within` are the seconds of silence after which an adapter over HTTP expects no answer
    any more.
    """

    data_dir: str
    allowed_hosts: tuple[str, ...] = ()
    allow_loopback: bool = False
    answer_within: float = ANSWER_WITHIN
