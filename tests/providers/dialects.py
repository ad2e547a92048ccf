"""How the stand-in speaks: one class for each service's way of writing things.

A dialect reads an order, writes an answer, and writes reports the way the service signs them.
Signatures are made with code that is not ours where there is some.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import urllib.parse
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

ACCOUNT = "AC" + "0a" * 16
TOKEN = "the auth token of the stand-in"
HMAC_SECRET = "the hmac secret of the stand-in"


@dataclass(frozen=True)
class Order:
    """A message as the service was asked to send it."""

    to: str
    text: str
    sender: str = ""
    callback: str = ""
    reference: str = ""


@dataclass(frozen=True)
class Taken:
    """A message that the service accepted: a line of the ledger."""

    id: str
    order: Order
    at: datetime = field(default_factory=lambda: datetime.now(UTC))
    status: list[str] = field(default_factory=lambda: ["queued"])
    error: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class Written:
    """An HTTP answer, or a report to post when `url` is set."""

    body: bytes
    status: int = 200
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
    url: str = ""


REFUSALS = {"opted_out": 21610, "invalid": 21211, "throttled": 20429, "auth": 20003}


class Twilio:
    path = f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
    id_prefix = "SM"

    def allows(self, headers: Any, body: bytes = b"") -> bool:
        import base64

        right = base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()
        return headers.get("Authorization") == f"Basic {right}"

    def read(self, body: bytes) -> Order:
        form = dict(urllib.parse.parse_qsl(body.decode(), keep_blank_values=True))
        sender = form.get("From") or form.get("MessagingServiceSid", "")
        return Order(
            form.get("To", ""), form.get("Body", ""), sender, form.get("StatusCallback", "")
        )

    def accept(self, taken: Taken) -> Written:
        return Written(json.dumps(self.show(taken)).encode(), 201)

    def show(self, taken: Taken) -> dict[str, Any]:
        return {
            "sid": taken.id,
            "account_sid": ACCOUNT,
            "status": taken.status[-1],
            "to": taken.order.to,
            "from": taken.order.sender,
            "body": taken.order.text,
            "direction": "outbound-api",
            "date_created": format_datetime(taken.at),
            "date_sent": format_datetime(taken.at),
            "num_segments": "1",
            "error_code": taken.error[-1] if taken.error else None,
            "error_message": None,
        }

    def refuse(self, why: str, order: Order) -> Written:
        code = REFUSALS[why]
        status = {"throttled": 429, "auth": 401}.get(why, 400)
        body = {
            "code": code,
            "message": f"Refused: {why} {order.to}",
            "more_info": f"https://www.twilio.com/docs/errors/{code}",
            "status": status,
        }
        headers = {"Retry-After": "2"} if why == "throttled" else {}
        return Written(json.dumps(body).encode(), status, headers=headers)

    def receipt(self, taken: Taken, status: str) -> Written:
        fields = {
            "AccountSid": ACCOUNT,
            "ApiVersion": "2010-04-01",
            "From": taken.order.sender,
            "MessageSid": taken.id,
            "MessageStatus": {"failed": "undelivered"}.get(status, status),
            "SmsSid": taken.id,
            "SmsStatus": {"failed": "undelivered"}.get(status, status),
            "To": taken.order.to,
        }
        if status == "failed":
            fields["ErrorCode"] = "30003"
        return self.signed(taken.order.callback, fields)

    def reply(self, url: str, sender: str, to: str, text: str) -> Written:
        fields = {
            "AccountSid": ACCOUNT,
            "MessageSid": "SM" + hashlib.md5(f"{sender}{text}".encode()).hexdigest(),
            "SmsStatus": "received",
            "From": sender,
            "To": to,
            "Body": text,
            "NumMedia": "0",
            "NumSegments": "1",
        }
        return self.signed(url, fields)

    def signed(self, url: str, fields: dict[str, str], token: str = TOKEN) -> Written:
        from twilio.request_validator import RequestValidator

        signature = RequestValidator(token).compute_signature(url, fields)
        return Written(
            urllib.parse.urlencode(fields).encode(),
            content_type="application/x-www-form-urlencoded",
            headers={"X-Twilio-Signature": signature},
            url=url,
        )


class PlainJson:
    """A service nobody heard of: refusals inside 200, receipts signed with an HMAC."""

    path = "/sms"
    id_prefix = "pj-"

    def allows(self, headers: Any, body: bytes = b"") -> bool:
        return bool(headers.get("Authorization") == f"Bearer {TOKEN}")

    def read(self, body: bytes) -> Order:
        given = json.loads(body)
        return Order(
            given["to"], given["text"], given.get("from", ""), given.get("callback", ""),
            given.get("ref", ""),
        )  # fmt: skip

    def accept(self, taken: Taken) -> Written:
        return Written(json.dumps({"result": {"ok": True, "id": taken.id}}).encode())

    def refuse(self, why: str, order: Order) -> Written:
        error = {"code": why.upper(), "text": f"no: {order.to}"}
        status = {"throttled": 429, "auth": 401}.get(why, 200)
        headers = {"Retry-After": "2"} if why == "throttled" else {}
        body = {"result": {"ok": False}, "error": error}
        return Written(json.dumps(body).encode(), status, headers=headers)

    def receipt(self, taken: Taken, status: str) -> Written:
        report = {"id": taken.id, "ref": taken.order.reference, "to": taken.order.to}
        report |= {"status": status, "error": "ABSENT" if status == "failed" else None}
        return self.signed(taken.order.callback, {"reports": [report]})

    def reply(self, url: str, sender: str, to: str, text: str) -> Written:
        reply = {"from": sender, "to": to, "text": text, "id": "in-1"}
        return self.signed(url, {"inbox": [reply]})

    def signed(self, url: str, body: Any, secret: str = HMAC_SECRET) -> Written:
        raw = json.dumps(body).encode()
        signature = hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()
        return Written(raw, headers={"X-Signature": f"sha256={signature}"}, url=url)


class Vonage:
    """SMS API (`vonage.json`): everything is 200, one row for each part."""

    path = "/vonage/json"
    id_prefix = "0A"

    def allows(self, headers: Any, body: bytes = b"") -> bool:
        form = dict(urllib.parse.parse_qsl(body.decode()))
        return form.get("api_key") == "abcd1234" and form.get("api_secret") == TOKEN

    def read(self, body: bytes) -> Order:
        form = dict(urllib.parse.parse_qsl(body.decode(), keep_blank_values=True))
        return Order(
            "+" + form["to"], form["text"], form["from"], form.get("callback", ""),
            form.get("client-ref", ""),
        )  # fmt: skip

    def accept(self, taken: Taken) -> Written:
        row = {"to": taken.order.to[1:], "message-id": taken.id, "status": "0"}
        row |= {"remaining-balance": "3.1", "message-price": "0.03", "network": "20610"}
        return Written(json.dumps({"message-count": "1", "messages": [row]}).encode())

    def refuse(self, why: str, order: Order) -> Written:
        status = {"opted_out": "7", "invalid": "3", "throttled": "1", "auth": "4"}[why]
        row = {"status": status, "error-text": f"Refused: {why} {order.to}"}
        return Written(json.dumps({"message-count": "1", "messages": [row]}).encode())

    def receipt(self, taken: Taken, status: str) -> Written:
        words = {"sent": "accepted"}
        report = {
            "msisdn": taken.order.to[1:],
            "to": taken.order.sender,
            "network-code": "20610",
            "messageId": taken.id,
            "price": "0.03330000",
            "status": words.get(status, status),
            "scts": "2611230300",
            "err-code": "9" if status == "failed" else "0",
            "api-key": "abcd1234",
            "client-ref": taken.order.reference,
            "message-timestamp": "2026-11-23 03:00:00",
        }
        return Written(json.dumps(report).encode(), url=taken.order.callback)

    def reply(self, url: str, sender: str, to: str, text: str) -> Written:
        report = {"msisdn": sender[1:], "to": to[1:], "messageId": "0B1", "text": text}
        report |= {
            "type": "text",
            "keyword": text.split(maxsplit=1)[0].upper(),
            "api-key": "abcd1234",
        }
        return Written(json.dumps(report).encode(), url=url)


class Infobip:
    """SMS API v3 (`infobip.json`): 200 with a status group for each message."""

    path = "/sms/3/messages"
    id_prefix = "ib-"

    def allows(self, headers: Any, body: bytes = b"") -> bool:
        return bool(headers.get("Authorization") == f"App {TOKEN}")

    def read(self, body: bytes) -> Order:
        message = json.loads(body)["messages"][0]
        to = message["destinations"][0]
        url = message.get("webhooks", {}).get("delivery", {}).get("url", "")
        return Order(
            "+" + to["to"], message["content"]["text"], message.get("sender", ""), url,
            message.get("webhooks", {}).get("callbackData", ""),
        )  # fmt: skip

    def accept(self, taken: Taken) -> Written:
        status = {"groupId": 1, "groupName": "PENDING", "id": 26, "name": "PENDING_ACCEPTED"}
        return self._row(taken.order, taken.id, status)

    def refuse(self, why: str, order: Order) -> Written:
        if why in ("throttled", "auth"):
            body = {"errorCode": f"E{why}", "description": order.to, "violations": []}
            return Written(json.dumps(body).encode(), {"throttled": 429, "auth": 401}[why])
        name = {"opted_out": "REJECTED_DND", "invalid": "REJECTED_DESTINATION"}[why]
        status = {"groupId": 5, "groupName": "REJECTED", "id": 10, "name": name}
        return self._row(order, "ib-refused", status)

    def _row(self, order: Order, name: str, status: dict[str, Any]) -> Written:
        row = {"messageId": name, "status": status, "destination": order.to[1:]}
        return Written(json.dumps({"bulkId": "1", "messages": [row]}).encode())

    def receipt(self, taken: Taken, status: str) -> Written:
        groups = {
            "sent": (1, "PENDING", 7, "PENDING_ENROUTE"),
            "delivered": (3, "DELIVERED", 5, "DELIVERED_TO_HANDSET"),
            "failed": (2, "UNDELIVERABLE", 9, "UNDELIVERABLE_NOT_DELIVERED"),
        }
        named = dict(zip(("groupId", "groupName", "id", "name"), groups[status], strict=True))
        why = (1, 27, "EC_ABSENT_SUBSCRIBER") if status == "failed" else (0, 0, "NO_ERROR")
        error = dict(zip(("groupId", "id", "name"), why, strict=True)) | {"permanent": False}
        report = {
            "bulkId": "1",
            "messageId": taken.id,
            "to": taken.order.to[1:],
            "sentAt": "2026-11-23T03:00:00.000+0000",
            "doneAt": "2026-11-23T03:00:01.000+0000",
            "messageCount": 1,
            "callbackData": taken.order.reference,
            "status": named,
            "error": error,
        }
        return Written(json.dumps({"results": [report]}).encode(), url=taken.order.callback)

    def reply(self, url: str, sender: str, to: str, text: str) -> Written:
        report = {"messageId": "ib-in", "from": sender[1:], "to": to[1:], "text": text}
        return Written(json.dumps({"results": [report], "messageCount": 1}).encode(), url=url)


DIALECTS = (Twilio(), PlainJson(), Vonage(), Infobip())
Dialect = Twilio | PlainJson | Vonage | Infobip
