"""The generic gateway set up for three services, by settings alone."""

from __future__ import annotations

import json

from tests.providers.dialects import HMAC_SECRET, TOKEN

PLAIN = {
    "url": "/sms",
    "auth": "bearer",
    "token": TOKEN,
    "sender": "Bakery",
    "body": json.dumps(
        {
            "to": "{to}",
            "text": "{text}",
            "from": "{sender}",
            "ref": "{id}",
            "callback": "{callback}",
        }
    ),
    "success_path": "result.ok",
    "success_values": "true",
    "id_path": "result.id",
    "error_path": "error.code",
    "error_text_path": "error.text",
    "error_words": json.dumps(
        {"OPTED_OUT": "opted_out", "INVALID": "invalid_number", "THROTTLED": "throttled"}
    ),
    "receipts_path": "reports",
    "receipt_id_path": "id",
    "receipt_own_id_path": "ref",
    "receipt_to_path": "to",
    "receipt_status_path": "status",
    "receipt_words": json.dumps({word: word for word in ("sent", "delivered", "failed")}),
    "receipt_error_path": "error",
    "receipt_error_words": json.dumps({"ABSENT": "unreachable"}),
    "replies_path": "inbox",
    "reply_from_path": "from",
    "reply_to_path": "to",
    "reply_text_path": "text",
    "reply_id_path": "id",
    "hmac_header": "X-Signature",
    "hmac_secret": HMAC_SECRET,
}  # fmt: skip

INFOBIP = {
    "url": "/sms/3/messages",
    "headers": json.dumps({"Authorization": "App {token}", "Accept": "application/json"}),
    "token": TOKEN,
    "sender": "Bakery",
    "body": json.dumps(
        {
            "messages": [
                {
                    "sender": "{sender}",
                    "destinations": [{"to": "{to_digits}"}],
                    "content": {"text": "{text}"},
                    "webhooks": {
                        "delivery": {"url": "{callback}", "intermediateReport": True},
                        "contentType": "application/json",
                        "callbackData": "{id}",
                    },
                }
            ]
        }
    ),
    "success_path": "messages.*.status.groupId",
    "success_values": "1, 3",
    "id_path": "messages.*.messageId",
    "error_path": "messages.0.status.name",
    "error_text_path": "messages.0.status.description",
    "error_words": json.dumps(
        {"REJECTED_DND": "opted_out", "REJECTED_DESTINATION*": "invalid_number"}
    ),
    "receipts_path": "results",
    "receipt_id_path": "messageId",
    "receipt_own_id_path": "callbackData",
    "receipt_to_path": "to",
    "receipt_status_path": "status.name",
    "receipt_words": json.dumps(
        {
            "PENDING_*": "sent",
            "DELIVERED_TO_OPERATOR": "sent",
            "DELIVERED_TO_HANDSET": "delivered",
            "UNDELIVERABLE_*": "failed",
            "EXPIRED_*": "failed",
            "REJECTED_*": "failed",
        }
    ),
    "receipt_error_path": "error.name",
    "receipt_error_words": json.dumps({"EC_ABSENT_SUBSCRIBER*": "unreachable"}),
    "replies_path": "results",
    "reply_from_path": "from",
    "reply_to_path": "to",
    "reply_text_path": "text",
    "reply_id_path": "messageId",
}

VONAGE = {
    "url": "/vonage/json",
    "body_format": "form",
    "username": "abcd1234",
    "password": TOKEN,
    "sender": "Bakery",
    "body": json.dumps(
        {
            "api_key": "{username}",
            "api_secret": "{password}",
            "from": "{sender}",
            "to": "{to_digits}",
            "text": "{text}",
            "type": "{alphabet}",
            "client-ref": "{id}",
            "callback": "{callback}",
        }
    ),
    "success_path": "messages.*.status",
    "success_values": "0",
    "id_path": "messages.*.message-id",
    "error_path": "messages.0.status",
    "error_text_path": "messages.0.error-text",
    "error_words": json.dumps(
        {
            "1": "throttled",
            "3": "invalid_number",
            "4": "auth",
            "6": "country_off",
            "7": "opted_out",
            "9": "no_credit",
            "15": "bad_sender",
        }
    ),
    "receipt_id_path": "messageId",
    "receipt_own_id_path": "client-ref",
    "receipt_to_path": "msisdn",
    "receipt_status_path": "status",
    "receipt_words": json.dumps(
        {"accepted": "sent", "delivered": "delivered", "expired": "failed", "failed": "failed",
         "rejected": "failed"}
    ),
    "receipt_error_path": "err-code",
    "receipt_error_words": json.dumps({"1": "unreachable", "9": "opted_out"}),
    "reply_from_path": "msisdn",
    "reply_to_path": "to",
    "reply_text_path": "text",
    "reply_id_path": "messageId",
}  # fmt: skip
