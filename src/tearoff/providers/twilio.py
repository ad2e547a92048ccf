"""`twilio`: Twilio's Messages API (twilio.com/docs/messaging/api/message-resource)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import ClassVar
from urllib.parse import urlencode

import msgspec

from tearoff.kit.http import Answer
from tearoff.kit.words import phrase
from tearoff.providers.base import (
    PLAIN_WORDS,
    YES_NO,
    Accepted,
    BadSettings,
    Callback,
    Field,
    NoAnswer,
    Outcome,
    Outgoing,
    Reason,
    Receipt,
    ReceiptState,
    Reply,
    Surroundings,
    refused,
)
from tearoff.providers.exchange import UNREADABLE, Exchange, basic, outcome_of_status
from tearoff.providers.reading import FORM, address, fields_of, flag, own_id, read_json, read_number
from tearoff.providers.twilio_signature import is_signed

_SYNC = {
    Reason.AUTH: (10001, 20003, 20005, 20006, 20008, 20404),
    Reason.THROTTLED: (14107, 20429, 21611),
    Reason.INVALID_NUMBER: (21211, 21217, 21265, 21268, 21421, 21604, 21614),
    Reason.BAD_SENDER: (
        *(21212, 21266, 21267, 21603, 21606, 21607, 21659, 21660, 21661),
        *(21701, 21703, 21704, 21705, 21712),
    ),
    Reason.UNREACHABLE: (21214,),
    Reason.COUNTRY_OFF: (21408, 21612),
    Reason.TOO_LONG: (21605, 21617),
    Reason.OPTED_OUT: (21610,),
    Reason.LANDLINE: (21635,),
}
"""Codes in the answer to a send (twilio.com/docs/api/errors)."""

_ASYNC = {
    Reason.THROTTLED: (30001, 30022, 30023, 30027),
    Reason.AUTH: (30002, 30037),
    Reason.UNREACHABLE: (30003,),
    Reason.FILTERED: (30004, 30007, 30038, 30039, 30450, 30454),
    Reason.INVALID_NUMBER: (30005,),
    Reason.LANDLINE: (30006,),
    Reason.OTHER: (30008, 30009),
    Reason.BAD_SENDER: (30018, 30024, 30032, 30033, 30034, 30035, 30040),
    Reason.EXPIRED: (30036,),
    Reason.TOO_LONG: (30044,),
    Reason.PROVIDER_DOWN: (30410, 30500),
}
"""Codes in a receipt."""

WORDS: Mapping[int, Reason] = {
    code: reason for table in (_SYNC, _ASYNC) for reason, codes in table.items() for code in codes
}

STATES = {
    "accepted": ReceiptState.UNKNOWN,
    "scheduled": ReceiptState.UNKNOWN,
    "queued": ReceiptState.UNKNOWN,
    "sending": ReceiptState.UNKNOWN,
    "sent": ReceiptState.SENT,
    "partially_delivered": ReceiptState.SENT,
    "delivered": ReceiptState.DELIVERED,
    "read": ReceiptState.DELIVERED,
    "undelivered": ReceiptState.FAILED,
    "failed": ReceiptState.FAILED,
    "canceled": ReceiptState.FAILED,
}
"""Twilio's words for where a message is. In its queue it is on its way, but not yet sent."""

STOP_WORDS = frozenset(
    (
        *("STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"),
        *("START", "UNSTOP", "HELP", "INFO"),
    )
)
"""Whole messages that Twilio answers by itself (twilio.com/docs, opt-out keywords)."""

BEFORE, AFTER = timedelta(minutes=1), timedelta(minutes=5)
"""How far from our time of sending Twilio's time of creation may be in a look-up."""

_SID = re.compile(r"AC[0-9a-fA-F]{32}", re.ASCII)
_SERVICE_SID = re.compile(r"MG[0-9a-fA-F]{32}", re.ASCII)


Code = int | str | None


class Message(msgspec.Struct, frozen=True):
    """A message as Twilio shows it. `date_created` is written as in e-mail (RFC 2822)."""

    sid: str | None = None
    status: str | None = None
    body: str | None = None
    direction: str | None = None
    date_created: str | None = None
    error_code: Code = None


class Problem(msgspec.Struct, frozen=True):
    """An answer that is not 2xx."""

    code: Code = None
    message: str = ""


class Account(msgspec.Struct, frozen=True):
    status: str = "active"


class Page(msgspec.Struct, frozen=True):
    messages: list[Message] = []
    next_page_uri: str | None = None


class TwilioProvider:
    kind: ClassVar[str] = "twilio"
    title: ClassVar[str] = "Twilio"
    fields: ClassVar[Sequence[Field]] = (
        Field("account_sid", phrase("Account SID, AC and 32 hexadecimal digits"), required=True,
              label=phrase("Account SID")),
        Field("auth_token", phrase("Auth Token of the account"), required=True, secret=True,
              label=phrase("Auth Token")),
        Field("sender", phrase("number in E.164, short code, or name of at most 11 characters"),
              label=phrase("Sender")),
        Field("messaging_service_sid", phrase("Messaging Service, MG and 32 hexadecimal digits"),
              label=phrase("Messaging Service"), advanced=True),
        Field("base_url", phrase("address of the API"), default="https://api.twilio.com",
              label=phrase("Address of the API"), advanced=True, leads="url"),
        Field("validity_seconds", phrase("how long Twilio may try, 1 to 36000"),
              label=phrase("Seconds to try"), advanced=True),
        Field("provider_replies", phrase("whether Twilio itself answers STOP and HELP"),
              default="true", label=phrase("Twilio answers STOP"), choices=YES_NO, advanced=True),
    )  # fmt: skip

    def __init__(self, settings: Mapping[str, str], surroundings: Surroundings) -> None:
        self._account = _matching(settings, "account_sid", _SID, "AC and 32 hexadecimal digits")
        self._token = settings.get("auth_token", "").strip()
        self._sender = settings.get("sender", "").strip()
        self._fixed = _fixed_fields(settings)
        if not (self._sender or "MessagingServiceSid" in self._fixed):
            raise BadSettings("sender", "give a sender or a messaging_service_sid.")
        self._replies = flag(settings, "provider_replies", "true")
        self._base = (
            address(settings, "base_url", "https://api.twilio.com") / "2010-04-01" / "Accounts"
        )
        self._messages = self._base / self._account / "Messages.json"
        authorization = basic(self._account, self._token)
        self._headers = {"Authorization": authorization, "Accept": "application/json"}
        self._form = self._headers | {"Content-Type": FORM}
        self._exchange = Exchange(surroundings, (self._token, authorization[6:]))

    async def send(self, message: Outgoing) -> Outcome:
        answer = await self._exchange.ask(
            "POST", self._messages, headers=self._form, data=self._form_of(message)
        )
        return self._outcome(answer) if isinstance(answer, Answer) else answer

    def _form_of(self, message: Outgoing) -> bytes:
        fields = {"To": message.to, "Body": message.text, **self._fixed}
        if sender := message.sender or self._sender:
            fields["From"] = sender
        if message.callback_url:
            fields["StatusCallback"] = message.callback_url
        return urlencode(fields).encode()

    def _outcome(self, answer: Answer) -> Outcome:
        raw = self._exchange.hide(answer.body)
        problem = read_json(answer.body, Problem) or Problem()
        reason = _word(problem.code)
        detail = self._exchange.hide(_detail(problem.code, problem.message))
        decided = outcome_of_status(answer, raw=raw, reason=reason, detail=detail)
        return decided or _accepted(answer, raw)

    async def look_up(
        self, message: Outgoing, provider_id: str, sent_at: datetime
    ) -> Receipt | None:
        if provider_id:
            found = await self._fetch(provider_id)
        else:
            found = await self._find(message, sent_at)
        return _receipt_of(found, message) if found else None

    async def _fetch(self, sid: str) -> Message | None:
        if not sid.isalnum():
            return None
        url = self._base / self._account / "Messages" / f"{sid}.json"
        answer = await self._exchange.ask("GET", url, headers=self._headers)
        if not isinstance(answer, Answer) or answer.status != 200:
            return None
        return read_json(answer.body, Message)

    async def _find(self, message: Outgoing, sent_at: datetime) -> Message | None:
        """The one message to this number with this text, made when ours was sent."""
        day = f"{(sent_at - BEFORE).astimezone(UTC):%Y-%m-%d}"
        url = self._messages.with_query({"To": message.to, "DateSent>": day, "PageSize": "200"})
        answer = await self._exchange.ask("GET", url, headers=self._headers)
        if not isinstance(answer, Answer) or answer.status != 200:
            return None
        page = read_json(answer.body, Page)
        if page is None or page.next_page_uri:
            return None
        equal = [found for found in page.messages if _is_same(found, message, sent_at)]
        return equal[0] if len(equal) == 1 else None

    def is_genuine(self, callback: Callback) -> bool:
        return is_signed(callback, self._token)

    def read_receipts(self, callback: Callback) -> list[Receipt]:
        fields = fields_of(callback)
        status = fields.get("MessageStatus") or fields.get("SmsStatus") or ""
        sid = fields.get("MessageSid") or fields.get("SmsSid") or ""
        message_id = own_id(callback.url)
        if status not in STATES or not (sid or message_id):
            return []
        receipt = _receipt(status, fields.get("ErrorCode"))
        return [
            msgspec.structs.replace(
                receipt, provider_id=sid, message_id=message_id, to=fields.get("To", "")
            )
        ]

    def read_replies(self, callback: Callback) -> list[Reply]:
        fields = fields_of(callback)
        sender, to, text = fields.get("From", ""), fields.get("To", ""), fields.get("Body")
        status = fields.get("MessageStatus") or fields.get("SmsStatus") or "received"
        if text is None or status not in ("received", "receiving"):
            return []
        handled = bool(fields.get("OptOutType")) or (
            self._replies and text.strip().upper() in STOP_WORDS
        )
        told = fields.get("OptOutType", "").lower()
        keyword = told if told in ("stop", "start", "help") else ""
        sid = fields.get("MessageSid", "")
        return [Reply(sender, to, text, sid, handled, keyword=keyword)]

    async def check(self) -> str:
        url = self._base / f"{self._account}.json"
        answer = await self._exchange.ask("GET", url, headers=self._headers)
        if not isinstance(answer, Answer):
            return answer.text
        if answer.status in (401, 403, 404):
            return PLAIN_WORDS[Reason.AUTH]
        account = read_json(answer.body, Account)
        if answer.status != 200 or account is None:
            return f"Twilio answers with status {answer.status}."
        is_active = account.status == "active"
        return "" if is_active else f"Twilio says that the account is {account.status}."

    async def close(self) -> None:
        await self._exchange.close()


def _matching(settings: Mapping[str, str], name: str, shape: re.Pattern[str], right: str) -> str:
    value = settings.get(name, "").strip()
    if not shape.fullmatch(value):
        raise BadSettings(name, f"must be {right}.")
    return value


def _fixed_fields(settings: Mapping[str, str]) -> dict[str, str]:
    """What every message of this connection carries."""
    fields = {}
    if settings.get("messaging_service_sid", "").strip():
        fields["MessagingServiceSid"] = _matching(
            settings, "messaging_service_sid", _SERVICE_SID, "MG and 32 hexadecimal digits"
        )
    if validity := settings.get("validity_seconds", "").strip():
        if not 1 <= (read_number(validity) or 0) <= 36000:
            raise BadSettings("validity_seconds", "use a whole number from 1 to 36000.")
        fields["ValidityPeriod"] = validity
    return fields


def _accepted(answer: Answer, raw: str) -> Outcome:
    """What a 2xx body says. Without a name for the message nobody can know."""
    message = read_json(answer.body, Message)
    if message is None or not message.sid:
        return NoAnswer(UNREADABLE, raw)
    if message.status in ("failed", "undelivered", "canceled"):
        reason = _word(message.error_code) or Reason.OTHER
        return refused(reason, raw=raw, detail=_detail(message.error_code, ""))
    return Accepted((message.sid,), raw)


def _word(code: Code) -> Reason | None:
    return WORDS.get(read_number(str(code)) or 0)


def _detail(code: Code, message: str) -> str:
    told = ": ".join(str(part) for part in (code, message.rstrip(".")) if part)
    return f"(Twilio {told})" if told else ""


def _receipt_of(found: Message, message: Outgoing) -> Receipt | None:
    if found.status not in STATES:
        return None
    receipt = _receipt(found.status, found.error_code)
    return msgspec.structs.replace(
        receipt, provider_id=found.sid or "", message_id=message.id, to=message.to
    )


def _receipt(status: str, code: Code) -> Receipt:
    state = STATES[status]
    if state is not ReceiptState.FAILED:
        return Receipt(state)
    reason = _word(code) or Reason.OTHER
    return Receipt(state, reason=reason, text=f"{PLAIN_WORDS[reason]} {_detail(code, '')}".strip())


def _is_same(found: Message, message: Outgoing, sent_at: datetime) -> bool:
    if (found.direction or "").startswith("inbound") or found.body is None:
        return False
    try:
        created = parsedate_to_datetime(found.date_created or "")
    except ValueError:
        return False
    if created.tzinfo is None or not sent_at - BEFORE <= created <= sent_at + AFTER:
        return False
    return found.body.strip() == message.text.strip()
